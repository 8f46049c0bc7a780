"""Values among NumPy arrays.

Holds: what NumPy calls when a Value meets one of its functions, and the element-by-element use of
our functions on arrays.  An array of Values is an object array; the results are such arrays again.

NumPy asks a Value (`apply_ufunc`), but never the Values in an array: there it calls each element's
operators and methods, `v.arcsin()` for `np.arcsin(array)`.  So Value has methods by NumPy's names
(see `operations`), and docs/numpy.md says for every function of NumPy what comes of it.

May import: foreign, operations, value; numpy, which is loaded already when anything here runs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy

from autodiff.foreign import refuse_node
from autodiff.operations import FUNCTIONS, NUMPY_NAMES

# Our functions by NumPy's names, where those differ.
_NAMES = {
    **NUMPY_NAMES, "absolute": "abs", "divide": "div", "float_power": "pow", "multiply": "mul",
    "negative": "neg", "power": "pow", "remainder": "mod", "subtract": "sub",
}  # fmt: skip


def _ignoring_nan(name: str) -> Callable[[Any, Any], Any]:
    """`fmax` or `fmin`: a nan gives way to a number."""
    return lambda x, y: y if x != x else x if y != y else FUNCTIONS[name](x, y)


# What no rule of ours has, and what NumPy does not make of the operators of Values.
_OTHERS: dict[str, Callable[..., Any]] = {
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt, "greater": operator.gt,
    "less_equal": lambda x, y: x <= y, "greater_equal": lambda x, y: x >= y,
    "isnan": lambda x: x != x, "isinf": lambda x: abs(x) == math.inf,
    "isfinite": lambda x: abs(x) < math.inf, "logical_not": operator.not_,
    "logical_and": lambda x, y: bool(x) and bool(y), "logical_or": lambda x, y: bool(x) or bool(y),
    "fmax": _ignoring_nan("maximum"), "fmin": _ignoring_nan("minimum"),
}  # fmt: skip
# What to write where NumPy's function is neither ours nor made of operators; x may be an array.
INSTEAD = {
    "cbrt": "numpy.sign(x) * abs(x) ** (1 / 3)",
    "ceil": "x + (-x) % 1.0",
    "copysign": "abs(x) * numpy.sign(y)",
    "deg2rad": "x * (math.pi / 180)",
    "degrees": "x * (180 / math.pi)",
    "divmod": "((x - x % y) / y, x % y)",
    "exp2": "2.0 ** x",
    "floor": "x - x % 1.0",
    "floor_divide": "(x - x % y) / y",
    "fmod": "numpy.sign(x) * (abs(x) % abs(y))",
    "greater_equal": "x >= y",
    "heaviside": "autodiff.where(x < 0.0, 0.0, autodiff.where(x > 0.0, 1.0, x * 0.0 + y))",
    "ldexp": "x * 2.0 ** y",
    "less_equal": "x <= y",
    "logaddexp2": "autodiff.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2)",
    "logical_and": "(x != 0.0) & (y != 0.0)",
    "logical_or": "(x != 0.0) | (y != 0.0)",
    "logical_xor": "(x != 0.0) ^ (y != 0.0)",
    "rad2deg": "x * (180 / math.pi)",
    "radians": "x * (math.pi / 180)",
    "signbit": "x < 0.0",
}
NUMBERS = "v.data for the number of a Value v"


def elementwise(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """`function` of every element, the operands broadcast against each other.

    >>> import numpy, autodiff
    >>> autodiff.relu(numpy.array([-1.0, 2.0]))
    array([0., 2.])
    """
    boxed = map(_boxed, operands)
    result = numpy.asarray(numpy.frompyfunc(function, len(operands), 1)(*boxed), dtype=object)
    kinds = {type(each) for each in result.flat}
    return result.astype(kinds.pop()) if kinds in ({float}, {bool}) else result


def _boxed(operand: Any) -> Any:
    """`operand` as an array; NumPy asks those nothing."""
    if isinstance(operand, (numpy.ndarray, list, tuple)):
        return numpy.asarray(operand)
    if getattr(operand, "shape", ()):  # another library's array
        refuse_node(operand, "an operation on a Value")
        return numpy.asarray(operand)
    box = numpy.empty((), dtype=object)
    box[()] = operand
    return box


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """NumPy's function `ufunc` of Values, numbers and arrays, one of them a Value.

    What is no function of ours NumPy makes of the operators and methods of Values, as it does for
    an array of them.

    Raises:
        TypeError: If they do not suffice; the sentence says what to write.
    """
    name = ufunc.__name__
    other, ours = _OTHERS.get(name), FUNCTIONS.get(_NAMES.get(name, name))
    function = other or ours
    if function and method == "__call__" and all(given is None for given in options.values()):
        # A scalar of NumPy's as Python's own, which leaves the operation to Value.
        scalars = (numpy.generic, numpy.ndarray)
        operands = tuple([
            x.item() if isinstance(x, scalars) and x.shape == () else x for x in inputs
        ])  # fmt: skip
        if any(getattr(x, "shape", ()) or isinstance(x, (list, tuple)) for x in operands):
            return elementwise(function, operands)
        return function(*operands)
    loop = numpy.frompyfunc(ours, ufunc.nin, ufunc.nout) if ours else ufunc
    try:
        if other:
            raise TypeError(f"{name} works as a function alone: no {method}, no options")
        return getattr(loop, method)(*map(_boxed, inputs), **options)
    except (TypeError, AttributeError) as error:  # no such operator, no such method
        if any(out is not None and out.dtype != object for out in options.get("out", ())):
            raise TypeError(
                "an array of numbers holds no Values: write array = array + v, which makes a new "
                "array, for array += v"
            ) from error
        instead = INSTEAD.get(name, NUMBERS)
        raise TypeError(f"numpy.{name} has no derivative rule here: write {instead}") from error
