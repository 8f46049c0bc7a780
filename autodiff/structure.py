"""Numbers in lists: taking nested arguments apart and putting results together alike.

Holds: `flatten`, for functions of numbers, lists, tuples, dicts and NumPy arrays, nested at will,
and `map_values`, which changes the Values in a result of any kind.

May import: foreign, value.  Imports numpy only if an array has been given (it is loaded then).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autodiff.foreign import refuse_node
from autodiff.value import Value, as_float

Builder = Callable[[Iterator[Any]], Any]


def flatten(tree: Any, place: str = "a derivative") -> tuple[list[Any], Structure]:
    """`tree` as a flat list of numbers and Values, and the structure that nests such a list again.

    An array comes back as an array: of floats if all its new elements are floats, else of objects.

    Raises:
        TypeError: If something in it is not a number; the sentence names `place`.
        ValueError: If it is nested more deeply than Python's recursion limit allows.

    >>> numbers, rebuild = flatten([1, (2.0, [3])])
    >>> numbers, rebuild([10.0, 20.0, 30.0])
    ([1.0, 2.0, 3.0], [10.0, (20.0, [30.0])])
    """
    numbers: list[Any] = []
    structure = Structure()
    try:
        structure.build = structure.visit(tree, numbers, place)
    except RecursionError:
        raise ValueError(
            f"{place} got lists nested too deeply, or a list that holds itself: give flat lists"
        ) from None
    return numbers, structure


class Structure:
    """How the numbers of a tree are nested: containers around leaves.

    Attributes:
        shapes: The shape of each leaf in order: () of a number, else that of an array.
        build: Puts leaves into the containers.
    """

    build: Builder

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, numbers: Sequence[Any]) -> Any:
        """The tree with these numbers in place of its own."""
        return self.nest([array(numbers[start:end], shape) for start, end, shape in self.places()])

    def nest(self, leaves: Sequence[Any]) -> Any:
        """The tree with these leaves in place of its own."""
        return self.build(iter(leaves))

    def places(self) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Where the numbers of each leaf begin and end in the flat list, and the leaf's shape."""
        start = 0
        for shape in self.shapes:
            end = start + math.prod(shape)
            yield start, end, shape
            start = end

    def visit(self, tree: Any, numbers: list[Any], place: str) -> Builder:
        """Appends the numbers of `tree`; what will put new leaves in their places."""
        if isinstance(tree, dict):
            keys, build = list(tree), self.visit(list(tree.values()), numbers, place)
            return lambda leaves: dict(zip(keys, build(leaves)))
        if isinstance(tree, (list, tuple)):
            return _container(type(tree), [self.visit(each, numbers, place) for each in tree])
        shape = () if isinstance(tree, Value) else getattr(tree, "shape", ())
        if shape:
            refuse_node(tree, place)
        for x in tree.ravel().tolist() if shape else (tree,):
            numbers.append(x if isinstance(x, Value) else as_float(x, place))
        self.shapes.append(tuple(shape))
        return next


def _container(kind: type, builders: list[Builder]) -> Builder:
    if hasattr(kind, "_fields"):  # a named tuple
        return lambda leaves: kind(*[build(leaves) for build in builders])
    return lambda leaves: kind([build(leaves) for build in builders])


def array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Numbers as an array of this shape, of objects if there are Values; one number as it is."""
    if not shape:
        return numbers[0]
    import numpy

    kind = object if any(isinstance(x, Value) for x in numbers) else float
    flat = numpy.empty(len(numbers), dtype=kind)
    flat[:] = list(numbers)
    return flat.reshape(shape)


def map_values(tree: Any, change: Callable[[Value], Any]) -> Any:
    """`tree` with each Value changed; whatever is no container of Values stays as it is."""
    if isinstance(tree, Value):
        return change(tree)
    if isinstance(tree, dict):
        return {key: map_values(each, change) for key, each in tree.items()}
    if isinstance(tree, (list, tuple)):
        leaves = iter([map_values(each, change) for each in tree])
        return _container(type(tree), [next] * len(tree))(leaves)
    if getattr(getattr(tree, "dtype", None), "hasobject", False):
        changed = tree.copy()
        for i, each in enumerate(tree.flat):
            changed.flat[i] = map_values(each, change)
        return changed
    return tree
