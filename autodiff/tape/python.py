"""The back end that needs nothing but Python: generated code for one example at a time.

Holds: `PythonReplay`.  What Python raises where IEEE 754 has an answer, and what is too long for
Python's own compiler, is replayed operation by operation with the rules themselves.

May import: ieee, program, listing, results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from autodiff.ieee import RAISES
from autodiff.tape.listing import Listing
from autodiff.tape.program import Program
from autodiff.tape.results import as_list

# Beyond this many operands in all, Python takes seconds to compile straight-line code.
LONGEST = 60_000

Numbers = Sequence[float]
# Results, gradient if any, and whether every guard held.
Outcome = tuple[Sequence[float], Sequence[float], bool]
# The same of a batch: rows of results, a gradient or one per example, and for each example
# whether its guards held; None if all did.
Replayed = tuple[Any, Any, Any]

_NAMES: dict[str, Any] = {
    **{name: getattr(math, name) for name in (
        "exp expm1 log log1p log2 log10 sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh "
        "acosh atanh erf erfc hypot pow inf nan"
    ).split()},
    "floor": lambda x: float(math.floor(x)),
}  # fmt: skip


def compiled(name: str, source: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The one function that `source` defines, with its names looked up in `namespace`."""
    module = compile(source, f"<tape {name}>", "exec")
    (code,) = [each for each in module.co_consts if hasattr(each, "co_code")]
    return FunctionType(code, namespace, name)


def source_of(program: Program, leaves: range | None) -> tuple[str, Listing]:
    """The text of a function: forward, and with `leaves` the adjoints of those slots."""
    listing = Listing(program)
    listing.unpack()
    listing.forward()
    listing.lines.append(f"holds = {listing.guards()}")
    if leaves is None:
        head, tail = "def forward(x, p, c):", f"return ({listing.results()},), (), holds"
    else:
        seeds = [f"seed{i}" for i in range(len(program.outputs))]
        listing.lines.append(f"{', '.join(seeds)}, = seeds")
        listing.backward(leaves, seeds)
        adjoints = "".join(f"{listing.adjoint(slot)}, " for slot in leaves)
        head = "def gradient(x, p, c, seeds):"
        tail = f"return ({listing.results()},), ({adjoints}), holds"
    return "\n    ".join([head, *listing.lines, tail]) + "\n", listing


class PythonReplay:
    """Replays a program one example at a time.

    Args:
        program: The program.
    """

    name = "python"

    def __init__(self, program: Program) -> None:
        self.program = program
        self.long = len(program.operands) > LONGEST
        self._functions: dict[Any, Callable[..., Outcome]] = {}

    def forward(self, rows: Sequence[Numbers], p: Numbers, c: Numbers) -> Replayed:
        """Results of each example, and whether its guards held; no gradient."""
        p = as_list(p)
        outcomes = [self.one(row, p, c, None, ()) for row in as_list(rows)]
        return [each[0] for each in outcomes], (), _held(outcomes)

    def gradient(self, rows: Sequence[Numbers], p: Numbers, c: Numbers, seeds: Numbers) -> Replayed:
        """Results, and the gradient of their weighted sum by the parameters."""
        n = self.program.n_inputs
        leaves = range(n, n + self.program.n_parameters)
        # Python's own floats throughout: NumPy's are slow, and warn.
        p, pairs = as_list(p), zip(as_list(rows), as_list(seeds))
        outcomes = [self.one(row, p, c, leaves, (seed,)) for row, seed in pairs]
        total = list(outcomes[0][1])
        for _, gradient, _ in outcomes[1:]:
            total = [a + b for a, b in zip(total, gradient)]
        return [each[0] for each in outcomes], total, _held(outcomes)

    def input_gradients(self, rows: Sequence[Numbers], p: Numbers, c: Numbers) -> Replayed:
        """Results, and the gradient of each example's result by its inputs."""
        leaves = range(self.program.n_inputs)
        p = as_list(p)
        outcomes = [self.one(row, p, c, leaves, (1.0,)) for row in as_list(rows)]
        return [each[0] for each in outcomes], [each[1] for each in outcomes], _held(outcomes)

    def one(
        self, x: Numbers, p: Numbers, c: Numbers, leaves: range | None, seeds: Numbers
    ) -> Outcome:
        """Results, gradient by the slots `leaves`, and whether the guards held, of one example."""
        if not self.long:
            function = self._function(leaves)
            try:
                return function(x, p, c) if leaves is None else function(x, p, c, seeds)
            except RAISES:
                pass
        return step_by_step(self.program, x, p, c, leaves, seeds)

    def _function(self, leaves: range | None) -> Callable[..., Outcome]:
        key = leaves and (leaves.start, leaves.stop)
        function = self._functions.get(key)
        if function is None:
            source, listing = source_of(self.program, leaves)
            names = dict(_NAMES)
            for i, rule in enumerate(listing.opaque):
                names[f"rule{i}_value"] = _spread(rule.apply, rule.variadic)
                names[f"rule{i}_partials"] = _spread_partials(rule)
            name = "forward" if leaves is None else "gradient"
            function = self._functions[key] = compiled(name, source, names)
        return function


def _held(outcomes: Sequence[Outcome]) -> list[bool] | None:
    held = [each[2] for each in outcomes]
    return None if all(held) else held


def _spread(apply: Callable[..., Any], variadic: bool) -> Callable[..., Any]:
    return apply if variadic else lambda *xs: apply(xs)


def _spread_partials(rule: Any) -> Callable[..., Any]:
    partials = rule.local_partials
    return partials if rule.variadic else lambda z, *xs: partials(z, xs)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip


def step_by_step(
    program: Program, x: Numbers, p: Numbers, c: Numbers, leaves: range | None, seeds: Numbers
) -> Outcome:
    """A replay that calls each rule in turn, as the eager engine does: never raises, any length."""
    gap = program.first_constant - program.first
    values = [*map(float, x), *map(float, p), *map(float, c), *[0.0] * gap, *program.constants]
    first, start, operands, code = program.first, program.start, program.operands, program.code
    applied = [rule.apply for rule in program.rules]
    for k in range(len(code)):
        xs = tuple([values[s] for s in operands[start[k] : start[k + 1]]])
        values[first + k] = applied[code[k]](xs)
    results = [values[s] for s in program.outputs]
    holds = all(
        _COMPARE[symbol](values[a], values[b]) == outcome
        for symbol, a, b, outcome in program.guards
    )
    if leaves is None or not holds:
        return results, (), holds
    wanted = program.wanted(leaves)
    adjoints = [0.0] * program.n_slots
    for slot, seed in zip(program.outputs, seeds):
        adjoints[slot] = adjoints[slot] + seed if adjoints[slot] else seed
    partials = [rule.local_partials for rule in program.rules]
    for k in program.reversed_operations():
        slot = first + k
        if wanted[slot]:
            slots, adjoint = operands[start[k] : start[k + 1]], adjoints[slot]
            xs = tuple([values[s] for s in slots])
            for s, d in zip(slots, partials[code[k]](values[slot], xs)):
                if wanted[s]:
                    adjoints[s] += adjoint * d
    return results, [adjoints[s] for s in leaves], holds
