"""autograd (HIPS): NumPy's functions on arrays of a layer, traced anew in each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
from autograd import value_and_grad

from benchmarks.work import GPT, HEADS, L2, Work, flat, matrices


def norm(x: Any) -> Any:
    return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5


def logsumexp(z: Any) -> Any:
    """Over the last axis; autograd's own is slower."""
    top = z.max(-1, keepdims=True)
    return top + np.log(np.exp(z - top).sum(-1, keepdims=True))


def text_loss(parameters: Any, text: Any) -> Any:
    """Of a text, the sum of the cross-entropies of all tokens but the first."""
    tokens, places, Q, K, V, O, up, down, head = parameters  # noqa: E741 (the field's names)
    n = len(text) - 1
    x = tokens[text[:-1]] + places[:n]
    h = norm(x)
    q, k, v = (np.transpose((h @ M.T).reshape(n, HEADS, -1), (1, 0, 2)) for M in (Q, K, V))
    scores = q @ np.transpose(k, (0, 2, 1)) * q.shape[-1] ** -0.5
    scores = scores + np.triu(np.full((n, n), -np.inf), 1)
    shares = np.exp(scores - logsumexp(scores))
    x = x + np.transpose(shares @ v, (1, 0, 2)).reshape(n, 16) @ O.T
    x = x + np.maximum(norm(x) @ up.T, 0.0) @ down.T
    z = x @ head.T
    return logsumexp(z).sum() - z[np.arange(n), text[1:]].sum()


class Arrays:
    """A node per operation on arrays."""

    def dense(self, work: Work) -> Any:
        x = np.array(work.X[0])

        def loss(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
            tanh = np.tanh
            y = tanh(np.dot(W3, tanh(np.dot(W2, tanh(np.dot(W1, x) + b1)) + b2)) + b3)
            return np.dot(y, y)

        return self._net(work, loss)

    def moons(self, work: Work) -> Any:
        X, y = np.array(work.X), np.array(work.Y)

        def loss(*parameters: Any) -> Any:
            W1, b1, W2, b2, W3, b3 = parameters
            h = np.maximum(np.dot(X, W1.T) + b1, 0.0)
            h = np.maximum(np.dot(h, W2.T) + b2, 0.0)
            hinge = np.maximum(1.0 - y * (np.dot(h, W3[0]) + b3), 0.0)
            return np.mean(hinge) + L2 * sum(np.sum(p * p) for p in parameters)

        return self._net(work, loss)

    def digits(self, work: Work) -> Any:
        X, T = np.array(work.X), np.array(work.Y)

        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            z = np.dot(np.tanh(np.dot(X, W1.T) + b1), W2.T) + b2
            return (np.sum(logsumexp(z)) - np.sum(T * z)) / len(X)

        return self._net(work, loss)

    def chain(self, work: Work) -> Any:
        def result(y: Any, w: Any, b: Any) -> Any:
            for _ in range(work.length):
                y = np.sin(w * y + b)
            return y

        return self._gradient(result, work.theta, list)

    def rosenbrock(self, work: Work) -> Any:
        def loss(x: Any) -> Any:
            a, b = x[1:] - x[:-1] * x[:-1], 1.0 - x[:-1]
            return 100.0 * np.dot(a, a) + np.dot(b, b)

        return self._gradient(loss, [np.array(work.theta)], lambda gradient: gradient[0])

    def gpt(self, work: Work) -> Any:
        theta, start, parameters = np.array(work.theta), 0, []
        for rows, columns in GPT:
            parameters.append(theta[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
        texts = [np.array(text) for text in work.X]
        count = sum(len(text) - 1 for text in texts)

        def loss(*parameters: Any) -> Any:
            return sum(text_loss(parameters, text) for text in texts) / count

        return self._gradient(
            loss, parameters, lambda gradient: np.concatenate([g.ravel() for g in gradient])
        )

    def _net(self, work: Work, loss: Callable[..., Any]) -> Any:
        """The gradient, or a step along it, of a loss of the weights and biases of all layers."""
        parameters = list(sum(matrices(work.theta, work.widths), ()))
        step, read = self._gradient(loss, parameters, lambda g: flat(list(zip(g[::2], g[1::2]))))
        if not work.rate:
            return step, read
        f = value_and_grad(loss, argnum=tuple(range(len(parameters))))

        def update() -> float:
            value, gradient = f(*parameters)
            for p, g in zip(parameters, gradient):
                p -= work.rate * g
            return value  # type: ignore[no-any-return]

        return update, lambda: flat(list(zip(parameters[::2], parameters[1::2])))

    @staticmethod
    def _gradient(loss: Callable[..., Any], parameters: list[Any], join: Any) -> Any:
        f = value_and_grad(loss, argnum=tuple(range(len(parameters))))
        gradient: Any = None

        def step() -> float:
            nonlocal gradient
            value, gradient = f(*parameters)
            return value  # type: ignore[no-any-return]

        return step, lambda: join(gradient)
