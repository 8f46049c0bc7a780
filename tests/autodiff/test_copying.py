"""Copies are independent graphs: copy.copy, copy.deepcopy and pickle."""

import copy
import pickle
import sys

import pytest

import autodiff
from autodiff import Value, scope
from autodiff.graph import topological_order
from autodiff.rule import RULES, rule

WAYS = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
EVERY_WAY = pytest.mark.parametrize("copied", WAYS.values(), ids=WAYS)


def example():
    """One node of every kind: unary, binary, with a constant, wide, and a leaf used twice."""
    a, b = Value(3.0, label="a"), Value(-2.0, label="b")
    with scope("layer0"):
        c = (a * b).tanh()
        root = autodiff.sum([c * c, a.exp() * 2.0, autodiff.clip(b, -5.0, 5.0)])
    root.label = "root"
    return a, b, c, root


def everything(root):
    """All that can be seen of a graph, in order."""
    if isinstance(root, float):
        return root
    below = [everything(operand) for operand in root.operands]
    return (root.op, root.data, root.grad, root.label, root.scope, below)


@EVERY_WAY
def test_a_copy_looks_like_the_original(copied):
    *_, root = example()
    root.backward()
    assert everything(copied(root)) == everything(root)


@EVERY_WAY
def test_backward_of_a_copy_fills_the_leaves_of_the_copy_alone(copied):
    a, b, _, root = example()
    other = copied((root, a, b))
    other[0].backward()
    assert (a.grad, b.grad, root.grad) == (0.0, 0.0, 0.0)
    root.backward()
    assert (other[1].grad, other[2].grad) == (a.grad, b.grad)
    assert a.grad != 0.0 and b.grad != 0.0


@EVERY_WAY
def test_backward_of_the_original_leaves_a_copy_alone(copied):
    a, _, _, root = example()
    other = copied([root, a])
    root.backward()
    assert other[1].grad == 0.0


@EVERY_WAY
def test_graph_and_parameters_copied_together_stay_shared(copied):
    a, b, _, root = example()
    second = a * 5.0
    for graphs in (copied([a, b, root, second]), copied([second, root, b, a])):
        by_label = {v.label: v for v in graphs if v.label in ("a", "b")}
        for v in graphs:
            if v.op:
                v.backward()
        expected = copied([a, root, second])
        expected[1].backward()
        expected[2].backward()
        assert by_label["a"].grad == expected[0].grad != 0.0


@EVERY_WAY
def test_a_leaf_used_twice_is_one_leaf_in_the_copy(copied):
    x = Value(3.0)
    y = copied(x * x)
    assert y.parents[0] is y.parents[1]
    y.backward()
    assert y.parents[0].grad == 6.0


@EVERY_WAY
def test_a_copied_leaf_is_a_leaf(copied):
    x = Value(3.0, label="x")
    x.grad = 2.0
    y = copied(x)
    assert y is not x
    assert (y.data, y.grad, y.label, y.parents) == (3.0, 2.0, "x", ())


@EVERY_WAY
def test_a_copy_keeps_the_numbers_of_the_forward_pass(copied):
    x, w = Value(3.0), Value(4.0)
    y = x * w
    x.data, y.data = 100.0, 200.0
    other = copied((y, x, w))
    assert (other[0].data, other[1].data) == (200.0, 100.0)
    other[0].backward()
    assert (other[1].grad, other[2].grad) == (4.0, 3.0)


@EVERY_WAY
def test_a_subclass_stays_one(copied):
    x = Parameter(3.0, label="w")
    y = copied(x * 2.0)
    assert type(y.parents[0]) is Parameter
    assert type(y) is Value


class Parameter(Value):
    __slots__ = ()


@EVERY_WAY
def test_a_deep_graph_is_copied_without_recursion(copied):
    x = Value(1.0)
    y = x
    for _ in range(5000):
        y = y + 1.0
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        other = copied([y, x])
    finally:
        sys.setrecursionlimit(limit)
    other[0].backward()
    assert (other[0].data, other[1].grad, x.grad) == (5001.0, 1.0, 0.0)


@EVERY_WAY
def test_a_copy_with_a_gradient_that_is_a_graph_knows_nothing_of_the_original(copied):
    x = Value(2.0, label="x")
    y = x * x * x
    y.backward(create_graph=True)
    for other in (copied(x), copied(y).parents[1]):
        assert (other.data, other.grad, other.label) == (2.0, 12.0, "x")
        if isinstance(other.grad, Value):
            _, leaves = topological_order(other.grad)
            assert all(leaf is not x for leaf in leaves)


def test_deepcopy_follows_its_memo():
    a, _, c, root = example()
    memo = {}
    first, second = copy.deepcopy(c, memo), copy.deepcopy(root, memo)
    assert memo[id(c)] is first
    second.backward()
    assert first.grad != 0.0
    assert memo[id(a)].grad != 0.0


def test_a_shallow_copy_shares_the_operands_and_nothing_else():
    a, b = Value(3.0), Value(-2.0)
    c = a * b
    d = copy.copy(c)
    assert d is not c
    assert everything(d) == everything(c)
    d.data, d.label = 0.0, "d"
    assert (c.data, c.label) == (-6.0, "")
    d.backward()
    assert (a.grad, b.grad, c.grad) == (-2.0, 3.0, 0.0)


def test_a_shallow_copy_of_a_leaf_is_a_leaf():
    x = Value(3.0, label="x")
    y = copy.copy(x)
    y.backward()
    assert (x.grad, y.grad, y.label) == (0.0, 1.0, "x")


@pytest.mark.usefixtures("own_rules")
def test_a_pickle_with_an_operation_unknown_here_says_what_to_import():
    def rare(x):
        return x

    @rule(rare, "x", "1")
    def d_rare(z, x):
        return (1.0,)

    text = pickle.dumps(Value(3.0).rare())
    del RULES["rare"]
    with pytest.raises(
        LookupError, match="'rare', which is not registered here: import the module"
    ):
        pickle.loads(text)
