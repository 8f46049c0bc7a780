"""Checks of gradients against finite differences.

Holds: `gradcheck` for functions, `check_rule` for a rule of the table, and their report.  The
numeric derivative never looks at a rule, so the two sides share nothing but the function's values.

May import: rule, graph, context, value, operations, structure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autodiff.context import no_grad
from autodiff.graph import topological_order
from autodiff.operations import record
from autodiff.rule import RULES, Rule
from autodiff.structure import flatten
from autodiff.value import Value

EPS = 2.0**-52


@dataclass(frozen=True)
class Comparison:
    """One input: both derivatives, and the verdict `"agrees"`, `"differs"` or `"refused"`.

    Attributes:
        name: The input's label, else `input 0`, `input 1`, ...
        at: The input's value.
        analytic: The derivative that backward gives.
        numeric: The derivative by finite differences; nan if there is none.
        uncertainty: How far the numeric derivative may be off.
        verdict: `"agrees"`, `"differs"`, or `"refused"` where finite differences cannot judge.
        reason: Why it was refused.
    """

    name: str
    at: float
    analytic: float
    numeric: float
    uncertainty: float
    verdict: str
    reason: str = ""

    @property
    def difference(self) -> float:
        """|analytic - numeric|, relative to the larger of the two."""
        gap = abs(self.analytic - self.numeric)
        size = max(abs(self.analytic), abs(self.numeric))
        return gap / size if 0.0 < size < math.inf else gap

    def __str__(self) -> str:
        if self.verdict == "refused":
            return f"{self.name} = {self.at:.6g}: cannot judge, {self.reason}"
        return (
            f"{self.name} = {self.at:.6g}: analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, relative difference {self.difference:.1e}"
        )


@dataclass(frozen=True)
class Report:
    """The outcome of a check; true if every input was judged and agrees.

    Attributes:
        inputs: One Comparison per input.
    """

    inputs: tuple[Comparison, ...]

    def _having(self, verdict: str) -> list[Comparison]:
        return [each for each in self.inputs if each.verdict == verdict]

    @property
    def worst(self) -> Comparison:
        """The input that differs most; one that was refused if none differs."""
        for verdict in ("differs", "refused", "agrees"):
            if found := self._having(verdict):
                return max(found, key=lambda each: (each.difference, each.name))
        raise AssertionError("a report has at least one input")

    def __bool__(self) -> bool:
        return all(each.verdict == "agrees" for each in self.inputs)

    def __str__(self) -> str:
        total, worst = len(self.inputs), self.worst
        if worst.verdict == "differs":
            count = len(self._having("differs"))
            return f"gradcheck FAILED for {count} of {total} inputs; worst: {worst}"
        if worst.verdict == "refused":
            count = len(self._having("refused"))
            return f"gradcheck refused to judge {count} of {total} inputs; {worst}"
        return f"gradcheck passed for {total} of {total} inputs; worst: {worst}"

    __repr__ = __str__


def gradcheck(f: Callable[..., Any], inputs: Sequence[Any], tolerance: float = 1e-6) -> Report:
    """Compares the gradient that `backward` gives with central differences of `f`.

    Each input is moved up and down by a series of steps, and the differences are extrapolated to
    step 0 (Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982), which gives 9 to 12
    digits and an estimate of its own error.

    Args:
        f: A function of as many arguments as `inputs` has, returning a Value or a list of Values
            (of a list, a fixed weighted sum is checked).
        inputs: Numbers, lists or arrays of numbers; or Values, such as a model's parameters, which
            are moved in place and put back.
        tolerance: The largest relative difference that agrees, dimensionless.

    Returns:
        A report that is true if all inputs agree.  At a kink or a jump, outside the domain, and
        where rounding hides the change, it refuses to judge, is false, and says why.

    Raises:
        TypeError: If `f` does not return a Value.

    >>> from autodiff import Value, gradcheck
    >>> report = gradcheck(lambda x, y: x.tanh() * y, [0.5, -2.0])
    >>> bool(report)
    True
    >>> print(gradcheck(lambda x: x.relu(), [0.0]))
    gradcheck refused to judge 1 of 1 inputs; input 0 = 0: cannot judge, it is at a kink: the \
slope is 0 to the left and 1 to the right
    """
    flat, rebuild = flatten(list(inputs), "gradcheck")
    if not flat:
        raise ValueError("gradcheck needs at least one input")
    values = [x if isinstance(x, Value) else Value(x) for x in flat]
    arguments = rebuild(values)
    root = _scalar(f(*arguments))
    _, leaves = topological_order(root)
    saved = [(v, v._data, v._grad) for v in {*values, *leaves}]
    try:
        for v in values:
            v._grad = 0.0
        root.backward()
        analytic = [v._grad for v in values]
        with no_grad():
            compared = [
                _compare(
                    v.label or f"input {i}",
                    v,
                    slope,
                    lambda: _scalar(f(*arguments))._data,
                    tolerance,
                )
                for i, (v, slope) in enumerate(zip(values, analytic))
            ]
    finally:
        for v, data, grad in saved:
            v._data, v._grad = data, grad
    return Report(tuple(compared))


def check_rule(rule: Rule | str, points: int = 5, tolerance: float = 1e-6) -> Report:
    """`gradcheck` of one rule of the table, at several points of its sample box.

    Args:
        rule: A rule or its name.
        points: How many points, spread over the box.
        tolerance: As for `gradcheck`.

    >>> from autodiff.check import check_rule
    >>> bool(check_rule("tanh"))
    True
    """
    rule = RULES[rule] if isinstance(rule, str) else rule
    compared: list[Comparison] = []
    for k in range(points):
        # Irrational strides spread the points and keep them off kinks at round numbers.
        parts = [math.modf((k + 1) * 0.618034 + i * 0.414214)[0] for i in range(len(rule.sample))]
        xs = [low + (high - low) * part for (low, high), part in zip(rule.sample, parts)]
        free = [i for i, text in enumerate(rule.derivatives) if text != "0"] or range(len(xs))
        if rule.variadic:
            free = range(len(xs))

        def at_point(*moved: Value, xs: list[float] = xs, free: Any = free) -> Value:
            operands: list[Any] = list(xs)
            for i, value in zip(free, moved):
                operands[i] = value
            return record(rule, tuple(operands))

        compared.extend(gradcheck(at_point, [xs[i] for i in free], tolerance).inputs)
    return Report(tuple(compared))


def _scalar(output: Any) -> Value:
    """The output, or the weighted sum of a list of outputs."""
    flat, _ = flatten(output, "gradcheck(f) that returns Values")
    if not any(isinstance(each, Value) for each in flat):
        raise TypeError(
            "gradcheck needs a function that returns a Value, computed from its arguments; "
            f"this one returned {output!r}"
        )
    if len(flat) == 1:
        return flat[0]  # type: ignore[no-any-return]
    weighted: Value = sum((each * math.cos(i + 1.0) for i, each in enumerate(flat)), Value(0.0))
    return weighted


def _compare(
    name: str, v: Value, analytic: float, evaluate: Callable[[], float], tolerance: float
) -> Comparison:
    at = v._data

    def f(x: float) -> float:
        v._data = x
        try:
            return evaluate()
        finally:
            v._data = at

    noise = _noise(f, at)
    numeric, uncertainty = _ridders(f, at, noise)
    reason = _kink(f, at, noise)
    gap, size = abs(analytic - numeric), max(abs(analytic), abs(numeric))
    if not reason and not math.isfinite(numeric):
        reason = "the function is not finite on both sides of it"
    unsure = uncertainty > max(tolerance * size, 1e-9)
    contradicted = not gap <= 10.0 * uncertainty + tolerance * size  # nan contradicts too
    if not reason and unsure and not contradicted:
        reason = f"rounding hides the change (numeric {numeric:.3g} +- {uncertainty:.1g})"
    verdict = "refused" if reason else "differs" if contradicted else "agrees"
    return Comparison(name, at, analytic, numeric, uncertainty, verdict, reason)


def _noise(f: Callable[[float], float], x: float) -> float:
    """How far rounding moves f near x: more than the last digit of f, where it subtracts inside.

    Third differences over steps so small that a smooth function is straight show nothing but
    rounding (Hamming; More and Wild, "Estimating computational noise", 2011).
    """
    step = 1e-13 * max(1.0, abs(x))
    values = [f(x + i * step) for i in range(7)]
    third = [values[i + 3] - 3 * values[i + 2] + 3 * values[i + 1] - values[i] for i in range(4)]
    spread = math.sqrt(sum(d * d for d in third) / (4 * 20))
    return max(spread, EPS * abs(values[0])) if math.isfinite(spread) else 0.0


def _ridders(f: Callable[[float], float], x: float, noise: float) -> tuple[float, float]:
    """The derivative of f at x by extrapolated central differences, and its uncertainty."""
    best, least = math.nan, math.inf
    row: list[float] = []
    h = 0.1 * max(1.0, abs(x))
    for _ in range(30):
        up, down = x + h, x - h
        high, low = f(up), f(down)
        h /= 2.0
        if not (math.isfinite(high) and math.isfinite(low)):
            row = []  # outside the domain; a smaller step may be inside
            continue
        rounding = (2.0 * noise + EPS * (abs(high) + abs(low) + abs(high - low))) / (up - down)
        previous, row, power = row, [(high - low) / (up - down)], 1.0
        for old in previous[:6]:
            power *= 4.0
            row.append((power * row[-1] - old) / (power - 1.0))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + 2.0 * rounding
            if error < least:
                best, least = row[-1], error
        if least <= 1e-11 * abs(best):
            break
    return best, least


def _kink(f: Callable[[float], float], x: float, noise: float) -> str:
    """Why f has no derivative at x, as far as one-sided slopes show; `""` if they meet.

    Where f is smooth the gap between the slopes shrinks with the step, at a kink it stays, at a
    jump it grows.  The step is made smaller until the gap is gone, or rounding takes over.
    """
    middle, gaps, h = f(x), [], 1e-3 * max(1.0, abs(x))
    for _ in range(9):
        h /= 10.0
        high, low = f(x + h), f(x - h)
        right, left = (high - middle) / (x + h - x), (middle - low) / (x - (x - h))
        gap, slope = abs(right - left), max(abs(right), abs(left))
        rounding = (8.0 * noise + 8.0 * EPS * (abs(high) + abs(low))) / h
        if not math.isfinite(gap) or gap <= max(1e-4 * slope, rounding):
            return ""
        if rounding > 1e-2 * slope:
            break
        gaps.append(gap)
    if len(gaps) < 2 or gaps[-1] < 0.5 * gaps[-2]:
        return ""
    if gaps[-1] > 2.0 * gaps[-2]:
        return "it is at a jump of the function"
    return f"it is at a kink: the slope is {left:.3g} to the left and {right:.3g} to the right"
