"""Errors and a unit of the first years, which nobody would take today.

Holds: `deadzone_error` and `arctanh_error`, errors of one case, and `offset_sigmoid`, a unit whose
derivative is wrong on purpose.

May import: autodiff.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autodiff
from autodiff import Value

# From the outputs and targets of one case to its error.
CaseError = Callable[[Sequence[Any], Sequence[Any]], Any]

# Where Fahlman's program cuts the error off: |d| above the first counts as the second.
_EDGE, _CUT = 0.9999999, 17.0


def deadzone_error(width: float) -> CaseError:
    """Half the squared errors d = t - y, without those that are no larger than `width`.

    E = sum of max(0, d^2 - width^2) / 2, so that -dE/dy = d outside of the zone, and 0 inside.
    With .1 the plain error of Fahlman's program (CMU-CS-88-162, 1988); with .2, and targets of 0
    and 1, that of the family trees of 1986: no error above .8 and below .2.

    >>> error = deadzone_error(0.2)
    >>> error([0.9, 0.5], [1.0, 0.0])
    0.105
    """

    def error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        return 0.5 * autodiff.sum(
            [autodiff.relu((t - y) ** 2 - width**2) for y, t in zip(outputs, targets, strict=True)]
        )

    return error


def arctanh_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The error whose slope is ln((1 + d) / (1 - d)) = 2 artanh d, cut at 17, for d = t - y.

    E = sum of (1 + d) ln(1 + d) + (1 - d) ln(1 - d).  Fahlman, CMU-CS-88-162, 1988.

    >>> y = autodiff.Value(0.5)
    >>> arctanh_error([y], [1.0]).backward()
    >>> print(f"{y.grad:.6f}")
    -1.098612
    """

    def of_one(d: Any) -> Any:
        inside = autodiff.clip(d, -_EDGE, _EDGE)
        curve = (1.0 + inside) * autodiff.log1p(inside) + (1.0 - inside) * autodiff.log1p(-inside)
        return curve + _CUT * autodiff.abs(d - inside)

    return autodiff.sum([of_one(t - y) for y, t in zip(outputs, targets, strict=True)])


def offset_sigmoid(net: Value) -> Value:
    """The logistic function y, with y (1 - y) + .1 in place of its derivative y (1 - y).

    So a unit that is saturated, and wrong, still learns.  Fahlman, CMU-CS-88-162, 1988.  What
    results is no gradient of anything, and `gradcheck` says so.

    >>> net = Value(0.0)
    >>> offset_sigmoid(net).backward()
    >>> net.grad
    0.35
    """
    return net.sigmoid() + 0.1 * (net - net.detach())
