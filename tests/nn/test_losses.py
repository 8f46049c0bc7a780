"""Losses: PyTorch's numbers and gradients, the founding texts' sums, weights, shapes, bad input."""

import math
from functools import partial

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
    kl_div,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
    squared_error,
)
from nn.losses.table import LOSSES, known_loss
from tests.nn import questions

TOLERANCE = 1e-12


def values(rows):
    if isinstance(rows, list):
        return [values(row) for row in rows]
    return Value(rows)


def numbers(rows):
    return [numbers(row) for row in rows] if isinstance(rows, list) else rows.data


def gradients(rows):
    return [gradients(row) for row in rows] if isinstance(rows, list) else rows.grad


def flat(rows):
    return [x for row in rows for x in flat(row)] if isinstance(rows, list) else [rows]


# --- against PyTorch ----------------------------------------------------------------------


def answer(case, reduction):
    """Our loss, and its gradient; of several the gradient of l1 + 2 l2 + 3 l3 + ..."""
    function, predictions, targets, options = questions.LOSSES[case]
    given = values(predictions)
    loss = LOSSES[function](given, targets, reduction=reduction, **options)
    several = flat(loss)
    autodiff.dot(several, [float(i + 1) for i in range(len(several))]).backward()
    return numbers(loss), gradients(given)


def agree(ours, theirs, absolute=4e-15):
    """To 12 digits; the shape counts."""
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            agree(our, their, absolute)
    else:
        # softmax - 1 of a sure class cancels: what remains is known to an ulp of the scores.
        assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=absolute)


CASES = [
    (name, reduction)
    for name, (function, *_) in questions.LOSSES.items()
    for reduction in questions.reductions(function)
]


@pytest.mark.parametrize(("case", "reduction"), CASES)
def test_a_loss_has_pytorchs_value_and_gradient(case, reduction, pytorch):
    agree(answer(case, reduction), pytorch["losses"][case][reduction])


@pytest.mark.parametrize(("case", "reduction"), CASES)
def test_a_loss_has_the_value_and_gradient_of_the_pytorch_installed_here(case, reduction):
    pytest.importorskip("torch")
    from tests.nn import pytorch_answers as torch

    agree(answer(case, reduction), torch.loss_and_gradient(case, reduction))


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


@pytest.mark.parametrize("name", [n for n in LOSSES if n not in ("cross_entropy", "nll_loss")])
def test_a_weight_of_two_counts_a_case_twice(name):
    predictions, targets = [0.25, 0.5, 0.75], [1.0, 1.0, 1.0]
    loss = LOSSES[name]
    for reduction in ("mean", "sum"):
        twice = loss([0.25, 0.5, 0.5, 0.75], [1.0] * 4, reduction=reduction)
        weighted = loss(predictions, targets, reduction=reduction, sample_weight=[1, 2, 1])
        assert weighted == pytest.approx(twice, rel=1e-15)


def test_weights_of_cross_entropy_count_cases():
    rows, classes = [[0.1, 0.2], [2.0, -1.0]], [0, 1]
    weighted = cross_entropy(rows, classes, sample_weight=[1.0, 3.0])
    repeated = cross_entropy([rows[0], rows[1], rows[1], rows[1]], [0, 1, 1, 1])
    assert weighted == pytest.approx(repeated, rel=1e-15)


def test_weights_of_classes_and_of_examples_multiply():
    rows, classes = [[0.1, 0.2], [2.0, -1.0], [0.5, 0.25]], [0, 1, 0]
    each = cross_entropy(rows, classes, reduction="none")
    both = [0.5 * 2.0, 3.0 * 1.0, 0.5 * 0.25]
    settings = {"weight": [0.5, 3.0], "sample_weight": [2.0, 1.0, 0.25]}
    products = [w * loss for w, loss in zip(both, each, strict=True)]
    close = partial(pytest.approx, rel=1e-14)
    assert cross_entropy(rows, classes, "none", **settings) == close(products)
    assert cross_entropy(rows, classes, "sum", **settings) == close(sum(products))
    assert cross_entropy(rows, classes, **settings) == close(sum(products) / sum(both))


def test_as_many_classes_as_examples_are_still_classes():
    rows = [[0.0, 1.0], [0.0, 1.0]]
    by_class = cross_entropy(rows, [1, 0], "none", weight=[1.0, 3.0])
    by_example = cross_entropy(rows, [1, 0], "none", sample_weight=[1.0, 3.0])
    plain = cross_entropy(rows, [1, 0], "none")
    assert by_class == [3.0 * plain[0], plain[1]]
    assert by_example == [plain[0], 3.0 * plain[1]]


@pytest.mark.parametrize("name", LOSSES)
def test_losses_one_by_one_have_the_shape_of_the_predictions_and_add_up(name):
    classes = name in ("cross_entropy", "nll_loss")
    rows = [[0.25, 0.5], [0.75, 0.125], [0.5, 0.5]]
    targets = [1, 0, 1] if classes else [[1.0, 1.0]] * 3
    loss, weights = LOSSES[name], [0.5, 2.0, 0.0]
    each = loss(rows, targets, reduction="none")
    assert [len(flat([row])) for row in each] == [1 if classes else 2] * 3
    assert sum(flat(each)) == pytest.approx(loss(rows, targets, reduction="sum"), rel=1e-14)
    weighted = loss(rows, targets, reduction="none", sample_weight=weights)
    for w, row, plain in zip(weights, weighted, each, strict=True):
        assert flat([row]) == [w * x for x in flat([plain])]
    one = loss(rows[0], targets[0], reduction="none") if classes else loss(0.5, 1.0, "none")
    assert one == (each[0] if classes else each[0][1])


@pytest.mark.parametrize("loss", [cross_entropy, nll_loss])
def test_an_ignored_example_costs_nothing_and_gets_no_gradient(loss):
    rows = [[Value(0.5), Value(float("inf"))], [Value(1.0), Value(-2.0)]]
    mean = loss(rows, [-100, 1])
    mean.backward()
    assert mean.data == loss([[1.0, -2.0]], [1])
    assert gradients(rows[0]) == [0.0, 0.0]
    nothing = loss(rows[:1], [-100], reduction="sum")
    nothing.backward()
    assert (nothing.data, gradients(rows[0])) == (0.0, [0.0, 0.0])
    assert loss([[0.5, 1.0]], [-100], reduction="none") == [0.0]
    with pytest.raises(ValueError, match="no example counts"):
        loss(rows, [-100, -100])
    with pytest.raises(ValueError, match="no example counts"):
        loss(rows[1:], [1], weight=[1.0, 0.0])


def test_the_divergence_is_the_cross_entropy_less_the_entropy():
    scores, p = [0.3, -1.0, 2.0], [0.2, 0.0, 0.8]
    entropy = -sum(t * math.log(t) for t in p if t)
    for targets, log_target in ((p, False), ([math.log(t) if t else -900.0 for t in p], True)):
        found = kl_div([autodiff.log_softmax(scores)], [targets], "batchmean", log_target)
        assert found == pytest.approx(cross_entropy([scores], [p]) - entropy, rel=1e-14)


def test_smooth_l1_is_huber_over_its_delta():
    for beta in (0.25, 1.0, 3.0):
        for error in (0.0, 0.2, beta, 5.0):
            want = huber_loss(error, 0.0, delta=beta) / beta
            assert smooth_l1_loss(error, 0.0, beta=beta) == pytest.approx(want, rel=1e-14)
    assert smooth_l1_loss(1e-200, 0.0, beta=1e-300) == 1e-200


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
        (lambda: mse_loss([1.0], [1.0], weight=[1.0, 2.0]), "does not fit 1 predictions: give one"),
        (lambda: mse_loss([[1.0, 2.0]] * 2, [[1.0, 2.0]] * 2, weight=[1.0, 2.0]), "fit 2 x 2 pred"),
        (lambda: huber_loss([[1.0], [2.0]], [1.0, 2.0], weight=[1.0, 2.0]), "fit 2 x 1 predict"),
        (lambda: mse_loss([1.0, 1.0], [1.0, 1.0], weight=2.0), "does not fit 2 predictions"),
        (lambda: mse_loss([1.0], [1.0], weight=[0.0]), "no example counts"),
        (lambda: mse_loss([1.0], [1.0], weight=[-1.0]), "finite and not negative, not -1.0"),
        (lambda: binary_cross_entropy([0.5] * 3, [1] * 3, weight=[1, 2]), "fit 3 pre.*per output"),
        (
            lambda: binary_cross_entropy_with_logits([[0.5, 1.0]], [[1, 1]], pos_weight=[1, 2, 3]),
            "pos_weight does not fit 1 x 2 predictions",
        ),
        (lambda: smooth_l1_loss(1.0, 1.0, beta=-1.0), "beta of the smooth L1 loss is from 0"),
        (lambda: cross_entropy([[1.0, 2.0]], [0], weight=[1.0]), "one number per class, 2 of them"),
        (lambda: cross_entropy([[1.0, 2.0]], [0], weight=3.0), "one number per class.*not 3.0"),
        (lambda: cross_entropy([[1.0, 2.0]], [0], [1.0, 2.0]), "give weights by name, weight="),
        (lambda: cross_entropy([[1.0, 2.0]], [0], label_smoothing=1.5), "from 0 to 1, not 1.5"),
        (lambda: cross_entropy([[1.0, 2.0]], [0], weight=[1.0, math.nan]), "finite and not neg"),
        (lambda: nll_loss([[1.0, 2.0]], [0], "batchmean"), "'none', 'mean' or 'sum', not 'batch"),
        (lambda: nll_loss([[-1.0, -2.0]], [-1]), "the class is -1, but there are 2 outputs"),
        (lambda: kl_div([[-1.0]], [[-0.5]]), "kl_div takes targets that are probabilities, from 0"),
        (lambda: kl_div([[-1.0]], [[0.5]], "avg"), "'none', 'batchmean', 'mean' or 'sum', not"),
        (lambda: mse_loss([1.0], [1.0], reduction="avg"), "'none', 'mean' or 'sum', not 'avg'"),
        (lambda: mse_loss([1.0], [1.0], sample_weight=[1.0, 2.0]), "1 examples but 2 weights"),
        (lambda: mse_loss([1.0], [1.0], sample_weight=[-1.0]), "not negative"),
        (lambda: mse_loss([1.0], [1.0], sample_weight=[0.0]), "not all 0"),
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
