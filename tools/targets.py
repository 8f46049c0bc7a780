"""The targets of the Makefile as data, for the list of commands and for the tests."""

import re
from pathlib import Path
from typing import NamedTuple

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"


class Target(NamedTuple):
    """One target: `make <name>` does <purpose> by `python -m <line>`."""

    name: str
    purpose: str
    line: str


def targets() -> list[Target]:
    """All targets, in the order of the Makefile."""
    text = MAKEFILE.read_text(encoding="utf-8")
    found = re.findall(r"^([a-z]+): *## (.+)\n\t@?\$\(PYTHON\) -m (.+)$", text, re.MULTILINE)
    return [Target(*parts) for parts in found]
