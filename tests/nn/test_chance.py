"""Random numbers that a model draws are those that it would draw if nobody had tried it first."""

import itertools
import random
import types
from collections import deque
from functools import partial

import pytest

import nn
from nn import MLP, SGD, Module, Sequential, fit
from nn.chance import Streams

numpy = pytest.importorskip("numpy")

SHARED = random.Random(0)
TOOLS = types.ModuleType("tools_of_a_user")
TOOLS.source = random.Random(0)


def noisy(draw):
    """A model with noise on its input."""
    return Sequential(lambda x: [xi + 0.1 * draw() for xi in x], MLP(2, [4, 1], seed=1))


class InClass(Module):
    source = random.Random(0)

    def __init__(self):
        self.inner = MLP(2, [4, 1], seed=1)

    def __call__(self, x):
        return self.inner([xi + 0.1 * self.source.random() for xi in x])


class InSlots(Module):
    __slots__ = ("source",)

    def __init__(self):
        self.inner, self.source = MLP(2, [4, 1], seed=1), random.Random(0)

    def __call__(self, x):
        return self.inner([xi + 0.1 * self.source.random() for xi in x])


def in_a_closure():
    source = random.Random(0)
    return noisy(lambda: source.random()), source


def as_a_method():
    source = random.Random(0)
    return noisy(source.random), source


def as_a_default():
    source = random.Random(0)

    def draw(*, source=source):
        return source.random()

    return noisy(draw), source


def two_functions_away():
    source = random.Random(0)

    def inner():
        return source.gauss(0.0, 1.0)

    return noisy(partial(lambda f: f(), lambda: inner())), source


def in_a_deque():
    source = random.Random(0)
    sources = deque([source])
    return noisy(lambda: sources[0].random()), source


def in_a_global():
    SHARED.seed(0)
    return noisy(lambda: SHARED.random()), SHARED


def in_a_module():
    TOOLS.source.seed(0)
    return noisy(lambda: TOOLS.source.random()), TOOLS.source


def in_a_class():
    InClass.source.seed(0)
    return InClass(), InClass.source


def in_slots():
    model = InSlots()
    return model, model.source


def in_dropout():
    dropout = nn.Dropout(0.3, seed=0)
    return Sequential(MLP(2, [4], seed=1), dropout, nn.Layer(4, 1, None, seed=2)), dropout.source


def pythons_own():
    random.seed(0)
    return noisy(random.random), random


def of_numpy():
    source = numpy.random.default_rng(0)
    return noisy(lambda: float(source.random())), source


def of_numpy_as_it_was():
    source = numpy.random.RandomState(0)
    return noisy(lambda: source.rand()), source


def numpys_own():
    numpy.random.seed(0)
    return noisy(lambda: float(numpy.random.rand())), numpy.random


PLACES = [
    in_a_closure, as_a_method, as_a_default, two_functions_away, in_a_deque, in_a_global,
    in_a_module, in_a_class, in_slots, in_dropout, pythons_own, of_numpy, of_numpy_as_it_was,
    numpys_own,
]  # fmt: skip


def state(source):
    for name in ("getstate", "get_state"):
        if hasattr(source, name):
            return repr(getattr(source, name)())
    return repr(source.bit_generator.state)


class Over:
    success = True

    def begin(self):
        pass

    def __call__(self, epoch):
        return "over"


@pytest.mark.parametrize("make", PLACES)
def test_auto_draws_what_values_draw(make):
    X, y = [[0.1 * i, 1.0] for i in range(10)], [0.1 * i for i in range(10)]
    found = []
    for engine in ("eager", "auto"):
        model, source = make()
        history = fit(model, X, y, engine=engine, epochs=10_000, stop=Over(), seed=0,
                      optimizer=partial(SGD, lr=0.1), progress=False)  # fmt: skip
        found.append(([p.data for p in model.parameters()], state(source)))
    assert history.engine == "eager: random numbers are drawn anew for each case"
    assert found[0] == found[1]


@pytest.mark.parametrize("make", PLACES)
@pytest.mark.parametrize("settings", [{"engine": "tape"}, {"validation": 0.2}, {"stop": "loss"}])
def test_a_refused_fit_draws_nothing(make, settings):
    model, source = make()
    before = state(source)
    with pytest.raises((TypeError, ValueError)):
        fit(model, [[1.0, 2.0]] * 3, [0.0, 1.0, 2.0], progress=False, **settings)
    assert state(source) == before
    model([1.0, 2.0])
    assert state(source) != before


def test_what_hands_out_numbers_once_is_noticed():
    assert Streams(lambda: next(COUNT)).read
    assert not Streams(MLP(2, [1], seed=0)).read


COUNT = itertools.count()


def test_a_source_without_a_state_is_left_alone():
    system = random.SystemRandom()
    assert not Streams(lambda: system.random()).put_back()
