"""A rule as a formula: what its value and its partials compute, step by step.

Holds: `Symbol`, a number yet unknown that writes down what is done with it; `Steps`, what has been
written down; and `value_steps` and `partial_steps` of a rule, which run its two functions on
symbols.  Programs in Python, and instructions for the compiled machine, are made from these steps,
so a derivative is written nowhere but in its rule.

A rule that does more than arithmetic (an `if`, a function nobody knows) cannot be written down:
then there are no steps, and who asks must call the rule itself.

May import: ieee, rule, rules, program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any

from autodiff import ieee, rules
from autodiff.rule import Rule, follow
from autodiff.tape.program import INTERNAL

# An operand or a step by its name, "x0", "z" or "t3"; or a constant.
Ref = str | float
Step = tuple[str, tuple[Ref, ...]]


class Steps:
    """A sequence of elementary operations: step "t0" first, each an operation and its operands.

    Attributes:
        steps: Name of the step -> (operation, operands).
        results: The operands, steps or constants that are the results.
    """

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.results: tuple[Ref, ...] = ()
        self.refused = False  # whether something was asked that a symbol cannot answer
        self._known: dict[Any, str] = {}

    def write(self, operation: str, *operands: Any) -> Symbol:
        """The symbol of one more step; the same step is taken only once."""
        refs = tuple([x.ref if isinstance(x, Symbol) else float(x) for x in operands])
        key = (operation, *[(x, str(x)) for x in refs])  # 0.0 and -0.0 are two
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"t{len(self.steps)}"
            self.steps[name] = (operation, refs)
        return Symbol(self, name)

    def needed_for(self, *results: Ref) -> Iterator[tuple[str, Step]]:
        """The steps that lead to `results`, in order."""
        needed = {ref for ref in results if isinstance(ref, str)}
        for name in reversed(self.steps):
            if name in needed:
                needed.update(ref for ref in self.steps[name][1] if isinstance(ref, str))
        return ((name, step) for name, step in self.steps.items() if name in needed)

    def evaluate(self, operands: dict[str, float]) -> tuple[float, ...]:
        """The results as numbers."""
        known: dict[Any, float] = dict(operands)

        def number(ref: Ref) -> float:
            return known[ref] if isinstance(ref, str) else ref

        for name, (operation, refs) in self.steps.items():
            known[name] = OPERATIONS[operation](*map(number, refs))
        return tuple(map(number, self.results))


class Symbol:
    """A number yet unknown.

    It has no truth value and is equal to nothing: a rule branches with `where`, and so both
    branches are written down.
    """

    __slots__ = ("ref", "steps")

    def __init__(self, steps: Steps, ref: str) -> None:
        self.steps, self.ref = steps, ref

    def _refuse(self, *_: Any) -> Any:
        self.steps.refused = True
        raise TypeError("a rule that cannot be written down in steps")

    __bool__ = __eq__ = __ne__ = __float__ = __int__ = __index__ = __round__ = _refuse
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Symbol:
        return self.steps.write("neg", self)

    def __abs__(self) -> Symbol:
        return self.steps.write("abs", self)

    def __mul__(self, other: Any) -> Any:
        return self if isinstance(other, float) and other == 1.0 else self.steps.write(
            "mul", self, other
        )  # fmt: skip

    def __rmul__(self, other: Any) -> Any:
        return self if isinstance(other, float) and other == 1.0 else self.steps.write(
            "mul", other, self
        )  # fmt: skip


def _operator(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (
        lambda x, y: x.steps.write(name, x, y),
        lambda x, y: x.steps.write(name, y, x),
    )


_DUNDERS = {"add": "add", "sub": "sub", "truediv": "div", "mod": "mod", "pow": "pow",
            "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}  # fmt: skip
for _dunder, _name in _DUNDERS.items():
    _method, _reflected = _operator(_name)
    setattr(Symbol, f"__{_dunder}__", _method)
    if _dunder not in ("lt", "le", "gt", "ge"):  # Python itself turns those round
        setattr(Symbol, f"__r{_dunder}__", _reflected)

# The rules are written without types, as their readers like them.
_choose: Callable[..., Any] = rules.where
_sum_of_numbers: Callable[..., Any] = rules.sum_

# The elementary operations on floats: what a step means.
OPERATIONS: dict[str, Callable[..., float]] = {
    **{name: (lambda *xs, f=f: float(f(*xs))) for name, f in ieee.FUNCTIONS.items()},
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: float(ieee.Double(x) / y),
    "mod": lambda x, y: float(ieee.Double(x) % y),
    "neg": lambda x: -x,
    "abs": abs,
    "lt": lambda x, y: 1.0 if x < y else 0.0,
    "le": lambda x, y: 1.0 if x <= y else 0.0,
    "gt": lambda x, y: 1.0 if x > y else 0.0,
    "ge": lambda x, y: 1.0 if x >= y else 0.0,
    "eq": lambda x, y: 1.0 if x == y else 0.0,
    "ne": lambda x, y: 1.0 if x != y else 0.0,
    "where": _choose,
    "sum": lambda *xs: _sum_of_numbers(xs),
}


def _on_symbols(name: str) -> Callable[..., Any]:
    def function(*xs: Any) -> Any:
        for x in xs:
            if isinstance(x, Symbol):
                if name == "pow" and isinstance(xs[1], float) and xs[1] == 1.0:
                    return xs[0]  # exact
                return x.steps.write(name, *xs)
        return OPERATIONS[name](*xs)

    return function


def _where(c: Any, a: Any, b: Any) -> Any:
    return c.steps.write("where", c, a, b) if isinstance(c, Symbol) else _choose(c, a, b)


def _sum(xs: Sequence[Any]) -> Any:
    for x in xs:
        if isinstance(x, Symbol):
            return x.steps.write("sum", *xs)
    return _sum_of_numbers(xs)


def _unknown(*_: Any) -> Any:
    raise TypeError("a function that cannot be written down in steps")


# The namespace in which rules compute with symbols (see `rule.bind`).
SYMBOLS: dict[str, Callable[..., Any]] = {
    **{name: _on_symbols(name) for name in ieee.FUNCTIONS},
    "where": _where,
    "sum_": _sum,
    "sum": _unknown,  # Python's own: its rounding differs from one version to the next
}
_OWN = frozenset(SYMBOLS)


def _written(rule: Rule, known: tuple[float | None, ...], with_value: bool) -> Steps:
    """What a rule's value, or its partials, do with symbols and the constants that are `known`."""
    steps = Steps()
    operands: list[Any] = [
        Symbol(steps, f"x{i}") if x is None else ieee.Double(x) for i, x in enumerate(known)
    ]
    if not with_value and INTERNAL.get(rule.name) is rule:
        steps.results = (steps.write(rule.name, *operands).ref,)
        return steps
    first = [Symbol(steps, "z")] if with_value else []
    arguments = [*first, tuple(operands)] if rule.variadic else [*first, *operands]
    function = _where if rule.value is rules.where else rule.bound(SYMBOLS)[0]
    found = (rule.bound(SYMBOLS)[1] if with_value else function)(*arguments)
    results = found if with_value else (found,)
    steps.results = tuple([x.ref if isinstance(x, Symbol) else float(x) for x in results])
    return steps


def _checked(rule: Rule, known: tuple[float | None, ...], with_value: bool) -> Steps | None:
    """The steps, if there are any and they give at sample points what the rule gives."""
    try:
        steps = _written(rule, known, with_value)
        for share in (0.5, 0.125):
            boxes = rule.sample if len(rule.sample) == len(known) else rule.sample[:1] * len(known)
            xs = tuple(
                [
                    low + (high - low) * (share + i / 8) % 1.0 if x is None else x
                    for i, (x, (low, high)) in enumerate(zip(known, boxes))
                ]
            )
            z = rule.apply(xs)
            right = rule.local_partials(z, xs) if with_value else (z,)
            found = steps.evaluate({"z": z, **{f"x{i}": x for i, x in enumerate(xs)}})
            if steps.refused or [*map(repr, map(float, right))] != [*map(repr, found)]:
                return None
    except Exception:  # whatever a rule does that symbols cannot: the rule itself stays right
        return None
    return steps


# Programs differ in their constants without end; those of a few programs are remembered.
_MOST_KNOWN = 10_000
_known_steps: dict[Any, Steps | None] = {}


def _remembered(rule: Rule, known: tuple[float | None, ...], with_value: bool) -> Steps | None:
    # 0.0 == -0.0, but they are two constants; and nan is not equal to itself.
    numbers = tuple([x if x is None else x.hex() for x in known])
    key = rule, numbers, with_value, _surroundings(rule.partials if with_value else rule.value)
    if key not in _known_steps:
        if len(_known_steps) >= _MOST_KNOWN:
            _known_steps.clear()
        _known_steps[key] = _checked(rule, known, with_value)
    return _known_steps[key]


def _surroundings(function: Any) -> tuple[Any, ...]:
    """The numbers outside a function that it reads: they become constants."""
    if not isinstance(function, FunctionType):
        return ()
    around = function.__globals__
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    found = [around[name] for name in function.__code__.co_names if name in around] + cells
    return tuple([x for x in found if isinstance(x, (int, float))])


def value_steps(rule: Rule, known: tuple[float | None, ...]) -> Steps | None:
    """How a rule computes its value; None if that cannot be written down.

    Args:
        rule: The rule.
        known: One entry per operand: a constant, or None for an operand that varies.
    """
    return _remembered(rule, known, False)


def partial_steps(rule: Rule, known: tuple[float | None, ...]) -> Steps | None:
    """How a rule computes its partials from its operands and its value z."""
    return _remembered(rule, known, True)


def _listen(rule: Rule) -> None:
    """Other rules may use a new one by its name."""
    _known_steps.clear()
    name = getattr(rule.value, "__name__", "")
    if isinstance(rule.value, FunctionType) and name not in _OWN:
        SYMBOLS[name] = rule.bound(SYMBOLS)[0]


follow(_listen)
