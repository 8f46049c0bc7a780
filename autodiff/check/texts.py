"""What the formulas of a rule say, compared with what the rule computes.

Holds: `false_texts`, which evaluates the texts at a point.  They are read with `ast`, never run.

May import: expression, ieee, rule, and report.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autodiff.check.report import Comparison
from autodiff.expression import ExpressionError, Reader
from autodiff.ieee import FUNCTIONS
from autodiff.rule import RULES, Rule

EPS = 2.0**-52
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def is_expression(rule: Rule, text: str) -> bool:
    """Whether a text of a rule claims to be a whole expression.

    What is written for any number of operands, as "x1 + x2 + ...", and what leaves something out,
    as "..." or "?" does, speaks to people alone.
    """
    return not (rule.variadic or "..." in text or "?" in text)


def false_texts(rule: Rule, xs: Sequence[float], tolerance: float) -> Iterator[Comparison]:
    """The texts of a rule that say something else at a point than the rule computes there.

    Args:
        rule: The rule.
        xs: The point, one number per operand.
        tolerance: The largest relative difference that agrees, dimensionless.
    """
    z = rule.apply(xs)
    names = {**dict(zip(rule.operands, xs)), "z": z}
    point = ", ".join(f"{name} = {x:.6g}" for name, x in zip(rule.operands, xs))
    claims = [("formula", rule.formula, z)]
    for name, text, number in zip(rule.operands, rule.derivatives, rule.local_partials(z, xs)):
        claims.append((f"formula of dz/d{name}", text, float(number)))
    for what, text, number in claims:
        if not is_expression(rule, text):
            continue
        reader, said = _Numbers(names), math.nan
        start = f"the {what} of rule {rule.name!r}, {text!r}, "
        try:
            said = float(reader.read(ast.parse(text.strip(), mode="eval").body))
            noise = 8.0 * EPS * reader.largest
            if said == number or (said != said and number != number):
                continue
            if abs(said - number) <= tolerance * max(abs(said), abs(number)) + noise < math.inf:
                continue
            reason = f"{start}gives {said:.10g} at {point}, where the rule computes {number:.10g}"
        except (SyntaxError, ExpressionError, RecursionError) as error:
            operands = "the operands" if what == "formula" else "z and the operands"
            why = error.msg if isinstance(error, SyntaxError) else error
            reason = (
                f"{start}cannot be evaluated, {why}: write an expression of {operands}, or '...'"
            )
        yield Comparison(f"{what} {text!r}", xs[0], number, said, 0.0, "differs", reason)


class _Numbers(Reader):
    """Evaluates a text with plain numbers, comparisons and choices included.

    Attributes:
        largest: The largest number met on the way: its last digits may be missing in the result.
    """

    def __init__(self, numbers: dict[str, float]) -> None:
        super().__init__(numbers)
        self.numbers, self.largest = numbers, 0.0

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.read(body if self.read(test) else other)
            case ast.Compare(left=left, ops=ops, comparators=rest) if all(
                type(op) in _COMPARISONS for op in ops
            ):
                found = [self.read(each) for each in (left, *rest)]
                return all(_COMPARISONS[type(op)](a, b) for op, a, b in zip(ops, found, found[1:]))
        number = super().read(node)
        self.largest = max(self.largest, abs(number)) if math.isfinite(number) else self.largest
        return number

    def _name(self, name: str) -> float:
        if name in self.numbers:
            return self.numbers[name]
        try:
            return float(super()._name(name))
        except ExpressionError:
            raise ExpressionError(f"{name!r} is neither an operand nor a constant") from None

    def _call(self, name: str, args: list[ast.expr]) -> Any:
        function = FUNCTIONS.get(name) or getattr(math, name, None)
        if name in RULES or not callable(function):
            return super()._call(name, args)
        try:
            return float(function(*[self.read(each) for each in args]))
        except (TypeError, ArithmeticError, ValueError) as error:
            raise ExpressionError(f"{name}: {error}") from None
