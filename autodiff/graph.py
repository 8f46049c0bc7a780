"""Walks over a computation graph: its topological order, and nothing else.

Holds: `topological_order`.  It knows a node's operand slots and its mark, no more: `_a` and `_b`
hold the operands of a unary or binary operation, `_a` alone the tuple of all operands of a wider
one, and a leaf has no `_rule`.  An operand is a node or a plain float.

May import: forks.  Never recurses (a chain of a million nodes is a graph too) and never
leaves anything behind when it is interrupted.
"""

from collections.abc import Iterable
from threading import RLock
from typing import Any

from autodiff.forks import outlive_forks

# Walks mark nodes, and backward fills gradients in: one thread at a time, so that threads which
# share parameters get right sums.  Always used as `graph.LOCK`: a forked child has another one.
LOCK = RLock()
outlive_forks(globals(), "LOCK")


def topological_order(*roots: Any, stop: Iterable[Any] = ()) -> tuple[list[Any], list[Any]]:
    """All nodes below `roots`: `(inner, leaves)`, the inner nodes with operands before results.

    Depth-first search: a node is listed when all of its operands are.  `reversed(inner)` is the
    order in which the chain rule needs the nodes: by the time a node's turn comes, every node
    that uses it has passed its gradient on.  The order depends on the graph alone, never on
    hashes or addresses, so the same program adds the same numbers in the same order every time.
    Nodes of `stop` are not listed, nor what lies below them alone.

    The two marks are fresh objects, so marks left by an earlier (or interrupted) walk mean
    nothing to this one.
    """
    with LOCK:
        return _depth_first(roots, stop)


def _depth_first(roots: tuple[Any, ...], stop: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    entered, listed = object(), object()
    for node in stop:
        node._mark = listed
    inner: list[Any] = []
    leaves: list[Any] = []
    stack: list[Any] = []
    for root in reversed(roots):
        if root._rule is not None:
            stack.append(root)
        elif root._mark is not listed:
            root._mark = listed
            leaves.append(root)
    while stack:
        node = stack[-1]
        mark = node._mark
        if mark is entered:  # second sight: everything below it is listed
            node._mark = listed
            inner.append(node)
            stack.pop()
            continue
        if mark is listed:  # pushed by several results, listed since
            stack.pop()
            continue
        node._mark = entered
        # The stack turns the operands round: the last one pushed is walked first.  The two cases
        # are written out because one loop over both makes the whole sort 1.4 times slower.
        a, b = node._a, node._b
        if a.__class__ is tuple:
            for operand in reversed(a):
                if operand.__class__ is not float and operand._mark is not listed:
                    if operand._rule is None:
                        operand._mark = listed
                        leaves.append(operand)
                    else:
                        stack.append(operand)
            continue
        if b is not None and b.__class__ is not float and b._mark is not listed:
            if b._rule is None:
                b._mark = listed
                leaves.append(b)
            else:
                stack.append(b)
        if a.__class__ is not float and a._mark is not listed:
            if a._rule is None:
                a._mark = listed
                leaves.append(a)
            else:
                stack.append(a)
    return inner, leaves
