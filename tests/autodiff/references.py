"""Every operation again in mpmath, from its textbook formula: what the rules are tested against.

`MPMATH` has a function for what mpmath has, and for what takes a list, called as the rule's value
is.  Any other rule is computed from the text of its formula.  Written for many digits, not for
stability: with enough digits the plain formula is exact.
"""

import functools
import math
import operator

import mpmath
from mpmath import mpf

from autodiff import Value
from autodiff.check.texts import EPS, is_expression
from autodiff.graph import topological_order
from autodiff.operations import VALUES
from autodiff.rule import RULES


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

# The functions that formulas are written with, as far as mpmath calls them by the same name.
WORDS = {
    name: getattr(mpmath, name)
    for name in """acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh e erf erfc exp expm1
    floor gamma hypot inf log log1p pi sin sinh sqrt tan tanh""".split()
} | {"abs": abs, "log2": lambda x: mpmath.log(x, 2)}  # fmt: skip


class Names(dict):
    """What the names in a formula mean in mpmath: its own names, then functions and other rules."""

    def __missing__(self, name):
        if name in WORDS:
            return WORDS[name]
        return reference(RULES[name])


def formula_value(text, names):
    """A formula's text in mpmath.  The texts stand in the table, in our own source."""
    return eval(text, {"__builtins__": {}}, Names(names))  # noqa: S307


def reference(rule):
    """The operation in mpmath.

    Raises:
        ValueError: If neither `MPMATH` nor the rule's formula says what it is.
    """
    if rule.name in MPMATH:
        return MPMATH[rule.name]
    if is_expression(rule, rule.formula):
        try:
            used = set(compile(rule.formula, rule.name, "eval").co_names)
        except SyntaxError:
            used = {rule.name}
        if rule.name not in used and used <= {*rule.operands, *WORDS, *RULES}:
            return lambda *xs: formula_value(rule.formula, zip(rule.operands, xs))
    raise ValueError(
        f"the tests need rule {rule.name!r} in mpmath, and its formula {rule.formula!r} does not "
        "say it: write the formula with other operations of the table, or add a line to MPMATH "
        "in tests/autodiff/references.py"
    )


def own_rounding(rule, xs, place=None, of_z=False):
    """How far rounding may move what the source of a rule computes, to first order.

    The source is run on Values: then the derivative by every number on the way is known, and each
    may be wrong by one unit in its last place.

    Args:
        rule: The rule.
        xs: The operands.
        place: Of which partial; None for the value.
        of_z: Whether z alone is rounded, which is all that the best partial is told.
    """
    z = Value(rule.apply(tuple(xs)))
    operands = tuple(map(Value, xs))
    value, partials = rule.bound(VALUES)
    try:
        given = (operands,) if rule.variadic else operands
        result = value(*given) if place is None else partials(z, *given)[place]
    except TypeError:  # a C function of math, which is right to an ulp
        return 0.0
    if not isinstance(result, Value):
        return 0.0
    inner, _ = topological_order(result)
    result.backward()
    rounded = [z] if of_z else [z, *inner]
    return sum(EPS * abs(each.data * each.grad) for each in rounded)


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
