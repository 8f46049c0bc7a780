"""Losses of how far predictions are from their targets, each output apart.

Holds: the losses of differences under PyTorch's names (`torch.nn.functional`), `hinge_loss`, and
the two sums of squares of the founding texts.

May import: autodiff; of its room entropy, reduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autodiff
from nn.losses.entropy import check_target
from nn.losses.reduction import elementwise

Number = Any  # a Value or a plain number


def mse_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Mean squared error: the mean of (y - t)^2 over all examples and outputs.

    Args:
        predictions: Predictions y: a number, one per example, or one list per example.
        targets: Targets t, in the same shape.
        reduction: "mean" over examples and outputs, "sum", or "none": one loss per prediction, in
            the shape of the predictions.
        weight: One weight per prediction, in their shape; a mean divides by their sum.
        sample_weight: One weight per example, not negative, not all 0; a mean divides by their
            sum.

    Returns:
        A Value, in squared units of the target, from 0; with "none" a list of such.

    Raises:
        ValueError: If the shapes differ, a list is empty, or a weight or reduction makes no sense.

    >>> mse_loss([1.0, 4.0], [1.0, 2.0])
    2.0
    """
    return elementwise(
        lambda y, t: (y - t) ** 2, predictions, targets, reduction, sample_weight,
        weight=weight, exact=True, weighs=True,
    )  # fmt: skip


def l1_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Mean absolute error: the mean of |y - t|; its derivative at y = t is 0.

    Args, Returns and Raises are those of `mse_loss`, in units of the target.

    >>> l1_loss([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return elementwise(
        lambda y, t: autodiff.abs(y - t), predictions, targets, reduction, sample_weight,
        weight=weight, exact=True, weighs=True,
    )  # fmt: skip


def huber_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    delta: float = 1.0,
    *,
    weight: Any = None,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Huber loss: d^2 / 2 for an error |d| up to delta, then the straight line on from there.

    l = delta (|d| - delta / 2) where |d| > delta.  Args, Returns and Raises are those of
    `mse_loss`; P. J. Huber, Annals of Mathematical Statistics 35, 1964.

    Args:
        predictions: Predictions.
        targets: Targets.
        reduction: "mean", "sum" or "none".
        delta: Where the parabola ends, positive, in units of the target.
        weight: One weight per prediction; a mean divides by the number of predictions, as in
            PyTorch, not by their sum.
        sample_weight: One weight per example; a mean divides by their sum.

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

    return elementwise(
        loss, predictions, targets, reduction, sample_weight, weight=weight, exact=True
    )


def smooth_l1_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    beta: float = 1.0,
    *,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Smooth L1 loss: d^2 / (2 beta) for an error |d| up to beta, |d| - beta / 2 from there.

    It is `huber_loss` over its delta, and `l1_loss` for beta = 0.  Girshick, "Fast R-CNN", ICCV
    2015, eq. 3.  Args, Returns and Raises are those of `mse_loss`, in units of the target.

    Args:
        predictions: Predictions.
        targets: Targets.
        reduction: "mean", "sum" or "none".
        beta: Where the parabola ends, from 0, in units of the target.
        sample_weight: One weight per example; a mean divides by their sum.

    >>> smooth_l1_loss([0.5, 3.0], [0.0, 0.0], reduction="none")
    [0.125, 2.5]
    """
    if not beta >= 0.0:
        raise ValueError(f"beta of the smooth L1 loss is from 0, not {beta}")

    def loss(y: Number, t: Number) -> Number:
        error = autodiff.abs(y - t)
        if beta == 0.0:
            return error
        m = autodiff.minimum(error, beta)
        return m / beta * (error - 0.5 * m)

    return elementwise(loss, predictions, targets, reduction, sample_weight)


def hinge_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Margin loss max(0, 1 - t y) for targets of -1 and 1 and raw scores y.

    Args, Returns and Raises are those of `mse_loss`; dimensionless; a target other than -1 or 1
    raises ValueError.

    >>> hinge_loss([0.5, -3.0], [1, -1])
    0.25
    """

    def loss(y: Number, t: Number) -> Number:
        # One comparison for both classes, so that a recording has one path for both.
        check_target(t, autodiff.abs(t) == 1.0, "hinge_loss", "-1 or 1")
        return autodiff.relu(1.0 - t * y)

    return elementwise(loss, predictions, targets, reduction, sample_weight)


def squared_error(
    predictions: Any,
    targets: Any,
    reduction: str = "sum",
    *,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Sum of squared errors: E = sum over examples and outputs of (y - t)^2.

    Args, Returns and Raises are those of `mse_loss`, but for the reduction: "sum", "none", or
    "mean" over examples, which still sums over the outputs of each.

    >>> squared_error([[0.0, 1.0], [2.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]])
    6.0
    """
    return elementwise(
        lambda y, t: (y - t) ** 2, predictions, targets, reduction, sample_weight, outputs="sum"
    )


def half_squared_error(
    predictions: Any,
    targets: Any,
    reduction: str = "sum",
    *,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Half the sum of squared errors: E = 1/2 sum (y - t)^2, so that dE/dy = y - t.

    The error of Rumelhart, Hinton, Williams, Nature 323, 1986, eq. 3.  Args, Returns
    and Raises are those of `squared_error`.

    >>> half_squared_error([0.0, 1.0], [1.0, 3.0])
    2.5
    """
    return elementwise(
        lambda y, t: 0.5 * (y - t) ** 2,
        predictions,
        targets,
        reduction,
        sample_weight,
        outputs="sum",
    )
