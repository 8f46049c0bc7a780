"""Learning rates that change while a model learns.

Holds: `Schedule`, what all share; `StepLR`, `MultiStepLR`, `ExponentialLR`, `CosineAnnealingLR` and
`LambdaLR`, under PyTorch's names and with its results; `InverseTimeLR`, that of Robbins and Monro;
and `rates`, what is to come.

    t = epochs finished;  lr_t = lr_0 factor(t)

Two schedules of one optimizer, each stepped after every epoch, multiply, as in PyTorch.

May import: of its room base.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from math import cos, pi

from nn.optim.base import Optimizer, in_range


class Schedule:
    """Sets an optimizer's learning rate, once per epoch.

    Args:
        optimizer: The optimizer whose `lr` changes.

    Attributes:
        base_lr: The learning rate lr_0 that the optimizer had before its first schedule.
        last_epoch: Number t of finished epochs.
        watches: Whether `step` needs the loss.
        lasts: Number of epochs after which there is no rate any more; None if there is always one.
        held_out: Whether the loss that `fit` hands to `step` is that of the validation data, where
            there are such.
    """

    watches = held_out = False
    lasts: int | None = None

    def __init__(self, optimizer: Optimizer) -> None:
        check_optimizer(optimizer)
        if optimizer.initial_lr is None:
            optimizer.initial_lr = optimizer.lr
        self.optimizer, self.base_lr, self.last_epoch = optimizer, optimizer.initial_lr, 0
        optimizer.lr = self.follow(optimizer.lr, self.base_lr, self.rate(0))
        self.enter(0)

    def rate(self, t: int) -> float:
        """The learning rate after `t` epochs, if this schedule alone sets it."""
        raise NotImplementedError

    def follow(self, lr: float, before: float, after: float) -> float:
        """The rate after `lr`, where this schedule alone goes from `before` to `after`.

        In proportion: a rate that another schedule, or its owner, has halved stays halved.
        """
        return after if lr == before or before == 0.0 else lr * after / before

    def step(self, loss: float | None = None) -> None:
        """Ends an epoch: sets the learning rate of the next.

        Args:
            loss: Of the epoch; only `ReduceLROnPlateau` and `AdaptiveLR` need it.
        """
        t, optimizer = self.last_epoch, self.optimizer
        optimizer.lr = self.follow(optimizer.lr, self.rate(t), self.rate(t + 1))
        self.enter(t + 1)
        self.last_epoch = t + 1

    def enter(self, t: int) -> None:
        """Sets what else depends on the time: nothing, unless a schedule says so."""


def check_optimizer(optimizer: object) -> None:
    """Raises TypeError unless it is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"a schedule takes an optimizer, not a {type(optimizer).__name__}")


def at_least_one(name: str, epochs: int) -> int:
    """`epochs` if it is at least 1, else ValueError."""
    if epochs < 1:
        raise ValueError(f"{name} is at least 1 epoch, not {epochs}")
    return epochs


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
        self.step_size = at_least_one("step_size", step_size)
        self.gamma = in_range("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 gamma^floor(t / step_size)."""
        return float(self.base_lr * self.gamma ** (t // self.step_size))


class MultiStepLR(Schedule):
    """lr_t = lr_0 gamma^(number of milestones up to t).

    Args:
        optimizer: The optimizer.
        milestones: After how many epochs the rate changes, in any order; twice counts twice.
        gamma: What the rate is multiplied by, from 0.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> rates(MultiStepLR(SGD([Value(1.0)], lr=1.0), milestones=[1, 3], gamma=0.5), 5)
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(milestones)
        self.gamma = in_range("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 gamma^(milestones up to t)."""
        return float(self.base_lr * self.gamma ** bisect_right(self.milestones, t))


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
        self.T_max, self.eta_min = at_least_one("T_max", T_max), in_range("eta_min", eta_min)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """Half a cosine wave per T_max epochs."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1.0 + cos(pi * t / self.T_max)) / 2.0

    def follow(self, lr: float, before: float, after: float) -> float:
        """In proportion above eta_min; from eta_min itself as far up as this schedule alone."""
        if lr == before:
            return after
        if before == self.eta_min:
            return lr + (after - before)
        above = (after - self.eta_min) / (before - self.eta_min)
        return self.eta_min + (lr - self.eta_min) * above


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

    def follow(self, lr: float, before: float, after: float) -> float:
        """lr_0 f(t), whatever the rate was."""
        return after


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


def rates(schedule: Schedule, epochs: int) -> list[float]:
    """The learning rates of the coming epochs; the schedule itself stays where it is.

    Args:
        schedule: Any schedule; of one that watches the loss as if that gave no reason to act.
        epochs: How many.
    """
    t, lr, coming = schedule.last_epoch, schedule.optimizer.lr, []
    for i in range(epochs):
        coming.append(lr)
        if i + 1 < epochs:
            lr = schedule.follow(lr, schedule.rate(t + i), schedule.rate(t + i + 1))
    return coming
