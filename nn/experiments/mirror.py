"""Mirror symmetry, the first experiment of the paper of 1986.

Holds: `RECIPE`, as printed; `mirror_symmetry_1986`, which reports what it did; and what is measured
of the weights: `asymmetry`, `ratios`, `near_1_2_4`.

May import: data; of its room learn, picture, report.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from nn.data.historic import mirror_symmetry
from nn.experiments.learn import Equation9, Recipe, Trial, logistic
from nn.experiments.picture import INK, colour, draw_counts, draw_network, figure
from nn.experiments.report import Report, Row, Trials, quartiles, settings, solved, sweeps

SOURCE = "Rumelhart, Hinton, Williams, Nature 323:533-536, 1986"
# Published by the authors, and found by others: the quartiles of 1000 restarts.
PUBLISHED, RERUN_QUARTILES = 1425, (1127, 7830)
_DATA = mirror_symmetry()
RECIPE = Recipe(
    "eps .1, alpha .9, start in [-.3, .3]",
    _DATA.X,
    [[float(t)] for t in _DATA.y],
    logistic(6, [2, 1], 0.3),
    lambda model: Equation9(model.parameters(), lr=0.1, momentum=0.9),
    tolerances=(0.5, 0.1),
    limit=20_000,
)


def hidden_weights(model: Any) -> list[list[float]]:
    """The six weights into each hidden unit."""
    return [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]


def asymmetry(model: Any) -> float:
    """How far weights are from equal and opposite about the midpoint: the worst pair, as a share.

    max |w_i + w_(5-i)| / (|w_i| + |w_(5-i)|) over all pairs of both hidden units; 0 is perfect.
    """
    return max(
        abs(w[i] + w[5 - i]) / (abs(w[i]) + abs(w[5 - i]))
        for w in hidden_weights(model)
        for i in range(3)
    )


def ratios(model: Any) -> list[list[float]]:
    """The sizes of each hidden unit's three pairs of weights, the smallest as 1, sorted."""
    sizes = [
        sorted((abs(w[i]) + abs(w[5 - i])) / 2.0 for i in range(3)) for w in hidden_weights(model)
    ]
    return [[size / each[0] for size in each] for each in sizes]


def near_1_2_4(model: Any) -> bool:
    """Whether every ratio is within 10 % of 1:2:4."""
    return all(
        abs(ratio / wanted - 1.0) <= 0.1
        for unit in ratios(model)
        for ratio, wanted in zip(unit, (1.0, 2.0, 4.0), strict=True)
    )


def mirror_symmetry_1986(trials: Trials) -> Report:
    """Mirror symmetry: 6 inputs, 2 hidden units, 1 output; all 64 patterns."""
    (runs,) = trials.values()
    done = [trial for trial in runs if 0.1 in trial.solved]
    alike = [ratios(trial.model)[0] for trial in done]
    middle = [median(each) for each in zip(*alike, strict=True)] if alike else []
    good = sum(near_1_2_4(trial.model) for trial in done)
    opposite = sum(asymmetry(trial.model) <= 0.1 for trial in done)
    negative = sum(all(n.b.data < 0.0 for n in t.model.layers[0].neurons) for t in done)
    published, others = str(PUBLISHED), "{} to {}".format(*RERUN_QUARTILES)
    of = f"of {len(done)}"
    rows = [
        Row("solved within 20,000 sweeps", "yes", "52 of 60", solved(runs, 0.1)),
        Row("sweeps, every error < .5: median", published, "2715; 2208; 2279", sweeps(runs, 0.5)),
        Row("  quartiles of those solved", "", others, quartiles(runs, 0.5)),
        Row("sweeps, every error < .1: median", "", "", sweeps(runs, 0.1)),
        Row("  quartiles of those solved", "", "", quartiles(runs, 0.1)),
        Row("weights opposite within 10 %", "yes", "", f"{opposite} {of}"),
        Row("sizes within 10 % of 1:2:4", "1:2:4", "", f"{good} {of}"),
        Row("  median of the sizes", "", "", ":".join(f"{ratio:.2f}" for ratio in middle)),
        Row("hidden biases negative", "yes", "", f"{negative} {of}"),
    ]
    notes = [
        settings(trials),
        "Published is one run.  Three sizes solve the task if none equals another or the sum of",
        "the others; so some runs end near 2:3:4.  Medians count unsolved runs as infinite.",
    ]
    return Report(
        "mirror-symmetry", "6-2-1 logistic units, 64 patterns, is the second half the mirror?",
        SOURCE, rows, notes, trials, lambda: {"mirror-symmetry": picture(runs)},
    )  # fmt: skip


def picture(runs: Sequence[Trial]) -> Any:
    """The figure of 1986: the net with its weights; beside it their pattern, and the sweeps."""
    done = [trial for trial in runs if 0.1 in trial.solved] or list(runs)
    shown = next((trial for trial in done if near_1_2_4(trial.model)), done[0])
    made, (net, pattern, counts) = figure(
        (5.4, 4.0, 3.8), 4.6, "Mirror symmetry: what two hidden units look for"
    )
    hidden, (output,) = shown.model.layers[0].neurons, shown.model.layers[1].neurons
    edges = {((0, i), (1, j)): h.w[i].data for j, h in enumerate(hidden) for i in range(6)}
    edges |= {((1, j), (2, 0)): output.w[j].data for j in range(2)}
    biases = {(1, j): h.b.data for j, h in enumerate(hidden)} | {(2, 0): output.b.data}
    names = [[f"x{i}" for i in range(6)], ["hidden 0", "hidden 1"], ["output"]]
    draw_network(net, names, edges, biases)
    net.set_title(f"seed {shown.seed}, after {len(shown.errors) - 1:,} sweeps", fontsize=10)
    draw_pattern(pattern, shown.model)
    draw_counts(counts, runs, 0.5, PUBLISHED, RECIPE.limit, RERUN_QUARTILES)
    return made


def draw_pattern(axes: Any, model: Any) -> None:
    """Each hidden unit's weights as bars over the inputs, about the line of symmetry."""
    for j, (weights, ratio) in enumerate(zip(hidden_weights(model), ratios(model), strict=True)):
        top = max(map(abs, weights))
        base = -3.4 * j  # the units one above the other, each scaled to 1
        axes.axhline(base, color=INK, lw=0.8)
        for i, w in enumerate(weights):
            axes.bar(i, w / top, bottom=base, width=0.7, color=colour(w))
            axes.text(
                i, base + w / top + (0.06 if w > 0 else -0.06), f"{w:.2f}", fontsize=8,
                ha="center", va="bottom" if w > 0 else "top", color=INK,
            )  # fmt: skip
        sizes = " : ".join(f"{size:.2f}" for size in ratio)
        axes.text(2.5, base + 1.45, f"hidden {j}: sizes {sizes}", ha="center", fontsize=9)
        axes.plot([2.5, 2.5], [base - 1.1, base + 1.3], color=INK, ls=":", lw=1.2)
    axes.set(xticks=range(6), xticklabels=[f"x{i}" for i in range(6)], yticks=[])
    axes.set(xlabel="input; dotted: the line of symmetry", ylim=(-4.75, 1.75))
    axes.spines["left"].set_visible(False)
    axes.set_title("equal in size, opposite in sign", fontsize=10)
