"""Parts of the experiments' pictures.

Holds: `figure`; `draw_network`, a small net with its weights; `draw_curves`, the error by sweep;
`draw_counts`, the sweeps of every seed beside the published ones; `draw_surface`, what a net of two
inputs answers; `codes` and `draw_codes`, what the hidden units of an encoder do; `draw_people`,
weights from the persons of the family trees.

Hue means the sign of a weight, and negative lines are dashed too.

May import: autodiff, extras, data, plot; of its room learn, report; matplotlib when first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from autodiff import no_grad
from nn.data.historic import PEOPLE
from nn.experiments.learn import Trial, median_sweeps
from nn.experiments.report import solved_sweeps
from nn.extras import need
from nn.plot.panels import COLOURS, new_figure

NEGATIVE, POSITIVE = COLOURS[:2]
INK, QUIET = "#1b1f24", "#8b949e"
# A unit: its layer, counted from the inputs, and its place in it.
Unit = tuple[int, int]


def figure(widths: Sequence[float], height: float, title: str) -> tuple[Any, list[Any]]:
    """A figure with a row of axes of these widths, in inches, under a title."""
    made = new_figure(sum(widths), height)
    made.suptitle(title, fontsize=12, fontweight="bold", color=INK)
    axes = made.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    return made, list(axes)


def colour(weight: float) -> str:
    """The hue of its sign."""
    return POSITIVE if weight >= 0.0 else NEGATIVE


def draw_network(
    axes: Any,
    layers: Sequence[Sequence[str]],
    edges: dict[tuple[Unit, Unit], float],
    biases: dict[Unit, float],
) -> None:
    """A net with the inputs below: lines as wide as their weights, biases inside the units.

    Args:
        axes: Where.
        layers: The names of the units of each layer, from the inputs up.
        edges: The weight of each connection.
        biases: The bias of each unit that has one.
    """
    largest = max(map(abs, edges.values())) or 1.0
    places = {
        (i, j): ((j + 0.5) / len(layer), float(i))
        for i, layer in enumerate(layers)
        for j in range(len(layer))
    }
    for (start, end), weight in edges.items():
        (x0, y0), (x1, y1) = places[start], places[end]
        style = {"color": colour(weight), "linestyle": "-" if weight >= 0.0 else (0, (4, 2))}
        axes.plot([x0, x1], [y0, y1], lw=0.6 + 3.4 * abs(weight) / largest, zorder=1, **style)
        # Where many lines cross, those to different units are labelled at different heights.
        crowded = end[0] - start[0] == 1 and min(len(layers[k]) for k in (start[0], end[0])) > 1
        at = 0.24 + 0.16 * (end[1] % 2) if crowded else 0.5
        at = 0.36 if end[0] - start[0] > 1 else at  # below the units that it passes
        box = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none"}
        axes.text(
            x0 + at * (x1 - x0), y0 + at * (y1 - y0), f"{weight:.1f}", fontsize=8, ha="center",
            va="center", color=colour(weight), bbox=box, zorder=2,
        )  # fmt: skip
    for unit, (x, y) in places.items():
        name = layers[unit[0]][unit[1]]
        text = f"{name}\nb {biases[unit]:.1f}" if unit in biases else name
        axes.text(
            x, y, text, ha="center", va="center", fontsize=8, color=INK, zorder=3,
            bbox={"boxstyle": "round,pad=0.35", "fc": "#eef1f4", "ec": INK, "lw": 1.0},
        )  # fmt: skip
    axes.set(xlim=(0.0, 1.0), ylim=(-0.3, len(layers) - 0.7))
    axes.set_axis_off()


def draw_curves(axes: Any, trials: Sequence[Trial], label: str, tint: str = COLOURS[0]) -> None:
    """The error of every trial by sweep, both on logarithmic scales."""
    for i, trial in enumerate(trials):
        axes.plot(
            range(1, len(trial.errors) + 1), trial.errors, color=tint, alpha=0.55, lw=1.0,
            label=label if i == 0 else None,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="sweep", ylabel="error E of all cases")
    axes.grid(alpha=0.25)


def draw_counts(
    axes: Any,
    trials: Sequence[Trial],
    tolerance: float,
    published: int,
    limit: int,
    quartiles: tuple[int, int] | None = None,
) -> None:
    """How many sweeps each seed took, sorted, beside the published number and quartiles.

    Args:
        axes: Where.
        trials: The runs.
        tolerance: That of which the sweeps are shown.
        published: The authors' number.
        limit: The sweeps after which a run was given up.
        quartiles: Those of a re-run by others.
    """
    found = solved_sweeps(trials, tolerance)
    if quartiles is not None:
        name = "quartiles of a re-run by others"
        axes.axvspan(*quartiles, color=COLOURS[2], alpha=0.15, lw=0, label=name)
    axes.axvline(published, color=INK, ls="--", lw=1.4, label=f"published: {published}")
    middle, whose = median_sweeps(trials, tolerance), "median here"
    if middle == float("inf") and found:
        middle, whose = median(found), "median here, of those solved"
    if middle < float("inf"):
        axes.axvline(middle, color=INK, lw=1.4, label=f"{whose}: {middle:.0f}")
    axes.plot(found, range(1, len(found) + 1), "o", ms=5, color=COLOURS[0], label="a seed, solved")
    places = range(len(found) + 1, len(trials) + 1)
    if places:
        missed = [limit] * len(places)
        axes.plot(missed, places, "x", ms=6, color=QUIET, label=f"given up at {limit:,}")
    ticker = need("matplotlib.ticker", "A picture")
    axes.set(xscale="log", xlabel="sweeps until solved", ylabel="seeds, sorted")
    axes.set_title(f"{len(found)} of {len(trials)} seeds solve it", fontsize=10)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_yticks(range(0, len(trials) + 1, max(1, len(trials) // 5)))
    axes.grid(alpha=0.25, axis="x")
    axes.set_ylim(0.3, 1.45 * len(trials) + 0.7)  # the upper part is for the legend
    axes.legend(fontsize=8, loc="upper left", framealpha=1.0)


def draw_surface(axes: Any, made: Any, model: Any, steps: int = 61) -> None:
    """What a model of two inputs answers all over the unit square, with the patterns of XOR."""
    grid = [-0.2 + 1.4 * i / (steps - 1) for i in range(steps)]
    with no_grad():
        outputs = [[model([a, b]).data for a in grid] for b in grid]
    colors = need("matplotlib.colors", "A picture")
    shades = colors.LinearSegmentedColormap.from_list("answers", [NEGATIVE, "white", POSITIVE])
    surface = axes.imshow(
        outputs, cmap=shades, vmin=0.0, vmax=1.0, alpha=0.75, origin="lower",
        extent=(grid[0], grid[-1], grid[0], grid[-1]), interpolation="bilinear",
    )  # fmt: skip
    axes.contour(grid, grid, outputs, [0.5], colors=INK, linewidths=1.2)
    for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):
        axes.text(
            x, y, f"{x != y:d}", ha="center", va="center", fontsize=10, fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": INK},
        )  # fmt: skip
    axes.set(xlabel="x0", ylabel="x1", aspect="equal")
    axes.set_title("output; the targets in circles", fontsize=10)
    made.colorbar(surface, ax=axes, ticks=[0.0, 0.5, 1.0], shrink=0.8)


def codes(model: Any) -> list[list[float]]:
    """The outputs of an encoder's hidden units for each of its patterns."""
    n = model.n_in
    patterns = [[float(i == j) for j in range(n)] for i in range(n)]
    with no_grad():
        return [[y.data for y in model.layers[0].forward(x)] for x in patterns]


def draw_codes(axes: Any, made: Any, model: Any) -> None:
    """The code that an encoder found, one row per pattern."""
    rows = codes(model)
    shown = axes.imshow(rows, cmap="Greys", vmin=0.0, vmax=1.0, aspect="auto")
    for i, row in enumerate(rows):
        for j, y in enumerate(row):
            tint = "white" if y > 0.6 else INK
            axes.text(j, i, f"{y:.2f}", ha="center", va="center", fontsize=8, color=tint)
    axes.set(xlabel="hidden unit", ylabel="pattern")
    axes.set(xticks=range(len(rows[0])), yticks=range(len(rows)))
    made.colorbar(shown, ax=axes, label="output of the unit", ticks=[0.0, 0.5, 1.0])


# The twelve places of the tree, branch by branch, as numbers of PEOPLE.
_PLACES = (0, 6, 2, 10, 8, 1, 7, 3, 9, 4, 5, 11)


def draw_people(title: str, weights: Sequence[Sequence[float]], names: Sequence[str]) -> Any:
    """Weights from 24 persons as squares: area is size, hue and place of the mark the sign.

    Args:
        title: Of the figure.
        weights: One row of 24 per unit.
        names: One per unit.

    Returns:
        The figure: a panel per unit, the English family above the Italian one.
    """
    made = new_figure(12.0, 5.4)
    made.suptitle(title, fontsize=12, fontweight="bold", color=INK)
    caption = (
        "area: size of the weight from a person to the unit; + excites, \N{MINUS SIGN} inhibits"
    )
    made.supxlabel(caption, fontsize=9, color=INK)
    panels = made.subplots(3, 2, sharex=True).flat
    for axes, row, name in zip(panels, weights, names, strict=True):
        _draw_squares(axes, row)
        for edge in (4.5, 9.5):
            axes.axvline(edge, color=QUIET, lw=0.8)
        axes.axhline(0.5, color=QUIET, lw=0.8)
        axes.set(xlim=(-0.6, 11.6), ylim=(-0.6, 1.6), yticks=[0, 1], aspect="equal")
        axes.set_yticklabels(["Italian", "English"], fontsize=8)
        axes.set_title(name, fontsize=10)
        axes.set_facecolor("#f4f5f7")
        labels = [f"{PEOPLE[i]}\n{PEOPLE[i + 12]}" for i in _PLACES]
        axes.set_xticks(range(12), labels, rotation=45, ha="right", fontsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    return made


def _draw_squares(axes: Any, weights: Sequence[float]) -> None:
    """A square per person: the English family at height 1, the Italian at 0."""
    patches = need("matplotlib.patches", "A picture")
    largest = max(map(abs, weights)) or 1.0
    for i, place in [(i, place) for i in (0, 1) for place in range(12)]:
        w = weights[12 * i + _PLACES[place]]
        side = 0.92 * (abs(w) / largest) ** 0.5
        corner = (place - side / 2.0, 1.0 - i - side / 2.0)
        axes.add_patch(patches.Rectangle(corner, side, side, color=colour(w), lw=0))
        if side > 0.35:
            axes.text(
                place, 1.0 - i, "+" if w > 0 else "\N{MINUS SIGN}", ha="center", va="center",
                color="white", fontsize=8, fontweight="bold",
            )  # fmt: skip
