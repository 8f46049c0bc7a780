"""Small problems of PDP, volume 1, chapter 8: exclusive or, parity, and the 8-3-8 encoder.

Holds: the recipes, the functions that report what they did, and their pictures.

May import: data, models, plot; of its room learn, picture, report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from nn.data.cases import Data
from nn.data.datasets import encoder, parity, xor
from nn.experiments.learn import Equation9, Recipe, Trial, logistic
from nn.experiments.picture import (
    codes,
    draw_codes,
    draw_counts,
    draw_curves,
    draw_network,
    draw_surface,
    figure,
)  # fmt: skip
from nn.experiments.report import (
    Report,
    Row,
    Trials,
    quartiles,
    settings,
    solved,
    solved_median,
    sweeps,
)  # fmt: skip
from nn.models.initialise import uniform
from nn.models.layers import Neuron
from nn.models.module import Module
from nn.plot.panels import COLOURS, MARKERS

SOURCE = "Rumelhart, Hinton, Williams, in: Parallel Distributed Processing 1, chapter 8, 1986"
# The sweeps printed there: of one run, an average of many, one run.
PUBLISHED = {"xor-2-1-1": 558, "xor-2-2-1": 245, "parity-4": 2825}
_START = 0.5  # the chapter does not print it


class Direct(Module):
    """One hidden unit between two inputs and an output that sees the inputs too.

    Args:
        seed: Of the initial weights.
    """

    n_in = 2

    def __init__(self, seed: int) -> None:
        source, init = Random(seed), uniform(_START)
        self.hidden = Neuron(2, "sigmoid", init, source, "hidden")
        self.output = Neuron(3, "sigmoid", init, source, "output")

    def forward(self, x: list[Any]) -> list[Any]:
        """The output, as a list."""
        return [self.output.forward([*x, self.hidden.forward(x)])]

    def __call__(self, x: list[Any]) -> Any:
        """The output."""
        return self.forward(x)[0]


def _recipe(
    data: Data, model: Callable[[int], Any], lr: float, momentum: float, limit: int = 20_000,
    name: str = "",
) -> Recipe:  # fmt: skip
    """Equation 9 until every error is below .1."""
    T = [t if isinstance(t, list) else [float(t)] for t in data.y]
    return Recipe(
        name or f"eps {lr:g}, alpha {momentum:g}", data.X, T, model,
        lambda net: Equation9(net.parameters(), lr, momentum), (0.5, 0.1), limit,
    )  # fmt: skip


DIRECT = (_recipe(xor(), Direct, 0.5, 0.9), _recipe(xor(), Direct, 0.5, 0.0))
TWO_HIDDEN = (
    _recipe(xor(), logistic(2, [2, 1], _START), 0.5, 0.9),
    _recipe(xor(), logistic(2, [2, 1], _START), 0.5, 0.0),
)
PARITY = (
    _recipe(parity(4), logistic(4, [4, 1], _START), 0.5, 0.9),
    _recipe(parity(4), logistic(4, [8, 1], _START), 0.5, 0.9, name="8 hidden units"),
)
ENCODER = (
    _recipe(encoder(8), logistic(8, [3, 8], 0.3), 0.25, 0.9, 10_000),
    _recipe(encoder(8), logistic(8, [3, 8], 0.3), 0.5, 0.9, 10_000),
)


def xor_direct(trials: Trials) -> Report:
    """Exclusive or: 2 inputs, 1 hidden unit, 1 output that sees the inputs directly too."""
    rows = _xor_rows(trials, PUBLISHED["xor-2-1-1"], (366, 508, 2231, 3121))
    notes = [settings(trials), f"Start in [-{_START}, {_START}], which the chapter does not print."]

    def draw() -> dict[str, Any]:
        runs = trials[DIRECT[0].name]
        return {"xor-2-1-1": xor_picture(runs, "xor-2-1-1", "one hidden unit, direct connections")}

    title = "2-1-1 logistic units with direct connections, 4 patterns"
    return Report("xor-2-1-1", title, SOURCE, rows, notes, trials, draw)


def xor_two_hidden(trials: Trials) -> Report:
    """Exclusive or: 2 inputs, 2 hidden units, 1 output."""
    rows = _xor_rows(trials, PUBLISHED["xor-2-2-1"], (220, 258, 1757, 2286))
    notes = [
        settings(trials),
        f"Start in [-{_START}, {_START}], which the chapter does not print.  Its figure is an",
        "average of presentations, about 280 - 33 log2 H for H = 2 hidden units.",
    ]

    def draw() -> dict[str, Any]:
        runs = trials[TWO_HIDDEN[0].name]
        return {"xor-2-2-1": xor_picture(runs, "xor-2-2-1", "two hidden units")}

    title = "2-2-1 logistic units, 4 patterns"
    return Report("xor-2-2-1", title, SOURCE, rows, notes, trials, draw)


def _xor_rows(trials: Trials, published: int, reruns: Sequence[int]) -> list[Row]:
    """Sweeps with and without momentum, beside what is known."""
    (with_it, first), (without, second) = trials.items()
    wide, narrow, wide_without, narrow_without = map(str, reruns)
    return [
        Row(f"{with_it}: solved", "", "", solved(first, 0.1)),
        Row("  median sweeps, every error < .5", str(published), wide, sweeps(first, 0.5)),
        Row("  median sweeps, every error < .1", "", narrow, sweeps(first, 0.1)),
        Row(f"{without}: solved", "", "", solved(second, 0.1)),
        Row("  median sweeps, every error < .5", "", wide_without, sweeps(second, 0.5)),
        Row("  median sweeps, every error < .1", "", narrow_without, sweeps(second, 0.1)),
    ]


def xor_picture(runs: Sequence[Trial], name: str, kind: str) -> Any:
    """The net with its weights, what it answers all over the square, and the sweeps."""
    shown = next((trial for trial in runs if 0.1 in trial.solved), runs[0])
    made, (net, surface, counts) = figure((3.6, 4.2, 4.2), 4.0, f"Exclusive or: {kind}")
    if isinstance(shown.model, Direct):
        hidden, output = [shown.model.hidden], shown.model.output
    else:
        hidden, output = shown.model.layers[0].neurons, shown.model.layers[1].neurons[0]
    edges = {((0, i), (1, j)): h.w[i].data for j, h in enumerate(hidden) for i in range(2)}
    direct = len(output.w) - len(hidden)
    edges |= {((0, i), (2, 0)): output.w[i].data for i in range(direct)}
    edges |= {((1, j), (2, 0)): output.w[direct + j].data for j in range(len(hidden))}
    biases = {(1, j): h.b.data for j, h in enumerate(hidden)} | {(2, 0): output.b.data}
    names = [["x0", "x1"], [f"hidden {j}" for j in range(len(hidden))], ["output"]]
    draw_network(net, names, edges, biases)
    net.set_title(f"seed {shown.seed}, after {len(shown.errors) - 1:,} sweeps", fontsize=10)
    draw_surface(surface, made, shown.model)
    draw_counts(counts, runs, 0.5, PUBLISHED[name], DIRECT[0].limit)
    return made


def parity_4(trials: Trials) -> Report:
    """Parity of 4 bits: 4 inputs, 4 hidden units, 1 output."""
    runs, wider = trials.values()
    rows = [
        Row("every error < .5 within 20,000 sweeps", "yes", "", solved(runs, 0.5)),
        Row(
            "  sweeps: median of those",
            str(PUBLISHED["parity-4"]),
            "",
            solved_median(runs, 0.5),
        ),
        Row("  quartiles of those", "", "", quartiles(runs, 0.5)),
        Row("the same with 8 hidden units", "", "", solved(wider, 0.5)),
        Row("  sweeps: median of those", "", "", solved_median(wider, 0.5)),
    ]
    notes = [
        settings(trials),
        f"Start in [-{_START}, {_START}].  The chapter prints one run that solved it, rate .5; of",
        "ours many never do.  With as many hidden units as bits there is none to spare: with",
        "twice as many nearly every seed solves it, and sooner.",
    ]
    return Report(
        "parity-4", "4-4-1 logistic units, 16 patterns, is the number of ones odd?", SOURCE, rows,
        notes, trials, lambda: {"parity-4": parity_picture(runs)},
    )  # fmt: skip


def parity_picture(runs: Sequence[Trial]) -> Any:
    """What the hidden units make of the number of ones, and the sweeps."""
    shown = next((trial for trial in runs if 0.5 in trial.solved), runs[0])
    made, (units, counts) = figure((5.4, 4.6), 4.0, "Parity of 4 bits: the units by number of ones")
    ones = [sum(x) for x in PARITY[0].X]
    hidden = [[y.data for y in shown.model.layers[0].forward(x)] for x in PARITY[0].X]
    outputs = [shown.model(x).data for x in PARITY[0].X]
    for j in range(4):
        means = _means(ones, [row[j] for row in hidden])
        label = f"hidden {j}"
        units.plot(range(5), means, color=COLOURS[j], marker=MARKERS[j], lw=1.5, label=label)
    means = _means(ones, outputs)
    units.plot(range(5), means, color="black", marker="X", ls="--", lw=2.0, ms=8, label="output")
    units.set(xlabel="ones among the 4 bits", ylabel="output of the unit (mean)", xticks=range(5))
    units.set_title(f"seed {shown.seed}, after {len(shown.errors) - 1:,} sweeps", fontsize=10)
    units.grid(alpha=0.25)
    units.set_ylim(-0.05, 1.45)
    units.legend(fontsize=8, loc="upper left", ncols=3, framealpha=1.0)
    draw_counts(counts, runs, 0.5, PUBLISHED["parity-4"], PARITY[0].limit)
    return made


def _means(ones: Sequence[float], values: Sequence[float]) -> list[float]:
    """The mean of the values at each number of ones."""
    groups = [[v for n, v in zip(ones, values, strict=True) if n == k] for k in range(5)]
    return [sum(group) / len(group) for group in groups]


def encoder_8_3_8(trials: Trials) -> Report:
    """Encoder: 8 patterns through 3 hidden units, which have to find a code of 3 bits."""
    runs, usual = trials.values()
    middling = sum(any(0.2 < y < 0.8 for code in codes(t.model) for y in code) for t in runs)
    rows = [
        Row(f"{ENCODER[0].name}: solved", "yes", "", solved(runs, 0.1)),
        Row("  median sweeps, every error < .5", "", "", sweeps(runs, 0.5)),
        Row("  median sweeps, every error < .1", "", "", sweeps(runs, 0.1)),
        Row("  codes with middle values, .2 to .8", "yes", "", f"{middling} of {len(runs)}"),
        Row(f"{ENCODER[1].name}: solved", "", "", solved(usual, 0.1)),
    ]
    notes = [
        settings(trials),
        "Start in [-.3, .3]; given up after 10,000 sweeps.  We know of no rate or number of sweeps",
        "in print.  With eps .5 and alpha .9, as for exclusive or, outputs saturate and stay so.",
    ]
    return Report(
        "encoder-8-3-8", "8-3-8 logistic units, 8 patterns to be reproduced", SOURCE, rows, notes,
        trials, lambda: {"encoder-8-3-8": encoder_picture(runs)},
    )  # fmt: skip


def encoder_picture(runs: Sequence[Trial]) -> Any:
    """The code that was found, and the error by sweep."""
    shown = next((trial for trial in runs if 0.1 in trial.solved), runs[0])
    made, (code, curves) = figure((4.0, 5.2), 4.2, "Encoder 8-3-8: three hidden units find a code")
    draw_codes(code, made, shown.model)
    code.set_title(f"seed {shown.seed}, after {len(shown.errors) - 1:,} sweeps", fontsize=10)
    draw_curves(curves, runs, "a seed, until every error < .1")
    curves.legend(fontsize=8, loc="lower left")
    return made
