"""What others say about a random program: mpmath, PyTorch, HIPS autograd and JAX.

Each gives the program's value and its first three derivatives at 0 along a line, as a function of
t at the inputs x + t v: four numbers that say how the program bends, by nobody's rules but theirs.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import mpmath
from mpmath import mpf

from autodiff.rule import RULES
from tests.programs import Apply, Program, in_mpmath, in_torch

ORDERS = 4
Numbers = list[Any]


def on_line(program: Program, v: Sequence[float], t: Any, apply: Apply, constant: Any) -> Any:
    """The program's result at x + t v."""
    line = [constant(x) + t * constant(d) for x, d in zip(program.inputs, v, strict=True)]
    return program.run(apply, line, constant)[-1]


def by_mpmath(program: Program, v: Sequence[float]) -> Numbers:
    """By central differences with 90 digits, right to 25."""
    with mpmath.workdps(90):
        h = mpf(10) ** -15

        def at(k: int) -> Any:
            return on_line(program, v, k * h, in_mpmath, mpf)

        down2, down, middle, up, up2 = map(at, range(-2, 3))
        return [
            middle,
            (up - down) / (2 * h),
            (up - 2 * middle + down) / h**2,
            (up2 - 2 * up + 2 * down - down2) / (2 * h**3),
        ]


def by_torch(program: Program, v: Sequence[float]) -> Numbers:
    """By PyTorch, reverse over reverse over reverse."""
    import torch

    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    constant = functools.partial(torch.tensor, dtype=torch.float64)

    def apply(name: str, operands: Numbers) -> Any:
        # In higher orders PyTorch's own prod divides by each factor, and loses digits.
        if name == "prod":
            return functools.reduce(operator.mul, operands)
        return in_torch(name, operands)

    y = on_line(program, v, t, apply, constant)
    found = [y]
    for _ in range(1, ORDERS):
        if y.requires_grad:
            (y,) = torch.autograd.grad(y, t, create_graph=True, materialize_grads=True)
        else:
            y = torch.zeros(())
        found.append(y)
    return [each.item() for each in found]


def _by_grad(program: Program, v: Sequence[float], grad: Any, apply: Apply) -> Numbers:
    f: Callable[[float], Any] = lambda t: on_line(program, v, t, apply, float)  # noqa: E731
    found = []
    for _ in range(ORDERS):
        found.append(float(f(0.0)))
        f = grad(f)
    return found


def by_hips(program: Program, v: Sequence[float]) -> Numbers:
    """By HIPS autograd, reverse over reverse over reverse."""
    import autograd

    return _by_grad(program, v, autograd.grad, in_hips)


def by_jax(program: Program, v: Sequence[float]) -> Numbers:
    """By JAX, reverse over reverse over reverse."""
    import jax

    return _by_grad(program, v, jax.grad, in_jax)


def in_hips(name: str, operands: Numbers) -> Any:
    """By HIPS autograd, in textbook formulas where it has no function."""
    import autograd.numpy as np
    from autograd.scipy.special import erf, erfc

    if name == "abs":  # its own divides by x, and loses digits in higher orders
        return np.where(operands[0] > 0.0, operands[0], -operands[0])
    function = numpy_operations(np, erf, erfc)[name]
    return function(operands) if RULES[name].variadic else function(*operands)


def in_jax(name: str, operands: Numbers) -> Any:
    """By JAX."""
    function = jax_operations()[name]
    return function(operands) if RULES[name].variadic else function(*operands)


@functools.cache
def jax_operations() -> dict[str, Callable[..., Any]]:
    """JAX's operations, by our names."""
    import jax
    from jax import nn
    from jax import numpy as np
    from jax.scipy.special import erf, erfc, logsumexp

    jax.config.update("jax_enable_x64", True)
    return numpy_operations(np, erf, erfc) | {
        "hypot": np.hypot,
        "sigmoid": nn.sigmoid,
        "logsigmoid": nn.log_sigmoid,
        "softplus": nn.softplus,
        "gelu": functools.partial(nn.gelu, approximate=False),
        "silu": nn.silu,
        "sum": lambda xs: np.sum(np.stack(xs)),
        "mean": lambda xs: np.mean(np.stack(xs)),
        "prod": lambda xs: np.prod(np.stack(xs)),
        "dot": lambda xs: np.dot(np.stack(xs[: len(xs) // 2]), np.stack(xs[len(xs) // 2 :])),
        "max": lambda xs: np.max(np.stack(xs)),
        "min": lambda xs: np.min(np.stack(xs)),
        "logsumexp": lambda xs: logsumexp(np.stack(xs)),
    }


@functools.cache
def numpy_operations(np: Any, erf: Any, erfc: Any) -> dict[str, Callable[..., Any]]:
    """Operations by our names."""
    same = "abs add cos cosh exp expm1 log log10 log1p log2 logaddexp maximum minimum mod sin sinh \
        sqrt tan tanh"

    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-x))

    def dot(xs: Numbers) -> Any:
        half = len(xs) // 2
        return functools.reduce(operator.add, map(operator.mul, xs[:half], xs[half:]))

    def logsumexp(xs: Numbers) -> Any:
        return functools.reduce(np.logaddexp, xs)

    return {name: getattr(np, name) for name in same.split()} | {
        "identity": lambda x: 1.0 * x,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "neg": operator.neg,
        "pow": operator.pow,
        "pow_const": operator.pow,
        "asin": np.arcsin,
        "acos": np.arccos,
        "atan": np.arctan,
        "atan2": np.arctan2,
        "asinh": np.arcsinh,
        "acosh": np.arccosh,
        "atanh": np.arctanh,
        "erf": erf,
        "erfc": erfc,
        "hypot": lambda x, y: np.sqrt(x * x + y * y),
        "sigmoid": sigmoid,
        "logsigmoid": lambda x: -np.logaddexp(0.0, -x),
        "softplus": lambda x: np.logaddexp(0.0, x),
        "relu": lambda x: np.where(x > 0.0, x, 0.0),
        "leaky_relu": lambda x, slope: np.where(x > 0.0, x, slope * x),
        "elu": lambda x, alpha: np.where(x > 0.0, x, alpha * np.expm1(x)),
        "gelu": lambda x: 0.5 * x * erfc(-x * math.sqrt(0.5)),
        "silu": lambda x: x * sigmoid(x),
        "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
        "where": lambda c, a, b: np.where(c != 0.0, a, b),
        "sum": lambda xs: functools.reduce(operator.add, xs),
        "mean": lambda xs: functools.reduce(operator.add, xs) / len(xs),
        "prod": lambda xs: functools.reduce(operator.mul, xs),
        "dot": dot,
        "max": lambda xs: functools.reduce(np.maximum, xs),
        "min": lambda xs: functools.reduce(np.minimum, xs),
        "logsumexp": logsumexp,
    }


Peer = Callable[[Program, Sequence[float]], Numbers]
# Everybody by name, with the package that they need.
PEERS: dict[str, tuple[str, Peer]] = {
    "mpmath": ("mpmath", by_mpmath),
    "PyTorch": ("torch", by_torch),
    "HIPS autograd": ("autograd", by_hips),
    "JAX": ("jax", by_jax),
}


def installed() -> dict[str, Peer]:
    """Those whose package is there."""
    return {name: peer for name, (package, peer) in PEERS.items() if find_spec(package)}
