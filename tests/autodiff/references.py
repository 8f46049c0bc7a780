"""Every operation again in mpmath, from its textbook formula: what the rules are tested against.

`MPMATH` has one function per rule, called as the rule's value is (a variadic one with a list).
Written for many digits, not for stability: with enough digits the plain formula is exact.
"""

import functools
import math
import operator

import mpmath
from mpmath import mpf

from autodiff.rule import RULES, bind


def _dot(xs):
    n = len(xs) // 2
    return mpmath.fsum(x * y for x, y in zip(xs[:n], xs[n:], strict=True))


MPMATH = {
    "identity": lambda x: +x,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": lambda x, y: mpmath.exp(y * mpmath.log(x)),
    "pow_const": lambda x, n: mpmath.exp(n * mpmath.log(x)),
    "mod": lambda x, y: x - y * mpmath.floor(x / y),
    "abs": lambda x: max(x, -x),
    "exp": mpmath.exp,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "sqrt": mpmath.sqrt,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": lambda x: mpmath.sin(x) / mpmath.cos(x),
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": lambda x: mpmath.log(x + mpmath.sqrt(x * x + 1)),
    "acosh": lambda x: mpmath.log(x + mpmath.sqrt(x * x - 1)),
    "atanh": lambda x: mpmath.log((1 + x) / (1 - x)) / 2,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "logsigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, negative_slope: x if x > 0 else negative_slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * (mpmath.exp(x) - 1),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "maximum": max,
    "minimum": min,
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda c, a, b: a if c != 0 else b,
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "sum": mpmath.fsum,
    "mean": lambda xs: mpmath.fsum(xs) / len(xs),
    "prod": lambda xs: functools.reduce(operator.mul, xs),
    "dot": _dot,
    "max": max,
    "min": min,
    "logsumexp": lambda xs: mpmath.log(mpmath.fsum(map(mpmath.exp, xs))),
}

# Bounded derivatives whose tail is a difference of numbers near 1: there they are right to 4e-16,
# which is small against the largest, and not to a few ulp.
BOUNDED = {
    "tanh": "1 - z**2 where z is near 1",
    "sigmoid": "z (1 - z) where z is near 1",
}

# The namespace in which the source of a rule computes with mpmath (see `autodiff.rule.bind`).
NAMESPACE = {
    "floor": mpmath.floor,
    **{rule.value.__name__: MPMATH[name] for name, rule in RULES.items() if name in MPMATH},
}


def reference(rule):
    """The operation in mpmath; of a rule that MPMATH does not have, its own source in mpmath."""
    if rule.name in MPMATH:
        return MPMATH[rule.name]
    return bind(rule.value, NAMESPACE)


def evaluate(rule, xs):
    """The value of a rule in mpmath, at a sequence of mpmath numbers."""
    return reference(rule)(list(xs)) if rule.variadic else reference(rule)(*xs)


def free(rule):
    """The places of the operands that take a gradient: a derivative "0" marks a constant."""
    if rule.variadic:
        return range(len(rule.sample))
    return [i for i, text in enumerate(rule.derivatives) if text != "0"]


def slope(function, xs, i, step):
    """The derivative of `function(xs)` for xs[i], by central differences; their error is step^2."""
    up, down = list(xs), list(xs)
    up[i] += step
    down[i] -= step
    return (function(up) - function(down)) / (2 * step)


def ulp(x):
    """The unit in the last place of the double next to an mpmath number."""
    return math.ulp(float(x))
