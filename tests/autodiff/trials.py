"""One call tried with Values: is the answer that of floats, with the right gradient?

Nothing here knows what the function means.  The same call with floats tells the number, and its
central differences the gradient; where two are equal, those are the mean of both sides.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value

Function = Callable[..., Any]
Call = Callable[[Function, Any], Any]


class Point(NamedTuple):
    """Where a call is tried."""

    name: str
    numbers: tuple[float, ...]


POINTS = [
    Point("between 0 and 1", (0.6, 0.31, 0.83, 0.57, 0.52, 0.45)),
    Point("above 1", (1.85, 1.56, 2.08, 1.82, 1.77, 1.7)),
    Point("equals", (0.6, 0.3, 0.6, 0.3, 0.3, 0.2)),
    Point("nan", (0.6, math.nan, 0.83, 0.57, 0.52, 0.45)),
]


def one(numbers: Any) -> Any:
    """Two numbers x and y."""
    return SimpleNamespace(x=numbers[1], y=numbers[4])


def array(numbers: Any) -> Any:
    """Two vectors x and y, and a matrix m."""
    every = np.array(numbers, object if isinstance(numbers[0], Value) else float)
    return SimpleNamespace(x=every[:3].copy(), y=every[3:].copy(), m=every[:4].reshape(2, 2).copy())


def leaves(result: Any) -> list[Any]:
    """The numbers and Values of a result, in order.

    Raises:
        TypeError: If there is anything else in it.
    """
    if isinstance(result, (tuple, list)):
        return [leaf for each in result for leaf in leaves(each)]
    if isinstance(result, np.ndarray) and result.dtype.kind in "biufcO":
        return leaves(result.ravel().tolist()) if result.dtype == object else list(result.flat)
    if isinstance(result, (bool, int, float, complex, Value)):
        return [result]
    if isinstance(result, np.generic) and result.dtype.kind in "biufc":
        return [result]
    raise TypeError(f"a {type(result).__name__} is neither number nor Value")


def _shape(result: Any) -> Any:
    return list(map(_shape, result)) if isinstance(result, (tuple, list)) else np.shape(result)


def _jacobian(run: Callable[[Any], Any], numbers: Any, found: list[Any], h: float) -> Any:
    """The central differences of the results `found`; nan where floats are refused."""
    jacobian = np.full((len(found), len(numbers)), math.nan)
    for j in range(len(numbers)):
        moved = [[x + step * (i == j) for i, x in enumerate(numbers)] for step in (h, -h)]
        try:
            above, below = (np.array(leaves(run(each)), complex) for each in moved)
            jacobian[:, j] = (above - below).real / (2 * h)
        except Exception:
            break
    smooth = [isinstance(z, (float, complex, np.inexact)) for z in found]
    return np.where(np.array(smooth)[:, None], jacobian, 0.0)


def _gradients(found: list[Any], values: list[Value]) -> Any:
    rows = []
    for z in found:
        for v in values:
            v.grad = 0.0
        if isinstance(z, Value):
            z.backward()
        rows.append([v.grad for v in values])
    return np.array(rows)


def trial(call: Call, f: Function, point: Point, inputs: Function, ours: Function | None) -> str:
    """What came of one call.

    Args:
        call: Calls the function it is given with the inputs it is given.
        f: The function of floats.
        point: The numbers.
        inputs: `one` or `array`: what the call takes, made from the numbers.
        ours: What is called with Values, if not `f`.

    Returns:
        "" if floats are refused, "right", "refused: ...", or what is wrong.
    """

    def run(numbers: Any) -> Any:
        with np.errstate(all="ignore"):
            return call(f, inputs(numbers))

    values = [Value(x) for x in point.numbers]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        try:
            expected = run(point.numbers)
            numbers = leaves(expected)
        except Exception:
            return ""
        warnings.simplefilter("always")
        try:
            result = call(ours or f, inputs(values))
        except Exception as error:
            return f"refused: {type(error).__name__}: {error}"
        warnings.simplefilter("ignore")
        try:
            found = leaves(result)
        except TypeError as error:
            return f"shape: {error}"
        if _shape(result) != _shape(expected):
            return f"shape: {_shape(result)} instead of {_shape(expected)}"
        given = np.array([z.data if isinstance(z, Value) else z for z in found], complex)
        if not np.allclose(given, np.array(numbers), rtol=1e-10, atol=1e-14, equal_nan=True):
            aloud = any(issubclass(each.category, RuntimeWarning) for each in warned)
            return f"{'warned' if aloud else 'number'}: {given} instead of {numbers}"
        if not found or point.name == "nan":
            return "right" if found else ""
        gradients = _gradients(found, values)
        wanted = _jacobian(run, point.numbers, numbers, 1e-6)
        off = ~np.isclose(gradients, wanted, rtol=1e-5, atol=1e-7) & ~np.isnan(wanted)
        if np.any(off):  # unless it is a jump, which the differences see the larger the nearer
            again = _jacobian(run, point.numbers, numbers, 1e-5)
            off &= abs(again - wanted) < 1e-3 * (1 + abs(wanted))
        for row in np.flatnonzero(off.any(axis=1)):
            name = "nan" if np.isnan(gradients[row]).any() else "gradient"
            return f"{name}: {gradients[row]} instead of {wanted[row]}"
    return "right"


def trials(
    calls: Iterable[Call], f: Function, inputs: Function, ours: Function | None = None
) -> Iterator[tuple[str, str]]:
    """`(point, what came of it)` for every call, at every point where floats are answered."""
    for call in calls:
        for point in POINTS:
            found = trial(call, f, point, inputs, ours)
            if found:
                yield point.name, found
            elif point is POINTS[0]:
                break  # the call does not suit the function
