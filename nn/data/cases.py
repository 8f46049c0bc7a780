"""Cases to learn from, and what prepares them.

Holds: `Data`; `standardise`, `one_hot`, `split`, `batches`; `mean_and_deviation`.  The sets
themselves are in `datasets`.

May import: checks, chance.  Never touches the global random state, but for the one draw that a
missing seed is replaced with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import frexp, fsum, hypot, ldexp, sqrt
from sys import float_info
from typing import Any

from nn.chance import generator
from nn.checks import check_cases, check_lengths, check_targets, column, number, whole

Rows = list[list[float]]
_MOST_PLACES = 100_000_000
TASKS = ("binary", "classes", "regression", "vector")


@dataclass(frozen=True)
class Data:
    """Cases to learn from.

    X and y may be given as lists, arrays, or the columns of a data frame; they are kept as lists,
    paired by position, whatever the labels of an index say.

    Attributes:
        name: The name of the set.
        X: One row of features per case.
        y: One target per case: a class, a number, or a row of numbers.
        task: What y is: "binary" (0 and 1, or -1 and 1), "classes" (0, 1, 2, ...), "regression"
            (a number) or "vector" (a row of numbers).
        features: The name and unit of every column of X.
        classes: The names of the classes, in order; empty for numbers.
        source: Where the data come from.

    Raises:
        TypeError, ValueError: If something is not a finite number, there is not one target for
            each case and one name for each column, or a target is not what the task says.

    >>> Data("two", [[1.0], [2.0]], [0, 3], "binary", ("length in m",))
    Traceback (most recent call last):
    ValueError: row 1 of y is 3: the targets of a "binary" task are 0 and 1, or -1 and 1
    """

    name: str
    X: Rows
    y: list[Any]
    task: str
    features: tuple[str, ...]
    classes: tuple[str, ...] = ()
    source: str = "generated"

    def __post_init__(self) -> None:
        X, y = check_cases(self.X, None), column(check_targets(self.y))
        check_lengths(X, y)
        features, classes = tuple(self.features), tuple(self.classes)
        for i, row in enumerate(X):
            if len(row) != len(features):
                raise ValueError(
                    f"row {i} of X has {len(row)} numbers, but there are {len(features)} names of "
                    "features: give one name for each column"
                )
        _check_task(self.task, y, len(classes))
        for name, each in (("X", X), ("y", y), ("features", features), ("classes", classes)):
            object.__setattr__(self, name, each)

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        return f"Data({self.name}: {len(self)} cases, {len(self.X[0])} features, {self.task})"

    def take(self, rows: Sequence[int]) -> Data:
        """The cases with these numbers, in this order."""
        X, y = [self.X[i] for i in rows], [self.y[i] for i in rows]
        return Data(self.name, X, y, self.task, self.features, self.classes, self.source)


def _check_task(task: str, y: list[Any], classes: int) -> None:
    """Raises ValueError at the first target that is not what the task says."""
    if task not in TASKS:
        raise ValueError(f"task is one of {', '.join(TASKS)}, not {task!r}")
    signs = -1 in y
    for i, t in enumerate(y):
        if task == "binary" and (isinstance(t, list) or t not in ((-1, 1) if signs else (0, 1))):
            wanted = "0 and 1, or -1 and 1"
        elif task == "classes" and (isinstance(t, list) or t < 0 or t != int(t)):
            wanted = "the whole numbers 0, 1, 2, ..."
        elif task == "classes" and classes and t >= classes:
            wanted = f"whole numbers from 0 to {classes - 1}, as there are {classes} names"
        elif task == "regression" and isinstance(t, list):
            wanted = "one number each"
        elif task == "vector" and not isinstance(t, list):
            wanted = "one row of numbers each"
        else:
            continue
        raise ValueError(f'row {i} of y is {t}: the targets of a "{task}" task are {wanted}')


def standardise(train: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]) -> list[Rows]:
    """Each column less its mean, over its standard deviation; both of the first set alone.

    So nothing of a held-out set leaks into training.  A column that never changes, but for
    rounding, only has its mean taken off.

    Args:
        train: The rows whose mean and standard deviation count.
        *others: Rows to transform in the same way.

    Returns:
        The transformed sets, in order; dimensionless.

    Raises:
        TypeError: If something is not a number; the message says where.
        ValueError: If there are no rows, their widths differ, or a number is nan or infinite.

    >>> standardise([[1.0, 5.0], [3.0, 5.0]], [[5.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[3.0, 1.0]]]
    """
    sets = [
        check_cases(rows, None, f"set {i} of the others" if i else "the training set")
        for i, rows in enumerate((train, *others))
    ]
    if len({len(row) for rows in sets for row in rows}) != 1:
        raise ValueError("the rows to standardise have different widths")
    moments = [mean_and_deviation(values) for values in zip(*sets[0], strict=True)]
    return [
        [
            [(x - mean) / (spread or 1.0) for x, (mean, spread) in zip(row, moments, strict=True)]
            for row in rows
        ]
        for rows in sets
    ]


def mean_and_deviation(numbers: Sequence[float]) -> tuple[float, float]:
    """The mean of some numbers, and their standard deviation; 0.0 if they are equal.

    A deviation of a few units in the last place is rounding, and counts as 0.0 too: what 0.1 + 0.2
    is off from 0.3 says nothing.

    >>> mean_and_deviation([0.1, 0.1, 0.1]), mean_and_deviation([0.3, 0.1 + 0.2])[1]
    ((0.1, 0.0), 0.0)
    """
    low, high = min(numbers), max(numbers)
    if low == high:
        return float(low), 0.0
    # Scaled by a power of two, which is exact, nothing overflows.
    scale = frexp(max(-low, high))[1]
    scaled = [ldexp(x, -scale) for x in numbers]
    mean = fsum(scaled) / len(scaled)
    deviation = hypot(*[x - mean for x in scaled]) / sqrt(len(scaled))
    if deviation <= 4.0 * float_info.epsilon:
        deviation = 0.0
    return ldexp(mean, scale), ldexp(deviation, scale)


def one_hot(classes: Sequence[int], n: int | None = None) -> Rows:
    """A row per class number: 1.0 in its place, 0.0 elsewhere.

    Args:
        classes: Whole numbers from 0.
        n: How many classes there are; one more than the largest if left out.

    Raises:
        TypeError: If something is not a number.
        ValueError: If a class is not from 0 to n - 1, there is none to count them by, or the rows
            have more than 100,000,000 places.

    >>> one_hot([0, 2])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = column(check_targets(classes, "classes"))
    if n is not None:
        n = whole("the number of classes", n)
    for i, label in enumerate(labels):
        if isinstance(label, list) or label < 0 or label != int(label) or (n and label >= n):
            last = "" if n is None else f" to {n - 1}"
            raise ValueError(f"row {i} has the class {label}: classes run from 0{last}")
    if n is None and not labels:
        raise ValueError("there are no classes: say how many there could be, one_hot([], n)")
    n = n or int(max(labels)) + 1
    if len(labels) * n > _MOST_PLACES:
        raise ValueError(
            f"{len(labels):,} rows of {n:,} places are too many: number the classes from 0 on, "
            "without gaps"
        )
    return [[float(label == j) for j in range(n)] for label in labels]


def split(data: Data, held_out: float = 0.25, seed: int | None = 0) -> tuple[Data, Data]:
    """A training part and a held-out part, shuffled; each class is divided in the same ratio.

    No class is held out altogether: of one with a single case, that is learned from.

    Args:
        data: The cases.
        held_out: Share of the held-out part, between 0 and 1.
        seed: Of the shuffling; None takes one draw from Python's `random`.

    Raises:
        TypeError: If it is no `Data`, or a setting is no number.
        ValueError: If the share is not between 0 and 1, or leaves a part empty.

    >>> from nn import moons
    >>> train, test = split(moons(100), held_out=0.2)
    >>> len(train), len(test), sum(test.y)
    (80, 20, 10)
    """
    if not isinstance(data, Data):
        raise TypeError(
            f"split takes a Data, not a {type(data).__name__}: "
            'Data("name", X, y, "classes", features)'
        )
    share = number("the held-out share", held_out, "a number between 0 and 1")
    if not 0.0 < share < 1.0:
        raise ValueError(f"the held-out share is between 0 and 1, not {held_out}")
    rows = list(range(len(data)))
    source = generator(seed)[1]
    source.shuffle(rows)
    groups: dict[Any, list[int]] = {}
    for i in rows:
        groups.setdefault(data.y[i] if data.task in ("binary", "classes") else None, []).append(i)
    test = {
        i
        for group in groups.values()
        for i in group[: min(round(share * len(group)), len(group) - 1)]
    }
    if not test:
        raise ValueError(f"{len(data)} cases are too few to hold {share:.0%} of them out")
    return data.take([i for i in rows if i not in test]), data.take([i for i in rows if i in test])


def batches(
    n: int, batch_size: int | None = None, source: random.Random | None = None
) -> Iterator[list[int]]:
    """The numbers 0 to n - 1 in batches; the last may be smaller.

    Args:
        n: Number of cases.
        batch_size: Cases per batch: 1 is stochastic learning, None all at once.
        source: Shuffles the cases; in order if left out.

    Raises:
        TypeError, ValueError: If the batch size is no whole number from 1 on, or n none from 0.

    >>> list(batches(5, 2))
    [[0, 1], [2, 3], [4]]
    """
    n = whole("the number of cases", n, 0)
    wanted = "a whole number from 1 on, or None for all"
    size = max(1, n) if batch_size is None else whole("the batch size", batch_size, wanted=wanted)
    order = list(range(n))
    if source is not None:
        source.shuffle(order)
    return (order[i : i + size] for i in range(0, n, size))
