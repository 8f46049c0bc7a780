"""How good predictions are, in terms people ask for.

Holds: `predict`, `accuracy`, `r_squared`, `mean_absolute_error`, and `METRICS`, the table of those
that `fit` can follow.

May import: autodiff, checks, modes.  Never changes a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autodiff import Value, no_grad
from nn.checks import check_cases, check_lengths, check_targets
from nn.modes import evaluation

Metric = Callable[[Sequence[Any], Sequence[Any]], float]


def predict(model: Callable[[Any], Any], X: Any) -> list[Any]:
    """The model's outputs for all rows, as plain numbers, in eval mode; no graph is recorded.

    Args:
        model: Called with one row at a time.
        X: The rows: a list of lists, or an array.

    Returns:
        A number per row if the model has one output, else a list of numbers per row.

    Raises:
        ValueError: If there are no rows, they differ in width, or hold nan.

    >>> predict(lambda x: 2.0 * x[0], [[1.0], [2.5]])
    [2.0, 5.0]
    """
    return outputs_of(model, check_cases(X, getattr(model, "n_in", None)))


def outputs_of(model: Callable[[Any], Any], X: Sequence[Any]) -> list[Any]:
    """`predict` for rows that have been checked."""
    with no_grad(), evaluation():
        return [_plain(model(x)) for x in X]


def _plain(output: Any) -> Any:
    if isinstance(output, (list, tuple)):
        return [_plain(each) for each in output]
    return output.data if isinstance(output, Value) else float(output)


def accuracy(model: Callable[[Any], Any], X: Any, y: Any, threshold: float | None = None) -> float:
    """The share of cases that the model classifies correctly, from 0 to 1.

    With several outputs the largest one decides; it is compared with the class number, or with the
    largest number of a row of targets.  A single output above the threshold means 1, otherwise 0
    or -1, whichever the targets use.

    Args:
        model: Called with one row at a time.
        X: The rows.
        y: The targets.
        threshold: Of a single output.  None takes 0.5 for targets 0 and 1 if the model ends in a
            sigmoid, else 0: the score at which a logit, a margin or a tanh changes sides.

    Raises:
        ValueError: If X and y do not fit together.

    >>> accuracy(lambda x: x[0], [[2.0], [-1.0], [3.0], [1.0]], [1, -1, -1, 1])
    0.75
    """
    X = check_cases(X, getattr(model, "n_in", None))
    y = check_targets(y)
    check_lengths(X, y)
    if threshold is None:
        logistic = getattr(model, "output_activation", None) == "sigmoid"
        threshold = 0.5 if logistic and -1 not in y else 0.0
    return correct_share(outputs_of(model, X), y, threshold)


def correct_share(outputs: Sequence[Any], targets: Sequence[Any], threshold: float) -> float:
    """The share of outputs on their target's side of the threshold, or largest in its place."""
    right = 0
    for output, target in zip(outputs, targets, strict=True):
        if isinstance(output, list):
            wanted = largest(target) if isinstance(target, list) else target
            right += largest(output) == wanted
        else:
            right += (output > threshold) == (target > 0)
    return right / len(outputs)


def largest(row: Sequence[float]) -> int:
    """The place of the largest number, the first of equals."""
    return max(range(len(row)), key=row.__getitem__)


def r_squared(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """Coefficient of determination R^2 = 1 - sum (t - y)^2 / sum (t - mean t)^2.

    1 is perfect, 0 as good as always saying the mean; dimensionless, no lower bound.

    Args:
        outputs: One number per case, as `predict` returns them.
        targets: As many numbers, not all equal.

    Raises:
        ValueError: If the lengths differ, or the targets are all equal.

    >>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    check_lengths(outputs, targets)
    mean = sum(targets) / len(targets)
    spread = sum((t - mean) ** 2 for t in targets)
    if spread == 0.0:
        raise ValueError("R squared has no meaning for targets that are all equal")
    return 1.0 - sum((t - y) ** 2 for y, t in zip(outputs, targets, strict=True)) / spread  # type: ignore[no-any-return]


def mean_absolute_error(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """The mean of |t - y| over cases, in the targets' unit.

    Args:
        outputs: One number per case, as `predict` returns them.
        targets: As many numbers.

    Raises:
        ValueError: If the lengths differ.

    >>> mean_absolute_error([1.0, 5.0], [2.0, 3.0])
    1.5
    """
    check_lengths(outputs, targets)
    return sum(abs(t - y) for y, t in zip(outputs, targets, strict=True)) / len(targets)  # type: ignore[no-any-return]


METRICS: dict[str, Metric] = {
    "r_squared": r_squared,
    "mean_absolute_error": mean_absolute_error,
}


def known_metric(metric: str | Metric, threshold: float) -> tuple[str, Metric]:
    """`(name, function)` of a metric; that of "accuracy" with the threshold that fits the loss.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if callable(metric):
        return getattr(metric, "__name__", "metric"), metric
    if metric == "accuracy":
        return metric, partial(correct_share, threshold=threshold)
    if metric not in METRICS:
        raise ValueError(
            f"unknown metric {metric!r}: the known ones are accuracy, {', '.join(METRICS)}"
        )
    return metric, METRICS[metric]
