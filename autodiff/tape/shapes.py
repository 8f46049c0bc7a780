"""What a tape is called with: numbers, nested lists and arrays, for one example or for many.

Holds: `Arguments`, which takes calls apart into flat numbers by the shape of the first example.

May import: structure, value.  Imports numpy only where it is installed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autodiff.structure import Structure, flatten
from autodiff.value import Value

numpy: Any
try:
    import numpy
except ImportError:
    numpy = None

PLACE = "a tape"
HAS_NUMPY = numpy is not None


class Nest(NamedTuple):
    """The shape of a dict, or of a list whose parts differ in shape."""

    keys: tuple[Any, ...] | None
    parts: tuple[Any, ...]


def shape_of(argument: Any) -> Any:
    """`()` for a number, (2, 3) for two rows of three; else a Nest."""
    if isinstance(argument, dict):
        return Nest(tuple(argument), tuple(map(shape_of, argument.values())))
    shape = getattr(argument, "shape", None)
    if shape is not None:
        return tuple(shape)
    if not isinstance(argument, (list, tuple)):
        return ()
    parts = [shape_of(each) for each in argument]
    if parts and all(part.__class__ is tuple and part == parts[0] for part in parts):
        return (len(parts), *parts[0])
    return Nest(None, tuple(parts)) if parts else (0,)


class Batch:
    """The numbers of one call.

    Attributes:
        key: The shapes of one example.
        rows: One flat list of numbers per example; of arrays, an array of two dimensions.
        single: Whether the call was about one example, not a batch.
    """

    def __init__(self, key: Any, rows: Any, single: bool) -> None:
        self.key, self.rows, self.single = key, rows, single

    def __len__(self) -> int:
        return len(self.rows)


class Arguments:
    """How a tape is called, learnt from its first example.

    Args:
        example: The arguments.
    """

    def __init__(self, example: Sequence[Any]) -> None:
        # First, for it refuses what is nested too deeply.
        rebuild = flatten(list(example), PLACE)[1]
        self._learn([shape_of(each) for each in example], [hasattr(x, "dtype") for x in example])
        # The function gets what it was given: an array for an array, a tuple for a tuple.
        self._rebuilds: dict[Any, Structure] = {tuple(self.shapes): rebuild} if example else {}

    @classmethod
    def of_shapes(cls, shapes: Sequence[Any]) -> Arguments:
        """Of a tape that comes from a file."""
        self = cls(())
        self._learn(shapes, [False] * len(shapes))
        return self

    def _learn(self, shapes: Sequence[Any], are_arrays: Sequence[bool]) -> None:
        self.shapes, self._are_arrays = list(shapes), list(are_arrays)
        self._regular = all(shape.__class__ is tuple for shape in shapes)
        self._calls: dict[Any, tuple[Any, bool]] = {}  # shapes of calls -> what they mean

    def take(self, arguments: Sequence[Any]) -> Batch:
        """The numbers of a call.

        Raises:
            TypeError: If there are too few or too many arguments, or something is no number.
            ValueError: If an argument has neither the example's number of dimensions nor one
                more, if some have one more and some not, or if the batch is empty.
        """
        if len(arguments) != len(self.shapes):
            raise TypeError(
                f"the tape takes {len(self.shapes)} arguments, as its example had; "
                f"this call has {len(arguments)}"
            )
        if HAS_NUMPY and self._regular:
            return self._take_arrays(arguments)
        shapes = [shape_of(each) for each in arguments]
        batched = [self._is_batch(i, shape) for i, shape in enumerate(shapes)]
        if not _agree(batched):
            return self._one_example(shapes, arguments)
        lengths = {len(each) for each in arguments}
        _check_lengths(lengths)
        examples = list(zip(*arguments))
        keys = [tuple(map(shape_of, each)) for each in examples]
        for i, key in enumerate(keys):
            if key != keys[0]:
                raise ValueError(
                    f"example {i} has another shape than example 0: replay examples of different "
                    "shapes in calls of their own"
                )
        rows = [[x for part in each for x in _numbers(part)] for each in examples]
        return Batch(keys[0], rows, False)

    def _one_example(self, shapes: Sequence[Any], arguments: Sequence[Any]) -> Batch:
        flat = [x for each in arguments for x in _numbers(each)]
        return Batch(tuple(shapes), [flat], True)

    def _is_batch(self, i: int, shape: Any) -> bool:
        """Whether argument number i is a batch, by its dimensions."""
        wanted = self.shapes[i]
        if wanted.__class__ is not tuple:  # ragged: a batch is a list of such
            parts = shape.parts if isinstance(shape, Nest) and shape.keys is None else ()
            return wanted in parts or shape == (0,)
        n = len(shape) if shape.__class__ is tuple else -1
        if n not in (len(wanted), len(wanted) + 1):
            raise ValueError(self._wrong_shape(i, shape))
        return n == len(wanted) + 1

    def _wrong_shape(self, i: int, shape: Any) -> str:
        wanted = self.shapes[i]
        example = "a number" if wanted == () else f"of shape {wanted}"
        many = "one number each" if wanted == () else f"shape (n, {', '.join(map(str, wanted))})"
        shown = f"has shape {shape}" if shape.__class__ is tuple else "is ragged"
        return f"argument {i} {shown}, but in the example it was {example}: a batch has {many}"

    def _take_arrays(self, arguments: Sequence[Any]) -> Batch:

        arrays = [_as_array(each, i) for i, each in enumerate(arguments)]
        shapes = tuple([each.shape for each in arrays])
        call = self._calls.get(shapes)
        if call is None:
            if len(self._calls) > 1000:  # batches of ever new sizes must not pile up
                self._calls.clear()
            call = self._calls[shapes] = self._call(shapes)
        key, single = call
        n = 1 if single else len(arrays[0])
        rows = [each.reshape(n, -1) for each in arrays]
        if len(rows) == 1:
            return Batch(key, rows[0], single)
        return Batch(key, numpy.concatenate(rows, axis=1) if rows else numpy.empty((1, 0)), single)

    def _call(self, shapes: tuple[Any, ...]) -> tuple[Any, bool]:
        """The shapes of one example, and whether there is but one."""
        batched = [self._is_batch(i, shape) for i, shape in enumerate(shapes)]
        if not _agree(batched):
            return shapes, True
        _check_lengths({shape[0] for shape in shapes})
        return tuple([shape[1:] for shape in shapes]), False

    def fill(self, key: Any, numbers: Sequence[Any]) -> list[Any]:
        """One example's arguments with `numbers` in place of its own, for the function."""
        rebuild = self._rebuilds.get(key)
        if rebuild is None:
            example = [_nest(shape, array) for shape, array in zip(key, self._are_arrays)]
            rebuild = self._rebuilds[key] = flatten(example, PLACE)[1]
        return rebuild(numbers)  # type: ignore[no-any-return]

    def nest(self, arguments: Sequence[Any], batch: Batch, rows: Any) -> Any:
        """One row of numbers per example, nested like the arguments of the call."""
        if batch.single:
            nested = flatten(list(arguments), PLACE)[1](list(map(float, rows[0])))
        elif HAS_NUMPY and all(shape.__class__ is tuple for shape in batch.key):
            nested = _split(rows, batch.key)
        else:
            each = [self.fill(batch.key, list(row)) for row in rows]
            nested = [list(column) for column in zip(*each)]
        return nested[0] if len(arguments) == 1 else tuple(nested)


def _nest(shape: Any, array: bool) -> Any:
    """Zeros in the shape of an argument."""
    if shape.__class__ is tuple and shape and isinstance(shape[0], int):
        if array:
            return numpy.zeros(shape)
        return [_nest(shape[1:], False) for _ in range(shape[0])]
    if shape == ():
        return 0.0
    nested = [_nest(part, False) for part in shape.parts]
    return nested if shape.keys is None else dict(zip(shape.keys, nested))


def _split(rows: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The columns of an array as one array per argument."""
    rows, parts, start = numpy.asarray(rows, dtype=float), [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        parts.append(rows[:, start:stop].reshape(len(rows), *shape))
        start = stop
    return parts


def _agree(batched: list[bool]) -> bool:
    if any(batched) and not all(batched):
        some = [str(i) for i, each in enumerate(batched) if each]
        raise ValueError(
            f"arguments {', '.join(some)} are a batch and the others are one example: "
            "give every argument one row per example"
        )
    return bool(batched) and all(batched)


def _check_lengths(lengths: set[int]) -> None:
    if len(lengths) > 1:
        raise ValueError(
            f"the arguments are batches of {min(lengths)} and {max(lengths)} examples: "
            "give each argument one row per example"
        )
    if 0 in lengths:
        raise ValueError("a batch of 0 examples: give at least one")


def _numbers(argument: Any) -> list[float]:
    flat, _ = flatten(argument, PLACE)
    for x in flat:
        if isinstance(x, Value):
            raise TypeError(_NO_VALUES)
    return flat


_NO_VALUES = (
    "a tape takes plain numbers, not Values: only parameters are Values, and Tape.record is told "
    "of them; write x.data"
)


def _as_array(argument: Any, i: int) -> Any:
    """Argument number i as an array of floats."""
    if isinstance(argument, Value):
        raise TypeError(_NO_VALUES)
    if argument.__class__ is numpy.ndarray and argument.dtype == float:
        return argument
    try:
        found = numpy.asarray(argument)
    except ValueError:  # ragged
        raise ValueError(f"argument {i} is ragged: give lists of equal lengths") from None
    if found.dtype == float:
        return found
    if found.dtype.kind in "biuf":
        return found.astype(float)
    shape = found.shape
    numbers: Any = _numbers(argument if found.dtype.kind != "O" else found.tolist())
    return numpy.array(numbers, dtype=float).reshape(shape)
