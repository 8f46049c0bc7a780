"""fit: three modes of learning, stopping, interruptions, history, and what bad input is told."""

import random
import sys
from functools import partial

import pytest

from autodiff import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdaptiveLR,
    AllCorrect,
    LinearLR,
    LossBelow,
    Module,
    NoImprovement,
    OneCycleLR,
    ReduceLROnPlateau,
    RNNCell,
    SequentialLR,
    StepLR,
    TimeLimit,
    accuracy,
    clip_grad_norm_,
    fit,
    mean_absolute_error,
    moons,
    mse_loss,
    parity,
    predict,
    r_squared,
    vector_to_parameters,
    xor,
)

LINE_X = [[0.0], [1.0], [2.0], [3.0]]
LINE_Y = [1.0, 3.0, 5.0, 7.0]


def line(slope=0.0, offset=0.0):
    model = MLP(1, [1], seed=0)
    vector_to_parameters([slope, offset], model.parameters())
    return model


def numbers(model):
    return [p.data for p in model.parameters()]


def quiet(model, X, y, **settings):
    settings.setdefault("optimizer", lambda parameters: SGD(parameters, lr=0.1))
    return fit(model, X, y, progress=False, **settings)


# --- the three modes ----------------------------------------------------------------------


def by_hand(batches, lr=0.1):
    """Mean squared error of a line, with its derivatives written out."""
    w = b = 0.0
    for batch in batches:
        errors = [(w * LINE_X[i][0] + b - LINE_Y[i], LINE_X[i][0]) for i in batch]
        w -= lr * sum(2.0 * e * x for e, x in errors) / len(batch)
        b -= lr * sum(2.0 * e for e, _ in errors) / len(batch)
    return [w, b]


@pytest.mark.parametrize(
    ("batch_size", "batches"),
    [
        (1, [[0], [1], [2], [3]]),
        (3, [[0, 1, 2], [3]]),
        (None, [[0, 1, 2, 3]]),
        (99, [[0, 1, 2, 3]]),
    ],
)
def test_stochastic_mini_batch_and_batch_learning_equal_the_formula(batch_size, batches):
    model = line()
    quiet(model, LINE_X, LINE_Y, batch_size=batch_size, shuffle=False, epochs=3)
    assert numbers(model) == pytest.approx(by_hand(batches * 3), rel=1e-13)


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    def learned(seed):
        model = MLP(2, [3, 1], seed=0)
        quiet(model, xor().X, xor().y, batch_size=1, seed=seed, epochs=5)
        return numbers(model)

    assert learned(1) == learned(1)
    assert learned(1) != learned(2)


def test_without_a_seed_one_draw_is_taken_and_kept_in_the_history():
    random.seed(7)
    history = quiet(line(), LINE_X, LINE_Y, epochs=2)
    after = random.random()
    random.seed(7)
    random.getrandbits(32)
    assert random.random() == after
    model, again = line(), line()
    quiet(model, LINE_X, LINE_Y, epochs=2, batch_size=1, seed=history.seed)
    random.seed(7)
    quiet(again, LINE_X, LINE_Y, epochs=2, batch_size=1)
    assert numbers(again) == numbers(model)


def test_arrays_and_lists_train_alike():
    numpy = pytest.importorskip("numpy")
    first, second = line(), line()
    quiet(first, LINE_X, LINE_Y, epochs=2, seed=0)
    quiet(second, numpy.array(LINE_X), numpy.array(LINE_Y), epochs=2, seed=0)
    assert numbers(first) == numbers(second)


def test_weights_of_cases_count_in_every_batch():
    model, want = line(), line()
    quiet(model, LINE_X, LINE_Y, batch_size=None, sample_weight=[1, 0, 0, 1], epochs=2)
    quiet(want, [LINE_X[0], LINE_X[3]], [LINE_Y[0], LINE_Y[3]], batch_size=None, epochs=2)
    assert numbers(model) == pytest.approx(numbers(want), rel=1e-14)


def test_a_batch_without_weight_is_passed_over():
    model, want = line(), line()
    quiet(model, LINE_X, LINE_Y, batch_size=1, sample_weight=[1, 0, 0, 1], shuffle=False, epochs=2)
    quiet(want, [LINE_X[0], LINE_X[3]], [LINE_Y[0], LINE_Y[3]], batch_size=1, shuffle=False,
          epochs=2)  # fmt: skip
    assert numbers(model) == numbers(want)


def test_clipping_limits_the_step():
    model, want = line(), line()
    quiet(model, LINE_X, LINE_Y, batch_size=None, clip_norm=0.5, epochs=1)
    mse_loss([want(x) for x in LINE_X], LINE_Y).backward()
    assert clip_grad_norm_(want.parameters(), 0.5) > 0.5
    assert numbers(model) == pytest.approx([-0.1 * p.grad for p in want.parameters()], rel=1e-14)


def test_any_module_and_any_function_of_a_batch_can_be_trained():
    class Scale(Module):
        def __init__(self):
            self.factor = Value(1.0)

        def __call__(self, x):
            return self.factor * x[0]

    def cubic(predictions, targets):
        return sum(abs(p - t) ** 3 for p, t in zip(predictions, targets, strict=True))

    model = Scale()
    quiet(model, LINE_X, [0.0, 0.5, 1.0, 1.5], loss=cubic, epochs=200, batch_size=None,
          optimizer=lambda p: Adam(p, lr=0.05))  # fmt: skip
    assert model.factor.data == pytest.approx(0.5, abs=0.01)


def test_a_recurrent_model_learns_to_remember():
    class FirstBit(Module):
        """Answers the first of three bits after the last."""

        def __init__(self):
            self.cell, self.out = RNNCell(1, 3, seed=1), MLP(3, [1], seed=2)

        def __call__(self, bits):
            return self.out(self.cell.unroll([[bit] for bit in bits])[-1])

    model, data = FirstBit(), parity(3)
    targets = [int(x[0]) for x in data.X]
    quiet(model, data.X, targets, loss="binary_cross_entropy_with_logits", batch_size=None,
          epochs=80, optimizer=lambda p: Adam(p, lr=0.05))  # fmt: skip
    assert accuracy(model, data.X, targets) == 1.0


# --- stopping -----------------------------------------------------------------------------


def test_training_stops_when_all_cases_are_classified_correctly():
    model = MLP(2, [4, 1], seed=1)
    history = quiet(
        model, xor().X, xor().y, loss="binary_cross_entropy_with_logits", epochs=500,
        optimizer=lambda p: Adam(p, lr=0.05), batch_size=None, stop=[AllCorrect()],
    )  # fmt: skip
    assert accuracy(model, xor().X, xor().y) == 1.0
    assert history.reason == "all cases are classified correctly"
    assert 1 < history.epochs < 500
    assert history.best_epoch == history.epochs


def test_all_correct_with_a_tolerance_looks_at_every_output():
    model = line(2.0, 0.9)
    stopped = quiet(model, LINE_X, LINE_Y, epochs=500, stop=[AllCorrect(tolerance=1e-3)])
    assert stopped.reason == "every error is below 0.001"
    outputs = predict(model, LINE_X)
    assert max(abs(o - t) for o, t in zip(outputs, LINE_Y, strict=True)) < 1e-3


def test_training_stops_when_the_loss_is_below_a_bound():
    model = line()
    history = quiet(model, LINE_X, LINE_Y, epochs=1000, batch_size=None, stop=[LossBelow(0.01)])
    assert history.reason == "the loss is below 0.01"
    assert mse_loss(predict(model, LINE_X), LINE_Y) < 0.01
    assert history.losses[-1] > 0.01  # that was before the last update


def test_training_stops_without_improvement_and_puts_the_best_parameters_back():
    model = line()
    seen = []
    history = quiet(
        model, LINE_X, LINE_Y, epochs=100, batch_size=None, validation=([[1.0]], [2.0]),
        callbacks=[lambda epoch: seen.append((epoch.monitored_loss, numbers(model)))],
        stop=[NoImprovement(epochs=4)],
    )  # fmt: skip
    assert history.reason == "no improvement for 4 epochs"
    best = min(range(len(seen)), key=lambda i: seen[i][0])
    assert history.best_epoch == best + 1 == history.epochs - 4
    assert numbers(model) == seen[best][1]


def test_training_stops_when_its_time_is_over():
    history = quiet(line(), LINE_X, LINE_Y, epochs=10_000, stop=[TimeLimit(1e-9)])
    assert history.epochs == 1
    assert history.reason == "the time limit of 1e-09 s is over"


def test_the_best_parameters_are_put_back_when_the_epochs_are_over():
    model = line(2.0, 1.0)  # perfect: every step away from it is a loss
    start = numbers(model)
    optimizer = SGD(model.parameters(), lr=0.9)
    quiet(model, LINE_X, [0.9, 3.1, 5.0, 7.0], epochs=3, batch_size=1, seed=0, optimizer=optimizer,
          stop=[NoImprovement(epochs=50)])  # fmt: skip
    losses = mse_loss(predict(model, LINE_X), [0.9, 3.1, 5.0, 7.0])
    assert numbers(model) != start
    diverged = line(2.0, 1.0)
    quiet(diverged, LINE_X, [0.9, 3.1, 5.0, 7.0], epochs=3, batch_size=1, seed=0,
          optimizer=lambda p: SGD(p, lr=0.9))  # fmt: skip
    assert losses < mse_loss(predict(diverged, LINE_X), [0.9, 3.1, 5.0, 7.0])


def test_without_criteria_the_last_parameters_stay():
    history = quiet(line(), LINE_X, LINE_Y, epochs=3)
    assert history.reason == "3 epochs are over"
    assert history.best_epoch == 3


def test_a_criterion_forgets_an_earlier_run():
    stop = NoImprovement(epochs=2)
    first = quiet(line(2.0, 1.0), LINE_X, LINE_Y, epochs=9, stop=[stop])
    second = quiet(line(), LINE_X, LINE_Y, epochs=2, batch_size=None, stop=[stop])
    assert first.epochs == 3  # no loss is smaller than the 0.0 of the first epoch
    assert second.epochs == 2


# --- interruptions ------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_a_callback_leaves_the_last_complete_update(error):
    def interrupt(epoch):
        if epoch.number == 2:
            raise error

    model, want = line(), line()
    with pytest.raises(error):
        quiet(model, LINE_X, LINE_Y, epochs=9, callbacks=[interrupt], seed=0, batch_size=1)
    quiet(want, LINE_X, LINE_Y, epochs=2, seed=0, batch_size=1)
    assert numbers(model) == numbers(want)
    assert quiet(model, LINE_X, LINE_Y, epochs=1).epochs == 1


def test_control_c_in_the_middle_of_a_batch_leaves_the_last_complete_update():
    calls = []

    class Slow(Module):
        def __init__(self):
            self.inner = line()

        def __call__(self, x):
            calls.append(x)
            if len(calls) == 7:  # one call is for the check; the second epoch has begun
                raise KeyboardInterrupt
            return self.inner(x)

    model, want = Slow(), line()
    with pytest.raises(KeyboardInterrupt):
        quiet(model, LINE_X, LINE_Y, epochs=9, batch_size=None, shuffle=False)
    quiet(want, LINE_X, LINE_Y, epochs=1, batch_size=None, shuffle=False)
    assert numbers(model) == numbers(want)


def test_a_loss_that_is_not_finite_stops_before_the_parameters_follow():
    model = line()
    with pytest.raises(
        FloatingPointError,
        match=r"the loss is inf in epoch \d+; .*smaller learning rate \(now 50\)",
    ):
        quiet(model, LINE_X, LINE_Y, epochs=1000, optimizer=lambda p: SGD(p, lr=50.0))
    assert all(abs(x) < float("inf") for x in numbers(model))


# --- history ------------------------------------------------------------------------------


def test_the_history_has_one_entry_per_epoch():
    data = moons(20)
    history = quiet(
        MLP(2, [3, 1], seed=0), data.X, data.y, loss="binary_cross_entropy_with_logits", epochs=4,
        metrics=["accuracy"], validation=(data.X[:6], data.y[:6]),
        schedule=lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5),
    )  # fmt: skip
    assert list(history.gradient_norms) == ["layer0", "layer1"]
    lists = [
        history.losses, history.validation_losses, history.seconds, history.learning_rates,
        *history.metrics.values(), *history.gradient_norms.values(),
    ]  # fmt: skip
    assert {len(each) for each in lists} == {4}
    assert list(history.metrics) == ["accuracy", "validation_accuracy"]
    assert history.learning_rates == [0.1, 0.1, 0.05, 0.05]
    assert repr(history).startswith("History(4 epochs, last loss 0.")
    assert history.engine.startswith("eager: ")


def test_losses_and_gradient_norms_are_those_of_the_epoch():
    model = line()
    history = quiet(model, LINE_X, LINE_Y, epochs=1, batch_size=None)
    want = line()
    loss = mse_loss([want(x) for x in LINE_X], LINE_Y)
    loss.backward()
    norm = sum(p.grad**2 for p in want.parameters()) ** 0.5
    assert history.losses == [loss.data]
    assert history.gradient_norms == {"layer0": [pytest.approx(norm, rel=1e-15)]}


def test_batches_of_different_size_count_by_their_cases():
    history = quiet(
        line(2.0, 0.0), LINE_X, LINE_Y, epochs=1, batch_size=3, optimizer=lambda p: SGD(p, lr=0.0)
    )
    assert history.losses == [pytest.approx(1.0, rel=1e-15)]


def test_a_loss_that_sums_is_summed_over_batches():
    history = quiet(
        line(2.0, 0.0), LINE_X, LINE_Y, loss="squared_error", epochs=1, batch_size=3,
        optimizer=lambda p: SGD(p, lr=0.0),
    )  # fmt: skip
    assert history.losses == [pytest.approx(4.0, rel=1e-15)]


def test_the_adaptive_rate_follows_the_loss_of_the_epochs():
    model = line()
    optimizer = SGD(model.parameters(), lr=0.01)
    history = quiet(model, LINE_X, LINE_Y, epochs=4, batch_size=None, optimizer=optimizer,
                    schedule=AdaptiveLR(optimizer, grow=2.0))  # fmt: skip
    assert history.learning_rates == [0.01, 0.01, 0.02, 0.04]


def test_training_can_go_on_with_the_same_optimizer():
    one, two = line(), line()
    quiet(one, LINE_X, LINE_Y, epochs=4, shuffle=False, optimizer=lambda p: Adam(p, lr=0.1))
    optimizer = Adam(two.parameters(), lr=0.1)
    for _ in range(4):
        quiet(two, LINE_X, LINE_Y, epochs=1, shuffle=False, optimizer=optimizer)
    assert numbers(two) == numbers(one)


def test_outputs_of_an_epoch_cannot_be_asked_for_when_the_parameters_have_moved_on():
    kept = []
    quiet(line(), LINE_X, LINE_Y, epochs=2, callbacks=[kept.append])
    with pytest.raises(RuntimeError, match=r"the outputs of epoch 1 .* ask inside a callback"):
        assert kept[0].outputs


def test_a_single_criterion_callback_or_metric_needs_no_list():
    seen = []
    history = quiet(
        line(), LINE_X, LINE_Y, epochs=9, metrics="r_squared", callbacks=seen.append,
        stop=TimeLimit(1e-9),
    )  # fmt: skip
    assert (len(seen), history.epochs, list(history.metrics)) == (1, 1, ["r_squared"])


# --- the bar ------------------------------------------------------------------------------


def test_the_bar_shows_the_loss_on_standard_error(capsys):
    pytest.importorskip("tqdm")
    fit(line(), LINE_X, LINE_Y, epochs=2)
    shown = capsys.readouterr()
    assert "2/2" in shown.err
    assert "loss" in shown.err
    assert shown.out == ""


def test_no_bar_is_shown_when_asked_for_silence(capsys):
    quiet(line(), LINE_X, LINE_Y, epochs=2)
    assert capsys.readouterr() == ("", "")


def test_without_tqdm_one_line_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert fit(line(), LINE_X, LINE_Y, epochs=2).epochs == 2
    shown = capsys.readouterr()
    assert shown.err == 'The progress bar needs tqdm: %pip install "valuegrad[train]"\n'


# --- measures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "outputs", "threshold", "share"),
    [
        ([1, 0, 1, 0], [0.2, -0.1, 3.0, 0.4], None, 0.75),
        ([1, -1, 1, -1], [0.2, -0.1, 3.0, 0.4], None, 0.75),
        ([1, 0, 1, 0], [0.6, 0.4, 0.9, 0.1], 0.5, 1.0),
    ],
)
def test_accuracy_of_one_output_counts_sides_of_the_threshold(targets, outputs, threshold, share):
    answers = iter(outputs)
    found = accuracy(lambda x: next(answers), [[0.0]] * 4, targets, threshold)
    assert found == share


def test_accuracy_of_several_outputs_takes_the_largest():
    answers = [[0.1, 0.7, 0.2], [5.0, 1.0, 2.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]]
    for targets in ([1, 0, 2, 0], [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]):
        outputs = iter(answers)
        assert accuracy(lambda x, o=outputs: next(o), [[0.0]] * 4, targets) == 0.75


def test_accuracy_of_a_sigmoid_output_takes_one_half():
    model = MLP(1, [1], output_activation="sigmoid", seed=0)
    vector_to_parameters([1.0, 0.0], model.parameters())
    assert accuracy(model, [[-1.0], [1.0]], [0, 1]) == 1.0


def test_r_squared_is_zero_for_the_mean_and_one_for_the_truth():
    assert r_squared([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) == 0.0
    assert r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert mean_absolute_error([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) == pytest.approx(2 / 3, rel=1e-15)


# --- bad input ----------------------------------------------------------------------------


NAN = float("nan")


@pytest.mark.parametrize(
    ("X", "y", "settings", "message"),
    [
        ([[10**400]], [1.0], {}, "row 0 of X, column 0 is too large"),
        ([], [], {}, "X is empty: give at least one row"),
        ([[1.0], [2.0]], [1.0], {}, "2 cases but 1 targets"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], {}, "row 1 of X has 2 numbers, but the model takes 1"),
        ([[1.0], [NAN]], [1.0, 2.0], {}, "row 1 of X, column 0 is nan: drop the row"),
        ([[1.0], [2.0]], [1.0, float("inf")], {}, "row 1 of y is inf"),
        ([[1.0]], [1.0], {"batch_size": 0}, "the batch size is a whole number from 1.*not 0"),
        ([[1.0]], [1.0], {"batch_size": -3}, "the batch size is a whole number from 1.*not -3"),
        ([[1.0]], [1.0], {"epochs": 0}, "epochs is at least 1, not 0"),
        ([[1.0]], [1.0], {"loss": "mse"}, "unknown loss 'mse': the known ones are mse_loss"),
        ([[1.0]], [1.0], {"metrics": ["f1"]}, "unknown metric 'f1': the known ones are accuracy"),
        ([[1.0]], [1.0], {"sample_weight": [1.0, 1.0]}, "1 cases but 2 weights"),
        ([[1.0]], [1.0], {"sample_weight": [-1.0]}, "the weight of case 0 is -1.0"),
        ([[1.0]], [1.0], {"sample_weight": [0.0]}, "all weights are 0"),
        (
            [[1.0]],
            [1.0],
            {"sample_weight": [1.0], "loss": lambda p, t: p[0]},
            "the loss takes no weights: give it an argument sample_weight",
        ),
        (
            [[1.0]],
            [1.0],
            {"loss": partial(mse_loss, reduction="none")},
            "a loss to learn from is one number: its reduction is not 'none'",
        ),
        ([[1.0]], [1.0], {"clip_norm": -1.0}, "clip_norm is a number from 0 on"),
        ([[1.0]], [[1.0, 2.0]], {}, "y does not fit .* example 0: 1 outputs but 2 targets"),
        ([[1.0]], [3], {"loss": "binary_cross_entropy_with_logits"}, "example 0: .*0 to 1, not 3"),
        ([[1.0], [1.0]], [1, 0], {"loss": "hinge_loss"}, "example 1: hinge_loss .* -1 or 1, not 0"),
        ([[1.0]], [1], {"loss": "cross_entropy"}, "use binary_cross_entropy_with_logits"),
        ([[1.0]], [1.0], {"validation": ([[1.0, 2.0]], [1.0])}, "row 0 of X has 2 numbers"),
    ],
)
def test_bad_data_and_settings_are_refused_in_words_and_nothing_changes(X, y, settings, message):
    model = line(1.0, 2.0)
    with pytest.raises(ValueError, match=message):
        quiet(model, X, y, **settings)
    assert numbers(model) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], r"row 0 of X is 1.0, not a list: .*\[\[x\] for x in X\]"),
        ([["a"]], [1.0], "row 0 of X, column 0 is 'a', not a number"),
        ([["1.0"]], [1.0], "row 0 of X, column 0 is '1.0', not a number"),
        ([[1.0]], ["a"], "row 0 of y is 'a', not a number"),
        ([[1.0]], [Value(1.0)], "row 0 of y is Value"),
        (3.0, [1.0], "X is a float: give a list"),
        ({"a": 1}, [1.0], "X is a dict"),
    ],
)
def test_data_of_the_wrong_type_are_refused_in_words(X, y, message):
    with pytest.raises(TypeError, match=message):
        quiet(line(), X, y)


@pytest.mark.parametrize(("label", "place"), [(3, "example 2"), (-1, "example 2")])
def test_labels_out_of_range_name_their_row(label, place):
    model = MLP(1, [3], seed=0)
    with pytest.raises(ValueError, match=f"{place}: the class is {label}, .* from 0 to 2"):
        quiet(model, [[0.0]] * 3, [0, 2, label], loss="cross_entropy")


@pytest.mark.parametrize(
    ("loss", "last", "width", "y"),
    [
        ("cross_entropy", "softmax", 2, [0]),
        ("binary_cross_entropy_with_logits", "sigmoid", 1, [0]),
    ],
)
def test_an_activation_that_the_loss_applies_itself_is_refused(loss, last, width, y):
    model = MLP(1, [width], output_activation=last, seed=0)
    with pytest.raises(ValueError, match=f"{loss} applies {last} itself"):
        quiet(model, [[1.0]], y, loss=loss)


def test_an_optimizer_of_another_model_is_refused():
    with pytest.raises(ValueError, match="parameters that are not this model's"):
        quiet(line(), LINE_X, LINE_Y, optimizer=SGD(line().parameters()))


@pytest.mark.parametrize("engine", ["eager", "tape"])
def test_a_plateau_is_one_of_the_validation_loss_where_there_is_one(engine):
    if engine == "tape":
        pytest.importorskip("numpy")
    held_out = ([[10.0]], [1.0])  # far from the line: it gets worse while the training loss falls

    def rates(**settings):
        return quiet(
            line(), LINE_X, LINE_Y, epochs=6, shuffle=False, engine=engine,
            schedule=lambda optimizer: ReduceLROnPlateau(optimizer, factor=0.5, patience=0),
            optimizer=lambda parameters: SGD(parameters, lr=0.02), **settings,
        )  # fmt: skip

    alone, watched = rates(), rates(validation=held_out)
    assert alone.learning_rates == [0.02] * 6
    worse = [b >= a for a, b in zip(watched.validation_losses, watched.validation_losses[1:])]
    want = [0.02]
    for each in [False, *worse[:4]]:
        want.append(want[-1] * (0.5 if each else 1.0))
    assert any(worse[:4])
    assert watched.learning_rates == want


def test_a_schedule_that_ends_before_the_last_epoch_is_refused_before_the_first():
    def cycle(optimizer):
        return OneCycleLR(optimizer, 0.1, total_steps=5)

    def warm(optimizer):
        return SequentialLR(optimizer, [LinearLR(optimizer), cycle(optimizer)], [3])

    quiet(line(), LINE_X, LINE_Y, schedule=cycle, epochs=5)
    quiet(line(), LINE_X, LINE_Y, schedule=warm, epochs=8)
    for schedule, epochs in ((cycle, 6), (warm, 9)):
        model = line(1.0, 2.0)
        with pytest.raises(ValueError, match=f"{epochs} epochs, but the schedule ends after"):
            quiet(model, LINE_X, LINE_Y, schedule=schedule, epochs=epochs)
        assert numbers(model) == [1.0, 2.0]


def test_a_plateau_of_what_should_rise_is_refused():
    with pytest.raises(ValueError, match=r"hands the loss to the schedule, .*mode='min'"):
        quiet(line(), LINE_X, LINE_Y, schedule=lambda o: ReduceLROnPlateau(o, mode="max"))


def test_a_schedule_of_another_optimizer_is_refused():
    with pytest.raises(ValueError, match="the schedule belongs to another optimizer"):
        quiet(line(), LINE_X, LINE_Y, schedule=StepLR(SGD([Value(1.0)]), 3))


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"fit takes a model, not a list: fit\(model, X, y\)"):
        quiet(LINE_X, LINE_Y, line())


def test_what_is_no_optimizer_or_schedule_is_refused():
    with pytest.raises(TypeError, match="optimizer is an optimizer or makes one"):
        quiet(line(), LINE_X, LINE_Y, optimizer=lambda p: 0.1)
    with pytest.raises(TypeError, match="schedule is a schedule or makes one"):
        quiet(line(), LINE_X, LINE_Y, schedule=lambda o: 0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NoImprovement(epochs=0), "at least 1, not 0"),
        (lambda: NoImprovement(least=-1.0), "from 0 on, not -1.0"),
        (lambda: TimeLimit(0.0), "the time limit is positive"),
        (lambda: AllCorrect(tolerance=0.0), "the tolerance is positive"),
    ],
)
def test_criteria_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_r_squared_of_equal_targets_is_refused():
    with pytest.raises(ValueError, match="no meaning for targets that are all equal"):
        r_squared([1.0, 2.0], [3.0, 3.0])
