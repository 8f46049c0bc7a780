"""Float arithmetic that answers as IEEE 754 does, where Python raises.

Holds: `Double`, a float whose `/`, `%` and overflow follow IEEE 754, and `FUNCTIONS`, the
functions of Python's `math` that return inf or nan instead of raising.  It is the slow path:
the engine computes with plain floats first and comes here only after an exception, to run the
same rule again on Doubles.

May import: the standard library.  Never imports anything of ours.
"""

import math
from collections.abc import Callable
from typing import Any

# What Python's floats and `math` raise where IEEE 754 has an answer: ZeroDivisionError and
# OverflowError (both ArithmeticError), and ValueError ("math domain error").
RAISES = (ArithmeticError, ValueError)


class Double(float):
    """A float that never raises: `Double(1) / Double(0)` is inf, `Double(0) / Double(0)` nan.

    Every result is a Double again, so that a whole rule runs to its end.

    >>> print(Double(-1.0) / Double(0.0), Double(1.0) / Double(-0.0), Double(0.0) / Double(0.0))
    -inf -inf nan
    """

    __slots__ = ()

    def __truediv__(self, other: Any) -> Any:
        return Double(_divide(self, other)) if isinstance(other, (float, int)) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return Double(_divide(other, self)) if isinstance(other, (float, int)) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        if not isinstance(other, (float, int)):
            return NotImplemented
        return Double(float(self) % float(other) if other else math.nan)

    def __rmod__(self, other: float) -> Any:
        return Double(other) % self

    def __floordiv__(self, other: Any) -> Any:
        if not isinstance(other, (float, int)):
            return NotImplemented
        return Double(float(self) // float(other)) if other else self / other

    def __rfloordiv__(self, other: float) -> Any:
        return Double(other) // self

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        return FUNCTIONS["pow"](self, other) if isinstance(other, (float, int)) else NotImplemented

    def __rpow__(self, other: Any, modulo: None = None) -> Any:
        return Double(other) ** self


def _closed(name: str) -> Callable[..., Double]:
    operation = getattr(float, name)

    def method(*operands: Any) -> Any:
        result = operation(*operands)
        return result if result is NotImplemented else Double(result)

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "neg", "pos", "abs"):
    setattr(Double, f"__{_name}__", _closed(f"__{_name}__"))


def _divide(x: float, y: float) -> float:
    x, y = float(x), float(y)
    if y != 0.0:
        return x / y
    if x == 0.0 or x != x:
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def _power(x: float, y: float) -> float:
    """C's pow: a pole is ±inf, an overflow ±inf, a negative base with a fraction nan."""
    if x == 0.0:  # y < 0, or Python would not have raised
        odd = y % 2.0 == 1.0
        return math.copysign(math.inf, x) if odd else math.inf
    if x < 0.0 and y != math.floor(y):
        return math.nan
    return -math.inf if x < 0.0 and y % 2.0 == 1.0 else math.inf


# Where ValueError means a pole, not a domain error: name -> {argument: answer}.
_POLES = {
    "log": {0.0: -math.inf},
    "log2": {0.0: -math.inf},
    "log10": {0.0: -math.inf},
    "log1p": {-1.0: -math.inf},
    "atanh": {1.0: math.inf, -1.0: -math.inf},
}
_NAMES = """exp expm1 log log1p log2 log10 sqrt sin cos tan asin acos atan atan2 sinh cosh tanh
asinh acosh atanh erf erfc hypot pow floor""".split()


def _total(name: str) -> Callable[..., Double]:
    """The function `name` of `math`, defined for every float."""
    function = getattr(math, name)
    poles = _POLES.get(name, {})

    def answer(*operands: float) -> Double:
        try:
            return Double(function(*operands))
        except RAISES as error:
            x = operands[0]
            if name == "pow":
                return Double(_power(*operands))
            if name == "floor":  # of inf or nan
                return Double(x)
            if isinstance(error, OverflowError):  # odd functions overflow to the side of x
                return Double(math.copysign(math.inf, x) if name == "sinh" else math.inf)
            return Double(poles.get(x, math.nan))

    answer.__name__ = name
    return answer


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _total(name) for name in _NAMES}
