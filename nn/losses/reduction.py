"""From the losses of single outputs to one number for a batch.

Holds: `elementwise`, for losses that treat every output of every example alike; `reduce` and
`check_reduction`; and `spread`, which gives every output its weight.

May import: autodiff.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff

Number = Any  # a Value or a plain number
REDUCTIONS = ("none", "mean", "sum")


def is_list(x: Any) -> bool:
    """Whether `x` is a row: a list, a tuple or an array."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "shape", ()))


def check_counts(n: int, m: int, what: str = "predictions") -> None:
    """Raises ValueError unless `n` predictions have `n` targets, and are not none at all."""
    if n != m:
        raise ValueError(f"{n} {what} but {m} targets: give one target for each")
    if n == 0:
        raise ValueError("a loss of no predictions at all: give at least one")


def check_reduction(reduction: Any, known: Sequence[str] = REDUCTIONS) -> None:
    """Raises ValueError unless `reduction` is one of the known names."""
    if not isinstance(reduction, str) or reduction not in known:
        names = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
        hint = "" if isinstance(reduction, str) else ": give weights by name, weight=..."
        raise ValueError(f"reduction is {names}, not {reduction!r:.80}{hint}")


def check_weight(w: Any, what: str) -> float:
    """`w` as a float, or an error unless it is a number, finite and not negative."""
    if not hasattr(w, "__float__"):
        raise TypeError(f"{what} are numbers, not {w!r:.80}")
    if not 0.0 <= w < float("inf"):
        raise ValueError(f"{what} are finite and not negative, not {w}")
    return float(w)


def spread(weight: Any, name: str, n: int, width: int | None, exact: bool = False) -> list[Any]:
    """A weight for every output of every example, where one stands for several, as in PyTorch.

    Args:
        weight: A number for all; or one per output, which holds for every example; or one list
            per example.
        name: Of the argument, for messages.
        n: Number of examples.
        width: Outputs of each; None if predictions are one number per example.
        exact: Whether there must be one number per prediction.

    >>> spread([1.0, 3.0], "weight", n=2, width=2)
    [[1.0, 3.0], [1.0, 3.0]]
    """

    def along(weights: Any, count: int) -> list[Any]:
        row = list(weights) if is_list(weights) else [weights]
        if not (len(row) == count or (len(row) == 1 and not exact)):
            raise ValueError(misfit)
        return row * count if len(row) == 1 else row

    shape = f"{n}" if width is None else f"{n} x {width}"
    misfit = (
        f"{name} does not fit {shape} predictions: give one number for each, in their shape"
        f"{'' if exact else ', or one per output'}; one per example is sample_weight"
    )
    what = f"the numbers of {name}"
    nested = is_list(weight) and len(weight) > 0 and is_list(weight[0])
    if exact and (nested is (width is None) or not is_list(weight)):
        raise ValueError(misfit)
    if width is None:
        if nested:
            raise ValueError(misfit)
        return [check_weight(w, what) for w in along(weight, n)]
    rows = along(weight, n) if nested else [weight] * n
    return [[check_weight(w, what) for w in along(row, width)] for row in rows]


def elementwise(
    loss: Callable[..., Number],
    predictions: Any,
    targets: Any,
    reduction: str,
    sample_weight: Sequence[float] | None,
    *,
    weight: Any = None,
    exact: bool = False,
    weighs: bool = False,
    pos_weight: Any = None,
    outputs: str = "mean",
    known: Sequence[str] = REDUCTIONS,
) -> Any:
    """A loss that treats every output of every example alike, reduced.

    Args:
        loss: Of one output, its target and, if `pos_weight` is given, its number of those.
        predictions: One number, one per example, or one list per example.
        targets: In the same shape.
        reduction: One of `known`; "batchmean" is the sum over the number of examples.
        sample_weight: One weight per example, or None.
        weight: What each output's loss is multiplied by; see `spread`.
        exact: Whether `weight` must have the shape of the predictions.
        weighs: Whether a mean divides by the sum of `weight`.
        pos_weight: See `spread`.
        outputs: "mean", or "sum" if the mean is over examples alone.
        known: The reductions that the loss has.
    """
    check_reduction(reduction, known)
    single = not is_list(predictions)
    if single:
        predictions, targets = [predictions], [targets]
    if not is_list(targets):
        raise ValueError(f"{len(predictions)} predictions but a single target: give one for each")
    check_counts(len(predictions), len(targets))
    rows, width = _rows(predictions, targets)
    n = len(rows)
    factors = pos_factors = None
    if weight is not None:
        weight = [weight] if single and exact and not is_list(weight) else weight
        factors = spread(weight, "weight", n, width, exact=exact)
    if pos_weight is not None:
        pos_factors = spread(pos_weight, "pos_weight", n, width)
    losses: list[list[Number]] = []
    for i, (ys, ts) in enumerate(rows):
        try:
            if pos_factors is None:
                row = [loss(y, t) for y, t in zip(ys, ts)]
            else:
                row = [loss(*each) for each in zip(ys, ts, _row(pos_factors[i]), strict=True)]
        except ValueError as error:
            raise ValueError(f"example {i}: {error}") from None
        if factors is not None:
            row = [w * each for w, each in zip(_row(factors[i]), row, strict=True)]
        losses.append(row)
    if reduction == "none":
        return _unreduced(losses, sample_weight, width is None, single)
    totals = [row[0] if width is None else autodiff.sum(row) for row in losses]
    if outputs == "sum" or reduction == "batchmean":
        counts = [1.0] * n
    elif weighs and factors is not None:
        counts = [sum(_row(each)) for each in factors]
    else:
        counts = [float(width or 1)] * n
    return reduce(totals, counts, reduction, sample_weight)


def _row(x: Any) -> list[Any]:
    return list(x) if is_list(x) else [x]


def _rows(predictions: Any, targets: Any) -> tuple[list[tuple[list[Any], list[Any]]], int | None]:
    """Every example's outputs and targets as lists, and their width; None for one number each."""
    rows, width, flat = [], 1, True
    for i, (ys, ts) in enumerate(zip(predictions, targets, strict=True)):
        if is_list(ys):
            ys, flat = list(ys), False
        else:
            ys = [ys]
        ts = _row(ts)
        if len(ys) != len(ts) or (i and len(ys) != width):
            raise ValueError(f"example {i}: {len(ys)} outputs but {len(ts)} targets")
        width = len(ys)
        rows.append((ys, ts))
    return rows, None if flat else width


def _unreduced(
    losses: list[list[Number]], sample_weight: Sequence[float] | None, flat: bool, single: bool
) -> Any:
    """The losses in the shape of the predictions, each times its example's weight."""
    if sample_weight is not None:
        weights = check_sample_weight(sample_weight, len(losses))
        losses = [[w * each for each in row] for w, row in zip(weights, losses, strict=True)]
    if single:
        return losses[0][0]
    return [row[0] for row in losses] if flat else losses


def check_sample_weight(weight: Sequence[float], n: int) -> list[float]:
    """One weight per example as floats, or ValueError."""
    weights = [check_weight(w, "weights of examples") for w in weight]
    if len(weights) != n:
        raise ValueError(f"{n} examples but {len(weights)} weights: give one for each")
    if not any(weights):
        raise ValueError("weights of examples are not all 0: there is nothing to measure")
    return weights


def reduce(
    losses: list[Number],
    counts: Sequence[float],
    reduction: str,
    sample_weight: Sequence[float] | None,
) -> Number:
    """The losses of the examples as one number.

    Args:
        losses: One per example.
        counts: By how much each example counts in a mean: the number of its outputs, the weight
            of its class, 0 if it is left out.
        reduction: "sum", or a mean.
        sample_weight: One weight per example, or None.
    """
    if sample_weight is None:
        total, divisor = autodiff.sum(losses), sum(counts)
    else:
        weights = check_sample_weight(sample_weight, len(losses))
        total = autodiff.dot(weights, losses)
        divisor = sum(w * count for w, count in zip(weights, counts, strict=True))
    if reduction == "sum":
        return total
    if not divisor > 0.0:
        raise ValueError(
            "no example counts, because each is ignored or has the weight 0: their mean does not "
            "exist; the sum, reduction='sum', is 0"
        )
    return total / divisor
