"""Expressions that a user typed, turned into a graph without ever being run as code.

Holds: `evaluate` and `assignments`, and `Reader`, which walks the tree.  Text is parsed with `ast`;
of what Python could say only numbers, names, arithmetic and calls of our own operations are let
through.

May import: operations, rule, value.
"""

import ast
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from autodiff.operations import FUNCTIONS
from autodiff.rule import RULES
from autodiff.value import Value

_LONGEST = 10_000
_OPERATORS = {
    ast.Add: ("add", "+"), ast.Sub: ("sub", "-"), ast.Mult: ("mul", "*"), ast.Div: ("div", "/"),
    ast.Mod: ("mod", "%"), ast.Pow: ("pow", "**"),
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}


class ExpressionError(ValueError):
    """The text is no expression that we take; the message says why, and what we take."""


def assignments(words: Iterable[str]) -> dict[str, float]:
    """`["x=2", "w=-3.5"]` as names and numbers.

    Raises:
        ExpressionError: If a word is not of this form, or a name is given twice.

    >>> assignments(["x=2", "w=-3.5"])
    {'x': 2.0, 'w': -3.5}
    """
    numbers: dict[str, float] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise ExpressionError(f"expected name=number, as x=2; got {word!r}")
        name = _spelled(name)
        if name in numbers:
            raise ExpressionError(f"{name} is given twice")
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ExpressionError(f"{name} must be a number, as {name}=2; got {text!r}") from None
    return numbers


def _spelled(name: str) -> str:
    """The name as Python's parser spells it: the micro sign as the letter mu, both the same to see.

    https://docs.python.org/3/reference/lexical_analysis.html#identifiers (normal form NFKC)
    """
    return unicodedata.normalize("NFKC", name)


def evaluate(text: str, numbers: Mapping[str, float]) -> Value:
    """The graph of an expression; the names become labelled leaves.

    Args:
        text: The expression, in Python's notation: `"tanh(x1*w1 + x2*w2 + b)"`.
        numbers: The number of each name.

    Raises:
        ExpressionError: If it is not such an expression, a name has no number, or a number has no
            use.

    >>> y = evaluate("x**2 + 1", {"x": 3.0})
    >>> y.backward()
    >>> y.data, y.parents[0].parents[0]
    (10.0, Value(data=3.0, grad=6.0, label='x'))
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression is longer than {_LONGEST} characters")
    spelled = {_spelled(name): number for name, number in numbers.items()}
    if len(spelled) < len(numbers):
        raise ExpressionError("a name is given twice, in two spellings that Python reads as one")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        reader = Reader(spelled)
        result = reader.read(tree)
    except SyntaxError as error:
        place = f" at character {error.offset}" if error.offset else ""
        raise ExpressionError(f"this is no expression: {error.msg}{place}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply") from None
    except ValueError as error:  # ExpressionError, a null character, or too many digits
        raise ExpressionError(str(error)) from None
    unused = sorted(set(spelled) - set(reader.leaves))
    if unused:
        raise ExpressionError(f"{', '.join(unused)}: given, but not in the expression")
    if not isinstance(result, Value):
        raise ExpressionError("there is no name in it, so nothing to differentiate: write x, x=2")
    return result


class Reader:
    """Turns a tree into a graph, piece by piece."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers
        self.leaves: dict[str, Value] = {}

    def read(self, node: ast.expr) -> Any:
        """A Value, or a float where no name occurs."""
        match node:
            case ast.Constant(value=bool() | complex() | str() | bytes() | None):
                pass
            case ast.Constant(value=int() | float() as number):
                return self._number(number)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return FUNCTIONS["neg"](self.read(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._operation(_OPERATORS[type(op)][0], left, right)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args)
        raise ExpressionError(
            f"{ast.unparse(node)[:60]!r} is not taken: write numbers, names, + - * / % ** and "
            "functions such as tanh(x)"
        )

    @staticmethod
    def _number(number: float) -> float:
        try:
            return float(number)
        except OverflowError:
            raise ExpressionError("a number is above 1.8e308") from None

    def _name(self, name: str) -> Value | float:
        if name in self._numbers:
            if name not in self.leaves:
                self.leaves[name] = Value(self._numbers[name], label=name)
            return self.leaves[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        raise ExpressionError(f"{name} has no number: add {name}=2")

    def _operation(self, name: str, left: ast.expr, right: ast.expr) -> Any:
        a, b = self.read(left), self.read(right)
        if name == "pow" and isinstance(a, Value) and isinstance(b, float):
            return a**b
        return FUNCTIONS[name](a, b)

    def _call(self, name: str, args: list[ast.expr]) -> Any:
        rule = RULES.get(name)
        if rule is None or name == "pow_const":
            known = ", ".join(sorted(set(RULES) - {"pow_const"}))
            raise ExpressionError(f"there is no function {name!r}; there is {known}")
        values = [
            [self.read(each) for each in arg.elts] if isinstance(arg, ast.List | ast.Tuple)
            else self.read(arg)
            for arg in args
        ]  # fmt: skip
        if rule.variadic and name != "dot" and not any(isinstance(each, list) for each in values):
            values = [values]  # max(a, b) as well as max([a, b])
        try:
            return FUNCTIONS[name](*values)
        except TypeError as error:
            raise ExpressionError(f"{name}: {error}") from None
