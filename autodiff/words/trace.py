"""The forward and the backward pass, recorded as data.

Holds: `order`, the nodes as the forward pass made them; `partials`, a node's local derivatives;
`Step` and `backward_steps`, the additions of the backward pass one by one.  Tables, prose, the
stepper and the animation all read this one record.  Nothing here changes a gradient.

Why a topological order?  Because a node may pass its gradient on only when all of it has arrived.
Here is what happens otherwise, on `b = a + a; c = b + b`, where dc/da = 4:

>>> from autodiff import Value
>>> def naive(node):  # passes on at once what has arrived so far
...     node._backward()
...     for parent in node.parents:
...         naive(parent)
>>> a = Value(3.0)
>>> b = a + a
>>> c = b + b
>>> c.grad = 1.0
>>> naive(c)
>>> a.grad  # wrong: b has passed its gradient on twice
8.0
>>> a.grad = b.grad = 0.0
>>> c.backward()
>>> a.grad
4.0
>>> [step.total for step in backward_steps(c)]  # b: 1, complete at 2; only then a: 2, 4
[1.0, 2.0, 2.0, 4.0]

May import: graph, value.  Knows of a node its slots and its Rule.
"""

from typing import Any, NamedTuple

from autodiff.graph import topological_order
from autodiff.value import operand_numbers


def order(root: Any) -> list[Any]:
    """All nodes below `root`, operands before results, a leaf just before its first use."""
    inner, _ = topological_order(root)
    seen: set[int] = set()
    nodes = []
    for node in inner or [root]:
        for operand in (*node.operands, node):
            if operand.__class__ is not float and id(operand) not in seen:
                seen.add(id(operand))
                nodes.append(operand)
    return nodes


def plain(gradient: Any) -> float:
    """A gradient as a float, also when `backward(create_graph=True)` left a Value."""
    return float(getattr(gradient, "data", gradient))


def partials(node: Any) -> tuple[float, ...]:
    """The local derivatives of an operation with respect to its operands, from its rule."""
    return tuple(map(float, node._rule.local_partials(node._z, operand_numbers(node))))


class Step(NamedTuple):
    """One addition of the backward pass: `operand.grad += incoming * local`.

    Attributes:
        node: The result whose gradient is passed on.
        operand: The operand that receives it.
        position: Which operand of the node it is, from 0.
        incoming: The gradient of the node.
        local: d(node)/d(operand).
        contribution: Their product.
        total: The operand's gradient after the addition.
    """

    node: Any
    operand: Any
    position: int
    incoming: float
    local: float
    contribution: float
    total: float


def backward_steps(root: Any) -> list[Step]:
    """What `root.backward()` adds, in its order, starting from gradients of zero.

    >>> from autodiff import Value
    >>> a = Value(3.0)
    >>> [(step.local, step.total) for step in backward_steps(a * a)]
    [(3.0, 3.0), (3.0, 6.0)]
    """
    inner, _ = topological_order(root)
    grads = {id(root): 1.0}
    steps = []
    for node in reversed(inner):
        incoming = grads.get(id(node), 0.0)
        for position, (operand, local) in enumerate(zip(node.operands, partials(node))):
            if operand.__class__ is float:
                continue
            contribution = incoming * local
            total = grads.get(id(operand), 0.0) + contribution
            grads[id(operand)] = total
            steps.append(Step(node, operand, position, incoming, local, contribution, total))
    return steps
