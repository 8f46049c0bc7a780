"""The two passes, line by line, as data for every form of the explanation.

Holds: `Forward`, `Backward`, `Row` and `Trace`, which works all lines of a graph out.

May import: algebra, formula, names, trace, text.  Never formats a table.
"""

import ast
from dataclasses import dataclass, field
from typing import Any

from autodiff.value import operand_numbers
from autodiff.words.algebra import constant, settled, simplified
from autodiff.words.formula import derivative_formula, filled, operand_names, value_formula
from autodiff.words.names import names, term
from autodiff.words.text import number
from autodiff.words.trace import Step, backward_steps, order

# A formula of more operands is not written out.
_MOST_OPERANDS = 12


@dataclass
class Backward:
    """One addition of the backward pass.

    Attributes:
        step: The numbers.
        place: Which addition it is, from 1.
        result: The name of the node whose gradient is passed on.
        operand: The name of the node that receives it.
        derivative: d(result)/d(operand) in names; None if the rule only says it in words.
        numbers: The same with numbers put in.
    """

    step: Step
    place: int
    result: str
    operand: str
    derivative: ast.expr | None
    numbers: ast.expr | None


@dataclass
class Row:
    """A node: its line of the forward pass, and what it passes on in the backward pass.

    Attributes:
        name: What it is called.
        formula: Its value in names; None for a leaf.
        numbers: The same with numbers put in.
        value: Its value.
        gradient: Its gradient at the end of the backward pass.
        passed: What it passes on, in order.
    """

    name: str
    formula: ast.expr | None
    numbers: ast.expr | None
    value: float
    gradient: float
    passed: list[Backward] = field(default_factory=list)


class Trace:
    """Both passes of a graph.

    Args:
        root: The Value at the end.
        spec: The format of numbers.
        most: How many rows are worked out; the last ones, nearest to the root.

    Attributes:
        rows: In the order of the forward pass.
        left_out: How many nodes have no row.
        nodes: All nodes, in the order of the forward pass.
        names: The name of each node, by id.
        steps: All additions of the backward pass.
    """

    def __init__(self, root: Any, spec: str, most: int) -> None:
        self.root, self._spec = root, spec
        self.nodes = order(root)
        self.names = names(self.nodes)
        self.steps = backward_steps(root)
        self.grads = {id(root): 1.0} | {id(each.operand): each.total for each in self.steps}
        self.left_out = max(0, len(self.nodes) - most)
        chosen = self.nodes[self.left_out :]
        rows = {id(node): self._row(node) for node in chosen}
        for place, step in enumerate(self.steps, 1):
            row = rows.get(id(step.node))
            if row is not None:
                row.passed.append(self._backward(step, place))
        self.rows = list(rows.values())

    def show(self, x: float) -> str:
        """A number in the format asked for."""
        return number(x, self._spec)

    def texts(self, node: Any) -> list[str]:
        """What the operands are called; plain numbers by their value."""
        return [
            self.show(x) if x.__class__ is float else term(self.names[id(x)]) for x in node.operands
        ]

    def _row(self, node: Any) -> Row:
        formula = numbers = None
        if node.op:
            formula = self.formula(node, [piece(text) for text in self.texts(node)])
            numbers = self.formula(node, [piece(self.show(x)) for x in operand_numbers(node)])
        gradient = self.grads.get(id(node), 0.0)
        return Row(self.names[id(node)], formula, numbers, node.data, gradient)

    def formula(self, node: Any, operands: list[ast.expr], decided: bool = False) -> ast.expr:
        """The value of a node with these operands put in, its conditions perhaps decided."""
        count = len(operands)
        formula = value_formula(node._rule, count) if count <= _MOST_OPERANDS else None
        if formula is None:
            shown = operands if count <= _MOST_OPERANDS else [*operands[:3], piece("...")]
            return ast.Call(ast.Name(node._rule.name), shown, [])
        if decided:
            formula = self.decided(node, formula)
        called = operand_names(node._rule, count)
        return filled(formula, dict(zip(called, operands, strict=True)))

    def decided(self, node: Any, formula: ast.expr) -> ast.expr:
        """A formula of the rule's own names with its conditions decided by the node's numbers."""
        called = operand_names(node._rule, len(node.operands))
        known = {**dict(zip(called, operand_numbers(node), strict=True)), "z": node._z}
        return settled(filled(formula, {}), known)

    def derivative(self, node: Any, position: int) -> ast.expr | None:
        """d(node)/d(operand) in the rule's own names, plain numbers put in; None if unknown."""
        count = len(node.operands)
        if count > 4 * _MOST_OPERANDS:
            return None
        formula = derivative_formula(node._rule, position, count)
        if formula is None:
            return None
        called = operand_names(node._rule, count)
        numbers = {
            name: piece(self.show(x)) for name, x in zip(called, node.operands, strict=True)
            if x.__class__ is float
        }  # fmt: skip
        return simplified(filled(self.decided(node, formula), numbers))

    def put_in(
        self, formula: ast.expr, node: Any, operands: list[ast.expr], z: ast.expr
    ) -> ast.expr:
        """A derivative with these operands and this value in the place of the rule's names."""
        called = operand_names(node._rule, len(operands))
        return filled(formula, {**dict(zip(called, operands, strict=True)), "z": z})

    def _backward(self, step: Step, place: int) -> Backward:
        node = step.node
        result, operand = self.names[id(node)], self.names[id(step.operand)]
        formula = self.derivative(node, step.position)
        if formula is None:  # perhaps of a node so wide that each operand must not look at all
            return Backward(step, place, result, operand, None, None)
        in_names = [piece(text) for text in self.texts(node)]
        in_numbers = [piece(self.show(x)) for x in operand_numbers(node)]
        return Backward(
            step, place, result, operand,
            self.put_in(formula, node, in_names, piece(term(result))),
            self.put_in(formula, node, in_numbers, piece(self.show(node._z))),
        )  # fmt: skip


def piece(text: str) -> ast.expr:
    """A name, or a number, as a part of a formula."""
    if text[-1].isdigit() and text.lstrip("-")[0].isdigit():
        try:
            return constant(float(text))
        except ValueError:
            pass
    return ast.Name(text)
