"""JAX on the processor, in doubles: compiled, compiled without a loop, and not compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy
from jax import lax
from jax import numpy as np

from benchmarks.work import GPT, HEADS, L2, Work, flat, matrices

jax.config.update("jax_enable_x64", True)


def norm(x: Any) -> Any:
    return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5


def text_loss(parameters: Any, text: Any) -> Any:
    """Of a text, the sum of the cross-entropies of all tokens but the first."""
    tokens, places, Q, K, V, O, up, down, head = parameters  # noqa: E741 (the field's names)
    n = len(text) - 1
    x = tokens[text[:-1]] + places[:n]
    h = norm(x)
    # Not jax.nn.dot_product_attention, which computes in single precision.
    q, k, v = ((h @ M.T).reshape(n, HEADS, -1).transpose(1, 0, 2) for M in (Q, K, V))
    scores = q @ k.transpose(0, 2, 1) * q.shape[-1] ** -0.5 + np.triu(np.full((n, n), -np.inf), 1)
    x = x + (jax.nn.softmax(scores) @ v).transpose(1, 0, 2).reshape(n, 16) @ O.T
    x = x + jax.nn.relu(norm(x) @ up.T) @ down.T
    z = x @ head.T
    return jax.nn.logsumexp(z, axis=1).sum() - z[np.arange(n), text[1:]].sum()


class Eager:
    """Every operation dispatched on its own."""

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return f

    def dense(self, work: Work) -> Any:
        x = np.array(work.X[0])

        def loss(parameters: Any) -> Any:
            (W1, b1), (W2, b2), (W3, b3) = parameters
            y = np.tanh(W3 @ np.tanh(W2 @ np.tanh(W1 @ x + b1) + b2) + b3)
            return y @ y

        return self._gradient(loss, self._layers(work), flat)

    def moons(self, work: Work) -> Any:
        X, y = np.array(work.X), np.array(work.Y)

        def loss(parameters: Any) -> Any:
            (W1, b1), (W2, b2), (W3, b3) = parameters
            h = jax.nn.relu(jax.nn.relu(X @ W1.T + b1) @ W2.T + b2)
            hinge = jax.nn.relu(1.0 - y * (h @ W3[0] + b3))
            squares = sum((p * p).sum() for layer in parameters for p in layer)
            return hinge.mean() + L2 * squares

        return self._update(loss, work)

    def digits(self, work: Work) -> Any:
        X, T = np.array(work.X), np.array(work.Y)

        def loss(parameters: Any) -> Any:
            (W1, b1), (W2, b2) = parameters
            z = np.tanh(X @ W1.T + b1) @ W2.T + b2
            return (jax.nn.logsumexp(z, axis=1).sum() - (T * z).sum()) / len(X)

        return self._update(loss, work)

    def chain(self, work: Work) -> Any:
        def result(theta: Any) -> Any:
            y, w, b = theta
            for _ in range(work.length):
                y = np.sin(w * y + b)
            return y

        return self._gradient(result, [np.array(x) for x in work.theta], list)

    def rosenbrock(self, work: Work) -> Any:
        def loss(x: Any) -> Any:
            a, b = x[1:] - x[:-1] * x[:-1], 1.0 - x[:-1]
            return 100.0 * (a @ a) + b @ b

        return self._gradient(loss, np.array(work.theta), numpy.asarray)

    def gpt(self, work: Work) -> Any:
        theta, start, parameters = numpy.array(work.theta), 0, []
        for rows, columns in GPT:
            part = theta[start : start + rows * columns]
            parameters.append(np.array(part.reshape(rows, columns)))
            start += rows * columns
        texts = [numpy.array(text) for text in work.X]
        count = sum(len(text) - 1 for text in texts)

        def loss(parameters: Any) -> Any:
            return sum(text_loss(parameters, text) for text in texts) / count

        def join(gradient: Any) -> Any:
            return numpy.concatenate([numpy.ravel(g) for g in gradient])

        return self._gradient(loss, parameters, join)

    @staticmethod
    def _layers(work: Work) -> Any:
        return [(np.array(W), np.array(b)) for W, b in matrices(work.theta, work.widths)]

    def _gradient(self, loss: Callable[..., Any], parameters: Any, join: Any) -> Any:
        f = self.compiled(jax.value_and_grad(loss))
        gradient: Any = None

        def step() -> float:
            nonlocal gradient
            value, gradient = jax.block_until_ready(f(parameters))
            return float(value)

        return step, lambda: join(gradient)

    def _update(self, loss: Callable[..., Any], work: Work) -> Any:
        slope = jax.value_and_grad(loss)

        def updated(parameters: Any) -> Any:
            value, gradient = slope(parameters)
            return value, jax.tree.map(lambda p, g: p - work.rate * g, parameters, gradient)

        f, parameters = self.compiled(updated), self._layers(work)

        def step() -> float:
            nonlocal parameters
            value, parameters = jax.block_until_ready(f(parameters))
            return float(value)

        return step, lambda: flat(parameters)


class Compiled(Eager):
    """Compiled; what repeats, as a loop of the compiler's."""

    gpt: Any = None  # every text of another length would be compiled anew

    def compiled(self, f: Callable[..., Any]) -> Callable[..., Any]:
        return jax.jit(f)

    def chain(self, work: Work) -> Any:
        def result(theta: Any) -> Any:
            y, w, b = theta
            body = lambda y, _: (np.sin(w * y + b), None)  # noqa: E731
            return lax.scan(body, y, length=work.length)[0]

        return self._gradient(result, [np.array(x) for x in work.theta], list)


class Unrolled(Compiled):
    """Compiled as one straight-line program, as a graph without structure would be."""

    dense = moons = digits = rosenbrock = None  # nothing to unroll
    chain = Eager.chain
