"""XAD: overloaded numbers in C++ that write a tape, anew in each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xad import math
from xad.adj_1st import Real, Tape

from benchmarks.peers.scalars import Scalars

TAPE = Tape()  # one is active per thread
TAPE.activate()


class Reals(Scalars):
    """An object per number, a tape in C++."""

    tanh, exp, log, sin = map(staticmethod, (math.tanh, math.exp, math.log, math.sin))

    @staticmethod
    def relu(x: Any) -> Any:
        return x if x > 0.0 else 0.0 * x

    def leaves(self, numbers: list[float]) -> list[Any]:
        return list(map(Real, numbers))

    def number(self, leaf: Any) -> float:
        return leaf.value  # type: ignore[no-any-return]

    def differentiate(self, f: Callable[[], Any], leaves: list[Any]) -> tuple[float, list[float]]:
        tape = TAPE
        tape.clearAll()
        for leaf in leaves:
            tape.registerInput(leaf)
        tape.newRecording()
        loss = f()
        tape.registerOutput(loss)
        loss.derivative = 1.0
        tape.computeAdjoints()
        return loss.value, [leaf.derivative for leaf in leaves]

    def move(self, leaves: list[Any], gradient: list[float], rate: float) -> None:
        leaves[:] = [Real(leaf.value - rate * g) for leaf, g in zip(leaves, gradient)]
