"""CasADi: an SX function with its gradient, run by CasADi's virtual machine.

Called through `Function.buffer`, its fastest way from Python: 1.5 times as fast as a call with
matrices of type DM, 7 times as a call with arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import casadi as ca
import numpy as np

from benchmarks.work import L2, Work


def layers(theta: Any, work: Work) -> Iterator[tuple[Any, Any]]:
    start = 0
    for n_in, n_out in pairwise(work.widths):
        end = start + n_out * (n_in + 1)
        M = ca.reshape(theta[start:end], n_in + 1, n_out).T
        yield M[:, :-1], M[:, -1]
        start = end


def buffered(f: Any, *inputs: Any) -> tuple[Any, list[Any], list[Any]]:
    """What runs f, the arrays that it reads and those that it writes."""
    buffer, run = f.buffer()
    arrays = [np.ascontiguousarray(x, dtype=float) for x in inputs]
    results = [np.zeros(f.nnz_out(i)) for i in range(f.n_out())]
    for i, array in enumerate(arrays):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate(results):
        buffer.set_res(i, memoryview(array))

    def call(keep: Any = (buffer, arrays, results)) -> None:  # they must outlive every call
        run()

    return call, arrays, results


class Symbolic:
    """Scalar expressions, differentiated once."""

    def dense(self, work: Work) -> Any:
        theta, x = ca.SX.sym("theta", len(work.theta)), ca.SX.sym("x", 32)
        y = x
        for W, b in layers(theta, work):
            y = ca.tanh(W @ y + b)
        loss = ca.sumsqr(y)
        f = ca.Function("f", [theta, x], [loss, ca.gradient(loss, theta)])
        return self._gradient(f, work.theta, work.X[0])

    def moons(self, work: Work) -> Any:
        theta, x, y = ca.SX.sym("theta", len(work.theta)), ca.SX.sym("x", 2), ca.SX.sym("y")
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, work)
        score = W3 @ ca.fmax(W2 @ ca.fmax(W1 @ x + b1, 0.0) + b2, 0.0) + b3
        loss = ca.fmax(1.0 - y * score, 0.0)
        return self._batch(work, theta, x, y, loss, L2)

    def digits(self, work: Work) -> Any:
        theta, x, t = (ca.SX.sym(name, n) for name, n in
                       (("theta", len(work.theta)), ("x", 64), ("t", 10)))  # fmt: skip
        (W1, b1), (W2, b2) = layers(theta, work)
        z = W2 @ ca.tanh(W1 @ x + b1) + b2
        loss = ca.logsumexp(z) - ca.dot(t, z)
        return self._batch(work, theta, x, t, loss, 0.0)

    def chain(self, work: Work) -> Any:
        theta = ca.SX.sym("theta", 3)
        y, w, b = ca.vertsplit(theta)
        for _ in range(work.length):
            y = ca.sin(w * y + b)
        f = ca.Function("f", [theta], [y, ca.gradient(y, theta)])
        return self._gradient(f, work.theta)

    def rosenbrock(self, work: Work) -> Any:
        x = ca.SX.sym("x", len(work.theta))
        a, b = x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
        loss = 100.0 * ca.sumsqr(a) + ca.sumsqr(b)
        f = ca.Function("f", [x], [loss, ca.gradient(loss, x)])
        return self._gradient(f, work.theta)

    @staticmethod
    def _gradient(f: Any, *inputs: Any) -> Any:
        run, _, (value, gradient) = buffered(f, *inputs)

        def step() -> float:
            run()
            return value[0]  # type: ignore[no-any-return]

        return step, lambda: gradient

    @staticmethod
    def _batch(work: Work, theta: Any, x: Any, y: Any, loss: Any, decay: float) -> Any:
        """One example's function mapped over the batch and summed: faster than all unrolled."""
        n = len(work.X)
        one = ca.Function("one", [theta, x, y], [loss, ca.gradient(loss, theta)])
        inputs = [ca.MX.sym("theta", *theta.shape), ca.MX.sym("X", x.shape[0], n),
                  ca.MX.sym("Y", y.shape[0], n)]  # fmt: skip
        total, slope = one.map(n, [True, False, False], [True, True])(*inputs)
        p = inputs[0]
        value, moved = (
            total / n + decay * ca.sumsqr(p),
            p - work.rate * (slope / n + 2.0 * decay * p),
        )
        f = ca.Function("f", inputs, [value, moved])
        run, (vector, *_), (value, moved) = buffered(f, work.theta, work.X, work.Y)

        def step() -> float:
            run()
            vector[:] = moved
            return value[0]  # type: ignore[no-any-return]

        return step, lambda: vector
