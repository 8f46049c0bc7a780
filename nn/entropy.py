"""Losses of probabilities: cross-entropies, and the divergence of two distributions.

Holds: `binary_cross_entropy`, `binary_cross_entropy_with_logits`, `cross_entropy`, `nll_loss`,
`kl_div`, under PyTorch's names (`torch.nn.functional`), with its options and results.

May import: autodiff, reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff
from nn.reduction import (
    REDUCTIONS,
    check_counts,
    check_reduction,
    check_sample_weight,
    check_weight,
    elementwise,
    is_list,
    reduce,
)

# What PyTorch cuts log(p) off at is -100; this is the p where that happens.
_SMALLEST_PROBABILITY = 3.720075976020836e-44
Number = Any  # a Value or a plain number
# What PyTorch leaves out of a loss unless told otherwise.
IGNORED = -100


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


def cross_entropy(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Sequence[float] | None = None,
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Cross-entropy -w_k log softmax(y)[k] of the right class k, from raw scores y, in nats.

    With probabilities t instead of a class: -sum_k w_k t_k log softmax(y)[k].  A mean over classes
    is the sum over sum_i w_(k_i); over rows of probabilities it divides by their number.

    Args:
        predictions: Scores y (logits), one per class: one list per example, or one list.
        targets: The class, a whole number from 0, or one probability per class, for each example.
        reduction: "mean" over examples, "sum", or "none": one loss per example.
        weight: One weight w per class, not negative; None for all 1.
        ignore_index: An example of this class costs nothing and does not count.
        label_smoothing: The part e of a target that is shared by all C classes, from 0 to 1:
            t <- (1 - e) t + e / C; Szegedy et al., CVPR 2016, section 7.
        sample_weight: One weight per example; a mean divides by their sum.

    Raises:
        ValueError: If a class does not exist, the lengths differ, or an option is out of range;
            if no example counts in a mean; else as `mse_loss`.

    >>> print(f"{cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [1, 1]):.6f}")
    0.346574
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing is from 0 to 1, not {label_smoothing}")

    def of_row(scores: list[Number], row: list[Number], w: Sequence[float] | None) -> Number:
        if label_smoothing:
            part = label_smoothing / len(row)
            row = [(1.0 - label_smoothing) * t + part for t in row]
        if w is not None:
            row = [each * t for each, t in zip(w, row, strict=True)]
        return -autodiff.dot(row, autodiff.log_softmax(scores))

    def of_class(scores: list[Number], k: int, w: Sequence[float] | None) -> Number:
        if label_smoothing:
            return of_row(scores, [1.0 if j == k else 0.0 for j in range(len(scores))], w)
        loss = autodiff.logsumexp(scores) - scores[k]
        return loss if w is None else w[k] * loss

    return _of_classes(
        "cross_entropy", predictions, targets, reduction, weight, ignore_index, sample_weight,
        of_class, of_row,
    )  # fmt: skip


def nll_loss(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Sequence[float] | None = None,
    ignore_index: int = IGNORED,
    sample_weight: Sequence[float] | None = None,
) -> Any:
    """Negative log-likelihood -w_k y_k of the right class k, from logarithms y of probabilities.

    `nll_loss(log_softmax(y), k)` is `cross_entropy(y, k)`.  With probabilities t instead of a
    class, which PyTorch does not take: -sum_k w_k t_k y_k.

    Args:
        predictions: Log-probabilities y, one per class, as a model with
            `output_activation="log_softmax"` gives them: one list per example, or one list.
        targets: As of `cross_entropy`.
        reduction: As of `cross_entropy`.
        weight: One weight w per class, not negative; None for all 1.
        ignore_index: An example of this class costs nothing and does not count.
        sample_weight: One weight per example; a mean divides by their sum.

    Raises:
        ValueError: As `cross_entropy`.

    >>> nll_loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])
    0.375
    """

    def of_row(logs: list[Number], row: list[Number], w: Sequence[float] | None) -> Number:
        row = row if w is None else [each * t for each, t in zip(w, row, strict=True)]
        return -autodiff.dot(row, logs)

    def of_class(logs: list[Number], k: int, w: Sequence[float] | None) -> Number:
        return -logs[k] if w is None else -w[k] * logs[k]

    return _of_classes(
        "nll_loss", predictions, targets, reduction, weight, ignore_index, sample_weight,
        of_class, of_row,
    )  # fmt: skip


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


def _of_classes(
    name: str,
    predictions: Any,
    targets: Any,
    reduction: str,
    weight: Sequence[float] | None,
    ignore_index: int,
    sample_weight: Sequence[float] | None,
    of_class: Callable[[list[Number], int, Sequence[float] | None], Number],
    of_row: Callable[[list[Number], list[Number], Sequence[float] | None], Number],
) -> Any:
    """A loss with one target per example, a class or a row of probabilities, reduced."""
    check_reduction(reduction, REDUCTIONS)
    rows = list(predictions)
    single = bool(rows) and not is_list(rows[0])
    if single:
        if is_list(targets):
            raise ValueError(
                f"{name} takes one list of scores per example, one score per class: with a "
                "single output use binary_cross_entropy_with_logits"
            )
        rows, targets = [rows], [targets]
    targets = list(targets)
    check_counts(len(rows), len(targets))
    losses, counts, w = [], [], None
    for i, (row, target) in enumerate(zip(rows, targets, strict=True)):
        scores = list(row)
        if weight is not None and (w is None or len(w) != len(scores)):
            w = _class_weights(weight, len(scores))
        if is_list(target):
            if len(target) != len(scores):
                raise ValueError(
                    f"example {i}: {len(scores)} outputs but {len(target)} class probabilities"
                )
            loss, count = of_row(scores, list(target), w), 1.0
        elif not isinstance(target, autodiff.Value) and target == ignore_index:
            # Nothing, and yet a Value that knows the scores, so that backward finds its way.
            loss, count = autodiff.where(False, scores[0], 0.0), 0.0
        else:
            k = _class(name, target, len(scores), i)
            loss, count = of_class(scores, k, w), 1.0 if w is None else w[k]
        losses.append(loss)
        counts.append(count)
    if reduction != "none":
        return reduce(losses, counts, reduction, sample_weight)
    if sample_weight is not None:
        weights = check_sample_weight(sample_weight, len(losses))
        losses = [w * loss for w, loss in zip(weights, losses, strict=True)]
    return losses[0] if single else losses


def _class(name: str, target: Any, n: int, i: int) -> int:
    """The class that the target of example `i` names, or ValueError."""
    if isinstance(target, autodiff.Value) or target != int(target):
        raise ValueError(f"example {i}: {name} takes a class, a whole number, not {target!r}")
    if not 0 <= target < n:
        raise ValueError(
            f"example {i}: the class is {int(target)}, but there are {n} outputs: "
            f"classes run from 0 to {n - 1}"
        )
    return int(target)


def _class_weights(weight: Sequence[float], n: int) -> list[float]:
    if not is_list(weight) or len(weight) != n:
        given = f"{len(weight)} numbers" if is_list(weight) else f"{weight!r:.40}"
        raise ValueError(
            f"weight is one number per class, {n} of them, not {given}: one per example is "
            "sample_weight"
        )
    return [check_weight(w, "weights of classes") for w in weight]
