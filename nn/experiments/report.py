"""What an experiment found, beside what was published.

Holds: `Row`, `Report`, `Trials`, and the statistics that several experiments print.

May import: of its room learn.  Prints ASCII only, which every console can show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from nn.experiments.learn import Trial, median_sweeps

# The runs of an experiment, by the name of their recipe.
Trials = dict[str, list[Trial]]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        measure: What is compared.
        published: What the authors printed.
        rerun: What others found who did it again.
        here: What was found now.
    """

    measure: str
    published: str
    rerun: str
    here: str


@dataclass(repr=False)
class Report:
    """An experiment that has been run.

    Attributes:
        name: The experiment's name.
        title: What was learned by which network.
        source: Who published it.
        rows: The comparison.
        notes: What the numbers do not say: sentences.
        trials: All runs.
        draw: Makes the pictures, matplotlib figures by name.
        files: Where pictures were saved.
    """

    name: str
    title: str
    source: str
    rows: list[Row]
    notes: list[str]
    trials: Trials
    draw: Callable[[], dict[str, Any]]
    files: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        head = Row("", "published", "re-run by others", "here")
        cells = [(row.measure, row.published, row.rerun, row.here) for row in (head, *self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(4)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([f"{self.name}: {self.title}", self.source, "", *lines, "", *self.notes])

    __repr__ = __str__  # what a notebook shows


def solved(trials: Sequence[Trial], tolerance: float) -> str:
    """'18 of 20'."""
    return f"{sum(tolerance in trial.solved for trial in trials)} of {len(trials)}"


def sweeps(trials: Sequence[Trial], tolerance: float) -> str:
    """The median over all trials in words; 'not solved' if half of them or more did not."""
    middle = median_sweeps(trials, tolerance)
    return f"{middle:.0f}" if middle < float("inf") else "not solved"


def solved_median(trials: Sequence[Trial], tolerance: float) -> str:
    """The median of those trials alone that solved it, in words."""
    found = solved_sweeps(trials, tolerance)
    return f"{median(found):.0f}" if found else "-"


def solved_sweeps(trials: Sequence[Trial], tolerance: float) -> list[int]:
    """The sweeps of the trials that solved it, in increasing order."""
    return sorted(trial.solved[tolerance] for trial in trials if tolerance in trial.solved)


def quartiles(trials: Sequence[Trial], tolerance: float) -> str:
    """The quartiles of the trials that solved it."""
    found = solved_sweeps(trials, tolerance)
    if len(found) < 2:
        return "-"
    first, _, third = quantiles(found, n=4, method="inclusive")
    return f"{first:.0f} to {third:.0f}"


def settings(trials: Trials) -> str:
    """Seeds and back end, in words."""
    every = [trial for each in trials.values() for trial in each]
    numbers = sorted({trial.seed for trial in every})
    first, last = numbers[0], numbers[-1]
    run = len(numbers) > 2 and numbers == list(range(first, last + 1))
    seeds = f"{first} to {last}" if run else ", ".join(map(str, numbers))
    backends = ", ".join(sorted({trial.backend for trial in every}))
    return f"seeds {seeds}; sweeps replayed by the tape's back end {backends}"
