"""Values among NumPy numbers and arrays."""

import math
import operator

import numpy as np
import pytest

import autodiff
from autodiff import Value
from tests.helpers import COMPARE

SCALARS = [
    np.float64(2.0),
    np.float32(2.0),
    np.int64(2),
    np.uint8(2),
    np.bool_(True),
    np.array(2.0),
]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.mod, operator.pow]


def gradient(z, x):
    """dz/dx."""
    x.grad = 0.0
    z.backward()
    return x.grad


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: f"{type(s).__name__} {s.dtype}")
@pytest.mark.parametrize("operation", OPERATORS)
def test_a_numpy_scalar_is_an_operand_on_either_side(operation, scalar):
    x, number = Value(3.0), float(scalar)
    for z, expected in [
        (operation(x, scalar), operation(x, number)),
        (operation(scalar, x), operation(number, x)),
    ]:
        assert type(z) is Value
        assert type(z.data) is float
        assert (z.op, z.data) == (expected.op, expected.data)
        assert [type(each) for each in z.operands] == [type(each) for each in expected.operands]
        assert gradient(z, x) == gradient(expected, x)


@pytest.mark.parametrize("operation", OPERATORS)
def test_an_array_is_an_operand_on_either_side(operation):
    x, array = Value(3.0), np.array([[1.0, 2.0], [0.5, 4.0]])
    for zs, expected in [
        (operation(x, array), lambda number: operation(x, number)),
        (operation(array, x), lambda number: operation(number, x)),
    ]:
        assert zs.shape == (2, 2)
        assert zs.dtype == object
        for z, number in zip(zs.flat, array.flat, strict=True):
            assert z.data == expected(float(number)).data
            assert gradient(z, x) == gradient(expected(float(number)), x)


@pytest.mark.parametrize("operation", OPERATORS)
def test_an_array_of_values_is_an_operand_too(operation):
    x, ys = Value(3.0), [Value(1.0), Value(2.0)]
    zs = operation(x, np.array(ys))
    assert [z.data for z in zs] == [operation(3.0, y.data) for y in ys]
    zs[1].backward()
    assert ys[0].grad == 0.0
    assert ys[1].grad == gradient(operation(Value(3.0), again := Value(2.0)), again)


@pytest.mark.parametrize("scalar", [np.float64(2.0), np.float32(2.0), np.int64(2)])
@pytest.mark.parametrize("compare", COMPARE.values(), ids=COMPARE)
def test_comparisons_with_numpy_scalars_compare_numbers(compare, scalar):
    for x in (1.0, 2.0, 3.0):
        assert bool(compare(Value(x), scalar)) is compare(x, 2.0)
        assert bool(compare(scalar, Value(x))) is compare(2.0, x)


@pytest.mark.parametrize("compare", COMPARE.values(), ids=COMPARE)
def test_comparisons_with_arrays_go_element_by_element(compare):
    array = np.array([1.0, 2.0, 3.0])
    expected = compare(2.0, array).tolist()
    assert compare(Value(2.0), array).tolist() == expected
    assert compare(np.array([Value(2.0)]), array).tolist() == expected


@np.errstate(invalid="ignore")
@pytest.mark.parametrize("x", [2.0, np.nan])
def test_numpy_does_not_pick_one_of_two_equal_values_of_an_array(x):
    """Nor may it lose a nan; of two that differ, everybody takes the same."""
    array, other = np.array([Value(2.0), Value(3.0)]), np.array([Value(x), Value(1.0)])
    for pick in (np.maximum, np.minimum, np.fmax, np.fmin, operator.ge, operator.le):
        with pytest.raises(TypeError, match=r"write autodiff.maximum\(x, y\)"):
            pick(array, other)
    for pick in (np.max, np.min, np.ptp):
        with pytest.raises(TypeError, match=r"autodiff.max\(x.ravel\(\)\)"):
            pick(np.array([Value(2.0), Value(x)]))
    with pytest.raises(TypeError, match="would lose nan"):
        np.clip(array, x, 9.0)
    assert np.maximum(array[1:], other[1:])[0] is array[1]
    assert (array >= other).tolist() == [x == 2.0, True]


def test_matrix_products_of_object_arrays_work():
    weights = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    inputs = np.array([5.0, 6.0])
    outputs = weights @ inputs
    assert [z.data for z in outputs] == [17.0, 39.0]
    outputs.sum().backward()
    assert [w.grad for w in weights.flat] == [5.0, 6.0, 5.0, 6.0]
    assert [z.data for z in inputs @ weights] == [23.0, 34.0]
    assert (weights @ weights)[0, 0].data == 7.0
    assert np.dot(inputs, weights[0]).data == 17.0


def test_sum_and_mean_of_an_object_array_work():
    values = np.array([Value(1.0), Value(2.0), Value(6.0)])
    assert values.sum().data == 9.0
    values.mean().backward()
    assert [v.grad for v in values] == pytest.approx([1 / 3] * 3, rel=1e-15)


NAMES = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2",
    "log10": "log10", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arcsinh": "asinh", "arctanh": "atanh", "absolute": "abs", "negative": "neg",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_numpy_function_of_a_value_is_our_method(name):
    x = Value(0.5)
    z, expected = getattr(np, name)(x), getattr(x, NAMES[name])()
    assert (z.op, z.data) == (expected.op, expected.data)
    assert gradient(z, x) == gradient(expected, x)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("maximum", autodiff.maximum), ("minimum", autodiff.minimum), ("hypot", autodiff.hypot),
        ("arctan2", autodiff.atan2), ("logaddexp", autodiff.logaddexp), ("power", operator.pow),
        ("multiply", operator.mul), ("subtract", operator.sub), ("divide", operator.truediv),
        ("remainder", operator.mod),
    ],
)  # fmt: skip
def test_a_numpy_function_of_two_takes_a_value_in_either_place(name, ours):
    x, function = Value(3.0), getattr(np, name)
    for z, expected in [(function(x, 2.0), ours(x, 2.0)), (function(2.0, x), ours(2.0, x))]:
        assert (z.op, z.data) == (expected.op, expected.data)
        assert gradient(z, x) == gradient(expected, x)


def test_a_numpy_function_of_an_array_of_values_works_on_each():
    values = np.array([Value(0.5), Value(1.5)])
    results = np.exp(values)
    assert [z.data for z in results] == [math.exp(0.5), math.exp(1.5)]
    results.sum().backward()
    assert [v.grad for v in values] == [math.exp(0.5), math.exp(1.5)]


def test_a_numpy_function_without_a_rule_says_so():
    with pytest.raises(
        TypeError, match=r"numpy\.exp2 has no derivative rule here: write 2\.0 \*\* x"
    ):
        np.exp2(Value(2.0))


def test_a_value_does_not_become_a_float_array_silently():
    with pytest.raises(TypeError, match=r"v\.data for the number"):
        np.array([Value(2.0)], dtype=float)
    assert np.array([Value(2.0)]).dtype == object


def test_our_functions_work_on_arrays_element_by_element():
    values = np.array([[Value(-1.0)], [Value(2.0)]])
    results = autodiff.relu(values)
    assert [[z.data for z in row] for row in results] == [[0.0], [2.0]]
    assert [z.data for z in autodiff.maximum(values[:, 0], 1.0)] == [1.0, 2.0]


@pytest.mark.parametrize(
    "result",
    [
        lambda array: autodiff.relu(array),
        lambda array: autodiff.maximum(array, 0.0),
        lambda array: autodiff.maximum(0.0, array),
        lambda array: autodiff.clip(array, 0.0, 5.0),
        lambda array: autodiff.where(array > 0, array, 0.0),
    ],
)
def test_our_functions_of_plain_arrays_give_plain_arrays(result):
    found = result(np.array([-1.0, 2.0]))
    assert found.dtype == float
    assert found.tolist() == [0.0, 2.0]


@pytest.mark.parametrize("power", [autodiff.pow, Value.pow, operator.pow])
def test_a_power_with_an_array_of_exponents_goes_element_by_element(power):
    results = power(Value(3.0), np.array([1.0, 2.0]))
    assert [z.data for z in results] == [3.0, 9.0]


def test_a_list_of_numpy_numbers_is_a_list_of_numbers():
    x = Value(3.0)
    z = autodiff.dot([x, x], np.array([1.0, 2.0], dtype=np.float32))
    assert (z.data, gradient(z, x)) == (9.0, 3.0)
    assert type(autodiff.sum(np.array([1.0, 2.0]))) is float


@pytest.mark.parametrize("function", ["sum", "max", "logsumexp", "softmax"])
def test_a_function_of_a_list_takes_no_rows(function):
    values = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    with pytest.raises(TypeError, match=rf"{function} takes numbers .* write {function}\(array\."):
        getattr(autodiff, function)(values)
    with pytest.raises(TypeError, match=r"dot takes numbers and Values, not the rows of an array"):
        autodiff.dot(values, values)
    assert autodiff.max(values.ravel()).data == 4.0
