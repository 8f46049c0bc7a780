"""A little algebra on formulas: `2(a - y)` is easier to read than `2 * (a - y) ** (2 - 1) * 1`.

Holds: `product` and `total`, which leave out what changes nothing; `settled`, which decides the
conditions in a formula at the numbers at hand; `simplified`, `shown` and `size`.

May import: the standard library.  Formulas are trees of `ast`; nothing is ever run.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
# `2 * (a - y)` is written `2(a - y)` where that cannot be misread.
_FACTOR = re.compile(r"(^-?|\(-?|[+-] )(\d+(?:\.\d+)?) \* \(")


def constant(x: float) -> ast.expr:
    """A number; whole numbers without a fraction."""
    whole = x.is_integer() and abs(x) < 1e15
    number = ast.Constant(int(abs(x)) if whole else abs(x))
    return ast.UnaryOp(ast.USub(), number) if x < 0 else number


def value_of(expression: ast.expr, values: Mapping[str, float] | None = None) -> float | None:
    """The number that an expression of numbers and known names is; None if it is none."""
    known = values or {}
    match expression:
        case ast.Constant(value=int() | float() as x):
            return float(x)
        case ast.Name(id=name):
            return known.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = value_of(operand, known)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            a, b = value_of(left, known), value_of(right, known)
            if a is None or b is None:
                return None
            try:
                result: object = _OPERATORS[type(op)](a, b)
            except ArithmeticError:
                return None
            return result if isinstance(result, float) else None  # (-8) ** 0.5 is complex
    return None


def is_number(expression: ast.expr) -> bool:
    """Whether an expression is a single number, perhaps with a sign."""
    inner = expression.operand if isinstance(expression, ast.UnaryOp) else expression
    return isinstance(inner, ast.Constant)


def settled(expression: ast.expr, values: Mapping[str, float]) -> ast.expr:
    """The expression without conditions: of each, the branch that holds at these numbers."""

    class Settler(ast.NodeTransformer):
        def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
            held = _holds(node.test, values)
            if held is None:
                return node
            branch: ast.expr = self.visit(node.body if held else node.orelse)
            return branch

    result: ast.expr = Settler().visit(expression)
    return result


def _holds(test: ast.expr, values: Mapping[str, float]) -> bool | None:
    if not isinstance(test, ast.Compare):
        number = value_of(test, values)
        return None if number is None else bool(number)
    numbers = [value_of(each, values) for each in (test.left, *test.comparators)]
    if None in numbers or any(type(op) not in _COMPARISONS for op in test.ops):
        return None
    return all(
        _COMPARISONS[type(op)](a, b)  # type: ignore[arg-type]
        for op, a, b in zip(test.ops, numbers, numbers[1:], strict=False)
    )


def product(a: ast.expr, b: ast.expr) -> ast.expr:
    """a * b, without factors of 1, and with the sign in front."""
    for one, other in ((a, b), (b, a)):
        number = value_of(one)
        if number == 1.0:
            return other
        if number == -1.0:
            return negated(other)
        if number == 0.0:
            return ast.Constant(0)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub):
            return negated(product(one.operand, other))
    for one, other in ((a, b), (b, a)):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div) and value_of(one.left) == 1.0:
            return ast.BinOp(other, ast.Div(), one.right)
    if value_of(b) is not None and value_of(a) is None:
        a, b = b, a
    return ast.BinOp(a, ast.Mult(), b)


def negated(a: ast.expr) -> ast.expr:
    """-a, the sign as far in front as it goes."""
    if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub):
        return a.operand
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult | ast.Div):
        return ast.BinOp(negated(a.left), a.op, a.right)
    return ast.UnaryOp(ast.USub(), a)


def total(a: ast.expr, b: ast.expr) -> ast.expr:
    """a + b, without terms of 0; twice the same is 2 * a."""
    for one, other in ((a, b), (b, a)):
        if value_of(one) == 0.0:
            return other
    if value_of(a) is not None and value_of(b) is not None:
        return simplified(ast.BinOp(a, ast.Add(), b))
    if ast.dump(a) == ast.dump(b):
        return product(ast.Constant(2), a)
    if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Add | ast.Sub):
        return ast.BinOp(total(a, b.left), b.op, b.right)
    positive = _unsigned(b)
    return ast.BinOp(a, ast.Add(), b) if positive is None else ast.BinOp(a, ast.Sub(), positive)


def _unsigned(a: ast.expr) -> ast.expr | None:
    """a without the sign in front of it; None if it has none."""
    if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub):
        return a.operand
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult | ast.Div):
        left = _unsigned(a.left)
        return None if left is None else ast.BinOp(left, a.op, a.right)
    return None


class _Simplifier(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        made = ast.BinOp(left, node.op, right)
        known = value_of(made)
        both = value_of(left) is not None and value_of(right) is not None
        if both and known is not None and known.is_integer() and abs(known) < 1e6:
            return constant(known)
        if isinstance(node.op, ast.Pow) and value_of(right) == 1.0:
            return left  # type: ignore[no-any-return]
        if isinstance(node.op, ast.Mult):
            return product(left, right)
        return made

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.USub):
            return negated(operand)
        return ast.UnaryOp(node.op, operand)


def simplified(expression: ast.expr) -> ast.expr:
    """The expression without `2 - 1`, `** 1` and `* 1`; what the user wrote stays as it is."""
    result: ast.expr = _Simplifier().visit(expression)
    return result


def size(expression: ast.AST) -> int:
    """How many pieces an expression has."""
    return sum(1 for _ in ast.walk(expression))


def shown(expression: ast.expr) -> str:
    """An expression as text.

    >>> shown(ast.parse("2 * (a - y)", mode="eval").body)
    '2(a - y)'
    """
    return _FACTOR.sub(r"\1\2(", ast.unparse(expression))
