"""Random programs of all operations, and what runs them: floats, Values, mpmath and PyTorch.

A program is a list of steps.  A step is a rule's name and its operands: an int is the place of an
earlier number (the inputs come first, then the result of each step), a float is a constant.  The
last step's result is the program's.  Operands are kept inside the sample box of their rule, by
folding numbers that lie outside into it, so a rule that joins the table joins the programs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mpmath
from hypothesis import assume, reject
from hypothesis import strategies as st
from mpmath import mpf

import autodiff
from autodiff.rule import RULES, Rule
from tests.autodiff.references import evaluate, free, own_rounding, slope, ulp

EPS = 2.0**-52
DIGITS = 60

Apply = Callable[[str, list[Any]], Any]


@dataclass(frozen=True)
class Step:
    """One operation.

    Attributes:
        rule: The rule's name.
        operands: For each operand the place of an earlier number, or a constant.
    """

    rule: str
    operands: tuple[int | float, ...]

    def variable(self) -> list[int]:
        """Which operands are earlier numbers."""
        return [i for i, each in enumerate(self.operands) if isinstance(each, int)]


@dataclass(frozen=True)
class Program:
    """Inputs, and the steps that compute one number from them."""

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(
        self, apply: Apply, inputs: Sequence[Any], constant: Callable[[float], Any] = float
    ) -> list[Any]:
        """All numbers, inputs first, by `apply(name, operands)`; `constant` makes constants."""
        numbers = list(inputs)
        for step in self.steps:
            operands = [
                numbers[each] if isinstance(each, int) else constant(each) for each in step.operands
            ]
            numbers.append(apply(step.rule, operands))
        return numbers


# --- what runs a program ------------------------------------------------------------------


def on_floats(name: str, operands: list[Any]) -> float:
    """By the rule alone."""
    return RULES[name].apply(operands)


def on_values(name: str, operands: list[Any]) -> Any:
    """As a user of the package writes it."""
    if name == "pow_const":
        return operands[0] ** operands[1]
    if name == "dot":
        half = len(operands) // 2
        return autodiff.dot(operands[:half], operands[half:])
    function = getattr(autodiff, name)
    return function(operands) if RULES[name].variadic else function(*operands)


def in_mpmath(name: str, operands: list[Any]) -> Any:
    """By the textbook formula, with as many digits as mpmath is set to."""
    return evaluate(RULES[name], operands)


@functools.cache
def torch_operations() -> dict[str, Callable[..., Any]]:
    """PyTorch's operations, by our names, for tensors; a list for variadic ones."""
    import torch

    same = """abs acos acosh add asin asinh atan atan2 atanh cos cosh div erf erfc exp expm1 hypot
    log log10 log1p log2 logaddexp maximum minimum mul neg pow relu sigmoid sin sinh sqrt sub tan
    tanh"""
    functional, stack = torch.nn.functional, torch.stack
    return {name: getattr(torch, name) for name in same.split()} | {
        "identity": torch.clone,
        "pow_const": torch.pow,
        "mod": torch.remainder,
        "clip": torch.clamp,
        "where": lambda c, a, b: torch.where(c != 0, a, b),
        "logsigmoid": functional.logsigmoid,
        "softplus": functional.softplus,
        "gelu": functional.gelu,
        "silu": functional.silu,
        "leaky_relu": lambda x, slope: torch.where(x > 0, x, slope * x),
        "elu": lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(x)),
        "sum": lambda xs: stack(xs).sum(),
        "mean": lambda xs: stack(xs).mean(),
        "prod": lambda xs: stack(xs).prod(),
        "max": lambda xs: stack(xs).amax(),
        "min": lambda xs: stack(xs).amin(),
        "logsumexp": lambda xs: torch.logsumexp(stack(xs), 0),
        "dot": lambda xs: torch.dot(stack(xs[: len(xs) // 2]), stack(xs[len(xs) // 2 :])),
    }


def in_torch(name: str, operands: list[Any]) -> Any:
    """By PyTorch, on tensors of one double each."""
    function = torch_operations()[name]
    return function(operands) if RULES[name].variadic else function(*operands)


# --- what makes programs ------------------------------------------------------------------


# Chooses one of n things: a number from 0 to n - 1.
Pick = Callable[[int], int]


class UnusableError(Exception):
    """A program that computes something that is not a finite number."""


def _inside(pick: Pick, low: float, high: float) -> float:
    """A number of an interval, away from its ends and its middle, where kinks are."""
    return low + (high - low) * ((pick(1000) + 0.31) / 1000.0)


class _Builder:
    """A program while it is chosen: its steps, and the numbers they give."""

    def __init__(self, pick: Pick, inputs: Sequence[float]) -> None:
        self.pick, self.inputs, self.steps = pick, tuple(inputs), list[Step]()
        self.numbers, self.used = list(inputs), set[int]()

    def step(self, name: str, *operands: int | float) -> int:
        """Adds a step; the place of its result."""
        result = on_floats(
            name, [self.numbers[each] if isinstance(each, int) else each for each in operands]
        )
        if not math.isfinite(result):
            raise UnusableError(name)
        self.steps.append(Step(name, operands))
        self.used.update(each for each in operands if isinstance(each, int))
        self.numbers.append(result)
        return len(self.numbers) - 1

    def operand(self, low: float, high: float) -> int | float:
        """The place of a number inside the interval, folded into it if need be; or a constant."""
        if self.pick(5) == 0:
            return _inside(self.pick, low, high)
        place = self.pick(len(self.numbers))
        if low <= self.numbers[place] <= high:
            return place
        fold = self.step("mul", self.step("sin", place), 0.49 * (high - low))
        return self.step("add", fold, 0.5 * (low + high))

    def apply(self, rule: Rule) -> int:
        """Adds a rule on drawn operands."""
        operands: list[int | float] = []
        for i, (low, high) in enumerate(rule.sample):
            if i in free(rule):
                operands.append(self.operand(low, high))
            else:  # a constant, such as an exponent or a condition: the ends matter
                ends = (float(low), float(high), _inside(self.pick, low, high))
                operands.append(ends[self.pick(3)])
        return self.step(rule.name, *operands)


def build(pick: Pick, names: Sequence[str] = (), last: str = "", longest: int = 10) -> Program:
    """A program of the rules `names`, as `pick` chooses.

    Args:
        pick: Chooses.
        names: The rules to choose from; all, if left out.
        last: A rule that the program must hold; it is put at the end.
        longest: The largest number of rules, not counting what folds and what adds up.

    Raises:
        UnusableError: If a number is not finite.
    """
    names = list(names) or list(RULES)
    builder = _Builder(pick, [_inside(pick, -2.0, 2.0) for _ in range(1 + pick(4))])
    for _ in range(pick(longest + 1) if last else 1 + pick(longest)):
        builder.apply(RULES[names[pick(len(names))]])
    if last:
        builder.apply(RULES[last])
    # Everything counts: what no step has used is added up at the end.
    unused = [i for i in range(len(builder.numbers)) if i not in builder.used]
    if len(unused) > 1:
        builder.step("sum", *unused)
    return Program(builder.inputs, tuple(builder.steps))


@st.composite
def programs(
    draw: Callable[..., Any], names: Sequence[str] = (), last: str = "", longest: int = 10
) -> Program:
    """Programs as `build` makes them, chosen by hypothesis, each away from kinks and jumps."""
    try:
        program = build(lambda n: draw(st.integers(0, n - 1)), names, last, longest)
    except UnusableError:
        reject()
    assume(not near_kink(program))
    return program


def near_kink(program: Program) -> bool:
    """Whether the value or the slope of a step jumps within 1e-9 of its operands."""
    return any(_near_kink(step, numbers) for step, numbers in _in_floats(program))


def _in_floats(program: Program) -> list[tuple[Step, list[float]]]:
    """Each step with its operands' numbers."""
    numbers = program.run(on_floats, program.inputs)
    return [
        (step, [numbers[each] if isinstance(each, int) else each for each in step.operands])
        for step in program.steps
    ]


def _near_kink(step: Step, xs: list[float]) -> bool:
    """Whether the value or the slope of a step jumps within 1e-9 of its operands."""
    rule = RULES[step.rule]
    if rule.smooth:
        return False
    with mpmath.workdps(DIGITS):
        point, exact = [mpf(x) for x in xs], functools.partial(evaluate, rule)
        for i in step.variable():
            found = []
            for shift in (-1e-9, 0.0, 1e-9):
                moved = list(point)
                moved[i] += shift
                found.append((slope(exact, moved, i, mpf(10) ** -20), exact(moved)))
            slopes, values = zip(*found, strict=True)
            size = 1 + max(map(abs, slopes))
            if max(slopes) - min(slopes) > 1e-6 * size:
                return True
            if max(values) - min(values) > 1e-8 * size:
                return True
    return False


# --- what is true, and how far off rounding may lead --------------------------------------


@functools.lru_cache(maxsize=1)
def true_value_and_gradient(program: Program) -> tuple[Any, list[Any]]:
    """In mpmath, the gradient by differences of the whole program; both right to 30 digits."""
    with mpmath.workdps(DIGITS):

        def whole(inputs: Sequence[Any]) -> Any:
            return program.run(in_mpmath, inputs, constant=mpf)[-1]

        inputs, step = [mpf(x) for x in program.inputs], mpf(10) ** -20
        return whole(inputs), [slope(whole, inputs, i, step) for i in range(len(inputs))]


def is_sharp(program: Program) -> bool:
    """Whether the bounds of a program are narrow enough to say something."""
    value_bound, bounds = rounding_bounds(program)
    value, gradient = true_value_and_gradient(program)
    return value_bound <= 1e-9 * (1 + abs(value)) and all(
        bound <= 1e-8 * (1 + abs(g)) for bound, g in zip(bounds, gradient, strict=True)
    )


@functools.lru_cache(maxsize=1)
def rounding_bounds(program: Program) -> tuple[float, list[float]]:
    """How far value and gradient may be off if every rule is as exact as its own test demands.

    One sweep forward carries the bounds of the values, one sweep back those of the gradients: each
    is the operands' bounds times absolute partials, plus what the step itself rounds.  Terms of
    second order are left out; the result is doubled for them.
    """
    with mpmath.workdps(DIGITS):
        numbers = program.run(in_mpmath, [mpf(x) for x in program.inputs], constant=mpf)
        steps = [(step, _Local.of(step, numbers)) for step in program.steps]
    n = len(program.inputs)
    error = [0.0] * n
    for step, local in steps:
        carried = sum(abs(d) * error[step.operands[i]] for i, d in local.first.items())
        error.append(local.value_rounding + carried)
    gradient, unsure = [0.0] * len(numbers), [0.0] * len(numbers)
    gradient[-1] = 1.0
    for k in reversed(range(len(steps))):
        step, local = steps[k]
        incoming, doubt = gradient[n + k], unsure[n + k]
        for i, d in local.first.items():
            partial = local.partial_rounding[i] + sum(
                abs(local.second[i, j]) * error[step.operands[j]] for j in local.first
            )
            place = step.operands[i]
            gradient[place] += incoming * d
            unsure[place] += doubt * abs(d) + abs(incoming) * partial
            unsure[place] += EPS * (abs(incoming * d) + abs(gradient[place]))
    return 2.0 * error[-1], [2.0 * each for each in unsure[:n]]


class _Local(NamedTuple):
    """What one step does near its point.

    Attributes:
        first: The partial for each operand that is a number of the program.
        second: The derivative of partial i for operand j, constants included.
        value_rounding: How far the step's own arithmetic may move its value.
        partial_rounding: The same for each partial.
    """

    first: dict[int, float]
    second: dict[tuple[int, int], float]
    value_rounding: float
    partial_rounding: dict[int, float]

    @classmethod
    def of(cls, step: Step, numbers: Sequence[Any]) -> _Local:
        rule, h = RULES[step.rule], mpf(10) ** -15
        point = [numbers[each] if isinstance(each, int) else mpf(each) for each in step.operands]
        sizes = [abs(float(x)) for x in point]
        exact = functools.partial(evaluate, rule)

        def along(function: Callable[..., Any]) -> list[float]:
            return [float(slope(function, point, j, h)) for j in range(len(point))]

        def rounding(number: Any, slopes: list[float]) -> float:
            spread = sum(size * abs(d) for size, d in zip(sizes, slopes, strict=True))
            return 4.0 * ulp(number) + 2.0 * EPS * spread

        slopes = along(exact)
        first = {i: slopes[i] for i in step.variable()}
        rows = {i: along(functools.partial(slope, exact, i=i, step=h)) for i in first}
        xs = [float(x) for x in point]
        return cls(
            first,
            {(i, j): d for i, row in rows.items() for j, d in enumerate(row)},
            rounding(exact(point), slopes),
            {i: max(own_rounding(rule, xs, i), rounding(first[i], row)) for i, row in rows.items()},
        )
