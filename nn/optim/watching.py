"""Learning rates that follow the loss.

Holds: `ReduceLROnPlateau`, under PyTorch's name and with its results; and `AdaptiveLR`, that of the
founding texts.

May import: of its room base, schedules.
"""

from __future__ import annotations

from math import isfinite

from nn.optim.base import Optimizer, in_range
from nn.optim.schedules import Schedule


class _Watching(Schedule):
    """A schedule whose rate depends on what the loss has been, not on the time."""

    watches = True

    def rate(self, t: int) -> float:
        """The rate as it is: what changes it is the loss, not the time."""
        return self.optimizer.lr

    def follow(self, lr: float, before: float, after: float) -> float:
        """The rate as it is."""
        return lr


class ReduceLROnPlateau(_Watching):
    """lr <- factor lr when the loss has not become better for more than `patience` epochs.

    Better than the best so far is: below best (1 - threshold), or below best - threshold with
    `threshold_mode="abs"`; mirrored for mode "max".  `fit` hands over the validation loss, or
    without such data the training loss.

    Args:
        optimizer: The optimizer.
        mode: "min" if what `step` is given should fall, "max" if it should rise.
        factor: What the rate is multiplied by, from 0 to below 1.
        patience: Epochs without a better one that are put up with, from 0.
        threshold: What counts as better, from 0: a part of the best, or with "abs" in its unit.
        threshold_mode: "rel" or "abs".
        cooldown: Epochs after a reduction that do not count as bad, from 0.
        min_lr: Below this the rate never falls, from 0.
        eps: A reduction by no more than this is left out, from 0.

    Attributes:
        best: The best so far; None before the first step.
        num_bad_epochs: Epochs in a row that were not better.
        cooldown_counter: Epochs of the cooldown that are left.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> schedule = ReduceLROnPlateau(SGD([Value(1.0)], lr=1.0), factor=0.5, patience=1)
    >>> for loss in (9.0, 8.0, 8.0, 8.0):
    ...     schedule.step(loss)
    ...     print(schedule.optimizer.lr)
    1.0
    1.0
    1.0
    0.5
    """

    held_out = True

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode is 'rel' or 'abs', not {threshold_mode!r}")
        if in_range("factor", factor) >= 1.0:
            raise ValueError(f"factor is from 0 to below 1, not {factor}")
        self.mode, self.threshold_mode, self.factor = mode, threshold_mode, float(factor)
        self.threshold = in_range("threshold", threshold)
        in_range("patience", patience)
        in_range("cooldown", cooldown)
        self.patience, self.cooldown = patience, cooldown
        self.min_lr, self.eps = in_range("min_lr", min_lr), in_range("eps", eps)
        self.best: float | None = None
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)

    def step(self, loss: float | None = None) -> None:
        """Ends an epoch with this loss, or whatever is watched; nan is never better.

        Raises:
            ValueError: If it is missing.
        """
        if loss is None:
            raise ValueError("ReduceLROnPlateau needs what it watches: schedule.step(loss)")
        loss = float(loss)
        self.last_epoch += 1
        if self._is_better(loss):
            self.best, self.num_bad_epochs = loss, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            reduced = max(self.optimizer.lr * self.factor, self.min_lr)
            if self.optimizer.lr - reduced > self.eps:
                self.optimizer.lr = reduced
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _is_better(self, loss: float) -> bool:
        sign = 1.0 if self.mode == "min" else -1.0
        best = sign * float("inf") if self.best is None else self.best
        if self.threshold_mode == "rel":
            bound = best * (1.0 - sign * self.threshold)
        else:
            bound = best - sign * self.threshold
        return loss < bound if self.mode == "min" else loss > bound


class AdaptiveLR(_Watching):
    """Grows the rate while the loss falls, cuts it when the loss rises.

    lr <- grow lr if the loss is below that of the epoch before, cut lr if above, else as it is.
    The adaptive learning rate of the founding texts of backpropagation; "bold driver" in Battiti,
    Complex Systems 3, 1989.  The parameters stay where the larger loss was found.

    Args:
        optimizer: The optimizer.
        grow: From 1.
        cut: Above 0, to 1.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> schedule = AdaptiveLR(SGD([Value(1.0)], lr=1.0), grow=1.5, cut=0.5)
    >>> for loss in (9.0, 8.0, 8.5):
    ...     schedule.step(loss)
    ...     print(schedule.optimizer.lr)
    1.0
    1.5
    0.75
    """

    def __init__(self, optimizer: Optimizer, grow: float = 1.05, cut: float = 0.7) -> None:
        if not (1.0 <= grow < float("inf") and 0.0 < cut <= 1.0):
            raise ValueError(f"grow is from 1 and cut from 0 to 1, not {grow} and {cut}")
        self.grow, self.cut = grow, cut
        self.previous: float | None = None
        super().__init__(optimizer)

    def step(self, loss: float | None = None) -> None:
        """Ends an epoch with this loss.

        Raises:
            ValueError: If the loss is missing or not finite.
        """
        if loss is None or not isfinite(loss):
            raise ValueError(f"AdaptiveLR needs the epoch's loss, a finite number, not {loss}")
        if self.previous is not None and loss != self.previous:
            self.optimizer.lr *= self.grow if loss < self.previous else self.cut
        self.previous = loss
        self.last_epoch += 1
