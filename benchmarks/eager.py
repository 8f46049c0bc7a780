"""Eager speed and memory beside micrograd, in one process and one run.

    python -m benchmarks.eager

Prints, for each piece of work, nanoseconds per node of micrograd's graph for both engines (forward,
backward and freeing of the graph; medians) and the ratio, with Python's cyclic collector on and
off; bytes per node; and what `import autodiff` costs.  The work is the same on both sides, and the
same numbers come out, which is asserted.  Absolute times depend on the machine: quote the ratios.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from autodiff import Value
from nn import MLP

Step = Callable[[], float]


def peer() -> tuple[Any, Any]:
    """micrograd's Value and MLP, or a sentence on what is missing."""
    try:
        from micrograd import nn as peer_nn
        from micrograd.engine import Value as PeerValue
    except ImportError:
        sys.exit("this benchmark compares with micrograd: pip install micrograd==0.1.0")
    return PeerValue, peer_nn.MLP


def count(root: Any) -> int:
    """How many nodes a graph of micrograd has."""
    seen, stack = {root}, [root]
    while stack:
        for child in stack.pop()._prev:
            if child not in seen:
                seen.add(child)
                stack.append(child)
    return len(seen)


def moons(value: Any, model: Any, n: int = 100) -> Callable[[], Any]:
    """The loss of micrograd's demo: hinge loss and L2 on two half moons."""
    rng = random.Random(1)
    points, labels = [], []
    for i in range(n):
        angle, side = rng.uniform(0.0, math.pi), i % 2
        x, y = math.cos(angle), math.sin(angle)
        point = (1.0 - x, 0.5 - y) if side else (x, y)
        points.append([p + rng.gauss(0.0, 0.1) for p in point])
        labels.append(2 * side - 1)

    def loss() -> Any:
        inputs = [list(map(value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -y * score).relu() for y, score in zip(labels, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    return loss


def dense(value: Any, model: Any, n: int = 64) -> Callable[[], Any]:
    """One example through a net of three layers."""
    rng = random.Random(2)
    x = [rng.uniform(-1.0, 1.0) for _ in range(n)]
    return lambda: sum((y * y for y in model(list(map(value, x)))), value(0.0))


def chain(value: Any, n: int = 20_000) -> Callable[[], Any]:
    """Additions and multiplications one after the other: the same nodes on both sides."""
    x, w = value(0.5), value(0.3)

    def build() -> Any:
        y = x
        for _ in range(n // 4):
            y = ((y * w) + x) * x + w
        return y

    return build


def step_of(build: Callable[[], Any], parameters: list[Any]) -> Step:
    """Forward, backward, and the graph freed; returns the loss."""

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        root = build()
        root.backward()
        return float(root.data)

    return step


def measure(steps: dict[str, Step], repeats: int, collector: bool) -> dict[str, list[float]]:
    """Seconds per step, the sides taking turns, so that a slow moment of the machine hits both."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            gc.collect()
            if not collector:
                gc.disable()
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
            gc.enable()
    return times


def same_parameters(ours: Any, theirs: Any) -> None:
    """Gives both models the same weights, each neuron's in the order w1, w2, ..., b."""
    rng = random.Random(3)
    for p, q in zip(ours.parameters(), theirs.parameters()):
        p.data = q.data = rng.uniform(-1.0, 1.0) / 4.0


def work() -> dict[str, tuple[Step, Step, int]]:
    """Each piece of work: our step, micrograd's, and how many nodes micrograd's graph has."""
    peer_value, peer_mlp = peer()
    pieces = {}
    for name, make, widths in (
        ("moons step, 100 points, MLP 2-16-16-1", moons, (2, [16, 16, 1])),
        ("dense net, 3 x 64, one example", dense, (64, [64, 64, 64])),
    ):
        ours = MLP(*widths, activation="relu", seed=0)
        theirs = peer_mlp(*widths)
        same_parameters(ours, theirs)
        builds = make(Value, ours), make(peer_value, theirs)
        nodes = count(builds[1]())
        steps = [step_of(b, m.parameters()) for b, m in zip(builds, (ours, theirs))]
        results = [step() for step in steps]
        assert math.isclose(*results, rel_tol=1e-9), (name, results)
        for p, q in zip(ours.parameters(), theirs.parameters()):
            assert math.isclose(p.grad, q.grad, rel_tol=1e-7, abs_tol=1e-12), name
        pieces[name] = steps[0], steps[1], nodes
    n = 800  # micrograd's backward recurses: a longer chain ends it with RecursionError
    steps = [step_of(chain(v, n), []) for v in (Value, peer_value)]
    pieces[f"chain of {n} + and *, node for node"] = steps[0], steps[1], n
    return pieces


def bytes_per_node() -> float:
    """Memory of one binary node with its gradient, by tracemalloc."""
    n = 100_000
    build = chain(Value, n)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    root = build()
    for node in _nodes(root):
        node.grad = 0.5 + node.data  # a float of its own, as backward would leave
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / n


def _nodes(root: Any) -> Any:
    while root.parents:
        yield root
        root = root.parents[0]


def import_cost() -> dict[str, float]:
    """What `import autodiff` adds to a bare interpreter: milliseconds (best of 9), modules."""
    program = (
        "import sys, time, json; before = set(sys.modules); t = time.perf_counter(); "
        "import autodiff; t = time.perf_counter() - t; "
        "heavy = [m for m in ('numpy', 'graphviz', 'numba', 'matplotlib') if m in sys.modules]; "
        "print(json.dumps([t * 1e3, len(set(sys.modules) - before), heavy]))"
    )
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True,
                                  text=True, check=True).stdout)
        for _ in range(9)
    ]  # fmt: skip
    assert not runs[0][2], runs[0][2]
    return {"milliseconds": min(run[0] for run in runs), "modules": runs[0][1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="runs of each step")
    repeats = parser.parse_args().repeats
    print(
        f"Python {sys.version.split()[0]}, medians of {repeats}; ns per node of micrograd's graph"
    )
    print(f"{'work':<42} {'collector':<9} {'ours':>8} {'micrograd':>10} {'ratio':>7}   spread")
    for name, (ours, theirs, nodes) in work().items():
        for collector in (True, False):
            times = measure({"ours": ours, "micrograd": theirs}, repeats, collector)
            a, b = (statistics.median(times[side]) for side in ("ours", "micrograd"))
            ratios = sorted(q / p for p, q in zip(times["ours"], times["micrograd"]))
            print(
                f"{name:<42} {'on' if collector else 'off':<9} {a / nodes * 1e9:8.0f} "
                f"{b / nodes * 1e9:10.0f} {b / a:6.1f}x   {ratios[0]:.1f} to {ratios[-1]:.1f}"
            )
    print(f"memory: {bytes_per_node():.0f} bytes per binary node with its gradient")
    cost = import_cost()
    print(f"import autodiff: {cost['milliseconds']:.0f} ms, {cost['modules']} modules")


if __name__ == "__main__":
    main()
