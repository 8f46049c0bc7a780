"""The elementary operations on arrays, and rules made from them.

Holds: `on_arrays`, which makes a function of arrays from the steps of a rule, and `whole_value` and
`whole_partials`, for rules that have no steps.

May import: rule, symbols.  Imports numpy, and scipy if it is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.rule import Rule
from autodiff.tape.symbols import Ref, Steps

Function = Callable[..., Any]


def _elementwise(function: Function, n: int) -> Function:
    """A function of floats on arrays, one element after the other."""
    slow = np.frompyfunc(function, n, 1)
    return lambda *xs: np.asarray(slow(*xs), dtype=float)


def _special(name: str) -> Function:
    """erf or erfc, from SciPy where it is installed."""
    try:
        from scipy import special
    except ImportError:
        return _elementwise(getattr(math, name), 1)
    return getattr(special, name)  # type: ignore[no-any-return]


def _sum(*xs: Any) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def _pow(x: Any, y: Any) -> Any:
    # NumPy may compute x ** 0.5 as sqrt(x), which is another number at -0.0 and at -inf.
    differs = (y == 0.5) & ((x == 0.0) | (x == -np.inf))
    return np.where(differs, np.abs(x), np.power(x, y))


# The elementary operations on arrays.
_ARRAYS: dict[str, Function] = {
    **{name: getattr(np, name) for name in (
        "exp expm1 log log1p log2 log10 sqrt sin cos tan sinh cosh tanh hypot floor where"
    ).split()},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "pow": _pow,
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "mod": np.remainder, "neg": np.negative, "abs": np.abs, "sum": _sum,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip


def operation(name: str) -> Function:
    """An elementary operation on arrays."""
    if name not in _ARRAYS:
        _ARRAYS[name] = _special(name)
    return _ARRAYS[name]


def on_arrays(steps: Steps, results: Sequence[Ref], n: int, with_value: bool) -> Function:
    """Steps as a function of arrays: of z, if `with_value`, and of n operands."""
    place: dict[Ref, int] = {f"x{i}": i for i in range(n)}
    if with_value:
        place["z"] = n
    constants = [ref for _, (_, refs) in steps.needed_for(*results) for ref in refs]
    fixed: list[Any] = []
    for ref in [*constants, *results]:
        if ref.__class__ is float:
            place.setdefault(_exact(ref), n + 1 + len(fixed))
            if place[_exact(ref)] == n + 1 + len(fixed):
                fixed.append(ref)
    plan = []
    for name, (step, refs) in steps.needed_for(*results):
        plan.append((operation(step), tuple([place[_exact(ref)] for ref in refs])))
        place[name] = n + len(fixed) + len(plan)
    wanted = [place[_exact(ref)] for ref in results]

    def function(operands: Sequence[Any], z: Any = None) -> list[Any]:
        known = [*operands, z, *fixed]
        for each, arguments in plan:
            known.append(each(*[known[i] for i in arguments]))
        return [known[i] for i in wanted]

    return function


def _exact(ref: Ref) -> Ref:
    """A key that tells 0.0 from -0.0 and finds nan."""
    return ref if isinstance(ref, str) else f"={ref!r}"


def whole_value(rule: Rule) -> Function:
    """A rule that cannot be written down, element by element."""

    def function(operands: Sequence[Any]) -> list[Any]:
        return [_elementwise(lambda *xs: rule.apply(xs), len(operands))(*operands)]

    return function


def whole_partials(rule: Rule, kept: Sequence[int]) -> Function:
    """The partials by the operands number `kept` of such a rule."""

    def function(operands: Sequence[Any], z: Any) -> list[Any]:
        slow = np.frompyfunc(lambda z, *xs: rule.local_partials(z, xs), len(operands) + 1, 1)
        found = slow(z, *operands)
        return [np.asarray(np.frompyfunc(lambda t, j=j: t[j], 1, 1)(found), float) for j in kept]

    return function
