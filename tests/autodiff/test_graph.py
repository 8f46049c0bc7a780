"""The order in which the chain rule visits a graph."""

import sys

from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import Value, value
from autodiff.graph import topological_order
from tests.programs import on_values, programs


@st.composite
def graphs(draw):
    """All nodes of a random graph: leaves first, then sums of any earlier ones."""
    nodes = [Value(1.0) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 15))):
        chosen = draw(st.lists(st.integers(0, len(nodes) - 1), min_size=1, max_size=4))
        operands = [nodes[i] for i in chosen]
        if len(operands) == 1:
            nodes.append(draw(st.sampled_from([operands[0].tanh(), operands[0] + 1.0])))
        elif len(operands) == 2:
            nodes.append(operands[0] * operands[1])
        else:
            nodes.append(autodiff.sum(operands))
    return nodes


def reachable(roots):
    found, stack = set(), list(roots)
    while stack:
        node = stack.pop()
        if node not in found:  # by identity: that is how Values are hashed, and equal ones differ
            found.add(node)
            stack.extend(node.parents)
    return {id(node) for node in found}


@given(graphs())
def test_every_node_below_the_root_is_listed_once(nodes):
    inner, leaves = topological_order(nodes[-1])
    listed = [id(node) for node in inner + leaves]
    assert len(listed) == len(set(listed))
    assert set(listed) == reachable([nodes[-1]])
    assert all(not node.parents for node in leaves)
    assert all(node.op for node in inner)


@given(graphs())
def test_operands_come_before_results(nodes):
    inner, leaves = topological_order(nodes[-1])
    place = {id(node): i for i, node in enumerate(leaves + inner)}
    for node in inner:
        assert all(place[id(parent)] < place[id(node)] for parent in node.parents)


@given(graphs())
def test_several_roots_are_walked_as_one_graph(nodes):
    roots = nodes[-3:]
    inner, leaves = topological_order(*roots)
    listed = [id(node) for node in inner + leaves]
    assert len(listed) == len(set(listed))
    assert set(listed) == reachable(roots)


@given(graphs())
def test_an_earlier_walk_does_not_disturb_a_later_one(nodes):
    first = [[id(node) for node in part] for part in topological_order(nodes[-1])]
    topological_order(nodes[len(nodes) // 2])
    again = [[id(node) for node in part] for part in topological_order(nodes[-1])]
    assert first == again


def test_operands_are_walked_in_the_order_written():
    a, b = Value(1.0), Value(2.0)
    inner, leaves = topological_order(autodiff.sum([a * b, b.tanh(), (a - b).exp()]))
    assert [node.op for node in inner] == ["*", "tanh", "-", "exp", "sum"]
    assert {id(leaf) for leaf in leaves} == {id(a), id(b)}


def test_an_interrupted_walk_leaves_nothing_behind():
    a = Value(1.0)
    root = (a * a).tanh() + a
    expected = [[id(node) for node in part] for part in topological_order(root)]
    for event in range(60):
        left = event

        def trace(frame, kind, _):
            nonlocal left
            if frame.f_code.co_name != "_depth_first":
                return None
            if kind == "line":
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            topological_order(root)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert [[id(node) for node in part] for part in topological_order(root)] == expected
    assert left < 0


@given(programs())
def test_the_fast_way_through_the_chain_rule_is_the_plain_one_to_the_bit(program):
    gradients = []
    for work in (value.propagate, lambda nodes: [value.chain_rule(node) for node in nodes]):
        leaves = [Value(x) for x in program.inputs]
        root = program.run(on_values, leaves)[-1]
        root._grad = 1.0
        work(reversed(topological_order(root)[0]))
        gradients.append([leaf.grad.hex() for leaf in leaves])
    assert gradients[0] == gradients[1]
