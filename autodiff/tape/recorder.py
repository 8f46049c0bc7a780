"""Recording: one run of a function on Values becomes a Program.

Holds: `run`, and the `Recorder` that is told of whatever the graph alone does not show.

The function runs as always and its graph is read afterwards, in the order in which backward would
walk it.  Only four things leave no trace in a graph: which way a comparison went, what `where`
chose by, and numbers that were cut off from their history (`detach`, `no_grad`, `floor`).

May import: graph, context, rule, operations, value, program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff.context import CONTEXT, RECORDERS, Context
from autodiff.operations import record as new_node
from autodiff.rule import RULES, Rule
from autodiff.tape.condition import Condition
from autodiff.tape.program import FLOOR
from autodiff.value import Value


def _is_array(x: Any) -> bool:
    return bool(getattr(x, "shape", False))


class Recorder:
    """What happens during one recording besides the graph.

    Attributes:
        guards: Comparisons that decided the path: symbol, both sides, outcome.
        origins: `(leaf, node)`: what a leaf that has lost its history was computed by.
        choices: `(node, node)`: a `where` on a Condition as eager has it, and with the condition
            as an operand.
        conditions: By the ids of choices what each was chosen by.
        inert: Nodes through which no gradient flows.
        mark: The class of the scope of every Value made during the recording.
    """

    def __init__(self) -> None:
        self.guards: list[tuple[str, Any, Any, bool]] = []
        self.origins: list[tuple[Value, Value]] = []
        self.choices: list[tuple[Value, Value]] = []
        self.conditions: dict[int, Condition] = {}
        self.inert: list[Value] = []
        self.mark = type("Recorded", (str,), {})

    def compare(self, symbol: str, x: Value, y: Any, outcome: bool) -> Condition:
        """Told of a comparison."""
        return Condition(self, (symbol, x, y, outcome))

    def where(self, function: Callable[..., Any], c: Any, a: Any, b: Any) -> Any:
        """Told of a choice: on a Condition both sides and the condition are recorded."""
        if not isinstance(c, Condition) or _is_array(a) or _is_array(b):
            return function(c, a, b)
        chosen = function(1.0 if c.outcome else 0.0, a, b)
        plain = not isinstance(chosen, Value)
        node = Value(chosen) if plain else chosen
        node_with_condition = function(c.chosen_by(), a, b)
        if plain or node._rule is None:  # of two numbers, or under no_grad: nothing flows back
            self.derive(node, RULES["where"], node_with_condition.operands)
        else:
            self.choices.append((node, node_with_condition))
            self.conditions[id(node)] = c
        return node

    def differentiate(self, node: Value) -> None:
        """Told that a derivative of `node` is computed: that of the chosen side is another path."""
        condition = self.conditions.get(id(node))
        if condition is not None:
            bool(condition)

    def derive(self, leaf: Value, rule: Rule, operands: Sequence[Any]) -> None:
        """Told of a leaf that was computed all the same."""
        with_history = Context(CONTEXT.get().scope, recorder=self)
        token = CONTEXT.set(with_history)
        try:
            node = new_node(rule, tuple(operands))
        finally:
            CONTEXT.reset(token)
        self.inert.append(node)
        self.origins.append((leaf, node))

    def detach(self, leaf: Value, source: Value) -> None:
        """Told of `source.detach()`."""
        self.derive(leaf, RULES["identity"], (source,))

    def floor(self, z: float, x: Value) -> Value:
        """Told of a rounding down to z; a Value in place of the number."""
        leaf = Value(z)
        self.derive(leaf, FLOOR, (x,))
        return leaf


def run(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Recorder, Any]:
    """`function(*arguments)` under a new recorder: the recorder and the result."""
    recorder = Recorder()
    context = CONTEXT.get()
    if context.recorder is not None:
        raise RuntimeError("Tape.record inside a function that a tape records: record it outside")
    try:  # from here on, so that Ctrl-C at any point leaves no mode behind
        CONTEXT.set(Context(recorder.mark(context.scope), recorder=recorder))
        RECORDERS.append(recorder)
        result = function(*arguments)
        _stop(recorder, context)
    except BaseException:  # also one that came as the line above began
        _stop(recorder, context)
        raise
    return recorder, result


def _stop(recorder: Recorder, context: Context) -> None:
    CONTEXT.set(context)
    if recorder in RECORDERS:
        RECORDERS.remove(recorder)
