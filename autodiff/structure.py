"""Numbers in lists: taking nested arguments apart and putting results together alike.

Holds: `flatten`, for functions of numbers, lists, tuples, dicts and NumPy arrays, nested at will.

May import: value.  Imports numpy only if an array has been given (it is loaded then).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff.value import Value, as_float

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any, place: str = "a derivative") -> tuple[list[Any], Rebuild]:
    """`tree` as one flat list of numbers and Values, and the function that nests such a list again.

    An array comes back as an array: of floats if all its new elements are floats, else of objects.

    >>> numbers, rebuild = flatten([1, (2.0, [3])])
    >>> numbers, rebuild([10.0, 20.0, 30.0])
    ([1.0, 2.0, 3.0], [10.0, (20.0, [30.0])])
    """
    if isinstance(tree, Value):
        return [tree], lambda new: new[0]
    if isinstance(tree, dict):
        keys = list(tree)
        numbers, rebuild = flatten(list(tree.values()), place)
        return numbers, lambda new: dict(zip(keys, rebuild(new)))
    if isinstance(tree, (list, tuple)):
        parts = [flatten(each, place) for each in tree]
        return [x for numbers, _ in parts for x in numbers], _nested(type(tree), parts)
    if getattr(tree, "shape", ()):
        flat, shape = tree.ravel().tolist(), tree.shape
        return [_number(x, place) for x in flat], lambda new: _array(new, shape)
    return [as_float(tree, place)], lambda new: new[0]


def _nested(kind: type, parts: list[tuple[list[Any], Rebuild]]) -> Rebuild:
    def rebuild(new: Sequence[Any]) -> Any:
        built, start = [], 0
        for numbers, part in parts:
            built.append(part(new[start : start + len(numbers)]))
            start += len(numbers)
        if hasattr(kind, "_fields"):  # a named tuple
            return kind(*built)
        return kind(built)

    return rebuild


def _number(x: Any, place: str) -> Any:
    return x if isinstance(x, Value) else as_float(x, place)


def _array(new: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy

    kind = object if any(isinstance(x, Value) for x in new) else float
    array = numpy.empty(len(new), dtype=kind)
    array[:] = list(new)
    return array.reshape(shape)
