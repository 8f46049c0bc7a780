"""The parts of plots: what is drawn on one pair of axes.

Holds: `new_figure` and `new_panels`, which make figures and their axes; `draw_curves` over epochs;
`draw_surface`, `draw_regions`, `draw_missing` over a plane; `draw_weights`, `weight_look` and
`add_bar`.

What is nan, or too large to be drawn, is grey or counted in a title: every hole says what it is.

May import: extras; of its room figure; matplotlib and numpy when first used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any

from nn.extras import need

# Okabe and Ito's colours, which colour-blind people can tell apart too; with marks of their own.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
STYLES = ("-", "--", "-.", ":")
# What is nan, or cannot be drawn: matplotlib's own sums overflow beyond this.
MISSING, LARGEST = "#8b949e", 1e290


def new_figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches; no global state, no window."""
    need("matplotlib.figure", "A plot")
    from nn.plot.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_panels(
    width: float, height: float, columns: int = 1, rows: int = 1
) -> tuple[Any, list[Any]]:
    """A figure of this size in inches and its axes, row by row."""
    made = new_figure(width, height)
    axes = list(made.subplots(rows, columns, squeeze=False).flat)
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    return made, axes


def draw_curves(
    axes: Any, lines: Mapping[str, Sequence[float]], label: str, log: bool = False
) -> None:
    """One line per entry that is not empty, over epochs from 1, with a legend if there are more.

    A number that stands alone between missing ones gets a mark, as no line goes through it.
    """
    shown = {name: values for name, values in lines.items() if values}
    finite = {name: [abs(x) < LARGEST for x in values] for name, values in shown.items()}
    for i, (name, values) in enumerate(shown.items()):
        there = [False, *finite[name], False]
        alone = [k for k in range(len(values)) if there[k : k + 3] == [False, True, False]]
        seen = [x if is_there else nan for x, is_there in zip(values, finite[name], strict=True)]
        axes.plot(
            range(1, len(values) + 1), seen, STYLES[i % 4], color=COLOURS[i % 7],
            label=name, marker="o" if alone else None, markevery=alone,
        )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel=label)
    if len(shown) > 1:
        axes.legend(frameon=False)
    plotted = [x for line in axes.lines for x in line.get_ydata() if x == x]
    lowest, highest = min(plotted, default=0.0), max(plotted, default=0.0)
    if log and lowest > 0.0 and highest < 1e200 * min(1.0, lowest):  # or its ticks overflow
        axes.set_yscale("log")
    missing = [
        f"{name}: {there.count(False)} of {len(there)} epochs nan or infinite"
        for name, there in finite.items() if not all(there)
    ]  # fmt: skip
    if missing:  # which is to be seen, too, as a line that ends early
        axes.set_title("\n".join(missing), fontsize=8)
        epochs = max(map(len, shown.values()))
        axes.set_xlim(1 - 0.05 * epochs, 1.05 * epochs)


def draw_surface(
    axes: Any, sides: list[list[float]], outputs: list[Any], at: float, missing: Any
) -> Any:
    """Shades of the output in the colours of the two classes, and a line along the threshold."""
    numpy, colors = need("numpy", "A plot"), need("matplotlib.colors", "A plot")
    grid = numpy.ma.array(numpy.reshape(outputs, missing.shape), mask=missing)
    reach = float(abs(grid - at).max())
    reach = reach if reach > 1.0 / LARGEST else 1.0
    levels = numpy.linspace(at - reach, at + reach, 21)
    shades = colors.LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
    surface = axes.contourf(*sides, grid, levels, cmap=shades, alpha=0.6)
    if grid.min() < at < grid.max():
        axes.contour(*sides, grid, [at], colors="black", linewidths=1.2)
    return surface


def draw_regions(
    axes: Any, sides: list[list[float]], winners: list[int | None], classes: int, missing: Any
) -> None:
    """The region where each output is the largest, in the colour of its class."""
    numpy = need("numpy", "A plot")
    numbers = numpy.array(winners, dtype=float)  # None, behind the mask, is nan
    grid = numpy.ma.array(numbers.reshape(missing.shape), mask=missing)
    levels = [label - 0.5 for label in range(classes + 1)]
    colours = [COLOURS[label % 7] for label in range(classes)]
    axes.contourf(*sides, grid, levels, colors=colours, alpha=0.3)


def draw_missing(axes: Any, sides: list[list[float]], missing: Any) -> None:
    """Grey over the part of a plane that has no shade, and what it means in the legend."""
    if missing.any():
        axes.contourf(*sides, missing.astype(float), [1e-9, 1.0], colors=[MISSING])
        axes.scatter([], [], s=40, color=MISSING, marker="s", label="nan or infinite")


def weight_look(rows: list[list[float]]) -> dict[str, Any]:
    """How `imshow` shows weights: 0 is white, what is nan is grey."""
    bound = max((abs(w) for row in rows for w in row if isfinite(w)), default=0.0) or 1.0
    colours = need("matplotlib", "A plot").colormaps["RdBu_r"].with_extremes(bad=MISSING)
    return {"cmap": colours, "vmin": -bound, "vmax": bound}


def add_bar(made: Any, axes: Any, shown: Any, rows: list[list[float]]) -> None:
    """The bar that says which colour is which weight, and a line about grey if there is any."""
    made.colorbar(shown, ax=axes, label="weight (dimensionless)")
    if any(w != w for row in rows for w in row):
        made.suptitle("grey: nan", fontsize=8)


def draw_weights(rows: list[list[float]], look: dict[str, Any]) -> Any:
    """Neurons from top to bottom, weights from left to right, the bias last."""
    n = len(rows[0]) - 1
    cell = min(0.32, 8.0 / (n + 1), 7.0 / len(rows))  # inches
    made, (axes,) = new_panels(2.5 + cell * (n + 1), max(2.2, 1.0 + cell * len(rows)))
    shown = axes.imshow(rows, **look)
    every = max(1, n // 12)
    places = [*range(0, n, every), n]
    axes.set_xticks(places, [*[f"w{i}" for i in range(0, n, every)], "b"])
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="weight", ylabel="neuron")
    add_bar(made, axes, shown, rows)
    return made
