"""Losses: how far predictions are from their targets, as one number.

Holds: the losses under PyTorch's names (`torch.nn.functional`), and the two sums of squares of the
founding texts.  All take predictions and targets alike: one number each, a list of one number per
example, or a list of one list of outputs per example.

    weighted mean = sum_i w_i l_i / sum_i w_i      weighted sum = sum_i w_i l_i

May import: autodiff, reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import autodiff
from nn.reduction import check_counts, elementwise, is_list, reduce

# What PyTorch cuts log(p) off at is -100; this is the p where that happens.
_SMALLEST_PROBABILITY = 3.720075976020836e-44
Number = Any  # a Value or a plain number
Loss = Callable[..., Any]


def mse_loss(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Mean squared error: the mean of (y - t)^2 over all examples and outputs.

    Args:
        predictions: Predictions y: a number, one per example, or one list per example.
        targets: Targets t, in the same shape.
        reduction: "mean" over examples and outputs, or "sum".
        weight: One weight per example, not negative; None for all 1.

    Returns:
        A Value, in squared units of the target, from 0.

    Raises:
        ValueError: If the shapes differ, a list is empty, or a weight or reduction makes no sense.

    >>> mse_loss([1.0, 4.0], [1.0, 2.0])
    2.0
    """
    return elementwise(lambda y, t: (y - t) ** 2, predictions, targets, reduction, weight)


def l1_loss(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Mean absolute error: the mean of |y - t|; its derivative at y = t is 0.

    Args, Returns and Raises are those of `mse_loss`, in units of the target.

    >>> l1_loss([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return elementwise(lambda y, t: autodiff.abs(y - t), predictions, targets, reduction, weight)


def huber_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    weight: Sequence[float] | None = None,
    delta: float = 1.0,
) -> Any:
    """Huber loss: d^2 / 2 for an error |d| up to delta, then the straight line on from there.

    l = delta (|d| - delta / 2) where |d| > delta.  Args, Returns and Raises are those of
    `mse_loss`; P. J. Huber, Annals of Mathematical Statistics 35, 1964.

    Args:
        predictions: Predictions.
        targets: Targets.
        reduction: "mean" or "sum".
        weight: One weight per example.
        delta: Where the parabola ends, positive, in units of the target.

    >>> huber_loss([0.5, 3.0], [0.0, 0.0], reduction="sum")
    2.625
    """
    if not delta > 0.0:
        raise ValueError(f"delta of the Huber loss is positive, not {delta}")

    def loss(y: Number, t: Number) -> Number:
        error = autodiff.abs(y - t)
        # The square's part: both halves of the definition are m |d| - m^2 / 2.
        m = autodiff.minimum(error, delta)
        return m * (error - 0.5 * m)

    return elementwise(loss, predictions, targets, reduction, weight)


def hinge_loss(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Margin loss max(0, 1 - t y) for targets of -1 and 1 and raw scores y.

    Args, Returns and Raises are those of `mse_loss`; dimensionless; a target other than -1 or 1
    raises ValueError.

    >>> hinge_loss([0.5, -3.0], [1, -1])
    0.25
    """

    def loss(y: Number, t: Number) -> Number:
        # One comparison for both classes, so that a recording has one path for both.
        _check_target(t, autodiff.abs(t) == 1.0, "hinge_loss", "-1 or 1")
        return autodiff.relu(1.0 - t * y)

    return elementwise(loss, predictions, targets, reduction, weight)


def binary_cross_entropy(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Cross-entropy -(t log p + (1 - t) log(1 - p)) of probabilities p, in nats.

    As in PyTorch the logarithm is cut off at -100, so that p = 0 costs 100 nats, not infinity; the
    gradient is 0 there.  `binary_cross_entropy_with_logits` has no such edge.

    Args:
        predictions: Probabilities p in [0, 1], the outputs of a logistic unit.
        targets: Targets t in [0, 1].
        reduction: "mean" or "sum".
        weight: One weight per example.

    Raises:
        ValueError: If a probability or a target lies outside [0, 1]; else as `mse_loss`.

    >>> print(f"{binary_cross_entropy(0.5, 1.0):.6f} {binary_cross_entropy(0.0, 1.0):.1f}")
    0.693147 100.0
    """

    def log(p: Number) -> Number:
        return autodiff.log(autodiff.maximum(p, _SMALLEST_PROBABILITY))

    def loss(p: Number, t: Number) -> Number:
        if not (p >= 0.0 and p <= 1.0):
            raise ValueError(
                f"binary_cross_entropy takes probabilities from 0 to 1, not {_plain(p)}: end the "
                "model with output_activation='sigmoid', or use binary_cross_entropy_with_logits"
            )
        _check_target(t, t >= 0.0 and t <= 1.0, "binary_cross_entropy", "from 0 to 1")
        return _between(t, lambda: -log(p), lambda: -log(1.0 - p))

    return elementwise(loss, predictions, targets, reduction, weight)


def binary_cross_entropy_with_logits(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Cross-entropy of the probability sigmoid(y), from the raw score y, in nats.

    l = t softplus(-y) + (1 - t) softplus(y), which neither overflows nor rounds to 0.

    Args:
        predictions: Scores y (logits): any numbers, the outputs of a linear unit.
        targets: Targets t in [0, 1].
        reduction: "mean" or "sum".
        weight: One weight per example.

    Raises:
        ValueError: If a target lies outside [0, 1]; else as `mse_loss`.

    >>> print(f"{binary_cross_entropy_with_logits([0.0, 800.0], [1, 0]):.6f}")
    400.346574
    """

    def loss(y: Number, t: Number) -> Number:
        _check_target(t, t >= 0.0 and t <= 1.0, "binary_cross_entropy_with_logits", "from 0 to 1")
        return _between(t, lambda: autodiff.softplus(-y), lambda: autodiff.softplus(y))

    return elementwise(loss, predictions, targets, reduction, weight)


def cross_entropy(
    predictions: Any, targets: Any, reduction: str = "mean", weight: Sequence[float] | None = None
) -> Any:
    """Cross-entropy -log softmax(y)[k] of the right class k, from raw scores y, in nats.

    With probabilities t instead of a class: -sum_k t_k log softmax(y)[k].

    Args:
        predictions: Scores y (logits), one per class: one list per example, or one list.
        targets: The class, a whole number from 0, or one probability per class, for each example.
        reduction: "mean" over examples, or "sum".
        weight: One weight per example.

    Raises:
        ValueError: If a class does not exist or the lengths differ; else as `mse_loss`.

    >>> print(f"{cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [1, 1]):.6f}")
    0.346574
    """
    rows = list(predictions)
    if rows and not is_list(rows[0]):
        if is_list(targets):
            raise ValueError(
                "cross_entropy takes one list of scores per example, one score per class: with a "
                "single output use binary_cross_entropy_with_logits"
            )
        rows, targets = [rows], [targets]
    targets = list(targets)
    check_counts(len(rows), len(targets))
    losses = [_cross_entropy_of(list(row), t, i) for i, (row, t) in enumerate(zip(rows, targets))]
    return reduce(losses, 1, reduction, weight)


def squared_error(
    predictions: Any, targets: Any, reduction: str = "sum", weight: Sequence[float] | None = None
) -> Any:
    """Sum of squared errors: E = sum over examples and outputs of (y - t)^2.

    Args, Returns and Raises are those of `mse_loss`, but for the reduction: "sum", or "mean" over
    examples, which still sums over the outputs of each.

    >>> squared_error([[0.0, 1.0], [2.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]])
    6.0
    """
    return elementwise(
        lambda y, t: (y - t) ** 2, predictions, targets, reduction, weight, outputs="sum"
    )


def half_squared_error(
    predictions: Any, targets: Any, reduction: str = "sum", weight: Sequence[float] | None = None
) -> Any:
    """Half the sum of squared errors: E = 1/2 sum (y - t)^2, so that dE/dy = y - t.

    The error of Rumelhart, Hinton, Williams, Nature 323, 1986, eq. 3.  Args, Returns
    and Raises are those of `squared_error`.

    >>> half_squared_error([0.0, 1.0], [1.0, 3.0])
    2.5
    """
    return elementwise(
        lambda y, t: 0.5 * (y - t) ** 2, predictions, targets, reduction, weight, outputs="sum"
    )


LOSSES: dict[str, Loss] = {
    loss.__name__: loss
    for loss in (
        mse_loss, l1_loss, huber_loss, hinge_loss, binary_cross_entropy,
        binary_cross_entropy_with_logits, cross_entropy, squared_error, half_squared_error,
    )
}  # fmt: skip


def known_loss(loss: str | Loss) -> Loss:
    """The loss of that name, or the function itself.

    Raises:
        TypeError: If it is neither a name nor a function of a batch.
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if callable(loss) and not isinstance(loss, type):
        return loss
    if not isinstance(loss, str):
        raise TypeError(
            f"loss is a name such as 'mse_loss', or a function of predictions and targets, not "
            f"{loss!r:.80}"
        )
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}: the known ones are {', '.join(LOSSES)}")
    return LOSSES[loss]


def inner_loss(loss: Any) -> Any:
    """The loss inside a `functools.partial`, which settles some of its arguments; else itself."""
    return loss.func if isinstance(loss, partial) else loss


# --- parts --------------------------------------------------------------------------------


def _plain(x: Number) -> float:
    return x.data if isinstance(x, autodiff.Value) else x


def _check_target(t: Number, fits: bool, loss: str, wanted: str) -> None:
    if not fits:
        raise ValueError(f"{loss} takes targets that are {wanted}, not {_plain(t)}")


def _between(t: Number, one: Callable[[], Number], zero: Callable[[], Number]) -> Number:
    """t one() + (1 - t) zero(), without the half that a plain target of 0 or 1 rules out."""
    if not isinstance(t, autodiff.Value) and (t == 1.0 or t == 0.0):
        return one() if t == 1.0 else zero()
    return t * one() + (1.0 - t) * zero()


def _cross_entropy_of(scores: list[Number], target: Any, i: int) -> Number:
    """The cross-entropy of one example."""
    if not is_list(target):
        if isinstance(target, autodiff.Value) or target != int(target):
            raise ValueError(
                f"example {i}: cross_entropy takes a class, a whole number, not {target!r}"
            )
        if not 0 <= target < len(scores):
            raise ValueError(
                f"example {i}: the class is {int(target)}, but there are {len(scores)} outputs: "
                f"classes run from 0 to {len(scores) - 1}"
            )
        return autodiff.logsumexp(scores) - scores[int(target)]
    if len(target) != len(scores):
        raise ValueError(
            f"example {i}: {len(scores)} outputs but {len(target)} class probabilities"
        )
    return -autodiff.dot(list(target), autodiff.log_softmax(scores))
