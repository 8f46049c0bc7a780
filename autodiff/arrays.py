"""Values among NumPy arrays.

Holds: what NumPy calls when a Value meets one of its functions, and the element-by-element use of
our functions on arrays.  An array of Values is an object array; the results are such arrays again.

May import: foreign, operations, value; numpy, which is loaded already when anything here runs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy

from autodiff.foreign import refuse_node
from autodiff.operations import FUNCTIONS

# NumPy's names where they differ from ours; operators that are no functions of ours.
_NAMES = {
    "absolute": "abs", "add": "add", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh",
    "divide": "div", "multiply": "mul", "negative": "neg", "power": "pow", "float_power": "pow",
    "remainder": "mod", "subtract": "sub", "true_divide": "div",
}  # fmt: skip
_COMPARISONS = {
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip


def elementwise(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """`function` of every element, the operands broadcast against each other.

    >>> import numpy, autodiff
    >>> autodiff.relu(numpy.array([-1.0, 2.0]))
    array([0., 2.])
    """
    boxed = [_as_array(each) for each in operands]
    result = numpy.asarray(numpy.frompyfunc(function, len(boxed), 1)(*boxed), dtype=object)
    kinds = {type(each) for each in result.flat}
    return result.astype(kinds.pop()) if kinds in ({float}, {bool}) else result


def _as_array(operand: Any) -> Any:
    if isinstance(operand, numpy.ndarray):
        return operand
    if getattr(operand, "shape", ()):  # another library's array
        refuse_node(operand, "an operation on a Value")
        return numpy.asarray(operand)
    box = numpy.empty((), dtype=object)
    box[()] = operand
    return box


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """NumPy's function `ufunc` of Values, numbers and arrays.

    Raises:
        TypeError: If we have no such operation.
    """
    name = ufunc.__name__
    if method != "__call__" or any(value is not None for value in options.values()):
        return NotImplemented
    function = _COMPARISONS.get(name) or FUNCTIONS.get(_NAMES.get(name, name))
    if function is None:
        raise TypeError(f"numpy.{name} has no derivative rule here: use a function of autodiff")
    # A scalar of NumPy's as Python's own, which leaves the operation to Value.
    operands = tuple(
        [
            x.item() if isinstance(x, (numpy.generic, numpy.ndarray)) and x.shape == () else x
            for x in inputs
        ]
    )
    if any(getattr(x, "shape", ()) for x in operands):
        return elementwise(function, operands)
    return function(*operands)
