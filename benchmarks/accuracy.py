"""The largest error of every operation against mpmath, beside PyTorch's and JAX's.

    python -m benchmarks.accuracy --points 10000

For each operation, at random points of its sample box: its value, its first and its second
derivatives by two of its operands.  An error is given in ulp, units in the last place of the true
number (where that is 0, of 1), and in units of conditioning, ulp + eps * sum of |x_i dq/dx_i|: what
rounding the operands once does to the true number q.  The truth is mpmath's, by differences with
70 digits.  Prints the table and writes `out/accuracy.svg`.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mpf

from autodiff import Value, derive
from autodiff.operations import record
from autodiff.rule import RULES, Rule
from tests.autodiff.references import evaluate, free
from tests.peers import in_jax
from tests.programs import EPS, in_torch

STEP = mpf(10) ** -15
LIBRARIES = {"ours": "autodiff", "PyTorch": "torch", "JAX": "jax"}
ORDERS = ("value", "first derivative", "second derivative")


class Errors(NamedTuple):
    """The largest errors of one library for one operation, by order.

    Attributes:
        ulp: In units in the last place.
        conditioned: In units of conditioning.
    """

    ulp: list[float]
    conditioned: list[float]


class Truth(NamedTuple):
    """What is true at all points: one row per point, one column per quantity.

    Attributes:
        high: The nearest doubles.
        low: What they lack.
        ulp: Units in the last place.
        spread: eps * sum of |x_i dq/dx_i|.
        orders: The order of derivative of each column.
    """

    high: Any
    low: Any
    ulp: Any
    spread: Any
    orders: Any

    def errors(self, found: Any) -> Errors:
        """The largest errors of `found`, which has the same rows and columns."""
        gap = np.abs((found - self.high) - self.low)
        gap[np.isnan(found)] = np.inf  # nan never passes for small
        parts = (gap / self.ulp, gap / (self.ulp + self.spread))
        return Errors(*[
            [float(part[:, self.orders == order].max(initial=0.0)) for order in range(3)]
            for part in parts
        ])  # fmt: skip


def pair(rule: Rule) -> list[int]:
    """The operands that derivatives are taken by: the first two that take a gradient."""
    if rule.name == "dot":
        return [0, len(rule.sample) // 2]
    return list(free(rule))[:2]


def points(rule: Rule, count: int) -> list[tuple[float, ...]]:
    """Random points of the sample box, the same in every run."""
    generator = random.Random(rule.name)
    return [
        tuple([generator.uniform(low, high) for low, high in rule.sample]) for _ in range(count)
    ]


class Local:
    """An operation near a point in mpmath: derivatives by differences of its values.

    Operands are named by their places.
    """

    def __init__(self, rule: Rule, xs: Sequence[float]) -> None:
        self.exact, self.point = functools.partial(evaluate, rule), [mpf(x) for x in xs]
        self.known: dict[tuple[tuple[int, int], ...], Any] = {}

    def at(self, *moves: tuple[int, int]) -> Any:
        """The value after moving operands, each by so many steps."""
        if moves not in self.known:
            moved = list(self.point)
            for place, steps in moves:
                moved[place] += steps * STEP
            self.known[moves] = self.exact(moved)
        return self.known[moves]

    def first(self, i: int, *moves: tuple[int, int]) -> Any:
        """Once by i."""
        return (self.at((i, 1), *moves) - self.at((i, -1), *moves)) / (2 * STEP)

    def second(self, i: int, *moves: tuple[int, int]) -> Any:
        """Twice by i."""
        ends = self.at((i, 1), *moves) + self.at((i, -1), *moves)
        return (ends - 2 * self.at(*moves)) / STEP**2

    def mixed(self, i: int, j: int) -> Any:
        """Once by i and once by j."""
        if i == j:
            return self.second(i)
        return (self.first(i, (j, 1)) - self.first(i, (j, -1))) / (2 * STEP)

    def third(self, i: int, j: int) -> Any:
        """Twice by i and once by j."""
        if i != j:
            return (self.second(i, (j, 1)) - self.second(i, (j, -1))) / (2 * STEP)
        inner = self.at((i, 1)) - self.at((i, -1))
        return (self.at((i, 2)) - self.at((i, -2)) - 2 * inner) / (2 * STEP**3)

    def spread(self, slopes: dict[int, Any]) -> float:
        """What rounding the operands does, from the derivatives by them."""
        return EPS * float(sum(abs(self.point[i] * slope) for i, slope in slopes.items()))


def columns(rule: Rule) -> list[tuple[int, ...]]:
    """What is measured: each derivative as the operands that it is taken by, in turn."""
    chosen = pair(rule)
    seconds = [(i, j) for i in chosen for j in chosen if i <= j]
    return [(), *[(i,) for i in chosen], *seconds]


def truth(rule: Rule, where: Sequence[Sequence[float]]) -> Truth:
    """The true numbers at all points."""
    chosen, places = pair(rule), free(rule)
    high, low, spreads = [], [], []
    with mpmath.workdps(70):
        for xs in where:
            local = Local(rule, xs)
            exact, spread = [local.at()], [local.spread({i: local.first(i) for i in places})]
            for i in chosen:
                exact.append(local.first(i))
                spread.append(local.spread({j: local.mixed(i, j) for j in chosen}))
            for i, j in columns(rule)[1 + len(chosen) :]:
                exact.append(local.mixed(i, j))
                slopes = {i: local.third(i, j), j: local.third(j, i)}
                spread.append(local.spread(slopes))
            # What differences leave of an exact 0.
            exact = [x if abs(x) > 1e-20 else mpf(0) for x in exact]
            high.append([float(x) for x in exact])
            low.append([float(x - h) for x, h in zip(exact, high[-1], strict=True)])
            spreads.append(spread)
    orders = np.array([len(each) for each in columns(rule)])
    numbers = np.array(high)
    ulp = np.spacing(np.where(numbers == 0.0, 1.0, np.abs(numbers)))
    return Truth(numbers, np.array(low), ulp, np.array(spreads), orders)


# --- the libraries ------------------------------------------------------------------------


def by_ours(rule: Rule, where: Sequence[Sequence[float]]) -> Any:
    """By `backward` and `hessian`, as a user calls them."""
    chosen, rows = pair(rule), []
    for xs in where:

        def f(moved: Sequence[Any], xs: Sequence[float] = xs) -> Value:
            operands: list[Any] = list(xs)
            for i, x in zip(chosen, moved, strict=True):
                operands[i] = x
            return record(rule, tuple(operands))

        inputs = [Value(xs[i]) for i in chosen]
        z = f(inputs)
        z.backward()
        second = derive.hessian(f)([xs[i] for i in chosen])
        flat = [second[i][j] for i in range(len(chosen)) for j in range(i, len(chosen))]
        rows.append([z.data, *[x.grad for x in inputs], *flat])
    return np.array(rows)


def by_torch(rule: Rule, where: Sequence[Sequence[float]]) -> Any:
    """By `torch.autograd.grad`, on all points at once."""
    import torch

    torch.set_num_threads(1)
    inputs = [
        torch.tensor(column, dtype=torch.float64, requires_grad=True)
        for column in zip(*where, strict=True)
    ]
    z = torch.func.vmap(lambda *xs: in_torch(rule.name, list(xs)))(*inputs)

    def slope(y: Any, i: int) -> Any:
        if not y.requires_grad:
            return torch.zeros_like(y)
        options = {"create_graph": True, "materialize_grads": True}
        return torch.autograd.grad(y.sum(), inputs[i], **options)[0]

    found = {(): z}
    for places in columns(rule)[1:]:
        found[places] = slope(found[places[:-1]], places[-1])
    return torch.stack(list(found.values()), 1).detach().numpy()


def by_jax(rule: Rule, where: Sequence[Sequence[float]]) -> Any:
    """By `jax.grad`, on all points at once."""
    import jax

    def f(*xs: Any) -> Any:
        return in_jax(rule.name, list(xs))

    in_jax("identity", [0.0])  # switches to doubles
    inputs = [jax.numpy.array(column) for column in zip(*where, strict=True)]
    found = []
    for places in columns(rule):
        g = f
        for place in places:
            g = jax.grad(g, place)
        found.append(np.asarray(jax.vmap(g)(*inputs)))
    return np.stack(found, 1)


MEASURES: dict[str, Callable[[Rule, Sequence[Sequence[float]]], Any]] = {
    "ours": by_ours,
    "PyTorch": by_torch,
    "JAX": by_jax,
}


def measure(name: str, count: int) -> dict[str, Errors]:
    """The errors of all libraries for one operation."""
    rule = RULES[name]
    where = points(rule, count)
    true = truth(rule, where)
    return {
        library: true.errors(MEASURES[library](rule, where))
        for library, package in LIBRARIES.items()
        if find_spec(package)
    }


# --- results ------------------------------------------------------------------------------


def table(found: dict[str, dict[str, Errors]], kind: str) -> str:
    """The largest errors, one operation per line, each order with all libraries."""
    libraries = list(next(iter(found.values())))
    lines = [
        f"{'operation':12}" + "".join(f"{order:>{9 * len(libraries)}}" for order in ORDERS),
        f"{'':12}" + "".join(f"{library:>9}" for library in libraries) * 3,
    ]
    for name, errors in found.items():
        cells = [
            f"{getattr(errors[library], kind)[order]:9.3g}"
            for order in range(3)
            for library in libraries
        ]
        lines.append(f"{name:12}" + "".join(cells))
    return "\n".join(lines)


def worst(found: dict[str, dict[str, Errors]], kind: str) -> str:
    """For each library and order the worst operation."""
    lines = []
    for library in next(iter(found.values())):
        parts = []
        for order, said in enumerate(ORDERS):
            size, name = max(
                (getattr(errors[library], kind)[order], name) for name, errors in found.items()
            )
            parts.append(f"{said} {size:.3g} ({name})")
        lines.append(f"{library:8} " + ", ".join(parts))
    return "\n".join(lines)


def plot(found: dict[str, dict[str, Errors]], path: Path) -> None:
    """One dot per operation, order and library, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    looks = {"ours": ("o", "#0072b2"), "PyTorch": ("x", "#d55e00"), "JAX": ("+", "#555555")}
    names = list(found)
    figure, axes = plt.subplots(1, 3, figsize=(11, 10), sharey=True, layout="constrained")
    for order, axis in enumerate(axes):
        for library in found[names[0]]:
            sizes = [max(found[name][library].conditioned[order], 1e-2) for name in names]
            marker, colour = looks[library]
            axis.scatter(sizes, range(len(names)), marker=marker, color=colour, label=library)
        axis.set_xscale("log")
        axis.set_title(ORDERS[order])
        axis.set_xlabel("largest error, in ulp + conditioning")
        axis.grid(axis="both", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    axes[0].legend()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Measures, prints and plots."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, default=10_000, help="per operation")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many at once")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the plot")
    options = parser.parse_args()
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        work = [(name, options.points) for name in RULES]
        found = dict(zip(RULES, pool.starmap(measure, work, chunksize=1), strict=True))
    print(f"largest errors over {options.points} points per operation, in ulp")
    print(table(found, "ulp"))
    print("\nthe same in units of conditioning, ulp + eps * sum of |x dq/dx|")
    print(table(found, "conditioned"))
    for kind in ("ulp", "conditioned"):
        print(f"\nworst, {kind}\n{worst(found, kind)}")
    path = options.out / "accuracy.svg"
    plot(found, path)
    print(f"\n{path}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
