"""micrograd 0.1.0, with the functions that its users add, written as in its lecture."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from micrograd.engine import Value

from benchmarks.peers.scalars import Scalars

sys.setrecursionlimit(10_000_000)  # its walk of the graph recurses


def unary(function: Callable[[float], float], slope: Callable[[float, float], float]) -> Any:
    """An operation from a function of x and its derivative at x and y."""

    def apply(x: Any) -> Any:
        out = Value(function(x.data), (x,), function.__name__)

        def _backward() -> None:
            x.grad += slope(x.data, out.data) * out.grad

        out._backward = _backward
        return out

    return apply


class Values(Scalars):
    """An object per number."""

    tanh = staticmethod(unary(math.tanh, lambda x, y: 1.0 - y * y))
    exp = staticmethod(unary(math.exp, lambda x, y: y))
    log = staticmethod(unary(math.log, lambda x, y: 1.0 / x))
    sin = staticmethod(unary(math.sin, lambda x, y: math.cos(x)))
    relu = staticmethod(Value.relu)

    def leaves(self, numbers: list[float]) -> list[Any]:
        return list(map(Value, numbers))

    def number(self, leaf: Any) -> float:
        return leaf.data  # type: ignore[no-any-return]

    def differentiate(self, f: Callable[[], Any], leaves: list[Any]) -> tuple[float, list[float]]:
        for leaf in leaves:
            leaf.grad = 0.0
        loss = f()
        loss.backward()
        return loss.data, [leaf.grad for leaf in leaves]

    def move(self, leaves: list[Any], gradient: list[float], rate: float) -> None:
        for leaf in leaves:
            leaf.data -= rate * leaf.grad
