"""How far rounding moves what a recorded graph computes: its values and its gradients.

Holds: `noise_of_values` and `noise_of_gradients`, which compute a graph again with the last digit
of every node changed at random, and look how far the results move (Parker, "Monte Carlo
arithmetic", 1997).

May import: graph, value.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from autodiff.graph import topological_order
from autodiff.value import Value, operand_numbers

EPS = 2.0**-52
SAMPLES = 8

Numbers = dict[int, float]  # of nodes, by their id


def noise_of_values(outputs: Sequence[Value]) -> list[float]:
    """How far rounding inside the graph moves each output; 0 where a jump inside moves it.

    >>> y = (Value(1.0) + 1e12) - 1e12  # however small, a multiple of 0.00012
    >>> (noise,) = noise_of_values([y])
    >>> 1e-4 < noise < 1e-3
    True
    """
    inner, _ = topological_order(*outputs)
    noises = [0.0] * len(outputs)
    for moved in _samples(inner, EPS):
        noises = [max(pair) for pair in zip(noises, _changes(outputs, moved))]
    if any(noise > 1e3 * EPS * abs(each._data) for noise, each in zip(noises, outputs)):
        # Of changes 64 times as large, rounding makes 64 times as much, a jump inside no more.
        larger = [0.0] * len(outputs)
        for moved in _samples(inner, 64.0 * EPS):
            larger = [max(pair) for pair in zip(larger, _changes(outputs, moved))]
        noises = [noise * (more > 4.0 * noise) for noise, more in zip(noises, larger)]
    return noises


def noise_of_gradients(
    root: Value, inputs: Sequence[Value], gradient: Sequence[float]
) -> list[float]:
    """How far rounding moves each entry of the gradient of one output.

    Args:
        root: What was differentiated.
        inputs: What by.
        gradient: The derivative by each input.
    """
    noises = [0.0] * len(inputs)
    inner, _ = topological_order(root)
    source = random.Random(1)
    for moved in _samples(inner, EPS, SAMPLES // 2):
        adjoints = {id(root): 1.0}
        for node in reversed(inner):
            adjoint = adjoints.get(id(node))
            if adjoint is None:
                continue
            xs = _operands(node, moved)
            rule = node._rule
            for operand, partial in zip(node.operands, rule.local_partials(rule.apply(xs), xs)):
                part = adjoint * partial * (1.0 + EPS * source.uniform(-1.0, 1.0))
                adjoints[id(operand)] = adjoints.get(id(operand), 0.0) + part
        for i, (each, exact) in enumerate(zip(inputs, gradient)):
            change = abs(adjoints.get(id(each), 0.0) - exact)
            noises[i] = max(noises[i], change) if math.isfinite(change) else noises[i]
    return noises


def _samples(inner: Sequence[Value], amount: float, count: int = SAMPLES) -> Iterator[Numbers]:
    """The graph computed `count` times, each node moved by up to `amount` of its size."""
    source = random.Random(0)
    for _ in range(count):
        moved: Numbers = {}
        for node in inner:
            z = node._rule.apply(_operands(node, moved))
            moved[id(node)] = z + z * amount * source.uniform(-1.0, 1.0)
        yield moved


def _operands(node: Value, moved: Numbers) -> tuple[float, ...]:
    """The numbers that a node is computed from: recorded ones for leaves and constants."""
    recorded = operand_numbers(node)
    return tuple([moved.get(id(each), x) for each, x in zip(node.operands, recorded)])


def _changes(outputs: Sequence[Value], moved: Numbers) -> list[float]:
    changes = [abs(moved.get(id(each), each._data) - each._data) for each in outputs]
    return [change if math.isfinite(change) else 0.0 for change in changes]
