"""Plots: what they show and how they are labelled, and that nothing opens a window."""

import base64
import copy
import io
import math
import pickle
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest

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
from nn.experiments import picture as experiments

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


# --- in a notebook ------------------------------------------------------------------------

SHOWN = """
from nn import MLP, fit, plot_decision, plot_gradient_flow, plot_weights, xor
model, data = MLP(2, [3, 1], seed=0), xor()
history = fit(model, data.X, data.y, epochs=3, progress=False)
"""
PLOTS = [
    "history.plot()", "plot_gradient_flow(history)", "plot_decision(model, data.X, data.y, 5)",
    "plot_weights(model.layers[0])", "from nn.experiments.picture import figure; "
    "figure([2.0], 2.0, 'an experiment')[0]",
]  # fmt: skip


@pytest.fixture(scope="module")
def notebook():
    """The outputs of each cell of a new notebook, by its source."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    from tools.notebooks import execute

    cells = [
        SHOWN, *PLOTS, "import matplotlib.pyplot as plt; history.plot()",
        "figure = history.plot(); plt.plot([1, 2]); plt.show()", "%matplotlib inline",
        "history.plot() # inline", "figure = history.plot(); plt.show()", "display(figure)",
    ]  # fmt: skip
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)  # a notebook chooses its own
        return {cell.source: cell.outputs for cell in execute(made).cells}


def pictures(outputs):
    """Width and height of every PNG."""
    found = [base64.b64decode(o["data"]["image/png"]) for o in outputs if "data" in o]
    assert all(png.startswith(b"\x89PNG") for png in found)
    return [tuple(int.from_bytes(png[i : i + 4], "big") for i in (16, 20)) for png in found]


@pytest.mark.parametrize("source", PLOTS)
def test_a_new_notebook_shows_every_plot_once(notebook, source):
    assert len(pictures(notebook[source])) == 1


def test_a_plot_is_shown_once_whatever_pyplot_does(notebook):
    shown = pictures(notebook["history.plot()"])
    assert shown == pictures(notebook["import matplotlib.pyplot as plt; history.plot()"])
    assert shown == pictures(notebook["history.plot() # inline"])
    assert shown == pictures(notebook["display(figure)"])
    # what pyplot made is shown by pyplot, and nothing else is
    assert len(pictures(notebook["figure = history.plot(); plt.plot([1, 2]); plt.show()"])) == 1
    assert notebook["figure = history.plot(); plt.show()"] == []


def test_a_figure_is_one_of_matplotlibs_and_can_be_copied_and_saved(learned):
    from matplotlib.figure import Figure

    made = plot_gradient_flow(learned[2])
    assert isinstance(made, Figure) and repr(made) == "<Figure size 500x340 with 1 Axes>"
    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert twin._repr_png_().startswith(b"\x89PNG")
    file = io.BytesIO()
    made.savefig(file, format="svg")
    assert b"<svg" in file.getvalue()


def test_without_matplotlib_one_line_says_what_to_install(learned, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'A plot needs matplotlib: %pip install "valuegrad\[tr'):
        plot_history(learned[2])


# --- what cannot be drawn -----------------------------------------------------------------

nan, inf = math.nan, math.inf
SQUARE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def history_of(*losses, norms=None):
    return History(losses=list(losses), gradient_norms=norms or {"layer0": [1.0] * len(losses)})


def layer_of(*rows):
    """A layer with these weights, the bias last."""
    return SimpleNamespace(
        neurons=[
            SimpleNamespace(
                w=[SimpleNamespace(data=w) for w in row[:-1]], b=SimpleNamespace(data=row[-1])
            )
            for row in rows
        ]
    )


def ink(axes):
    """Whether a curve leaves any ink: a line needs two neighbours, a mark one number."""
    for line in axes.lines:
        there = [math.isfinite(y) for y in line.get_ydata()]
        marked = line.get_markevery() if line.get_marker() != "None" else []
        if any(there[i] for i in marked) or (True, True) in pairwise(there):
            return True
    return False


@pytest.mark.parametrize(
    "losses",
    [
        [1.0], [nan], [inf], [0.5, nan, nan], [nan, 0.5, nan, 0.4, 0.3], [1.0, inf, 2.0],
        [nan, nan], [0.0, 0.0], [-1.0, -2.0], [1e308, 1.0], [1.0, 5e-324], [2.0, 2.0],
    ],
)  # fmt: skip
def test_every_curve_is_to_be_seen_or_its_absence_is_said(losses):
    axes = plot_gradient_flow(history_of(*losses, norms={"layer0": losses})).axes[0]
    lost = sum(not abs(loss) < 1e290 for loss in losses)
    assert ink(axes) == (lost < len(losses))
    said = f"{lost} of {len(losses)} epochs nan or infinite" if lost else ""
    assert axes.get_title().partition(": ")[2] == said
    low, high = axes.get_xlim()
    assert low <= 1 and high >= len(losses)


def test_the_largest_and_smallest_numbers_can_be_drawn():
    made = plot_history(history_of(1e308, 1e289, 5e-324, nan, norms={"layer0": [1e289, 1e40]}))
    assert made._repr_png_().startswith(b"\x89PNG")


def test_nan_in_a_curve_leaves_the_scale_as_it_is():
    for losses in ([nan, 1.0, 2.0], [1.0, 2.0, nan]):
        assert plot_history(history_of(*losses)).axes[0].get_yscale() == "log"
    assert plot_history(history_of(0.0, nan, 1.0)).axes[0].get_yscale() == "linear"


def test_a_history_without_gradients_or_metrics_has_no_empty_axes():
    bare = History(losses=[1.0, 0.5], metrics={"accuracy": []})
    assert [labels(axes) for axes in plot_history(bare).axes] == [("epoch", "loss")]


@pytest.mark.parametrize(
    ("answer", "hole"),
    [
        (lambda row: 0.0, False), (lambda row: 1.0, False), (lambda row: [row[0]], False),
        (lambda row: 5e-324 * (1 if row[0] < 0.5 else -1), False),
        (lambda row: nan if row[0] < 0.5 else row[1], True),
        (lambda row: inf if row[0] < 0.5 else -1e308 if row[1] < 0.5 else 1.0, True),
        (lambda row: [row[0], nan if row[1] < 0.5 else 0.5], True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("case", [(SQUARE, [0, 1, 1, 0]), (SQUARE, [1] * 4), ([[1.0, 1.0]], [0])])
def test_a_decision_is_shaded_or_grey_all_over_the_plane(answer, hole, case):
    made = plot_decision(answer, *case, steps=6)
    said = [text.get_text() for text in made.axes[0].get_legend().texts]
    # one case alone lies where nothing is missing, but the margin around it may reach farther
    assert ("nan or infinite" in said) == hole or case[0] != SQUARE


def test_one_output_in_a_list_is_one_output():
    made = plot_decision(lambda row: [row[0]], SQUARE, [0, 1, 1, 0], steps=4)
    assert made.axes[1].get_ylabel() == "output (dimensionless)"


def test_missing_weights_are_grey_and_leave_the_scale_as_it_is():
    made = plot_weights(layer_of([nan, 1.0, 0.0], [1.0, -2.0, 2.0]))
    image = made.axes[0].images[0]
    assert image.get_clim() == (-2.0, 2.0)
    grey = tuple(int("8b949e"[i : i + 2], 16) for i in (0, 2, 4))
    assert tuple(image.to_rgba(image.get_array(), bytes=True)[0, 0][:3]) == grey
    assert made.get_suptitle() == "grey: nan"
    for rows in ([nan, nan, nan], [0.0, 0.0, 0.0], [inf, 1.0, nan]):
        assert plot_weights(layer_of(rows))._repr_png_().startswith(b"\x89PNG")
    several = plot_weights(layer_of([nan, 1.0, 0.0], [1.0, 2.0, 0.0]), (1, 2))
    assert several.get_suptitle() == "grey: nan"
    assert plot_weights(layer_of([1.0, 1.0, 0.0])).get_suptitle() == ""


def test_a_net_of_zeros_is_drawn():
    made = experiments.draw_people("zeros", [[0.0] * 24] * 6, ["unit"] * 6)
    experiments.draw_network(made.axes[0], [["x"], ["y"]], {((0, 0), (1, 0)): 0.0}, {})
    assert made.axes[0].lines and made.axes[1].patches


def decision(**options):
    return plot_decision(lambda row: row[0], SQUARE, [0, 1, 1, 0], **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_history(History()), "no finished epoch"),
        (lambda: plot_gradient_flow(History()), "no finished epoch"),
        (lambda: History().plot(), "no finished epoch"),
        (lambda: plot_gradient_flow(History(losses=[1.0])), "no gradient norms"),
        (lambda: plot_weights(MLP(6, [1], seed=0).layers[0], (2, 2)), "2 x 2 places do not hold"),
        (lambda: plot_decision(max, [[1.0, 2.0, 3.0]], [0]), "row 0 of X has 3 numbers"),
        (lambda: plot_decision(max, [[1.0, 2.0]], [0, 1]), "1 cases but 2 targets"),
        (lambda: plot_decision(max, [], []), "X is empty"),
        (lambda: plot_decision(lambda row: nan, SQUARE, [0] * 4), "nan or infinite everywhere"),
        (lambda: plot_decision(max, [[1e308, 0.0], [-1e308, 0.0]], [0, 1]), "too far for a plot"),
        (lambda: decision(steps=1), "steps is a whole number from 2 to 1,000, not 1"),
        (lambda: decision(steps=1001), "from 2 to 1,000, not 1001: the model is asked for"),
        (lambda: decision(steps=2.5), "steps is a whole number from 2 to 1,000, not 2.5"),
        (lambda: decision(threshold=nan), "threshold is a finite number, not nan"),
        (lambda: save_figure(decision(steps=2), "new/plot.qqq"), "in .svg, .png or .pdf: 'plot.q"),
        (lambda: save_figure(decision(steps=2), "new/plot"), "in .svg, .png or .pdf: 'plot'"),
    ],
)
def test_what_cannot_be_plotted_is_said(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_history([1.0, 0.5]), "takes what fit returned, not a list"),
        (lambda: plot_gradient_flow(None), "takes what fit returned, not a NoneType"),
        (lambda: plot_weights(MLP(6, [1], seed=0)), r"as model.layers\[0\], not a MLP"),
        (lambda: plot_weights(SimpleNamespace(neurons=[])), "takes a layer with .neurons"),
        (
            lambda: plot_weights(layer_of([1.0, 2.0]), (1,)),
            r"shape is \(rows, columns\), two whole",
        ),
        (lambda: plot_weights(layer_of([1.0, 2.0]), (-1, -1)), "two whole numbers from 1"),
        (lambda: save_figure(None, "plot.svg"), "takes a figure, not a NoneType"),
        (lambda: save_figure(decision(steps=2).axes[0], "p.svg"), "takes a figure, not a Axes"),
    ],
)
def test_what_is_no_history_layer_or_figure_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
