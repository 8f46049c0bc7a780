"""A graph becomes a Program.

Holds: `record`, which reads what one run of a function has left: a graph, and what a Recorder was
told besides.

May import: graph, value, program, recorder.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

from autodiff import graph
from autodiff.tape.program import Program
from autodiff.tape.recorder import Recorder
from autodiff.value import Value


def record(
    recorder: Recorder,
    inputs: Sequence[Value],
    parameters: Sequence[Value],
    outputs: Sequence[Value],
    single: bool,
) -> Program:
    """The Program of what `recorder` saw between inputs, parameters and outputs."""
    with graph.LOCK:
        return _Reader(recorder, inputs, parameters).read(outputs, single)


class _Reader:
    """Reads a graph into a Program, with the nodes' marks for their slots."""

    def __init__(
        self, recorder: Recorder, inputs: Sequence[Value], parameters: Sequence[Value]
    ) -> None:
        self.recorder, self.inputs, self.parameters = recorder, inputs, parameters
        self.program = Program(len(inputs), len(parameters))
        self.codes: dict[int, int] = {}
        self.known: dict[Any, int] = {}  # constant -> slot
        self.slot = 0

    def read(self, outputs: Sequence[Value], single: bool) -> Program:
        recorder, program = self.recorder, self.program
        compared = [x for _, a, b, _ in recorder.guards for x in (a, b) if isinstance(x, Value)]
        hidden = [node for _, node in recorder.origins + recorder.choices]
        hidden += recorder.inert
        eager, leaves = graph.topological_order(*outputs)
        sequence = eager
        if compared or hidden:
            sequence, leaves = graph.topological_order(*outputs, *compared, *hidden)
        self._place_leaves(leaves, sequence)
        if recorder.origins or recorder.choices or recorder.inert:
            self._read_with_hidden(eager, outputs, compared)
        else:
            self.add(sequence)
            if len(sequence) > len(eager):  # what only guards need stands behind, and is no matter
                self._keep_order(eager)
        program.outputs = [self._slot_of(x) for x in outputs]
        program.single = single
        guards = dict.fromkeys(
            (symbol, self._slot_of(a), self._slot_of(b), outcome)
            for symbol, a, b, outcome in recorder.guards
        )
        constant = program.first_constant
        program.guards = [g for g in guards if g[1] < constant or g[2] < constant]
        return program

    def _place_leaves(self, leaves: list[Value], operations: list[Value]) -> None:
        """Gives every leaf its slot, and finds the place where constants will start."""
        program = self.program
        # A mark that is a number tells that the leaf has its slot; of an origin's leaf, later.
        for leaf, _ in self.recorder.origins:
            leaf._mark = -1
        for slot, value in enumerate([*self.inputs, *self.parameters]):
            value._mark = slot
        leaves.append(Value(0.0))  # a probe: nothing but these lists holds it
        others = [leaf for leaf in leaves if leaf._mark.__class__ is not int]
        references = [sys.getrefcount(leaf) for leaf in others] if _COUNTS else []
        others.pop()
        shared = _shared(others, references, operations)
        program.captured = [leaf for leaf in others if id(leaf) in shared]
        self.slot = program.n_inputs + program.n_parameters
        for leaf in program.captured:
            leaf._mark = self.slot
            self.slot += 1
        program.first_constant = self.slot + len(operations)
        for leaf in others:
            if id(leaf) not in shared:
                leaf._mark = self.constant(leaf._data)
        for value in (*self.inputs, *self.parameters, *program.captured):
            if value.label:
                program.labels[value._mark] = value.label

    def constant(self, x: float) -> int:
        """The slot of a constant; equal ones share it."""
        # 0.0 == -0.0, but they are two constants; nan is never equal to the one in the table.
        key = x if x != 0.0 else str(x)
        slot = self.known.get(key)
        if slot is None:
            slot = self.known[key] = self.program.n_slots
            self.program.constants.append(x)
        return slot

    def _slot_of(self, x: Any) -> int:
        return self.constant(x) if x.__class__ is float else x._mark

    def add(self, nodes: Sequence[Value]) -> None:
        """Appends operations whose operands have their slots; constants are folded."""
        program, constant, codes = self.program, self.constant, self.codes
        extend, starts, code = program.operands.extend, program.start, program.code
        first_constant, mark, labels = program.first_constant, self.recorder.mark, program.labels
        slot = self.slot
        for node in nodes:
            if node.scope.__class__ is not mark and not self.recorder.made(node):
                raise RuntimeError(_computed_before(node))
            a, b = node._a, node._b
            if a.__class__ is not tuple:
                a = (a,) if b is None else (a, b)
            slots = [constant(x) if x.__class__ is float else x._mark for x in a]
            if min(slots) >= first_constant:
                node._mark = constant(node._z)
                continue
            extend(slots)
            rule = node._rule
            i = codes.get(id(rule))
            if i is None:
                i = codes[id(rule)] = len(program.rules)
                program.rules.append(rule)
            code.append(i)
            starts.append(len(program.operands))
            if node.label:
                labels[slot] = node.label
            node._mark = slot
            slot += 1
        self.slot = slot

    def _read_with_hidden(
        self, eager: list[Value], outputs: Sequence[Value], compared: Sequence[Value]
    ) -> None:
        """Appends operations in eager's order, each after the hidden ones that it needs."""
        origin = {id(leaf): node for leaf, node in self.recorder.origins}
        stand_in = {id(node): other for node, other in self.recorder.choices}
        done: set[int] = set()
        stack: list[Any] = []
        for root in [*eager, *outputs, *compared]:
            stack.append(root)
            while stack:
                node = stack[-1]
                key = id(node)
                real = origin.get(key, stand_in.get(key, node))  # no `or`: 0.0 is false
                if key in done or real._rule is None:
                    stack.pop()
                    continue
                missing = [
                    x
                    for x in real.operands
                    if isinstance(x, Value)
                    and id(x) not in done
                    and (x._rule is not None or id(x) in origin)
                ]
                if missing:
                    stack.extend(reversed(missing))
                    continue
                self.add((real,))
                node._mark = real._mark
                done.add(key)
                stack.pop()
        self._keep_order(_passed_through(eager, outputs, self.recorder.inert))

    def _keep_order(self, eager: list[Value]) -> None:
        program = self.program
        slots = [self._slot_of(node) for node in eager]
        order = [s for s in slots if s < program.first_constant]
        program.reverse = array("i", order)
        # What only guards and conditions need gets no gradient in eager, not even 0.
        program.inert = set(range(program.first, program.first + len(program.code))) - set(order)


def _passed_through(
    nodes: list[Value], outputs: Sequence[Value], inert: Sequence[Value]
) -> list[Value]:
    """Those of the nodes below outputs that gradients come to: not only through inert ones."""
    stopped, reached = set(map(id, inert)), set(map(id, outputs))
    for node in reversed(nodes):
        if id(node) in reached and id(node) not in stopped:
            reached.update(id(x) for x in node.operands)
    return [node for node in nodes if id(node) in reached and id(node) not in stopped]


# Whether the interpreter counts references, and exactly.
_COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()


def _shared(leaves: list[Value], references: list[int], operations: list[Value]) -> set[int]:
    """The ids of those leaves that somebody besides the graph may hold, and write to.

    A leaf that only its graph refers to can never change: it is a constant.  `references` counts
    who refers to each leaf, and last to one that no graph refers to.  Where references are not
    counted, every leaf may change.
    """
    used = dict.fromkeys(map(id, leaves), 0)
    if not references or not leaves:
        return set(used)
    for node in operations:
        for x in node.operands:
            if id(x) in used:
                used[id(x)] += 1
    alone = references[-1]
    return {id(leaf) for leaf, n in zip(leaves, references) if n != alone + used[id(leaf)]}


def _computed_before(node: Value) -> str:
    return (
        f"the function uses a Value that was computed before it was called, {node.op!r} "
        f"with data={node._data!r}: compute it inside the function, or pass it as an input"
    )
