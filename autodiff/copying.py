"""Copies of graphs: `copy.copy`, `copy.deepcopy` and `pickle` of Values.

Holds: `Value.__copy__`, `__deepcopy__` and `__reduce__`, which are attached to Value here.  Graphs
are walked in topological order, so depth is no limit and shared nodes stay shared.  A gradient that
is a graph, made by `backward(create_graph=True)`, is copied as its number.

May import: context, graph, rule, value.
"""

from __future__ import annotations

from typing import Any

from autodiff import graph
from autodiff.context import refuse_while_recording
from autodiff.rule import RULES
from autodiff.value import Value

_COPYING = ("a copy of a Value", "write v.detach(), or use the Value itself")


def replica(node: Value, a: Any, b: Any) -> Value:
    """A new node like `node`, with `a` and `b` in its operand slots."""
    new = object.__new__(type(node))
    new._data, new._grad, new._rule = node._data, node._grad, node._rule
    new._x, new._y, new._z = node._x, node._y, node._z
    new.label, new.scope = node.label, node.scope
    new._a, new._b, new._mark = a, b, None
    return new


def shallow_copy(node: Value) -> Value:
    """Another node with the same operands."""
    refuse_while_recording(*_COPYING)
    return replica(node, node._a, node._b)


def _number(gradient: Any) -> float:
    return gradient._data if isinstance(gradient, Value) else gradient


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """The graph below `root` again, node by node; `memo` is that of `copy.deepcopy`."""
    refuse_while_recording(*_COPYING)

    def copied(operand: Any) -> Any:
        return memo[id(operand)] if isinstance(operand, Value) else operand

    inner, leaves = graph.topological_order(root)
    nodes = [node for node in leaves + inner if id(node) not in memo]
    for node in nodes:
        a = node._a
        a = tuple(map(copied, a)) if a.__class__ is tuple else copied(a)
        memo[id(node)] = new = replica(node, a, copied(node._b))
        new._grad = _number(node._grad)
    # deepcopy's own convention: the memo keeps alive what it has ids of.
    memo.setdefault(id(memo), []).extend(nodes)
    return memo[id(root)]  # type: ignore[no-any-return]


def pack(root: Value) -> tuple[Any, ...]:
    """`root` and all below it as one flat tuple of leaves and one list of inner nodes.

    Inner nodes refer to operands by position, so no depth is too deep for pickle.  Leaves of an
    expression are objects of their own to the pickler: parameters that are pickled beside the
    expression stay shared with it.
    """
    refuse_while_recording(*_COPYING)
    inner, leaves = graph.topological_order(root)
    if not inner:
        return (type(root), root._data, _number(root._grad), root.label, str(root.scope))
    position = {id(node): i for i, node in enumerate(leaves + inner)}

    def place(operand: Any) -> Any:
        return (position[id(operand)],) if isinstance(operand, Value) else operand

    rows = [
        (
            node._rule.name,
            tuple(map(place, node.operands)),
            (
                node._data,
                _number(node._grad),
                node._z,
                node._x,
                node._y,
                node.label,
                str(node.scope),
            ),
        )
        for node in inner
    ]
    return leaves, rows


def unpack(packed: tuple[Any, ...]) -> Value:
    """What `pack` packed, as new nodes.

    Raises:
        LookupError: If an operation of the graph is not registered in this process.
    """
    if len(packed) == 5:
        kind, data, grad, label, scope = packed
        leaf: Value = object.__new__(kind)
        leaf.__init__(data)  # type: ignore[misc]
        leaf._grad, leaf.label, leaf.scope = grad, label, scope
        return leaf
    leaves, rows = packed
    nodes = list(leaves)
    for name, places, kept in rows:
        if name not in RULES:
            raise LookupError(
                f"the pickled graph uses the operation {name!r}, which is not registered here: "
                "import the module that defines its rule first"
            )
        rule = RULES[name]
        operands = tuple([nodes[p[0]] if isinstance(p, tuple) else p for p in places])
        node = object.__new__(Value)
        node._rule, node._mark = rule, None
        if rule.arity in (1, 2):
            node._a, node._b = (*operands, None)[:2]
        else:
            node._a, node._b = operands, None
        node._data, node._grad, node._z, node._x, node._y, node.label, node.scope = kept
        nodes.append(node)
    return nodes[-1]  # type: ignore[no-any-return]


def _reduce(root: Value) -> tuple[Any, ...]:
    """What pickle writes down: how to make `root` again."""
    return unpack, (pack(root),)


_METHODS = {"__copy__": shallow_copy, "__deepcopy__": deep_copy, "__reduce__": _reduce}
for _name, _method in _METHODS.items():
    setattr(Value, _name, _method)
