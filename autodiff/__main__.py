"""`python -m autodiff`: the commands `doctor`, `table`, `draw` and `explain`.

Holds: the parser of the command line; what a command does stands in the module it names.

May import: anything of ours, when the command needs it.
"""

from __future__ import annotations

import argparse
import sys

from autodiff import doctor, table
from autodiff.command import add_commands


def _doctor(options: argparse.Namespace) -> int:
    doctor.show_versions()
    return 0


def _table(options: argparse.Namespace) -> int:
    if not options.write:
        print(table.operations_table(), end="")
        return 0
    for path in table.write():
        print(f"wrote {path.name}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    top = argparse.ArgumentParser(prog="python -m autodiff", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("doctor", help="what is installed, what is missing, what to do")
    one.set_defaults(run=_doctor)
    one = commands.add_parser("table", help="the table of operations, from the rules")
    one.add_argument("--write", action="store_true", help="renew it in README and value.py")
    one.set_defaults(run=_table)
    add_commands(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns the exit code of the process."""
    options = parser().parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
