"""200 functions with known slopes, for judging those who judge gradients; and random ones.

Each is written once, over a namespace `m` of operations, so that it runs on Values, on PyTorch's
tensors, and in mpmath, which gives the exact slopes.  `tests.autodiff.judges` asks about them.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import mpmath
from mpmath import mpf

from autodiff.rule import RULES
from tests.programs import UnusableError, build, in_mpmath, near_kink, on_values

DIGITS = 120


class Case(NamedTuple):
    """A function and a point.

    Attributes:
        kind: What is hard about it, in words.
        f: `f(m, *inputs)`, with the operations of the namespace m.
        at: The inputs.
    """

    kind: str
    f: Callable[..., Any]
    at: tuple[float, ...]


class Operations:
    """The operations as a namespace: `m.exp(x)`, `m.logsumexp([x, y])`."""

    def __init__(self, apply: Callable[[str, list[Any]], Any]) -> None:
        self.apply = apply

    def __getattr__(self, name: str) -> Callable[..., Any]:
        rule = RULES.get(name)
        if rule is None:
            raise AttributeError(name)

        def operation(*operands: Any) -> Any:
            if rule.variadic:
                return self.apply(name, list(operands[0]))
            missing = len(rule.operands) - len(operands)
            defaults = rule.defaults[len(rule.defaults) - missing :] if missing else ()
            return self.apply(name, [*operands, *defaults])

        return operation


ON_VALUES = Operations(on_values)
IN_MPMATH = Operations(in_mpmath)


def exact_slopes(f: Callable[..., Any], at: Sequence[float]) -> list[float]:
    """The slope of `f(m, *inputs)` by each input, by differences with digits to spare."""
    with mpmath.workdps(DIGITS):
        point = [mpf(x) for x in at]
        return [float(_exact_slope(f, point, i)) for i in range(len(point))]


def _exact_slope(f: Callable[..., Any], point: list[Any], i: int) -> Any:
    step = mpf(10) ** -35 * (abs(point[i]) or 1)

    def along(shift: Any) -> Any:
        return f(IN_MPMATH, *point[:i], point[i] + shift, *point[i + 1 :])

    fine = (along(step / 2) - along(-step / 2)) / step
    coarse = (along(step) - along(-step)) / (2 * step)
    slope = (4 * fine - coarse) / 3
    rounding = mpf(10) ** (20 - DIGITS) * abs(along(step)) / step
    if abs(slope) <= rounding:
        return mpf(0)
    assert abs(slope - fine) <= mpf(10) ** -20 * abs(slope), point
    return slope


# --- the functions ------------------------------------------------------------------------


def polynomials() -> Iterator[tuple[Any, ...]]:
    yield lambda m, x: x**3, 1.2
    yield lambda m, x: x * x, -0.7
    yield lambda m, x: 3.0 * x**4 - 2.0 * x + 1.0, 0.3
    yield lambda m, x: (x - 1.0) * (x - 2.0) * (x - 3.0) * (x - 4.0), 2.7
    yield lambda m, x: 1.0 / (1.0 + x * x), 0.6
    yield lambda m, x: (x * x - 1.0) / (x * x + 1.0), 2.0
    yield lambda m, x: x**10, 0.1
    yield lambda m, x: (x - 5.0) ** 2, 5.0
    yield lambda m, x: x**3, 0.0
    yield lambda m, x: (x - 5.0) ** 4, 5.001
    yield lambda m, x: x**2.5, 3.0
    yield lambda m, x: 2.0 * x + 3.0, 7.0
    yield lambda m, x: x * 0.0 + 5.0, 3.0
    yield lambda m, x: (x - 0.3) ** 2 * m.exp(x) + 1.0, 0.3


def hats() -> Iterator[tuple[Any, ...]]:
    for at in (120.3, 119.3, 125.0, 118.99):
        yield lambda m, x: m.relu(1.0 - abs(x - 120.0)), at
    for center in (120.0, -3e-12, 7e11, 0.02):
        for part in (1e-3, 1e-5, 1e-7, 1e-9):
            width = abs(center) * part

            def hat(m: Any, x: Any, center: float = center, width: float = width) -> Any:
                return m.relu(1.0 - abs(x - center) / width)

            yield hat, center + 0.3 * width
    yield lambda m, x: m.relu(x), 1e-4
    yield lambda m, x: m.relu(x), -1e-8
    yield lambda m, x: m.relu(x), 1e-13
    yield lambda m, x: abs(x - 1.0), 1.0 + 1e-9


def bumps() -> Iterator[tuple[Any, ...]]:
    for center in (2.0, 1e12, 5e-12):
        for part in (1e-3, 1e-6, 1e-9):
            width = center * part

            def gauss(m: Any, x: Any, center: float = center, width: float = width) -> Any:
                return m.exp(-(((x - center) / width) ** 2))

            def step(m: Any, x: Any, center: float = center, width: float = width) -> Any:
                return m.tanh((x - center) / width)

            yield gauss, center + 0.5 * width
            yield step, center - 0.3 * width
    for width in (1e-2, 1e-4, 1e-6):
        yield lambda m, x, w=width: 5.0 + 1e-3 * m.exp(-(((x - 2.0) / w) ** 2)), 2.0 + 0.4 * width
        yield lambda m, x, w=width: m.sigmoid((x + 40.0) / w), -40.0 + width


def poles() -> Iterator[tuple[Any, ...]]:
    for at in (1e-9, -1e-3, 1e6, 1e-12, 1e-150):
        yield lambda m, x: 1.0 / x, at
    yield lambda m, x: 1.0 / (x * x), 1e-9
    yield lambda m, x: 1.0 / m.sqrt(x), 1e-9
    for at in (1e-8, 1e-12, 1e12):
        yield lambda m, x: m.log(x), at
    yield lambda m, x: 1.0 / (x - 1.0), 1.0 + 1e-9
    yield lambda m, x: 1.0 / (x - 1.0), 1.0 - 1e-6
    yield lambda m, x: 1.0 / (x - 120.0), 120.001
    yield lambda m, x: m.tan(x), 1.5707
    yield lambda m, x: m.log(x - 3.0), 3.0 + 1e-7
    yield lambda m, x, y: 1.0 / m.sqrt(x * x + y * y), 1e-9, 2e-9


def oscillations() -> Iterator[tuple[Any, ...]]:
    for rate in (1e1, 1e3, 1e5, 1e7, 1e9):
        yield lambda m, x, rate=rate: m.sin(rate * x), 1.0
        yield lambda m, x, rate=rate: m.cos(rate * x), 0.3
    for at in (1e3, 1e6, 1e9, 1e12):
        yield lambda m, x: m.sin(x), at
    yield lambda m, x: m.sin(1.0 / x), 1e-3
    yield lambda m, x: m.sin(1.0 / x), 1e-6
    yield lambda m, x: x * m.sin(1e6 * x), 7.0
    yield lambda m, x: m.exp(-x) * m.sin(50.0 * x), 0.8
    yield lambda m, x: x + 1e-6 * m.sin(1e6 * x), 2.0
    yield lambda m, x: x + 1e-9 * m.sin(1e9 * x), 0.2
    yield lambda m, x: m.sin(x * x), 1e4
    yield lambda m, x: m.sin(m.exp(x)), 10.0


def sizes() -> Iterator[tuple[Any, ...]]:
    for size in (1e-300, 1e-20, 1e150):
        yield lambda m, x, size=size: size * m.sin(x), 1.0
    for size in (1e-12, 1e12):
        yield lambda m, x, size=size: (x / size) ** 3, 1.2 * size
    for at in (-300.0, -30.0, 300.0):
        yield lambda m, x: m.exp(x), at
    yield lambda m, x: x / 3.0, -1e-300
    yield lambda m, x: m.expm1(x), 1e-12
    yield lambda m, x: m.log1p(x), 1e-12
    yield lambda m, x: m.tanh(x), 7.0
    yield lambda m, x: m.tanh(1e12 * x), 1e-12
    yield lambda m, x: m.sigmoid(x), -40.0
    yield lambda m, x: m.softplus(x), -30.0
    yield lambda m, x: x * 1e300, 1e-300
    yield lambda m, x: m.atan(x), 1e6
    yield lambda m, x: m.cos(x), 1e-8
    yield lambda m, x: 1.0 + x, 1e-12


def cancellations() -> Iterator[tuple[Any, ...]]:
    for offset in (1e12, 1e9, 1e6):
        yield lambda m, x, offset=offset: (x + offset) - offset, 1.0
    yield lambda m, x: x + 1e13, 1.0
    yield lambda m, x: m.sin(x) + 1e3, 1.0
    yield lambda m, x: m.sin(x) + 1e6, 1.0
    yield lambda m, x: m.sin(x) + 1e13, 1.0
    yield lambda m, x: x * x + 1e8, 0.5
    yield lambda m, x: ((m.exp(x) * 5.0 + 10.0) - m.exp(x) * 5.0 - 10.0) + 1e-6 * x, 0.7
    yield lambda m, x: (1.0 - m.cos(x)) / (x * x), 1e-2
    yield lambda m, x: (1.0 - m.cos(x)) / (x * x), 1e-5
    yield lambda m, x: m.sqrt(x + 1.0) - m.sqrt(x), 1e6
    yield lambda m, x: m.sqrt(x + 1.0) - m.sqrt(x), 1e10
    yield lambda m, x: m.log(1.0 + x), 1e-6
    yield lambda m, x: (m.exp(x) - 1.0) / x, 1e-5
    yield lambda m, x: x - m.sin(x), 1e-3
    yield lambda m, x: (m.exp(x) - m.exp(-x)) / 2.0, 1e-4
    yield lambda m, x: x**3 - 3.0 * x * x + 3.0 * x - 1.0, 1.01
    yield lambda m, x: 1e8 * x - 1e8, 1.000001
    yield lambda m, x: m.sin(x) ** 2 + m.cos(x) ** 2, 0.8


def pieces() -> Iterator[tuple[Any, ...]]:
    yield lambda m, x: m.maximum(x, 2.0 * x - 1.0), 0.3
    yield lambda m, x: m.maximum(x, 2.0 * x - 1.0), 1.0001
    yield lambda m, x: m.clip(x, -1.0, 1.0) * x, 0.99
    yield lambda m, x: m.clip(x, -1.0, 1.0), 1.5
    yield lambda m, x: x if x < 1.0 else x * x, 0.999
    yield lambda m, x: x if x < 1.0 else x * x, 1.0 + 1e-6
    yield lambda m, x: m.elu(x, 1.5), -1e-6
    yield lambda m, x: abs(m.sin(x)), 3.1
    yield lambda m, x: m.minimum(m.sin(x), m.cos(x)), 0.785
    yield lambda m, x: m.mod(x, 1.0), 5.3
    yield lambda m, x: x - m.mod(x, 1.0), 0.5
    yield lambda m, x: 2.0 * x - x - (x if x < 3.0 else x - 1.0), 1.0
    yield lambda m, x: abs(m.mod(x, 2.0) - 1.0), 1000.3
    yield lambda m, x: m.max([x, 1.0 - x, x * x]), 0.7
    yield lambda m, x: 0.5 * x * x if abs(x) < 1.0 else abs(x) - 0.5, 0.9999


def compositions() -> Iterator[tuple[Any, ...]]:
    yield lambda m, x: m.sigmoid(m.tanh(3.0 * x)), 0.2
    yield lambda m, x: m.gelu(x) * m.silu(x), -0.7
    yield lambda m, x: m.erf(x) * m.exp(-x), 0.4
    yield lambda m, x: m.atan2(x, 1.0 + x * x), 1.3
    yield lambda m, x: m.hypot(x, 1e-3), 1e-3
    yield lambda m, x: m.asin(x), 0.999999
    yield lambda m, x: m.acos(x) * x, -0.99
    yield lambda m, x: m.acosh(x), 1.000001
    yield lambda m, x: m.atanh(x), 0.999
    yield lambda m, x: m.logaddexp(x, 2.0 * x), -3.0
    yield lambda m, x: m.logsumexp([x, 2.0 * x, x * x]), 700.0
    yield lambda m, x: m.softplus(100.0 * x), 0.01
    yield lambda m, x: m.sinh(x) / m.cosh(x), 2.0
    yield lambda m, x: m.erfc(x), 5.0
    yield lambda m, x: m.pow(x, x), 2.3
    yield lambda m, x: m.tanh(m.sqrt(m.log1p(x))), 1e-4
    yield lambda m, x: m.asinh(1e5 * x), 1e-5
    yield lambda m, x: m.logsigmoid(x), 35.0


def networks() -> Iterator[tuple[Any, ...]]:
    def neuron(m: Any, w: Any, v: Any, b: Any, x: float, y: float) -> Any:
        return m.tanh(w * x + v * y + b)

    for size in (1e-6, 1e-3, 1.0, 1e3):
        yield (
            lambda m, w, v, b, s=size: neuron(m, w, v, b, 2.0 * s, s),
            0.3 / size,
            -0.2 / size,
            0.1,
        )

    def xor(m: Any, activation: str, *w: Any) -> Any:
        total = 0.0
        for x, y, target in ((0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)):
            hidden = [getattr(m, activation)(w[i] * x + w[i + 1] * y + w[i + 2]) for i in (0, 3)]
            total = total + (w[6] * hidden[0] + w[7] * hidden[1] + w[8] - target) ** 2
        return total / 4.0

    weights = (0.5, -0.4, 0.1, -0.3, 0.8, -0.2, 0.7, 0.6, 0.05)
    for activation in ("tanh", "relu", "sigmoid", "gelu"):
        yield (lambda m, *w, a=activation: xor(m, a, *w), *weights)
    for scale in (1.0, 100.0):

        def entropy(m: Any, a: Any, b: Any, c: Any, scale: float = scale) -> Any:
            logits = [scale * a, scale * b, scale * c]
            return m.logsumexp(logits) - logits[1]

        yield entropy, 0.2, 0.1, -0.3
    yield lambda m, w, b: m.softplus(-(w * 3.0 + b)), 0.7, 0.0
    yield lambda m, w, b: m.relu(1.0 - (w * 3.0 + b)) + 0.01 * w * w, 0.2, 0.0

    def deep(m: Any, x: Any) -> Any:
        for _ in range(20):
            x = m.tanh(1.2 * x + 0.1)
        return x

    yield deep, 0.05
    yield lambda m, x: functools.reduce(lambda z, _: m.sin(3.0 * z), range(12), x), 0.4


def several() -> Iterator[tuple[Any, ...]]:
    yield lambda m, x, y: 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2, -1.2, 1.0
    yield lambda m, x, y: 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2, 1e3, 1e3
    yield lambda m, x, y: (x * x + y - 11.0) ** 2 + (x + y * y - 7.0) ** 2, 2.5, 2.5
    yield lambda m, x, y: m.hypot(x, y), 3e-9, 4e-9
    yield lambda m, x, y: m.atan2(x, y), 1e-8, 1e-7
    yield lambda m, x, y, z: x * y * z, 1e-6, 1.5, 1e6
    yield lambda m, x, y: x / y, 1e-9, 1e9
    yield lambda m, x, y: m.pow(x, y), 2.3, -1.7
    yield lambda m, x, y, z: m.exp(x - m.logsumexp([x, y, z])), 1.0, 0.5, -2.0
    yield lambda m, x, y, z: m.logsumexp([x, y, z]), 1000.0, 1001.0, 999.0
    yield lambda m, x, y: 1e-6 * x + 1e6 * y, 1.0, 2e-6
    yield lambda m, x, y: m.exp(-1e12 * ((x - 1.0) ** 2 + (y - 2.0) ** 2)), 1 + 5e-7, 2 - 3e-7
    yield lambda m, a, b, c, d: a * d - b * c, 1.0, 2.0, 3.0, 4.0
    yield lambda m, *xs: m.mean([x * x for x in xs]), 1e-3, 0.1, 10.0, 1e3


KINDS = {
    "polynomials and fractions": polynomials,
    "hats, and kinks nearby": hats,
    "narrow bumps and steps": bumps,
    "poles": poles,
    "oscillations": oscillations,
    "very large and very small": sizes,
    "cancellation": cancellations,
    "in pieces": pieces,
    "many operations": compositions,
    "neurons and losses": networks,
    "several inputs": several,
}
CASES = [Case(kind, f, tuple(map(float, at))) for kind, make in KINDS.items() for f, *at in make()]


def random_case(seed: int) -> Case:
    """A random program, stretched to random widths about random points, and scaled at random."""
    source = random.Random(seed)
    while True:
        try:
            program = build(source.randrange, longest=6)
        except UnusableError:
            continue
        if not near_kink(program):
            break
    at, widths = [], []
    for _ in program.inputs:
        x = source.choice([0.0, 1.0, -1.0]) * 10.0 ** source.uniform(-12.0, 12.0)
        low, high = (-9.0, 1.0) if x else (-12.0, 12.0)
        at.append(x)
        widths.append((abs(x) or 1.0) * 10.0 ** source.uniform(low, high))
    scale = 10.0 ** source.uniform(-20.0, 20.0)
    offset = source.choice([0.0, 0.0, 0.0, 1.0]) * 10.0 ** source.uniform(-3.0, 8.0)

    def f(m: Operations, *xs: Any) -> Any:
        points = zip(xs, at, widths, program.inputs, strict=True)
        inputs = [(x - center) / width + y for x, center, width, y in points]
        return (program.run(m.apply, inputs)[-1] + offset) * scale

    return Case("random", f, tuple(at))
