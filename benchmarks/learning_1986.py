"""The experiments of 1986 and 1988 with all their seeds, beside the published figures.

    python -m benchmarks.learning_1986              # all of them
    python -m benchmarks.learning_1986 parity-4     # one

Prints the table of every experiment, saves its pictures, and says of each bar whether it is
reached; for the family trees also what each change of the printed recipe does.  Needs the extras
`train` and, for its speed, `fast`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from nn.experiments import family
from nn.experiments.bits import PUBLISHED
from nn.experiments.encoder import BANDS, moments
from nn.experiments.learn import median_sweeps, run
from nn.experiments.mirror import RERUN_QUARTILES, asymmetry, near_1_2_4, ratios
from nn.experiments.report import Report, solved_sweeps
from nn.experiments.table import EXPERIMENTS, experiment
from nn.train.progress import progress_bar

# What is asked, what was measured, and whether that will do.
Bar = tuple[str, str, bool]


def mirror_bars(report: Report) -> Iterator[Bar]:
    (runs,) = report.trials.values()
    done = [trial for trial in runs if 0.1 in trial.solved]
    yield "at least 14 of 20 seeds solved", f"{len(done)} of {len(runs)}", len(done) >= 14
    for tolerance in (0.5, 0.1):
        middle = median_sweeps(runs, tolerance)
        inside = RERUN_QUARTILES[0] <= middle <= RERUN_QUARTILES[1]
        yield f"median sweeps to {tolerance} from 1127 to 7830", f"{middle:.0f}", inside
    worst = max(asymmetry(trial.model) for trial in done)
    yield "weights equal and opposite within 10 %", f"worst {worst:.2%}", worst <= 0.1
    share = sum(near_1_2_4(trial.model) for trial in done)
    middle_ratios = [statistics.median(r) for r in zip(*(ratios(t.model)[0] for t in done))]
    text = ":".join(f"{r:.2f}" for r in middle_ratios)
    yield (
        "median ratios within 10 % of 1:2:4",
        f"{text}; {share} of {len(done)} runs",
        all(abs(r / wanted - 1.0) <= 0.1 for r, wanted in zip(middle_ratios, (1.0, 2.0, 4.0))),
    )


def same_order(report: Report) -> Iterator[Bar]:
    """The first recipe's median is within ten times the published number, up or down."""
    published, runs = PUBLISHED[report.name], next(iter(report.trials.values()))
    found = solved_sweeps(runs, 0.5)
    middle = statistics.median(found)
    fits = published / 10.0 <= middle <= published * 10.0
    text = f"{middle:.0f}; {len(found)} of {len(runs)} runs"
    yield f"median sweeps of those solved: order of {published}", text, fits


def encoder_bars(report: Report) -> Iterator[Bar]:
    for (name, runs), (middle, spread) in zip(report.trials.items(), BANDS):
        here, deviation = moments(runs)
        text = f"{here:.1f} ({deviation:.1f})"
        yield (
            f"{name.strip()}: mean epochs within {middle:.0f} +- {spread:.0f}",
            text, abs(here - middle) <= spread,
        )  # fmt: skip


def family_bars(report: Report) -> Iterator[Bar]:
    printed, working = (
        [family.right(trial.model, family.parts(trial.seed)[0]) for trial in runs]
        for runs in report.trials.values()
    )
    yield "printed recipe fails", f"at most {max(printed)} of 100", max(printed) <= 10
    middle = statistics.median(working)
    share = sum(right >= 98 for right in working)
    text = f"median {middle:g}; {share} of {len(working)} runs"
    yield "working recipe learns 98 of 100 or more", text, middle >= 98


BARS: dict[str, Callable[[Report], Iterator[Bar]]] = {
    "xor-2-1-1": same_order,
    "xor-2-2-1": same_order,
    "parity-4": same_order,
    "encoder-10-5-10": encoder_bars,
    "mirror-symmetry": mirror_bars,
    "family-trees": family_bars,
}


def changes_of_the_printed_recipe(seeds: int = 3) -> None:
    """What each change of the printed family-tree recipe does, alone and with others."""
    print("family-trees, right of 100 after 6000 sweeps, by seed:")
    changes = {
        "as printed: eps .01, start .3, shrink .2 %": (0.3, 0.01, 0.002),
        "start 1": (1.0, 0.01, 0.002),
        "no shrinking": (0.3, 0.01, 0.0),
        "start 1, no shrinking": (1.0, 0.01, 0.0),
        "eps .05, shrink .02 %": (0.3, 0.05, 0.0002),
        "start 1, eps .05, shrink .02 %": (1.0, 0.05, 0.0002),
    }
    for name, (start, lr, shrink) in changes.items():
        recipe = family.recipe(name, start, lr, shrink, limit=6_000)
        trials = run(recipe, range(seeds), progress_bar(seeds, "run", False))
        right = [family.right(trial.model, family.parts(trial.seed)[0]) for trial in trials]
        print(f"  {name:<44} {', '.join(map(str, right))}")


def main() -> int:
    parser = argparse.ArgumentParser(description="The experiments of 1986, with all their seeds.")
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(EXPERIMENTS)}")
    parser.add_argument("--out", default="out", help="folder for the pictures (out)")
    given = parser.parse_args()
    summary: list[tuple[str, Bar]] = []
    for name in given.names or EXPERIMENTS:
        start = time.perf_counter()
        report = experiment(name, out=given.out)
        print(report)
        print(f"{time.perf_counter() - start:.1f} s; {', '.join(map(str, report.files))}\n")
        if name == "family-trees":
            changes_of_the_printed_recipe()
            print()
        summary += [(name, bar) for bar in BARS[name](report)] if name in BARS else []
    for name, (asked, measured, reached) in summary:
        print(f"{'reached' if reached else 'MISSED':<8} {name:<16} {asked:<58} {measured}")
    return 0 if all(bar[2] for _, bar in summary) else 1


if __name__ == "__main__":
    sys.exit(main())
