"""What happened while a model learned.

Holds: `Epoch`, what is known when one pass over the data ends, and `History`, all of them.

May import: metrics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nn.metrics.classes import Classes

# `(outputs, loss)` of a set of cases.
Evaluation = tuple[list[Any], float]


class Epoch:
    """One finished pass over the training data, as callbacks and stopping criteria see it.

    Attributes:
        number: Counted from 1.
        model: The model, with the parameters after this epoch.
        loss: The training loss while the parameters moved: the mean over all cases, or the sum if
            the loss is a sum.
        learning_rate: That of this epoch's steps.
        gradient_norms: For each layer the Euclidean norm of its gradient, mean over the steps.
        seconds: Since `fit` began.
        targets: The training targets; a column of one number each is those numbers.
        classes: What outputs mean as classes; None if the targets are none.
        metrics: What was measured after the epoch, by name.
    """

    def __init__(
        self,
        number: int,
        model: Any,
        loss: float,
        learning_rate: float,
        gradient_norms: dict[str, float],
        seconds: float,
        targets: list[Any],
        classes: Classes | None,
        on_training: Callable[[], Evaluation],
        on_validation: Callable[[], Evaluation] | None,
    ) -> None:
        self.number, self.model, self.loss = number, model, loss
        self.learning_rate, self.gradient_norms, self.seconds = (
            learning_rate,
            gradient_norms,
            seconds,
        )
        self.targets, self.classes = targets, classes
        self.metrics: dict[str, float] = {}
        self._compute = {"training": on_training, "validation": on_validation}
        self._computed: dict[str, Evaluation] = {}
        self._closed = False

    def close(self) -> None:
        """Called when the parameters move on: nothing can be computed for this epoch any more."""
        self._closed = True

    def _evaluated(self, which: str) -> Evaluation:
        """Computed when first asked for: a forward pass over all cases has its price."""
        if which not in self._computed:
            compute = self._compute[which]
            if compute is None:
                raise ValueError("fit was given no validation data")
            if self._closed:
                raise RuntimeError(
                    f"the outputs of epoch {self.number} were not asked for while it was the "
                    "latest, and the parameters have moved on: ask inside a callback"
                )
            self._computed[which] = compute()
        return self._computed[which]

    @property
    def outputs(self) -> list[Any]:
        """The model's outputs for all training cases, after this epoch."""
        return self._evaluated("training")[0]

    @property
    def validation_outputs(self) -> list[Any]:
        """The model's outputs for all validation cases, after this epoch."""
        return self._evaluated("validation")[0]

    @property
    def monitored_loss(self) -> float:
        """The loss after this epoch on the validation data, else on the training data."""
        return self._evaluated("validation" if self._compute["validation"] else "training")[1]


@dataclass
class History:
    """What `fit` returns: one entry per finished epoch in each list.

    Attributes:
        losses: Training loss while the parameters moved, in the loss's unit.
        loss_name: The name of the loss.
        loss_unit: Its unit: "nats" for cross-entropies, "" if it depends on the targets.
        validation_losses: Loss on the validation data after the epoch; empty without such data.
        metrics: Name to values after each epoch.
        learning_rates: Learning rate of the epoch's steps.
        gradient_norms: Layer to the mean Euclidean norm of its gradient.
        seconds: Time since the start, in seconds.
        reason: Why training ended, in words; the exception's name and epoch if one ended it.
        engine: What took the steps: "tape (numba)" and the like, or "eager", with the reason.
        seed: Of the order of the cases.
        best_epoch: The epoch whose parameters the model has now; 0 if it is the last one.
    """

    # A method, `plot_history`: `nn` adds it, because a history need not know how it is drawn.
    plot: ClassVar[Callable[[History], Any]]

    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    learning_rates: list[float] = field(default_factory=list)
    gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    loss_name: str = "loss"
    loss_unit: str = ""
    reason: str = ""
    engine: str = ""
    seed: int | None = None
    best_epoch: int = 0

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.losses)

    def record(self, epoch: Epoch) -> None:
        """Adds a finished epoch: all of it or, if Ctrl-C breaks in, nothing."""
        before = self.epochs
        try:
            self.losses.append(epoch.loss)
            self.learning_rates.append(epoch.learning_rate)
            self.seconds.append(epoch.seconds)
            for name, norm in epoch.gradient_norms.items():
                self.gradient_norms.setdefault(name, []).append(norm)
            for name, value in epoch.metrics.items():
                if name == "validation_loss":
                    self.validation_losses.append(value)
                else:
                    self.metrics.setdefault(name, []).append(value)
        except BaseException:
            single = (self.losses, self.learning_rates, self.seconds, self.validation_losses)
            for each in (*single, *self.gradient_norms.values(), *self.metrics.values()):
                del each[before:]
            raise

    def __repr__(self) -> str:
        last = f", last loss {self.losses[-1]:.6g}" if self.losses else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"History({self.epochs} epochs{last}{reason})"
