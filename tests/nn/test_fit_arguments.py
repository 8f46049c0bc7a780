"""Every argument of fit: the first wrong thing that people type is refused, and nothing changes."""

import random
import traceback
from functools import partial
from pathlib import Path

import pytest

import nn
from autodiff import Value, no_grad
from nn import (
    MLP,
    SGD,
    Adam,
    AllCorrect,
    NoImprovement,
    StepLR,
    Watch,
    accuracy,
    fit,
    mse_loss,
)

X, Y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 0]
NAN = float("nan")


class Learning:
    """A model, its optimizer in the middle of its work, a schedule, a criterion and a stream."""

    def __init__(self):
        self.model = MLP(1, [2, 1], seed=0)
        self.optimizer = Adam(self.model.parameters(), lr=0.1)
        fit(self.model, X, Y, optimizer=self.optimizer, epochs=2, seed=0, progress=False)
        self.schedule = StepLR(self.optimizer, step_size=3)
        self.stop, self.stream = NoImprovement(3), random.Random(5)
        self.stop._best, self.stop._since = 0.25, 2
        random.seed(3)

    def fit(self, X=X, y=Y, **changes):
        given = {
            "optimizer": self.optimizer, "schedule": self.schedule, "stop": self.stop,
            "seed": self.stream, "epochs": 3, "progress": False,
        } | changes  # fmt: skip
        return fit(self.model, X, y, **given)

    def state(self):
        parts = (self.optimizer, self.schedule, self.stop, self.model.layers[0])
        return (
            [(p.data, p.grad) for p in self.model.parameters()],
            [dict(vars(part)) for part in parts],
            getattr(self.model, "_output_classes", None),
            self.stream.getstate(),
            random.getstate(),
        )


def named(name):
    def metric(outputs, targets):
        return 1.0

    metric.__name__ = name
    return metric


WRONG = [
    # what is learned from
    ({"X": None}, "X is a NoneType: give a list"),
    ({"X": "data.csv"}, "X is a str: give a list"),
    ({"X": [0.0, 1.0, 2.0, 3.0]}, r"row 0 of X is 0.0, not a list: .*\[\[x\] for x in X\]"),
    ({"X": nn.xor()}, "X is a Data: give a list with one entry per case, such as its attribute X"),
    ({"X": {(0.0,), (1.0,)}}, "X is a set, which has no order"),
    ({"y": None}, "y is a NoneType: give a list"),
    ({"y": 1.0}, "y is a float: give a list"),
    ({"y": ["a", "b", "b", "a"]}, "row 0 of y is 'a', not a number: .*numbers the classes"),
    ({"y": [0, 1, 1]}, "4 cases but 3 targets"),
    ({"y": [0, 1, 1, 0, 1]}, "4 cases but 5 targets"),
    ({"y": [0, 1, 1, NAN]}, "row 3 of y is nan"),
    ({"y": [[0, 1]] * 4}, "example 0: 1 outputs but 2 targets"),
    ({"y": [[0], [1], [1, 0], [0]]}, "example 2: 1 outputs but 2 targets"),
    # loss
    ({"loss": "mse"}, "unknown loss 'mse': the known ones are mse_loss"),
    ({"loss": "MSELoss"}, "unknown loss 'MSELoss'"),
    ({"loss": None}, "loss is a name such as 'mse_loss', or a function"),
    ({"loss": ["mse_loss"]}, "loss is a name such as 'mse_loss', or a function"),
    ({"loss": dict}, "loss is a name such as 'mse_loss', or a function"),
    # optimizer, schedule
    ({"optimizer": "adam"}, r"optimizer is an optimizer or makes one, not 'adam': write .*Adam\(p"),
    ({"optimizer": 0.01}, "optimizer is an optimizer or makes one, not 0.01"),
    ({"optimizer": lambda p: None}, "optimizer is an optimizer or makes one"),
    ({"optimizer": SGD([Value(1.0)])}, "parameters that are not this model's"),
    ({"optimizer": StepLR}, "write optimizer=lambda parameters: Adam"),
    (
        {"schedule": "cosine"},
        r"schedule is a schedule or makes one, not 'cosine': write .*StepLR\(",
    ),
    ({"schedule": 0.9}, "schedule is a schedule or makes one, not 0.9"),
    (
        {"schedule": StepLR},
        r"step_size'?: write schedule=lambda optimizer: StepLR\(optimizer, step_",
    ),
    (
        {"schedule": lambda optimizer: setattr(optimizer, "lr", 9.0)},
        "schedule is a schedule or mak",
    ),
    ({"schedule": StepLR(SGD([Value(1.0)]), 3)}, "the schedule belongs to another optimizer"),
    ({"schedule": nn.OneCycleLR}, "max_lr'?: write schedule=lambda optimizer: StepLR"),
    (
        {"schedule": lambda o: nn.OneCycleLR(o, 0.5, total_steps=2)},
        "3 epochs, but the schedule ends after 2: fit takes one of its steps per epoch",
    ),
    (
        {"schedule": lambda o: nn.SequentialLR(o, [StepLR(o, 1), nn.OneCycleLR(o, 1.0, 1)], [1])},
        "3 epochs, but the schedule ends after 2",
    ),
    ({"schedule": lambda o: nn.ReduceLROnPlateau(o, mode="max")}, "should fall: mode='min'"),
    # losses whose options do not suit
    ({"loss": partial(mse_loss, reduction="none")}, "its reduction is not 'none'"),
    ({"loss": lambda p, t: p[0], "sample_weight": [1.0] * 4}, "the loss takes no weights: give it"),
    ({"loss": partial(mse_loss, weight=[1.0])}, "y does not fit .* weight does not fit 4 pred"),
    ({"loss": partial(nn.cross_entropy, ignore_index=0)}, "cross_entropy takes one list of scores"),
    # numbers
    ({"epochs": 0}, "epochs is at least 1, not 0"),
    ({"epochs": -1}, "epochs is at least 1, not -1"),
    ({"epochs": 2.5}, "epochs is a whole number, not 2.5"),
    ({"epochs": "10"}, "epochs is a whole number, not '10'"),
    ({"epochs": None}, "epochs is a whole number, not None"),
    ({"epochs": True}, "epochs is a whole number, not True"),
    ({"epochs": NAN}, "epochs is a whole number, not nan"),
    ({"epochs": float("inf")}, "epochs is a whole number, not inf"),
    ({"batch_size": 0}, "the batch size is a whole number from 1 on, or None for all, not 0"),
    ({"batch_size": 2.5}, "the batch size is a whole number from 1 on, .* not 2.5"),
    ({"batch_size": "all"}, "the batch size is a whole number from 1 on, .* not 'all'"),
    ({"shuffle": "batch"}, "shuffle is True or False, not 'batch'"),
    ({"shuffle": 1}, "shuffle is True or False, not 1"),
    ({"seed": 1.5}, "a seed is an integer or None, not 1.5"),
    ({"seed": "1"}, "a seed is an integer or None, not '1'"),
    ({"clip_norm": -1.0}, "clip_norm is a number from 0 on, not -1.0"),
    ({"clip_norm": NAN}, "clip_norm is a number from 0 on, not nan"),
    ({"clip_norm": "1.0"}, "clip_norm is a number from 0 on, not '1.0'"),
    ({"progress": "bar"}, "progress is True or False, not 'bar'"),
    ({"engine": "cuda"}, "engine is one of auto, eager, tape, not 'cuda'"),
    ({"engine": None}, "engine is one of auto, eager, tape, not None"),
    ({"engine": ["tape"]}, "engine is one of auto, eager, tape"),
    ({"sample_weight": {0: 1.0, 1: 2.0}}, "sample_weight is a dict: give a list"),
    ({"sample_weight": "balanced"}, "sample_weight is a str: give a list"),
    ({"sample_weight": [1.0, 1.0]}, "4 cases but 2 weights"),
    (
        {"sample_weight": [1.0, 1.0, "1", 1.0]},
        "the weight of case 2 is '1', not a number from 0 on",
    ),
    ({"sample_weight": [1.0, 1.0, None, 1.0]}, "the weight of case 2 is None, not a number"),
    ({"sample_weight": [1.0, 1.0, NAN, 1.0]}, "the weight of case 2 is nan"),
    ({"sample_weight": [1.0, 1.0, -1.0, 1.0]}, "the weight of case 2 is -1.0"),
    ({"sample_weight": [0.0] * 4}, "all weights are 0"),
    # what looks on
    ({"stop": "loss"}, r"stop takes criteria such as NoImprovement\(10\) or .* not 'loss'"),
    ({"stop": 0.01}, "stop takes criteria such as"),
    ({"stop": AllCorrect}, "stop takes criteria such as"),
    ({"stop": lambda epoch: True}, "stop takes criteria such as"),
    ({"stop": [NoImprovement(2), 3]}, "stop takes criteria such as .* not 3"),
    ({"callbacks": [3]}, "callbacks are functions of an Epoch, not 3"),
    ({"callbacks": "print"}, "callbacks are functions of an Epoch, not 'print'"),
    ({"callbacks": Watch}, "callbacks are functions of an Epoch, not <class"),
    ({"metrics": "acc"}, "unknown metric 'acc': the known ones are accuracy, r_squared"),
    ({"metrics": 3}, "a metric is a name such as 'accuracy'"),
    ({"metrics": {"a": accuracy}}, "a metric is a name such as 'accuracy'"),
    ({"metrics": ["accuracy", accuracy]}, "two metrics are called 'accuracy'"),
    ({"metrics": [named("m"), named("m")]}, "two metrics are called 'm'"),
    ({"metrics": named("validation_loss")}, "the history keeps 'validation_loss' for itself"),
    ({"metrics": "r_squared", "y": [2.0] * 4}, "no meaning for targets that are all equal"),
    ({"metrics": "accuracy", "y": [1, 2, 1, 2]}, "row 1 of y is 2, but a single output"),
    ({"stop": AllCorrect(), "y": [1, 2, 1, 2]}, "row 1 of y is 2, but a single output"),
    # held-out cases
    ({"validation": 0.2}, r"validation is the pair \(X, y\) .* not 0.2: .*split\(data, 0.2\)"),
    ({"validation": nn.xor()}, r"validation is the pair \(X, y\) .* not Data\(xor"),
    ({"validation": (X, Y, [1.0] * 4)}, r"validation is the pair \(X, y\)"),
    ({"validation": X}, r"validation is the pair \(X, y\)"),
    ({"validation": ([[0.0, 1.0]], [1])}, "validation: row 0 of X has 2 numbers"),
    ({"validation": (X, Y[:2])}, "validation: 4 cases but 2 targets"),
    ({"validation": (X, ["a"] * 4)}, "validation: row 0 of y is 'a'"),
    ({"validation": (X, [1, 1, 1, 1]), "metrics": "r_squared"}, "validation: R squared has no mea"),
    ({"validation": (X, [1, 1, 1, 2]), "metrics": "accuracy"}, "validation: row 3 of y is 2"),
    ({"validation": (X, [1, 1, 1, 2]), "loss": "binary_cross_entropy_with_logits"}, "validation: "),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_what_is_wrong_is_refused_in_words_and_nothing_changes(changes, message):
    learning = Learning()
    before = learning.state()
    with pytest.raises((TypeError, ValueError), match=message) as refused:
        learning.fit(**changes)
    assert learning.state() == before
    assert not hasattr(refused.value, "history")


MODELS = [
    (MLP, "fit takes a model, not the class MLP"),
    (X, "fit takes a model, not a list"),
    (lambda x: x, "fit takes a model, not a function"),
    (None, "fit takes a model, not a NoneType"),
    (nn.Sequential(lambda x: x), "fit got no parameters"),
]


@pytest.mark.parametrize(("model", "message"), MODELS)
def test_what_is_no_model_is_refused(model, message):
    with pytest.raises((TypeError, ValueError), match=message):
        fit(model, X, Y, progress=False)


def test_a_fit_without_gradients_is_refused():
    learning = Learning()
    before = learning.state()
    with no_grad(), pytest.raises(ValueError, match=r"fit is called inside no_grad\(\)"):
        learning.fit()
    assert learning.state() == before


def test_a_model_of_another_library_is_refused_in_words():
    class Foreign:
        def parameters(self):
            yield 3.0

        def __call__(self, x):
            return x[0]

    with pytest.raises(TypeError, match="fit takes Values, not float"):
        fit(Foreign(), X, Y, progress=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 2.0}, {"epochs": 1e1}, {"batch_size": 2.0}, {"batch_size": 10**9},
        {"batch_size": None}, {"stop": None}, {"callbacks": None}, {"metrics": None},
        {"schedule": None}, {"clip_norm": 1}, {"seed": True}, {"metrics": accuracy},
        {"y": [[0], [1], [1], [0]]}, {"y": [False, True, True, False]},
        {"X": ([x] for x in range(4))}, {"y": iter(Y)}, {"optimizer": SGD},
        {"sample_weight": [True, False, True, True]}, {"validation": [X, Y]},
        {"sample_weight": [[1.0], [2.0], [1.0], [0.0]]},
        {"y": [[0], [1], [1], [0]], "metrics": ["accuracy", "r_squared", "mean_absolute_error"]},
    ],
)  # fmt: skip
def test_what_can_only_mean_one_thing_works(changes):
    learning = Learning()
    changes = {"schedule": None} | changes
    assert learning.fit(**changes).epochs >= 2


@pytest.mark.parametrize("argument", ["loss", "metrics", "callbacks", "stop", "validation", "seed"])
def test_an_array_is_no_setting(argument):
    numpy = pytest.importorskip("numpy")
    learning = Learning()
    before = learning.state()
    with pytest.raises(TypeError, match=r" not .?(array|\[)"):
        learning.fit(**{argument: numpy.array([0.1, 0.2])})
    assert learning.state() == before


def test_numpys_numbers_are_numbers():
    numpy = pytest.importorskip("numpy")
    history = Learning().fit(
        epochs=numpy.int64(2), batch_size=numpy.float64(2.0), shuffle=numpy.bool_(True),
        clip_norm=numpy.float32(1.0), seed=numpy.int32(1),
    )  # fmt: skip
    assert history.epochs == 2


# --- anything at all ----------------------------------------------------------------------

ARGUMENTS = (
    "X", "y", "loss", "optimizer", "epochs", "batch_size", "shuffle", "seed", "schedule", "stop",
    "callbacks", "metrics", "validation", "sample_weight", "clip_norm", "engine", "progress",
)  # fmt: skip
JUNK = [
    None, True, -1, 0, 3, 2.5, NAN, float("inf"), 10**400, 1j, "", "loss", b"1", (), [], {},
    set(), [3], ["x"], [None], {"a": 1}, (1, 2), ([], []), [[]], [[], [], [], []], object(),
    int, len, MLP, mse_loss, Value(1.0), range(4), [Value(1.0)] * 4, Path("x"),
]  # fmt: skip


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_anything_in_any_argument_works_or_is_refused_by_a_sentence_of_ours(argument):
    for thing in JUNK:
        learning = Learning()
        before = learning.state()
        refused = None
        try:
            learning.fit(**{argument: thing})
        except (TypeError, ValueError) as error:
            refused = error
        if refused is None or (callable(thing) and not isinstance(thing, type)):
            continue  # if it was called, what it said is not ours
        last = traceback.extract_tb(refused.__traceback__)[-1]
        assert learning.state() == before, thing
        assert Path(nn.__file__).parent in Path(last.filename).parents, thing
        assert last.line.startswith("raise "), thing


def test_the_criteria_refuse_what_is_no_number():
    for make in (
        lambda: nn.LossBelow("0.1"), lambda: nn.LossBelow(None), lambda: nn.TimeLimit("10"),
        lambda: NoImprovement("3"), lambda: NoImprovement(True), lambda: NoImprovement(3, "0"),
        lambda: AllCorrect("0.1"), lambda: AllCorrect(threshold="0.5"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r" is .*, not "):
            make()
    for make in (lambda: nn.LossBelow(NAN), lambda: NoImprovement(2.5), lambda: AllCorrect(NAN)):
        with pytest.raises(ValueError, match=r" is .*, not "):
            make()
