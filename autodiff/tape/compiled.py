"""The back end that needs numba: programs assembled for the compiled machine.

Holds: `CompiledReplay`.  A batch is replayed in blocks of examples, so that all numbers of a block
stay in the processor's cache; one example is replayed in eager's own order, to the last bit.

May import: program, python, layout, kernels.  Imports numpy and numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.tape.kernels import machine_kernels
from autodiff.tape.layout import Layout
from autodiff.tape.program import Program
from autodiff.tape.python import Replayed

# Examples at a time: so many that values and adjoints stay in the processor's cache.
FEWEST, MOST, CACHE = 8, 128, 500_000

_EMPTY, _NONE = np.zeros(0), np.zeros(0, dtype=np.uint8)


class CompiledReplay:
    """Replays a program with the compiled machine.

    Args:
        program: The program.
        one: Whether one example at a time will be wanted first.

    Raises:
        UnsupportedError: If a rule cannot be written down in steps.
    """

    name = "numba"

    def __init__(self, program: Program, one: bool) -> None:
        self.program = program
        self._memories: dict[bool, _Memory] = {}
        self._memory(one)

    def _memory(self, one: bool) -> _Memory:
        found = self._memories.get(one)
        if found is None:
            found = self._memories[one] = _Memory(Layout(self.program, one))
        return found

    def forward(self, rows: Any, p: Any, c: Any) -> Replayed:
        """Results of each example, and whether its guards held; no gradient."""
        return self._run(0, rows, p, c, None)

    def gradient(self, rows: Any, p: Any, c: Any, seeds: Any) -> Replayed:
        """Results, and the gradient of their weighted sum by the parameters."""
        return self._run(1, rows, p, c, seeds)

    def input_gradients(self, rows: Any, p: Any, c: Any) -> Replayed:
        """Results, and the gradient of each example's result by its inputs."""
        return self._run(2, rows, p, c, np.ones(len(rows)))

    def _run(self, wants: int, rows: Any, p: Any, c: Any, seeds: Any) -> Replayed:
        one = len(rows) == 1
        try:
            return self._memory(one).run(wants, rows, p, c, seeds)
        except BaseException:  # Ctrl-C may have struck as the program was laid out: begin anew
            self._memories.pop(one, None)
            raise


def _given(numbers: Any) -> Any:
    """Numbers as the machine takes them; it never writes to them, but does not believe that."""
    found = np.ascontiguousarray(numbers, dtype=float)
    return found if found.flags.writeable else found.copy()


class _Memory:
    """The machine's memory for one layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.program = layout, layout.program
        self.replay = machine_kernels().replay
        self.first = self.program.n_inputs if layout.one else 0
        self.V = self.A = self.S = self.G = np.zeros(0)
        fit = CACHE // (16 * max(1, layout.n_values))
        self.most = 1 if layout.one else max(FEWEST, min(MOST, fit))
        self._plans: dict[int, tuple[Any, ...]] = {}

    def _plan(self, wants: int) -> tuple[Any, ...]:
        """What never changes from call to call; makes room for it."""
        layout, constants = self.layout, self.program.constants
        passes = layout.passes(wants)
        size = layout.n_values * self.most
        if len(self.V) < size:
            self.V, self.A = np.zeros((2, size))
        if len(self.S) < layout.n_fixed_values and not layout.one:
            self.S, self.G = np.zeros((2, layout.n_fixed_values))
        # One column holds everything, or there is an array for what does not vary.
        kept, end = (self.V, layout.n_rows) if layout.one else (self.S, layout.n_fixed)
        kept[end - len(constants) : end] = constants
        found = *passes, layout.index, np.array(layout.constants)
        # A later pass may have needed more room, or more lists.
        self._plans = {key: (*plan[:4], *found[4:]) for key, plan in self._plans.items()}
        self._plans[wants] = found
        return found

    def run(self, wants: int, rows: Any, p: Any, c: Any, seeds: Any) -> Replayed:
        """Results, gradient and whether guards held; `wants` as of the layout's `passes`."""
        program = self.program
        X = _given(rows)
        n = len(X)
        plan = self._plans.get(wants) or self._plan(wants)
        results = np.empty((n, len(program.outputs)))
        broken = np.zeros(n, dtype=np.uint8) if program.guards else _NONE
        adjoints = np.empty(program.n_parameters) if wants == 1 else _EMPTY
        gradients = np.empty((n, program.n_inputs)) if wants == 2 else _EMPTY
        blocks = -(-n // self.most)
        self.replay(
            *plan, self.V, self.A, self.S, self.G, X.reshape(-1), _given(p),
            _given(c) if c else _EMPTY, _EMPTY if seeds is None else seeds, results.reshape(-1),
            adjoints, gradients if wants != 2 else gradients.reshape(-1), broken, n,
            -(-n // blocks), self.first, self.layout.one,
        )  # fmt: skip
        held = broken == 0 if program.guards and broken.any() else None
        return results, gradients if wants == 2 else adjoints, held
