"""Pictures of learning, with matplotlib.

Holds: `plot_history`, `plot_gradient_flow`, `plot_decision`, `plot_weights`, and `save_figure`.

May import: checks, classes, diagnostics, extras, history, metrics, module; matplotlib and numpy
when first used.  Never opens a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nn.checks import check_cases, check_lengths, check_targets, column, number, whole
from nn.classes import classes_of
from nn.extras import need
from nn.history import History
from nn.metrics import outputs_of

# Okabe and Ito's colours, which colour-blind people can tell apart too; with marks of their own.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
STYLES = ("-", "--", "-.", ":")


def plot_history(history: History) -> Any:
    """Losses by epoch, and beside them the metrics and the gradient norm of every layer.

    Args:
        history: What `fit` returned, with at least one epoch.

    Returns:
        A matplotlib figure: a notebook shows it, `save_figure` writes it.

    Raises:
        ValueError: If no epoch was finished.

    >>> from nn import MLP, fit
    >>> history = fit(MLP(1, [1], seed=0), [[1.0]], [3.0], epochs=5, progress=False)
    >>> [axes.get_ylabel() for axes in plot_history(history).axes]
    ['mse loss', 'gradient norm (loss per parameter)']
    """
    panels = [_draw_losses, *([_draw_metrics] if history.metrics else []), _draw_gradient_flow]
    made, axes = _figure(4.2 * len(panels), 3.4, len(panels))
    _check_epochs(history)
    for draw, each in zip(panels, axes, strict=True):
        draw(each, history)
    return made


def plot_gradient_flow(history: History) -> Any:
    """The norm of every layer's gradient by epoch: lines far apart mean it vanishes or explodes.

    Args, Returns and Raises are those of `plot_history`, which has this picture too.

    >>> from nn import MLP, fit
    >>> history = fit(MLP(1, [2, 1], seed=0), [[1.0]], [3.0], epochs=5, progress=False)
    >>> [line.get_label() for line in plot_gradient_flow(history).axes[0].lines]
    ['layer0', 'layer1']
    """
    _check_epochs(history)
    made, (axes,) = _figure(5.0, 3.4)
    _draw_gradient_flow(axes, history)
    return made


def plot_decision(
    model: Any, X: Any, y: Any, steps: int = 60, threshold: float | None = None
) -> Any:
    """What a model of two inputs answers all over the plane, with the cases on top.

    One output is shown as a surface of shades with a line at the threshold; of several outputs the
    largest one colours its region.

    Args:
        model: Called with a row of two numbers.
        X: Rows of two numbers.
        y: The class of each, or a row of targets, as `accuracy` takes them.
        steps: Points along each side of the grid, at least 2.
        threshold: The output at which a model of one output changes sides; None takes that of
            `accuracy`.

    Returns:
        A matplotlib figure.

    Raises:
        TypeError, ValueError: If a row has not two numbers, X and y do not fit together, no output
            can mean one of the classes, or a setting makes no sense.

    >>> from nn import MLP, xor
    >>> figure = plot_decision(MLP(2, [3, 1], seed=0), xor().X, xor().y, steps=10)
    >>> figure.axes[0].get_xlabel()
    'input x0'
    """
    numpy = need("numpy", "A plot")
    rows, targets = check_cases(X, 2), column(check_targets(y))
    check_lengths(rows, targets)
    steps = whole("steps", steps, 2)
    if threshold is not None:
        threshold = number("the threshold", threshold)
    made, (axes,) = _figure(4.8, 4.2)
    sides = []
    for values in zip(*rows, strict=True):
        low, high = min(values), max(values)
        margin = 0.15 * (high - low or 1.0)
        sides.append(numpy.linspace(low - margin, high + margin, steps).tolist())
    outputs = column(outputs_of(model, [[a, b] for b in sides[1] for a in sides[0]]))
    n_out = len(outputs[0]) if isinstance(outputs[0], list) else 1
    meaning = classes_of(model, n_out, targets).above(threshold)
    classes = meaning.of_targets(targets)
    if meaning.threshold is None:
        _draw_regions(axes, sides, list(map(meaning.of_output, outputs)), n_out)
    else:
        surface = _draw_surface(axes, sides, outputs, meaning.threshold)
        ticks = need("matplotlib.ticker", "A plot").MaxNLocator(7)
        made.colorbar(surface, ax=axes, label="output (dimensionless)", ticks=ticks)
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
        layer: A `Layer`, or anything with `.neurons`.
        shape: `(rows, columns)` in which to show each neuron's weights as an image of its own, as
            `(8, 8)` for the pixels of the digits; None shows one row per neuron, the bias last.

    Returns:
        A matplotlib figure; weights are dimensionless if the inputs are.

    Raises:
        ValueError: If the shape has not as many places as a neuron has weights.

    >>> from nn import Layer
    >>> plot_weights(Layer(3, 2, seed=0)).axes[0].images[0].get_array().shape
    (2, 4)
    """
    weights = [[w.data for w in neuron.w] for neuron in layer.neurons]
    biases = [neuron.b.data for neuron in layer.neurons]
    if shape is not None and shape[0] * shape[1] != len(weights[0]):
        raise ValueError(
            f"{shape[0]} x {shape[1]} places do not hold a neuron's {len(weights[0])} weights"
        )
    bound = max(abs(w) for row in [*weights, *([biases] if shape is None else [])] for w in row)
    look = {"cmap": "RdBu_r", "vmin": -(bound or 1.0), "vmax": bound or 1.0}
    if shape is None:
        rows = [[*row, bias] for row, bias in zip(weights, biases, strict=True)]
        return _one_image(rows, look)
    columns = min(8, len(weights))
    height = -(-len(weights) // columns)
    made, axes = _figure(1.1 * columns + 1.2, 1.25 * height, columns, height)
    for i, each in enumerate(axes):
        each.set_axis_off()
        if i < len(weights):
            image = [weights[i][r * shape[1] : (r + 1) * shape[1]] for r in range(shape[0])]
            shown = each.imshow(image, **look)
            each.set_title(f"neuron {i}", fontsize=8)
    made.colorbar(shown, ax=axes, label="weight (dimensionless)")
    return made


def save_figure(figure: Any, path: str | Path) -> Path:
    """Writes a figure; the ending says in which format: .svg, .png or .pdf.

    Args:
        figure: A matplotlib figure.
        path: The file; its folder is made.

    Returns:
        The path.  The same figure gives the same bytes.

    Raises:
        OSError: If the file cannot be written.

    >>> import tempfile
    >>> from nn import Layer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(plot_weights(Layer(3, 2, seed=0)), f"{folder}/weights.svg").exists()
    True
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    matplotlib = need("matplotlib", "A plot")
    with matplotlib.rc_context({"svg.hashsalt": "valuegrad", "svg.fonttype": "none"}):
        dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        figure.savefig(path, dpi=150, metadata=dated)
    return path


# --- parts --------------------------------------------------------------------------------


def _figure(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Any, list[Any]]:
    """A figure of this size in inches and its axes, row by row; no global state, no window."""
    made = need("matplotlib.figure", "A plot").Figure(figsize=(width, height), layout="constrained")
    axes = list(made.subplots(rows, columns, squeeze=False).flat)
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    return made, axes


def _check_epochs(history: History) -> None:
    if not history.epochs:
        raise ValueError("the history has no finished epoch: there is nothing to plot")


def _curves(axes: Any, lines: Mapping[str, Sequence[float]], label: str) -> None:
    """One line per entry that is not empty, over epochs from 1, with a legend if there are more."""
    shown = {name: values for name, values in lines.items() if values}
    for i, (name, values) in enumerate(shown.items()):
        marker = "o" if len(values) == 1 else None
        axes.plot(
            range(1, len(values) + 1), values, STYLES[i % 4], color=COLOURS[i % 7],
            label=name, marker=marker,
        )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel=label)
    if len(shown) > 1:
        axes.legend(frameon=False)


def _draw_losses(axes: Any, history: History) -> None:
    lines = {"training": history.losses, "held out": history.validation_losses}
    unit = f" ({history.loss_unit})" if history.loss_unit else ""
    _curves(axes, lines, f"{history.loss_name.replace('_', ' ')}{unit}")
    if min(history.losses + history.validation_losses) > 0.0:
        axes.set_yscale("log")


def _draw_metrics(axes: Any, history: History) -> None:
    lines = {
        name.removeprefix("validation_").replace("_", " ")
        + (", held out" if name.startswith("validation_") else ""): values
        for name, values in history.metrics.items()
    }
    measured = {name.removesuffix(", held out") for name in lines}
    _curves(axes, lines, measured.pop() if len(measured) == 1 else "metric")


def _draw_gradient_flow(axes: Any, history: History) -> None:
    _curves(axes, history.gradient_norms, "gradient norm (loss per parameter)")
    if all(norm > 0.0 for norms in history.gradient_norms.values() for norm in norms):
        axes.set_yscale("log")


def _draw_surface(axes: Any, sides: list[list[float]], outputs: list[float], at: float) -> Any:
    """Shades of the output in the colours of the two classes, and a line along the threshold."""
    numpy, colors = need("numpy", "A plot"), need("matplotlib.colors", "A plot")
    grid = numpy.reshape(outputs, (len(sides[1]), len(sides[0])))
    reach = float(abs(grid - at).max()) or 1.0
    levels = numpy.linspace(at - reach, at + reach, 21)
    shades = colors.LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
    surface = axes.contourf(*sides, grid, levels, cmap=shades, alpha=0.6)
    if grid.min() < at < grid.max():
        axes.contour(*sides, grid, [at], colors="black", linewidths=1.2)
    return surface


def _draw_regions(axes: Any, sides: list[list[float]], winners: Any, classes: int) -> None:
    """The region where each output is the largest, in the colour of its class."""
    numpy = need("numpy", "A plot")
    grid = numpy.reshape(numpy.array(winners, dtype=float), (len(sides[1]), len(sides[0])))
    levels = [label - 0.5 for label in range(classes + 1)]
    colours = [COLOURS[label % 7] for label in range(classes)]
    axes.contourf(*sides, grid, levels, colors=colours, alpha=0.3)


def _one_image(rows: list[list[float]], look: dict[str, Any]) -> Any:
    """Neurons from top to bottom, weights from left to right, the bias last."""
    n = len(rows[0]) - 1
    cell = min(0.32, 8.0 / (n + 1), 7.0 / len(rows))  # inches
    made, (axes,) = _figure(2.5 + cell * (n + 1), max(2.2, 1.0 + cell * len(rows)))
    shown = axes.imshow(rows, **look)
    every = max(1, n // 12)
    places = [*range(0, n, every), n]
    axes.set_xticks(places, [*[f"w{i}" for i in range(0, n, every)], "b"])
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="weight", ylabel="neuron")
    made.colorbar(shown, ax=axes, label="weight (dimensionless)")
    return made
