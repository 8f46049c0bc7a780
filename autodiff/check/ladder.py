"""A ladder of steps at one point of a function: the slopes they see, extrapolated to step 0.

Holds: `Point`, which measures a rung, and `Ladder`, which finds the slope that all rungs admit.

May import: nothing of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

EPS = 2.0**-52
RATIO = 8.0  # of one step of the ladder to the next
LOWEST = 2.0**-70  # the first step at 0, where the numbers have no spacing
HIGHEST = 2.0**42  # the last step, beside the first that is long for x

Function = Callable[[float], float]


class Rung(NamedTuple):
    """One step of the ladder.

    Attributes:
        step: The step.
        left: The slope of the chord from x - step to x.
        right: The slope of the chord from x to x + step.
        slope: The slope of the chord from x - step to x + step.
        noise: How far rounding may have moved `slope`.
    """

    step: float
    left: float
    right: float
    slope: float
    noise: float

    @property
    def gap(self) -> float:
        """How far the slopes to the left and right are apart."""
        return abs(self.right - self.left)

    @property
    def steepest(self) -> float:
        """The steeper chord from x, as far as it is more than rounding."""
        steeper = max(abs(self.left), abs(self.right))
        return steeper if steeper > 4.0 * self.noise else 0.0


class Ladder:
    """Rungs from fine to coarse, and the best extrapolation of their slopes to step 0.

    A step that is too small drowns in rounding, one that is too large sees another part of the
    function, and two large ones may agree by seeing nothing at all.  So an extrapolation (Neville's
    scheme in the square of the step, as in Ridders, "Accurate computation of F'(x) and
    F'(x)F''(x)", 1982) is believed to within its difference to the one a rung coarser, and only
    if every finer rung admits it (Lepski's principle, 1991): a rung admits slopes that differ from
    its own by what rounding may do, and by what curvature may, as the next rung's slope shows.
    """

    def __init__(self, near: float, rungs: Iterable[Rung] = ()) -> None:
        self.near = near  # a longer step only counts where the function visibly moves
        self.rungs: list[Rung] = []
        self.low, self.high = [-math.inf], [math.inf]  # what the rungs finer than each one admit
        self.row: list[tuple[float, float]] = []  # extrapolations that end here, and their noise
        self.value, self.uncertainty, self.noise = math.nan, math.inf, math.inf
        for rung in rungs:
            self._append(rung)

    def add(self, rung: Rung) -> None:
        """Adds a coarser rung, and takes the best of the extrapolations that reach it."""
        self._append(rung)
        last = len(self.rungs) - 1
        finer, self.row = self.row, [(rung.slope, rung.noise)]
        for order, (fine, noise) in enumerate(finer, 1):
            coarse, coarse_noise = self.row[-1]
            first = last - order
            error = abs(fine - coarse) + noise
            # A bounded function seen from afar is flat: there, two rungs must see the same slope.
            seen = self.rungs[first].step <= self.near or abs(fine) > 10.0 * error
            if seen and error < self.uncertainty and self.low[first] <= fine <= self.high[first]:
                self.value, self.uncertainty, self.noise = fine, error, noise
            ratio = rung.step / self.rungs[first].step
            weight = 1.0 / (ratio * ratio - 1.0)
            value = fine + (fine - coarse) * weight
            self.row.append((value, (1.0 + weight) * noise + weight * coarse_noise))

    def _append(self, rung: Rung) -> None:
        if self.rungs:
            finer = self.rungs[-1]
            ratio = rung.step / finer.step
            bend = abs(rung.slope - finer.slope) * min(1.0, 4.0 / (ratio * ratio - 1.0))
            margin = 4.0 * finer.noise + bend
            self.low.append(max(self.low[-1], finer.slope - margin))
            self.high.append(min(self.high[-1], finer.slope + margin))
        self.rungs.append(rung)

    def is_left(self) -> bool:
        """Whether the last two rungs see what the finer ones do not admit."""
        return len(self.rungs) > 4 and not any(
            self.low[i] <= self.rungs[i].slope <= self.high[i] for i in (-1, -2)
        )


class Point:
    """A function near one point: how rungs are measured there."""

    def __init__(self, f: Function, x: float, rounding: float) -> None:
        self.f, self.x, self.middle = f, x, f(x)
        self.first = 4.0 * math.ulp(x) if x else LOWEST
        self.scatter = self._scatter()
        self.known = max(rounding, EPS * abs(self.middle))  # noise that has a known cause
        self.noise = max(self.known, self.scatter)
        self.near = 0.125 * max(1.0, abs(x))

    def _scatter(self) -> float:
        """How far rounding moves f from one number to the next, more than the last digit or not.

        Fourth differences over the smallest steps show nothing of a smooth function (Hamming; More
        and Wild, "Estimating computational noise", 2011).  All on one side: x may be at a kink.
        """
        values = [self.f(self.x + i * self.first) for i in range(1, 8)]
        for _ in range(4):
            values = [b - a for a, b in pairwise(values)]
        most = max(map(abs, values)) / 4.0
        return most if math.isfinite(most) else 0.0

    @property
    def scattered(self) -> bool:
        """Whether rounding does not explain how the values of neighbouring numbers differ."""
        return self.scatter > 64.0 * self.known

    def rung(self, step: float) -> Rung | None:
        """The rung of this step; None if the function is not finite there."""
        up, down = self.x + step, self.x - step
        high, low = self.f(up), self.f(down)
        if not math.isfinite(high - low):
            return None
        half = 0.5 * (up - down)
        left = (self.middle - low) / (self.x - down)
        right = (high - self.middle) / (up - self.x)
        noise = max(self.noise, EPS * abs(high), EPS * abs(low)) / half
        slope = 0.5 * ((high - low) / half)
        return Rung(step, left, right, slope, noise) if math.isfinite(slope) else None

    def steps(self) -> Iterator[float]:
        """The ladder's steps; near 0 it leaves out the many sizes between x and `LOWEST`."""
        step = self.first
        while step <= HIGHEST * self.near and abs(self.x) + step < math.inf:
            yield step
            step *= RATIO if step <= self.near else RATIO * RATIO
            if abs(self.x) < step < LOWEST:
                step = LOWEST
