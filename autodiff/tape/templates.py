"""Rules as instructions: the steps of a rule, written for a group whose rows are not yet known.

Holds: `Template`, `value_template` and `adjoint_template`.

May import: program, schedule, symbols, machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.rule import RULES, Rule
from autodiff.tape.instructions import OPCODES
from autodiff.tape.schedule import Kind
from autodiff.tape.symbols import Ref, Step, Steps, partial_steps, value_steps

# What the machine does with a function of one number, and of two; by their names in the rules.
UNARY = (
    "exp expm1 log log1p log2 log10 sqrt abs sin cos tan asin acos atan sinh cosh tanh asinh "
    "acosh atanh erf erfc floor"
).split()
BINARY = "pow atan2 hypot mod".split()

_COMPARE = {"lt": ("IF_LESS", False), "le": ("IF_LESS_EQUAL", False), "gt": ("IF_LESS", True),
            "ge": ("IF_LESS_EQUAL", True)}  # fmt: skip
_ROWS = {"add": "ADD", "sub": "SUB", "mul": "MUL", "div": "DIV"}


class UnsupportedError(Exception):
    """A rule that cannot be written down in steps."""


class Template:
    """Instructions of one group.

    In place of rows they have: j for operand number j, `width` for the result, and numbers above
    it for intermediate results, which stand one after the other.  A number that is no row, such as
    that of a constant, is written as ~number.

    Args:
        kind: What the members have in common.
        constants: The machine's constants so far; new ones are appended.

    Attributes:
        lines: One tuple of numbers per instruction: the operation, then its operands.
        uses: The operands that are read.
        temporaries: How many intermediate results there are at a time.
    """

    def __init__(self, kind: Kind, constants: list[float]) -> None:
        self.kind, self.constants = kind, constants
        self.lines: list[tuple[int, ...]] = []
        self.uses: set[int] = set()
        self.temporaries = 0
        self._free: list[int] = []
        self._fills: dict[str, int] = {}

    def emit(self, name: str, *operands: int) -> None:
        """One more instruction."""
        self.lines.append((OPCODES[name], *operands))

    def constant(self, x: float) -> int:
        """The number of a constant."""
        for i, known in enumerate(self.constants):
            if repr(known) == repr(x):
                return i
        self.constants.append(x)
        return len(self.constants) - 1

    def temporary(self) -> int:
        """A row for an intermediate result."""
        if self._free:
            return self._free.pop()
        self.temporaries += 1
        return self.kind.width + self.temporaries

    def write(self, steps: Steps, results: Sequence[Ref], into: Sequence[int | None]) -> list[Any]:
        """The instructions of some steps; where each result is, a row or a constant.

        Args:
            steps: The steps.
            results: Which results are wanted.
            into: For each the row where it should be, or None for any.
        """
        needed = list(steps.needed_for(*results))
        choosing = _only_choosing(needed, results)
        done_with = _last_reads(needed, choosing)
        place: dict[Ref, Any] = {f"x{j}": j for j in range(self.kind.width)}
        place["z"] = self.kind.width
        wanted = {ref: row for ref, row in zip(results, into) if row is not None}
        for i, (name, (operation, refs)) in enumerate(needed):
            if name in choosing:
                place[name] = (operation, refs)
                continue
            row = wanted.get(name)
            place[name] = self.temporary() if row is None else row
            self._step(place[name], operation, refs, place)
            for ref in done_with.get(i, ()):
                own = place[ref].__class__ is int and place[ref] > self.kind.width
                if own and ref not in results:
                    self._free.append(place[ref])
        return [self._finish(ref, row, place) for ref, row in zip(results, into)]

    def _finish(self, ref: Ref, row: int | None, place: dict[Ref, Any]) -> int | float:
        """Brings a result to its row; where it is, or the constant that it is."""
        if isinstance(ref, float):
            if row is not None:
                self.emit("FILL", row, ~self.constant(ref))
            return ref
        if row is not None and place[ref] != row:
            self.emit("MUL_CONSTANT", row, self._row(ref, place), ~self.constant(1.0))
        return self._row(ref, place)

    def _row(self, ref: Ref, place: dict[Ref, Any]) -> int:
        """The row of an operand; a constant fills one."""
        if isinstance(ref, str):
            row: int = place[ref]
            if row < self.kind.width:
                self.uses.add(row)
            return row
        row = self._fills.get(repr(ref), -1)
        if row < 0:
            row = self._fills[repr(ref)] = self.temporary()
            self.emit("FILL", row, ~self.constant(ref))
        return row

    def _step(self, d: int, operation: str, refs: Sequence[Ref], place: dict[Ref, Any]) -> None:
        """One step into row d."""
        if operation == "where":
            condition = place.get(refs[0]) if isinstance(refs[0], str) else None
            if condition.__class__ is tuple:
                self._choose(d, condition[0], (*condition[1], *refs[1:]), place)
            else:
                self.emit("WHERE", d, *[self._row(ref, place) for ref in refs])
        elif operation == "sum":
            self._sum(d, refs, place)
        elif operation in _COMPARE:
            self._choose(d, operation, (*refs, 1.0, 0.0), place)
        elif operation in ("eq", "ne"):  # x <= y and y <= x
            x, y = refs
            other = self.temporary()
            yes, no = (1.0, 0.0) if operation == "eq" else (0.0, 1.0)
            self._choose(other, "le", (y, x, yes, no), place)
            rows = [self._row(ref, place) for ref in (x, y, no)]
            self.emit("IF_LESS_EQUAL", d, *rows[:2], other, rows[2])
            self._free.append(other)
        elif not self._with_constant(d, operation, refs, place):
            self._function(d, operation, [self._row(ref, place) for ref in refs])

    def _choose(self, d: int, name: str, refs: Sequence[Ref], place: dict[Ref, Any]) -> None:
        """The third operand where the first two compare so, else the fourth."""
        opcode, swap = _COMPARE[name]
        a, b, x, y = (self._row(ref, place) for ref in refs)
        self.emit(opcode, d, b if swap else a, a if swap else b, x, y)

    def _function(self, d: int, operation: str, rows: list[int]) -> None:
        if operation in _ROWS:
            self.emit(_ROWS[operation], d, *rows)
        elif operation == "neg":
            self.emit("MUL_CONSTANT", d, rows[0], ~self.constant(-1.0))
        elif operation in UNARY:
            self.emit("UNARY", d, rows[0], ~UNARY.index(operation))
        else:
            self.emit("BINARY", d, *rows, ~BINARY.index(operation))

    def _sum(self, d: int, refs: Sequence[Ref], place: dict[Ref, Any]) -> None:
        rows = [self._row(ref, place) for ref in refs]
        total = self.temporary()  # d may be where a term stands
        self.emit("ADD", total, *(rows + rows)[:2]) if len(rows) > 1 else None
        for row in rows[2:]:
            self.emit("ADD", total, total, row)
        self.emit("MUL_CONSTANT", d, total if len(rows) > 1 else rows[0], ~self.constant(1.0))
        self._free.append(total)

    def _with_constant(
        self, d: int, operation: str, refs: Sequence[Ref], place: dict[Ref, Any]
    ) -> bool:
        """Arithmetic of a row and a constant, where there is an instruction for it."""
        if len(refs) != 2 or operation not in ("add", "sub", "mul"):
            return False
        x, y = refs
        name = "MUL_CONSTANT" if operation == "mul" else "ADD_CONSTANT"
        if isinstance(y, float) and isinstance(x, str):
            constant = self.constant(-y if operation == "sub" else y)
            self.emit(name, d, self._row(x, place), ~constant)
        elif isinstance(x, float) and isinstance(y, str):
            row = self._row(y, place)
            if operation == "sub":
                self.emit("MUL_CONSTANT", d, row, ~self.constant(-1.0))
                row = d
            self.emit(name, d, row, ~self.constant(x))
        else:
            return False
        return True


def _only_choosing(needed: Sequence[tuple[str, Step]], results: Sequence[Ref]) -> set[Ref]:
    """Comparisons that nothing but choices look at: they need no row of their own."""
    conditions: set[Ref] = {refs[0] for _, (operation, refs) in needed if operation == "where"}
    for _, (operation, refs) in needed:
        conditions.difference_update(refs[1:] if operation == "where" else refs)
    compared = {name for name, (operation, _) in needed if operation in _COMPARE}
    return (conditions & compared) - set(results)


def _last_reads(needed: Sequence[tuple[str, Step]], choosing: set[Ref]) -> dict[int, list[str]]:
    """For each step the names that no later one reads."""
    steps, last = dict(needed), {}
    for i, (name, (_, refs)) in enumerate(needed):
        if name not in choosing:
            for ref in refs:
                # A comparison without a row is made where the choice is.
                read = (ref, *steps[ref][1]) if ref in choosing else (ref,)  # type: ignore[index]
                last.update(dict.fromkeys((each for each in read if isinstance(each, str)), i))
    found: dict[int, list[str]] = {}
    for ref, i in last.items():
        found.setdefault(i, []).append(ref)
    return found


def _known(kind: Kind) -> tuple[float | None, ...]:
    return kind.known or (None,) * kind.width


def value_template(kind: Kind, constants: list[float]) -> Template:
    """How a group of this kind computes its results.

    Raises:
        UnsupportedError: If the rule's value cannot be written down.
    """
    template = Template(kind, constants)
    if kind.rule is FUSED.get(kind.rule.name):
        template.uses.add(0)
        template.emit("FUSED", kind.width, 0, ~list(FUSED).index(kind.rule.name))
        return template
    steps = value_steps(kind.rule, _known(kind))
    if steps is None:
        raise _unsupported(kind)
    template.write(steps, steps.results, [kind.width])
    return template


def check_adjoint(kind: Kind) -> None:
    """Raises UnsupportedError if there is no reverse step for groups of this kind."""
    if partial_steps(kind.rule, _known(kind)) is None:
        raise _unsupported(kind)


def _unsupported(kind: Kind) -> UnsupportedError:
    return UnsupportedError(f"the rule {kind.rule.name!r} does more than arithmetic")


def adjoint_template(
    kind: Kind, wanted: Sequence[bool], constants: list[float], may_fuse: bool
) -> Template | None:
    """How a group of this kind passes its adjoints on to the operands where that is wanted.

    The last instructions are ADJOINT, ADJOINT_CONSTANT and ADJOINT_TIMES with an operand in place
    of the first row; None if there is no loop of its own, with `may_fuse`.

    Raises:
        UnsupportedError: If the rule's partials cannot be written down.
    """
    template, rule = Template(kind, constants), kind.rule
    if may_fuse:
        if rule is not FUSED_ADJOINTS.get(rule.name):
            return None
        template.uses.add(0)
        row = 0 if _operand_of_partial(rule) == "x0" else kind.width
        which = list(FUSED_ADJOINTS).index(rule.name)
        template.emit("FUSED_ADJOINT", 0, kind.width, row, ~which)
        return template
    steps = partial_steps(rule, _known(kind))
    if steps is None:
        raise _unsupported(kind)
    kept = [j for j, each in enumerate(wanted) if each]
    rows = template.write(steps, [steps.results[j] for j in kept], [None] * len(kept))
    for j, row in zip(kept, rows):
        if row.__class__ is float:
            if row == 1.0:
                template.emit("ADJOINT", j, kind.width)
            else:
                template.emit("ADJOINT_CONSTANT", j, kind.width, ~template.constant(row))
        else:
            template.emit("ADJOINT_TIMES", j, kind.width, row)
    return template


def _operand_of_partial(rule: Rule) -> str:
    """What the partial of a rule of one operand depends on: "x0", "z"; "" if on both or neither."""
    steps = partial_steps(rule, (None,))
    if steps is None:
        return ""
    used = {ref for _, (_, refs) in steps.needed_for(steps.results[0]) for ref in refs}
    found = used & {"x0", "z"}
    return str(found.pop()) if len(found) == 1 else ""


# Rules whose value, and whose adjoint, have a loop of their own because networks need them most.
# The very rules: one that is registered later in place of such a rule comes as instructions.
FUSED = {"relu": RULES["relu"]} if value_steps(RULES["relu"], (None,)) else {}
FUSED_ADJOINTS = {
    name: RULES[name] for name in ("relu", "tanh", "sigmoid") if _operand_of_partial(RULES[name])
}
