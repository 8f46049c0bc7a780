"""Every function of NumPy on Values: right, or stopped; and the page that says which."""

import math
import re

import numpy as np
import pytest

import autodiff
from autodiff import Tape, Value
from tests.autodiff import numpy_table
from tests.autodiff.numpy_table import BINARY, EXPRESSIONS, PAGE, UNARY, VERSION
from tests.autodiff.trials import POINTS, array, one, trial, trials
from tests.helpers import gradients


@pytest.fixture(scope="module")
def answers():
    return numpy_table.all_answers()


def test_no_function_of_numpy_gives_a_wrong_number_or_gradient_in_silence(answers):
    """But for those that compare elements, which NumPy does by itself: `KNOWN` lists them."""
    wrong = [example for both in answers.values() for each in both for _, example in each.wrong]
    assert len(wrong) > 20
    assert [
        example for both in answers.values() for each in both for kind, example in each.wrong
        if not kind
    ] == []  # fmt: skip


def test_most_functions_are_tried_and_many_work(answers):
    works = [name for name, both in answers.items() if both[0].cell() == "works"]
    refused = [name for name, both in answers.items() if both[0].cell() == "refused"]
    assert len(works) > 150
    assert len(refused) > 50
    assert {"mean", "var", "vdot", "square", "reciprocal", "positive", "arcsin"} <= {*works}


def test_a_ufunc_that_refuses_one_value_says_what_to_write(answers):
    said = {
        name: message
        for name, (_, of_one) in answers.items()
        for message in of_one.refused
        if isinstance(getattr(np, name, None), np.ufunc) and not getattr(np, name).signature
    }
    assert {"floor", "rint", "fmod", "exp2", "heaviside"} <= said.keys()
    for name, message in said.items():
        if name != "sign":  # of nan, in NumPy's own words
            assert "has no derivative rule here: write" in message, name


def test_the_page_is_not_stale(answers):
    """If this fails: `python -m tests.autodiff.numpy_table`."""
    text = PAGE.read_text(encoding="utf-8")
    if f"With NumPy {VERSION}." not in text:
        pytest.skip("the page was written with another version of NumPy")
    assert numpy_table.page(answers) == text


@pytest.mark.parametrize("name", sorted(EXPRESSIONS.keys() & numpy_table.functions().keys()))
def test_what_to_write_instead_is_right(name):
    def ours(x, y=None):
        scope = {"numpy": np, "autodiff": autodiff, "math": math, "x": x, "y": y}
        exec(f"answer = {EXPRESSIONS[name]}", scope)
        return scope["answer"]

    f = getattr(np, name)
    of_two = re.search(r"\by\b", EXPRESSIONS[name])
    calls = [BINARY[i] for i in (0, 1, 2, 3, 5)] if of_two else UNARY
    found = list(trials(calls, f, array, ours))
    assert found
    for point, text in found:
        of_nan = point == "nan" and "unorderable" in text  # NumPy's sign refuses nan
        assert text == "right" or of_nan, (point, text)


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        (lambda x: np.array([v.data for v in x]), "gradient"),
        (lambda x: np.array([v.detach() for v in x]), "gradient"),
        (lambda x: x * 1.001, "number"),
        (lambda x: x[:2], "shape"),
        (lambda x: x.astype(float), "refused"),
        (lambda x: x * 1.0, "right"),
    ],
)
def test_a_trial_finds_what_is_wrong(ours, what):
    found = trial(UNARY[0], np.positive, POINTS[0], array, ours)
    assert found.partition(":")[0] == what


def test_a_trial_of_what_floats_refuse_says_nothing():
    assert trial(UNARY[1], np.linalg.inv, POINTS[0], one, None) == ""
    assert list(trials(BINARY, np.exp, one)) == []


# --- exact values -------------------------------------------------------------------------


@pytest.mark.parametrize("std", [np.std, lambda a: a.std(), lambda a: np.sqrt(np.var(a))])
def test_the_standard_deviation_of_an_array(std):
    numbers = [1.0, 2.0, 6.0]
    values = [Value(x) for x in numbers]
    z = std(np.array(values))
    assert z.data == pytest.approx(np.std(numbers), rel=1e-15)
    # d std / dx_i = (x_i - mean) / (n std)
    expected = [(x - 3.0) / (3.0 * np.std(numbers)) for x in numbers]
    assert gradients(z, *values) == pytest.approx(expected, rel=1e-14)


def test_norms_of_rows():
    values = [Value(x) for x in (3.0, 4.0, 5.0, 12.0)]
    norms = np.linalg.norm(np.array(values).reshape(2, 2), axis=1)
    assert [z.data for z in norms] == [5.0, 13.0]
    assert gradients(norms[1], *values) == pytest.approx([0.0, 0.0, 5 / 13, 12 / 13], rel=1e-15)


def test_vdot_of_two_arrays():
    xs, ys = [Value(1.0), Value(2.0)], [Value(3.0), Value(-4.0)]
    z = np.vdot(np.array(xs), np.array(ys))
    assert z.data == -5.0
    assert gradients(z, *xs, *ys) == [3.0, -4.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"), ("arcsinh", "asinh"),
        ("arccosh", "acosh"), ("arctanh", "atanh"), ("fabs", "abs"),
    ],
)  # fmt: skip
def test_a_numpy_function_of_an_array_is_our_method_of_each(name, ours):
    x = Value(1.5 if name == "arccosh" else 0.5)
    (z,) = getattr(np, name)(np.array([x]))
    expected = getattr(x, ours)()
    assert (z.op, z.data, gradients(z, x)) == (
        expected.op,
        expected.data,
        gradients(expected, x),
    )


def test_numpys_names_are_those_of_our_methods_and_no_rule_may_take_them():
    assert Value.arcsin is Value.asin
    with pytest.raises(ValueError, match="the name 'arcsin' means something else here"):
        autodiff.rule(lambda x: x, name="arcsin")(lambda z, x: (1.0,))


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "positive", "conjugate"])
def test_a_reduction_of_one_value_is_that_value(name):
    x = Value(3.0)
    z = getattr(np, name)(x)
    assert (z.data, gradients(z, x)) == (3.0, [1.0])


@pytest.mark.parametrize("number", [-2.0, 0.0, 3.0, math.inf, -math.inf, math.nan])
def test_questions_about_one_value_are_answered_as_about_its_number(number):
    for name in ("isnan", "isinf", "isfinite", "logical_not"):
        assert bool(getattr(np, name)(Value(number))) is bool(getattr(np, name)(number)), name
    if number == number:
        assert np.sign(Value(number)) == np.sign(number)


@pytest.mark.parametrize("name", ["fmax", "fmin"])
def test_a_number_is_preferred_to_nan(name):
    x, f = Value(3.0), getattr(np, name)
    for z in (f(x, math.nan), f(math.nan, x), f(x, Value(math.nan))):
        assert z is x
    halves = f(x, u := Value(3.0))
    assert gradients(halves, x, u) == [0.5, 0.5]


@pytest.mark.parametrize("f", [np.add, np.maximum, np.equal, np.less, np.hypot])
def test_a_list_beside_a_value_is_an_array(f):
    expected = f([1.0, 2.0, 3.0], 2.0).tolist()
    for result in (f([1.0, 2.0, 3.0], Value(2.0)), f((1.0, 2.0, 3.0), Value(2.0))):
        assert [getattr(z, "data", z) if isinstance(z, Value) else z for z in result] == expected


def test_an_array_of_no_dimension_is_its_one_element():
    x = Value(3.0)
    box = np.array(x)
    for z in (x * box, box * x, autodiff.mul(x, box), autodiff.exp(box).log() * x):
        assert z.data == pytest.approx(9.0, rel=1e-15)
        assert gradients(z, x) == pytest.approx([6.0], rel=1e-15)
    assert np.polyval([1.0, 2.0, 3.0], x).data == 18.0
    with pytest.raises(TypeError):
        x * np.array(1j)


def test_methods_of_ufuncs_take_a_value():
    x = Value(2.0)
    outer = np.maximum.outer(x, np.array([1.0, 2.0]))
    assert [z.data for z in outer] == [2.0, 2.0]
    assert gradients(outer[1], x) == [0.5]
    out = np.empty(2, object)
    np.multiply(x, np.array([1.0, 2.0]), out=out)
    assert gradients(out[1], x) == [2.0]
    with pytest.raises(TypeError, match=r"numpy\.logical_and has no derivative rule here: write"):
        np.all(x)


@pytest.mark.parametrize("dtype", [float, int, np.float32])
def test_an_array_of_numbers_takes_no_values(dtype):
    array = np.array([1, 2], dtype)
    with pytest.raises(TypeError, match=r"write array = array \+ v, which makes a new array"):
        array += Value(3.0)
    with pytest.raises(TypeError, match=r"would drop its gradient"):
        array[0] = Value(3.0)
    assert array.tolist() == [1, 2]
    values = np.array([1.0, 2.0], object)
    values += Value(3.0)
    assert [z.data for z in values] == [4.0, 5.0]


def test_a_value_is_no_number_of_numpys():
    x = Value(2.0)
    assert not hasattr(x, "dtype")
    with pytest.raises(AttributeError, match=r"docs/numpy\.md says for every function"):
        np.polydiv(np.array([x, x, x]), np.array([x, x]))
    with pytest.raises(TypeError):
        np.zeros(2, x)


def test_nothing_is_added_to_arrays_of_floats():
    floats = np.array([1.0, 2.0])
    for result in (np.exp(floats), np.maximum(floats, 1.5), floats * 2.0, np.sum(floats)):
        assert result.dtype == float


def test_a_tape_sees_the_conditions_of_numpys_functions():
    def f(x, y):
        if np.isnan(x) or not np.isfinite(y):
            return x * 0.0
        signs = np.sign(np.array([x - y, y]))
        return np.sum(np.array([x, y]) * signs) + np.fmax(x, y) + np.std(np.array([x, y]))

    tape = Tape.record(f, 1.0, 3.0)
    tape.backend = "python"
    for point in ((1.0, 3.0), (3.0, 1.0), (-1.0, -2.0), (math.nan, 2.0), (1.0, math.inf)):
        assert tape.forward(*point) == pytest.approx(
            f(*map(Value, point)).data, rel=1e-15, nan_ok=True
        )


# --- the page -----------------------------------------------------------------------------


def test_the_example_of_the_page_runs(capsys):
    source = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(source, {})
    assert capsys.readouterr().out.strip() == source.strip().rpartition("# ")[2]
