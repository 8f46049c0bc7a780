"""20 epochs, a file, and 20 more are 40, to the last bit; and files that do not fit are refused."""

import json
import os
import random
import subprocess
import sys
from functools import partial
from math import inf, nan

import pytest

import nn
from nn import (
    MLP,
    SGD,
    Adam,
    AdaptiveLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    Rprop,
    StepLR,
    accuracy,
    fit,
    load,
    moons,
    save,
)
from nn.metrics.classes import Classes, remembered
from nn.persist.document import _digest

DATA = moons(10, noise=0.3, seed=1)


def network():
    return MLP(2, [2, 1], seed=3)


def learn(model, optimizer, epochs, stream, schedule=None, engine="eager"):
    fit(model, DATA.X, DATA.y, loss="binary_cross_entropy_with_logits", optimizer=optimizer,
        schedule=schedule, epochs=epochs, seed=stream, batch_size=4, engine=engine,
        progress=False)  # fmt: skip


def numbers(model):
    return [p.data for p in model.parameters()]


def both_ways(make, path, make_schedule=lambda optimizer: None, engine="eager"):
    """The weights after 40 epochs, and after 20, a file, and 20 in all that is new."""

    def new():
        model = network()
        optimizer = make(model.parameters())
        return model, optimizer, make_schedule(optimizer)

    model, optimizer, schedule = new()
    learn(model, optimizer, 40, random.Random(7), schedule, engine)
    first, its_optimizer, its_schedule = new()
    stream = random.Random(7)
    learn(first, its_optimizer, 20, stream, its_schedule, engine)
    save(first, path, optimizer=its_optimizer, schedule=its_schedule, stream=stream)
    second, goes_on, follows = new()
    stream = random.Random()
    assert load(path, second, optimizer=goes_on, schedule=follows, stream=stream) is second
    assert (goes_on.lr, goes_on.steps) == (its_optimizer.lr, its_optimizer.steps)
    learn(second, goes_on, 20, stream, follows, engine)
    return numbers(model), numbers(second)


OPTIMIZERS = [
    each for each in vars(nn).values()
    if isinstance(each, type) and issubclass(each, nn.Optimizer) and each is not nn.Optimizer
]  # fmt: skip
VARIANTS = [
    *OPTIMIZERS,
    partial(SGD, lr=0.1, momentum=0.9, nesterov=True),
    partial(Adam, lr=0.01, amsgrad=True),
    partial(nn.RMSprop, momentum=0.5, centered=True),
    partial(Rprop, backtrack=True),
    partial(nn.Adadelta, rho=0.8, weight_decay=0.01),
    partial(nn.Adagrad, lr_decay=0.1, initial_accumulator_value=0.5),
    partial(nn.Adamax, lr=0.01, weight_decay=0.01),
    partial(nn.NAdam, lr=0.01, weight_decay=0.01, decoupled_weight_decay=True),
    partial(nn.RAdam, lr=0.01, weight_decay=0.01),
    partial(nn.AdamW, lr=0.01, amsgrad=True, maximize=True),
    partial(SGD, lr=0.01, momentum=0.5, weight_decay=0.1, maximize=True),
    lambda parameters: SGD(parameters[2:5], lr=0.1, momentum=0.9),  # the others are frozen
]


@pytest.mark.parametrize("make", VARIANTS)
def test_twenty_and_twenty_epochs_are_forty_with_every_optimizer(make, tmp_path):
    at_once, with_a_break = both_ways(make, tmp_path / "model.json")
    assert with_a_break == at_once


@pytest.mark.parametrize("make", [SGD, Adam, Rprop])
def test_twenty_and_twenty_epochs_are_forty_on_a_tape(make, tmp_path):
    pytest.importorskip("numpy")
    at_once, with_a_break = both_ways(make, tmp_path / "model.json", engine="tape")
    assert with_a_break == at_once


SCHEDULES = [
    lambda optimizer: StepLR(optimizer, step_size=15),
    lambda optimizer: ExponentialLR(optimizer, gamma=0.9),
    lambda optimizer: CosineAnnealingLR(optimizer, T_max=40),
    lambda optimizer: LambdaLR(optimizer, lambda t: 1.0 / (1.0 + t)),
    lambda optimizer: AdaptiveLR(optimizer),
    nn.ConstantLR,
    nn.InverseTimeLR,
    lambda optimizer: nn.LinearLR(optimizer, total_iters=30),
    lambda optimizer: nn.MultiStepLR(optimizer, milestones=[5, 25, 25]),
    lambda optimizer: nn.SequentialLR(
        optimizer,
        [nn.LinearLR(optimizer), LambdaLR(optimizer, lambda t: 0.9**t), StepLR(optimizer, 3)],
        milestones=[7, 22],
    ),
    lambda optimizer: nn.OneCycleLR(optimizer, max_lr=0.5, total_steps=40),
    lambda optimizer: nn.OneCycleLR(optimizer, max_lr=0.5, total_steps=60, three_phase=True),
    lambda optimizer: nn.SequentialLR(
        optimizer, [nn.ConstantLR(optimizer), nn.OneCycleLR(optimizer, 0.3, 37)], milestones=[3]
    ),
    lambda optimizer: nn.ReduceLROnPlateau(optimizer, patience=0, threshold=0.1, cooldown=1),
    lambda optimizer: nn.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=3, threshold=0.01, threshold_mode="abs"
    ),
]


@pytest.mark.parametrize("make", [partial(SGD, lr=0.3, momentum=0.9), partial(Adam, lr=0.1)])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_twenty_and_twenty_epochs_are_forty_with_every_schedule(schedule, make, tmp_path):
    at_once, with_a_break = both_ways(make, tmp_path / "model.json", schedule)
    assert with_a_break == at_once


def test_every_schedule_is_among_them():
    every = {
        each for each in vars(nn).values()
        if isinstance(each, type) and issubclass(each, nn.Schedule) and each is not nn.Schedule
    }  # fmt: skip
    assert {type(make(SGD(network().parameters(), momentum=0.5))) for make in SCHEDULES} == every


def test_a_class_that_is_ignored_stays_so_in_a_file(tmp_path):
    model = MLP(2, [3], seed=0)
    fit(model, DATA.X, DATA.y, loss=partial(nn.cross_entropy, ignore_index=1), epochs=1,
        progress=False)  # fmt: skip
    again = load(save(model, tmp_path / "m.json"))
    assert remembered(again) == remembered(model) == Classes((0, 1, 2), ignored=1)


def test_training_goes_on_in_another_process(tmp_path):
    path = tmp_path / "model.json"
    at_once, _ = both_ways(partial(Adam, lr=0.05), path)
    program = (
        "import random; from nn import Adam, load; import tests.nn.test_resume as t\n"
        f"model, stream = load({str(path)!r}), random.Random()\n"
        "optimizer = Adam(model.parameters(), lr=1.0)\n"
        f"load({str(path)!r}, model, optimizer=optimizer, stream=stream)\n"
        "t.learn(model, optimizer, 20, stream); print(t.numbers(model))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.strip() == repr(at_once)


def test_numbers_that_are_not_finite_survive(tmp_path):
    model = network()
    optimizer = Adam(model.parameters())
    optimizer.states[0] = (inf, -inf, nan)
    save(model, tmp_path / "m.json", optimizer=optimizer)
    other = network()
    goes_on = Adam(other.parameters())
    load(tmp_path / "m.json", other, optimizer=goes_on)
    assert repr(goes_on.states) == repr(optimizer.states)


def test_what_outputs_mean_is_saved_and_says_the_same_again(tmp_path):
    model = MLP(1, [1], seed=0)
    nn.vector_to_parameters([1.0, 0.0], model.parameters())
    X, y = [[-0.5], [0.2], [0.4], [0.9]], [0, 0, 0, 1]
    fit(model, X, y, epochs=1, optimizer=partial(SGD, lr=0.0), progress=False)
    again = load(save(model, tmp_path / "m.json"))
    assert remembered(again) == Classes((0, 1), 0.5)
    assert accuracy(again, X, y) == accuracy(model, X, y) == 1.0
    plain = MLP(1, [1], seed=0)
    load(save(plain, tmp_path / "plain.json"), into=again)
    assert remembered(again) is None


def test_a_file_of_numbers_alone_is_what_it_was(tmp_path):
    document = json.loads(save(network(), tmp_path / "m.json").read_text())
    assert list(document) == ["format", "version", "sha256", "architecture", "parameters"]
    assert document["version"] == 1


def test_older_releases_read_the_model_and_pass_over_the_rest(tmp_path):
    model = network()
    save(model, tmp_path / "m.json", optimizer=Adam(model.parameters()))
    document = json.loads((tmp_path / "m.json").read_text())
    content = {name: document[name] for name in ("architecture", "parameters")}
    assert (document["version"], document["sha256"]) == (1, _digest(content))


# --- what does not fit --------------------------------------------------------------------


class Own(SGD):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.table = {"a": object()}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"optimizer": "adam"}, TypeError, "optimizer is one of Optimizer's kind, not 'adam'"),
        ({"optimizer": Adam}, TypeError, "optimizer is one of Optimizer's kind, not <class"),
        ({"schedule": 3}, TypeError, "schedule is one of Schedule's kind, not 3"),
        ({"stream": 1}, TypeError, "stream is one of Random's kind, not 1"),
        (
            {"stream": random.SystemRandom()},
            TypeError,
            "stream is one of Random's kind, not <random.System",
        ),
        ({"optimizer": Adam(MLP(1, [1]).parameters())}, ValueError, "that are not this model's"),
    ],
)
def test_what_cannot_be_saved_is_said_and_nothing_is_written(settings, error, message, tmp_path):
    with pytest.raises(error, match=message):
        save(network(), tmp_path / "m.json", **settings)
    assert not list(tmp_path.iterdir())


def test_an_optimizer_that_remembers_what_is_no_number_is_not_saved(tmp_path):
    model = network()
    with pytest.raises(ValueError, match=r"table of Own is .* only numbers"):
        save(model, tmp_path / "m.json", optimizer=Own(model.parameters()))


@pytest.fixture
def file(tmp_path):
    model = network()
    optimizer = Adam(model.parameters(), lr=0.1)
    schedule, stream = StepLR(optimizer, 3), random.Random(1)
    learn(model, optimizer, 2, stream, schedule)
    return save(model, tmp_path / "m.json", optimizer=optimizer, schedule=schedule, stream=stream)


def by_three(optimizer):
    return StepLR(optimizer, step_size=3)


class Fresh:
    """Something to load into, that should not change when that is refused."""

    def __init__(self, make=Adam, then=by_three, some=slice(None)):
        self.model = network()
        self.optimizer = make(self.model.parameters()[some], lr=0.5)
        self.schedule, self.stream = then(self.optimizer), random.Random(2)

    def load(self, path, **changes):
        parts = {"optimizer": self.optimizer, "schedule": self.schedule, "stream": self.stream}
        load(path, self.model, **parts | changes)

    def state(self):
        return (
            numbers(self.model), dict(vars(self.optimizer)), dict(vars(self.schedule)),
            self.stream.getstate(), remembered(self.model),
        )  # fmt: skip

    def refuses(self, path, message):
        before = self.state()
        with pytest.raises(ValueError, match=message) as caught:
            self.load(path)
        assert str(caught.value).startswith(str(path))
        assert self.state() == before


@pytest.mark.parametrize(
    ("fresh", "message"),
    [
        (partial(Fresh, nn.AdamW), "it holds 'Adam', not AdamW: make the one that was saved"),
        (partial(Fresh, SGD), "it holds 'Adam', not SGD: make the one that was saved"),
        (
            partial(Fresh, some=slice(1, None)),
            "its optimizer moves 9 parameters, .* but this one 8",
        ),
        (partial(Fresh, some=slice(None, None, -1)), "in the same order"),
        (partial(Fresh, then=partial(ExponentialLR, gamma=0.5)), "it holds 'StepLR', not Expo"),
    ],
)
def test_another_optimizer_or_schedule_is_refused_and_nothing_changes(fresh, message, file):
    fresh().refuses(file, message)


@pytest.mark.parametrize("part", ["optimizer", "schedule", "stream"])
def test_what_a_file_does_not_hold_is_refused(part, tmp_path):
    fresh = Fresh()
    path = save(fresh.model, tmp_path / "m.json")
    with pytest.raises(
        ValueError, match=rf"it holds no {part}: save\(model, path, {part}={part}\)"
    ):
        load(path, fresh.model, **{part: getattr(fresh, part)})


def test_an_optimizer_without_its_model_is_refused(file):
    fresh = Fresh()
    with pytest.raises(ValueError, match=r"load\(path, into=model, optimizer=optimizer\)"):
        load(file, optimizer=fresh.optimizer)


def forged(file, change):
    """The file with its training changed, and a checksum that fits."""
    document = json.loads(file.read_text())
    change(document["training"])
    more = {name: document[name] for name in ("classes", "training") if name in document}
    document["sha256 of the rest"] = _digest(more)
    file.write_text(json.dumps(document))
    return file


def put(*path, to):
    def change(training):
        *way, last = path
        for name in way:
            training = training[name]
        training[last] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("optimizer", to=3), "its optimizer is 3, not what save wrote"),
        (put("optimizer", "settings", to=[]), r"its settings is \[\], not what save wrote"),
        (put("optimizer", "settings", "lr", to="0.1"), "lr of Adam is '0.1', where there is 0.5"),
        (put("optimizer", "settings", "lr", to=True), "lr of Adam is True"),
        (put("optimizer", "settings", "betas", to=[0.9]), "betas of Adam has 1 numbers, not 2"),
        (put("optimizer", "settings", "amsgrad", to=1), "amsgrad of Adam is 1, where there is Fal"),
        (put("optimizer", "settings", to={}), "it holds no .* of Adam"),
        (put("optimizer", "states", to=[]), "remembers 0 of 9 parameters"),
        (put("optimizer", "states", 2, to=[0.0]), "the memory of .* has 1 numbers, not 3"),
        (put("optimizer", "states", 2, to=[0.0, 0.0, "x"]), "the memory of .* is 'x'"),
        (put("optimizer", "states", 2, to={"float": "1"}), "the memory of .* is {'float'"),
        (put("optimizer", "parameters", to={}), "its parameters is {}"),
        (put("schedule", to=[]), r"its schedule is \[\]"),
        (put("schedule", "settings", "last_epoch", to=[1]), r"last_epoch of StepLR is \[1\]"),
        (put("stream", to=[3, [1, 2], None]), "no state of a random.Random"),
        (put("stream", to=[3, [2**40] * 625, None]), "no state of a random.Random"),
        (put("stream", to=[3, "abc", None]), "the stream is 'abc'"),
        (put("stream", to="state"), "its stream is 'state'"),
    ],
)
def test_a_forged_training_is_refused_and_nothing_changes(change, message, file):
    Fresh().refuses(forged(file, change), message)


def test_a_changed_digit_of_the_training_is_noticed(file):
    file.write_text(file.read_text().replace('"steps": 6', '"steps": 7'))
    Fresh().refuses(file, "its checksum is wrong")


@pytest.mark.parametrize(
    "classes",
    [
        {},
        {"labels": [0, 2], "threshold": 0.0},
        {"labels": [0, 1], "threshold": "0"},
        {"labels": [0, 1, 2], "threshold": 0.0},
        {"labels": [0, 2], "ignored": 1},
        {"labels": 3, "ignored": 1},
        {"labels": [0, 1], "ignored": 0.5},
    ],
)
def test_forged_classes_are_refused(classes, file):
    document = json.loads(file.read_text())
    document["classes"] = classes
    more = {name: document[name] for name in ("classes", "training")}
    document["sha256 of the rest"] = _digest(more)
    file.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"its classes are .* not two labels and a threshold"):
        load(file)
