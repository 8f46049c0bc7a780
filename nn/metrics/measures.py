"""How good predictions are, in terms people ask for.

Holds: `predict` and `classify`, with `outputs_of` and `plain`; `accuracy`, `r_squared`,
`mean_absolute_error`; and `METRICS`, the table of those that `fit` can follow.

May import: autodiff, checks, data, models; of its room classes.  Never changes a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import hypot
from typing import Any

from autodiff import Value, no_grad
from nn.checks import check_cases, check_lengths, check_targets, column, entries, number
from nn.data.cases import mean_and_deviation
from nn.metrics.classes import Classes, classes_of, remembered
from nn.models.modes import evaluation

Metric = Callable[[Sequence[Any], Sequence[Any]], float]


def predict(model: Callable[[Any], Any], X: Any) -> list[Any]:
    """The model's outputs for all rows, as plain numbers, in eval mode; no graph is recorded.

    `classify` gives classes instead.

    Args:
        model: Called with one row at a time.
        X: The rows: a list of lists, or an array.

    Returns:
        A number per row if the model has one output, else a list of numbers per row.

    Raises:
        TypeError: If it is no model, or something in X is not a number.
        ValueError: If there are no rows, they differ in width, or hold nan.

    >>> predict(lambda x: 2.0 * x[0], [[1.0], [2.5]])
    [2.0, 5.0]
    """
    return column(outputs_of(model, _rows(model, X)))


def classify(
    model: Callable[[Any], Any],
    X: Any,
    labels: tuple[int, int] | None = None,
    threshold: float | None = None,
) -> list[int | None]:
    """The class that each output means, as `accuracy` counts them.

    Args:
        model: Called with one row at a time.
        X: The rows: a list of lists, or an array.
        labels: The two classes of a single output, (0, 1) or (-1, 1).  None takes those that the
            model was fitted to; several outputs need none.
        threshold: As of `accuracy`.

    Returns:
        A class per row; None where the output is nan.

    Raises:
        ValueError: If it is not known which classes a single output tells apart, or as `predict`.

    >>> classify(lambda x: x, [[0.1, 0.9], [3.0, 2.0]])
    [1, 0]
    >>> classify(lambda x: x[0], [[0.1], [-0.9]], labels=(-1, 1))
    [1, -1]
    """
    outputs = predict(model, X)
    if not isinstance(outputs[0], list) and labels is None and remembered(model) is None:
        raise ValueError(
            "a single output says nothing of the classes, and this model was not fitted to any: "
            "classify(model, X, labels=(0, 1)) or (-1, 1)"
        )
    return list(map(_classes(model, outputs, labels or (), threshold).of_output, outputs))


def _rows(model: Any, X: Any) -> list[Any]:
    """The rows, checked to suit the model."""
    if not callable(model) or isinstance(model, type):
        what = f"the class {model.__name__}" if isinstance(model, type) else repr(model)[:80]
        raise TypeError(f"the model comes first, something to be called with one row, not {what}")
    return check_cases(X, getattr(model, "n_in", None))


def _classes(model: Any, outputs: Any, y: Sequence[Any], threshold: float | None) -> Classes:
    """What these outputs mean, compared with these targets."""
    if threshold is not None:
        threshold = number("the threshold", threshold)
    n_out = len(outputs[0]) if isinstance(outputs[0], list) else 1
    return classes_of(model, n_out, y).above(threshold)


def outputs_of(model: Callable[[Any], Any], X: Sequence[Any]) -> list[Any]:
    """`predict` for rows that have been checked."""
    with no_grad(), evaluation():
        return [plain(model(x)) for x in X]


def plain(output: Any) -> Any:
    """An output as a number, or a list of numbers, without a graph.

    Raises:
        TypeError: If it is something else.
    """
    if isinstance(output, Value):
        return output.data
    if hasattr(output, "tolist"):  # an array of NumPy's, or one of its numbers
        output = output.tolist()
    if isinstance(output, (list, tuple)):
        return [plain(each) for each in output]
    if isinstance(output, (int, float)):
        return float(output)
    raise TypeError(f"an output is a number or a list of numbers, not {output!r:.80}")


def accuracy(model: Callable[[Any], Any], X: Any, y: Any, threshold: float | None = None) -> float:
    """The share of cases that the model classifies correctly, from 0 to 1.

    With several outputs the largest one decides; it is compared with the class number, or with the
    largest number of a row of targets; what the loss was told to ignore does not count.  A single
    output above the threshold means 1, otherwise 0 or -1, whichever the targets use.  It is the
    same number that `fit(..., metrics="accuracy")` writes into the history.

    Args:
        model: Called with one row at a time.
        X: The rows.
        y: The targets.
        threshold: Of a single output.  None takes the one that fits the loss that the model was
            fitted with: 0 for logits and margins, 0.5 for probabilities, and halfway between the
            targets for other losses.  For a model that was not, and for a loss of your own, it is
            0.5 for targets 0 and 1 behind a sigmoid, else 0.

    Raises:
        TypeError: If it is no model, or something in X or y is not a number.
        ValueError: If X and y do not fit together, or no output can mean one of the targets.

    >>> accuracy(lambda x: x[0], [[2.0], [-1.0], [3.0], [1.0]], [1, -1, -1, 1])
    0.75
    """
    rows, targets = _rows(model, X), column(check_targets(y))
    check_lengths(rows, targets)
    outputs = column(outputs_of(model, rows))
    return _classes(model, outputs, targets, threshold).share(outputs, targets)


def r_squared(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """Coefficient of determination R^2 = 1 - sum (t - y)^2 / sum (t - mean t)^2.

    1 is perfect, 0 as good as always saying the mean; dimensionless, no lower bound.

    Args:
        outputs: One number per case, as `predict` returns them.
        targets: As many numbers, not all equal.

    Raises:
        ValueError: If the lengths differ, there is more than one number per case, or the targets
            are all equal.

    >>> print(f"{r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]):.6f}")
    0.785714
    """
    outputs, targets = _numbers("r_squared", outputs, targets)
    mean, deviation = mean_and_deviation(targets)
    if deviation == 0.0:
        raise ValueError("R squared has no meaning for targets that are all equal")
    error = hypot(*[t - y for y, t in zip(outputs, targets, strict=True)])
    return 1.0 - (error / hypot(*[t - mean for t in targets])) ** 2


def mean_absolute_error(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """The mean of |t - y| over cases, in the targets' unit.

    Args:
        outputs: One number per case, as `predict` returns them.
        targets: As many numbers.

    Raises:
        ValueError: If the lengths differ, or there is more than one number per case.

    >>> mean_absolute_error([1.0, 5.0], [2.0, 3.0])
    1.5
    """
    outputs, targets = _numbers("mean_absolute_error", outputs, targets)
    return sum(abs(t - y) for y, t in zip(outputs, targets, strict=True)) / len(targets)


def _numbers(metric: str, outputs: Any, targets: Any) -> tuple[list[float], list[float]]:
    """One output and one target per case, as plain numbers; an output may be nan."""
    outputs = column([plain(y) for y in entries(outputs, "the outputs")])
    targets = column(check_targets(targets, "the targets"))
    check_lengths(outputs, targets)
    if not targets:
        raise ValueError(f"{metric} of no cases at all: give at least one")
    for what, each in (("outputs", outputs), ("targets", targets)):
        if isinstance(each[0], list):
            raise ValueError(
                f"{metric} takes one number per case, but the {what} have {len(each[0])}: "
                "measure one of them at a time"
            )
    return outputs, targets


METRICS: dict[str, Metric] = {
    "r_squared": r_squared,
    "mean_absolute_error": mean_absolute_error,
}


def known_metric(metric: Any) -> tuple[str, Metric | None]:
    """`(name, function)` of a metric; None for accuracy, which depends on the problem.

    Raises:
        TypeError: If it is neither a name nor a function.
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if metric is accuracy or (isinstance(metric, str) and metric == "accuracy"):
        return "accuracy", None
    if callable(metric) and not isinstance(metric, type):
        return getattr(metric, "__name__", "metric"), metric
    if not isinstance(metric, str):
        raise TypeError(
            f"a metric is a name such as 'accuracy', or a function of outputs and targets, not "
            f"{metric!r:.80}"
        )
    if metric not in METRICS:
        raise ValueError(
            f"unknown metric {metric!r}: the known ones are accuracy, {', '.join(METRICS)}"
        )
    return metric, METRICS[metric]
