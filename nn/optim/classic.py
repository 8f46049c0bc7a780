"""Optimizers of the first years of back-propagation.

Holds: `BlendedMomentum`, inertia as a running mean; `Quickprop`, Fahlman's parabolas; `Rprop`,
which follows signs alone; and `fan_in`, by which Quickprop divides its learning rate.

May import: autodiff, models; of its room base.  Never computes a gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autodiff import Value
from nn.models.layers import Neuron
from nn.models.module import Module
from nn.optim.base import Optimizer, State, in_range


class BlendedMomentum(Optimizer):
    """Inertia as a running mean: step_t = -(1 - alpha) lr g + alpha step_(t-1), x <- x + step_t.

    Not the momentum of 1986 (Rumelhart, Hinton, Williams, Nature 323, eq. 9), which is
    step_t = -lr g + alpha step_(t-1) and stands here as `SGD(parameters, lr, momentum=alpha)`.  On
    a constant gradient that one speeds up to lr / (1 - alpha) times it; this one reaches lr times
    it, whatever alpha is.  Given the learning rate lr / (1 - alpha) it takes the steps of that one.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0.
        alpha: Inertia, from 0 (none) to below 1; dimensionless.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(10.0)
    >>> optimizer = BlendedMomentum([w], lr=0.8, alpha=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    ...     print(format(w, ".6g"))
    -4.4
    0.496
    """

    first = (0.0,)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.9,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, maximize=maximize)
        self.alpha = _below_one("alpha", alpha)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x + step."""
        step = self.alpha * state[0] - (1.0 - self.alpha) * self.lr * g
        return x + step, (step,)


class Quickprop(Optimizer):
    """Quickprop: jumps to the bottom of the parabola through the slopes of the last two steps.

    With the downhill slope S = -(g + decay x), its last value S' and the last step d > 0:

        step = (lr / n) S  if S > 0, else 0,  plus
               mu d  if S > S' mu / (1 + mu),  else  d S / (S' - S)

    mirrored for d < 0, and (lr / n) S for d = 0; n is the parameter's fan-in.  Each step has to see
    all cases: give `fit` batch_size=None.  Fahlman, "An empirical study of learning speed in
    back-propagation networks", CMU-CS-88-162, 1988, as in his program.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate (epsilon), from 0.
        mu: The largest growth of a step, positive; dimensionless.
        decay: Weight decay, from 0.
        fan_in: One number n per parameter, at least 1, as `fan_in(model)` gives; None for all 1.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range, or `fan_in` has not one number per parameter.
        TypeError: If `fan_in` is no list.

    On a parabola it grows its steps until a jump to the bottom is no longer than mu allows:

    >>> from autodiff import Value
    >>> w = Value(10.0)
    >>> optimizer = Quickprop([w], lr=0.05, decay=0.0)
    >>> for _ in range(5):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    ...     print(format(w, ".6g"))
    9
    6.35
    1.0775
    -0.10775
    0
    """

    # The last step, the last slope, and the fan-in, which never changes.
    first = (0.0, 0.0, 1.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.55,
        mu: float = 1.75,
        decay: float = 1e-4,
        fan_in: Sequence[int] | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, maximize=maximize)
        self.mu, self.decay = in_range("mu", mu), in_range("decay", decay)
        if mu == 0.0:
            raise ValueError("mu is positive: it is by how much a step may grow")
        counts = [1] * len(self.parameters) if fan_in is None else fan_in
        if not isinstance(counts, Sequence):
            kind = type(counts).__name__
            raise TypeError(f"fan_in is one number per parameter, not a {kind}: pass fan_in(model)")
        if len(counts) != len(self.parameters):
            raise ValueError(
                f"fan_in has {len(counts)} numbers for {len(self.parameters)} parameters: "
                "pass fan_in(model)"
            )
        if min(counts) < 1:
            raise ValueError(f"a fan-in is at least 1, not {min(counts)}")
        self.states = [(0.0, 0.0, float(n)) for n in counts]

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x + step."""
        last, before, n = state
        slope = -(g + self.decay * x)
        descent = self.lr / n * slope
        limit = self.mu / (1.0 + self.mu) * before
        # All cases are computed, and those that do not hold are multiplied by 0, because x may be
        # a NumPy vector.  Where the slopes are equal no jump is taken, so nothing may raise there.
        bend = before - slope
        jump = slope / (bend + (bend == 0.0)) * last
        longest = self.mu * last
        up = (slope > 0.0) * descent + (slope > limit) * longest + (slope <= limit) * jump
        down = (slope < 0.0) * descent + (slope < limit) * longest + (slope >= limit) * jump
        step = (last > 0.0) * up + (last < 0.0) * down + (last == 0.0) * descent
        return x + step, (step, slope, n)


class Rprop(Optimizer):
    """Rprop: each parameter has its own step size; of the gradient only the sign counts.

    size <- grow size if g has the sign of the last g, shrink size if the other, within bounds;
    x <- x - size sign(g).  After a change of sign the parameter stays where it is for one step, and
    the next step forgets the last g: PyTorch's variant, iRprop- (Igel, Huesken, 2000).  Each step
    has to see all cases: give `fit` batch_size=None.

    Args:
        parameters: `model.parameters()`.
        lr: The first step size, from 0; .1 in the paper.
        etas: `(shrink, grow)`, shrink between 0 and 1, grow above 1.
        step_sizes: The smallest and the largest step size.
        backtrack: Whether a change of sign takes the last step back, as the paper has it: RPROP+,
            Riedmiller, Braun, "A direct adaptive method for faster backpropagation learning", IEEE
            ICNN 1993.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = Rprop([w], lr=0.75)
    >>> for _ in range(4):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()  # past the minimum, one step of rest, half of the step back
    ...     print(format(w, ".6g"))
    0.25
    -0.65
    -0.65
    -0.2
    """

    # The last gradient, the step size, and the last change of x.
    first = (0.0, 1e-2, 0.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        backtrack: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, maximize=maximize)
        shrink, grow = etas
        if not 0.0 < shrink < 1.0 < grow < float("inf"):
            raise ValueError(f"etas are one number below 1 and one above it, not {etas}")
        low, high = step_sizes
        if not 0.0 <= low <= high < float("inf"):
            raise ValueError(f"step_sizes are the smallest and the largest, not {step_sizes}")
        self.etas, self.step_sizes, self.backtrack = (shrink, grow), (low, high), backtrack
        self.states = [(0.0, self.lr, 0.0)] * len(self.parameters)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - size sign(g)."""
        before, size, last = state
        (shrink, grow), (low, high) = self.etas, self.step_sizes
        same, turned = g * before > 0.0, g * before < 0.0
        size = size * (same * grow + turned * shrink + (g * before == 0.0) * 1.0)
        # Products with 0 and 1, not min and max, because x may be a NumPy vector.
        size = (size < low) * low + (size > high) * high + (size >= low) * (size <= high) * size
        g = (g * before >= 0.0) * g
        change = size * ((g < 0.0) * 1.0 - (g > 0.0) * 1.0)
        if self.backtrack:
            change = change - turned * last
        return x + change, (g, size, change)


def fan_in(model: Module) -> list[int]:
    """For every parameter of a model how many weights its neuron has, the bias included.

    Args:
        model: A model made of `Neuron`s; a parameter that stands outside of them counts as 1.

    >>> from nn import MLP
    >>> fan_in(MLP(2, [1, 1], seed=0))
    [3, 3, 3, 2, 2]
    """
    counts = {
        id(parameter): len(module.w) + 1
        for _, module in model.named_modules()
        if isinstance(module, Neuron)
        for parameter in module.parameters()
    }
    return [counts.get(id(parameter), 1) for parameter in model.parameters()]


def _below_one(name: str, value: float) -> float:
    if in_range(name, value) >= 1.0:
        raise ValueError(f"{name} is from 0 to below 1, not {value}")
    return float(value)
