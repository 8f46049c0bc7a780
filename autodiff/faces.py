"""What Value leaves to rooms that stand after it: NumPy, notebooks, and `create_graph`.

Holds: the methods of Value that load such a room when they are first called.  They are attached
from here, so that neither `value` nor `operations` knows of these rooms, and `import autodiff`
stays quick.

May import: rule, value; arrays, pictures and adjoints when first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.rule import RESERVED
from autodiff.value import Value


def __array_ufunc__(  # noqa: N807 (NumPy's name for a method)
    self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any
) -> Any:
    """NumPy's functions of Values and arrays: `np.exp(v)`, `array * v`."""
    from autodiff.arrays import apply_ufunc

    return apply_ufunc(ufunc, method, inputs, options)


def _repr_mimebundle_(self: Value, **options: Any) -> dict[str, str] | None:
    """What a notebook shows: the picture of a small graph, else the text."""
    from autodiff.pictures import bundle

    return bundle(self)


def _backward_with_graph(self: Value, gradient: Any) -> None:
    """`backward(gradient, create_graph=True)`."""
    from autodiff.adjoints import backward_with_graph

    backward_with_graph(self, gradient)


def _elementwise(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """`function` of every element, where operations are given arrays."""
    from autodiff.arrays import elementwise

    return elementwise(function, operands)


_METHODS = {
    "__array_ufunc__": __array_ufunc__,
    "_repr_mimebundle_": _repr_mimebundle_,
    "_backward_with_graph": _backward_with_graph,
    "_elementwise": staticmethod(_elementwise),  # arrays alone have no Value to ask
}
for _name, _method in _METHODS.items():
    setattr(Value, _name, _method)
RESERVED.update(_METHODS)  # no rule may take the place of one
