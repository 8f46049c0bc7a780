"""The command line: `python -m nn demo`, `train NAME`, `experiment NAME`; both also `--list`.

Holds: `main`.

May import: data, command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from nn.command.experiment import add_command, run_command
from nn.command.recipes import RECIPES
from nn.command.run import run
from nn.data.datasets import DATA_SETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0, or 2 with one line on what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m nn", description="Train small networks.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train on the Wisconsin breast cancer data")
    train = commands.add_parser("train", help="train on any of the data sets")
    train.add_argument("name", nargs="?", help="the data set")
    train.add_argument("--list", action="store_true", help="list the data sets")
    train.add_argument("--hidden", type=int, nargs="+", help="widths of the hidden layers")
    train.add_argument("--epochs", type=int, help="passes over the training part")
    for each in (demo, train):
        each.add_argument("--out", default="out", help="folder for the pictures (out)")
        each.add_argument("--seed", type=int, default=1, help="of split, weights and order (1)")
        each.add_argument("--quiet", action="store_true", help="no progress bar")
    add_command(commands)
    given = parser.parse_args(arguments)
    if given.command == "demo":
        given.name, given.hidden, given.epochs, given.list = "breast_cancer", None, None, False
    if given.list and given.command == "train":
        for name, make in DATA_SETS.items():
            print(f"{name:<14} {(make.__doc__ or '').splitlines()[0]}")
        return 0
    if given.command == "train" and given.name is None:
        train.error(f"say which data set: {', '.join(RECIPES)}; --list describes them")
    try:
        if given.command == "experiment":
            return run_command(given)
        run(given.name, given.hidden, given.epochs, given.out, given.seed, not given.quiet)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
