"""What code written for micrograd's lectures, or for another library, is told here.

Holds: `micrograds_op`, its name of an operation; `leaf_label`, which reads the arguments of its
`Value(data, _children, _op, label)`; `refuse` and `refuse_overrides`, for what a node does not let
be set; `Elsewhere`, for numbers that are hung on a node there; `refuse_membership`, for nodes in
lists; `refuse_pick`, for NumPy's choices among nodes; `refuse_node`, for nodes of other libraries.

May import: rule.  Knows of a node only its attributes.
"""

from __future__ import annotations

import opcode
import sys
from collections.abc import Callable, Set
from typing import Any

from autodiff.rule import RULES

_OWN_RULE = """\
a node has its operands and its derivative from the operation that made it, never from _children \
or _backward: {known}declare an operation of your own once,

    @autodiff.rule(lambda x, y: x * y, name="times")  # the number, from the operands' numbers
    def d_times(z, x, y):
        return y, x  # dz/dx and dz/dy: what _backward multiplied out.grad by

and write autodiff.times(a, b) for Value(a.data * b.data, (a, b), "times"); variadic=True is for \
any number of operands"""


def _own_rule(op: str = "") -> str:
    """How to write the operation that has been made by hand under the name `op`."""
    op = "**" if op.startswith("**") else op.lower()
    known = ""
    for rule in RULES.values():
        if op in (rule.name, rule.label):
            operands = "xs" if rule.variadic else ", ".join(rule.operands)
            known = f"write autodiff.{rule.name}({operands}) for {op!r}, or "
            break
    return _OWN_RULE.format(known=known)


def micrograds_op(node: Any) -> str:
    """The operation of a node as micrograd writes it, which programs compare with.

    >>> from autodiff import Value
    >>> Value(2.0).relu()._op, (Value(2.0) ** 2)._op, (Value(2.0) * 3)._op
    ('ReLU', '**2', '*')
    """
    if node.op == "relu":
        return "ReLU"
    exponent = node.operands[-1] if node.op == "**" else None
    return f"**{exponent:g}" if isinstance(exponent, float) else str(node.op)


def leaf_label(label: Any, op: Any, name: Any, children: Any) -> str:
    """The label of a leaf that was made with more than a number and a string.

    Args:
        label: The second argument: a label, or micrograd's `_children`.
        op: The third, or `_op`.
        name: The fourth: the label, as the Value of the lecture has it.
        children: `_children`, if it was given by name.

    Raises:
        TypeError: If there are operands, because only an operation makes a node that has some; or
            if the label is no string.
    """
    if isinstance(label, (tuple, list, Set)):
        label, children = name, label
    if children:
        raise TypeError(_own_rule(str(op or "")))
    if label is not None and not isinstance(label, str):
        raise TypeError(f"a label is a string, not {label!r:.60}: Value(2.0, label='x')")
    return label or op or ""


def refuse(advice: str | None = None) -> Callable[[Any, Any], None]:
    """The setter of an attribute that cannot be set."""

    def setter(node: Any, value: Any) -> None:
        raise AttributeError(advice or _own_rule())

    return setter


def refuse_overrides(kind: type, base: type) -> None:
    """Refuses a class derived from Value with a `_backward` of its own, which nothing would call.

    Raises:
        TypeError: If `kind` has another `_backward`, `_prev` or `_op` than `base`.
    """
    for name in ("_backward", "_prev", "_op"):
        if getattr(kind, name) is not getattr(base, name):
            raise TypeError(f"class {kind.__name__} defines {name} in vain: {_own_rule()}")


class Elsewhere:
    """A name under which code hangs an optimizer's number on a node, which has no room for it.

    Instances of a class derived from Value may have that room, and then keep it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, node: Any, owner: type) -> Any:
        if node is None:
            return self
        if self._name not in getattr(node, "__dict__", ()):
            raise self._advice()
        return node.__dict__[self._name]

    def __set__(self, node: Any, value: Any) -> None:
        if not hasattr(node, "__dict__"):
            raise self._advice()
        node.__dict__[self._name] = value

    def _advice(self) -> AttributeError:
        name = self._name
        return AttributeError(
            f"a Value keeps nothing but its number, gradient and label: keep {name} beside the "
            f"parameters, {name} = {{p: 0.0 for p in model.parameters()}}, and write {name}[p]"
        )


def _instruction() -> str:
    """The bytecode instruction that a comparison of Values was asked by: "COMPARE_OP" of `a >= b`.

    Looked at only where two numbers are equal, or one is nan, so that it costs nothing otherwise.
    """
    frame = sys._getframe(3)  # this function, its caller, the comparison, who asked
    return opcode.opname[frame.f_code.co_code[frame.f_lasti]]


def refuse_membership(x: Any, y: Any) -> None:
    """Refuses `v in nodes` where a list asks another node than v, with the same number, by `==`.

    micrograd's Values are equal if they are one; ours compare numbers, so the answer would be True
    by accident and a walk would leave out a part of the graph.

    Raises:
        TypeError: If the code that asks is an `in` or a `not in`, and both are nodes.
    """
    if y.__class__ is not float and x._data == y._data and _instruction() == "CONTAINS_OP":
        raise TypeError(
            f"`in` asks a list by ==, which compares numbers, and two nodes have the number "
            f"{x._data}: keep nodes in a set or a dict, visited = set(), which know them one by one"
        )


def refuse_pick(x: Any, y: Any) -> None:
    """Refuses to say by `>=` or `<=` which of two equal numbers is the larger, or what nan is.

    So NumPy's maximum, max, clip and their kin pick one of the Values in an array, and never ask
    us: equals, which share the gradient, would get all or nothing, and nan would be lost.  Python's
    own max and sorted ask by `>` and `<`.

    Raises:
        TypeError: If it is a function that asks, and no `x >= y` in Python.
    """
    if "CALL" in _instruction():  # Python 3.11 has PRECALL as well
        raise TypeError(
            f"to pick the larger or smaller of {x._data} and {getattr(y, '_data', y)} by >= or <=, "
            "as NumPy's max, maximum and clip do in an array, would lose nan or give one of two "
            "equals the whole gradient: write autodiff.maximum(x, y), autodiff.max(x.ravel()) and "
            "their like, or x >= y for the comparison itself"
        )


def refuse_node(x: Any, place: str) -> None:
    """Refuses a node of another library's graph, which knows nothing of ours, for `place`.

    Such a node is told by its `backward`; a tensor that asks for no gradient is a number.

    Raises:
        TypeError: If `x` is one; the sentence says what to write.
    """
    kind = type(x)
    if not hasattr(kind, "backward") or kind.__module__.partition(".")[0] == "autodiff":
        return
    if getattr(x, "requires_grad", True):
        number = "x.item()" if hasattr(x, "item") else "x.data"
        raise TypeError(
            f"{place} takes no {kind.__module__}.{kind.__qualname__}: x is a node of another "
            "library's graph, and no gradient comes back through it; write autodiff.Value from the "
            f"start, or {number} for its number alone"
        )
