"""Checks of data before anything is changed, each with a sentence that says what is wrong where.

Holds: `check_cases`, `check_targets`, `check_lengths`, `check_weights`, `column` and `entries`, for
what has one entry per case; `check_flag`, `whole`, `number` and `check_folder`, for settings.

Entries are paired by position, never by the labels of an index: whatever is given becomes a list
first, and what has no order of its own is refused.

May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

_PLAIN = {float, int, bool}
_LARGEST = 2**1023  # integers beyond are refused: a float may not hold them


def check_cases(X: Any, n_in: int | None, name: str = "X") -> list[Any]:
    """`X` as a list of rows of Python floats.

    Args:
        X: Rows: a list of lists, an array, or a data frame.
        n_in: The width every row must have; None if the model does not say, and rows may then be
            nested lists of any shape.
        name: What the rows are called in messages.

    Raises:
        TypeError: If X is no list of rows, or holds something that is not a number.
        ValueError: If X is empty, a row has another width, or a number is nan or infinite.
    """
    rows = entries(X, name)
    if not rows:
        raise ValueError(f"{name} is empty: give at least one row")
    checked = []
    for i, row in enumerate(rows):
        if not isinstance(row, (list, tuple)):
            raise TypeError(
                f"row {i} of {name} is {row!r:.80}, not a list: {name} holds one list of numbers "
                f"per case, [[x] for x in {name}] for a single feature, [{name}] for a single case"
            )
        if n_in is not None and len(row) != n_in:
            raise ValueError(
                f"row {i} of {name} has {len(row)} numbers, but the model takes {n_in} inputs"
            )
        if set(map(type, row)) == {float} and all(map(isfinite, row)):
            checked.append(list(row))
        else:
            place = f"row {i} of {name}, column"
            checked.append([_number(x, f"{place} {j}") for j, x in enumerate(row)])
    return checked


def check_targets(y: Any, name: str = "y") -> list[Any]:
    """`y` as a list of one number, or one list of numbers, per case.

    Raises:
        TypeError: If y is no list, or holds something that is not a number.
        ValueError: If a number is nan or infinite.
    """
    return [_number(t, f"row {i} of {name}") for i, t in enumerate(entries(y, name))]


def column(y: Sequence[Any]) -> list[Any]:
    """A column, rows of one number each, as those numbers; anything else as it is.

    >>> column([[1.0], [2.0]]), column([[1.0, 2.0]])
    ([1.0, 2.0], [[1.0, 2.0]])
    """
    if all(isinstance(t, list) and len(t) == 1 for t in y):
        return [t[0] for t in y]
    return list(y)


def check_lengths(X: Sequence[Any], y: Sequence[Any], what: str = "target") -> None:
    """Raises ValueError if the two lengths differ."""
    if len(X) != len(y):
        raise ValueError(f"{len(X)} cases but {len(y)} {what}s: give one {what} for each case")


def check_weights(weight: Any, n: int) -> list[float]:
    """`weight` as a list of n numbers from 0 on, not all 0.

    Raises:
        TypeError, ValueError: If it is not.
    """
    weights = column([_number(w, f"the weight of case {i}", "a number from 0 on")
                      for i, w in enumerate(entries(weight, "sample_weight"))])  # fmt: skip
    check_lengths(range(n), weights, "weight")
    for i, w in enumerate(weights):
        if isinstance(w, list) or w < 0.0:
            raise ValueError(f"the weight of case {i} is {w}: weights are numbers from 0 on")
    if not any(weights):
        raise ValueError("all weights are 0: there is nothing to learn from")
    return [float(w) for w in weights]


def check_flag(name: str, flag: Any) -> bool:
    """`flag` if it is True or False.

    Raises:
        TypeError: If it is something else.
    """
    if type(flag).__name__ not in ("bool", "bool_"):  # NumPy's too
        raise TypeError(f"{name} is True or False, not {flag!r:.80}")
    return bool(flag)


def number(name: str, x: Any, wanted: str = "a number") -> float:
    """A setting as a float.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is nan.
    """
    x = _plain(x)
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        raise TypeError(f"{name} is {wanted}, not {x!r:.80}")
    if x != x or (isinstance(x, int) and abs(x) > _LARGEST):
        raise ValueError(f"{name} is {wanted}, not {'nan' if x != x else 'an integer so large'}")
    return float(x)


def whole(name: str, n: Any, least: int = 1, wanted: str = "") -> int:
    """A setting that counts something, as an int; 20.0 and 1e3 are whole numbers too.

    Args:
        name: Its name, the subject of what is raised.
        n: The number.
        least: The smallest that makes sense.
        wanted: What it is, in words.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is smaller, or not whole.

    >>> whole("epochs", 2.0)
    2
    """
    x = number(name, n, wanted or "a whole number")
    if not x.is_integer():
        raise ValueError(f"{name} is {wanted or 'a whole number'}, not {n}")
    if x < least:
        raise ValueError(f"{name} is {wanted or f'at least {least}'}, not {n}")
    return int(n)


def check_folder(path: str | Path) -> Path:
    """The folder, once a file was tried in it, or where it would be made; nothing is left there.

    Raises:
        OSError: If there cannot be such a folder, or nothing can be written into it.
    """
    folder = Path(path)
    try:
        there = next(each for each in (folder, *folder.parents) if each.exists())
        with TemporaryFile(dir=there):
            return folder
    except OSError as error:
        raise OSError(f"{folder} is no folder to write into: {error.strerror}") from error


def entries(rows: Any, name: str) -> list[Any]:
    """What has one entry per case as a list, by position.

    Raises:
        TypeError: If it has no entries, or no order.
    """
    kind = type(rows).__name__
    if hasattr(rows, "to_numpy"):  # a data frame
        rows = rows.to_numpy()
    if getattr(getattr(rows, "dtype", None), "kind", "") in ("M", "m"):
        raise TypeError(f"{name} holds dates: turn them into numbers, days since the first")
    if hasattr(rows, "tolist"):  # an array
        rows = rows.tolist()
    if isinstance(rows, Set) and not isinstance(rows, (type({}.keys()), type({}.items()))):
        raise TypeError(f"{name} is a {kind}, which has no order: give a list, one entry per case")
    if isinstance(rows, (str, bytes, Mapping)) or not hasattr(rows, "__iter__"):
        advice = ""
        if isinstance(getattr(rows, name, None), list):
            advice = f", such as its attribute {name}"
        raise TypeError(f"{name} is a {kind}: give a list with one entry per case{advice}")
    return [row.tolist() if hasattr(row, "tolist") else row for row in rows]


def _plain(x: Any) -> Any:
    """A scalar of NumPy's or the like as Python's; the rest as it is."""
    if type(x) in _PLAIN or not hasattr(x, "item") or hasattr(x, "parents"):
        return x
    x = x.item()
    return float(x) if type(x).__name__ == "longdouble" else x


def _number(x: Any, place: str, wanted: str = "") -> Any:
    """`x` as an int or float, or a nested list of such."""
    if isinstance(x, (list, tuple)):
        return [_number(each, f"{place}, column {j}", wanted) for j, each in enumerate(x)]
    x = _plain(x)
    if isinstance(x, str) and not wanted:
        raise TypeError(
            f"{place} is {x!r:.80}, not a number: float(text) reads one, and "
            "[names.index(name) for name in column] numbers the classes of a column of names"
        )
    if not isinstance(x, (int, float)):
        raise TypeError(f"{place} is {x!r:.80}, not {wanted or 'a number'}")
    if isinstance(x, int) and abs(x) > _LARGEST:
        raise ValueError(f"{place} is too large for a floating-point number")
    if not isfinite(x):
        advice = f"give {wanted}" if wanted else "drop the row, or replace it by the column's mean"
        raise ValueError(f"{place} is {x}: {advice}")
    return x
