"""The sentences behind boxes and links, with all digits.

Holds: `of_box` and `of_link`.  Screen readers read them too.

May import: scene, words.  Knows neither DOT nor SVG.
"""

import ast
import math

from autodiff.pictures.atoms import CONSTANT
from autodiff.pictures.scene import Box, Link, Scene
from autodiff.words.formula import atoms as pieces
from autodiff.words.formula import filled, operand_names, value_formula
from autodiff.words.text import exact, printable

_MOST_OPERANDS = 8


def formula_of(node: object, called: dict[int, str]) -> str:
    """A node's value in the names of its operands, `x1 * w1`."""
    rule, operands = node._rule, node.operands  # type: ignore[attr-defined]
    texts = [exact(x) if x.__class__ is float else called[id(x)] for x in operands]
    if len(operands) <= _MOST_OPERANDS:
        expression = value_formula(rule, len(operands))
        if expression is not None:
            names = operand_names(rule, len(operands))
            return ast.unparse(filled(expression, pieces(names, texts)))
    more = ", ..." if len(texts) > _MOST_OPERANDS else ""
    return f"{rule.name}({', '.join(texts[:_MOST_OPERANDS])}{more})"


def of_box(box: Box, scene: Scene) -> str:
    """What a box is, its numbers, and where it belongs; one fact per line."""
    if len(box.atoms) > 1:
        return "\n".join([box.full_name, *box.notes, *_numbers(box, scene)])
    item = scene.atoms.items[box.atoms[0]]
    if box.kind == CONSTANT:
        return f"constant {exact(item)}"
    what = f"{box.full_name} = {formula_of(item, scene.names)}" if box.op else (
        f"{box.full_name} ({box.kind})"
    )  # fmt: skip
    place = [f"in {printable(item.scope)}"] if item.scope else []
    return "\n".join([what, *_numbers(box, scene), *place])


def _numbers(box: Box, scene: Scene) -> list[str]:
    """Data and gradient, or their ranges, with all digits."""
    lines = []
    for what, numbers in (("data", box.data), ("grad", box.grad)):
        if what == "grad" and numbers and scene.before_backward:
            lines.append("no gradient yet")
        elif numbers:
            there = [x for x in numbers if x == x] or [math.nan]
            low, high = min(there), max(there)
            range_ = f"from {exact(low)} to {exact(high)}" if low < high else f"= {exact(low)}"
            missing = len(numbers) - len(there) if low == low else 0
            lines.append(f"{what} {range_}" + (f", {missing} nan" if missing else ""))
    return lines


def of_link(link: Link, scene: Scene) -> str:
    """`d(out)/d(x) = 0.5; 0.5 x 1 -> x.grad += 0.5`, or the sum over all uses."""
    tail, head = scene.boxes[link.tail], scene.boxes[link.head]
    if len(link.uses) > 1 or link.local is None:
        passed = "" if link.contribution is None else f", passing back {exact(link.contribution)}"
        return f"{tail.full_name} is used {len(link.uses)} times in {head.full_name}{passed}"
    atom, position = link.uses[0]
    result = scene.atoms.items[atom]
    operand = scene.atoms.items[scene.atoms.operands[atom][position]]
    if link.contribution is None or link.incoming is None:
        return f"constant {exact(operand)} in {scene.names[id(result)]}"
    x = scene.names[id(operand)]
    local = f"d({scene.names[id(result)]})/d({x}) = {exact(link.local)}"
    if scene.before_backward:
        return local
    return (
        f"{local}; {exact(link.local)} x {exact(link.incoming)} -> "
        f"{x}.grad += {exact(link.contribution)}"
    )
