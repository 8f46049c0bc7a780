"""When to stop learning.

Holds: the criteria `AllCorrect`, `LossBelow`, `NoImprovement`, `TimeLimit`.  Each is called with
every finished `Epoch` and answers with the reason to stop, or with "".

May import: checks, metrics; of its room engine, history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nn.checks import number, whole
from nn.metrics.classes import Classes
from nn.train.engine import Problem
from nn.train.history import Epoch


class Stop(Protocol):
    """A stopping criterion: any object like this can stand in `fit(..., stop=[...])`.

    If it has a method `check` too, `fit` calls that with the `Problem` before anything has changed:
    the place to refuse what the criterion cannot judge.

    Attributes:
        success: Whether the model is good as it is when this criterion stops, so that earlier
            parameters with a smaller loss are not put back.
    """

    success: bool

    def begin(self) -> None:
        """Called once, when learning begins."""

    def __call__(self, epoch: Epoch) -> str:
        """The reason to stop after this epoch, or ""."""


class AllCorrect:
    """Stops when every training case is classified correctly.

    Args:
        tolerance: If given, a case is correct when each of its outputs is closer than this to its
            target, in the target's unit.  None counts as `accuracy` does.
        threshold: Of a single output, without a tolerance: above it means class 1.  None takes
            the one that fits the loss.

    Raises:
        TypeError, ValueError: If the tolerance is not positive, or the threshold no number.  In
            `fit`, if a target is no class, or with a tolerance not of the outputs' shape.

    >>> from nn import MLP, Adam, fit, xor
    >>> history = fit(MLP(2, [4, 1], seed=1), xor().X, xor().y, epochs=500, seed=0,
    ...     optimizer=lambda p: Adam(p, lr=0.05), stop=[AllCorrect(tolerance=0.1)], progress=False)
    >>> history.reason
    'every error is below 0.1'
    """

    success = True

    def __init__(self, tolerance: float | None = None, threshold: float | None = None) -> None:
        if tolerance is not None and not number("the tolerance", tolerance) > 0.0:
            raise ValueError(f"the tolerance is positive, not {tolerance}")
        if threshold is not None:
            threshold = number("the threshold", threshold)
        self.tolerance, self.threshold = tolerance, threshold

    def begin(self) -> None:
        """Nothing to remember."""

    def check(self, problem: Problem) -> None:
        """Raises ValueError if outputs like the model's cannot be compared with the targets."""
        classes = problem.classes() if self.tolerance is None else None
        self._reason([problem.output] * len(problem.targets), problem.targets, classes)

    def __call__(self, epoch: Epoch) -> str:
        """The reason to stop after this epoch, or ""."""
        return self._reason(epoch.outputs, epoch.targets, epoch.classes)

    def _reason(
        self, outputs: Sequence[Any], targets: Sequence[Any], classes: Classes | None
    ) -> str:
        if self.tolerance is not None:
            cases = zip(outputs, targets, strict=True)
            errors = [e for i, (y, t) in enumerate(cases) for e in _errors(i, y, t)]
            near = all(error < self.tolerance for error in errors)
            return f"every error is below {self.tolerance}" if near else ""
        assert classes is not None  # `check` has seen to it
        right = classes.above(self.threshold).share(outputs, targets)
        return "all cases are classified correctly" if right == 1.0 else ""


def _errors(row: int, output: Any, target: Any) -> list[float]:
    """How far every output of a case is from its target."""
    ys, ts = (each if isinstance(each, list) else [each] for each in (output, target))
    if len(ys) != len(ts):
        raise ValueError(
            f"row {row} of y is {target}, but there are {len(ys)} outputs: a tolerance needs a "
            "target for each; leave it out to count classes"
        )
    return [abs(y - t) for y, t in zip(ys, ts, strict=True)]


class LossBelow:
    """Stops when the loss after an epoch, on validation data if there are any, is below a bound.

    Args:
        bound: In the loss's unit.

    Raises:
        TypeError, ValueError: If the bound is no number.

    >>> from nn import MLP, fit
    >>> fit(MLP(1, [1], seed=0), [[1.0]], [3.0], epochs=999, stop=[LossBelow(0.5)],
    ...     progress=False).reason
    'the loss is below 0.5'
    """

    success = True

    def __init__(self, bound: float) -> None:
        self.bound = number("the bound of LossBelow", bound)

    def begin(self) -> None:
        """Nothing to remember."""

    def __call__(self, epoch: Epoch) -> str:
        """The reason to stop after this epoch, or ""."""
        return f"the loss is below {self.bound:g}" if epoch.monitored_loss < self.bound else ""


class NoImprovement:
    """Stops when the loss, on validation data if there are any, has not fallen for some epochs.

    Early stopping; Prechelt, "Early stopping - but when?", 1998.

    Args:
        epochs: How many epochs without a new smallest loss, at least 1.
        least: By how much a loss must be smaller to count, in the loss's unit.

    Raises:
        ValueError: If a setting is out of range.

    >>> from nn import MLP, SGD, fit
    >>> fit(MLP(1, [1], seed=0), [[1.0]], [3.0], optimizer=lambda p: SGD(p, lr=0.0),
    ...     stop=[NoImprovement(epochs=2)], progress=False)  # nothing moves
    History(3 epochs, last loss 3.26484: no improvement for 2 epochs)
    """

    success = False

    def __init__(self, epochs: int = 10, least: float = 0.0) -> None:
        wanted = "a number from 0 on"
        self.epochs = whole("the number of epochs without improvement", epochs)
        self.least = number("the least improvement", least, wanted)
        if self.least < 0.0:
            raise ValueError(f"the least improvement is {wanted}, not {least}")
        self.begin()

    def begin(self) -> None:
        """Forgets the best loss of an earlier run."""
        self._best, self._since = float("inf"), 0

    def __call__(self, epoch: Epoch) -> str:
        """The reason to stop after this epoch, or ""."""
        if epoch.monitored_loss < self._best - self.least:
            self._best, self._since = epoch.monitored_loss, 0
        else:
            self._since += 1
        return f"no improvement for {self._since} epochs" if self._since >= self.epochs else ""


class TimeLimit:
    """Stops after the first epoch that ends later than this.

    Args:
        seconds: Since learning began, positive.

    Raises:
        ValueError: If the limit is not positive.

    >>> from nn import MLP, fit
    >>> fit(MLP(1, [1], seed=0), [[1.0]], [3.0], stop=[TimeLimit(1e-6)], progress=False).epochs
    1
    """

    success = False

    def __init__(self, seconds: float) -> None:
        if not number("the time limit", seconds) > 0.0:
            raise ValueError(f"the time limit is positive, not {seconds} s")
        self.seconds = seconds

    def begin(self) -> None:
        """Nothing to remember."""

    def __call__(self, epoch: Epoch) -> str:
        """The reason to stop after this epoch, or ""."""
        over = epoch.seconds >= self.seconds
        return f"the time limit of {self.seconds:g} s is over" if over else ""
