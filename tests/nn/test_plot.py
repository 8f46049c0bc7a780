"""Plots: what they show and how they are labelled, and that nothing opens a window."""

import subprocess
import sys

import pytest

import nn
from nn import (
    MLP,
    History,
    fit,
    iris,
    moons,
    plot_decision,
    plot_gradient_flow,
    plot_history,
    plot_weights,
    save_figure,
)

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def learned():
    data = moons(20)
    model = MLP(2, [3, 1], seed=0)
    history = fit(
        model, data.X, data.y, loss="binary_cross_entropy_with_logits", epochs=3,
        metrics=["accuracy"], validation=(data.X[:6], data.y[:6]), progress=False,
    )  # fmt: skip
    return model, data, history


def labels(axes):
    return axes.get_xlabel(), axes.get_ylabel()


def test_a_history_shows_losses_metrics_and_gradients_with_units(learned):
    losses, metrics, gradients = learned[2].plot().axes
    assert labels(losses) == ("epoch", "binary cross entropy with logits (nats)")
    assert labels(metrics) == ("epoch", "accuracy")
    assert labels(gradients) == ("epoch", "gradient norm (loss per parameter)")
    assert [line.get_label() for line in losses.lines] == ["training", "held out"]
    assert [line.get_label() for line in gradients.lines] == ["layer0", "layer1"]


def test_the_lines_are_the_numbers_of_the_history(learned):
    history = learned[2]
    losses = plot_history(history).axes[0]
    assert list(losses.lines[0].get_xdata()) == [1, 2, 3]
    assert list(losses.lines[0].get_ydata()) == history.losses
    gradients = plot_gradient_flow(history).axes[0]
    assert list(gradients.lines[1].get_ydata()) == history.gradient_norms["layer1"]
    assert gradients.get_yscale() == "log"


def test_lines_differ_in_more_than_colour(learned):
    lines = plot_gradient_flow(learned[2]).axes[0].lines
    assert len({line.get_linestyle() for line in lines}) == len(lines)


def test_a_decision_surface_shows_every_case_and_the_output(learned):
    model, data, _ = learned
    axes, bar = plot_decision(model, data.X, data.y, steps=12).axes
    assert labels(axes) == ("input x0", "input x1")
    assert bar.get_ylabel() == "output (dimensionless)"
    points = [c for c in axes.collections if len(c.get_offsets()) == 10]
    assert sorted(p.get_label() for p in points) == ["class 0", "class 1"]


def test_a_decision_surface_of_three_classes_shows_three():
    pytest.importorskip("sklearn")
    data = iris()
    model = MLP(2, [3], seed=0)
    (axes,) = plot_decision(model, [row[2:] for row in data.X], data.y, steps=12).axes
    assert [text.get_text() for text in axes.get_legend().texts] == [
        "class 0", "class 1", "class 2",
    ]  # fmt: skip


def test_weights_are_an_image_with_the_bias_last():
    layer = MLP(3, [2], seed=0).layers[0]
    layer.neurons[1].b.data = -9.0
    axes, bar = plot_weights(layer).axes
    image = axes.images[0]
    want = [[*[w.data for w in n.w], n.b.data] for n in layer.neurons]
    assert image.get_array().tolist() == want
    assert image.get_clim() == (-9.0, 9.0)  # 0 is white
    assert labels(axes) == ("weight", "neuron")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["w0", "w1", "w2", "b"]
    assert bar.get_ylabel() == "weight (dimensionless)"


def test_weights_can_be_shown_in_the_shape_of_the_pixels():
    layer = MLP(6, [3], seed=0).layers[0]
    *images, _ = plot_weights(layer, (2, 3)).axes
    first = [w.data for w in layer.neurons[0].w]
    assert images[0].images[0].get_array().tolist() == [first[:3], first[3:]]
    assert [axes.get_title() for axes in images] == ["neuron 0", "neuron 1", "neuron 2"]


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_same_figure_gives_the_same_bytes(learned, tmp_path, ending):
    first = save_figure(plot_history(learned[2]), tmp_path / "new" / f"a.{ending}")
    second = save_figure(plot_history(learned[2]), tmp_path / f"b.{ending}")
    assert first.read_bytes() == second.read_bytes()


def test_plotting_neither_opens_a_window_nor_loads_pyplot():
    code = (
        "import sys; from nn import *; m = MLP(2, [1], seed=0); "
        "plot_decision(m, [[0.0, 1.0], [1.0, 0.0]], [0, 1], steps=5); plot_weights(m.layers[0]); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_matplotlib_one_line_says_what_to_install(learned, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'A plot needs matplotlib: %pip install "valuegrad\[tr'):
        plot_history(learned[2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_history(History()), "no finished epoch"),
        (lambda: plot_gradient_flow(History()), "no finished epoch"),
        (lambda: plot_weights(MLP(6, [1], seed=0).layers[0], (2, 2)), "2 x 2 places do not hold"),
        (lambda: plot_decision(max, [[1.0, 2.0, 3.0]], [0]), "row 0 of X has 3 numbers"),
        (lambda: plot_decision(max, [[1.0, 2.0]], [0, 1]), "1 cases but 2 targets"),
    ],
)
def test_what_cannot_be_plotted_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("steps", [-1, 1, 1001, 10**9])
def test_a_grid_of_too_few_or_too_many_points_is_refused(steps):
    with pytest.raises(ValueError, match="steps is from 2 to 1,000"):
        nn.plot_decision(lambda x: x[0], [[0.0, 1.0]], [1], steps=steps)
