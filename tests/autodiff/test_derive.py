"""Derivatives as functions: published figures, agreement of all directions, higher orders."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import Value, derive, sweeps
from autodiff.rule import IEEE, RULES, rule, smooth_rules
from tests.autodiff.references import evaluate
from tests.helpers import rosenbrock


def mixed(x):
    """Six inputs through every kind of operation: wide, binary, unary, with a constant."""
    return (
        autodiff.logsumexp([x[0] * x[1], x[2].gelu(), x[3] % 1.3]) * autodiff.dot(x[:3], x[3:])
        + x[4].atan2(x[5]) ** x[0]
        - autodiff.hypot(x[1], x[2]) / x[3]
        + autodiff.prod(x) * autodiff.mean(x)
    )


inputs = st.lists(st.floats(0.5, 1.2), min_size=6, max_size=6)


def test_hessian_of_speelpennings_product_has_the_published_entries():
    """Griewank; ADOL-C's example: y / (x_i x_j) off the diagonal, 0 on it."""
    x = [(i + 1) / (i + 2) for i in range(7)]
    hessian = derive.hessian(autodiff.prod)(x)
    for i in range(7):
        for j in range(7):
            expected = 0.0 if i == j else 0.125 / (x[i] * x[j])
            assert hessian[i][j] == pytest.approx(expected, rel=1e-14, abs=0.0)


def test_third_derivative_of_tanh_is_that_of_jax_readme():
    """JAX's README prints .62162673 (float32); HIPS autograd's .419974341614026."""
    assert derive.nth_derivative(autodiff.tanh, 3)(1.0) == pytest.approx(
        0.6216266807712963, rel=1e-15
    )
    assert derive.grad(autodiff.tanh)(1.0) == pytest.approx(0.419974341614026, rel=1e-15)


def test_rosenbrock_has_scipys_published_gradient_and_hessian():
    """SciPy's docstrings of rosen, rosen_der and rosen_hess."""
    assert rosenbrock([0.1 * k for k in range(10)]) == pytest.approx(76.56, rel=1e-14)
    gradient = derive.grad(rosenbrock)([0.1 * k for k in range(9)])
    published = [-2, 10.6, 15.6, 13.4, 6.4, -3, -12.4, -19.4, 62]
    assert gradient == pytest.approx(published, rel=1e-13)
    hessian = derive.hessian(rosenbrock)([0.1 * k for k in range(4)])
    published = [[-38, 0, 0, 0], [0, 134, -40, 0], [0, -40, 130, -80], [0, 0, -80, 200]]
    assert np.array(hessian) == pytest.approx(np.array(published, float), rel=1e-13, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(smooth_rules()), ids=lambda rule: rule.name)
def test_orders_one_to_four_of_every_smooth_rule_agree_with_mpmath(rule):
    """To 1e-13 of the largest order: the recurrences subtract where orders differ in size."""
    for part in (0.23, 0.71):
        parts = [part + 0.05 * i for i in range(len(rule.sample))]
        point = [low + (high - low) * p for p, (low, high) in zip(parts, rule.sample)]
        for i in range(len(point)):
            if rule.name == "pow_const" and i == 1:
                continue

            def ours(t, i=i, point=point):
                operands = tuple([t if j == i else x for j, x in enumerate(point)])
                return autodiff.operations.record(rule, operands)

            def exact(t, i=i, point=point):
                xs = [t if j == i else mpmath.mpf(x) for j, x in enumerate(point)]
                return evaluate(rule, xs)

            with mpmath.workdps(50):
                truth = [float(mpmath.diff(exact, mpmath.mpf(point[i]), n)) for n in range(1, 5)]
            found = [derive.nth_derivative(ours, n)(point[i]) for n in range(1, 5)]
            scale = max(1.0, *map(abs, truth))
            assert found == pytest.approx(truth, rel=1e-13, abs=1e-13 * scale), (point, i)


@given(inputs)
def test_hessian_is_symmetric_and_is_the_jacobian_of_the_gradient(x):
    hessian = np.array(derive.hessian(mixed)(x))
    largest = np.abs(hessian).max()
    assert np.abs(hessian - hessian.T).max() <= 1e-14 * largest
    again = np.array(derive.jacobian(derive.grad(mixed))(x))
    assert np.abs(hessian - again).max() <= 1e-13 * largest


@given(inputs, inputs)
def test_hvp_is_the_hessian_times_the_vector(x, v):
    hessian = np.array(derive.hessian(mixed)(x))
    product = np.array(derive.hvp(mixed, x, v))
    assert np.abs(product - hessian @ np.array(v)).max() <= 1e-13 * np.abs(hessian).max()


@given(inputs, inputs, st.lists(st.floats(-1, 1), min_size=2, max_size=2))
def test_jvp_and_vjp_are_transposes_of_each_other(x, v, u):
    def f(x):
        return [mixed(x), x[0].tanh() * x[5]]

    value, tangent = derive.jvp(f, x, v)
    same, pull = derive.vjp(f, x)
    assert value == same
    left = sum(a * b for a, b in zip(u, tangent))
    right = sum(a * b for a, b in zip(pull(u), v))
    scale = sum(abs(a * b) for a, b in zip(pull(u), v)) + abs(left)
    assert abs(left - right) <= 1e-12 * scale


@given(inputs)
def test_forward_and_reverse_give_the_same_gradient(x):
    reverse = derive.grad(mixed)(x)
    forward = [derive.jvp(mixed, x, e)[1] for e in np.eye(6).tolist()]
    assert forward == pytest.approx(reverse, rel=1e-12, abs=1e-12 * max(map(abs, reverse)))


@given(inputs)
def test_gradients_are_those_of_backward(x):
    values = [Value(each) for each in x]
    root = mixed(values)
    found = derive.gradients(root, values)
    assert all(v.grad == 0.0 for v in values)
    root.backward()
    assert found == pytest.approx([v.grad for v in values], rel=1e-13)


def test_inner_and_outer_variables_of_nested_derivatives_are_kept_apart():
    """Siskind and Pearlmutter's perturbation confusion: d/dx x (d/dy (x + y) at y = 1) is 1."""
    f = derive.grad(lambda x: x * derive.grad(lambda y: x + y)(1.0))
    assert f(1.0) == 1.0
    assert derive.grad(lambda x: derive.grad(lambda y: x * y)(x))(3.0) == 1.0


def test_derivatives_can_be_taken_of_hessian_and_hvp():
    third = derive.grad(lambda x: derive.hessian(rosenbrock)([x, 0.2])[0][0])
    assert third(0.1) == pytest.approx(240.0)  # d/dx (1200 x^2 - 400 y + 2) = 2400 x
    third = derive.grad(lambda x: derive.hvp(rosenbrock, [x, 0.2], [1.0, 0.0])[0])
    assert third(0.1) == pytest.approx(240.0)


def test_backward_with_create_graph_leaves_gradients_that_have_gradients():
    x = Value(2.0)
    y = x**3
    y.backward(create_graph=True)
    slope = x.grad
    assert isinstance(slope, Value)
    assert slope.data == 12.0
    x.grad = 0.0
    slope.backward()
    assert x.grad == 12.0


def test_plain_backward_makes_gradients_numbers_again():
    x = Value(2.0)
    (x * x).backward(create_graph=True)
    (x * x).backward()
    assert x.grad == 8.0
    assert type(x.grad) is float


def test_gradients_with_create_graph_refuses_operands_that_were_changed():
    x = Value(2.0, label="x")
    y = x * x
    x.data = 5.0
    with pytest.raises(RuntimeError, match="compute the output again after writing"):
        derive.gradients(y, x, create_graph=True)


def test_gradient_of_an_input_that_is_not_used_is_zero():
    x, y = Value(1.0), Value(2.0)
    assert derive.gradients(x * 2.0, [x, y]) == [2.0, 0.0]
    assert derive.grad(lambda x: 3.0)(1.0) == 0.0


def test_gradients_weights_several_outputs():
    x = Value(3.0)
    assert derive.gradients([x * 2.0, x * x], x, grad_outputs=[1.0, 10.0]) == 62.0


def test_structures_and_arrays_come_back_as_they_went_in():
    tree = {"w": [[1.0, 2.0], [3.0, 4.0]], "b": (0.5,)}
    found = derive.grad(lambda t: t["w"][0][1] * t["w"][1][0] + t["b"][0] ** 2)(tree)
    assert found == {"w": [[0.0, 3.0], [2.0, 0.0]], "b": (1.0,)}
    gradient = derive.grad(lambda a: (a @ a).sum())(np.eye(2))
    assert gradient.dtype == float
    assert gradient == pytest.approx(2.0 * np.ones((2, 2)))
    assert derive.jacobian(lambda a: a * a[0])(np.ones((2, 3))).shape == (2, 3, 2, 3)
    assert derive.hessian(lambda a: (a * a).sum())(np.ones(3)) == pytest.approx(2.0 * np.eye(3))


def test_argnums_chooses_the_arguments():
    f = derive.grad(lambda x, y: x * y**2, argnums=(0, 1))
    assert f(3.0, 4.0) == (16.0, 24.0)
    assert derive.value_and_grad(lambda x, y: x * y**2, argnums=1)(3.0, 4.0) == (48.0, 24.0)
    with pytest.raises(TypeError, match="argnums names argument 2, but the call has 1"):
        derive.grad(lambda x: x, argnums=2)(1.0)


def test_grad_of_a_list_says_to_use_jacobian():
    with pytest.raises(TypeError, match="returns 2: use jacobian"):
        derive.grad(lambda x: [x, x])(1.0)


def test_a_vector_of_the_wrong_length_names_both():
    with pytest.raises(ValueError, match="1 numbers for 2 inputs"):
        derive.jvp(lambda x: x[0], [1.0, 2.0], [1.0])


def test_jacobian_has_all_entries_whichever_way_it_is_swept():
    wide = derive.jacobian(lambda x: [x[0] * x[1] * x[2]])([2.0, 3.0, 4.0])
    tall = derive.jacobian(lambda x: [x[0] ** 2, x[0] * 3.0, 5.0, x[0]])([2.0])
    assert wide == [[12.0, 8.0, 6.0]]
    assert tall == [[4.0], [3.0], [0.0], [1.0]]


def test_a_pole_in_a_constant_operand_is_ieee_in_higher_orders_too():
    x = Value(1.0)
    (slope,) = derive.gradients(x / 0.0, [x], create_graph=True)
    assert slope.data == math.inf


def test_a_rule_of_ones_own_may_write_powers_with_stars(own_rules):
    def power_tower(x):
        return x**x

    @rule(power_tower, "x ** x", "x ** x * (log(x) + 1)", sample=[(0.5, 2.0)])
    def d_power_tower(z, x):
        return (x**x * (math.log(x**2.0) / 2 + 2.0**x / 2**x),)

    second = derive.nth_derivative(autodiff.power_tower, 2)(1.5)
    with mpmath.workdps(30):
        assert second == pytest.approx(float(mpmath.diff(lambda x: x**x, 1.5, 2)), rel=1e-14)
    assert derive.hvp(autodiff.power_tower, 1.5, 1.0) == pytest.approx(second, rel=1e-14)


def evaluations(monkeypatch):
    """A list that grows by one with each evaluation of local derivatives."""
    seen = []

    def counted(function):
        def wrapper(*operands):
            seen.append(function.__name__)
            return function(*operands)

        return wrapper

    for made in RULES.values():
        value, on_duals = made.bound(sweeps.DUALS)
        made.bound(IEEE)
        monkeypatch.setitem(made._bound, id(sweeps.DUALS), (value, counted(on_duals)))
        monkeypatch.setattr(made, "partials", counted(made.partials))
    return seen


def test_a_gradient_costs_at_most_three_per_operation_of_the_function(monkeypatch):
    """Evaluations of local derivatives, counted, and a multiply-add for each operand."""
    root = rosenbrock([Value(0.1 * k) for k in range(50)])
    inner, _ = autodiff.graph.topological_order(root)
    terms = len(root.parents) - 1  # a sum of n terms is n - 1 additions
    seen = evaluations(monkeypatch)
    root.backward()
    multiply_adds = sum(len(node.parents) for node in inner)
    assert len(seen) == len(inner)
    assert len(seen) + multiply_adds <= 3 * (len(inner) + terms)


def test_a_hessian_vector_product_costs_at_most_ten_per_operation(monkeypatch):
    """One multiply-add per operand forward, three in reverse: value, and both products' terms."""
    x = [0.1 * k for k in range(50)]
    root = rosenbrock([Value(each) for each in x])
    inner, _ = autodiff.graph.topological_order(root)
    terms = len(root.parents) - 1
    seen = evaluations(monkeypatch)
    derive.hvp(rosenbrock, x, x)
    multiply_adds = 4 * sum(len(node.parents) for node in inner)
    assert len(inner) <= len(seen)
    assert len(seen) + multiply_adds <= 10 * (len(inner) + terms)


def test_a_derivative_of_any_order_ends_where_all_higher_ones_are_zero():
    assert derive.nth_derivative(lambda x: x**4, 10**9)(1.0) == 0.0
    assert derive.nth_derivative(lambda x: x * x / 2.0, 1)(3.0) == 3.0
    assert derive.nth_derivative(lambda x: x * x / 2.0, 2)(3.0) == 1.0
    assert derive.nth_derivative(lambda x: 3.0, 5)(1.0) == 0.0


def test_a_derivative_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(derive, "_MOST_NODES", 1000)
    assert derive.nth_derivative(lambda x: 1.0 / x, 6)(1.0) == 720.0
    with pytest.raises(ValueError, match="order 50: order 6 alone takes 1,127 operations"):
        derive.nth_derivative(lambda x: 1.0 / x, 50)(1.0)
