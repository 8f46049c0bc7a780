"""A tape as text: its program as Python, and its figures.

Holds: `source` and `summary`.

May import: backends, listing, program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autodiff.tape.backends import Path
from autodiff.tape.listing import Listing
from autodiff.tape.program import Program
from autodiff.tape.symbols import OPERATIONS


def source(program: Program, name: str) -> str:
    """The program of one path as a Python function, forward and adjoint.

    The adjoints are those of the parameters; of the inputs, if there are no parameters.
    """
    n, m = program.n_inputs, program.n_parameters
    leaves = range(n, n + m) if m else range(n)
    listing = Listing(program, readable=True)
    listing.unpack()
    if listing.lines:
        listing.lines.append("")
    listing.forward()
    if program.guards:
        listing.lines.append(f"assert {listing.guards()}, 'another path'")
    arguments = [letter for letter, count in listing.sections if count]
    if len(program.outputs) == 1:
        listing.lines.append("")
        listing.backward(leaves, ["1.0"])
        adjoints = ", ".join(map(listing.adjoint, leaves))
        result = f"{listing.results()}, [{adjoints}]"
    else:
        result = f"[{listing.results()}]"
    head = [*_heading(listing), f"def {name}({', '.join(arguments)}):"]
    body = [f"    {line}" if line else "" for line in listing.lines]
    return "\n".join([*head, *body, f"    return {result}"]) + "\n"


def _heading(listing: Listing) -> Iterator[str]:
    """What the statements refer to."""
    called = {name for name in OPERATIONS if any(f"{name}(" in line for line in listing.lines)}
    for word in ("inf", "nan"):
        if any(f"{word}" in line for line in listing.lines):
            called.add(word)
    builtin = {"abs", "where", "sum"}
    if called - builtin:
        yield f"from math import {', '.join(sorted(called - builtin))}"
        yield ""
    for i, rule in enumerate(listing.opaque):
        yield f"# rule{i}_value and rule{i}_partials: those of the rule {rule.name!r}"


def summary(paths: Sequence[Path], backend: str) -> str:
    """How many operations of which sort each path has, and what replays it."""
    many = "s" if len(paths) != 1 else ""
    lines = [f"Tape of {len(paths)} path{many}, replayed by {backend}"]
    for i, path in enumerate(paths):
        program = path.program
        figures = [
            _number(program.n_inputs, "input"), _number(program.n_parameters, "parameter"),
            _number(len(program.code), "operation"), _number(len(program.constants), "constant"),
            _number(len(program.guards), "guard"), _number(len(program.outputs), "output"),
        ]  # fmt: skip
        lines.append(f"path {i}: {', '.join(figures)}; {program.nbytes():,} bytes")
        counts = [f"{n:,} {name}" for name, n in program.counts().items()]
        lines.append(f"        {', '.join(counts) or 'nothing to compute'}")
        if path.note:
            lines.append(f"        {path.note}")
    return "\n".join(lines)


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"
