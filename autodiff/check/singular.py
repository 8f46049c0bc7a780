"""Why a function has no slope at a point, or none that finite differences can tell.

Holds: `singular` for kinks and jumps, `staircase` and `unsettled` for rounding that shows only in
how the slopes change from step to step, and `limit`, the words for what stays uncertain.

May import: ladder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from autodiff.check.ladder import RATIO, Ladder, Point, Rung


def singular(rungs: Sequence[Rung], tolerance: float) -> str:
    """Why f has no derivative at x, as far as the chords show; `""` if they do not say so.

    A smooth function's chords to the left and right meet as the step shrinks; at a kink the gap
    between them stays, at a jump it grows as 1 / step does.
    """
    steep = [max(abs(rung.left), abs(rung.right)) for rung in rungs[:4]]
    growth = [a / b if b else 0.0 for a, b in pairwise(steep)]
    seen = len(steep) == 4 and steep[3] > 8.0 * rungs[3].noise
    if seen and 1.2 < max(growth) < 1.05 * min(growth):
        if max(growth) > 0.8 * RATIO:
            return "it is at a jump of the function"
        return "the slope grows without bound as the steps shrink"
    k = next((k for k, rung in enumerate(rungs) if rung.gap > 16.0 * rung.noise), len(rungs))
    for here, next_ in zip(rungs[k : k + 2], rungs[k + 1 : k + 3]):
        slack = 0.1 * here.gap + 4.0 * here.noise
        if abs(here.left - next_.left) > slack or abs(here.right - next_.right) > slack:
            return ""
    if k + 1 >= len(rungs):
        return ""
    here, size = rungs[k], max(abs(rungs[k].left), abs(rungs[k].right))
    beside = k > 0 and rungs[k - 1].gap + 4.0 * rungs[k - 1].noise < 0.5 * here.gap
    if beside or here.gap <= tolerance * size:
        return ""
    clearest = rungs[min(k + 2, len(rungs) - 1)]
    left, right = clearest.left, clearest.right
    n = next((n for n in (3, 6, 9) if f"{left:.{n}g}" != f"{right:.{n}g}"), 17)
    return f"it is at a kink: the slope is {left:.{n}g} to the left and {right:.{n}g} to the right"


def staircase(point: Point, ladder: Ladder) -> str:
    """Whether f leaves the slope found at x not smoothly but by many jumps: rounding inside f.

    Seen through small steps, f keeps its slope until something else sets in.  If that grows as the
    step does, it is another part of a smooth function; if it is a jump, with as many more of them
    in larger steps as make up another slope, the one found is that of a single tread.
    """
    rungs, found = ladder.rungs, ladder.value
    left = [not ladder.low[i] <= rung.slope <= ladder.high[i] for i, rung in enumerate(rungs)]
    if True not in left[:-1]:
        return ""
    k = left.index(True)
    side = math.copysign(1.0, abs(rungs[k].right - found) - abs(rungs[k].left - found))

    def off(step: float) -> float:
        """How far f is from the straight line through x with the slope found."""
        moved = point.x + side * step
        return point.f(moved) - point.middle - (moved - point.x) * found

    low, high = rungs[k - 1].step, rungs[k].step
    part = 0.37 * abs(off(high))  # no simple fraction: there a staircase would have a tread
    rises = []  # of f beside the line, over ever shorter intervals in which it leaves it
    while high - low > max(2.0 * math.ulp(point.x), rungs[k].step / 4096.0):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if abs(off(middle)) > part else (middle, high)
        rises.append(abs(off(high) - off(low)))
    # Over an eighth of the interval, a continuous function rises by about an eighth.
    if len(rises) < 4 or not rises[-1] > max(0.5 * rises[-4], 8.0 * point.known):
        return ""
    jump = rises[-1]
    if found:
        # A single jump counts for an eighth in an eightfold step.
        many = abs(rungs[k + 1].slope - found) > 0.2 * abs(rungs[k].slope - found)
    else:
        top = 8.0 * max(rungs[-1].step, point.near)
        many = abs(point.f(point.x + top) - point.f(point.x - top)) > 3.0 * jump
    if not many:
        return ""
    if point.scattered:
        return limit(point, ladder)
    return (
        f"it is on one tread of a staircase, with a jump of {jump:.2g} at a distance of {low:.2g} "
        "and more beyond: the function rounds inside, or has steps of its own"
    )


def unsettled(rungs: Sequence[Rung]) -> float:
    """How far rounding moves f, if the finest slopes approach the coarser ones as rounding does.

    That is what shows if `_scatter` has missed it, having met the same rounding every time.
    """
    noise = 0.0
    for a, b, c in zip(rungs, rungs[1:], rungs[2:]):
        change, next_change = abs(b.slope - a.slope), abs(c.slope - b.slope)
        if change <= 4.0 * (a.noise + b.noise) or next_change > 0.5 * change:
            break
        noise = max(noise, change * a.step)
    return noise


def limit(point: Point, ladder: Ladder) -> str:
    """What kept the uncertainty from being smaller."""
    known = "numeric unknown"
    if ladder.uncertainty < math.inf:
        known = f"numeric {ladder.value:.3g} +- {ladder.uncertainty:.1g}"
    if point.scattered:
        return (
            "the function is rough: its values at neighbouring numbers scatter by "
            f"{point.scatter:.1g}, as if it oscillated, or rounded inside ({known})"
        )
    if ladder.uncertainty > 8.0 * ladder.noise:
        return f"no two steps agree on the slope near it: it changes too fast ({known})"
    return f"rounding hides the change: it moves the function by {point.noise:.1g} ({known})"
