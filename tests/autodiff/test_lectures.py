"""Code in the manner of the micrograd lectures and of the moons demo runs with the import changed.

Karpathy, "The spelled-out intro to neural networks and backpropagation", 2022, first and second
half, and the demo notebook of micrograd.  Written anew, in the style a learner types it.
"""

import math
import random

import graphviz
import numpy as np
import pytest

from autodiff import Value
from nn import MLP, Layer, Neuron, moons

# --- first half: an expression, its picture, gradients by hand ----------------------------


def trace(root):
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def draw_dot(root):
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    nodes, edges = trace(root)
    for n in nodes:
        uid = str(id(n))
        text = "{ %s | data %.4f | grad %.4f }" % (n.label, n.data, n.grad)  # noqa: UP031
        dot.node(name=uid, label=text, shape="record")
        if n._op:
            dot.node(name=uid + n._op, label=n._op)
            dot.edge(uid + n._op, uid)
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    return dot


def expression():
    a = Value(2.0, label="a")
    b = Value(-3.0, label="b")
    c = Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    f = Value(-2.0, label="f")
    L = d * f
    L.label = "L"
    return a, b, c, d, e, f, L


def test_the_expression_is_traced_by_prev_and_op():
    a, b, c, d, e, f, L = expression()
    nodes, edges = trace(L)
    assert nodes == {a, b, c, d, e, f, L}
    assert {(x.label, y.label) for x, y in edges} == {
        ("a", "e"), ("b", "e"), ("e", "d"), ("c", "d"), ("d", "L"), ("f", "L"),
    }  # fmt: skip
    assert {v.label: v._op for v in nodes if v._op} == {"e": "*", "d": "+", "L": "*"}
    assert set(d._prev) == {c, e}


def test_the_picture_shows_every_number_and_operation():
    *_, L = expression()
    L.backward()
    source = draw_dot(L).source
    assert "{ L | data -8.0000 | grad 1.0000 }" in source
    assert "{ b | data -3.0000 | grad -4.0000 }" in source
    assert source.count("->") == 3 + 6


def test_the_numerical_gradient_of_the_expression():
    def lol(h):
        a = Value(2.0, label="a")
        b = Value(-3.0, label="b")
        c = Value(10.0, label="c")
        d = a * b + c
        return (d * Value(-2.0 + h, label="f")).data

    h = 0.001
    assert (lol(h) - lol(0.0)) / h == pytest.approx(4.0, rel=1e-10)


def neuron():
    x1 = Value(2.0, label="x1")
    x2 = Value(0.0, label="x2")
    w1 = Value(-3.0, label="w1")
    w2 = Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    x1w1x2w2 = x1w1 + x2w2
    n = x1w1x2w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return (x1, x2, w1, w2, b), (x1w1, x2w2, x1w1x2w2, n, o)


EXPECTED = pytest.approx([-1.5, 0.5, 1.0, 0.0, 0.5], rel=1e-12, abs=1e-15)


def test_gradients_set_by_hand_stay_set():
    _, (*_, n, o) = neuron()
    o.grad = 1.0
    n.grad = 1 - o.data**2
    assert (o.grad, n.grad) == (1.0, pytest.approx(0.5, rel=1e-12))


def test_the_chain_rule_by_hand_one_backward_at_a_time():
    leaves, (x1w1, x2w2, x1w1x2w2, n, o) = neuron()
    o.grad = 1.0
    o._backward()
    n._backward()
    leaves[-1]._backward()
    x1w1x2w2._backward()
    x2w2._backward()
    x1w1._backward()
    assert [leaf.grad for leaf in leaves] == EXPECTED


def test_the_topological_order_by_hand():
    leaves, (*_, o) = neuron()
    topo = []
    visited = set()

    def build_topo(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build_topo(child)
            topo.append(v)

    build_topo(o)
    assert len(topo) == 10
    o.grad = 1.0
    for node in reversed(topo):
        node._backward()
    assert [leaf.grad for leaf in leaves] == EXPECTED


def test_backward_in_one_call():
    leaves, (*_, o) = neuron()
    o.backward()
    assert [leaf.grad for leaf in leaves] == EXPECTED


def test_tanh_in_atoms():
    leaves, (*_, n, _) = neuron()
    e = (2 * n).exp()
    e.label = "e"
    o = (e - 1) / (e + 1)
    o.label = "o"
    o.backward()
    assert [leaf.grad for leaf in leaves] == EXPECTED


def test_a_variable_used_twice_gets_both_gradients():
    a = Value(3.0, label="a")
    b = a + a
    b.label = "b"
    b.backward()
    assert a.grad == 2.0
    a, b = Value(-2.0, label="a"), Value(3.0, label="b")
    d, e = a * b, a + b
    f = d * e
    f.backward()
    assert (a.grad, b.grad) == (-3.0, -8.0)


def test_numbers_on_both_sides():
    a = Value(2.0)
    assert [(a + 1).data, (1 + a).data, (a * 2).data, (2 * a).data] == [3.0, 3.0, 4.0, 4.0]
    assert [(a - 1).data, (1 - a).data, (a / 4).data, (4 / a).data] == [1.0, -1.0, 0.5, 2.0]
    assert [(-a).data, (a**3).data, (a**-1).data, a.exp().data] == [-2.0, 8.0, 0.5, math.exp(2.0)]


def test_the_same_neuron_in_pytorch():
    torch = pytest.importorskip("torch")
    x1, x2, w1, w2, b = (
        torch.tensor([x], dtype=torch.float64, requires_grad=True)
        for x in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432)
    )
    o = torch.tanh(x1 * w1 + x2 * w2 + b)
    o.backward()
    leaves, (*_, ours) = neuron()
    ours.backward()
    assert ours.item() == pytest.approx(o.item(), rel=1e-15)
    theirs = [t.grad.item() for t in (x1, x2, w1, w2, b)]
    assert [leaf.grad for leaf in leaves] == pytest.approx(theirs, rel=1e-14)


# --- second half: a multilayer perceptron, and descent by hand ----------------------------


def test_a_neuron_written_by_the_learner():
    rng = random.Random(1)
    w = [Value(rng.uniform(-1, 1)) for _ in range(3)]
    b = Value(rng.uniform(-1, 1))
    x = [2.0, 3.0, -1.0]
    act = sum((wi * xi for wi, xi in zip(w, x, strict=True)), b)
    out = act.tanh()
    out.backward()
    assert w[0].grad == pytest.approx(2.0 * (1 - out.data**2), rel=1e-14)
    assert b.grad == pytest.approx(1 - out.data**2, rel=1e-14)


def test_neurons_layers_and_networks_have_the_lectures_names():
    n = MLP(3, [4, 4, 1])
    assert len(n.layers) == 3
    assert [len(layer.neurons) for layer in n.layers] == [4, 4, 1]
    assert len(n.layers[0].neurons[0].w) == 3
    assert isinstance(n.layers[0].neurons[0].b, Value)
    assert isinstance(n.parameters(), list)
    assert len(n.parameters()) == 41
    out = n([2.0, 3.0, -1.0])
    assert isinstance(out, Value)
    out.backward()
    assert n.layers[0].neurons[0].w[0].grad != 0.0


def test_a_layer_gives_a_list_and_a_neuron_a_value():
    x = [2.0, 3.0]
    assert isinstance(Neuron(2)(x), Value)
    outs = Layer(2, 3)(x)
    assert [type(o) for o in outs] == [Value] * 3


def test_descent_by_hand_learns_four_examples():
    n = MLP(3, [4, 4, 1], seed=1)
    xs = [
        [2.0, 3.0, -1.0],
        [3.0, -1.0, 0.5],
        [0.5, 1.0, 1.0],
        [1.0, 1.0, -1.0],
    ]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(60):
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred, strict=True))
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.parameters():
            p.data += -0.05 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.01 < losses[0]
    assert [round(y.data) for y in ypred] == [1, -1, -1, 1]


def test_the_picture_of_a_networks_loss_can_be_traced():
    n = MLP(3, [4, 4, 1])
    loss = (n([2.0, 3.0, -1.0]) - 1.0) ** 2
    nodes, edges = trace(loss)
    assert set(n.parameters()) <= nodes
    assert len(edges) > len(n.parameters())
    assert draw_dot(loss).source.count("shape=record") == len(nodes)


# --- the moons demo -----------------------------------------------------------------------


def test_the_moons_demo_learns():
    np.random.seed(1337)
    data = moons(60, seed=1337)
    X, y = np.array(data.X), np.array(data.y)
    y = np.where(y > 0, 1, -1)
    model = MLP(2, [8, 8, 1], activation="relu", seed=1337)
    assert "8" in str(model)

    def loss(batch_size=None):
        if batch_size is None:
            Xb, yb = X, y
        else:
            ri = np.random.permutation(X.shape[0])[:batch_size]
            Xb, yb = X[ri], y[ri]
        inputs = [list(map(Value, xrow)) for xrow in Xb]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(yb, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores, strict=True)]
        return total_loss, sum(accuracy) / len(accuracy)

    first, _ = loss()
    for k in range(40):
        total_loss, acc = loss(batch_size=30 if k % 2 else None)
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    total_loss, acc = loss()
    assert total_loss.data < 0.5 * first.data
    assert acc > 0.9

    Xmesh = np.c_[[-1.0, 0.0, 1.5], [1.0, 0.5, -0.5]]
    scores = list(map(model, [list(map(Value, xrow)) for xrow in Xmesh]))
    Z = np.array([s.data > 0 for s in scores])
    assert Z.dtype == bool
