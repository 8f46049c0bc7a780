"""Dropout, and the two modes of a model: what is drawn, who switches, and what fit does with it."""

import copy
import math
import pickle
import random
import threading
from functools import partial

import pytest

from autodiff import Value
from nn import (
    MLP,
    SGD,
    Dropout,
    Layer,
    Module,
    Sequential,
    accuracy,
    diagnose,
    fit,
    load,
    moons,
    predict,
    save,
)
from nn.models.modes import evaluation

DATA = moons(20, seed=0)
quiet = partial(
    fit, loss="binary_cross_entropy_with_logits", batch_size=8, seed=0, progress=False,
    optimizer=partial(SGD, lr=0.1),
)  # fmt: skip


def network(p=0.5, seed=3):
    return Sequential(Layer(2, 6, seed=0), Dropout(p, seed=seed), Layer(6, 1, None, seed=1))


def numbers(model):
    return [p.data for p in model.parameters()]


# --- the noise ----------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_what_is_kept_is_scaled_up_and_the_mean_stays(p):
    n = 20_000
    outputs = Dropout(p, seed=0)([3.0] * n)
    assert set(outputs) == {0.0, 3.0 * (1.0 / (1.0 - p))}
    spread = math.sqrt(p * (1.0 - p) / n)
    assert outputs.count(0.0) / n == pytest.approx(p, abs=4.0 * spread)
    assert sum(outputs) / n == pytest.approx(3.0, abs=4.0 * 3.0 * spread / (1.0 - p))


def test_the_gradient_passes_where_the_number_does():
    xs = [Value(float(i + 1)) for i in range(40)]
    outputs = Dropout(0.25, seed=0)(xs)
    sum(outputs).backward()
    assert {o.data != 0.0 for o in outputs} == {True, False}
    assert [x.grad for x in xs] == [1.0 / 0.75 if o.data else 0.0 for o in outputs]


def test_nothing_at_all_and_everything():
    xs = [Value(1.0), Value(-2.0)]
    assert Dropout(0.0, seed=0)(xs) == xs
    nothing = Dropout(1.0, seed=0)(xs)
    assert [o.data for o in nothing] == [0.0, 0.0]
    sum(nothing).backward()
    assert [x.grad for x in xs] == [0.0, 0.0]
    assert Dropout(1.0, seed=0)(xs[0]).data == 0.0


def test_its_random_numbers_are_its_own():
    state = random.getstate()
    row = [1.0] * 30
    first, second = Dropout(seed=5), Dropout(seed=5)
    assert first(row) == second(row)
    assert random.getstate() == state
    again = Dropout(seed=Dropout().seed)
    assert first(row) != first(row)
    assert again(row) == Dropout(seed=again.seed)(row)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_goes_on_with_the_same_numbers(again):
    model = network()
    model([1.0, 2.0])
    other = again(model)
    assert other([1.0, 2.0]).data == model([1.0, 2.0]).data
    assert other.layers[1].source is not model.layers[1].source


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dropout(-0.1), ValueError, "p is a probability from 0 to 1, not -0.1"),
        (lambda: Dropout(math.nan), ValueError, "p is a probability from 0 to 1, not nan"),
        (lambda: Dropout("half"), TypeError, "a number from 0 to 1, not 'half'"),
        (lambda: Dropout(Value(0.5)), TypeError, "a number from 0 to 1, not Value"),
        (lambda: Dropout(0.5, seed=0.5), TypeError, "a seed is an integer or None"),
        (lambda: network().train(DATA.X), TypeError, "takes True or False, not a list: fit(model,"),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, message):
    with pytest.raises(error) as told:
        call()
    assert message in str(told.value)


# --- the modes ----------------------------------------------------------------------------


def test_train_and_eval_reach_every_module_and_return_the_model():
    model = Sequential(network(), Dropout(0.5, seed=0), lambda xs: xs)
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    row = [0.5, -1.0]
    assert model(row).data == model(row).data == predict(model, [row])[0]
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())
    assert model.train(False).training is False
    model.layers[1].training = True  # one alone
    assert [m.training for m in model.layers[:2]] == [False, True]


def test_whoever_looks_at_a_model_sees_it_in_eval_mode_and_writes_nothing():
    model = network()
    before = vars(model.layers[1]).copy()
    state = model.layers[1].source.getstate()
    want = predict(model.eval(), DATA.X)
    model.train()
    assert predict(model, DATA.X) == want
    accuracy(model, DATA.X, DATA.y)
    model([0.5, 0.5]).backward()
    model.layers[1].source.setstate(state)
    diagnose(model, DATA.X)
    with evaluation():
        assert [model(x).data for x in DATA.X] == want
    assert model.layers[1].source.getstate() == state
    assert vars(model.layers[1]).keys() - {"_training"} == before.keys()
    assert model.training


def test_a_prediction_in_one_thread_leaves_training_in_another_alone():
    model, seen = network(), []

    def look():
        seen.append(model.training)

    with evaluation():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(10)
        seen.append(model.training)
    assert seen == [True, False]


# --- fit ----------------------------------------------------------------------------------

LONG = {"epochs": 3000}


def over(epoch):
    if epoch.number == 2:
        raise StopIteration


def test_fit_trains_with_noise_with_values_and_says_so():
    pytest.importorskip("numpy")
    want, model, plain = network(), network(), network(p=0.0)
    quiet(want, DATA.X, DATA.y, engine="eager", epochs=2)
    history = quiet(model, DATA.X, DATA.y, engine="eager", epochs=1)
    assert history.engine == "eager"
    model = network()
    with pytest.raises(StopIteration):
        quiet(model, DATA.X, DATA.y, callbacks=over, **LONG)
    assert numbers(model) == numbers(want)
    quiet(plain, DATA.X, DATA.y, engine="eager", epochs=2)
    assert numbers(plain) != numbers(want)
    history = quiet(network(), DATA.X, DATA.y, epochs=1)
    assert history.engine == "eager: random numbers are drawn anew for each case"
    with pytest.raises(ValueError, match="not possible here, because random numbers are drawn"):
        quiet(network(), DATA.X, DATA.y, engine="tape")


def test_what_is_measured_while_it_learns_is_measured_without_noise():
    model, rows = network(), []

    def look(epoch):
        rows.append((epoch.outputs, epoch.monitored_loss, predict(model, DATA.X)))

    held_out = (DATA.X[:5], DATA.y[:5])
    history = quiet(model, DATA.X, DATA.y, epochs=3, callbacks=look, validation=held_out)
    assert all(outputs == predicted for outputs, _, predicted in rows)
    assert history.validation_losses == [loss for _, loss, _ in rows]


@pytest.mark.parametrize("engine", ["auto", "eager"])
def test_a_model_in_eval_mode_learns_in_training_mode_and_is_in_eval_mode_again(engine):
    want, model = network(), network().eval()
    quiet(want, DATA.X, DATA.y, engine=engine, epochs=2)
    quiet(model, DATA.X, DATA.y, engine=engine, epochs=2)
    assert numbers(model) == numbers(want)
    assert (model.training, want.training) == (False, True)
    with pytest.raises(StopIteration):
        quiet(model, DATA.X, DATA.y, callbacks=over, epochs=3)
    assert not model.training


def test_a_part_in_eval_mode_stays_so_and_can_be_recorded():
    pytest.importorskip("numpy")
    models = []
    for engine in ("eager", "tape"):
        model = network()
        model.layers[1].eval()
        assert quiet(model, DATA.X, DATA.y, engine=engine, epochs=3).engine.startswith(engine)
        models.append(numbers(model))
    assert models[1] == pytest.approx(models[0], rel=1e-9)


@pytest.mark.parametrize("wake", [lambda m: m.train(), lambda m: setattr(m.layers[1], "p", 0.5)])
def test_noise_that_begins_later_is_never_frozen_on_a_tape(wake):
    pytest.importorskip("numpy")
    models = []
    for engine in ("eager", "auto"):
        model = network()
        if wake(network()) is None:
            model.layers[1].p = 0.0
        else:
            model.layers[1].eval()

        def begin(epoch, model=model):
            if epoch.number == 2:
                wake(model)
            if epoch.number == 5:
                raise StopIteration

        with pytest.raises(StopIteration):
            quiet(model, DATA.X, DATA.y, engine=engine, callbacks=begin, **LONG)
        models.append(numbers(model))
    assert models[1] == pytest.approx(models[0], rel=1e-9)


class Louder(Module):
    """Twice as loud while it learns: the two modes differ without any chance."""

    def __init__(self):
        self.inner = MLP(2, [3, 1], seed=0)

    def __call__(self, x):
        return self.inner(x) * (2.0 if self.training else 1.0)


def test_a_tape_knows_the_two_modes_apart():
    pytest.importorskip("numpy")
    found = []
    for engine in ("eager", "tape"):
        model = Louder()
        held_out = (DATA.X[:5], DATA.y[:5])
        history = quiet(model, DATA.X, DATA.y, engine=engine, epochs=4, validation=held_out)
        found.append([*history.losses, *history.validation_losses, *numbers(model)])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


# --- files and texts ----------------------------------------------------------------------


def test_a_saved_model_has_its_dropout_again(tmp_path):
    model = network(p=0.25)
    again = load(save(model, tmp_path / "model.json"))
    assert repr(again) == repr(model)
    assert "1: Dropout(p=0.25)" in repr(again)
    assert predict(again, DATA.X) == predict(model, DATA.X)
    assert again([0.5, 1.0]).data == network(p=0.25)([0.5, 1.0]).data


def test_a_class_of_the_users_own_is_not_taken_for_ours(tmp_path):
    ours = Dropout

    class Own(Module):
        def __init__(self):
            self.p, self.seed = 0.5, 1

        def __call__(self, x):
            return x

        __repr__ = ours.__repr__

    Own.__name__ = "Dropout"
    with pytest.raises(ValueError, match="a Dropout inside another module cannot be saved"):
        save(Sequential(Layer(2, 1, seed=0), Own()), tmp_path / "model.json")


@pytest.mark.parametrize("p", [2.0, "0.5", None, True])
def test_a_file_with_a_probability_that_is_none_is_refused(p, tmp_path):
    from nn.models.architecture import make

    with pytest.raises(ValueError, match="'p' is"):
        make({"kind": "Dropout", "p": p, "seed": 0})
