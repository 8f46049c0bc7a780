"""Losses: PyTorch's numbers and gradients, the founding texts' sums, weights, shapes, bad input."""

import math

import pytest

import autodiff
from autodiff import Value
from nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge_loss,
    huber_loss,
    mse_loss,
    squared_error,
)
from nn.losses import LOSSES, known_loss
from tests.nn import questions

TOLERANCE = 1e-13


def values(rows):
    if isinstance(rows, list):
        return [values(row) for row in rows]
    return Value(rows)


def gradients(rows):
    return [gradients(row) for row in rows] if isinstance(rows, list) else rows.grad


def flat(rows):
    return [x for row in rows for x in flat(row)] if isinstance(rows, list) else [rows]


# --- against PyTorch ----------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", questions.LOSSES)
def test_a_loss_has_pytorchs_value_and_gradient(name, reduction, pytorch):
    predictions, targets = questions.LOSSES[name]
    want, slope = pytorch["losses"][name][reduction]
    given = values(predictions)
    loss = LOSSES[name.split()[0]](given, targets, reduction=reduction)
    loss.backward()
    assert loss.data == pytest.approx(want, rel=TOLERANCE)
    # softmax - 1 of a sure class cancels: what remains is known to an ulp of the scores.
    assert flat(gradients(given)) == pytest.approx(flat(slope), rel=TOLERANCE, abs=4e-15)


def test_hubers_two_pieces_meet_smoothly_at_delta():
    for delta in (0.5, 1.0, 3.0):
        error = Value(delta)
        loss = huber_loss(error, 0.0, delta=delta)
        loss.backward()
        assert (loss.data, error.grad) == (0.5 * delta * delta, delta)


@pytest.mark.parametrize(
    ("score", "target", "loss", "slope"), [(0.25, 1, 0.75, -1.0), (2.0, 1, 0.0, 0.0), (1, -1, 2, 1)]
)
def test_hinge_loss_is_the_missing_margin(score, target, loss, slope):
    y = Value(score)
    result = hinge_loss([y], [target])
    result.backward()
    assert (result.data, y.grad) == (loss, slope)


# --- hard places --------------------------------------------------------------------------


@pytest.mark.parametrize("score", [-800.0, -40.0, 40.0, 800.0])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_cross_entropy_from_logits_keeps_its_digits_far_out(score, target):
    y = Value(score)
    loss = binary_cross_entropy_with_logits(y, target)
    loss.backward()
    signed = score if target else -score
    exact = math.log1p(math.exp(-abs(signed))) + max(-signed, 0.0)
    assert loss.data == pytest.approx(exact, rel=1e-14)
    slope = -autodiff.sigmoid(-score) if target else autodiff.sigmoid(score)
    assert y.grad == pytest.approx(slope, rel=1e-14, abs=1e-300)


def test_a_probability_of_zero_costs_a_hundred_nats_as_in_pytorch():
    p = Value(0.0)
    loss = binary_cross_entropy([p], [1.0])
    loss.backward()
    assert loss.data == pytest.approx(100.0, rel=1e-12)
    assert p.grad == 0.0
    assert binary_cross_entropy(1.0, 0.0) == pytest.approx(100.0, rel=1e-12)


def test_cross_entropy_from_logits_equals_that_of_the_probability():
    for score, target in ((0.3, 1.0), (-2.0, 0.0), (1.5, 0.25)):
        want = binary_cross_entropy(autodiff.sigmoid(score), target)
        assert binary_cross_entropy_with_logits(score, target) == pytest.approx(want, rel=1e-14)


def test_a_class_and_its_one_hot_row_cost_the_same():
    scores = [0.3, -1.0, 2.0]
    assert cross_entropy(scores, 1) == pytest.approx(
        cross_entropy([scores], [[0.0, 1.0, 0.0]]), rel=1e-15
    )


# --- reductions and weights ---------------------------------------------------------------


def test_the_two_squared_errors_differ_by_a_half_and_sum_over_outputs():
    outputs, targets = [[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert squared_error(outputs, targets) == 30.0
    assert half_squared_error(outputs, targets) == 15.0
    assert squared_error(outputs, targets, reduction="mean") == 15.0
    assert mse_loss(outputs, targets) == 7.5


@pytest.mark.parametrize("name", [n for n in LOSSES if n != "cross_entropy"])
def test_a_weight_of_two_counts_a_case_twice(name):
    predictions, targets = [0.25, 0.5, 0.75], [1.0, 1.0, 1.0]
    loss = LOSSES[name]
    for reduction in ("mean", "sum"):
        twice = loss([0.25, 0.5, 0.5, 0.75], [1.0] * 4, reduction=reduction)
        weighted = loss(predictions, targets, reduction=reduction, weight=[1, 2, 1])
        assert weighted == pytest.approx(twice, rel=1e-15)


def test_weights_of_cross_entropy_count_cases():
    rows, classes = [[0.1, 0.2], [2.0, -1.0]], [0, 1]
    weighted = cross_entropy(rows, classes, weight=[1.0, 3.0])
    repeated = cross_entropy([rows[0], rows[1], rows[1], rows[1]], [0, 1, 1, 1])
    assert weighted == pytest.approx(repeated, rel=1e-15)


def test_one_example_needs_no_list():
    assert mse_loss(3.0, 1.0) == 4.0
    assert cross_entropy([0.0, 0.0], 0) == pytest.approx(math.log(2.0), rel=1e-15)


def test_rows_of_one_output_and_plain_targets_fit():
    assert mse_loss([[1.0], [3.0]], [0.0, 0.0]) == mse_loss([1.0, 3.0], [[0.0], [0.0]]) == 5.0


# --- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mse_loss([1.0, 2.0], [1.0]), "2 predictions but 1 targets"),
        (lambda: mse_loss([1.0, 2.0], 1.0), "2 predictions but a single target"),
        (lambda: mse_loss([], []), "no predictions at all"),
        (lambda: mse_loss([[1.0], [1.0]], [[1.0], [1.0, 2.0]]), "example 1: 1 outputs but 2 targ"),
        (lambda: mse_loss([1.0], [1.0], reduction="avg"), "'mean' or 'sum', not 'avg'"),
        (lambda: mse_loss([1.0], [1.0], weight=[1.0, 2.0]), "1 examples but 2 weights"),
        (lambda: mse_loss([1.0], [1.0], weight=[-1.0]), "not negative"),
        (lambda: mse_loss([1.0], [1.0], weight=[0.0]), "not all 0"),
        (lambda: huber_loss(1.0, 1.0, delta=0.0), "delta of the Huber loss is positive"),
        (lambda: hinge_loss([1.0, 1.0], [1, 0]), "example 1: hinge_loss takes .* -1 or 1, not 0"),
        (lambda: binary_cross_entropy([0.5], [2.0]), "from 0 to 1, not 2.0"),
        (lambda: binary_cross_entropy([1.5], [1.0]), "1.5: end the model with .*sigmoid"),
        (lambda: binary_cross_entropy([math.nan], [1.0]), "probabilities from 0 to 1, not nan"),
        (lambda: binary_cross_entropy_with_logits([0.5], [-1]), "from 0 to 1, not -1"),
        (lambda: cross_entropy([[1.0, 2.0]], [2]), "the class is 2, but there are 2 outputs"),
        (lambda: cross_entropy([[1.0, 2.0]], [0.5]), "a class, a whole number, not 0.5"),
        (lambda: cross_entropy([[1.0, 2.0]], [[1.0]]), "2 outputs but 1 class probabilities"),
        (lambda: cross_entropy([1.0, 2.0], [1, 0]), "with a single output use binary_cross"),
        (lambda: known_loss("mse"), "unknown loss 'mse': the known ones are mse_loss, l1_loss"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
