"""Works as programs of single numbers, for peers whose unit is the number.

Holds: `Scalars`.  A peer says what its numbers are and how they are differentiated; what it has no
faster form of is composed here, as its users do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

from benchmarks.work import GPT, HEADS, L2, Work


class Scalars:
    """Every number is an object of the peer."""

    # --- what a peer says -----------------------------------------------------------------

    def leaves(self, numbers: list[float]) -> list[Any]:
        """New numbers to differentiate by."""
        raise NotImplementedError

    def differentiate(self, f: Callable[[], Any], leaves: list[Any]) -> tuple[float, list[float]]:
        """The value of f() and its derivatives."""
        raise NotImplementedError

    def move(self, leaves: list[Any], gradient: list[float], rate: float) -> None:
        """x <- x - rate g."""
        raise NotImplementedError

    def number(self, leaf: Any) -> float:
        raise NotImplementedError

    tanh: Any
    exp: Any
    log: Any
    sin: Any
    relu: Any

    # --- what is composed unless the peer has better ---------------------------------------

    def sum(self, xs: list[Any]) -> Any:
        return reduce(add, xs)

    def dot(self, xs: list[Any], ys: list[Any]) -> Any:
        return self.sum([x * y for x, y in zip(xs, ys)])

    def logsumexp(self, xs: list[Any]) -> Any:
        top = max(map(self.number, xs))
        return self.log(self.sum([self.exp(x - top) for x in xs])) + top

    def softmax(self, xs: list[Any]) -> list[Any]:
        top = max(map(self.number, xs))
        powers = [self.exp(x - top) for x in xs]
        scale = self.sum(powers) ** -1
        return [p * scale for p in powers]

    # --- the works --------------------------------------------------------------------------

    def dense(self, work: Work) -> Any:
        leaves = self.leaves(work.theta)

        def f() -> Any:
            ys = self._net(leaves, work, work.X[0], self.tanh, self.tanh)
            return self.sum([y * y for y in ys])

        return self._gradient(leaves, f)

    def moons(self, work: Work) -> Any:
        leaves = self.leaves(work.theta)

        def f() -> Any:
            losses = []
            for x, y in zip(work.X, work.Y):
                (score,) = self._net(leaves, work, x, self.relu, None)
                losses.append(self.relu(1.0 - y * score))
            return self.sum(losses) * (1.0 / len(losses)) + L2 * self.sum([p * p for p in leaves])

        return self._update(leaves, f, work.rate)

    def digits(self, work: Work) -> Any:
        leaves = self.leaves(work.theta)

        def f() -> Any:
            losses = []
            for x, target in zip(work.X, work.Y):
                scores = self._net(leaves, work, x, self.tanh, None)
                losses.append(self.logsumexp(scores) - scores[target.index(1.0)])
            return self.sum(losses) * (1.0 / len(losses))

        return self._update(leaves, f, work.rate)

    def chain(self, work: Work) -> Any:
        leaves = self.leaves(work.theta)

        def f() -> Any:
            y, w, b = leaves
            sin = self.sin
            for _ in range(work.length):
                y = sin(w * y + b)
            return y

        return self._gradient(leaves, f)

    def rosenbrock(self, work: Work) -> Any:
        xs = self.leaves(work.theta)

        def f() -> Any:
            return self.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(xs)])

        return self._gradient(xs, f)

    def gpt(self, work: Work) -> Any:
        leaves = self.leaves(work.theta)

        def f() -> Any:
            matrices, start = [], 0
            for rows, columns in GPT:
                matrices.append(
                    [leaves[start + i * columns : start + (i + 1) * columns] for i in range(rows)]
                )
                start += rows * columns
            losses = [loss for text in work.X for loss in self._losses(matrices, text)]
            return self.sum(losses) * (1.0 / len(losses))

        return self._gradient(leaves, f)

    def _net(self, leaves: list[Any], work: Work, x: list[Any], hidden: Any, last: Any) -> Any:
        start = 0
        for i, (n_in, n_out) in enumerate(pairwise(work.widths)):
            phi = last if i == len(work.widths) - 2 else hidden
            outputs = []
            for _ in range(n_out):
                net = self.dot(leaves[start : start + n_in], x) + leaves[start + n_in]
                outputs.append(phi(net) if phi else net)
                start += n_in + 1
            x = outputs
        return x

    def _losses(self, matrices: list[Any], text: list[int]) -> list[Any]:
        """Of every token but the first, minus the logarithm of its probability."""
        tokens, places, Q, K, V, O, up, down, head = matrices  # noqa: E741 (the field's names)
        keys: list[Any] = []
        values: list[Any] = []
        losses = []
        for i, (token, following) in enumerate(pairwise(text)):
            x = [a + b for a, b in zip(tokens[token], places[i])]
            h = self._norm(x)
            keys.append(self._linear(K, h))
            values.append(self._linear(V, h))
            x = [
                a + b
                for a, b in zip(x, self._linear(O, self._attend(self._linear(Q, h), keys, values)))
            ]
            h = [self.relu(y) for y in self._linear(up, self._norm(x))]
            x = [a + b for a, b in zip(x, self._linear(down, h))]
            scores = self._linear(head, x)
            losses.append(self.logsumexp(scores) - scores[following])
        return losses

    def _linear(self, rows: list[Any], x: list[Any]) -> list[Any]:
        return [self.dot(row, x) for row in rows]

    def _norm(self, x: list[Any]) -> list[Any]:
        scale = (self.dot(x, x) * (1.0 / len(x)) + 1e-5) ** -0.5
        return [a * scale for a in x]

    def _attend(self, query: list[Any], keys: list[Any], values: list[Any]) -> list[Any]:
        size, found = len(query) // HEADS, []
        for start in range(0, len(query), size):
            part = slice(start, start + size)
            scores = [self.dot(query[part], key[part]) * size**-0.5 for key in keys]
            shares = self.softmax(scores)
            for j in range(start, start + size):
                found.append(self.dot(shares, [value[j] for value in values]))
        return found

    def _gradient(self, leaves: list[Any], f: Callable[[], Any]) -> Any:
        gradient: list[float] = []

        def step() -> float:
            value, gradient[:] = self.differentiate(f, leaves)
            return value

        return step, lambda: gradient

    def _update(self, leaves: list[Any], f: Callable[[], Any], rate: float) -> Any:
        def step() -> float:
            value, gradient = self.differentiate(f, leaves)
            self.move(leaves, gradient, rate)
            return value

        return step, lambda: [self.number(leaf) for leaf in leaves]
