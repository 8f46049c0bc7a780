"""Fahlman's comparison of learning algorithms on the 10-5-10 encoder.

Holds: `RECIPES`, three of his algorithms; `encoder_10_5_10`, which reports what they did.

May import: extras, data, models, optim, plot; of its room learn, losses, picture, report.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from statistics import mean, stdev
from typing import Any

from nn.data.datasets import encoder
from nn.experiments.learn import Equation9, Recipe, Trial, logistic
from nn.experiments.losses import arctanh_error, deadzone_error, offset_sigmoid
from nn.experiments.picture import INK, draw_codes, figure
from nn.experiments.report import Report, Row, Trials, settings, solved, solved_sweeps
from nn.extras import need
from nn.models.module import Module
from nn.optim.classic import Quickprop, fan_in
from nn.plot.panels import COLOURS

SOURCE = "Fahlman, An empirical study of learning speed, CMU-CS-88-162, 1988"
_DATA = encoder(10)
_TOLERANCE = 0.4


def _recipe(name: str, start: float, unit: Any, optimizer: Any, error: Any) -> Recipe:
    """10-5-10 units that start in [-start, start]; solved within .4 of all targets."""
    return Recipe(
        name, _DATA.X, _DATA.y, logistic(10, [5, 10], start, unit), optimizer, (_TOLERANCE,),
        2_000, error,
    )  # fmt: skip


def _plain(net: Module) -> Equation9:
    return Equation9(net.parameters(), lr=1.7)


def _quickprop(net: Module) -> Quickprop:
    return Quickprop(net.parameters(), lr=1.5, mu=1.75, decay=1e-4, fan_in=fan_in(net))


RECIPES = (
    _recipe("backpropagation, eps 1.7", 1.0, "sigmoid", _plain, deadzone_error(0.1)),
    _recipe("  with .1 added to derivatives", 1.0, offset_sigmoid, _plain, deadzone_error(0.1)),
    _recipe("Quickprop, eps 1.5, mu 1.75", 2.0, offset_sigmoid, _quickprop, arctanh_error),
)
# Mean and standard deviation of the epochs: an independent program's, over 100 trials.
BANDS = ((133.0, 36.0), (67.0, 16.0), (17.0, 3.0))
_PRINTED = ("129 (46)", "about half", "22 (9)")


def moments(trials: Sequence[Trial]) -> tuple[float, float]:
    """Mean and standard deviation of the epochs of the trials that solved it, or nan."""
    found = solved_sweeps(trials, _TOLERANCE)
    return (mean(found) if found else nan), (stdev(found) if len(found) > 1 else nan)


def encoder_10_5_10(trials: Trials) -> Report:
    """Encoder 10-5-10: back-propagation, with .1 added to derivatives, and Quickprop."""
    rows = []
    for (name, runs), printed, (middle, spread) in zip(
        trials.items(), _PRINTED, BANDS, strict=True
    ):
        here = "{:.0f} ({:.0f})".format(*moments(runs))
        rows.append(Row(name, printed, f"{middle:.0f} ({spread:.0f})", here))
    every = [trial for runs in trials.values() for trial in runs]
    rows.append(Row("trials solved", "", "300 of 300", solved(every, _TOLERANCE)))
    notes = [
        "Epochs until every output is within .4 of its target: mean (standard deviation).  The",
        "report's own figures are quoted from memory, and so are its options: here the rate is",
        "divided by the fan-in in Quickprop alone, back-propagation takes errors below .1 as 0,",
        "and Quickprop has the error whose slope is 2 artanh d.",
        settings(trials),
    ]
    return Report(
        "encoder-10-5-10", "10-5-10 logistic units, 10 patterns to be reproduced", SOURCE, rows,
        notes, trials, lambda: {"encoder-10-5-10": _picture(trials)},
    )  # fmt: skip


def _picture(trials: Trials) -> Any:
    """The epochs of every trial by algorithm, beside the re-run's; and a code that was found."""
    made, (epochs, code) = figure((6.2, 4.6), 4.4, "Encoder 10-5-10: three ways to use a gradient")
    for i, ((name, runs), (middle, spread)) in enumerate(zip(trials.items(), BANDS, strict=True)):
        found = solved_sweeps(runs, _TOLERANCE)
        # The trials side by side in a band, so that all can be seen.
        places = [i - 0.25 + 0.5 * (k * 7 % 10) / 9 for k in range(len(found))]
        epochs.plot(found, places, "o", ms=4, alpha=0.6, color=COLOURS[i], label=name.strip())
        epochs.errorbar(
            middle, i - 0.38, xerr=spread, fmt="D", color=INK, capsize=4, ms=5,
            label="re-run by others, mean and deviation" if i == 0 else None,
        )  # fmt: skip
        here, deviation = moments(runs)
        label = f"here {here:.0f} ({deviation:.0f}), theirs {middle:.0f} ({spread:.0f})"
        epochs.text(max(found, default=middle) * 1.12, i, label, fontsize=8, va="center", color=INK)
    ticker = need("matplotlib.ticker", "A picture")
    epochs.set(xscale="log", xlabel="epochs until solved", yticks=range(3), ylim=(3.0, -0.6))
    epochs.set_yticklabels(["plain", "plain + .1", "Quickprop"])
    epochs.xaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 3.0)))
    epochs.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    epochs.set_xlim(8.0, 1500.0)
    epochs.grid(alpha=0.25, axis="x")
    epochs.legend(fontsize=8, loc="lower right")
    last = list(trials.values())[-1][0]
    draw_codes(code, made, last.model)
    code.set_title(
        f"the code Quickprop found, seed {last.seed}, {len(last.errors) - 1} epochs", fontsize=10
    )
    return made
