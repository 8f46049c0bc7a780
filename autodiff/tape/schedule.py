"""Which operations of a program can be done side by side.

Holds: `Schedule`, which sorts the operations into groups of one kind whose numbers stand side by
side in memory, so that one instruction does them all: 32 neurons of a layer, 999 terms of a sum.

No number may change by it.  Forward that is easy, a result is the same whenever it is computed.
Backward, adjoints are sums, and floating-point sums depend on their order: so if an operation used
a number before another one did, in eager's order, it also stands in an earlier group, or before the
other one in the same.  The groups are done from last to first, each from its last member to its
first, and every sum is added in eager's order.

May import: program, symbols.  Imports numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.rule import Rule
from autodiff.tape.loops import Bytes, Int, Ints
from autodiff.tape.program import Program

# How many constants one operand of one rule may have before they count as data.
FEW = 4


@dataclass(frozen=True)
class Kind:
    """What the members of a group have in common.

    Attributes:
        rule: The operation.
        width: How many operands each has.
        known: For each operand the constant that it is, or None; () for wide operations.
    """

    rule: Rule
    width: int
    known: tuple[float | None, ...]


def find_levels(
    first: Int, first_constant: Int, start: Ints, operands: Ints, kind: Ints, adds: Bytes,
    consumer: Ints, position: Ints, varies: Bytes, level: Ints,
) -> None:  # fmt: skip
    """Gives every operation the first level at which it can stand, and tells what varies.

    Args:
        first: The slot of the first operation.
        first_constant: The slot of the first constant.
        start: Where each operation's operands start.
        operands: Slots.
        kind: Each operation's kind, a number.
        adds: For each operation 1 if its reverse step adds to its operands' adjoints.
        consumer: For each slot -1; becomes the last operation that used it.
        position: For each slot 0; becomes which operand it was, -1 if several.
        varies: For each slot 1 if it depends on the inputs; filled in for results.
        level: Filled in.
    """
    for k in range(len(kind)):
        here = 0
        depends = 0
        for p in range(start[k], start[k + 1]):
            s = operands[p]
            if s >= first_constant:
                continue
            depends |= varies[s]
            if s >= first and level[s - first] >= here:
                here = level[s - first] + 1
            c = consumer[s]
            if adds[k] and c >= 0:
                at = level[c]
                if kind[c] != kind[k] or position[s] != p - start[k]:
                    at += 1
                if at > here:
                    here = at
        level[k] = here
        varies[first + k] = depends
        if adds[k]:
            for p in range(start[k], start[k + 1]):
                s = operands[p]
                position[s] = -1 if consumer[s] == k else p - start[k]
                consumer[s] = k


class Schedule:
    """The groups of a program, in an order in which they can be computed.

    Args:
        program: The program.
        compiled: What holds `find_levels` and `find_wanted` compiled; None for these here.
        exact: Whether adjoints must be added in eager's order, to the last bit; else what varies
            with the inputs is kept apart from what does not.

    Attributes:
        kinds: The distinct kinds.
        members: Numbers of the operations, group after group, in each in eager's order.
        bounds: Where each group starts in `members`, and the end.
        kind: For each group its place in `kinds`.
        varies: For each slot 1 if it depends on the inputs.
        backward: The groups in the order of the reverse pass.
    """

    def __init__(self, program: Program, compiled: Any = None, exact: bool = False) -> None:
        self.program, self.compiled = program, compiled
        n = len(program.code)
        self.start = np.frombuffer(program.start, dtype=np.int32)
        self.operands = np.frombuffer(program.operands, dtype=np.int32) if n else _none()
        self.code = np.frombuffer(program.code, dtype=np.uint16) if n else _none()
        self.kinds: list[Kind] = []
        kind = self._find_kinds()
        self.varies = np.zeros(program.n_slots, dtype=np.uint8)
        self.varies[: program.n_inputs] = 1
        level = np.zeros(n, dtype=np.int32)
        adds, order = self._adds()
        ordered = adds if exact else np.zeros_like(adds)
        order = order if exact else None
        arrays = [
            self.start, self.operands, kind, ordered, np.full(program.n_slots, -1, dtype=np.int32),
            np.zeros(program.n_slots, dtype=np.int32), self.varies, level,
        ]  # fmt: skip
        if compiled is None:  # lists are quicker than arrays
            lists = [each.tolist() for each in arrays]
            find_levels(program.first, program.first_constant, *lists)
            self.varies[:], level[:] = lists[-2:]
        else:
            compiled.find_levels(program.first, program.first_constant, *arrays)
        if order is not None:  # eager's order is no order of computing: every operation for itself
            level = np.arange(n, dtype=np.int32)
        # Some never share a group: those that vary with the inputs and those that do not, and
        # those through which gradients flow and those that stop them.
        fine = 4 * kind.astype(np.int64) + 2 * adds
        if not exact:
            fine += self.varies[program.first : program.first + n]
        key = level * np.int64(4 * max(1, len(self.kinds))) + fine
        self.members = np.argsort(key, kind="stable").astype(np.int32)
        key = key[self.members]
        starts = np.flatnonzero(np.diff(key, prepend=-1)).astype(np.int32)
        self.bounds = np.append(starts, np.int32(n))
        self.kind = kind[self.members[starts]] if n else kind
        self.backward = self._backward(order)

    def _adds(self) -> tuple[Any, Any]:
        """Which operations add to adjoints; and their order if it is not that of computing."""
        program = self.program
        adds = np.ones(len(program.code), dtype=np.uint8)
        if program.reverse is None:
            return adds, None
        order = np.frombuffer(program.reverse, dtype=np.int32) - program.first
        adds[:] = 0
        adds[order] = 1
        return adds, None if (np.diff(order) > 0).all() else order

    def _backward(self, order: Any) -> Any:
        groups = np.arange(len(self.kind))[::-1]
        if order is None:
            return groups
        group_of = np.zeros(len(self.members), dtype=np.int64)
        group_of[self.members] = np.arange(len(self.members))
        return group_of[order[::-1]]

    def _find_kinds(self) -> Any:
        """Each operation's kind, a number."""
        program = self.program
        widths = np.diff(self.start)
        kind = np.zeros(len(program.code), dtype=np.int32)
        for i, rule in enumerate(program.rules):
            mine = np.flatnonzero(self.code == i)
            if rule.variadic:
                for width in np.unique(widths[mine]):
                    kind[mine[widths[mine] == width]] = len(self.kinds)
                    self.kinds.append(Kind(rule, int(width), ()))
                continue
            slots = self.operands[self.start[mine][:, None] + np.arange(rule.arity)]
            tell = np.zeros(len(mine), dtype=np.int64)  # tells which constants they have
            for j in range(rule.arity):
                constant = slots[:, j] >= program.first_constant
                if not constant.any():
                    continue
                if len(np.unique(slots[constant, j])) <= FEW:
                    tell = tell * (program.n_slots + 1) + np.where(constant, slots[:, j] + 1, 0)
                else:
                    slots[:, j] = -1
            for each in np.unique(tell):
                same = tell == each
                known = [self._constant(s) for s in slots[np.argmax(same)]]
                kind[mine[same]] = len(self.kinds)
                self.kinds.append(Kind(rule, rule.arity, tuple(known)))
        return kind

    def _constant(self, slot: int) -> float | None:
        first = self.program.first_constant
        return self.program.constants[slot - first] if slot >= first else None

    def wanted(self, leaves: range) -> Any:
        """For each slot 1 if a gradient that arrives there is wanted by, or reaches, `leaves`."""
        if self.compiled is None:
            found = self.program.wanted(leaves)
        else:
            found = self.program.wanted(leaves, self._find_wanted)
        return np.frombuffer(found, dtype=np.uint8)

    def _find_wanted(self, first: int, _: Any, __: Any, inert: Any, wanted: Any) -> None:
        """`find_wanted` compiled, which takes arrays; it fills in `wanted` all the same."""
        marks = [np.frombuffer(each, dtype=np.uint8) for each in (inert, wanted)]
        self.compiled.find_wanted(first, self.start, self.operands, *marks)

    def group(self, g: int) -> Any:
        """The numbers of the operations of group g."""
        return self.members[self.bounds[g] : self.bounds[g + 1]]


def _none() -> Any:
    return np.zeros(0, dtype=np.int32)
