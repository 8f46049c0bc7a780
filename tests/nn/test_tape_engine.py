"""fit on a tape: the numbers of Values, whatever is learned and whoever looks on, or the reason."""

import random
import re
from functools import partial

import pytest

import autodiff
import nn
from autodiff import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    AllCorrect,
    Layer,
    Module,
    NoImprovement,
    RNNCell,
    Sequential,
    StepLR,
    binary_cross_entropy_with_logits,
    cross_entropy,
    fit,
    huber_loss,
    moons,
    mse_loss,
    smooth_l1_loss,
    squared_error,
)
from nn.losses.table import LOSSES
from nn.train.tape_engine import seconds

numpy = pytest.importorskip("numpy")

DATA = moons(30, seed=0)
SIGNS = [2.0 * t - 1.0 for t in DATA.y]


def network(*widths, **settings):
    return MLP(2, list(widths) or [5, 1], seed=1, **settings)


def learn(engine, model, X=DATA.X, y=DATA.y, **settings):
    settings = {"loss": "binary_cross_entropy_with_logits", "epochs": 4, "seed": 0} | settings
    settings.setdefault("batch_size", 8)
    settings.setdefault("optimizer", lambda p: SGD(p, lr=0.1))
    return fit(model, X, y, engine=engine, progress=False, **settings)


def numbers(model):
    return [p.data for p in model.parameters()]


def close(numbers, rel=1e-9):
    return pytest.approx(numbers, rel=rel, abs=1e-300)


def both(make=network, **settings):
    """A fit by each engine: `(model, history)` of Values, and of the tape; compared."""
    pairs, gradients = [], []
    for engine in ("eager", "tape"):
        model = make()
        parameters = model.parameters()
        pairs.append((model, learn(engine, model, **settings)))
        gradients.append([p.grad for p in parameters])
    (model, history), (other, recorded) = pairs
    assert history.engine == "eager"
    assert recorded.engine.startswith("tape (")
    assert numbers(other) == close(numbers(model))
    assert gradients[1] == pytest.approx(gradients[0], rel=1e-7, abs=1e-14)
    assert recorded.losses == close(history.losses)
    assert recorded.validation_losses == close(history.validation_losses)
    assert recorded.learning_rates == history.learning_rates
    assert (recorded.reason, recorded.best_epoch) == (history.reason, history.best_epoch)
    for kept, other_kept in [
        (history.gradient_norms, recorded.gradient_norms),
        (history.metrics, recorded.metrics),
    ]:
        assert kept.keys() == other_kept.keys()
        for name in kept:
            assert other_kept[name] == close(kept[name], rel=1e-8)
    return pairs


# --- the same numbers ---------------------------------------------------------------------

# Quickprop divides by differences of slopes: a change of the first weight by one unit in the last
# place is one in the first digit after 100 of its steps, with Values too.
STEPS = {"Quickprop": 20}
OPTIMIZERS = {
    name: thing
    for name, thing in vars(nn).items()
    if isinstance(thing, type) and issubclass(thing, nn.Optimizer) and thing is not nn.Optimizer
}
VARIANTS = {
    "SGD": [
        {"lr": 0.1}, {"lr": 0.05, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    ],
    "Adagrad": [{"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.01}],
    "RMSprop": [{"momentum": 0.5, "centered": True}],
    "Adamax": [{"lr": 0.01, "weight_decay": 0.01}],
    "NAdam": [{"lr": 0.01, "weight_decay": 0.01, "decoupled_weight_decay": True}],
    "RAdam": [{"lr": 0.01}],
    "Adam": [{"lr": 0.01}, {"lr": 0.01, "amsgrad": True, "weight_decay": 0.01}],
    "Rprop": [{}, {"backtrack": True}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "settings"),
    [(name, each) for name in OPTIMIZERS for each in VARIANTS.get(name, [{}])],
)
def test_every_optimizer_has_moved_the_weights_alike_after_200_steps(name, settings):
    kept = []

    def make(parameters):
        kept.append(OPTIMIZERS[name](parameters, **settings))
        return kept[-1]

    whole = name in ("Quickprop", "Rprop")  # which compare the gradients of two steps
    steps = STEPS.get(name, 200)
    both(optimizer=make, epochs=steps if whole else steps // 4, batch_size=None if whole else 8)
    eager, recorded = kept
    assert recorded.steps == eager.steps == steps
    for state, want in zip(recorded.states, eager.states, strict=True):
        assert type(state) is tuple
        for x, y in zip(state, want, strict=True):
            assert x == (y if y is None else pytest.approx(y, rel=1e-7, abs=1e-14))


CLASSES = ("cross_entropy", "nll_loss")


def targets(loss):
    return SIGNS if loss == "hinge_loss" else list(map(int, DATA.y)) if loss in CLASSES else DATA.y


@pytest.mark.parametrize("weight", [None, [1.0, 0.0, 2.5] * 10])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_learned_alike(loss, weight):
    end = {"binary_cross_entropy": "sigmoid", "nll_loss": "log_softmax"}.get(loss)
    both(
        lambda: network(5, 2 if loss in CLASSES else 1, output_activation=end),
        loss=loss, y=targets(loss), sample_weight=weight, epochs=50, clip_norm=0.5,
        optimizer=partial(SGD, lr=0.01),
    )  # fmt: skip


@pytest.mark.parametrize(
    "loss",
    [
        partial(huber_loss, delta=0.3),
        partial(mse_loss, reduction="sum"),
        partial(smooth_l1_loss, beta=0.3),
        partial(binary_cross_entropy_with_logits, pos_weight=3.0),
        partial(binary_cross_entropy_with_logits, weight=[2.0]),
        partial(nn.kl_div, reduction="batchmean", log_target=True),
        lambda predictions, targets: mse_loss(predictions, targets),
        lambda predictions, targets: sum(abs(p - t) ** 3 for p, t in zip(predictions, targets)),
        lambda p, t, reduction="sum", sample_weight=None: squared_error(p, t, reduction),
    ],
    ids=["delta", "partial", "beta", "pos", "weight", "kl", "lambda", "cubes", "sum"],
)
def test_a_loss_of_your_own_is_learned_alike(loss):
    both(loss=loss, epochs=10, optimizer=partial(SGD, lr=0.01))


def test_smoothed_labels_are_learned_alike():
    loss = partial(cross_entropy, label_smoothing=0.1)
    both(lambda: network(5, 3), loss=loss, y=[i % 3 for i in range(30)], epochs=10)


def test_a_loss_that_looks_at_the_model_is_recorded_with_the_whole_batch():
    def make():
        models.append(network())
        return models[-1]

    def penalised(predictions, targets):
        squares = sum(p * p for p in models[-1].parameters())
        return mse_loss(predictions, targets) + 0.01 * squares

    models = []
    both(make, loss=penalised, epochs=10, batch_size=None)


@pytest.mark.parametrize(
    "schedule",
    [
        thing
        for thing in vars(nn).values()
        if isinstance(thing, type) and issubclass(thing, nn.Schedule) and thing is not nn.Schedule
    ],
)
def test_every_schedule_is_followed(schedule):
    settings = {
        "StepLR": {"step_size": 2}, "ExponentialLR": {"gamma": 0.9},
        "CosineAnnealingLR": {"T_max": 5}, "InverseTimeLR": {"gamma": 0.1},
        "LambdaLR": {"lr_lambda": lambda epoch: 0.95**epoch}, "MultiStepLR": {"milestones": [2, 5]},
        "OneCycleLR": {"max_lr": 0.3, "total_steps": 8}, "ReduceLROnPlateau": {"patience": 1},
    }  # fmt: skip

    def make(optimizer):
        if schedule is nn.SequentialLR:
            parts = [nn.LinearLR(optimizer, total_iters=3), StepLR(optimizer, 2)]
            return nn.SequentialLR(optimizer, parts, [3])
        return schedule(optimizer, **settings.get(schedule.__name__, {}))

    both(schedule=make, epochs=8)


class Reader(Module):
    """Reads a sequence of two, then says yes or no."""

    def __init__(self):
        self.cell, self.out = RNNCell(1, 3, seed=1), MLP(3, [1], seed=2)

    def __call__(self, x):
        return self.out(self.cell.unroll([[each] for each in x])[-1])


class Tied(Module):
    """Two layers with the same weights, and a parameter that nothing uses."""

    def __init__(self):
        self.spare = Value(3.0)
        layer = Layer(2, 2, seed=0)
        self.layers = [layer, layer, Layer(2, 1, activation=None, seed=1)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Branching(Module):
    """Takes another way for other cases."""

    def __init__(self):
        self.a, self.b = MLP(2, [3, 1], seed=0), MLP(2, [1], seed=1)

    def __call__(self, x):
        return self.a(x) if x[0] > 0.5 else self.b(x)


@pytest.mark.parametrize(
    "make",
    [
        Reader,
        Tied,
        Branching,
        partial(network, 4, 4, 1, activation="relu"),
        partial(network, 4, 1, activation=lambda net: net * autodiff.sigmoid(net)),
        lambda: Sequential(Layer(2, 3, seed=0), lambda xs: [sum(xs)]),
    ],
    ids=["recurrent", "tied", "branching", "relu", "function", "sequential"],
)
def test_every_kind_of_model_is_learned_alike(make):
    both(make, epochs=20)


def test_probabilities_and_classes_may_be_mixed():
    y = [int(t) if i % 2 else [1.0 - t, float(t)] for i, t in enumerate(DATA.y)]
    both(partial(network, 4, 2), y=y, loss="cross_entropy")


def test_frozen_parameters_stay_and_their_norm_is_that_of_the_step():
    def last_layer(parameters):
        return Adam(parameters[-6:], lr=0.05)

    (model, history), _ = both(optimizer=last_layer, epochs=6)
    assert numbers(model)[:-6] == numbers(network())[:-6]
    assert max(history.gradient_norms["layer0"]) < 1.0  # not added up over steps


def test_training_goes_on_with_values_as_if_they_had_been_there_all_along():
    models = []
    for first in ("eager", "tape"):
        model = network()
        optimizer = AdamW(model.parameters(), lr=0.05)
        for engine in (first, "eager", first):
            learn(engine, model, optimizer=optimizer)
        models.append(numbers(model))
    assert models[1] == close(models[0])


def test_a_changed_model_is_recorded_anew_in_the_next_fit():
    def make():
        model = network(4, 1)
        learn("tape", model)
        for neuron in model.layers[0].neurons:
            neuron.activation = "relu"
        model.layers[1].neurons[0].w[0] = Value(0.25)
        return model

    both(make)


# --- people who look on -------------------------------------------------------------------


def test_validation_metrics_and_stopping_are_the_same():
    for stop in (NoImprovement(epochs=2, least=0.01), AllCorrect()):
        both(
            epochs=60, validation=(DATA.X[::3], DATA.y[::3]), metrics=["accuracy", "r_squared"],
            stop=[stop], optimizer=partial(Adam, lr=0.05), schedule=partial(StepLR, step_size=3),
        )  # fmt: skip


def test_callbacks_see_what_values_would_show_them():
    seen = {"eager": [], "tape": []}
    for engine, rows in seen.items():
        model = network()
        optimizer = Adam(model.parameters(), lr=0.05)

        def look(epoch, rows=rows, optimizer=optimizer):
            rows += [*numbers(epoch.model), *[p.grad for p in epoch.model.parameters()]]
            rows += [epoch.monitored_loss, *epoch.outputs, optimizer.steps, *optimizer.states[3]]

        learn(engine, model, optimizer=optimizer, callbacks=look)
    assert seen["tape"] == pytest.approx(seen["eager"], rel=1e-9, abs=1e-12)


def halve(model, optimizer):
    for p in model.parameters():
        p.data *= 0.5


def forget(model, optimizer):
    optimizer.states = [optimizer.first] * len(optimizer.parameters)
    optimizer.lr *= 0.5


def straighten(model, optimizer):
    model.layers[0].neurons[1].activation = "relu"


def freeze(model, optimizer):
    weights = model.layers[0].neurons[0].w
    weights[0] = Value(weights[0].data)  # the same number, but none that the optimizer moves


def cut(model, optimizer):
    if len(model.layers[0].neurons[0].w) == 2:
        model.layers[1].neurons[0].w[2] = 0.0


@pytest.mark.parametrize("change", [halve, forget, straighten, freeze, cut])
def test_what_a_callback_changes_is_learned_from(change):
    def make_optimizer(parameters):
        kept.append(Adam(parameters, lr=0.05))
        return kept[-1]

    def at_the_second(epoch):
        if epoch.number == 2:
            change(epoch.model, kept[-1])

    kept = []
    both(optimizer=make_optimizer, callbacks=at_the_second)


def test_a_number_outside_of_the_model_may_change_between_epochs():
    part = [0.0]

    def annealed(predictions, targets):
        return mse_loss(predictions, targets) + part[0] * sum(p * p for p in predictions)

    def set_part(epoch):
        part[0] = 0.0 if epoch.number == 4 else 0.05 * epoch.number

    both(loss=annealed, callbacks=set_part)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_update_leaves_the_one_before(error):
    class Interrupted(Adam):
        def update(self, x, g, state):
            if self.steps == 6:
                raise error
            return super().update(x, g, state)

    model, want = network(), network()
    optimizer, other = Interrupted(model.parameters(), 0.05), Adam(want.parameters(), 0.05)
    with pytest.raises(error):
        learn("tape", model, optimizer=optimizer, shuffle=False)
    learn("eager", want, optimizer=other, epochs=1, shuffle=False)
    learn("eager", want, DATA.X[:8], DATA.y[:8], optimizer=other, epochs=1, shuffle=False)
    assert numbers(model) == close(numbers(want))
    assert optimizer.steps == 5
    assert [s[0] for s in optimizer.states] == close([s[0] for s in other.states])


def test_an_exception_in_a_callback_leaves_the_last_update():
    def fail(epoch):
        if epoch.number == 2:
            raise LookupError

    model, want = network(), network()
    with pytest.raises(LookupError):
        learn("tape", model, callbacks=fail)
    learn("eager", want, epochs=2)
    assert numbers(model) == close(numbers(want))


@pytest.mark.parametrize("rate", [1e6, 1e200])
def test_a_loss_that_is_not_finite_is_told_as_values_tell_it(rate):
    told, models = [], []
    for engine in ("eager", "tape"):
        model = network(activation="relu")
        with pytest.raises(FloatingPointError) as error:
            learn(engine, model, loss="mse_loss", optimizer=partial(SGD, lr=rate), epochs=200)
        told.append(str(error.value))
        models.append(numbers(model))
    assert told[1] == told[0]
    assert models[1] == close(models[0])


def test_what_python_divides_by_zero_raises_on_a_tape_too():
    for engine in ("eager", "tape"):
        model = Tied()
        with pytest.raises(ZeroDivisionError):
            learn(engine, model, optimizer=lambda p: Adam(p, eps=0.0))  # a gradient of 0


def test_a_loss_of_two_cases_at_least_is_learned_with_values():
    def spread(predictions, targets):
        errors = [p - t for p, t in zip(predictions, targets)]
        if len(errors) < 2:
            raise ValueError("one case has no spread")
        return sum((e - errors[0]) ** 2 for e in errors)

    history = learn("auto", network(), loss=spread, batch_size=5, **LONG)
    assert history.engine == "eager: the first case alone: one case has no spread"


def test_an_example_that_the_loss_refuses_is_told_in_its_words():
    model = Sequential(Layer(2, 1, activation=None, seed=0), lambda xs: [4.0 * xs[0] + 0.5])
    for each in model.parameters():
        each.data = 0.0
    with pytest.raises(ValueError, match=r"example \d: binary_cross_entropy takes probabilities"):
        learn("tape", model, loss="binary_cross_entropy", optimizer=partial(SGD, lr=3.0))


# --- which engine -------------------------------------------------------------------------


class Dropout(Module):
    """Forgets inputs at random, from one of three sources."""

    def __init__(self, source):
        self.inner, self.source = network(), source

    def __call__(self, x):
        return self.inner([xi if self.source.random() < 0.9 else 0.0 for xi in x])


class Counting(Module):
    """Changes with every call."""

    def __init__(self):
        self.inner, self.calls = network(), 0

    def __call__(self, x):
        self.calls += 1
        return self.inner(x) * (1.0 + 0.01 * self.calls)


class Looking(Module):
    """Reads the number behind a Value."""

    def __init__(self):
        self.inner = network()

    def __call__(self, x):
        out = self.inner(x)
        return out * out.data


class Table(Module):
    """Looks a row up by a whole number."""

    def __init__(self):
        self.rows = [network(), network()]

    def __call__(self, x):
        return self.rows[int(x[0] > 0.0)](x) if isinstance(x[0], float) else self.rows[x[0]](x)


class Own(SGD):
    def step(self):
        super().step()


def hidden_source():
    source = random.Random(0)
    inner = network()
    return Sequential(lambda x: [xi if source.random() < 0.5 else 0.0 for xi in x], inner)


def hidden_counter():
    calls = [0]

    def count(x):
        calls[0] += 1
        return [xi + 0.01 * calls[0] for xi in x]

    return Sequential(count, network())


def hidden_iterator():
    noise = iter(random.Random(0).random, None)
    return Sequential(lambda x: [xi + next(noise) for xi in x], network())


class Over:
    """Ends a fit that was to take longer."""

    success = True

    def __init__(self, epochs):
        self.epochs = epochs

    def begin(self):
        pass

    def __call__(self, epoch):
        return "over" if epoch.number >= self.epochs else ""


# So many epochs that a recording pays; they need not all be lived through.
LONG = {"epochs": 1000, "stop": Over(2)}
REFUSED = [
    (lambda: Dropout(random), {}, "random numbers are drawn anew for each case"),
    (lambda: Dropout(random.Random(3)), {}, "random numbers are drawn anew for each case"),
    (lambda: Dropout(numpy.random), {}, "random numbers are drawn anew for each case"),
    (lambda: Dropout(numpy.random.default_rng(3)), {}, "random numbers are drawn anew"),
    (hidden_source, {}, "random numbers are drawn anew for each case"),
    (hidden_counter, {}, "the same case does not give the same loss again"),
    (hidden_iterator, {}, "an iterator is read, which calls would use up"),
    (Counting, {}, "the model changes when it is called"),
    (Looking, {}, r".*\.data"),
    (Table, {}, "list indices must be integers or slices, not Value"),
    (network, {"optimizer": partial(Own, lr=0.1)}, "Own has a step of its own"),
    (
        partial(network, 4, 2),
        {"loss": lambda p, t: cross_entropy(p, t), "y": [int(t) for t in DATA.y]},
        "example 0: cross_entropy takes a class",
    ),
    (
        partial(network, 4, 2),
        {"loss": partial(cross_entropy, weight=[1.0, 3.0]), "y": [int(t) for t in DATA.y]},
        "how much a case counts depends on the classes of the others in its batch",
    ),
    (
        partial(network, 4, 2),
        {"loss": "cross_entropy", "y": [-100, *[int(t) for t in DATA.y[1:]]]},
        "how much a case counts depends on the classes",
    ),
    (
        partial(network, 16, 1, activation=lambda net: net if net > 0.0 else 0.1 * net),
        {}, "comparisons lead along more than 4 paths",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "settings", "why"), REFUSED)
def test_what_cannot_be_recorded_is_learned_with_values_and_the_history_says_why(
    make, settings, why
):
    X = [[int(x[0] > 0.0), x[1]] for x in DATA.X] if make is Table else DATA.X
    random.seed(0)
    numpy.random.seed(0)
    model = make()
    history = learn("auto", model, X=X, **LONG | settings)
    assert history.engine.startswith("eager: ")
    assert re.match(why, history.engine.removeprefix("eager: "))
    random.seed(0)
    numpy.random.seed(0)
    want = make()
    learn("eager", want, X=X, **LONG | settings)
    if make not in (hidden_counter, Counting):  # whose state nobody else can put back
        assert numbers(model) == close(numbers(want), 1e-12)
    with pytest.raises((ValueError, RuntimeError), match='engine="tape" is not possible here, bec'):
        learn("tape", make(), X=X, **LONG | settings)


def test_there_are_three_engines():
    with pytest.raises(ValueError, match="engine is one of auto, eager, tape, not 'numba'"):
        learn("numba", network())


def test_a_fit_that_is_over_soon_is_not_recorded():
    assert learn("auto", network()).engine == ("eager: the fit is too short for a recording to pay")
    assert learn("auto", network(), **LONG).engine == "tape (python)"


def test_without_numpy_values_learn(monkeypatch):
    monkeypatch.setattr("nn.train.tape_engine.find_spec", lambda name: None)
    why = 'NumPy is not installed: %pip install "valuegrad[train]"'
    assert learn("auto", network(), **LONG).engine == f"eager: {why}"


def test_rows_of_different_lengths_are_learned_with_values():
    reader, X = Reader(), [[1.0], [0.0, 1.0], [1.0, 1.0, 0.0]] * 10
    history = learn("auto", reader, X=X, **LONG)
    assert history.engine == "eager: cases or targets differ in shape"


def test_an_optimizer_that_vectors_do_not_fit_goes_on_with_values():
    class Signs(SGD):
        def update(self, x, g, state):
            return (x - self.lr if g > 0.0 else x + self.lr), state

    model, want = network(), network()
    history = learn("auto", model, optimizer=partial(Signs, lr=0.001), **LONG)
    assert history.engine.startswith("eager: The truth value of an array")
    learn("eager", want, optimizer=partial(Signs, lr=0.001), **LONG)
    assert numbers(model) == numbers(want)
    with pytest.raises(RuntimeError, match='engine="tape" is not possible here, because The truth'):
        learn("tape", network(), optimizer=partial(Signs, lr=0.001))


def test_a_model_that_keeps_changing_is_left_to_values():
    part = [0.0]

    def moving(predictions, targets):
        return part[0] * mse_loss(predictions, targets)

    def move(epoch):
        part[0] += 0.1

    history = learn(
        "auto", network(), loss=moving, callbacks=move, **LONG | {"stop": Over(10)}
    )  # fmt: skip
    assert history.engine == "eager: the model or the loss keeps changing while it learns"


def test_anomalies_are_found_where_they_arise():
    model = network(activation=lambda net: autodiff.log(net * 0.0))
    for engine in ("eager", "tape"):
        with pytest.raises(FloatingPointError, match="log"), autodiff.detect_anomaly():
            learn(engine, model)


@pytest.fixture
def backend(monkeypatch):
    """Makes one back end cost nothing, and the compiler start early."""
    costs = seconds

    def choose(name):
        monkeypatch.setattr("nn.train.tape_engine.seconds", lambda *a: costs(*a) | {name: 1e-9})
        monkeypatch.setattr("nn.train.tape_engine._WORK_BEFORE", 0.003)
        monkeypatch.setattr("nn.train.tape_engine._WORK_LEFT", 0.06)

    return choose


@pytest.mark.parametrize("loss", ["hinge_loss", "mse_loss", "cross_entropy"])
def test_numpy_replays_a_batch_at_once(backend, loss):
    backend("numpy")
    y = [int(t) for t in DATA.y] if loss == "cross_entropy" else SIGNS
    _, (_, history) = both(partial(network, 6, 1 + (loss == "cross_entropy")), y=y, loss=loss)
    assert history.engine == "tape (numpy)"


@pytest.mark.parametrize("loss", ["hinge_loss", lambda p, t: mse_loss(p, t)])
def test_the_compiler_is_called_when_enough_was_done_and_much_is_left(backend, loss):
    pytest.importorskip("numba")
    backend("numba")
    _, (_, history) = both(loss=loss, y=SIGNS, optimizer=partial(Adam, lr=0.05), epochs=50)
    assert history.engine == "tape (numba)"
    assert learn("tape", network(), epochs=1).engine == "tape (python)"


def test_without_a_compiler_the_tape_goes_on_as_before(backend, monkeypatch):
    backend("numba")
    monkeypatch.setattr("autodiff.Tape.backend", property(lambda tape: "python", refuse))
    _, (_, history) = both(epochs=50)
    assert history.engine == "tape (python)"


def refuse(tape, name):
    if name == "numba":
        raise ValueError("the back end 'numba' is not installed")


@pytest.mark.parametrize(
    ("fit", "best"),
    [
        ({"size": 50, "cases": 800, "steps": 200}, "eager"),
        ({"size": 170, "cases": 9000, "steps": 600}, "python"),
        ({"size": 3000, "cases": 10_000, "steps": 300}, "numpy"),
        ({"size": 3000, "cases": 20_000, "steps": 600, "copies": 32}, "numba"),
        ({"size": 3000, "cases": 10**7, "steps": 10**5}, "numba"),
    ],
)
def test_the_rule_knows_what_costs_least(fit, best):
    costs = seconds(**fit)
    assert min(costs, key=costs.get) == best
