"""NumPy: forward and backward pass written by hand, into arrays made beforehand.

Each matrix has its bias as last column, each input a 1 as last element: that is the order of the
flat vector of parameters, and saves a call per layer.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import add, dot, exp, greater, maximum, multiply, subtract, tanh

from benchmarks.work import L2, Work


def views(vector: Any, work: Work) -> list[Any]:
    """The matrix of each layer inside a flat vector."""
    found, start = [], 0
    for n_in, n_out in pairwise(work.widths):
        end = start + n_out * (n_in + 1)
        found.append(vector[start:end].reshape(n_out, n_in + 1))
        start = end
    return found


def empty(*shapes: Any) -> list[Any]:
    return [np.empty(shape) for shape in shapes]


class ByHand:
    """What one writes who knows the derivatives and wants speed."""

    def dense(self, work: Work) -> Any:
        theta = np.array(work.theta)
        gradient = np.empty_like(theta)
        (M1, M2, M3), (G1, G2, G3) = views(theta, work), views(gradient, work)
        x, one = np.array([*work.X[0], 1.0]), np.ones(32)
        Y1, Y2 = np.ones(33), np.ones(33)
        y1, y2, W2, W3 = Y1[:-1], Y2[:-1], M2[:, :-1].copy(), M3[:, :-1].copy()
        y3, d1, d2, d3, t = empty(32, 32, 32, 32, 32)
        c1, c2, c3 = d1[:, None], d2[:, None], d3[:, None]

        def step() -> float:
            dot(M1, x, y3)
            tanh(y3, y1)
            dot(M2, Y1, y3)
            tanh(y3, y2)
            dot(M3, Y2, y3)
            tanh(y3, y3)
            multiply(y3, y3, t)
            subtract(one, t, t)
            multiply(y3, t, d3)
            add(d3, d3, d3)
            multiply(c3, Y2, G3)
            dot(d3, W3, d2)
            multiply(y2, y2, t)
            subtract(one, t, t)
            multiply(d2, t, d2)
            multiply(c2, Y1, G2)
            dot(d2, W2, d1)
            multiply(y1, y1, t)
            subtract(one, t, t)
            multiply(d1, t, d1)
            multiply(c1, x, G1)
            return dot(y3, y3)  # type: ignore[no-any-return]

        return step, lambda: gradient

    def moons(self, work: Work) -> Any:
        n, theta = len(work.X), np.array(work.theta)
        gradient, t = np.empty_like(theta), np.empty_like(theta)
        (M1, M2, M3), (G1, G2, G3) = views(theta, work), views(gradient, work)
        X, y = np.column_stack([work.X, np.ones(n)]), np.array(work.Y)
        seeds, scale = -y / n, 2.0 * L2
        H1, H2 = np.ones((n, 17)), np.ones((n, 17))
        h1, h2, W2, m3, g3 = H1[:, :-1], H2[:, :-1], M2[:, :-1], M3[0], G3[0]
        w3, M1T, M2T = m3[:-1], M1.T, M2.T
        a1, a2, d1, d2 = empty(*[(n, 16)] * 4)
        d1T, d2T = d1.T, d2.T
        margin, d3 = empty(n, n)
        c3, on, mask = d3[:, None], np.empty(n, bool), np.empty((n, 16), bool)

        def step() -> float:
            dot(X, M1T, a1)
            maximum(a1, 0.0, out=h1)
            dot(H1, M2T, a2)
            maximum(a2, 0.0, out=h2)
            dot(H2, m3, margin)
            multiply(margin, y, margin)
            subtract(1.0, margin, margin)
            greater(margin, 0.0, on)
            multiply(on, seeds, d3)
            loss = dot(margin, on) / n + L2 * dot(theta, theta)
            dot(d3, H2, g3)
            multiply(c3, w3, d2)
            greater(a2, 0.0, mask)
            multiply(d2, mask, d2)
            dot(d2T, H1, G2)
            dot(d2, W2, d1)
            greater(a1, 0.0, mask)
            multiply(d1, mask, d1)
            dot(d1T, X, G1)
            multiply(theta, scale, t)
            add(gradient, t, t)
            multiply(t, work.rate, t)
            subtract(theta, t, theta)
            return loss  # type: ignore[no-any-return]

        return step, lambda: theta

    def digits(self, work: Work) -> Any:
        n, theta = len(work.X), np.array(work.theta)
        gradient = np.empty_like(theta)
        (M1, M2), (G1, G2) = views(theta, work), views(gradient, work)
        X, T = np.column_stack([work.X, np.ones(n)]), np.array(work.Y)
        H, W2, M1T, M2T = np.ones((n, 33)), M2[:, :-1], M1.T, M2.T
        h = H[:, :-1]
        a, d1, t = empty((n, 32), (n, 32), (n, 32))
        z, d2, top, total = empty((n, 10), (n, 10), (n, 1), (n, 1))
        d1T, d2T = d1.T, d2.T

        def step() -> float:
            dot(X, M1T, a)
            tanh(a, h)
            dot(H, M2T, z)
            z.max(1, out=top, keepdims=True)
            subtract(z, top, z)
            exp(z, d2)
            d2.sum(1, out=total, keepdims=True)
            loss = (np.log(total).sum() - np.vdot(T, z)) / n
            np.divide(d2, total, d2)
            subtract(d2, T, d2)
            multiply(d2, 1.0 / n, d2)
            dot(d2T, H, G2)
            dot(d2, W2, d1)
            multiply(h, h, t)
            subtract(1.0, t, t)
            multiply(d1, t, d1)
            dot(d1T, X, G1)
            multiply(gradient, work.rate, gradient)
            subtract(theta, gradient, theta)
            return loss  # type: ignore[no-any-return]

        return step, lambda: theta

    def chain(self, work: Work) -> Any:
        y0, w, b = work.theta
        ys = np.empty(work.length + 1)
        gradient: Any = None

        def step() -> float:
            nonlocal gradient
            y, found, sin = y0, [y0], math.sin
            for _ in range(work.length):  # one after the other: nothing for NumPy
                y = sin(w * y + b)
                found.append(y)
            ys[:] = found
            slopes = np.cos(w * ys[:-1] + b)
            # Of the result by each y: the product of w times the slopes after it.
            factors = np.append(w * slopes[1:], 1.0)[::-1].cumprod()[::-1]
            inner = factors * slopes
            gradient = [inner[0] * w, dot(inner, ys[:-1]), inner.sum()]
            return y

        return step, lambda: gradient

    def rosenbrock(self, work: Work) -> Any:
        theta = np.array(work.theta)
        gradient = np.empty_like(theta)
        (u, v), (g, h) = (theta[:-1], theta[1:]), (gradient[:-1], gradient[1:])
        a, b, t = empty(*[len(u)] * 3)

        def step() -> float:
            multiply(u, u, a)
            subtract(v, a, a)
            subtract(1.0, u, b)
            loss = 100.0 * dot(a, a) + dot(b, b)
            gradient[0] = 0.0
            multiply(a, 200.0, h)
            multiply(a, u, t)
            multiply(t, -400.0, t)
            add(g, t, g)
            add(b, b, b)
            subtract(g, b, g)
            return loss  # type: ignore[no-any-return]

        return step, lambda: gradient
