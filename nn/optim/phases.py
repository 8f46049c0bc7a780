"""Learning rates in several phases.

Holds: the warm-ups `ConstantLR` and `LinearLR`; `SequentialLR`, one schedule after the other, such
as a warm-up and what follows it; and `OneCycleLR`; under PyTorch's names and with its results.

May import: of its room base, schedules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi
from typing import Any

from nn.optim.base import Optimizer, in_range
from nn.optim.schedules import Schedule, at_least_one, check_optimizer


class ConstantLR(Schedule):
    """lr_0 times `factor` for the first `total_iters` epochs, lr_0 from then on.

    As PyTorch has it, for a gentle start.  A rate that never changes needs no schedule.

    Args:
        optimizer: The optimizer.
        factor: From 0 to 1.
        total_iters: In epochs.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> from nn.optim.schedules import rates
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


class LinearLR(Schedule):
    """lr_0 times a factor that goes from `start_factor` to `end_factor` in `total_iters` epochs.

    factor(t) = start + (end - start) min(t, total) / total.  With the defaults a warm-up;
    `SequentialLR` says what follows it.

    Args:
        optimizer: The optimizer.
        start_factor: Above 0, to 1.
        end_factor: From 0 to 1.
        total_iters: In epochs, at least 1.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> from nn.optim.schedules import rates
    >>> rates(LinearLR(SGD([Value(1.0)], lr=0.4), start_factor=0.25, total_iters=3), 5)
    [0.1, 0.2, 0.30000000000000004, 0.4, 0.4]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        if not (0.0 < start_factor <= 1.0 and 0.0 <= end_factor <= 1.0):
            raise ValueError(
                f"start_factor is above 0, end_factor from 0, both to 1, not {start_factor} and "
                f"{end_factor}"
            )
        self.start_factor, self.end_factor = float(start_factor), float(end_factor)
        self.total_iters = at_least_one("total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """lr_0 factor(t)."""
        way = (self.end_factor - self.start_factor) * min(t, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + way)


class SequentialLR(Schedule):
    """One schedule after the other: each begins anew, from lr_0, at its milestone.

    Args:
        optimizer: The optimizer.
        schedulers: Schedules of this optimizer that depend on the time alone, at least one.
        milestones: After how many epochs the second begins, the third, and so on; rising.

    Raises:
        ValueError: If the milestones are not one fewer than the schedules, or do not rise; if a
            schedule watches the loss, or belongs to another optimizer.
        TypeError: If something is no schedule.

    A warm-up over three epochs, then half a cosine wave:

    >>> from autodiff import Value
    >>> from nn import SGD, CosineAnnealingLR, LinearLR
    >>> from nn.optim.schedules import rates
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> warm, fall = LinearLR(optimizer, 0.25, total_iters=3), CosineAnnealingLR(optimizer, T_max=4)
    >>> schedule = SequentialLR(optimizer, [warm, fall], milestones=[3])
    >>> print(*[format(lr, ".3f") for lr in rates(schedule, 8)])
    0.100 0.200 0.300 0.400 0.341 0.200 0.059 0.000
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]
    ) -> None:
        check_optimizer(optimizer)
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        for each in self.schedulers:
            if not isinstance(each, Schedule):
                raise TypeError(f"SequentialLR takes schedules, not {each!r:.80}")
            if each.optimizer is not optimizer:
                raise ValueError("a schedule of SequentialLR belongs to another optimizer")
            if each.watches:
                raise ValueError(
                    f"SequentialLR takes no {type(each).__name__}, which watches the loss"
                )
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"{len(self.schedulers)} schedules but {len(self.milestones)} milestones: give one "
                "for each schedule after the first"
            )
        if any(b < a for a, b in pairwise([0, *self.milestones])):
            raise ValueError(f"milestones rise from 0, not {self.milestones}")
        if optimizer.initial_lr is not None:
            optimizer.lr = optimizer.initial_lr  # what the schedules did when they were made
        last = self.schedulers[-1].lasts
        self.lasts = None if last is None else last + (self.milestones[-1:] or [0])[0]
        super().__init__(optimizer)

    def now(self, t: int) -> tuple[Schedule, int]:
        """The schedule that sets the rate after `t` epochs, and the epochs since it began."""
        i = bisect_right(self.milestones, t)
        return self.schedulers[i], t - (self.milestones[i - 1] if i else 0)

    def rate(self, t: int) -> float:
        """That of the schedule whose turn it is."""
        schedule, epochs = self.now(t)
        return schedule.rate(epochs)

    def enter(self, t: int) -> None:
        """What the schedule whose turn it is sets."""
        schedule, epochs = self.now(t)
        schedule.enter(epochs)


class OneCycleLR(Schedule):
    """The rate rises to `max_lr` and falls far below where it began, momentum the other way.

    From max_lr / div_factor in pct_start of the steps to max_lr, and then to
    max_lr / (div_factor final_div_factor), along half cosine waves or straight lines.  Smith,
    Topin, "Super-convergence", arXiv 1708.07120, 2017.  `fit` takes a step of it per epoch:
    `total_steps` is its `epochs`.

    Args:
        optimizer: The optimizer; its own learning rate plays no part.
        max_lr: The largest rate, from 0.
        total_steps: Number of steps; or `epochs` times `steps_per_epoch`.
        epochs: See `total_steps`.
        steps_per_epoch: See `total_steps`.
        pct_start: The part of the steps that the rise takes, from 0 to 1.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: Whether `momentum`, or the first of `betas`, of the optimizer falls to
            `base_momentum` while the rate rises, and comes back.
        base_momentum: The smallest momentum.
        max_momentum: The largest.
        div_factor: max_lr over the first rate, above 0.
        final_div_factor: The first rate over the last one, above 0.
        three_phase: Whether the fall mirrors the rise, and a third phase goes on to the last rate.

    Raises:
        ValueError: If a setting is out of range, the number of steps is not given, or the
            optimizer has no momentum to cycle; after more than `total_steps` steps.

    >>> from autodiff import Value
    >>> from nn import SGD
    >>> from nn.optim.schedules import rates
    >>> schedule = OneCycleLR(SGD([Value(1.0)], momentum=0.9), max_lr=1.0, total_steps=6)
    >>> print(*[format(lr, ".3f") for lr in rates(schedule, 6)])
    0.040 0.994 0.812 0.463 0.133 0.000
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        check_optimizer(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("give total_steps, or both epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        self.total_steps = self.lasts = at_least_one("total_steps", total_steps)
        if not 0.0 <= pct_start <= 1.0:
            raise ValueError(f"pct_start is from 0 to 1, not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy is 'cos' or 'linear', not {anneal_strategy!r}")
        if not (
            in_range("div_factor", div_factor) and in_range("final_div_factor", final_div_factor)
        ):
            raise ValueError("div_factor and final_div_factor are above 0")
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        if cycle_momentum and not (hasattr(optimizer, "betas") or hasattr(optimizer, "momentum")):
            raise ValueError(
                f"{type(optimizer).__name__} has no momentum to cycle: cycle_momentum=False"
            )
        rise = pct_start * total_steps - 1.0
        first, low, high = in_range("max_lr", max_lr) / div_factor, base_momentum, max_momentum
        last = first / final_div_factor
        # What is reached at the end of each phase, after what is there at the beginning.
        if three_phase:
            self.ends = [rise, 2.0 * rise, total_steps - 1.0]
            self.corners = [first, max_lr, first, last]
            self.momenta = [high, low, high, high]
        else:
            self.ends = [rise, total_steps - 1.0]
            self.corners, self.momenta = [first, max_lr, last], [high, low, high]
        optimizer.initial_lr = first
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """That of the phase that epoch t belongs to."""
        return self._between(t, self.corners)

    def follow(self, lr: float, before: float, after: float) -> float:
        """The rate of the cycle, whatever it was."""
        return after

    def enter(self, t: int) -> None:
        """Sets the momentum."""
        if self.cycle_momentum:
            optimizer: Any = self.optimizer
            momentum = self._between(t, self.momenta)
            if hasattr(optimizer, "betas"):
                optimizer.betas = (momentum, *optimizer.betas[1:])
            else:
                optimizer.momentum = momentum

    def _between(self, t: int, corners: list[float]) -> float:
        """Where t stands between two corners."""
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps, and they are over: give a "
                "larger total_steps"
            )
        i = next((i for i, end in enumerate(self.ends) if t <= end), len(self.ends) - 1)
        start = self.ends[i - 1] if i else 0.0
        length = self.ends[i] - start
        part = (t - start) / length if length else 1.0
        a, b = corners[i], corners[i + 1]
        if self.anneal_strategy == "cos":
            return b + (a - b) / 2.0 * (1.0 + cos(pi * part))
        return (b - a) * part + a
