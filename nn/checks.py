"""Checks of data before anything is changed, each with a sentence that says what is wrong where.

Holds: `check_cases`, `check_targets`, `check_lengths`, `check_weights`.

May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any


def check_cases(X: Any, n_in: int | None) -> list[Any]:
    """`X` as a list of rows of Python floats.

    Args:
        X: Rows: a list of lists, an array, or a data frame.
        n_in: The width every row must have; None if the model does not say, and rows may then be
            nested lists of any shape.

    Raises:
        TypeError: If X is no list of rows, or holds something that is not a number.
        ValueError: If X is empty, a row has another width, or a number is nan or infinite.
    """
    rows = _as_list(X, "X")
    if not rows:
        raise ValueError("X is empty: give at least one row")
    checked = []
    for i, row in enumerate(rows):
        if not isinstance(row, (list, tuple)):
            raise TypeError(
                f"row {i} of X is {row!r}, not a list: X holds one list of numbers per case, "
                "[[x] for x in X] for a single feature"
            )
        if n_in is not None and len(row) != n_in:
            raise ValueError(
                f"row {i} of X has {len(row)} numbers, but the model takes {n_in} inputs"
            )
        checked.append([_number(x, f"row {i} of X, column {j}") for j, x in enumerate(row)])
    return checked


def check_targets(y: Any) -> list[Any]:
    """`y` as a list of one number, or one list of numbers, per case.

    Raises:
        TypeError: If y is no list, or holds something that is not a number.
        ValueError: If a number is nan or infinite.
    """
    return [_number(t, f"row {i} of y") for i, t in enumerate(_as_list(y, "y"))]


def check_lengths(X: Sequence[Any], y: Sequence[Any], what: str = "target") -> None:
    """Raises ValueError if the two lengths differ."""
    if len(X) != len(y):
        raise ValueError(f"{len(X)} cases but {len(y)} {what}s: give one {what} for each case")


def check_weights(weight: Any, n: int) -> list[float]:
    """`weight` as a list of n numbers from 0 on, not all 0.

    Raises:
        ValueError: If it is not.
    """
    weights = [float(w) for w in _as_list(weight, "sample_weight")]
    check_lengths(range(n), weights, "weight")
    for i, w in enumerate(weights):
        if not 0.0 <= w < float("inf"):
            raise ValueError(f"the weight of case {i} is {w}: weights are numbers from 0 on")
    if not any(weights):
        raise ValueError("all weights are 0: there is nothing to learn from")
    return weights


def _as_list(rows: Any, name: str) -> list[Any]:
    if hasattr(rows, "to_numpy"):  # a data frame
        rows = rows.to_numpy()
    if hasattr(rows, "tolist"):  # an array
        rows = rows.tolist()
    if isinstance(rows, (str, dict)) or not hasattr(rows, "__iter__"):
        raise TypeError(f"{name} is a {type(rows).__name__}: give a list with one entry per case")
    return [row.tolist() if hasattr(row, "tolist") else row for row in rows]


def _number(x: Any, place: str) -> Any:
    """`x` as an int or float, or a nested list of such."""
    if isinstance(x, (list, tuple)):
        return [_number(each, f"{place}, column {j}") for j, each in enumerate(x)]
    if hasattr(x, "item") and not hasattr(x, "backward"):  # a NumPy scalar
        x = x.item()
    if not isinstance(x, (int, float)):
        raise TypeError(f"{place} is {x!r:.80}, not a number")
    if isinstance(x, int) and abs(x) > 2**1023:
        raise ValueError(f"{place} is too large for a floating-point number")
    if not isfinite(x):
        raise ValueError(f"{place} is {x}: drop the row, or replace it by the column's mean")
    return x
