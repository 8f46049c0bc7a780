"""Losses of classes: how unlikely a model holds the class that is right.

Holds: `cross_entropy`, from scores, and `nll_loss`, from logarithms of probabilities, under
PyTorch's names (`torch.nn.functional`), with its options and results.

May import: autodiff; of its room reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff
from nn.losses.reduction import (
    REDUCTIONS,
    check_counts,
    check_reduction,
    check_sample_weight,
    check_weight,
    is_list,
    reduce,
)

Number = Any  # a Value or a plain number
# What PyTorch leaves out of a loss unless told otherwise.
IGNORED = -100


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


# --- parts --------------------------------------------------------------------------------


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
