"""Ours: the eager engine, and the tape on each of its back ends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autodiff
import nn
from autodiff import Tape, Value
from benchmarks.peers.scalars import Scalars
from benchmarks.work import L2, Work


def net(work: Work, hidden: str, last: str | None) -> Any:
    model = nn.MLP(work.widths[0], work.widths[1:], activation=hidden, output_activation=last)
    for parameter, x in zip(model.parameters(), work.theta, strict=True):
        parameter.data = x
    return model


def squares(xs: list[Any]) -> Value:
    return autodiff.sum([x * x for x in xs])


def dense(work: Work) -> tuple[list[Value], Any]:
    model = net(work, "tanh", "tanh")
    return model.parameters(), lambda x: squares(model(x))


def moons(work: Work) -> tuple[list[Value], Any]:
    model = net(work, "relu", None)
    parameters = model.parameters()
    return parameters, lambda x, y: (1.0 - y * model(x)).relu() + L2 * squares(parameters)


def digits(work: Work) -> tuple[list[Value], Any]:
    model = net(work, "tanh", None)

    def loss(x: Any, y: Any) -> Any:
        scores = model(x)
        return autodiff.logsumexp(scores) - autodiff.dot(y, scores)

    return model.parameters(), loss


def chain(work: Work) -> tuple[list[Value], Any]:
    y0, w, b = parameters = [Value(x) for x in work.theta]

    def result() -> Any:
        y = y0
        for _ in range(work.length):
            y = (w * y + b).sin()
        return y

    return parameters, result


def rosenbrock(work: Work) -> tuple[list[Value], Any]:
    xs = [Value(x) for x in work.theta]
    return xs, lambda: autodiff.sum(
        [100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(xs)]
    )


class Eager(Scalars):
    """A graph of objects in every step."""

    relu, sin, dot, sum = map(
        staticmethod, (autodiff.relu, autodiff.sin, autodiff.dot, autodiff.sum)
    )
    softmax, logsumexp = map(staticmethod, (autodiff.softmax, autodiff.logsumexp))

    def leaves(self, numbers: list[float]) -> list[Value]:
        return list(map(Value, numbers))

    def differentiate(self, f: Callable[[], Any], leaves: list[Any]) -> tuple[float, list[float]]:
        for p in leaves:
            p.grad = 0.0
        loss = f()
        loss.backward()
        return loss.data, [p.grad for p in leaves]

    def dense(self, work: Work) -> Any:
        parameters, f = dense(work)
        return self._gradient(parameters, lambda: f(work.X[0]))

    def moons(self, work: Work) -> Any:
        model = net(work, "relu", None)
        parameters = model.parameters()

        def loss() -> Any:
            losses = [(1.0 - y * model(x)).relu() for x, y in zip(work.X, work.Y)]
            return autodiff.mean(losses) + L2 * squares(parameters)

        return self._update(parameters, loss, work.rate)

    def digits(self, work: Work) -> Any:
        parameters, f = digits(work)
        mean = autodiff.mean
        return self._update(
            parameters, lambda: mean([f(x, y) for x, y in zip(work.X, work.Y)]), work.rate
        )

    @staticmethod
    def _update(parameters: list[Value], f: Callable[[], Any], rate: float) -> Any:
        def step() -> float:
            for p in parameters:
                p.grad = 0.0
            loss = f()
            loss.backward()
            for p in parameters:
                p.data -= rate * p.grad
            return loss.data

        return step, lambda: [p.data for p in parameters]


class Replayed:
    """The tape, `value_and_gradient` on a flat vector.

    Args:
        backend: As `Tape.backend`.
    """

    def __init__(self, backend: str = "numba") -> None:
        self.backend = backend

    def dense(self, work: Work) -> Any:
        return self._gradient(work, *dense(work), work.X[0])

    def moons(self, work: Work) -> Any:
        return self._update(work, *moons(work))

    def digits(self, work: Work) -> Any:
        return self._update(work, *digits(work))

    def chain(self, work: Work) -> Any:
        return self._gradient(work, *chain(work))

    def rosenbrock(self, work: Work) -> Any:
        return self._gradient(work, *rosenbrock(work))

    def _record(self, f: Any, example: Any, parameters: list[Value]) -> Tape:
        tape = Tape.record(f, *example, parameters=parameters)
        tape.backend = self.backend
        return tape

    def _gradient(self, work: Work, parameters: list[Value], f: Any, *example: Any) -> Any:
        import numpy as np

        tape = self._record(f, example, parameters)
        theta, inputs = np.array(work.theta), [np.array(x) for x in example]
        gradient = None

        def step() -> float:
            nonlocal gradient
            value, gradient = tape.value_and_gradient(theta, *inputs)
            return value

        return step, lambda: gradient

    def _update(self, work: Work, parameters: list[Value], f: Any) -> Any:
        import numpy as np

        tape = self._record(f, (work.X[0], work.Y[0]), parameters)
        theta, X, Y, rate = np.array(work.theta), np.array(work.X), np.array(work.Y), work.rate

        def step() -> float:
            results, gradient = tape.value_and_gradient(theta, X, Y)
            theta[:] -= rate * gradient
            return results.mean()

        return step, lambda: theta


class WithValues(Replayed):
    """The tape, `backward` alone, which adds gradients into the Values of a model."""

    def _gradient(self, work: Work, parameters: list[Value], f: Any, *example: Any) -> Any:
        import numpy as np

        tape = self._record(f, example, parameters)
        inputs = [np.array(x) for x in example]

        def step() -> float:
            return tape.backward(*inputs)

        return step, lambda: [p.grad for p in parameters]

    def _update(self, work: Work, parameters: list[Value], f: Any) -> Any:
        import numpy as np

        tape = self._record(f, (work.X[0], work.Y[0]), parameters)
        X, Y, rate = np.array(work.X), np.array(work.Y), work.rate

        def step() -> float:
            return tape.backward(X, Y).mean()

        return step, lambda: [p.data - rate * p.grad for p in parameters]
