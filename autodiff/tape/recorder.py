"""Recording: one run of a function on Values becomes a Program.

Holds: `run`; the `Recorder` that is told of whatever the graph alone does not show; and the
`Condition` that a comparison gives meanwhile.

The function runs as always and its graph is read afterwards, in the order in which backward would
walk it.  Only four things leave no trace in a graph: which way a comparison went, what `where`
chose by, and numbers that were cut off from their history (`detach`, `no_grad`, `floor`).

May import: context, rule, operations, value, program.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.context import CONTEXT, RECORDERS, Context, Located
from autodiff.operations import record as new_node
from autodiff.rule import RULES, Rule
from autodiff.tape.program import COMPARISONS, FLOOR
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
        mark: The class of the scope of every Value made during the recording, by which they are
            told from those that were there before.
    """

    def __init__(self) -> None:
        self.guards: list[tuple[str, Any, Any, bool]] = []
        self.origins: list[tuple[Value, Value]] = []
        self.choices: list[tuple[Value, Value]] = []
        self.conditions: dict[int, Condition] = {}
        self.inert: list[Value] = []
        self.mark: type[str] = type("Recorded", (str,), {})

    def marked(self, scope: str) -> str:
        """The path `scope` with the mark of this recording."""
        return self.mark(scope)

    def made(self, node: Value) -> bool:
        """Whether `node` was made during this recording."""
        scope = node.scope
        return (scope.path if isinstance(scope, Located) else scope).__class__ is self.mark

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
        CONTEXT.set(Context(recorder.marked(context.scope), recorder=recorder))
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


class Condition:
    """What `x < y` gives while a tape records: `bool` of it is a guard, `where` on it a choice.

    A guard is checked at every replay: where the comparison goes the other way, the function is
    recorded again, along its other path.
    """

    __slots__ = ("guard", "node", "outcome", "recorder")

    def __init__(self, recorder: Recorder, guard: tuple[str, Any, Any, bool]) -> None:
        self.recorder, self.guard = recorder, guard
        self.outcome = guard[3]
        self.node: Value | None = None

    def __bool__(self) -> bool:
        self.recorder.guards.append(self.guard)
        return self.outcome

    # Whatever else is done with the outcome, it decides the path.
    def __float__(self) -> float:
        return float(bool(self))

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __eq__(self, other: object) -> bool:
        return bool(self) == (bool(other) if isinstance(other, Condition) else other)

    def __hash__(self) -> int:
        return hash(bool(self))

    def __repr__(self) -> str:
        return repr(bool(self))

    def chosen_by(self) -> Value:
        """The comparison as a node: 1.0 or 0.0."""
        if self.node is None:
            symbol, a, b, _ = self.guard
            self.node = new_node(COMPARISONS[symbol], (a, b))
            self.recorder.inert.append(self.node)
        return self.node


def _operators(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator of conditions: with Values they are 1.0 or 0.0, else they decide the path."""
    apply = getattr(operator, f"__{name}__")

    def number(x: Any, beside: Any) -> Any:
        if not isinstance(x, Condition):
            return x
        return x.chosen_by() if isinstance(beside, Value) else bool(x)

    return (
        lambda self, other: apply(number(self, other), number(other, self)),
        lambda self, other: apply(number(other, self), number(self, other)),
    )


for _name in "add sub mul truediv floordiv mod pow and or xor lt le gt ge".split():
    _method, _reflected = _operators(_name)
    setattr(Condition, f"__{_name}__", _method)
    if _name not in ("lt", "le", "gt", "ge"):
        setattr(Condition, f"__r{_name}__", _reflected)
