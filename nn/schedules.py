"""Learning rates that change while a model learns.

Holds: `ConstantLR`, `StepLR`, `ExponentialLR`, `CosineAnnealingLR` and `LambdaLR`, under PyTorch's
names and with its results; `InverseTimeLR`, that of Robbins and Monro; and `AdaptiveLR`, which
watches the loss.

    t = epochs finished;  lr_t = lr_0 factor(t)

May import: optim.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, isfinite, pi

from nn.optim import Optimizer, in_range


class Schedule:
    """Sets an optimizer's learning rate, once per epoch.

    Args:
        optimizer: The optimizer whose `lr` changes.

    Attributes:
        base_lr: The learning rate lr_0 that it started from.
        last_epoch: Number t of finished epochs.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a schedule takes an optimizer, not a {type(optimizer).__name__}")
        self.optimizer, self.base_lr, self.last_epoch = optimizer, optimizer.lr, 0
        optimizer.lr = self.rate(0)

    def rate(self, t: int) -> float:
        """The learning rate after `t` epochs."""
        raise NotImplementedError

    def step(self, loss: float | None = None) -> None:
        """Ends an epoch: sets the learning rate of the next.  Only `AdaptiveLR` needs the loss."""
        self.last_epoch += 1
        self.optimizer.lr = self.rate(self.last_epoch)


class ConstantLR(Schedule):
    """lr_0 times `factor` for the first `total_iters` epochs, lr_0 from then on.

    As PyTorch has it, for a gentle start.  A rate that never changes needs no schedule.

    Args:
        optimizer: The optimizer.
        factor: From 0 to 1.
        total_iters: In epochs.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> schedule = ConstantLR(optimizer, factor=0.25, total_iters=2)
    >>> rates(schedule, 4)
    [0.1, 0.1, 0.4, 0.4]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3.0, total_iters: int = 5
    ) -> None:
        self.factor, self.total_iters = in_range("factor", factor), total_iters
        if factor > 1.0:
            raise ValueError(f"factor is from 0 to 1, not {factor}")
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 factor, then lr_0."""
        return self.base_lr * (self.factor if t < self.total_iters else 1.0)


class StepLR(Schedule):
    """lr_t = lr_0 gamma^floor(t / step_size).

    Args:
        optimizer: The optimizer.
        step_size: Epochs between changes, at least 1.
        gamma: What the rate is multiplied by, from 0.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(StepLR(SGD([Value(1.0)], lr=1.0), step_size=2, gamma=0.5), 5)
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"step_size is at least 1 epoch, not {step_size}")
        self.step_size, self.gamma = step_size, in_range("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 gamma^floor(t / step_size)."""
        return float(self.base_lr * self.gamma ** (t // self.step_size))


class ExponentialLR(Schedule):
    """lr_t = lr_0 gamma^t.

    Args:
        optimizer: The optimizer.
        gamma: What the rate is multiplied by each epoch, from 0.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(ExponentialLR(SGD([Value(1.0)], lr=1.0), gamma=0.5), 3)
    [1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = in_range("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 gamma^t."""
        return float(self.base_lr * self.gamma**t)


class CosineAnnealingLR(Schedule):
    """lr_t = eta_min + (lr_0 - eta_min) (1 + cos(pi t / T_max)) / 2.

    Loshchilov, Hutter, "SGDR", ICLR 2017, eq. 5, without restarts: after T_max the rate rises
    again, as PyTorch's does.

    Args:
        optimizer: The optimizer.
        T_max: Epochs from the largest rate to the smallest, at least 1.
        eta_min: The smallest rate, from 0.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(CosineAnnealingLR(SGD([Value(1.0)], lr=1.0), T_max=2), 3)
    [1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        if T_max < 1:
            raise ValueError(f"T_max is at least 1 epoch, not {T_max}")
        self.T_max, self.eta_min = T_max, in_range("eta_min", eta_min)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """Half a cosine wave per T_max epochs."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1.0 + cos(pi * t / self.T_max)) / 2.0


class LambdaLR(Schedule):
    """lr_t = lr_0 f(t), for any function f.

    Args:
        optimizer: The optimizer.
        lr_lambda: The factor after t epochs.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(LambdaLR(SGD([Value(1.0)], lr=1.0), lambda t: 1.0 - 0.25 * t), 3)
    [1.0, 0.75, 0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 f(t)."""
        return in_range("the learning rate", self.base_lr * self.lr_lambda(t))


class InverseTimeLR(Schedule):
    """lr_t = lr_0 / (1 + gamma t): falls fast enough to settle, slowly enough to arrive.

    The sum of all rates is infinite, that of their squares is not: Robbins, Monro, Annals of
    Mathematical Statistics 22, 1951.

    Args:
        optimizer: The optimizer.
        gamma: Per epoch, from 0; at t = 1 / gamma the rate is half of lr_0.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(InverseTimeLR(SGD([Value(1.0)], lr=1.0), gamma=1.0), 4)
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float = 1.0) -> None:
        self.gamma = in_range("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 / (1 + gamma t)."""
        return self.base_lr / (1.0 + self.gamma * t)


class AdaptiveLR(Schedule):
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
        self._previous: float | None = None
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The rate as it is: what changes it is the loss, not the time."""
        return self.optimizer.lr

    def step(self, loss: float | None = None) -> None:
        """Ends an epoch with this loss.

        Raises:
            ValueError: If the loss is missing or not finite.
        """
        if loss is None or not isfinite(loss):
            raise ValueError(f"AdaptiveLR needs the epoch's loss, a finite number, not {loss}")
        if self._previous is not None and loss != self._previous:
            self.optimizer.lr *= self.grow if loss < self._previous else self.cut
        self._previous = loss
        self.last_epoch += 1


def rates(schedule: Schedule, epochs: int) -> list[float]:
    """The learning rates of the coming epochs; the schedule itself stays where it is.

    Args:
        schedule: Any schedule but `AdaptiveLR`, which depends on what is yet to come.
        epochs: How many.
    """
    return [schedule.rate(schedule.last_epoch + t) for t in range(epochs)]
