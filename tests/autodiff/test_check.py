"""The checker itself: it fails wrong rules, passes right ones, and says when it cannot judge."""

import math

import pytest

import autodiff
from autodiff import Value, check_rule, gradcheck
from autodiff.rule import RULES, rule


@pytest.fixture
def spoiled():
    """Registers x**3 with its derivative off by a relative error, and forgets it afterwards."""

    def register(error):
        def spoiled_cube(x):
            return x * x * x

        @rule(spoiled_cube, "x ** 3", "3 * x ** 2", sample=[(0.5, 2.0)], replace=True)
        def d_spoiled_cube(z, x):
            return (3.0 * (1.0 + error) * x * x,)

    yield register
    RULES.pop("spoiled_cube")
    autodiff.operations.FUNCTIONS.pop("spoiled_cube")
    del Value.spoiled_cube


@pytest.mark.parametrize("name", [name for name in RULES if name != "spoiled_cube"])
def test_every_rule_passes_over_its_sample_box(name):
    assert check_rule(name), str(check_rule(name))


@pytest.mark.parametrize("error", [1e-5, -1e-5, 1e-3, -2.0])
def test_a_rule_wrong_by_a_hundred_thousandth_fails(spoiled, error):
    spoiled(error)
    report = gradcheck(lambda x: x.spoiled_cube(), [1.2])
    assert not report
    assert report.worst.verdict == "differs"
    assert str(report).startswith("gradcheck FAILED for 1 of 1 inputs; worst: input 0 = 1.2: ")
    assert not check_rule("spoiled_cube")


def test_a_rule_that_is_right_to_a_ten_millionth_passes(spoiled):
    spoiled(1e-7)
    assert gradcheck(lambda x: x.spoiled_cube(), [1.2])


def test_the_report_names_the_worst_input_with_both_numbers(spoiled):
    spoiled(1e-3)
    x, y = Value(1.0, label="good"), Value(2.0, label="bad")
    report = gradcheck(lambda x, y: x.tanh() + y.spoiled_cube(), [x, y])
    assert report.worst.name == "bad"
    assert report.worst.analytic == pytest.approx(12.012)
    assert report.worst.numeric == pytest.approx(12.0)
    assert "bad = 2: analytic 12.012, numeric 12, relative difference 1.0e-03" in str(report)


@pytest.mark.parametrize(
    ("f", "at", "reason"),
    [
        (lambda x: x.relu(), 0.0, "at a kink: the slope is 0 to the left and 1 to the right"),
        (lambda x: x.relu(), 1e-13, "at a kink"),
        (abs, 0.0, "at a kink: the slope is -1 to the left and 1 to the right"),
        (lambda x: x % 1.0, 2.0, "at a jump"),
        (lambda x: x.sqrt(), 0.0, "not finite on both sides"),
        (lambda x: 1e13 + x, 1.0, "rounding hides the change"),
    ],
)
def test_where_there_is_no_derivative_it_refuses_to_judge(f, at, reason):
    report = gradcheck(f, [at])
    assert not report
    assert report.worst.verdict == "refused"
    assert reason in str(report)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: x.relu(), 1e-4),  # beside the kink
        (lambda x: x.relu(), -1e-8),
        (lambda x: x.log(), 1e-8),
        (lambda x: x.exp(), 300.0),
        (lambda x: x.cos(), 1e-8),
        (lambda x: x.sin() * 1e-20, 1.0),
        (lambda x: (x * 1e6).tanh(), 1e-6),
        (lambda x: x * 0.0, 3.0),
        (lambda x: x / 3.0, -1e-300),
    ],
)
def test_steps_fit_functions_of_any_scale(f, at):
    assert gradcheck(f, [at]), str(gradcheck(f, [at]))


def test_rounding_inside_the_function_is_no_false_alarm():
    """The result is 1e-6, but differences of numbers near 10 go into it, and their last digits."""
    for k in range(20):
        at = 0.7 + 0.01 * k
        assert gradcheck(lambda x: ((x.exp() * 5.0 + 10.0) - x.exp() * 5.0 - 10.0) + 1e-6 * x, [at])


def test_values_that_were_passed_in_are_put_back():
    w, other = Value(0.3, label="w"), Value(2.0)
    w.grad, other.grad = 7.0, 8.0
    assert gradcheck(lambda w: w * other, [w])
    assert (w.data, w.grad, other.grad) == (0.3, 7.0, 8.0)


def test_values_are_put_back_when_the_function_raises():
    w = Value(0.3)
    calls = []

    def f(w):
        calls.append(w)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return w * w

    with pytest.raises(KeyboardInterrupt):
        gradcheck(f, [w])
    assert (w.data, w.grad) == (0.3, 0.0)


def test_lists_of_inputs_and_of_outputs_are_checked():
    assert gradcheck(lambda xs: autodiff.softmax(xs), [[0.1, -2.0, 3.0]])
    assert gradcheck(lambda x, y: [x * y, y, 3.0], [1.0, 2.0])


def test_a_gradient_that_is_nan_is_never_taken_for_right(spoiled):
    spoiled(math.nan)
    assert not gradcheck(lambda x: x.spoiled_cube(), [1.2])


def test_a_function_without_values_is_refused_with_a_sentence():
    with pytest.raises(TypeError, match="function that returns a Value, computed from its arg"):
        gradcheck(lambda x: 3.0, [1.0])
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: Value(1.0), [])
