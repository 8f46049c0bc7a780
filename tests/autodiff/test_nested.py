"""Derivatives inside derivatives keep every history: all transformations inside all others.

The function is x^a y^b z^c, whose derivatives of all orders are known.  Each transformation is
written as what takes a function of one number, and the number, to a derivative of some order.
"""

import itertools
import math

import numpy as np
import pytest

import autodiff
from autodiff import (
    Tape,
    Value,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    nth_derivative,
    value_and_grad,
    vjp,
)
from tests.modes import by_backward, by_gradients
from tests.threads import in_threads

POWERS = (7, 6, 8)
POINT = (1.1, 0.9, 1.2)


def f(x, y, z=POINT[2]):
    return x ** POWERS[0] * y ** POWERS[1] * z ** POWERS[2]


def derivative(*orders):
    """The derivative of `f` of these orders at POINT."""
    return math.prod(math.perm(p, n) * x ** (p - n) for p, n, x in zip(POWERS, orders, POINT))


# Of a number, or of a list or an array of one or two numbers; each with its order.
TRANSFORMATIONS = {
    "grad": (1, lambda g, x: grad(g)(x)),
    "grad of a list": (1, lambda g, x: grad(lambda xs: g(xs[0]) + xs[1])([x, 1.0])[0]),
    "grad of an array": (1, lambda g, x: grad(lambda xs: g(xs[0]))(np.array([x]))[0]),
    "grad by a named argument's neighbour": (1, lambda g, x: grad(lambda x, k: k * g(x))(x, k=1.0)),
    "grad with aux": (1, lambda g, x: grad(lambda x: (g(x), x), has_aux=True)(x)[0]),
    "value_and_grad": (1, lambda g, x: value_and_grad(g)(x)[1]),
    "value_and_grad's value": (0, lambda g, x: value_and_grad(g)(x)[0]),
    "aux": (0, lambda g, x: value_and_grad(lambda x: (x, {"g": g(x)}), has_aux=True)(x)[0][1]["g"]),
    "jacobian": (1, lambda g, x: jacobian(lambda x: [x, g(x)])(x)[1]),
    "jacobian by rows": (1, lambda g, x: jacobian(lambda xs: g(xs[0]))([x, 1.0])[0]),
    "hessian": (2, lambda g, x: hessian(g)(x)),
    "hessian by two": (2, lambda g, x: hessian(lambda x, k: g(x + k), (0, 1))(x, 0)[0][1]),
    "jvp": (1, lambda g, x: jvp(g, x, 1.0)[1]),
    "jvp's value": (0, lambda g, x: jvp(g, x, 1.0)[0]),
    "jvp along a Value": (1, lambda g, x: jvp(g, x, Value(1.0))[1]),
    "vjp": (1, lambda g, x: vjp(g, x)[1](1.0)),
    "vjp's value": (0, lambda g, x: vjp(g, x)[0]),
    "vjp of a Value": (1, lambda g, x: vjp(g, x)[1](Value(1.0))),
    "hvp": (2, lambda g, x: hvp(g, x, 1.0)),
    "hvp by one of two": (2, lambda g, x: hvp(lambda k, x: k * g(x), (1.0, x), 1.0, argnums=1)),
    "nth_derivative 0": (0, lambda g, x: nth_derivative(g, 0)(x)),
    "nth_derivative 1": (1, lambda g, x: nth_derivative(g, 1)(x)),
    "nth_derivative 2": (2, lambda g, x: nth_derivative(g, 2)(x)),
    "gradients": (1, by_gradients),
    "backward": (1, by_backward),
}  # fmt: skip
CORE = [name for name in TRANSFORMATIONS if " " not in name] + ["nth_derivative 2"]
PAIRS = list(itertools.product(TRANSFORMATIONS, repeat=2))


def number(x):
    return x.data if isinstance(x, Value) else x


def close(found, *orders):
    return number(found) == pytest.approx(derivative(*orders), rel=1e-12)


@pytest.mark.parametrize("outer", TRANSFORMATIONS)
def test_a_derivative_at_a_number_keeps_the_outer_variable_that_its_function_reads(outer):
    n, d_outer = TRANSFORMATIONS[outer]
    for inner, (m, d_inner) in TRANSFORMATIONS.items():
        found = d_outer(lambda x, d=d_inner: d(lambda y: f(x, y), POINT[1]), POINT[0])
        assert close(found, n, m, 0), inner


@pytest.mark.parametrize("outer", TRANSFORMATIONS)
def test_a_derivative_at_an_outer_variable_is_a_function_of_it(outer):
    """The variable is the inner argument; or the argument and in the closure, both ways at once."""
    n, d_outer = TRANSFORMATIONS[outer]
    for inner, (m, d_inner) in TRANSFORMATIONS.items():
        found = d_outer(lambda x, d=d_inner: d(lambda x: f(x, POINT[1]), x), POINT[0])
        assert close(found, n + m, 0, 0), inner
        # d^m/du^m of u^7 x at u = x is P x^(8 - m).
        both = d_outer(lambda x, d=d_inner: d(lambda u: u**7 * x, x), POINT[0])
        expected = math.perm(7, m) * math.perm(8 - m, n) * POINT[0] ** (8 - m - n)
        assert number(both) == pytest.approx(expected, rel=1e-12), inner


@pytest.mark.parametrize("inner", TRANSFORMATIONS)
def test_a_derivative_at_a_number_can_be_differentiated_by_a_parameter(inner):
    """As a penalty on a network's slope is: the parameter is a leaf that nobody passed."""
    n, d = TRANSFORMATIONS[inner]
    w = Value(POINT[0])
    found = d(lambda y: f(w, y), POINT[1])
    w.zero_grad()  # a backward inside, by all leaves, was about w too
    (found**2).backward()
    assert w.grad == pytest.approx(2 * derivative(0, n, 0) * derivative(1, n, 0), rel=1e-12)
    assert gradients(found, w) == pytest.approx(derivative(1, n, 0), rel=1e-12)


@pytest.mark.parametrize("outer", CORE)
def test_three_levels_keep_all_variables_apart(outer):
    k, d_outer = TRANSFORMATIONS[outer]
    for middle, inner in itertools.product(CORE, repeat=2):
        (m, d_middle), (n, d_inner) = TRANSFORMATIONS[middle], TRANSFORMATIONS[inner]

        def level2(x, d_middle=d_middle, d_inner=d_inner):
            return d_middle(lambda y: d_inner(lambda z: f(x, y, z), POINT[2]), POINT[1])

        assert close(d_outer(level2, POINT[0]), k, m, n), (middle, inner)


RECORDABLE = [name for name in TRANSFORMATIONS if name != "backward"]  # reading .grad is refused


@pytest.mark.parametrize("inner", RECORDABLE)
def test_a_tape_records_a_derivative_at_a_number_that_reads_its_input(inner):
    n, d = TRANSFORMATIONS[inner]
    w = Value(POINT[2])
    tape = Tape.record(lambda x: d(lambda y: f(x, y, w), POINT[1]), 1.5, parameters=[w])
    tape.backend = "python"
    assert close(tape.backward(POINT[0]), 0, n, 0)
    assert w.grad == pytest.approx(derivative(0, n, 1), rel=1e-12)
    assert close(tape.input_gradients(POINT[0]), 1, n, 0)


@pytest.mark.parametrize("inner", [name for name in CORE if name in RECORDABLE])
def test_a_tape_guards_what_a_derivative_inside_it_hangs_on(inner):
    _, d = TRANSFORMATIONS[inner]

    def chosen(x):
        return d(lambda y: autodiff.where(x > 0.0, y**3, y**4) * x, 2.0)

    tape = Tape.record(chosen, 1.0)
    tape.backend = "python"
    for x in (3.0, -3.0):
        assert tape.forward(x) == number(chosen(Value(x)))


@pytest.mark.parametrize("outer", CORE)
def test_a_derivative_taken_in_another_thread_keeps_its_history(outer):
    n, d_outer = TRANSFORMATIONS[outer]
    for inner in CORE:
        m, d_inner = TRANSFORMATIONS[inner]

        def through_a_thread(x, d=d_inner):
            return in_threads(lambda: d(lambda y: f(x, y), POINT[1]))[0]

        assert close(d_outer(through_a_thread, POINT[0]), n, m, 0), inner


def test_threads_differentiate_at_once_without_seeing_each_other():
    def work(number_of_thread):
        for outer, inner in itertools.islice(PAIRS, number_of_thread, None, 16):
            (n, d_outer), (m, d_inner) = TRANSFORMATIONS[outer], TRANSFORMATIONS[inner]
            found = d_outer(lambda x, d=d_inner: d(lambda y: f(x, y), POINT[1]), POINT[0])
            assert close(found, n, m, 0), (outer, inner)

    in_threads(*[lambda i=i: work(i) for i in range(4)])


# --- what comes back is plain unless it has a history ------------------------------------------


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_numbers_come_back_where_nothing_else_can_be_differentiated_by(name):
    if "Value" in name or name in ("gradients", "backward"):
        return  # these were given a Value, or asked for one
    found = TRANSFORMATIONS[name][1](lambda x: f(x, POINT[1]), POINT[0])
    assert isinstance(found, float)


def test_only_what_depends_on_a_parameter_comes_back_as_a_value():
    w = Value(3.0)
    slopes = grad(lambda xs: xs[0] * w + xs[1] ** 2 + w)([2.0, 5.0])
    assert slopes == [3.0, 10.0]
    assert isinstance(slopes[0], Value)
    assert isinstance(slopes[1], float)
    rows = hessian(lambda xs: w * xs[0] ** 2 + xs[0] * xs[1] + xs[1] ** 3)([2.0, 5.0])
    assert rows == [[6.0, 1.0], [1.0, 30.0]]
    assert isinstance(rows[0][0], Value)
    assert [type(x) for x in rows[1]] == [float, float]


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_under_no_grad_a_derivative_is_right_and_a_plain_number(name):
    n, d = TRANSFORMATIONS[name]
    w = Value(POINT[0])
    for at in (POINT[1], Value(POINT[1])):
        with no_grad():
            if name in ("gradients", "backward"):
                continue  # which differentiate a graph, and under no_grad there is none
            found = d(lambda y: f(w, y), at)
        assert isinstance(found, float), at
        assert close(found, 0, n, 0), at


def test_no_grad_inside_a_function_cuts_what_it_says_it_cuts():
    def half(x):
        with no_grad():
            slope = grad(lambda x: x**3)(x)
        return slope * x

    assert grad(half)(2.0) == 12.0


def test_a_vjp_is_pulled_with_or_without_history_as_wanted_then():
    w = Value(3.0)
    with no_grad():
        _, pull = vjp(lambda x: w * x**2, 2.0)
        assert isinstance(pull(1.0), float)
    assert gradients(pull(1.0), w) == 4.0
    _, pull = vjp(lambda x: w * x**2, 2.0)
    with no_grad():
        assert isinstance(pull(w), float)


def test_gradients_keeps_the_history_that_an_enclosing_derivative_needs():
    def slope(x, **options):
        return gradients(x**3, x, **options)

    w = Value(2.0)
    assert grad(slope)(2.0) == 12.0
    assert grad(lambda x: slope(x, create_graph=False) * x)(2.0) == 12.0  # its slope: 3 x^2 alone
    assert isinstance(slope(w), float)
    assert grad(lambda x: slope(w) * x)(1.0) == 12.0
    assert isinstance(grad(lambda x: slope(w) * x)(1.0), float)


def test_gradients_with_a_graph_records_it_under_no_grad_as_in_pytorch():
    x = Value(2.0)
    y = x**3
    with no_grad():
        slope = gradients(y, x, create_graph=True)
        y.backward(create_graph=True)
    assert gradients(slope, x) == gradients(x.grad, x) == 12.0


def test_backward_inside_a_derivative_is_refused_where_the_outer_one_would_be_lost():
    def lost(x):
        y = x**3
        y.backward()
        return y * x.grad

    for d in (grad(lost), lambda x: jvp(lost, x, 1.0), hessian(lost), nth_derivative(lost, 2)):
        with pytest.raises(RuntimeError, match="the outer derivative would be lost"):
            d(2.0)
    w = Value(1.0)

    def own(x):
        (w * w).backward()
        return x * w.grad

    assert grad(own)(2.0) == 2.0
    w.zero_grad()
    (w * 5.0).backward()  # and nothing is left behind by the calls that were refused
    assert w.grad == 5.0


def test_a_refused_function_leaves_no_variable_behind():
    def broken(x):
        raise ZeroDivisionError(x)

    with pytest.raises(ZeroDivisionError):
        grad(broken)(2.0)
    assert not autodiff.context.VARIABLES


def test_a_derivative_walks_its_own_function_and_not_what_its_argument_was_computed_from(
    monkeypatch,
):
    """Else n Newton steps, one after the other, would cost n^2."""
    walked = []
    order = autodiff.graph.topological_order

    def counting(*roots, **options):
        inner, leaves = order(*roots, **options)
        walked.append(len(inner))
        return inner, leaves

    monkeypatch.setattr(autodiff.graph, "topological_order", counting)
    x = Value(3.0)
    for _ in range(50):
        x = x - 0.1 * grad(lambda x: x**2)(x)
    assert sum(walked) == 50


# --- several arguments -------------------------------------------------------------------------


def three(x, y, z=2.0):
    return x**2 * y * z + y**3


def test_hessian_of_several_arguments_is_nested_as_in_jax():
    assert hessian(three, argnums=1)(3.0, 4.0) == 24.0
    assert hessian(three, argnums=(0, 1))(3.0, 4.0) == ((16.0, 12.0), (12.0, 24.0))
    assert hessian(three, argnums=(1, 0))(3.0, 4.0, z=1.0) == ((24.0, 6.0), (6.0, 8.0))
    found = hessian(lambda a, b: (a * a).sum() * b[0] + b[1], (0, 1))(np.ones(2), [3.0, 4.0])
    (aa, ab), [(b0a, b0b), (b1a, b1b)] = found  # one row for each number of the list
    assert aa.tolist() == [[6.0, 0.0], [0.0, 6.0]]
    assert [x.tolist() for x in ab] == [b0a.tolist(), b1a.tolist()] == [[2.0, 2.0], [0.0, 0.0]]
    assert b0b == b1b == [0.0, 0.0]


def test_jacobian_of_several_arguments_and_outputs_is_nested_as_in_jax():
    def outputs(a, b):
        return {"sum": a + b, "last": a[1] * b}

    found = jacobian(outputs, argnums=(0, 1))(np.array([1.0, 2.0]), 5.0)
    assert found["sum"][0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found["sum"][1].tolist() == [1.0, 1.0]
    assert found["last"][0].tolist() == [0.0, 5.0]
    assert found["last"][1] == 2.0


def test_products_with_the_hessian_take_several_arguments():
    assert hvp(three, (3.0, 4.0), (1.0, 10.0), argnums=(0, 1)) == (136.0, 252.0)
    assert hvp(three, (3.0, 4.0), 10.0, argnums=1) == 240.0
    assert jvp(three, (3.0, 4.0, 1.0), 1.0, argnums=2) == (100.0, 36.0)
    value, pull = vjp(three, (3.0, 4.0), argnums=(1, 0))
    assert (value, pull(1.0)) == (136.0, (66.0, 48.0))


def test_aux_is_passed_on_as_plain_numbers_whatever_it_holds():
    w = Value(3.0)

    def g(x):
        return x * w, {"x": x, "list": [x * x, "text", None], "array": np.array([x, 1.0]), "w": w}

    slope, aux = grad(g, has_aux=True)(2.0)
    assert slope is w or slope == 3.0
    assert aux["x"] == 2.0
    assert isinstance(aux["x"], float)
    assert aux["list"] == [4.0, "text", None]
    assert aux["array"].tolist() == [2.0, 1.0]
    assert aux["w"] is w
    (value, aux), slope = value_and_grad(lambda x: (x * x, x), has_aux=True)(2.0)
    assert (value, aux, slope) == (4.0, 2.0, 4.0)
    assert jacobian(lambda x: ([x * x], x), has_aux=True)(2.0) == ([4.0], 2.0)
    assert hessian(lambda x: (x * x, x), has_aux=True)(2.0) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("act", "error", "sentence"),
    [
        (lambda: grad(three, argnums=(0, 0))(1.0, 2.0), ValueError, "names an argument twice"),
        (lambda: grad(three, argnums=(0, -2))(1.0, 2.0), ValueError, "names an argument twice"),
        (lambda: grad(three, argnums="x")(1.0, 2.0), TypeError, "got 'x'"),
        (lambda: grad(three, argnums=0.5)(1.0, 2.0), TypeError, "is the number of an argument"),
        (lambda: grad(three)(x=1.0, y=2.0), TypeError, "is given by position"),
        (lambda: grad(three, has_aux=True)(1.0, 2.0), TypeError, "the function returns a pair"),
        (lambda: hvp(three, 1.0, 1.0, argnums=0), TypeError, "hvp(f, (x, y), ...); got 1.0"),
        (lambda: hvp(three, (1.0, 2.0), 1.0, argnums=(0, 1)), ValueError, "1 numbers for 2 inp"),
        (lambda: jvp(np.sum, np.ones((2, 3)), np.ones((3, 2))), ValueError, "of shape (3, 2)"),
        (lambda: nth_derivative(lambda x: x[0], 1)([1.0, 2.0]), TypeError, "holds 2: use grad"),
        (lambda: nth_derivative(three, 1.5), ValueError, "an order of 0 or more, got 1.5"),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_meant_is_refused_in_a_sentence(act, error, sentence):
    with pytest.raises(error) as caught:
        act()
    assert sentence in str(caught.value)


def test_lists_nested_too_deeply_are_refused_in_a_sentence():
    tree = [1.0]
    for _ in range(100_000):
        tree = [tree]
    with pytest.raises(ValueError, match="nested too deeply"):
        grad(lambda t: t)(tree)
    while isinstance(tree[0], list):  # so that freeing it does not recurse either
        tree = tree[0]


# --- beside torch.func -------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_all_pairs_are_those_of_torch_func():
    torch = pytest.importorskip("torch")

    def with_sines(module):
        return lambda x, y: module.sin(x * y) * module.exp(x) + module.tanh(y) * x

    theirs = {
        "grad": torch.func.grad,
        "jvp": lambda g: lambda x: torch.func.jvp(g, (x,), (torch.ones_like(x),))[1],
        "vjp": lambda g: lambda x: torch.func.vjp(g, x)[1](torch.ones_like(x))[0],
        "jacobian": torch.func.jacrev,
        "hessian": torch.func.hessian,
        "hvp": torch.func.hessian,
    }
    ours, other = with_sines(autodiff), with_sines(torch)
    x, y = torch.tensor(0.7, dtype=torch.float64), torch.tensor(-0.4, dtype=torch.float64)
    for outer, inner in itertools.product(theirs, repeat=2):
        expected = theirs[outer](lambda x, d=theirs[inner]: d(lambda y: other(x, y))(y))(x)
        d_outer, d_inner = TRANSFORMATIONS[outer][1], TRANSFORMATIONS[inner][1]
        found = d_outer(lambda x, d=d_inner: d(lambda y: ours(x, y), y.item()), x.item())
        assert number(found) == pytest.approx(expected.item(), rel=1e-12), (outer, inner)
