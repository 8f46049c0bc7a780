"""All experiments by name, and how one is run.

Holds: `EXPERIMENTS`, all of them, and `experiment`, which runs one and saves its pictures.

Each uses the recipe that was printed, where one was, and says so where that does not work.

May import: checks, extras, train, plot; of its room bits, encoder, family, learn, mirror, report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nn.checks import check_folder
from nn.experiments import bits, encoder, family, mirror
from nn.experiments.learn import Recipe, run
from nn.experiments.report import Report, Trials
from nn.extras import need
from nn.plot.pictures import save_figure
from nn.train.progress import progress_bar


@dataclass(frozen=True)
class Experiment:
    """An experiment that can be run.

    Attributes:
        recipes: What is run from every seed.
        report: What the runs show; its docstring describes the experiment.
        seeds: How many seeds are usual.
    """

    recipes: Sequence[Recipe]
    report: Callable[[Trials], Report]
    seeds: int


EXPERIMENTS = {
    "xor-2-1-1": Experiment(bits.DIRECT, bits.xor_direct, 15),
    "xor-2-2-1": Experiment(bits.TWO_HIDDEN, bits.xor_two_hidden, 15),
    "parity-4": Experiment(bits.PARITY, bits.parity_4, 20),
    "encoder-8-3-8": Experiment(bits.ENCODER, bits.encoder_8_3_8, 20),
    "encoder-10-5-10": Experiment(encoder.RECIPES, encoder.encoder_10_5_10, 100),
    "mirror-symmetry": Experiment((mirror.RECIPE,), mirror.mirror_symmetry_1986, 20),
    "family-trees": Experiment(family.RECIPES, family.family_trees_1986, 10),
}


def experiment(
    name: str,
    seeds: int | Sequence[int] | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Report:
    """Runs an experiment; prints nothing but the progress bar.

    Args:
        name: One of `EXPERIMENTS`.
        seeds: Of the initial weights: how many, from 0 on, or which; the usual ones if left out.
        out: A folder for the pictures; none are saved if left out.
        progress: Whether to show a bar.

    Returns:
        The report: `print` shows the table, `report.draw()` makes the pictures.

    Raises:
        ValueError: If the name is unknown or there are no seeds.
        ImportError: If NumPy, or for pictures matplotlib, is not installed.
        OSError: If the folder cannot be made, or nothing written into it.

    >>> list(EXPERIMENTS)[:3]
    ['xor-2-1-1', 'xor-2-2-1', 'parity-4']
    """
    if name not in EXPERIMENTS:
        raise ValueError(
            f"unknown experiment {name!r}: the known ones are {', '.join(EXPERIMENTS)}"
        )
    chosen = EXPERIMENTS[name]
    seeds = chosen.seeds if seeds is None else seeds
    numbers = range(seeds) if isinstance(seeds, int) else list(seeds)
    if not numbers:
        raise ValueError("an experiment needs at least one seed")
    need("numpy", "An experiment")  # what is missing is told before the work, not after
    if out is not None:
        need("matplotlib.figure", "A picture")
        check_folder(out)
    bar = progress_bar(len(chosen.recipes) * len(numbers), "run", progress)
    try:
        trials = {recipe.name: run(recipe, numbers, bar) for recipe in chosen.recipes}
    finally:
        bar.close()
    report = chosen.report(trials)
    if out is not None:
        for title, figure in report.draw().items():
            report.files.append(save_figure(figure, Path(out) / f"{title}.svg"))
    return report
