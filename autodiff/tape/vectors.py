"""The back end that needs NumPy: a batch at a time, a group of operations at a time.

Holds: `VectorReplay`.  Every number of the program is a row with one entry per example; a group of
operations is a block of rows, and one call of a NumPy function computes it.  What does not depend
on the inputs is one number, not a row, and computed once per batch.

NumPy's exp, tanh and pow differ from those of Python by a unit in the last place, and its sums are
added in another order: results agree with eager's to rounding, not to the last bit.

May import: program, python, schedule, symbols, elementwise.  Imports numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.tape.elementwise import (
    Function,
    on_arrays,
    operation,
    whole_partials,
    whole_value,
)
from autodiff.tape.program import COMPARISONS, DOT, SUM, Program
from autodiff.tape.python import Replayed
from autodiff.tape.schedule import Kind, Schedule
from autodiff.tape.symbols import partial_steps, value_steps


class Place:
    """The rows of some slots: a slice where they stand side by side, else their numbers."""

    def __init__(self, rows: Any) -> None:
        self.distinct = True
        if len(rows) and (np.diff(rows) == 1).all():
            self.rows: Any = slice(int(rows[0]), int(rows[-1]) + 1)
        else:
            self.rows = rows
            self.distinct = len(np.unique(rows)) == len(rows)

    def add(self, sums: Any, terms: Any) -> None:
        """`sums[row] += term`, also for a row that occurs several times."""
        if self.distinct:
            sums[self.rows] += terms
        else:
            np.add.at(sums, self.rows, terms)


class Memory:
    """Values and adjoints of one replay: `fixed` of one column, `rows` of one per example."""

    def __init__(self, n_rows: int, n: int, fixed: Any) -> None:
        self.fixed, self.rows = fixed, np.empty((n_rows, n))
        self.fixed_adjoints = self.row_adjoints = np.empty(0)

    def start_adjoints(self) -> None:
        """All adjoints are 0."""
        self.fixed_adjoints = np.zeros_like(self.fixed)
        self.row_adjoints = np.zeros_like(self.rows)


class Operand:
    """The numbers that one operand of a group takes, over all members, or over all pairs."""

    def __init__(self, slots: Any, replay: VectorReplay) -> None:
        self.varies = replay.schedule.varies[slots].astype(bool)
        self.mixed = self.varies.any() and not self.varies.all()
        self.all_vary = bool(self.varies.all())
        rows = replay.row_of[slots]
        self.rows = Place(rows[self.varies])
        self.fixed = Place(rows[~self.varies])

    def get(self, memory: Memory) -> Any:
        """The values: one row per member, of one column if they do not vary."""
        if self.all_vary:
            return memory.rows[self.rows.rows]
        if not self.mixed:
            return memory.fixed[self.fixed.rows]
        values = np.empty((len(self.varies), memory.rows.shape[1]))
        values[self.varies] = memory.rows[self.rows.rows]
        values[~self.varies] = memory.fixed[self.fixed.rows]
        return values

    def add(self, memory: Memory, terms: Any) -> None:
        """Adds terms, one row per member, to the adjoints."""
        if self.all_vary:
            self.rows.add(memory.row_adjoints, terms)
            return
        if self.mixed:
            self.rows.add(memory.row_adjoints, terms[self.varies])
            terms = terms[~self.varies]
        self.fixed.add(memory.fixed_adjoints, terms.sum(axis=1, keepdims=True))


class Group:
    """One group: computes its values, and passes its adjoints on."""

    def __init__(self, kind: Kind, members: Any, replay: VectorReplay) -> None:
        schedule = replay.schedule
        self.rule, self.width = kind.rule, kind.width
        slots = replay.program.first + members
        self.varies = bool(schedule.varies[slots[0]])
        self.result = Operand(slots, replay)
        operands = schedule.operands[schedule.start[members][:, None] + np.arange(kind.width)]
        self.slots = operands
        known = kind.known or (None,) * kind.width
        self.operands = [
            Operand(operands[:, j], replay) if x is None else x for j, x in enumerate(known)
        ]
        self.known = known
        self._value: Function | None = None
        self._partials: dict[tuple[int, ...], Function] = {}

    def values(self, memory: Memory) -> list[Any]:
        """The operands' values."""
        return [x.get(memory) if isinstance(x, Operand) else x for x in self.operands]

    def adjoints(self, memory: Memory) -> Any:
        """The results' adjoints."""
        return (memory.row_adjoints if self.varies else memory.fixed_adjoints)[self.result_rows()]

    def store(self, memory: Memory, z: Any) -> None:
        """Keeps the results."""
        (memory.rows if self.varies else memory.fixed)[self.result_rows()] = z

    def result_rows(self) -> Any:
        """Where the results stand, side by side."""
        return (self.result.rows if self.varies else self.result.fixed).rows

    def forward(self, memory: Memory) -> None:
        """Computes the results."""
        if self._value is None:
            steps = value_steps(self.rule, self.known)
            self._value = (
                on_arrays(steps, steps.results, self.width, False)
                if steps is not None
                else whole_value(self.rule)
            )
        self.store(memory, self._value(self.values(memory))[0])

    def backward(self, memory: Memory, wanted: Any) -> None:
        """Adds adjoint times partial to each operand's adjoint, where that is wanted."""
        kept = tuple([
            j for j, x in enumerate(self.operands)
            if isinstance(x, Operand) and wanted[self.slots[:, j]].any()
        ])  # fmt: skip
        function = self._partials.get(kept)
        if function is None:
            steps = partial_steps(self.rule, self.known)
            function = self._partials[kept] = (
                on_arrays(steps, [steps.results[j] for j in kept], self.width, True)
                if steps is not None
                else whole_partials(self.rule, kept)
            )
        adjoints = self.adjoints(memory)
        partials = function(self.values(memory), self.result.get(memory))
        for j, d in zip(kept, partials):
            term = adjoints if d.__class__ is float and d == 1.0 else adjoints * d
            operand = self.operands[j]
            assert isinstance(operand, Operand)
            operand.add(memory, term)


class Sum(Group):
    """Sums of equally many numbers each."""

    def __init__(self, kind: Kind, members: Any, replay: VectorReplay) -> None:
        super().__init__(kind, members, replay)
        self.operands = []
        self.all = Operand(self.slots.ravel(), replay)

    def forward(self, memory: Memory) -> None:
        """Adds up."""
        terms = self.all.get(memory)
        self.store(memory, terms.reshape(len(self.slots), self.width, -1).sum(axis=1))

    def backward(self, memory: Memory, wanted: Any) -> None:
        """Every term gets the sum's adjoint."""
        self.all.add(memory, np.repeat(self.adjoints(memory), self.width, axis=0))


class Dot(Group):
    """Sums of products; a layer of neurons, which share one factor, is a product of matrices."""

    def __init__(self, kind: Kind, members: Any, replay: VectorReplay) -> None:
        super().__init__(kind, members, replay)
        n = kind.width // 2
        self.halves: list[tuple[Operand, tuple[int, int], bool, Any]] = []
        for half in (self.slots[:, :n], self.slots[:, n:]):
            # Of two factors that all members share, one counts as not shared.
            shared = bool((half == half[:1]).all()) and not (self.halves and self.halves[0][2])
            slots = half[0] if shared else half.ravel()
            self.halves.append((Operand(slots, replay), half.shape, shared, slots))
        self.operands = []

    def _factors(self, memory: Memory) -> list[Any]:
        """Both factors, with axes member, pair, example."""
        found = []
        for operand, (m, n), shared, _ in self.halves:
            values = operand.get(memory)
            found.append(values.reshape(1 if shared else m, n, -1))
        return found

    def forward(self, memory: Memory) -> None:
        """Multiplies and adds."""
        x, y = self._factors(memory)
        if x.shape[2] == 1 and len(y) == 1:
            z = x[:, :, 0] @ y[0]
        elif y.shape[2] == 1 and len(x) == 1:
            z = y[:, :, 0] @ x[0]
        else:
            z = np.einsum("mne,mne->me", *np.broadcast_arrays(x, y))
        self.store(memory, z)

    def backward(self, memory: Memory, wanted: Any) -> None:
        """Each factor's adjoint gets the adjoint times the other factor."""
        g = self.adjoints(memory)
        factors = self._factors(memory)
        for (operand, (_, n), shared, slots), other in zip(self.halves, factors[::-1]):
            if not wanted[slots].any():
                continue
            if shared and other.shape[2] == 1 and len(other) > 1:
                terms = other[:, :, 0].T @ g
            elif not operand.all_vary and not operand.mixed and len(other) == 1:
                terms = (g @ np.broadcast_to(other[0], (n, g.shape[1])).T).reshape(-1, 1)
            else:
                terms = g[:, None, :] * other
                terms = terms.sum(axis=0) if shared else terms.reshape(-1, g.shape[1])
            operand.add(memory, terms)


_WIDE = {SUM: Sum, DOT: Dot}


class VectorReplay:
    """Replays a program with NumPy.

    Args:
        program: The program.
    """

    name = "numpy"

    def __init__(self, program: Program) -> None:
        self.program = program
        self.schedule = schedule = Schedule(program)
        self.row_of = self._rows()
        self.groups = []
        for g, kind in enumerate(schedule.kind):
            made = schedule.kinds[kind]
            group = _WIDE.get(made.rule, Group)
            self.groups.append(group(made, schedule.group(g), self))
        self.guards = [
            (symbol, Operand(np.array([a]), self), Operand(np.array([b]), self), outcome)
            for symbol, a, b, outcome in program.guards
        ]
        self.outputs = Operand(np.array(program.outputs), self)
        self._wanted: dict[int, Any] = {}

    def _rows(self) -> Any:
        """For each slot its row, among those that vary or among the others."""
        program, schedule = self.program, self.schedule
        rows = np.zeros(program.n_slots, dtype=np.int64)
        order = np.concatenate([
            np.arange(program.first), program.first + schedule.members,
            np.arange(program.first_constant, program.n_slots),
        ]).astype(np.int64)  # fmt: skip
        varies = schedule.varies[order].astype(bool)
        self.n_rows, self.n_fixed = int(varies.sum()), int((~varies).sum())
        rows[order[varies]] = np.arange(self.n_rows)
        rows[order[~varies]] = np.arange(self.n_fixed)
        return rows

    def _run(self, rows: Any, p: Any, c: Any) -> tuple[Memory, Any, Any]:
        """The memory after a forward pass, the results, and which examples' guards held."""
        program = self.program
        rows = np.asarray(rows, dtype=float).reshape(len(rows), -1)
        fixed = np.zeros((self.n_fixed, 1))
        n = program.n_parameters
        fixed[:n, 0] = p
        fixed[n : n + len(c), 0] = c
        if len(program.constants):
            fixed[-len(program.constants) :, 0] = program.constants
        memory = Memory(self.n_rows, len(rows), fixed)
        memory.rows[: program.n_inputs] = rows.T
        for group in self.groups:
            group.forward(memory)
        holds = np.ones(len(rows), dtype=bool)
        for symbol, a, b, outcome in self.guards:
            compare = operation(COMPARISONS[symbol].name)
            holds &= (compare(a.get(memory), b.get(memory)) == outcome)[0]
        results = np.broadcast_to(self.outputs.get(memory), (len(program.outputs), len(rows))).T
        return memory, results.copy(), None if holds.all() else holds

    def forward(self, rows: Any, p: Any, c: Any) -> Replayed:
        """Results of each example, and whether its guards held; no gradient."""
        with np.errstate(all="ignore"):
            _, results, holds = self._run(rows, p, c)
        return results, (), holds

    def gradient(self, rows: Any, p: Any, c: Any, seeds: Any) -> Replayed:
        """Results, and the gradient of their weighted sum by the parameters."""
        program = self.program
        leaves = range(program.n_inputs, program.n_inputs + program.n_parameters)
        memory, results, holds = self._backward(rows, p, c, seeds, leaves)
        return results, memory.fixed_adjoints[: program.n_parameters, 0].copy(), holds

    def input_gradients(self, rows: Any, p: Any, c: Any) -> Replayed:
        """Results, and the gradient of each example's result by its inputs."""
        n = self.program.n_inputs
        memory, results, holds = self._backward(rows, p, c, np.ones(len(rows)), range(n))
        return results, memory.row_adjoints[:n].T.copy(), holds

    def _backward(self, rows: Any, p: Any, c: Any, seeds: Any, leaves: range) -> Any:
        with np.errstate(all="ignore"):
            memory, results, holds = self._run(rows, p, c)
            memory.start_adjoints()
            wanted = self._wanted.get(leaves.start)
            if wanted is None:
                wanted = np.frombuffer(self.program.wanted(leaves), dtype=np.uint8)
                self._wanted[leaves.start] = wanted
            self.outputs.add(memory, np.asarray(seeds, dtype=float)[None, :])
            for g in self.schedule.backward:
                group = self.groups[g]
                if wanted[self.program.first + self.schedule.group(g)].any():
                    group.backward(memory, wanted)
        return memory, results, holds
