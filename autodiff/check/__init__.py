"""Checks of gradients against finite differences.

Holds: `gradcheck` for functions, and `check_rule` for a rule of the table.  The numeric derivative
never looks at a rule's derivatives: the two sides share nothing but values.  In reading order:
`report` is what a check says; `ladder`, `singular` and `slope` find the slope of a function that
can only be called; `rounding` finds how far the last digits of a graph's nodes move its results;
`texts` evaluates the formulas that a rule is explained with.

May import: ieee, rule, graph, context, value, operations, structure, expression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autodiff.check.report import Comparison, Report, worst
from autodiff.check.rounding import noise_of_gradients, noise_of_values
from autodiff.check.slope import Slope, slope_of
from autodiff.check.texts import false_texts
from autodiff.context import no_grad
from autodiff.graph import topological_order
from autodiff.operations import record
from autodiff.rule import RULES, Rule
from autodiff.structure import flatten
from autodiff.value import Value, as_float

__all__ = ["Comparison", "Report", "check_rule", "gradcheck"]


def gradcheck(f: Callable[..., Any], inputs: Any, tolerance: float = 1e-6) -> Report:
    """Compares the gradient that `backward` gives with finite differences of `f`.

    Each input is moved up and down by steps that grow from the spacing of the numbers there, and
    the slopes are extrapolated to step 0.  That gives a slope and a bound on its error: a gradient
    beyond the bound is wrong; one within it is right, if the bound is small enough to tell
    (docs/gradcheck.md).

    Args:
        f: A function of as many arguments as `inputs` has, returning a Value or a list of Values,
            each of which is checked.
        inputs: Numbers, lists or arrays of numbers; or Values, such as a model's parameters, which
            are moved in place and put back.  A single number stands for itself.
        tolerance: The largest relative difference that agrees, dimensionless, between 0 and 1.

    Returns:
        A report that is true if all inputs agree.  At a kink or a jump, outside the domain, where
        rounding hides the change, and where a second call gives another value, it refuses to
        judge, is false, and says why.  `f` is called 30 to 60 times per input, at most 160 times;
        several outputs share their calls.

    Raises:
        TypeError: If `f` is no function, or does not return a Value.
        ValueError: If there is no input, or `tolerance` is not between 0 and 1.

    >>> from autodiff import Value, gradcheck
    >>> report = gradcheck(lambda x, y: x.tanh() * y, [0.5, -2.0])
    >>> bool(report)
    True
    >>> print(gradcheck(lambda x: x.relu(), 0.0))
    gradcheck refused to judge 1 of 1 inputs; input 0 = 0: cannot judge, it is at a kink: the \
slope is 0 to the left and 1 to the right
    """
    if not callable(f):
        raise TypeError(f"gradcheck takes the function first, then its inputs; not {f!r}")
    if not 0.0 < as_float(tolerance, "gradcheck(tolerance)") < 1.0:
        raise ValueError(f"gradcheck takes a tolerance between 0 and 1, say 1e-6; not {tolerance}")
    several = isinstance(inputs, Iterable) and getattr(inputs, "shape", None) != ()
    flat, rebuild = flatten(list(inputs) if several else [inputs], "gradcheck")
    if not flat:
        raise ValueError("gradcheck needs at least one input")
    values = [x if isinstance(x, Value) else Value(x) for x in flat]
    arguments = rebuild(values)
    outputs = _outputs(f(*arguments))
    _, leaves = topological_order(*outputs)
    saved = [(v, v._data, v._grad) for v in {*values, *leaves}]
    try:
        noises = noise_of_values(outputs)
        claims = [_claims(output, values, noise) for output, noise in zip(outputs, noises)]
        expected = [output._data for output in outputs]
        with no_grad():
            compared = [
                _Line(v, lambda: _outputs(f(*arguments)), expected).compared(
                    v.label or f"input {i}", [claim[i] for claim in claims], tolerance
                )
                for i, v in enumerate(values)
            ]
    finally:
        for v, data, grad in saved:
            v._data, v._grad = data, grad
    return Report(tuple(compared))


def check_rule(rule: Rule | str, points: int = 5, tolerance: float = 1e-6) -> Report:
    """`gradcheck` of one rule of the table, and of its formulas, at points of its sample box.

    The texts of its value and of its derivatives are evaluated too, and must give what the rule
    computes.  Those of a rule for any number of operands, and what holds "...", are for people.

    Args:
        rule: A rule or its name.
        points: How many points, spread over the box.
        tolerance: As for `gradcheck`; of the texts, the largest relative difference.

    Returns:
        A report that is true if all derivatives agree and no text says something else.

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
        compared.extend(false_texts(rule, tuple(xs), tolerance))
    return Report(tuple(compared))


@dataclass(frozen=True)
class _Claim:
    """What the graph says of one output and one input.

    Attributes:
        derivative: The derivative of the output by the input.
        drift: How far rounding may have moved it.
        noise: How far rounding may move the output.
    """

    derivative: float
    drift: float
    noise: float


def _claims(output: Value, inputs: Sequence[Value], noise: float) -> list[_Claim]:
    """The claim about each input that `output.backward()` makes."""
    for v in inputs:
        v._grad = 0.0
    output.backward()
    gradient = [v._grad for v in inputs]
    drifts = noise_of_gradients(output, inputs, gradient)
    return [_Claim(slope, drift, noise) for slope, drift in zip(gradient, drifts)]


def _outputs(returned: Any) -> list[Value]:
    """What the function returned, as a flat list of Values."""
    flat, _ = flatten(returned, "gradcheck(f) that returns Values")
    if not any(isinstance(each, Value) for each in flat):
        raise TypeError(
            "gradcheck needs a function that returns a Value, computed from its arguments; "
            f"this one returned {returned!r}"
        )
    return [each if isinstance(each, Value) else Value(each) for each in flat]


class _Line:
    """The outputs along the line on which one input moves; each point is computed once."""

    def __init__(self, v: Value, call: Callable[[], list[Value]], expected: list[float]) -> None:
        self.v, self.at, self.call, self.expected = v, v._data, call, expected
        self.known: dict[float, list[float]] = {}

    def compute(self, x: float) -> list[float]:
        self.v._data = x
        try:
            outputs = [output._data for output in self.call()]
        except ArithmeticError:  # 1 / 0 of plain numbers, or an inf under detect_anomaly
            return [math.nan] * len(self.expected)
        finally:
            self.v._data = self.at
        if len(outputs) != len(self.expected):
            raise ValueError(
                "gradcheck needs a function that returns as many outputs every time; this one "
                f"returned {len(self.expected)} and then {len(outputs)}"
            )
        return outputs

    def output(self, j: int) -> Callable[[float], float]:
        """Output j as a function of the input."""

        def f(x: float) -> float:
            if x not in self.known:
                self.known[x] = self.compute(x)
            return self.known[x][j]

        return f

    def compared(self, name: str, claims: Sequence[_Claim], tolerance: float) -> Comparison:
        """The verdict on this input; of several outputs, on the one that is worst."""
        if reason := self.unsteady([(self.at, self.expected)]):
            return Comparison(
                name, self.at, claims[0].derivative, math.nan, math.inf, "refused", reason
            )
        found = []
        for j, claim in enumerate(claims):
            slope = slope_of(self.output(j), self.at, claim.noise, tolerance)
            which = name if len(claims) == 1 else f"output {j} by {name}"
            found.append(_judged(which, self.at, claim, slope, tolerance))
        verdict = worst(found)
        if verdict.verdict != "agrees":
            reason = self.unsteady(list(self.known.items())[:8])
            return replace(verdict, verdict="refused", reason=reason) if reason else verdict
        return verdict

    def unsteady(self, points: Iterable[tuple[float, list[float]]]) -> str:
        """Whether another call at one of these points gives other outputs than it gave then."""
        for x, before in points:
            for old, new in zip(before, self.compute(x)):
                if not (old == new or (math.isnan(old) and math.isnan(new))):
                    return (
                        "the function is not deterministic: two calls at the same point gave "
                        f"{old!r} and {new!r}; fix what it draws at random, or remembers"
                    )
        return ""


def _judged(name: str, at: float, claim: _Claim, slope: Slope, tolerance: float) -> Comparison:
    """The verdict on one output and one input."""
    analytic, numeric = claim.derivative, slope.value
    gap, size = abs(analytic - numeric), max(abs(analytic), abs(numeric))
    blur = slope.uncertainty + claim.drift
    # A slope that is nothing beside those around it needs few digits, or none if it may be 0; where
    # the function never moves, only what the graph itself computes as 0 may be.
    unseen = abs(analytic) <= (blur if slope.scale else claim.drift) or blur <= 1e-3 * size
    negligible = unseen and blur <= 1e-9 * (slope.scale or 1.0)
    contradicted = not gap <= 3.0 * blur + tolerance * size or not math.isfinite(analytic)
    settled = blur <= tolerance * size or negligible
    if slope.reason or math.isnan(numeric):
        verdict, reason = "refused", slope.reason or slope.limit
    elif contradicted and not 0.0 < abs(analytic) <= slope.hidden:
        verdict, reason = "differs", ""
    else:
        fine = settled and not contradicted
        verdict, reason = ("agrees", "") if fine else ("refused", slope.limit)
        if reason and blur < 0.01 * size:
            enough = 10.0 ** math.ceil(math.log10(blur / size))
            reason += f"; a tolerance of {enough:.0e} would do"
    return Comparison(name, at, analytic, numeric, blur, verdict, reason)
