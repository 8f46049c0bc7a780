"""Losses of probabilities, one output at a time.

Holds: `binary_cross_entropy`, `binary_cross_entropy_with_logits`, `kl_div`, under PyTorch's names
(`torch.nn.functional`), with its options and results.

May import: autodiff; of its room reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff
from nn.losses.reduction import elementwise

# What PyTorch cuts log(p) off at is -100; this is the p where that happens.
_SMALLEST_PROBABILITY = 3.720075976020836e-44
Number = Any  # a Value or a plain number


def binary_cross_entropy(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Cross-entropy -(t log p + (1 - t) log(1 - p)) of probabilities p, in nats.

    As in PyTorch the logarithm is cut off at -100, so that p = 0 costs 100 nats, not infinity; the
    gradient is 0 there.  `binary_cross_entropy_with_logits` has no such edge.

    Args:
        predictions: Probabilities p in [0, 1], the outputs of a logistic unit.
        targets: Targets t in [0, 1].
        reduction: "mean", "sum" or "none".
        weight: What the loss of each output is multiplied by: one number per output, which holds
            for every example, or one per prediction.  A mean divides by their count all the same.
        sample_weight: One weight per example; a mean divides by their sum.

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
        check_target(t, t >= 0.0 and t <= 1.0, "binary_cross_entropy", "from 0 to 1")
        return _between(t, lambda: -log(p), lambda: -log(1.0 - p))

    return elementwise(loss, predictions, targets, reduction, sample_weight, weight=weight)


def binary_cross_entropy_with_logits(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    pos_weight: Any = None,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Cross-entropy of the probability sigmoid(y), from the raw score y, in nats.

    l = c t softplus(-y) + (1 - t) softplus(y), which neither overflows nor rounds to 0.

    Args:
        predictions: Scores y (logits): any numbers, the outputs of a linear unit.
        targets: Targets t in [0, 1].
        reduction: "mean", "sum" or "none".
        weight: As of `binary_cross_entropy`.
        pos_weight: How many times a positive case counts, c: one number, or one per output; above
            1 it buys recall with precision.
        sample_weight: One weight per example; a mean divides by their sum.

    Raises:
        ValueError: If a target lies outside [0, 1]; else as `mse_loss`.

    >>> print(f"{binary_cross_entropy_with_logits([0.0, 800.0], [1, 0]):.6f}")
    400.346574
    """

    def loss(y: Number, t: Number, c: Number = 1.0) -> Number:
        check_target(t, t >= 0.0 and t <= 1.0, "binary_cross_entropy_with_logits", "from 0 to 1")
        if c == 1.0:
            return _between(t, lambda: autodiff.softplus(-y), lambda: autodiff.softplus(y))
        return _between(t, lambda: c * autodiff.softplus(-y), lambda: autodiff.softplus(y))

    return elementwise(
        loss, predictions, targets, reduction, sample_weight, weight=weight, pos_weight=pos_weight
    )


def kl_div(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    log_target: bool = False,
    *,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Kullback-Leibler divergence from q to the target p: sum p (log p - log q), in nats.

    S. Kullback, R. A. Leibler, Annals of Mathematical Statistics 22, 1951, eq. 2.4.

    Args:
        predictions: Logarithms of the probabilities q: one list per example.
        targets: Probabilities p, from 0, or with `log_target` their logarithms.
        reduction: "batchmean" is the divergence, mean over examples.  "mean", PyTorch's default,
            divides by the number of outputs too; "sum"; "none": one term per output.
        log_target: Whether targets are logarithms.
        sample_weight: One weight per example; a mean divides by their sum.

    Raises:
        ValueError: If a probability is negative; else as `mse_loss`.

    >>> from math import log
    >>> print(f"{kl_div([[log(0.5), log(0.5)]], [[1.0, 0.0]], reduction='batchmean'):.6f}")
    0.693147
    """

    def loss(y: Number, t: Number) -> Number:
        if log_target:
            return autodiff.exp(t) * (t - y)
        check_target(t, t >= 0.0, "kl_div", "probabilities, from 0")
        if not t > 0.0:  # the limit of t log t
            return -t * y
        return t * (autodiff.log(t) - y)

    known = ("none", "batchmean", "mean", "sum")
    return elementwise(loss, predictions, targets, reduction, sample_weight, known=known)


def check_target(t: Number, fits: bool, loss: str, wanted: str) -> None:
    """Raises ValueError, with what is wanted, unless the target fits."""
    if not fits:
        raise ValueError(f"{loss} takes targets that are {wanted}, not {_plain(t)}")


# --- parts --------------------------------------------------------------------------------


def _plain(x: Number) -> float:
    return x.data if isinstance(x, autodiff.Value) else x


def _between(t: Number, one: Callable[[], Number], zero: Callable[[], Number]) -> Number:
    """t one() + (1 - t) zero(), without the half that a plain target of 0 or 1 rules out."""
    if not isinstance(t, autodiff.Value) and (t == 1.0 or t == 0.0):
        return one() if t == 1.0 else zero()
    return t * one() + (1.0 - t) * zero()
