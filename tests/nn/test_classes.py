"""What an output means as a class: one answer for losses, metrics, stopping, classify and plots."""

import pickle
import random
from functools import partial
from math import log

import pytest

import nn
from autodiff import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AllCorrect,
    Layer,
    Module,
    Sequential,
    accuracy,
    classify,
    fit,
    moons,
    one_hot,
    plot_decision,
    predict,
    r_squared,
)
from nn.metrics.classes import Classes, classes_of, last_activation, remembered

DATA = moons(24, noise=0.3, seed=1)
ZERO_ONE = DATA.y
SIGNS = [2 * t - 1 for t in DATA.y]
THIRDS = [i % 3 for i in range(24)]
ROWS = one_hot(THIRDS)

# (loss, last activation, outputs, targets, the threshold that follows; None: the largest decides)
DRAWING = (
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "squared_error", "half_squared_error"
)  # fmt: skip
SETTINGS = [
    *[(loss, last, 1, ZERO_ONE, 0.5) for loss in DRAWING for last in (None, "tanh", "sigmoid")],
    *[(loss, last, 1, SIGNS, 0.0) for loss in DRAWING for last in (None, "tanh")],
    *[(loss, None, 3, ROWS, None) for loss in DRAWING],
    ("hinge_loss", None, 1, SIGNS, 0.0),
    ("hinge_loss", "tanh", 1, SIGNS, 0.0),
    ("hinge_loss", None, 3, [[2 * t - 1 for t in row] for row in ROWS], None),
    ("binary_cross_entropy", "sigmoid", 1, ZERO_ONE, 0.5),
    ("binary_cross_entropy", "sigmoid", 3, ROWS, None),
    ("binary_cross_entropy_with_logits", None, 1, ZERO_ONE, 0.0),
    ("binary_cross_entropy_with_logits", None, 3, ROWS, None),
    ("cross_entropy", None, 3, THIRDS, None),
    ("cross_entropy", None, 3, ROWS, None),
    ("cross_entropy", None, 3, [[0.1 + 0.7 * t for t in row] for row in ROWS], None),
    ("nll_loss", "log_softmax", 3, THIRDS, None),
    ("nll_loss", "log_softmax", 3, ROWS, None),
    ("kl_div", "log_softmax", 3, ROWS, None),
    ("kl_div", "logsigmoid", 1, ZERO_ONE, log(0.5)),
    # with some of their arguments settled
    (partial(nn.huber_loss, delta=0.3), None, 1, ZERO_ONE, 0.5),
    (partial(nn.smooth_l1_loss, beta=0.3), None, 1, SIGNS, 0.0),
    (partial(nn.binary_cross_entropy_with_logits, pos_weight=3.0), None, 1, ZERO_ONE, 0.0),
    (partial(nn.cross_entropy, label_smoothing=0.1), None, 3, THIRDS, None),
    (partial(nn.cross_entropy, weight=[1.0, 2.0, 0.5]), None, 3, THIRDS, None),
    (
        partial(nn.kl_div, log_target=True, reduction="batchmean"),
        "log_softmax",
        3,
        [[log(0.1 + 0.7 * t) for t in row] for row in ROWS],
        None,
    ),
]
FORMS = {
    "list": list,
    "floats": lambda y: [t if isinstance(t, list) else float(t) for t in y],
    "booleans": lambda y: [t == 1 if t in (0, 1) and 2 not in y and -1 not in y else t for t in y],
    "column": lambda y: [t if isinstance(t, list) else [t] for t in y],
    "array": lambda y: pytest.importorskip("numpy").array(y),
    "column of an array": lambda y: (
        pytest.importorskip("numpy").array(y).reshape(len(y), -1)
    ),
}  # fmt: skip


def true_class(target):
    return target.index(max(target)) if isinstance(target, list) else target


def meant(output, threshold, targets):
    """The class by the book, written out again."""
    if threshold is None:
        return output.index(max(output))
    return 1 if output > threshold else (-1 if -1 in targets else 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("loss", "last", "outputs", "targets", "threshold"), SETTINGS)
def test_everybody_sees_the_same_classes(loss, last, outputs, targets, threshold, form):
    y = FORMS[form](targets)
    model = MLP(2, [3, outputs], output_activation=last, seed=5)
    seen = []

    def look(epoch):
        reason = AllCorrect()(epoch)
        seen.append((epoch.metrics["accuracy"], reason != "", accuracy(model, DATA.X, y)))

    history = fit(
        model, DATA.X, y, loss=loss, metrics="accuracy", epochs=3, seed=0, callbacks=look,
        validation=(DATA.X, y), optimizer=partial(SGD, lr=0.05), progress=False,
    )  # fmt: skip
    classes = classify(model, DATA.X)
    by_book = [meant(output, threshold, targets) for output in predict(model, DATA.X)]
    share = sum(a == true_class(t) for a, t in zip(by_book, targets, strict=True)) / len(targets)
    assert classes == by_book
    assert accuracy(model, DATA.X, y) == share == history.metrics["accuracy"][-1]
    assert history.metrics["validation_accuracy"] == history.metrics["accuracy"]
    assert [metric for metric, _, _ in seen] == [now for _, _, now in seen]
    assert [every for _, every, _ in seen] == [metric == 1.0 for metric, _, _ in seen]


def test_every_loss_is_among_them():
    assert set(nn.losses.table.LOSSES) == {s[0] for s in SETTINGS if isinstance(s[0], str)}


LEFT_OUT = [
    ("cross_entropy", None, [-100 if i % 4 == 0 else t for i, t in enumerate(THIRDS)], -100),
    ("nll_loss", "log_softmax", [-100 if i % 4 == 0 else t for i, t in enumerate(THIRDS)], -100),
    (partial(nn.cross_entropy, ignore_index=0), None, THIRDS, 0),
    (partial(nn.nll_loss, ignore_index=2), "log_softmax", THIRDS, 2),
]


@pytest.mark.parametrize(("loss", "last", "y", "ignored"), LEFT_OUT)
def test_what_the_loss_ignores_is_no_class(loss, last, y, ignored, tmp_path):
    model = MLP(2, [3, 3], output_activation=last, seed=5)
    held_out = (DATA.X, [*y[:-1], ignored])
    history = fit(model, DATA.X, y, loss=loss, metrics="accuracy", stop=AllCorrect(), epochs=3,
                  batch_size=1, seed=0, validation=held_out, progress=False)  # fmt: skip
    counted = [(x, t) for x, t in zip(DATA.X, y, strict=True) if t != ignored]
    right = sum(c == t for c, (_, t) in zip(classify(model, [x for x, _ in counted]), counted))
    assert 0 < len(counted) < len(y)
    again = nn.load(nn.save(model, tmp_path / "model.json"))
    assert accuracy(model, DATA.X, y) == accuracy(again, DATA.X, y) == right / len(counted)
    assert right / len(counted) == history.metrics["accuracy"][history.best_epoch - 1]


def test_a_loss_may_ignore_nothing():
    loss = partial(nn.cross_entropy, ignore_index=None)
    assert classes_of(MLP(2, [3], seed=0), 3, THIRDS, loss) == Classes((0, 1, 2))


@pytest.mark.parametrize("engine", ["eager", "auto"])
def test_the_loss_of_an_epoch_is_the_mean_over_those_that_count(engine):
    y = LEFT_OUT[0][2]
    model = MLP(2, [3], seed=5)
    history = fit(model, DATA.X, y, loss="cross_entropy", optimizer=partial(SGD, lr=0.0),
                  batch_size=5, engine=engine, epochs=1, progress=False)  # fmt: skip
    whole = nn.cross_entropy([model(x) for x in DATA.X], y).data
    assert history.losses == pytest.approx([whole], rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_fit_to_nothing_but_what_is_ignored_is_refused(reduction):
    loss = partial(nn.cross_entropy, reduction=reduction)
    with pytest.raises(ValueError, match=r"no (case|example) counts"):
        fit(MLP(2, [3], seed=0), DATA.X, [-100] * 24, loss=loss, progress=False)
    learned = MLP(2, [3], seed=0)
    fit(learned, DATA.X, THIRDS, loss="cross_entropy", epochs=1, progress=False)
    with pytest.raises(ValueError, match="all targets are -100, which the loss leaves out"):
        accuracy(learned, DATA.X, [-100] * 24)
    with pytest.raises(ValueError, match="row 0 of y is -100, but the classes of 3 outputs"):
        accuracy(MLP(2, [3], seed=0), DATA.X, [-100] * 24)


def test_one_model_no_longer_has_two_accuracies():
    model = MLP(1, [1], seed=0)
    nn.vector_to_parameters([1.0, 0.0], model.parameters())
    X, y = [[-0.5], [0.2], [0.4], [0.9]], [0, 0, 0, 1]
    history = fit(model, X, y, loss="mse_loss", metrics="accuracy", epochs=1, progress=False,
                  optimizer=partial(SGD, lr=0.0))  # fmt: skip
    assert history.metrics["accuracy"] == [1.0]
    assert accuracy(model, X, y) == 1.0
    assert accuracy(model, X, y, threshold=0.0) == 0.5


def test_the_meaning_survives_a_copy_of_the_model_and_a_fit_to_numbers_ends_it():
    model = MLP(2, [1], seed=0)
    fit(model, DATA.X, ZERO_ONE, epochs=1, progress=False)
    assert remembered(model) == Classes((0, 1), 0.5)
    assert remembered(pickle.loads(pickle.dumps(model))) == Classes((0, 1), 0.5)
    fit(model, DATA.X, [0.3 * i for i in range(24)], epochs=1, progress=False)
    assert remembered(model) is None


def test_a_model_that_takes_no_attributes_is_trained_all_the_same():
    class Slotted:
        __slots__ = ("inner",)

        def __init__(self):
            self.inner = MLP(2, [1], seed=0)

        def parameters(self):
            return self.inner.parameters()

        def __call__(self, x):
            return self.inner(x)

    assert fit(Slotted(), DATA.X, ZERO_ONE, epochs=1, progress=False).epochs == 1


def test_a_model_keeps_its_own_attributes():
    class Own(Module):
        def __init__(self):
            self.inner, self.classes, self.history = MLP(2, [1], seed=0), ("no", "yes"), "mine"

        def __call__(self, x):
            return self.inner(x)

    model = Own()
    fit(model, DATA.X, ZERO_ONE, epochs=1, progress=False)
    assert (model.classes, model.history) == (("no", "yes"), "mine")


# --- without a fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (MLP(2, [1], output_activation="sigmoid", seed=0), "sigmoid"),
        (Layer(2, 1, "sigmoid", seed=0), "sigmoid"),
        (nn.Neuron(2, "tanh", seed=0), "tanh"),
        (Sequential(MLP(2, [3], seed=0), Layer(3, 1, "sigmoid", seed=0)), "sigmoid"),
        (MLP(2, [1], seed=0), "linear"),
        (lambda x: x, "<lambda>"),
    ],
)
def test_the_last_activation_is_found_at_any_depth(model, name):
    assert last_activation(model) == name


def test_a_sigmoid_at_the_end_of_a_sequence_is_a_probability():
    model = Sequential(Layer(1, 1, "sigmoid", seed=0))
    nn.vector_to_parameters([1.0, 0.0], model.parameters())
    assert accuracy(model, [[-1.0], [1.0]], [0, 1]) == 1.0


def test_softmax_at_the_end_of_a_sequence_is_not_applied_twice():
    model = Sequential(Layer(2, 3, None, seed=0), Layer(3, 3, "softmax", seed=0))
    with pytest.raises(ValueError, match="cross_entropy applies softmax itself"):
        fit(model, DATA.X, THIRDS, loss="cross_entropy", progress=False)


def test_a_nan_output_means_no_class():
    nan = float("nan")
    for outputs, y in (([nan, nan], [0, 1]), ([[nan, 1.0], [0.0, nan]], [1, 1])):
        given = iter(outputs)
        assert accuracy(lambda x, g=given: next(g), [[0.0]] * 2, y) == 0.0
    assert classify(lambda x: nan, [[0.0]], labels=(0, 1)) == [None]


def test_classes_of_a_single_output_have_to_be_known():
    with pytest.raises(ValueError, match=r"classify\(model, X, labels=\(0, 1\)\)"):
        classify(MLP(2, [1], seed=0), DATA.X)


# --- labels that no output can mean -------------------------------------------------------

IMPOSSIBLE = [
    ("mse_loss", 1, None, [1, 2], "row 1 of y is 2, but a single output means class 0 or 1"),
    ("mse_loss", 1, None, [-1, 0, 1], "row 1 of y is 0, but a single output means class -1 or 1"),
    ("mse_loss", 1, None, [0.0, 0.3], "row 1 of y is 0.3, but a single output"),
    ("mse_loss", 1, None, [5, 5], "row 0 of y is 5, but a single output"),
    ("mse_loss", 1, "sigmoid", [-1, 1], "an output of sigmoid is never below 0"),
    ("hinge_loss", 1, "softplus", [-1, 1], "an output of softplus is never below 0"),
    ("binary_cross_entropy_with_logits", 1, None, [0, 0.5], "row 1 of y is 0.5"),
    ("mse_loss", 3, None, [[1.0, 1.0, 0.0]], "row 0 of y has its largest number twice"),
    ("mse_loss", 3, None, [[0.0, 0.0, 0.0]], "row 0 of y has its largest number twice"),
    ("cross_entropy", 3, None, [[0.5, 0.5, 0.0]], "row 0 of y has its largest number twice"),
]


@pytest.mark.parametrize("use", ["metrics", "stop", "validation"])
@pytest.mark.parametrize(("loss", "outputs", "last", "y", "message"), IMPOSSIBLE)
def test_labels_that_no_output_can_mean_are_refused_before_anything_changes(
    loss, outputs, last, y, message, use
):
    model = MLP(1, [outputs], output_activation=last, seed=0)
    optimizer = Adam(model.parameters(), lr=0.1)
    X = [[float(i)] for i in range(len(y))]
    settings = {"metrics": {"metrics": "accuracy"}, "stop": {"stop": AllCorrect()}}.get(use)
    if use == "validation":
        if last in ("softplus", "sigmoid"):
            pytest.skip("what the model cannot mean is said of its own targets")
        settings, message = {"metrics": "accuracy", "validation": (X, y)}, "validation: row . of y"
        y = [0] * len(y) if outputs == 1 else [[1.0, 0.0, 0.0]] * len(y)
    before = [p.data for p in model.parameters()], dict(vars(optimizer)), random.getstate()
    with pytest.raises(ValueError, match=message):
        fit(model, X, y, loss=loss, optimizer=optimizer, progress=False, **settings)
    assert before == (
        [p.data for p in model.parameters()],
        dict(vars(optimizer)),
        random.getstate(),
    )
    assert remembered(model) is None


@pytest.mark.parametrize(("loss", "outputs", "last", "y", "message"), IMPOSSIBLE)
def test_accuracy_of_labels_that_no_output_can_mean_is_refused(loss, outputs, last, y, message):
    model = MLP(1, [outputs], output_activation=last, seed=0)
    with pytest.raises(ValueError, match=message):
        accuracy(model, [[0.0]] * len(y), y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 3, 1], "row 1 of y is 3, but the classes of 3 outputs run from 0 to 2"),
        ([0, -1, 1], "row 1 of y is -1, but the classes"),
        ([0, 0.5, 1], "row 1 of y is 0.5, but the classes"),
        ([[1.0, 0.0]] * 3, "row 0 of y has 2 numbers, but there are 3 outputs"),
    ],
)
def test_classes_that_have_no_output_do_not_count_as_wrong(y, message):
    with pytest.raises(ValueError, match=message):
        accuracy(MLP(1, [3], seed=0), [[0.0]] * 3, y)


def test_other_classes_than_those_learned_are_refused():
    model = MLP(2, [1], seed=0)
    fit(model, DATA.X, ZERO_ONE, epochs=1, progress=False)
    with pytest.raises(ValueError, match="row 0 of y is -1, but a single output means class 0 or"):
        accuracy(model, DATA.X, SIGNS)


def test_a_threshold_of_several_outputs_is_refused():
    with pytest.raises(ValueError, match="a threshold belongs to a single output"):
        accuracy(MLP(2, [3], seed=0), DATA.X, THIRDS, threshold=0.5)


def test_a_loss_of_ones_own_says_nothing_of_a_threshold():
    def own(predictions, targets):
        return sum((p - t) ** 2 for p, t in zip(predictions, targets, strict=True))

    linear, logistic = MLP(2, [1], seed=0), MLP(2, [1], output_activation="sigmoid", seed=0)
    assert classes_of(linear, 1, ZERO_ONE, own).threshold == 0.0
    assert classes_of(logistic, 1, ZERO_ONE, own).threshold == 0.5
    assert classes_of(linear, 1, ZERO_ONE, partial(nn.mse_loss, reduction="sum")).threshold == 0.5


# --- shapes -------------------------------------------------------------------------------


def test_a_model_that_answers_with_a_list_of_one_has_one_output():
    class Listed(Module):
        def __init__(self):
            self.inner = MLP(2, [1], seed=0)

        def __call__(self, x):
            return [self.inner(x)]

    model = Listed()
    history = fit(model, DATA.X, [[t] for t in ZERO_ONE], metrics=["accuracy", "r_squared"],
                  epochs=2, stop=AllCorrect(tolerance=1e-9), progress=False)  # fmt: skip
    assert history.metrics["accuracy"][-1] == accuracy(model, DATA.X, ZERO_ONE)
    assert history.metrics["r_squared"][-1] == r_squared(predict(model, DATA.X), ZERO_ONE)
    assert predict(model, DATA.X) == predict(model.inner, DATA.X)


def test_a_loss_of_ones_own_gets_the_column_that_was_given():
    def own(predictions, targets):
        return sum((p - t[0]) ** 2 for p, t in zip(predictions, targets, strict=True))

    history = fit(MLP(2, [1], seed=0), DATA.X, [[t] for t in ZERO_ONE], loss=own, epochs=2,
                  metrics="accuracy", progress=False)  # fmt: skip
    assert len(history.metrics["accuracy"]) == 2


def test_the_picture_draws_its_line_where_the_accuracy_changes_sides():
    pytest.importorskip("matplotlib")
    model = MLP(2, [3, 1], seed=0)
    fit(model, DATA.X, ZERO_ONE, epochs=1, progress=False)
    axes = plot_decision(model, DATA.X, ZERO_ONE, steps=5).axes[0]
    assert [list(each.levels) for each in axes.collections if hasattr(each, "levels")][1] == [0.5]


def test_the_picture_names_the_classes_as_they_are():
    pytest.importorskip("matplotlib")
    axes = plot_decision(MLP(2, [1], seed=0), DATA.X, SIGNS, steps=5).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["class -1", "class 1"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: accuracy([1.0], [0.0], [1]), TypeError, "the model comes first"),
        (lambda: accuracy(MLP, [[0.0]], [1]), TypeError, "not the class MLP"),
        (lambda: accuracy(len, [[0.0]], ["a"]), TypeError, "row 0 of y is 'a', not a number"),
        (lambda: accuracy(len, [[0.0]], [1], "0.5"), TypeError, "the threshold is a number"),
        (lambda: predict(len, [[0.0], 1.0]), TypeError, "row 1 of X is 1.0, not a list"),
        (lambda: predict(len, []), ValueError, "X is empty"),
        (lambda: predict(len, [1.0, 2.0]), TypeError, r"\[X\] for a single case"),
        (lambda: predict(lambda x: None, [[1.0]]), TypeError, "an output is a number .* not None"),
        (lambda: predict(MLP(2, [1], seed=0), [[0.0], [0.0, 1.0]]), ValueError, "row 0 of X has 1"),
        (lambda: r_squared([[1.0, 2.0]], [[1.0, 2.0]]), ValueError, "takes one number per case"),
        (lambda: r_squared([0.1] * 3, [0.1] * 3), ValueError, "targets that are all equal"),
        (lambda: r_squared([], []), ValueError, "of no cases at all"),
        (
            lambda: plot_decision(len, DATA.X, SIGNS, steps=1),
            ValueError,
            "steps is a whole number from",
        ),
        (lambda: plot_decision(len, DATA.X, THIRDS, steps=2), ValueError, "row 2 of y is 2, but a"),
        (
            lambda: plot_decision(len, DATA.X, SIGNS, steps="9"),
            TypeError,
            "steps is a whole number",
        ),
        (lambda: plot_decision(len, DATA.X, SIGNS, threshold="0"), TypeError, "threshold is a fin"),
        (lambda: plot_decision(lambda x: None, DATA.X, SIGNS), TypeError, "an output is a number"),
        (lambda: plot_decision(lambda x: "a", DATA.X, SIGNS), TypeError, "an output is .* not 'a'"),
    ],
)
def test_what_cannot_be_measured_is_said(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_measures_take_arrays_columns_and_values():
    numpy = pytest.importorskip("numpy")
    y, t = numpy.array([[1.0], [2.0], [3.0]]), numpy.array([1.0, 2.0, 4.0])
    values = [Value(1.0), Value(2.0), Value(3.0)]
    assert r_squared(y, t) == r_squared(values, t) == r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
