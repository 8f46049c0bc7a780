"""From the losses of single outputs to one number for a batch.

Holds: `elementwise`, for losses that treat every output of every example alike, and `reduce`.

May import: autodiff.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff

Number = Any  # a Value or a plain number


def is_list(x: Any) -> bool:
    """Whether `x` is a row: a list, a tuple or an array."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "shape", ()))


def check_counts(n: int, m: int, what: str = "predictions") -> None:
    """Raises ValueError unless `n` predictions have `n` targets, and are not none at all."""
    if n != m:
        raise ValueError(f"{n} {what} but {m} targets: give one target for each")
    if n == 0:
        raise ValueError("a loss of no predictions at all: give at least one")


def elementwise(
    loss: Callable[[Number, Number], Number],
    predictions: Any,
    targets: Any,
    reduction: str,
    weight: Sequence[float] | None,
    outputs: str = "mean",
) -> Any:
    """A loss that treats every output of every example alike, reduced."""
    if not is_list(predictions):
        predictions, targets = [predictions], [targets]
    if not is_list(targets):
        raise ValueError(f"{len(predictions)} predictions but a single target: give one for each")
    check_counts(len(predictions), len(targets))
    losses, width = [], 1
    for i, (ys, ts) in enumerate(zip(predictions, targets, strict=True)):
        try:
            if not is_list(ys) and not is_list(ts):
                losses.append(loss(ys, ts))
                continue
            ys, ts = (list(each) if is_list(each) else [each] for each in (ys, ts))
            if len(ys) != len(ts) or (i and len(ys) != width):
                raise ValueError(f"{len(ys)} outputs but {len(ts)} targets")
            losses.append(autodiff.sum([loss(y, t) for y, t in zip(ys, ts, strict=True)]))
        except ValueError as error:
            raise ValueError(f"example {i}: {error}") from None
        width = len(ys)
    return reduce(losses, width if outputs == "mean" else 1, reduction, weight)


def reduce(
    losses: list[Number], width: int, reduction: str, weight: Sequence[float] | None
) -> Number:
    """The losses of the examples as one number."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum', not {reduction!r}")
    if weight is None:
        total, divisor = autodiff.sum(losses), float(len(losses))
    else:
        weight = [float(w) for w in weight]
        if len(weight) != len(losses):
            raise ValueError(f"{len(losses)} examples but {len(weight)} weights: give one for each")
        if not all(0.0 <= w < float("inf") for w in weight) or not sum(weight) > 0.0:
            raise ValueError("weights of examples are finite, not negative, and not all 0")
        total, divisor = autodiff.dot(weight, losses), sum(weight)
    return total if reduction == "sum" else total / (divisor * width)
