"""What a recording is: the Wengert list of one run of a function, in flat arrays.

Holds: `Program`, and the operations that only a recording knows: comparisons, and `floor`.

Every number of the program has a slot, counted from 0: first the inputs, then the parameters, then
what else was read from Values outside, then the results of the operations in the order in which
they are computed, and at the end the constants.

(R. E. Wengert, "A simple automatic derivative evaluation program", 1964.)

May import: rule.  Never computes.
"""

from __future__ import annotations

import operator
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autodiff import ieee
from autodiff.rule import RULES, Rule, follow

if TYPE_CHECKING:
    from autodiff.tape.loops import Bytes, Int, Ints


def _unregistered(value: Callable[..., Any], name: str, label: str, arity: int) -> Rule:
    """An operation that has no derivative and stands in no table."""
    zeros = (0.0,) * arity
    partials: Any = (lambda z, x, y: zeros) if arity == 2 else (lambda z, x: zeros)
    return Rule(
        value, partials, f"{name}(...)", ("0",) * arity, name=name, label=label,
        variadic=False, sample=(), edges=(), smooth=False,
    )  # fmt: skip


def _as_number(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], float]:
    return lambda x, y: 1.0 if compare(x, y) else 0.0


# What a condition compares: Python's symbol -> the operation that gives 1.0 or 0.0.
_SYMBOLS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
COMPARISONS = {
    symbol: _unregistered(_as_number(getattr(operator, name)), name, symbol, 2)
    for symbol, name in _SYMBOLS.items()
}
# The wide operations that are replayed as a whole.  These very rules: not what is registered in
# place of them.
SUM, DOT = RULES["sum"], RULES["dot"]
FLOOR = _unregistered(ieee.FUNCTIONS["floor"], "floor", "floor", 1)
# By name, for files.
INTERNAL = {rule.name: rule for rule in [*COMPARISONS.values(), FLOOR]}


class _Redefined:
    """How often an operation was registered in place of another one."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.count = 0
        follow(self.listen)

    def listen(self, rule: Rule) -> None:
        self.count += rule.name in self.names
        self.names.add(rule.name)


REDEFINED = _Redefined()


def find_wanted(first: Int, start: Ints, operands: Ints, inert: Bytes, wanted: Bytes) -> None:
    """Marks the slots of operations that have a wanted operand and are not inert.

    Like the machine this is text for the compiler, because a program may be long.
    """
    for k in range(len(inert)):
        if inert[k] == 0:
            for p in range(start[k], start[k + 1]):
                if wanted[operands[p]] == 1:
                    wanted[first + k] = 1
                    break


@dataclass
class Program:
    """One path through a function: operations, operands, constants, guards, outputs.

    Attributes:
        n_inputs: How many numbers the inputs hold.
        n_parameters: How many parameters there are.
        captured: Values outside the function that are no parameters; read at every replay.
        rules: The distinct operations.
        code: For each operation, in the order of computing, its place in `rules`.
        start: Where its operands start in `operands`; one more entry than there are operations.
        operands: Slots.
        first_constant: The slot of the first constant; slots from the last result up to it are
            unused.
        constants: The constants.
        outputs: The outputs' slots.
        single: Whether the function returned one Value, not a list.
        guards: `(symbol, slot, slot, outcome)`: comparisons that decided the path.
        inert: Slots of operations through which no gradient flows.
        reverse: The slots of all others in the order of eager's forward pass, operands first;
            the chain rule runs through them backwards, so that sums are added in eager's order.
        labels: The labels of slots that have one.
    """

    n_inputs: int
    n_parameters: int
    captured: list[Any] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    code: array[int] = field(default_factory=lambda: array("H"))
    start: array[int] = field(default_factory=lambda: array("i", [0]))
    operands: array[int] = field(default_factory=lambda: array("i"))
    first_constant: int = 0
    constants: array[float] = field(default_factory=lambda: array("d"))
    outputs: list[int] = field(default_factory=list)
    single: bool = True
    guards: list[tuple[str, int, int, bool]] = field(default_factory=list)
    inert: set[int] = field(default_factory=set)
    reverse: array[int] | None = None  # None: all, in the order of computing
    labels: dict[int, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The slot of the first operation's result."""
        return self.n_inputs + self.n_parameters + len(self.captured)

    @property
    def n_slots(self) -> int:
        """One past the last slot."""
        return self.first_constant + len(self.constants)

    def operands_of(self, k: int) -> array[int]:
        """The operands' slots of operation number k."""
        return self.operands[self.start[k] : self.start[k + 1]]

    def rule_of(self, k: int) -> Rule:
        """The rule of operation number k."""
        return self.rules[self.code[k]]

    def reversed_operations(self) -> Any:
        """Numbers of the operations that gradients may flow through, last of eager's first."""
        if self.reverse is not None:
            return (slot - self.first for slot in reversed(self.reverse))
        return range(len(self.code) - 1, -1, -1)

    def wanted(self, leaves: range, find: Callable[..., None] = find_wanted) -> bytearray:
        """For each slot 1 if a gradient that arrives there is wanted by, or reaches, `leaves`.

        Args:
            leaves: Slots.
            find: `find_wanted`, or the same compiled.
        """
        wanted, inert = bytearray(self.n_slots), bytearray(len(self.code))
        for slot in leaves:
            wanted[slot] = 1
        for slot in self.inert:
            inert[slot - self.first] = 1
        find(self.first, self.start, self.operands, inert, wanted)
        return wanted

    def is_outdated(self) -> bool:
        """Whether an operation has been registered anew since the recording."""
        return any(
            rule is not INTERNAL.get(rule.name) and rule is not RULES.get(rule.name)
            for rule in self.rules
        )

    def counts(self) -> dict[str, int]:
        """How many operations there are of each name, the most frequent first."""
        counted = Counter(self.code)
        return {self.rules[i].name: n for i, n in counted.most_common()}

    def differs_from(self, other: Program) -> str:
        """The first way in which two recordings differ, in words; `""` if they are the same."""
        if self.outputs != other.outputs or len(self.code) != len(other.code):
            return f"{len(self.code)} operations, then {len(other.code)}"
        for k in range(len(self.code)):
            mine, theirs = self.rule_of(k), other.rule_of(k)
            if mine is not theirs:
                return f"operation {k} was {mine.name!r}, then {theirs.name!r}"
        captured = list(map(id, self.captured)) != list(map(id, other.captured))
        if captured or self.operands != other.operands or self.guards != other.guards:
            return "the same operations on other operands"
        for x, y in zip(self.constants, other.constants):
            if x != y and (x == x or y == y):
                return f"a constant was {x!r}, then {y!r}"
        return "" if len(self.constants) == len(other.constants) else "other constants"

    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        arrays = (self.code, self.start, self.operands, self.constants)
        return sum(len(each) * each.itemsize for each in arrays)


def find_rule(name: str) -> Rule:
    """The rule of that name, registered or internal.

    Raises:
        LookupError: If no such operation is registered in this process.
    """
    if name in INTERNAL:
        return INTERNAL[name]
    if name not in RULES:
        raise LookupError(
            f"the tape uses the operation {name!r}, which is not registered here: import the "
            "module that defines its rule first"
        )
    return RULES[name]
