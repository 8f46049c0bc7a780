"""Sparse Jacobians and Hessians: right patterns, few sweeps, the same numbers as without."""

import math
import random
import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from scipy.optimize import rosen, rosen_hess

import autodiff
from autodiff import RULES, Value, call, derive, rule, sparsity
from autodiff.operations import record
from tests.autodiff.references import evaluate, slope
from tests.helpers import rosenbrock
from tests.programs import on_values, programs


def arrow(x):
    """Every input meets the first, and itself."""
    return sum((x[0] * each).sin() for each in x[1:])


@pytest.fixture
def counted(monkeypatch):
    """Counts sweeps: Hessian-vector products, reverse and forward sweeps."""
    counts = {"hvp": 0, "reverse": 0, "forward": 0}

    def counting(key, function):
        def wrapper(*args):
            counts[key] += 1
            return function(*args)

        return wrapper

    monkeypatch.setattr(derive, "_times_hessian", counting("hvp", derive._times_hessian))
    for name in ("reverse", "forward"):
        monkeypatch.setattr(call, name, counting(name, getattr(call, name)))
    return counts


# --- cost and results ---------------------------------------------------------------------


def test_the_hessian_of_a_thousand_rosenbrock_inputs_takes_three_products(counted):
    """SciPy's docstrings of rosen and rosen_hess: tridiagonal."""
    x = np.linspace(-1.0, 1.5, 1000)
    hessian = derive.hessian(rosenbrock, sparse=True)(x)
    assert counted["hvp"] == 3
    assert hessian.nnz == 2998
    expected = rosen_hess(x)
    assert abs(hessian.toarray() - expected).max() <= 1e-13 * abs(expected).max()
    assert rosenbrock(x) == pytest.approx(rosen(x), rel=1e-12)


def test_reading_the_pattern_evaluates_each_operation_once(monkeypatch):
    root = rosenbrock([Value(0.1 * k) for k in range(50)])
    inner, leaves = autodiff.graph.topological_order(root)
    evaluated = []

    def counting(names, *rest, original=sparsity.partials_as):
        evaluated.append(names)
        return original(names, *rest)

    monkeypatch.setattr(sparsity, "partials_as", counting)
    sparsity.hessian_pattern(inner, {id(node) for node in inner + leaves}, leaves)
    assert len(evaluated) == len(inner)


def test_an_input_that_meets_all_others_does_not_make_the_rest_dense(counted):
    x = [0.3 + 0.1 * k for k in range(40)]
    hessian = derive.hessian(arrow)(x)
    assert counted["hvp"] == 2
    for i in range(1, 40):
        assert hessian[i][i] == pytest.approx(-(x[0] ** 2) * math.sin(x[0] * x[i]), rel=1e-14)
        mixed = math.cos(x[0] * x[i]) - x[0] * x[i] * math.sin(x[0] * x[i])
        assert hessian[0][i] == hessian[i][0] == pytest.approx(mixed, rel=1e-13)
        assert hessian[i][1:i] == [0.0] * (i - 1)


def test_a_linear_function_takes_no_product_at_all(counted):
    assert derive.hessian(lambda x: 2.0 * x[0] - x[1] / 3.0)([1.0, 2.0]) == [[0.0, 0.0]] * 2
    assert derive.hessian(lambda x: 5.0)([1.0]) == [[0.0]]
    assert counted["hvp"] == 0


def test_a_dense_hessian_takes_as_many_products_as_before(counted):
    derive.hessian(autodiff.logsumexp)([0.1, 0.2, 0.3, 0.4])
    assert counted["hvp"] == 4


def band(x):
    """Each output depends on three neighbouring inputs."""
    return [x[i] * x[i + 1] + x[i + 2].sin() for i in range(len(x) - 2)]


def gathered(x):
    """Outputs of disjoint inputs, and of all: rows cannot share a sweep but for the first."""
    return [each.exp() for each in x] + [autodiff.prod(x)]


def spread(x):
    """Few inputs, many outputs of one each."""
    return [each * k for each in x for k in range(1, 9)]


@pytest.mark.parametrize(
    ("f", "n", "sweeps"),
    [(band, 60, {"reverse": 3, "forward": 0}), (gathered, 30, {"reverse": 2, "forward": 0}),
     (spread, 5, {"reverse": 0, "forward": 1})],
)  # fmt: skip
def test_a_jacobian_takes_the_fewest_sweeps_that_tell_its_entries_apart(f, n, sweeps, counted):
    x = [0.2 + 0.01 * k for k in range(n)]
    jacobian = derive.jacobian(f, sparse=True)(x)
    assert {key: counted[key] for key in sweeps} == sweeps
    rows = [derive.grad(lambda x, i=i: f(x)[i])(x) for i in range(jacobian.shape[0])]
    assert np.array_equal(jacobian.toarray(), np.array(rows))
    assert derive.jacobian(f)(x) == rows


def test_a_sparse_matrix_is_over_the_flat_inputs_and_outputs():
    hessian = derive.hessian(lambda t: t["a"][0] ** 2 * t["b"], sparse=True)
    found = hessian({"a": [3.0, 7.0], "b": 2.0})
    assert found.toarray().tolist() == [[4.0, 0.0, 6.0], [0.0, 0.0, 0.0], [6.0, 0.0, 0.0]]
    jacobian = derive.jacobian(lambda a: a[:, 0] * 2.0, sparse=True)(np.ones((2, 2)))
    assert jacobian.toarray().tolist() == [[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]


def test_a_sparse_matrix_inside_another_derivative_is_refused_with_advice():
    with pytest.raises(TypeError, match="leave out sparse=True there"):
        derive.grad(lambda x: derive.hessian(rosenbrock, sparse=True)([x, 0.2])[0, 0])(0.1)


def test_without_scipy_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"pip install \"valuegrad\[train\]\""):
        derive.hessian(rosenbrock, sparse=True)([1.0, 2.0])


def test_what_does_not_meet_stays_zero_beside_nan_and_inf():
    hessian = derive.hessian(lambda x: x[0] ** 2 + (x[1] - x[1]) / (x[1] - x[1]))([3.0, 1.0])
    assert hessian[0] == [2.0, 0.0]
    assert math.isnan(hessian[1][1])


# --- patterns -----------------------------------------------------------------------------


def meets(name, xs):
    """For each operand of a rule the operands that it meets, as lists."""
    operands = [Value(x) for x in xs]
    node = record(RULES[name], tuple(operands))
    return [list(sparsity.members(s)) for s in sparsity.interactions(node, set(map(id, operands)))]


@pytest.mark.parametrize("name", list(RULES))
def test_operands_whose_second_derivative_is_not_zero_meet(name):
    each, generator = RULES[name], random.Random(name)
    for _ in range(20):
        xs = [generator.uniform(low, high) for low, high in each.sample]
        found = meets(name, xs)
        with mpmath.workdps(50):
            for i in range(len(xs)):
                for j in range(len(xs)):

                    def first(point, i=i):
                        return slope(lambda p: evaluate(each, p), point, i, mpf(10) ** -15)

                    second = slope(first, [mpf(x) for x in xs], j, mpf(10) ** -15)
                    # pow_const takes no gradient for its exponent.
                    constant = not each.variadic and "0" in (
                        each.derivatives[i], each.derivatives[j],
                    )  # fmt: skip
                    assert constant or abs(second) < 1e-10 or j in found[i], (i, j)


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [
        ("add", [1.0, 2.0], [[], []]),
        ("mul", [1.0, 2.0], [[1], [0]]),
        ("div", [1.0, 2.0], [[1], [0, 1]]),
        ("exp", [1.0], [[0]]),
        ("relu", [1.0], [[]]),
        ("leaky_relu", [1.0, 0.1], [[], []]),
        ("leaky_relu", [-1.0, 0.1], [[1], [0]]),
        ("mod", [5.5, 2.0], [[], []]),
        ("dot", [1.0, 2.0, 3.0, 4.0], [[2], [3], [0], [1]]),
        ("prod", [1.0, 2.0, 3.0], [[1, 2], [0, 2], [0, 1]]),
        ("max", [1.0, 2.0, 3.0], [[], [], []]),
        ("logsumexp", [1.0, 2.0, 3.0], [[0, 1, 2]] * 3),
    ],
)
def test_operands_that_the_rule_keeps_apart_do_not_meet(name, xs, expected):
    assert meets(name, xs) == expected


def test_a_constant_operand_meets_nothing():
    x = Value(2.0)
    (found, _) = sparsity.interactions(x * 3.0, {id(x)})
    assert not found


def test_a_rule_of_ones_own_shows_its_pattern(own_rules):
    def area(x, y, z):
        return x * y + z

    @rule(area, "x * y + z", "y", "x", "1")
    def d_area(value, x, y, z):
        return y, x, 1.0

    assert meets("area", [1.0, 2.0, 3.0]) == [[1], [0], []]


def test_in_a_rule_that_cannot_be_read_all_operands_meet(own_rules):
    lookup = {1.0: 2.0, 2.0: 3.0}

    def opaque(x, y):
        return x + y

    @rule(opaque, "x + y", "1", "1")
    def d_opaque(z, x, y):
        return float(x) * 0.0 + 1.0, lookup.get(y, 1.0)

    assert meets("opaque", [1.0, 2.0]) == [[0, 1], [0, 1]]


@given(programs())
def test_the_hessian_of_a_random_program_is_made_of_its_products_with_unit_vectors(program):
    def f(x):
        return program.run(on_values, x)[-1]

    x = list(program.inputs)
    hessian = np.array(derive.hessian(f)(x))
    columns = np.array([derive.hvp(f, x, e) for e in np.eye(len(x)).tolist()]).T
    scale = np.abs(columns).max() + np.finfo(float).tiny
    assert np.abs(hessian - columns).max() <= 1e-9 * scale


# --- groups and colours -------------------------------------------------------------------


@st.composite
def symmetric(draw):
    """A symmetric matrix of whole numbers, and its pattern."""
    n = draw(st.integers(1, 12))
    matrix = np.zeros((n, n))
    for i, j in draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))):
        matrix[i, j] = matrix[j, i] = 1.0 + i * n + j
    return matrix


@given(symmetric())
def test_every_symmetric_matrix_comes_back_from_its_products(matrix):
    pattern = [np.flatnonzero(row).tolist() for row in matrix]
    entries = sparsity.hessian_entries(pattern, lambda v: matrix @ np.array(v))
    assert np.array_equal(sparsity.as_rows(entries, *matrix.shape), matrix)


def test_a_tree_of_columns_takes_few_colours_however_large():
    n = 200
    pattern = [[i] for i in range(n)]
    for i in range(1, n):
        pattern[i].append((i - 1) // 3)
        pattern[(i - 1) // 3].append(i)
    assert max(sparsity.star_colours(pattern)) + 1 <= 4


@given(st.lists(st.lists(st.integers(0, 7), unique=True).map(sorted), max_size=20))
def test_groups_are_disjoint_and_leave_out_nothing_but_the_empty(sets):
    groups = sparsity.disjoint_groups(sets, limit=100)
    assert sorted(i for group in groups for i in group) == [i for i, s in enumerate(sets) if s]
    for group in groups:
        numbers = [number for i in group for number in sets[i]]
        assert len(numbers) == len(set(numbers))


def test_grouping_gives_up_where_it_cannot_win():
    assert sparsity.disjoint_groups([[0], [0], [0]], limit=3) is None
    assert sparsity.disjoint_groups([[0], [1], [0]], limit=3) == [[0, 1], [2]]


@given(st.lists(st.sets(st.integers(0, 5000)), max_size=5))
def test_sets_of_numbers_are_united_and_listed_in_order(sets):
    blocks = [sparsity.union(map(sparsity.single, each)) for each in sets]
    before = [dict(each) for each in blocks]
    assert list(sparsity.members(sparsity.union(blocks))) == sorted(set().union(*sets))
    assert blocks == before
