"""Figures that others printed, which nobody here can tune.

Each test quotes its source.  A figure printed with few digits is held to the last of them; one
with many, recomputed in float64 by an independent program, to 12 digits.
"""

import itertools
from decimal import Decimal

import pytest

import autodiff
from autodiff import Value
from tests.helpers import gradients, rosenbrock


def printed(number, text):
    """Whether a number, rounded to as many digits as the text has, is the text."""
    return Decimal(number).quantize(Decimal(text)) == Decimal(text)


def all_printed(nodes, texts):
    return [printed(node.data, text) for node, text in zip(nodes, texts, strict=True)] == (
        [True] * len(texts)
    )


def exactly(figures):
    return pytest.approx(figures, rel=1e-12, abs=0.0)


def test_printed_rounds_to_the_last_digit():
    assert printed(0.7264, "0.73")
    assert not printed(0.7249, "0.73")
    assert not printed(-0.73, "0.73")


@pytest.mark.parametrize(
    ("y", "loss", "slope_a", "slope_w"), [(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 2.0, 4.0)]
)
def test_one_relu_neuron_learns_what_the_founding_example_says(y, loss, slope_a, slope_w):
    """The project's founding worked example: x = 2, w = 0.5, b = 0, L = (a - y)^2."""
    x, w, b = Value(2.0), Value(0.5), Value(0.0)
    z = w * x + b
    a = z.relu()
    L = (a - y) ** 2
    assert L.data == loss
    (dw,) = gradients(L, w)
    assert (a.grad, z.grad, dw) == (slope_a, slope_a, slope_w)


def test_the_trace_and_the_gradient_of_the_survey():
    """Baydin et al., "Automatic differentiation in machine learning", JMLR 18(153), 2018, table 2.

    Table 3 prints df/dx1 = 5.5.
    """
    x1, x2 = Value(2.0), Value(5.0)
    v1, v2, v3 = x1.log(), x1 * x2, x2.sin()
    v4 = v1 + v2
    f = v4 - v3
    trace = {v1: "0.693", v2: "10", v3: "-0.959", v4: "10.693", f: "11.652"}
    assert all(printed(v.data, text) for v, text in trace.items())
    assert f.data == exactly(11.652071455223084)
    assert gradients(f, x1, x2) == exactly([5.5, 1.7163378145367738])


def test_speelpennings_product():
    """Griewank; ADOL-C's example: y = x_0 ... x_6, x_i = (i + 1) / (i + 2), dy/dx_i = y / x_i."""
    xs = [Value((i + 1) / (i + 2)) for i in range(7)]
    chained = xs[0]
    for x in xs[1:]:
        chained = chained * x
    expected = [0.125 * (i + 2) / (i + 1) for i in range(7)]
    assert chained.data == 0.12500000000000003
    for y in (chained, autodiff.prod(xs)):
        assert y.data == exactly(0.125)
        assert gradients(y, *xs) == exactly(expected)


def test_the_sum_times_z_of_cs231n():
    """CS231n notes, "Backpropagation, intuitions": (x + y) z at (-2, 5, -4)."""
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    f = (x + y) * z
    assert f.data == -12.0
    assert gradients(f, x, y, z) == [-4.0, -4.0, 3.0]


@pytest.mark.parametrize("sigmoid", [Value.sigmoid, lambda v: 1.0 / (1.0 + (-1.0 * v).exp())])
def test_the_logistic_neuron_of_cs231n(sigmoid):
    """CS231n notes: w = (2, -3, -3), inputs (-1, -2); printed with two digits."""
    w0, x0, w1, x1, w2 = (Value(each) for each in (2.0, -1.0, -3.0, -2.0, -3.0))
    f = sigmoid(w0 * x0 + w1 * x1 + w2)
    assert printed(f.data, "0.73")
    slopes = gradients(f, w0, x0, w1, x1, w2)
    assert all(map(printed, slopes, ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]))


def test_the_circuit_with_a_max_of_cs231n():
    """CS231n notes: 2 (x y + max(z, w)) at (3, -4, 2, -1)."""
    x, y, z, w = (Value(each) for each in (3.0, -4.0, 2.0, -1.0))
    f = 2 * (x * y + autodiff.maximum(z, w))
    assert f.data == -20.0
    assert gradients(f, x, y, z, w) == [-8.0, 6.0, 2.0, 0.0]


def test_the_example_of_micrograds_readme():
    """micrograd's README: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773; recomputed in full."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert g.data == exactly(24.70408163265306)
    assert gradients(g, a, b) == exactly([138.83381924198252, 645.5772594752186])


def test_the_expression_of_the_micrograd_lecture_climbs_along_its_gradient():
    """The micrograd lecture: L = (a b + c) f; after +0.01 of each gradient L is -7.286496."""

    def lecture(a, b, c, f):
        return (a * b + c) * f

    leaves = [Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)]
    L = lecture(*leaves)
    assert L.data == -8.0
    assert gradients(L, *leaves) == [6.0, -4.0, -2.0, 4.0]
    for leaf in leaves:
        leaf.data += 0.01 * leaf.grad
    assert printed(lecture(*leaves).data, "-7.286496")


def by_exponentials(n):
    e = (2 * n).exp()
    return (e - 1) / (e + 1)


@pytest.mark.parametrize("tanh", [Value.tanh, by_exponentials])
def test_the_neuron_of_the_micrograd_lecture(tanh):
    """The micrograd lecture: x = (2, 0), w = (-3, 1), b = 6.8813735870195432."""
    x1, x2, w1, w2, b = (Value(each) for each in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432))
    o = tanh(x1 * w1 + x2 * w2 + b)
    assert o.data == exactly(0.7071067811865476)
    assert gradients(o, x2, w2, x1, w1) == exactly([0.5, 0.0, -1.5, 1.0])


def test_the_reuse_examples_of_the_micrograd_lecture():
    """The micrograd lecture's bug: b = a + a; f = (a b) (a + b) at (-2, 3)."""
    a = Value(3.0)
    assert gradients(a + a, a) == [2.0]
    a, b = Value(-2.0), Value(3.0)
    assert gradients((a * b) * (a + b), a, b) == [-3.0, -8.0]


class Mazur:
    """Mazur, "A step by step backpropagation example", 2015: 2-2-2, logistic, biases fixed."""

    rate = 0.5

    def __init__(self):
        self.w = [Value(w) for w in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]

    def forward(self):
        w, inputs = self.w, [0.05, 0.10]
        self.hidden = [(autodiff.dot(w[i : i + 2], inputs) + 0.35).sigmoid() for i in (0, 2)]
        self.nets = [autodiff.dot(w[i : i + 2], self.hidden) + 0.60 for i in (4, 6)]
        self.outputs = [net.sigmoid() for net in self.nets]
        errors = zip(self.outputs, (0.01, 0.99), strict=True)
        return autodiff.sum([0.5 * (target - out) ** 2 for out, target in errors])

    def gradients(self):
        return gradients(self.forward(), *self.w)

    def move(self, slopes):
        for w, slope in zip(self.w, slopes, strict=True):
            w.data -= self.rate * slope


def test_mazurs_first_pass():
    net = Mazur()
    error = net.forward()
    assert all_printed(net.hidden, ["0.593269992", "0.596884378"])
    assert all_printed(net.outputs, ["0.75136507", "0.772928465"])
    assert printed(error.data, "0.298371109")
    assert error.data == exactly(0.2983711087600027)


def test_mazurs_gradients():
    slopes = Mazur().gradients()
    assert printed(slopes[4], "0.082167041")
    assert printed(slopes[0], "0.000438568")
    assert slopes == exactly(
        [
            4.385677344743465e-4, 8.77135468948693e-4, 4.977127352608599e-4, 9.954254705217198e-4,
            0.08216704056423077, 0.08266762784753325, -0.02260254047747507, -0.022740242215978222,
        ]
    )  # fmt: skip


def test_mazurs_weights_after_one_step():
    net = Mazur()
    net.move(net.gradients())
    texts = [
        "0.149780716", "0.19956143", "0.24975114", "0.29950229",
        "0.35891648", "0.408666186", "0.511301270", "0.561370121",
    ]  # fmt: skip
    assert all_printed(net.w, texts)


def test_mazurs_error_after_one_step_is_that_of_moving_all_weights_at_once():
    """He prints .291027924, from hidden deltas computed with output weights already moved."""
    net = Mazur()
    net.move(net.gradients())
    assert net.forward().data == exactly(0.29102777369359933)

    his = Mazur()
    slopes = his.gradients()
    deltas = [net.grad for net in his.nets]
    his.move([0.0] * 4 + slopes[4:])
    his.forward()
    too_late = autodiff.dot(his.nets, deltas)  # old deltas flow back through moved weights
    his.move(gradients(too_late, *his.w[:4]) + [0.0] * 4)
    assert printed(his.forward().data, "0.291027924")


def test_mazurs_network_after_ten_thousand_steps():
    """All gradients taken before any weight moves; his own .015912196, .984065734 are not."""
    net = Mazur()
    for _ in range(10_000):
        net.move(net.gradients())
    assert net.forward().data == exactly(3.510187782978859e-05)
    assert [o.data for o in net.outputs] == exactly([0.01591362044355068, 0.9840642735146238])
    assert not printed(net.outputs[0].data, "0.015912196")


class Xor:
    """Stack Overflow question 2359571: 2-2-1, a constant -1 per unit, logistic, rate 0.1."""

    patterns = tuple(itertools.product((0.0, 1.0), repeat=2))

    def __init__(self):
        self.hidden = [[Value(0.6) for _ in range(3)] for _ in range(2)]
        self.output = [Value(0.6) for _ in range(3)]

    def forward(self, x):
        hidden = [autodiff.dot(w, [-1.0, *x]).sigmoid() for w in self.hidden]
        return autodiff.dot(self.output, [-1.0, *hidden]).sigmoid()

    def epoch(self):
        weights = [*self.hidden[0], *self.hidden[1], *self.output]
        for x in self.patterns:
            target = float(x[0] != x[1])
            slopes = gradients(0.5 * (self.forward(x) - target) ** 2, *weights)
            for w, slope in zip(weights, slopes, strict=True):
                w.data -= 0.1 * slope

    def errors(self):
        return [abs(self.forward(x).data - float(x[0] != x[1])) for x in self.patterns]


def test_the_table_of_xor_by_hand():
    """Stack Overflow question 2359571: largest and mean absolute error after each epoch."""
    net = Xor()
    for largest, mean in [
        (0.5435466682137927, 0.4999991292217466),
        (0.5435080531724404, 0.4999982558452263),
        (0.5434701135827593, 0.4999973799942081),
    ]:
        net.epoch()
        errors = net.errors()
        assert (max(errors), sum(errors) / 4) == exactly((largest, mean))


def test_the_weights_of_xor_by_hand_after_one_epoch():
    """Stack Overflow question 2359571, bias first; both hidden units stay alike."""
    net = Xor()
    net.epoch()
    for unit in net.hidden:
        assert all_printed(unit, ["0.599691", "0.599987", "0.599985"])
    assert all_printed(net.output, ["0.599864", "0.599712", "0.599712"])


def test_the_derivative_of_tanh_in_the_readme_of_hips_autograd():
    x = Value(1.0)
    for tanh in (Value.tanh, lambda v: (1.0 - (-2.0 * v).exp()) / (1.0 + (-2.0 * v).exp())):
        assert gradients(tanh(x), x) == exactly([0.419974341614026])


def test_rosenbrock_as_in_scipys_docstrings():
    """SciPy: rosen(0.1 k, k = 0..9) = 76.56; rosen_der(0.1 k, k = 0..8)."""
    assert rosenbrock([0.1 * k for k in range(10)]) == exactly(76.56)
    xs = [Value(0.1 * k) for k in range(9)]
    expected = [-2.0, 10.6, 15.6, 13.4, 6.4, -3.0, -12.4, -19.4, 62.0]
    assert gradients(rosenbrock(xs), *xs) == exactly(expected)


@pytest.mark.parametrize(
    ("momentum", "path"), [(0.0, [-6.0, 3.6, -2.16]), (0.1, [-6.0, 2.0, -0.4])]
)
def test_momentum_by_hand(momentum, path):
    """Willamette University, CS449: E = w^2, from w = 10, rate 0.8."""
    w, change = Value(10.0), 0.0
    for expected in path:
        (slope,) = gradients(w**2, w)
        change = -0.8 * slope + momentum * change
        w.data += change
        assert w.data == exactly(expected)
