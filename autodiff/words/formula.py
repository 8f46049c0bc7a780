"""A rule's formulas, with names or numbers put in.

Holds: `value_formula` and `derivative_formula`, which give the Python expression of a node's value
and local derivatives, and `filled`, which replaces its names.  Formulas are read with `ast`, never
run.  What a rule says in words (`"the other factor"`) is worked out where that is easy, else left.

May import: text.  Knows of a node its Rule and how many operands it has.
"""

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

# The text of the derivative of a variadic rule that is no expression, as in dot and prod.
_MORE = re.compile(r"(?P<sep> [+*] |, )\.\.\.")


def parsed(text: str) -> ast.expr | None:
    """The expression, or None if the text is none."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def operand_names(rule: Any, count: int) -> tuple[str, ...]:
    """What the formulas call the operands: the rule's names, or x1, x2, ... (y1, y2, ...)."""
    if not rule.variadic:
        return tuple(rule.operands)
    if re.search(r"\by2\b", rule.formula):
        half = count // 2
        return tuple(f"{letter}{i + 1}" for letter in "xy" for i in range(half))
    return tuple(f"x{i + 1}" for i in range(count))


def value_formula(rule: Any, count: int) -> ast.expr | None:
    """The value of an operation on `count` operands; `...` is written out."""
    if not rule.variadic:
        return parsed(rule.formula)
    text = _written_out(rule.formula, len({name[1:] for name in operand_names(rule, count)}))
    return parsed(text) if text is not None else None


def _written_out(text: str, count: int) -> str | None:
    """`"x1 + x2 + ..."` with all of its terms."""
    more = _MORE.search(text)
    if more is None:
        return None
    before, after, sep = text[: more.start()], text[more.end() :], more["sep"]
    head, _, second = before.rpartition(sep)
    first = re.sub(r"\b([a-z])2\b", r"\g<1>1", second)
    if not head.endswith(first) or first == second:
        return None
    terms = [re.sub(r"\b([a-z])2\b", rf"\g<1>{i + 1}", second) for i in range(count)]
    text = head[: len(head) - len(first)] + sep.join(terms) + after
    return re.sub(r"\bn\b", str(count), text)


def derivative_formula(rule: Any, position: int, count: int) -> ast.expr | None:
    """The local derivative with respect to one operand, an expression of z and the operands."""
    if not rule.variadic:
        return parsed(rule.derivatives[position])
    own = operand_names(rule, count)[position]
    formula = value_formula(rule, count)
    if formula is not None and (product := _cofactor(formula, own)) is not None:
        return product
    text = re.sub(r"\bx\b", own, re.sub(r"\bn\b", str(count), rule.derivatives[0]))
    expression = parsed(text)
    known = {*operand_names(rule, count), "z", "exp", "log", "sqrt"}
    return expression if expression is not None and names_in(expression) <= known else None


def _cofactor(formula: ast.expr, name: str) -> ast.expr | None:
    """The derivative of a sum of products, in which `name` occurs once: what stands beside it."""
    if isinstance(formula, ast.Name):
        return ast.Constant(1) if formula.id == name else None
    if not isinstance(formula, ast.BinOp):
        return None
    left, right = _cofactor(formula.left, name), _cofactor(formula.right, name)
    if isinstance(formula.op, ast.Add):
        return left or right
    if isinstance(formula.op, ast.Mult) and (left or right):
        inner, other = (left, formula.right) if left else (right, formula.left)
        assert inner is not None
        if isinstance(inner, ast.Constant):
            return other
        pair = (inner, other) if left else (other, inner)
        return ast.BinOp(pair[0], ast.Mult(), pair[1])
    return None


def names_in(expression: ast.AST) -> set[str]:
    """All names in an expression, those of functions included."""
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


class _Filler(ast.NodeTransformer):
    def __init__(self, fill: Callable[[str], ast.expr | None]) -> None:
        self._fill = fill

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [_bare(self.visit(each)) for each in node.args], [])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(operand, ast.UnaryOp) and isinstance(operand.operand, ast.Constant):
            operand = ast.Name(f"({ast.unparse(operand)})")  # -(-3), not --3
        return ast.UnaryOp(node.op, operand)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._fill(node.id) or node


def _bare(argument: ast.expr) -> ast.expr:
    """A name without the parentheses that it needs elsewhere."""
    if isinstance(argument, ast.Name) and argument.id.startswith("("):
        return ast.Name(argument.id[1:-1])
    return argument


def filled(expression: ast.expr, values: dict[str, ast.expr]) -> ast.expr:
    """The expression with names replaced by expressions; functions keep theirs."""
    filler = _Filler(values.get)
    result: ast.expr = filler.visit(ast.parse(ast.unparse(expression), mode="eval").body)
    return result


def atom(text: str) -> ast.expr:
    """A name or a number as one unbreakable piece: a negative number in parentheses."""
    return ast.Name(f"({text})" if text.startswith("-") else text)


def atoms(names: Sequence[str], texts: Sequence[str]) -> dict[str, ast.expr]:
    """Names and the pieces to be put in their place."""
    return {name: atom(text) for name, text in zip(names, texts)}
