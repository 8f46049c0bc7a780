"""Formulas and names as LaTeX.

Holds: `latex`, for expressions, and `name`, for labels, which may hold anything.

May import: text.  Every piece also works in MathJax, which notebooks use.
"""

import ast
import re

from autodiff.words.text import printable

_FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan",
    "sinh": r"\sinh", "cosh": r"\cosh", "tanh": r"\tanh", "max": r"\max", "min": r"\min",
    "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan",
}  # fmt: skip
_GREEK = set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega".split()
)
# In a text these would be commands; as mathematics they are only signs.
_SIGNS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "^": r"\wedge ", "~": r"\sim ", "<": r"\mathord{<}",
    ">": r"\mathord{>}", "`": r"\text{'}",
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.Eq: "=", ast.NotEq: r"\ne",
}  # fmt: skip
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


def name(text: str) -> str:
    r"""A label as LaTeX: `w1` with an index, anything else as text in which nothing is a command.

    >>> name("w12"), name("theta"), name("50% off")
    ('w_{12}', '\\theta', '\\text{50}\\%\\text{ off}')
    """
    text = printable(text)
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d*)", text)
    if match and (len(match[1]) == 1 or match[1] in _GREEK):
        stem = match[1] if len(match[1]) == 1 else "\\" + match[1]
        return f"{stem}_{{{match[2]}}}" if match[2] else stem
    parts = re.split(r"([\\{}$&#_%^~<>`])", text)
    return "".join(_SIGNS.get(part, rf"\text{{{part}}}") for part in parts if part)


def latex(expression: ast.expr) -> str:
    """An expression of names, numbers, operators and functions."""
    return _write(expression)[0]


def _write(node: ast.expr) -> tuple[str, int]:
    """LaTeX, and how tightly it holds together."""
    match node:
        case ast.Name(id=text):
            return (r"\dots" if text == "..." else name(text)), _ATOM
        case ast.Constant(value=value):
            return _number(value), _ATOM
        case ast.UnaryOp(operand=operand):
            return "-" + _within(operand, _SIGN), _SUM
        case ast.BinOp():
            return _operation(node)
        case ast.Call(func=ast.Name(id=function), args=args):
            return _call(function, [latex(each) for each in args]), _ATOM
        case ast.IfExp(test=test, body=body, orelse=orelse):
            rows = rf"{latex(body)} & \text{{if }} {latex(test)} \\ {latex(orelse)} & \text{{else}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}", _ATOM
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            shown = latex(left)
            for op, each in zip(ops, comparators, strict=True):
                shown += f" {_COMPARE.get(type(op), '?')} {latex(each)}"
            return shown, _SUM
    return name(ast.unparse(node)), _ATOM


def _number(value: object) -> str:
    text = repr(value)
    if "e" in text:
        digits, _, exponent = text.partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}"
    return {"inf": r"\infty", "nan": r"\text{nan}"}.get(text, text)


def _within(node: ast.expr, least: int) -> str:
    text, bond = _write(node)
    return text if bond >= least else rf"\left({text}\right)"


def _operation(node: ast.BinOp) -> tuple[str, int]:
    match node.op:
        case ast.Div():
            return rf"\frac{{{latex(node.left)}}}{{{latex(node.right)}}}", _ATOM
        case ast.Pow():
            return f"{{{_within(node.left, _ATOM)}}}^{{{latex(node.right)}}}", _POWER
        case ast.Mult():
            left, right = _within(node.left, _PRODUCT), _within(node.right, _PRODUCT)
            return rf"{left} \cdot {right}", _PRODUCT
        case ast.Mod():
            return rf"{_within(node.left, _SIGN)} \bmod {_within(node.right, _SIGN)}", _PRODUCT
        case ast.Sub():
            return f"{_within(node.left, _SUM)} - {_within(node.right, _PRODUCT)}", _SUM
    right, bond = _write(node.right)
    if right.startswith("-") or bond < _SUM:
        right = rf"\left({right}\right)"
    return f"{_within(node.left, _SUM)} + {right}", _SUM


def _call(function: str, args: list[str]) -> str:
    inside = ", ".join(args)
    if function == "sqrt":
        return rf"\sqrt{{{inside}}}"
    if function == "abs":
        return rf"\left|{inside}\right|"
    command = _FUNCTIONS.get(function)
    if command is None:
        shown = "".join(_SIGNS.get(each, each) for each in printable(function))
        command = rf"\operatorname{{{shown}}}"
    return rf"{command}\left({inside}\right)"
