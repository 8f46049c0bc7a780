"""The command line of the experiments: `python -m nn experiment NAME` and `--list`.

Holds: `add_command`, `run_command`.

May import: experiments.  Prints ASCII only, which every console can show.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from nn.experiments.table import EXPERIMENTS, experiment


def add_command(commands: Any) -> None:
    """Adds `experiment` to the commands of a parser."""
    command = commands.add_parser("experiment", help="run a classic experiment again")
    command.add_argument("name", nargs="?", help="the experiment")
    command.add_argument("--list", action="store_true", help="list the experiments")
    command.add_argument("--seeds", type=int, help="how many seeds, from 0 on")
    command.add_argument("--out", default="out", help="folder for the pictures (out)")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def run_command(given: argparse.Namespace) -> int:
    """Runs what was asked for; returns 0.

    Raises:
        ValueError: If the name is missing or unknown.
    """
    if given.list:
        for name, each in EXPERIMENTS.items():
            print(f"{name:<16} {(each.report.__doc__ or '').splitlines()[0]}")
        return 0
    if given.name is None:
        raise ValueError(f"say which experiment: {', '.join(EXPERIMENTS)}; --list describes them")
    start = time.perf_counter()
    report = experiment(given.name, given.seeds, given.out, not given.quiet)
    print(report)
    print(f"{time.perf_counter() - start:.1f} s; written:")
    for path in report.files:
        print(f"  {path}")
    return 0
