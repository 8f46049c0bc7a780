"""Cases to learn from, and what prepares them.

Holds: `Data`; `standardise`, `one_hot`, `split`, `batches`.  The sets themselves are in `datasets`.

May import: the standard library.  Never touches the global random state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

Rows = list[list[float]]
_MOST_PLACES = 100_000_000


@dataclass(frozen=True)
class Data:
    """Cases to learn from.

    Attributes:
        name: The name of the set.
        X: One row of features per case.
        y: One target per case: a class, a number, or a row of numbers.
        task: What y is: "binary" (0 or 1), "classes" (0, 1, 2, ...), "regression" (a number) or
            "vector" (a row of numbers).
        features: The name and unit of every column of X.
        classes: The names of the classes, in order; empty for numbers.
        source: Where the data come from.
    """

    name: str
    X: Rows
    y: list[Any]
    task: str
    features: tuple[str, ...]
    classes: tuple[str, ...] = ()
    source: str = "generated"

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        return f"Data({self.name}: {len(self)} cases, {len(self.X[0])} features, {self.task})"

    def take(self, rows: Sequence[int]) -> Data:
        """The cases with these numbers, in this order."""
        X, y = [self.X[i] for i in rows], [self.y[i] for i in rows]
        return Data(self.name, X, y, self.task, self.features, self.classes, self.source)


def standardise(train: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]) -> list[Rows]:
    """Each column less its mean, over its standard deviation; both of the first set alone.

    So nothing of a held-out set leaks into training.  A column that never changes becomes 0.

    Args:
        train: The rows whose mean and standard deviation count.
        *others: Rows to transform in the same way.

    Returns:
        The transformed sets, in order; dimensionless.

    Raises:
        ValueError: If there are no rows, or their widths differ.

    >>> standardise([[1.0, 5.0], [3.0, 5.0]], [[5.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[3.0, 1.0]]]
    """
    if not len(train):
        raise ValueError("no rows to standardise")
    if len({len(row) for rows in (train, *others) for row in rows}) != 1:
        raise ValueError("the rows to standardise have different widths")
    columns = list(zip(*train, strict=True))
    means = [sum(column) / len(column) for column in columns]
    spreads = [
        sqrt(sum((x - mean) ** 2 for x in column) / len(column)) or 1.0
        for column, mean in zip(columns, means, strict=True)
    ]
    return [
        [[(x - m) / s for x, m, s in zip(row, means, spreads, strict=True)] for row in rows]
        for rows in (train, *others)
    ]


def one_hot(classes: Sequence[int], n: int | None = None) -> Rows:
    """A row per class number: 1.0 in its place, 0.0 elsewhere.

    Args:
        classes: Whole numbers from 0.
        n: How many classes there are; one more than the largest if left out.

    Raises:
        ValueError: If a class is not from 0 to n - 1, or the rows have more than 100,000,000
            places.

    >>> one_hot([0, 2])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    n = max(classes) + 1 if n is None else n
    for i, label in enumerate(classes):
        if not 0 <= label < n or label != int(label):
            raise ValueError(f"row {i} has the class {label}: classes run from 0 to {n - 1}")
    if len(classes) * n > _MOST_PLACES:
        raise ValueError(
            f"{len(classes):,} rows of {n:,} places are too many: number the classes from 0 on, "
            "without gaps"
        )
    return [[float(label == j) for j in range(n)] for label in classes]


def split(data: Data, held_out: float = 0.25, seed: int = 0) -> tuple[Data, Data]:
    """A training part and a held-out part, shuffled; each class is divided in the same ratio.

    Args:
        data: The cases.
        held_out: Share of the held-out part, between 0 and 1.
        seed: Of the shuffling.

    Raises:
        ValueError: If the share is not between 0 and 1, or leaves a part empty.

    >>> from nn import moons
    >>> train, test = split(moons(100), held_out=0.2)
    >>> len(train), len(test), sum(test.y)
    (80, 20, 10)
    """
    if not 0.0 < held_out < 1.0:
        raise ValueError(f"the held-out share is between 0 and 1, not {held_out}")
    rows = list(range(len(data)))
    source = random.Random(seed)
    source.shuffle(rows)
    groups: dict[Any, list[int]] = {}
    for i in rows:
        groups.setdefault(data.y[i] if data.task in ("binary", "classes") else None, []).append(i)
    test = {i for group in groups.values() for i in group[: round(held_out * len(group))]}
    if not 0 < len(test) < len(data):
        raise ValueError(f"{len(data)} cases are too few to hold {held_out:.0%} of them out")
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
        ValueError: If the batch size is below 1.

    >>> list(batches(5, 2))
    [[0, 1], [2, 3], [4]]
    """
    size = n if batch_size is None else batch_size
    if size < 1 or size != int(size):
        raise ValueError(f"the batch size is a whole number from 1, or None for all, not {size}")
    order = list(range(n))
    if source is not None:
        source.shuffle(order)
    return (order[i : i + int(size)] for i in range(0, n, int(size)))
