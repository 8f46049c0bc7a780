"""What comes out of a replay: weights of examples, rows of results, sums of gradients.

Holds: the small functions on them.  With NumPy they are arrays, without it lists.

May import: shapes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from autodiff.tape.shapes import HAS_NUMPY, numpy


def as_list(numbers: Any) -> Any:
    """An array as lists of Python's floats; a sequence as it is."""
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def as_vector(numbers: Any) -> Any:
    """A list as an array, where NumPy is installed."""
    if not HAS_NUMPY:
        return list(map(float, numbers))
    return numpy.asarray(numbers, dtype=float)


def _vector(numbers: Any, name: str) -> Any:
    """Numbers that a user gave, as one flat vector.

    Raises:
        TypeError: If they are none.
        ValueError: If they are nested.
    """
    flat = [numbers] if isinstance(numbers, str) else numbers
    try:
        vector = as_vector(flat)
        nested = getattr(vector, "ndim", 1) != 1
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} is one flat list or array of numbers, not {numbers!r:.40}"
        ) from None
    if nested:
        raise ValueError(
            f"{name} is one flat list or array of numbers, not of shape {vector.shape}"
        )
    return vector


def theta_of(theta: Any, n: int) -> Any:
    """The parameters' numbers that a user gave, as a vector.

    Raises:
        TypeError, ValueError: If it is no vector of n numbers.
    """
    vector = _vector(theta, "theta")
    if len(vector) != n:
        raise ValueError(f"theta has {len(vector)} numbers, but the tape has {n} parameters")
    return vector


def seeds_of(n: int, reduction: str, weights: Any) -> Any:
    """What each example's adjoint starts from.

    Args:
        n: The number of examples.
        reduction: "mean" or "sum".
        weights: One weight per example, not negative, or None.

    Raises:
        ValueError: If the reduction is unknown, or the weights do not fit or make no sense.

    >>> list(map(float, seeds_of(2, "mean", [1.0, 3.0])))
    [0.25, 0.75]
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum', not {reduction!r}")
    if weights is None:
        return _equal_seeds(n, reduction)
    weights = as_list(_vector(weights, "weights"))
    if len(weights) != n:
        raise ValueError(f"{n} examples but {len(weights)} weights: give one for each")
    total = math.fsum(weights)
    if not all(0.0 <= w < math.inf for w in weights) or not total > 0.0:
        raise ValueError("weights of examples are finite, not negative, and not all 0")
    return as_vector(weights if reduction == "sum" else [w / total for w in weights])


@lru_cache(16)
def _equal_seeds(n: int, reduction: str) -> Any:
    return as_vector([1.0 / n if reduction == "mean" else 1.0] * n)


def pick(rows: Any, chosen: Sequence[int] | None) -> Any:
    """Some of the rows; all if `chosen` is None."""
    if chosen is None:
        return rows
    return rows[chosen] if hasattr(rows, "tolist") else [rows[i] for i in chosen]


def join(parts: Sequence[tuple[Any, Any, Any]], n: int, work: str) -> tuple[Any, Any]:
    """Results and gradients of all examples from those of parts: indices, results, gradients."""
    if len(parts) == 1 and parts[0][0] is None:
        return parts[0][1:]
    rows: list[Any] = [None] * n
    own: list[Any] = [None] * n
    total: Any = None
    for chosen, results, gradient in parts:
        for i, j in enumerate(chosen):
            rows[j] = list(results[i])
            if work == "input_gradients":
                own[j] = list(gradient[i])
        if work == "gradient":
            total = gradient if total is None else added(total, gradient)
    return rows, own if work == "input_gradients" else total


def added(a: Any, b: Any) -> Any:
    """The sum of two vectors."""
    if hasattr(a, "tolist") and hasattr(b, "tolist"):
        return a + b
    return [x + y for x, y in zip(as_list(a), as_list(b))]


def shaped(rows: Any, one_output: bool, one_example: bool) -> Any:
    """Rows of results as the caller gets them: floats, lists or arrays."""
    if one_example:
        row = list(map(float, rows[0]))
        return row[0] if one_output else row
    if HAS_NUMPY:
        array = as_vector(rows)
        return array[:, 0] if one_output else array
    return [row[0] for row in rows] if one_output else [list(row) for row in rows]
