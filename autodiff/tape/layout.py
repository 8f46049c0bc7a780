"""A program for the compiled machine: where every number stands, and the instructions.

Holds: `Layout`.

May import: program, schedule, templates, instructions, kernels, assembler.  Imports numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.tape import assembler
from autodiff.tape.instructions import OPCODES, WORDS
from autodiff.tape.kernels import assembler_kernels
from autodiff.tape.program import DOT, SUM, Program
from autodiff.tape.schedule import Schedule
from autodiff.tape.templates import (
    Template,
    adjoint_template,
    check_adjoint,
    value_template,
)

# Operands of the programs that are assembled by uncompiled Python.
SMALL = 50_000
# Members of a group at a time: a block's intermediate results must stay in the cache as well.
GROUP_ONE, GROUP_MANY = 2048, 64

# What the assembler calls the wide operations that it knows.
_TYPES = {SUM: 1, DOT: 2}
_GUARDS = {"<": (0, False), "<=": (1, False), ">": (0, True), ">=": (1, True),
           "==": (2, False), "!=": (2, False)}  # fmt: skip


class Layout:
    """A program for the machine: where every number stands, and the instructions.

    Args:
        program: The program.
        one: Whether it is for one example at a time; then nothing is held apart as fixed.
    """

    def __init__(self, program: Program, one: bool) -> None:
        self.program, self.one = program, one
        # Compiling the assembler takes seconds: it pays for large programs.
        self.compiler = assembler_kernels() if len(program.operands) > SMALL else None
        self.schedule = schedule = Schedule(program, self.compiler, exact=one)
        self.constants: list[float] = []
        self.lines: list[tuple[int, ...]] = []
        self.uses: list[int] = []
        self.line_starts, self.use_starts = [0], [0]
        self._place()
        self._split()
        self.index = np.zeros(0, dtype=np.int32)
        # How many rows and numbers there are, with those for intermediate results.
        self.n_values, self.n_fixed_values = self.n_rows, self.n_fixed
        self.lists = np.zeros(len(self.kind), dtype=np.int64)
        values = self._value_templates()
        varies = schedule.varies[program.first + schedule.members[self.bounds[:-1]]] | one
        self.varies = varies.astype(bool)
        order = np.arange(len(self.kind), dtype=np.int32)
        fixed = order[~self.varies]
        self.fixed_forward = _joined(self._pass(fixed, values, False, self.fixed_rows))
        varying = self._pass(order[self.varies], values, False, self.rows)
        last = self._guards()
        for j, row in enumerate(self.rows[program.outputs].tolist()):
            last += _instruction("STORE", len(program.outputs), row, j)
        self.forward = _joined(_instruction("LOAD", program.n_inputs), varying, last)
        self._passes: dict[int, tuple[Any, Any]] = {}

    def _place(self) -> None:
        """Gives every slot its row: ~number for those that do not vary."""
        program, schedule = self.program, self.schedule
        order = np.concatenate([
            np.arange(program.first, dtype=np.int32), np.int32(program.first) + schedule.members,
            np.arange(program.first_constant, program.n_slots, dtype=np.int32),
        ])  # fmt: skip
        varies = np.ones(len(order), bool) if self.one else schedule.varies[order].astype(bool)
        self.n_rows, self.n_fixed = int(varies.sum()), int((~varies).sum())
        self.rows = np.zeros(program.n_slots, dtype=np.int32)
        self.rows[order[varies]] = np.arange(self.n_rows, dtype=np.int32)
        self.rows[order[~varies]] = ~np.arange(self.n_fixed, dtype=np.int32)
        # The fixed part is a program of its own, in which everything varies.
        self.fixed_rows = None if self.one else np.where(self.rows < 0, ~self.rows, 0)

    def _split(self) -> None:
        """Cuts groups that are too long."""
        longest = GROUP_ONE if self.one else GROUP_MANY
        old = self.schedule.bounds
        if len(old) < 2:
            self.bounds, self.kind = np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.int32)
            self.whole = np.zeros(0, dtype=np.int64)
            return
        lengths = np.diff(old)
        pieces = -(-lengths // longest)
        self.whole = np.repeat(np.arange(len(lengths), dtype=np.int32), pieces)
        number = np.arange(len(self.whole), dtype=np.int32)
        number -= np.repeat((np.cumsum(pieces) - pieces).astype(np.int32), pieces)
        self.bounds = np.append(old[:-1][self.whole] + number * longest, old[-1]).astype(np.int32)
        self.kind = self.schedule.kind[self.whole]

    def _add_template(self, template: Template) -> int:
        self.lines += [(*line, *[-1] * (WORDS - len(line))) for line in template.lines]
        self.line_starts.append(len(self.lines))
        self.uses += sorted(template.uses)
        self.use_starts.append(len(self.uses))
        return len(self.line_starts) - 2

    def _value_templates(self) -> tuple[Any, Any]:
        """For each group its template, and none that is fused."""
        found = []
        for kind in self.schedule.kinds:
            check_adjoint(kind)
            wide = kind.rule in _TYPES
            found.append(0 if wide else self._add_template(value_template(kind, self.constants)))
        templates = np.array(found or [0], dtype=np.int32)[self.kind]
        return templates, np.full(len(self.kind), -1, dtype=np.int32)

    def _adjoint_templates(self, wanted: Any) -> tuple[Any, Any]:
        """For each group the template of its reverse step, and one that is fused, or -1."""
        schedule, n = self.schedule, len(self.kind)
        templates, fused = np.full((2, n), -1, dtype=np.int32)
        passes = wanted[self.program.first + schedule.members]
        active = np.maximum.reduceat(passes, self.bounds[:-1]) if n else passes
        for i, kind in enumerate(schedule.kinds):
            groups = np.flatnonzero((self.kind == i) & (active > 0))
            if not len(groups):
                continue
            masks = self._masks(groups, kind.width, wanted)
            if kind.rule is DOT:
                half = kind.width // 2
                sides = masks[:, :half].any(axis=1), masks[:, half:].any(axis=1)
                templates[groups] = sides[0] + 2 * sides[1]
                continue
            if kind.rule.variadic:
                masks[:] = True
            if kind.rule is SUM:
                templates[groups] = 0
                continue
            known = kind.known or (None,) * kind.width
            masks &= np.array([x is None for x in known])
            for mask in np.unique(masks, axis=0):
                mine = groups[(masks == mask).all(axis=1)]
                made = adjoint_template(kind, mask.tolist(), self.constants, False)
                assert made is not None
                templates[mine] = self._add_template(made)
                if kind.rule.arity == 1:
                    made = adjoint_template(kind, mask.tolist(), self.constants, True)
                    if made is not None:
                        fused[mine] = self._add_template(made)
        templates[(self.kind >= 0) & (active == 0)] = -1
        return templates, fused

    def _masks(self, groups: Any, width: int, wanted: Any) -> Any:
        """For each group and operand whether any member's adjoint of it is wanted."""
        schedule = self.schedule
        lengths = np.diff(self.bounds)[groups]
        first = np.cumsum(lengths) - lengths
        inside = np.arange(lengths.sum()) - np.repeat(first, lengths)
        members = schedule.members[np.repeat(self.bounds[:-1][groups], lengths) + inside]
        starts = schedule.start[members]
        masks = np.empty((len(groups), width), dtype=bool)
        for j in range(width):
            of_members = wanted[schedule.operands[starts + j]]
            masks[:, j] = np.maximum.reduceat(of_members, first)
        return masks

    def _pass(self, groups: Any, templates: tuple[Any, Any], reverse: bool, rows: Any) -> Any:
        """The instructions of one pass over some groups, in order."""
        if not len(groups):
            return []
        schedule = self.schedule
        fixed = rows is self.fixed_rows
        kinds = schedule.kinds
        types = np.array([_TYPES.get(kind.rule, 0) for kind in kinds], dtype=np.int32)[self.kind]
        widths = np.array([k.width for k in kinds], dtype=np.int32)
        base = np.zeros(widths.max(), dtype=np.int64)
        lines = np.array(self.lines or [(0,) * WORDS], dtype=np.int32)
        arrays = [
            np.ascontiguousarray(groups, dtype=np.int32), self.bounds, schedule.members, types,
            widths[self.kind],
            *templates, np.array(self.line_starts, dtype=np.int32), lines,
            np.array(self.use_starts, dtype=np.int32), np.array(self.uses, dtype=np.int32),
            schedule.start, schedule.operands, rows,
        ]  # fmt: skip
        spare = self.n_fixed if fixed else self.n_rows
        options = [
            self.program.first, spare, self.one or fixed, reverse, base,
            np.zeros(5, dtype=np.int64), self.lists,
        ]  # fmt: skip
        assemble = (self.compiler or assembler).assemble
        code, index, end = np.zeros(0, np.int32), self.index, len(self.index)
        size, index_size, _ = assemble(*arrays, *options, code, index[:0], end)
        code = np.zeros(size, dtype=np.int32)
        self.index = np.append(index, np.zeros(index_size - end, dtype=np.int32))
        _, _, most = assemble(*arrays, *options, code, self.index, end)
        if fixed:
            self.n_fixed_values = max(self.n_fixed_values, most)
        else:
            self.n_values = max(self.n_values, most)
        return code

    def _guards(self) -> list[int]:
        """The checks of what decided the path."""
        words: list[int] = []
        gathered: list[int] = []
        end = len(self.index)
        for symbol, a, b, outcome in self.program.guards:
            kind, swap = _GUARDS[symbol]
            places = []
            for i, slot in enumerate((b, a) if swap else (a, b)):
                row = int(self.rows[slot])
                if row < 0:
                    place = self.n_rows + i
                    self.n_values = max(self.n_values, place + 1)
                    words += _instruction("GATHER", 1, place, end + len(gathered))
                    gathered.append(row)
                    row = place
                places.append(row)
            met = outcome != (symbol == "!=")
            words += _instruction("GUARD", 1, 0, *places, kind << 1 | met)
        self.index = np.append(self.index, np.array(gathered, dtype=np.int32))
        return words

    def passes(self, wants: int) -> tuple[Any, Any, Any, Any]:
        """The machine's programs: fixed, forward, backward and after, as of its `replay`.

        Args:
            wants: 0 for results only, 1 for the parameters' adjoints, 2 for those of the inputs.
        """
        if wants not in self._passes:
            self._passes[wants] = self._reverse(wants) if wants else (_joined(), _joined())
        return self.fixed_forward, self.forward, *self._passes[wants]

    def _reverse(self, wants: int) -> tuple[Any, Any]:
        """The reverse steps for a block of examples, and for what does not vary."""
        program, n = self.program, self.program.n_inputs
        leaves = range(n, n + program.n_parameters) if wants == 1 else range(n)
        templates = self._adjoint_templates(self.schedule.wanted(leaves))
        order = self._backward_order()
        varies = self.varies[order]
        backward = _joined(
            _instruction("START", 0, self.n_rows),
            _instruction("SEED", 0, int(self.rows[program.outputs[0]])),
            self._pass(order[varies], templates, True, self.rows),
            _instruction("TAKE", n) if wants == 2 else [],
        )
        return backward, _joined(self._pass(order[~varies], templates, True, self.fixed_rows))

    def _backward_order(self) -> Any:
        """The groups in the order of the reverse pass, pieces of one group from last to first."""
        place = np.empty(len(self.schedule.kind), dtype=np.int32)
        place[:] = len(place)
        place[self.schedule.backward] = np.arange(len(self.schedule.backward))
        pieces = np.arange(len(self.kind), dtype=np.int32)[::-1]
        order = pieces[np.argsort(place[self.whole[pieces]], kind="stable")]
        return order[place[self.whole[order]] < len(place)]


def _instruction(name: str, members: int, *words: int) -> list[int]:
    return [OPCODES[name] | members << 8, *words]


def _joined(*parts: Any) -> Any:
    """Instructions one after the other, and the zeros behind them."""
    parts = (*parts, [0] * WORDS)
    return np.concatenate([np.asarray(part, dtype=np.int32) for part in parts])
