"""What a comparison gives while a tape records.

Holds: `Condition`.

May import: operations, value, program.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autodiff.operations import record as new_node
from autodiff.tape.program import COMPARISONS
from autodiff.value import Value

if TYPE_CHECKING:
    from autodiff.tape.recorder import Recorder


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
