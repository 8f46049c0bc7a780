"""Pictures of learning, with matplotlib.

Holds: `plot_history`, `plot_gradient_flow`, `plot_decision`, `plot_weights`, and `save_figure`.

May import: autodiff, checks, extras, metrics, train; of its room panels; matplotlib and numpy when
first used.  Never opens a window.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autodiff import write_file
from nn.checks import check_cases, check_lengths, check_targets, column, number, whole
from nn.extras import need
from nn.metrics.classes import classes_of
from nn.metrics.measures import outputs_of
from nn.plot.panels import (
    COLOURS,
    LARGEST,
    MARKERS,
    add_bar,
    draw_curves,
    draw_missing,
    draw_regions,
    draw_surface,
    draw_weights,
    new_panels,
    weight_look,
)
from nn.train.history import History


def plot_history(history: History) -> Any:
    """Losses by epoch, and beside them the metrics and the gradient norm of every layer.

    Args:
        history: What `fit` returned, with at least one epoch.

    Returns:
        A matplotlib figure.  A notebook shows it where a cell ends with it, or on
        `display(figure)`; `save_figure` writes it.  pyplot does not know it, so that no window
        opens and nothing is shown twice.  Where numbers are nan or infinite, the title counts them.

    Raises:
        TypeError: If `history` is no `History`.
        ValueError: If no epoch was finished.

    >>> from nn import MLP, fit
    >>> history = fit(MLP(1, [1], seed=0), [[1.0]], [3.0], epochs=5, progress=False)
    >>> [axes.get_ylabel() for axes in plot_history(history).axes]
    ['mse loss', 'gradient norm (loss per parameter)']
    """
    _check_history(history)
    panels = [_draw_losses]
    panels += [_draw_metrics] if any(history.metrics.values()) else []
    panels += [_draw_gradient_flow] if any(history.gradient_norms.values()) else []
    made, axes = new_panels(4.2 * len(panels), 3.4, len(panels))
    for draw, each in zip(panels, axes, strict=True):
        draw(each, history)
    return made


def plot_gradient_flow(history: History) -> Any:
    """The norm of every layer's gradient by epoch: lines far apart mean it vanishes or explodes.

    Args, Returns and Raises are those of `plot_history`, which has this picture too; a history
    without gradient norms is a ValueError.

    >>> from nn import MLP, fit
    >>> history = fit(MLP(1, [2, 1], seed=0), [[1.0]], [3.0], epochs=5, progress=False)
    >>> [line.get_label() for line in plot_gradient_flow(history).axes[0].lines]
    ['layer0', 'layer1']
    """
    _check_history(history)
    if not any(history.gradient_norms.values()):
        raise ValueError("the history has no gradient norms: there is nothing to plot")
    made, (axes,) = new_panels(5.0, 3.4)
    _draw_gradient_flow(axes, history)
    return made


def plot_decision(
    model: Any, X: Any, y: Any, steps: int = 60, threshold: float | None = None
) -> Any:
    """What a model of two inputs answers all over the plane, with the cases on top.

    One output is shown as a surface of shades with a line at the threshold; of several outputs the
    largest one colours its region.  Where an output is nan or infinite, the plane is grey.

    Args:
        model: Called with a row of two numbers.
        X: Rows of two numbers.
        y: The class of each, or a row of targets, as `accuracy` takes them.
        steps: Points along each side of the grid, from 2 to 1,000.
        threshold: The output at which a model of one output changes sides, a finite number; None
            takes that of `accuracy`.

    Returns:
        A matplotlib figure, which shows itself as that of `plot_history` does.

    Raises:
        TypeError, ValueError: If a row has not two numbers, X and y do not fit together, no output
            can mean one of the classes, an option is out of range, or the model's outputs are nan
            or infinite everywhere.

    >>> from nn import MLP, xor
    >>> figure = plot_decision(MLP(2, [3, 1], seed=0), xor().X, xor().y, steps=10)
    >>> figure.axes[0].get_xlabel()
    'input x0'
    """
    rows, targets = check_cases(X, 2), column(check_targets(y))
    check_lengths(rows, targets)
    wanted = "a whole number from 2 to 1,000"
    steps = whole("steps", steps, 2, wanted)
    if steps > 1000:
        raise ValueError(f"steps is {wanted}, not {steps}: the model is asked for each")
    wanted = "a finite number"
    if threshold is not None and not abs(number("threshold", threshold, wanted)) < LARGEST:
        raise ValueError(f"threshold is {wanted}, not {threshold!r}")
    sides = [_side(values, steps) for values in zip(*rows, strict=True)]
    outputs = column(outputs_of(model, [[a, b] for b in sides[1] for a in sides[0]]))
    n_out = len(outputs[0]) if isinstance(outputs[0], list) else 1
    meaning = classes_of(model, n_out, targets).above(threshold)
    classes, missing = meaning.of_targets(targets), _missing(outputs, steps)
    made, (axes,) = new_panels(4.8, 4.2)
    if meaning.threshold is None:
        draw_regions(axes, sides, list(map(meaning.of_output, outputs)), n_out, missing)
    else:
        surface = draw_surface(axes, sides, outputs, meaning.threshold, missing)
        ticks = need("matplotlib.ticker", "A plot").MaxNLocator(7)
        made.colorbar(surface, ax=axes, label="output (dimensionless)", ticks=ticks)
    draw_missing(axes, sides, missing)
    for i, label in enumerate(meaning.labels):
        points = [row for row, each in zip(rows, classes, strict=True) if each == label]
        if points:
            axes.scatter(
                *zip(*points, strict=True), s=28, color=COLOURS[i % 7], marker=MARKERS[i % 7],
                edgecolors="white", linewidths=0.7, label=f"class {label}",
            )  # fmt: skip
    axes.set(xlabel="input x0", ylabel="input x1")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False)
    return made


def plot_weights(layer: Any, shape: tuple[int, int] | None = None) -> Any:
    """The weights of a layer as an image: red positive, blue negative, white 0.

    Args:
        layer: A `Layer`, or anything with `.neurons`.  Weights that are nan are grey.
        shape: `(rows, columns)` in which to show each neuron's weights as an image of its own, as
            `(8, 8)` for the pixels of the digits; None shows one row per neuron, the bias last.

    Returns:
        A matplotlib figure, which shows itself as that of `plot_history` does; weights are
        dimensionless if the inputs are.

    Raises:
        TypeError: If there are no neurons, or the shape is no pair of whole numbers.
        ValueError: If the shape has not as many places as a neuron has weights.

    >>> from nn import Layer
    >>> plot_weights(Layer(3, 2, seed=0)).axes[0].images[0].get_array().shape
    (2, 4)
    """
    if not getattr(layer, "neurons", None):
        raise TypeError(
            f"plot_weights takes a layer with .neurons, as model.layers[0], not a "
            f"{type(layer).__name__}"
        )
    weights = [[w.data for w in neuron.w] for neuron in layer.neurons]
    biases = [neuron.b.data for neuron in layer.neurons]
    _check_shape(shape, len(weights[0]))
    look = weight_look(weights + ([biases] if shape is None else []))
    if shape is None:
        rows = [[*row, bias] for row, bias in zip(weights, biases, strict=True)]
        return draw_weights(rows, look)
    columns = min(8, len(weights))
    height = -(-len(weights) // columns)
    made, axes = new_panels(1.1 * columns + 1.2, max(2.2, 1.25 * height), columns, height)
    for i, each in enumerate(axes):
        each.set_axis_off()
        if i < len(weights):
            image = [weights[i][r * shape[1] : (r + 1) * shape[1]] for r in range(shape[0])]
            shown = each.imshow(image, **look)
            each.set_title(f"neuron {i}", fontsize=8)
    add_bar(made, axes, shown, weights)
    return made


def save_figure(figure: Any, path: str | Path) -> Path:
    """Writes a figure; the ending says in which format: .svg, .png or .pdf.

    Args:
        figure: A matplotlib figure.
        path: The file; its folder is made.

    Returns:
        The path.  The same figure gives the same bytes.

    Raises:
        TypeError: If `figure` is no figure.
        ValueError: If matplotlib writes no format of this ending.
        OSError: If the file cannot be written.

    >>> import tempfile
    >>> from nn import Layer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(plot_weights(Layer(3, 2, seed=0)), f"{folder}/weights.svg").exists()
    True
    """
    matplotlib, path = need("matplotlib", "A plot"), Path(path)
    if not isinstance(figure, need("matplotlib.figure", "A plot").Figure):
        raise TypeError(f"save_figure takes a figure, not a {type(figure).__name__}")
    form = path.suffix[1:].lower()
    if form not in figure.canvas.get_supported_filetypes():
        raise ValueError(f"save_figure takes a name that ends in .svg, .png or .pdf: {path.name!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "valuegrad", "svg.fonttype": "none"}):
        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
        figure.savefig(data, format=form, dpi=150, metadata=dated)
    return write_file(path, data.getvalue())


# --- parts --------------------------------------------------------------------------------


def _check_history(history: Any) -> None:
    if not isinstance(history, History):
        raise TypeError(
            f"a plot of learning takes what fit returned, not a {type(history).__name__}"
        )
    if not history.epochs:
        raise ValueError("the history has no finished epoch: there is nothing to plot")


def _draw_losses(axes: Any, history: History) -> None:
    lines = {"training": history.losses, "held out": history.validation_losses}
    unit = f" ({history.loss_unit})" if history.loss_unit else ""
    draw_curves(axes, lines, f"{history.loss_name.replace('_', ' ')}{unit}", log=True)


def _draw_metrics(axes: Any, history: History) -> None:
    lines = {
        name.removeprefix("validation_").replace("_", " ")
        + (", held out" if name.startswith("validation_") else ""): values
        for name, values in history.metrics.items()
    }
    measured = {name.removesuffix(", held out") for name in lines}
    draw_curves(axes, lines, measured.pop() if len(measured) == 1 else "metric")


def _draw_gradient_flow(axes: Any, history: History) -> None:
    draw_curves(axes, history.gradient_norms, "gradient norm (loss per parameter)", log=True)


def _check_shape(shape: Any, n: int) -> None:
    """Raises if a neuron's n weights do not fill the shape."""
    if shape is None:
        return
    if len(shape) != 2 or any(side.__class__ is not int or side < 1 for side in shape):
        raise TypeError(f"shape is (rows, columns), two whole numbers from 1, not {shape!r}")
    if shape[0] * shape[1] != n:
        raise ValueError(f"{shape[0]} x {shape[1]} places do not hold a neuron's {n} weights")


def _side(values: Sequence[float], steps: int) -> list[float]:
    """Points along one side of the plane, with a margin around the cases."""
    low, high = min(values), max(values)
    margin = 0.15 * (high - low or 1.0)
    if not margin < LARGEST:
        raise ValueError(f"X reaches from {low:g} to {high:g}: that is too far for a plot")
    return need("numpy", "A plot").linspace(low - margin, high + margin, steps).tolist()  # type: ignore[no-any-return]


def _missing(outputs: list[Any], steps: int) -> Any:
    """Where on the plane an output is nan or infinite; a ValueError if it is so everywhere."""
    numbers = need("numpy", "A plot").reshape(outputs, (steps, steps, -1))
    missing = ~(abs(numbers) < LARGEST).all(axis=2)
    if missing.all():
        raise ValueError("the model's outputs are nan or infinite everywhere: it has diverged")
    return missing
