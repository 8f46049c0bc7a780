"""What a tape cannot repeat, and what it cannot be called with, is refused with a sentence."""

import contextlib
import copy
import itertools
import math
import pickle
import random
import re

import numpy as np
import pytest

from autodiff import Tape, Value, detect_anomaly, gradients, scope
from autodiff.context import CONTEXT, RECORDERS
from tests.helpers import refused

w = Value(2.0)
computed = w * 3.0
INFINITE = itertools.count(1)


@pytest.fixture(autouse=True)
def modes_are_as_before():
    context = CONTEXT.get()
    yield
    assert not RECORDERS
    assert CONTEXT.get() is context


# --- inside the function ------------------------------------------------------------------


def calls_backward(x):
    y = x * x
    y.backward()
    return y


def writes(x):
    w.data = 3.0
    return x * w


def made_under(modes, make):
    """`make()` in blocks of `modes`."""
    with contextlib.ExitStack() as stack:
        for mode in modes:
            stack.enter_context(mode())
        return make()


MODES = [detect_anomaly, lambda: scope("layer"), lambda: scope("neuron")]


@pytest.mark.parametrize("modes", [m for n in range(4) for m in itertools.permutations(MODES, n)])
def test_what_was_computed_before_is_told_from_what_is_made_here_in_every_mode(modes):
    def record(factor, around, inside):
        return made_under(
            around, lambda: Tape.record(lambda x: made_under(inside, lambda: x * factor(x)), 1.0)
        )

    before = made_under(modes, lambda: w * 3.0)
    for around, inside in itertools.product(([], modes), repeat=2):
        assert record(lambda x: w * x, around, inside).forward(3.0) == 18.0
        with pytest.raises(RuntimeError, match="computed before it was called"):
            record(lambda x: before, around, inside)


@pytest.mark.parametrize(
    ("function", "error", "sentence"),
    [
        (lambda x: x * x.data, RuntimeError, "reading .data inside a function that a tape records"),
        (lambda x: x * x.item(), RuntimeError, "reading .data inside a function that a tape"),
        (lambda x: x * w.data, RuntimeError, "compute with the Value itself"),
        (lambda x: x * w.grad, RuntimeError, "reading .grad inside a function that a tape records"),
        (writes, RuntimeError, "writing .data inside a function that a tape records"),
        (lambda x: x * float(x), TypeError, "a Value is not a plain number"),
        (lambda x: x * math.exp(x), TypeError, "a Value is not a plain number"),
        (lambda x: x * round(x), TypeError, "a Value is not a plain number"),
        (calls_backward, RuntimeError, "backward() inside a function that a tape records"),
        (lambda x: x * gradients(x * x, x, False), RuntimeError, "leave out create_graph=False"),
        (lambda x: x * computed, RuntimeError, "uses a Value that was computed before it was call"),
        (lambda x: computed, RuntimeError, "compute it inside the function, or pass it as an inpu"),
        (lambda x: x if x < computed else -x, RuntimeError, "was computed before it was called"),
        (lambda x: x * Tape.record(lambda y: y, 1.0).forward(1.0), RuntimeError,
         "Tape.record inside a function that a tape records: record it outside"),
        (lambda x: None, TypeError, "this one returned None (NoneType)"),
        (lambda x: 2.0, TypeError, "a tape records a function that returns a Value or a list of V"),
        (lambda x: [], TypeError, "this one returned [] (list)"),
        (lambda x: [1.0, 2.0], TypeError, "this one returned [1.0, 2.0] (list)"),
        (lambda x: [[x]], TypeError, "returns a Value or a list of Values"),
        (lambda x: {"y": x}, TypeError, "returns a Value or a list of Values"),
        (lambda x: x > 0, TypeError, "returns a Value or a list of Values"),
        (lambda x: "x", TypeError, "this one returned 'x' (str)"),
        (lambda x: 1 / 0, ZeroDivisionError, "division by zero"),
        (lambda x, y: x, TypeError, "missing 1 required positional argument"),
    ],
)  # fmt: skip
def test_what_a_function_must_not_do_or_return(function, error, sentence):
    refused(error, sentence, lambda: Tape.record(function, 1.0))
    assert (w.data, w.grad) == (2.0, 0.0)


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy, copy.deepcopy, lambda x: copy.copy(x * 2.0), lambda x: copy.deepcopy(x * 2.0),
        lambda x: pickle.loads(pickle.dumps(x)), lambda x: pickle.loads(pickle.dumps(x * 2.0)),
    ],
)  # fmt: skip
def test_a_copy_made_inside_is_followed_or_refused(copied):
    def function(x):
        return copied(x) * x

    try:
        tape = Tape.record(function, 2.0)
    except (RuntimeError, TypeError):
        return
    assert tape.forward(3.0) == function(Value(3.0)).data


def test_a_function_that_is_not_deterministic_is_noticed_on_request():
    generator, toggle = random.Random(1), itertools.cycle([True, False])
    one, other = Value(1.0), Value(2.0)

    def grows(x):
        for _ in range(next(INFINITE)):
            x = x * 2.0
        return x

    for function in (
        lambda x: x * generator.random(),
        lambda x: x * 2.0 if next(toggle) else x + 2.0,
        lambda x: x if (x < 0.0 if next(toggle) else x < 1.0) else -x,
        lambda x: x * (one if next(toggle) else other),
        lambda x: [x, x * 2.0] if next(toggle) else [x * 2.0, x],
        grows,
    ):
        refused(
            RuntimeError, "the function is not deterministic: recorded twice on the same example",
            lambda function=function: Tape.record(function, 0.5, check=True),
        )  # fmt: skip
    assert Tape.record(lambda x: x * math.nan + one, 1.0, check=True).forward(1.0) != 1.0


def test_modes_are_given_back_whatever_the_function_raises():
    for error in (ValueError, KeyboardInterrupt, SystemExit, GeneratorExit):

        def function(x, error=error):
            if x > 1.0:
                raise error
            return x

        with pytest.raises(error):
            Tape.record(function, 2.0)
        tape = Tape.record(function, 0.0, parameters=[w])
        with pytest.raises(error):  # while it records another path
            tape.forward([0.0, 2.0])
        with pytest.raises(error):
            tape.value_and_gradient([7.0], 2.0)
        assert w.data == 2.0
        assert tape.forward(0.5) == 0.5


# --- at the door --------------------------------------------------------------------------


def record(*example, **options):
    return lambda: Tape.record(lambda x: x * 1.0, *example, **options)


@pytest.mark.parametrize(
    ("act", "error", "sentence"),
    [
        (lambda: Tape.record(3.0, 1.0), TypeError, "Tape.record takes a function first"),
        (record(Value(1.0)), TypeError, "a tape takes plain numbers, not Values"),
        (record([Value(1.0)]), TypeError, "a tape takes plain numbers, not Values"),
        (record("1"), TypeError, "a tape takes a number, not a string"),
        (record(None), TypeError, "a tape takes a number, not None"),
        (record(1j), TypeError, "a tape takes a real number, not a complex one"),
        (record({1.0}), TypeError, "a tape takes a number, not a set"),
        (record(1.0, parameters=w), TypeError, "model.parameters()"),
        (record(1.0, parameters=None), TypeError, "model.parameters()"),
        (record(1.0, parameters=[1.0]), TypeError, "parameters are Values, but number 0 is 1.0"),
        (record(1.0, parameters=[w, w]), ValueError, "a Value is listed twice"),
        (record(1.0, parameters=[w, computed]), ValueError, "parameter number 1 was computed"),
    ],
)
def test_recording(act, error, sentence):
    refused(error, sentence, act)


def tape_of_two():
    return Tape.record(lambda x, y: x[0] * x[1] + y * w, [1.0, 2.0], 3.0, parameters=[w])


@pytest.mark.parametrize(
    ("inputs", "error", "sentence"),
    [
        (
            [[1.0, 2.0]],
            TypeError,
            "the tape takes 2 arguments, as its example had; this call has 1",
        ),
        ([[1.0, 2.0], 3.0, 4.0], TypeError, "this call has 3"),
        (
            [3.0, 4.0],
            ValueError,
            "argument 0 has shape (), but in the example it was of shape (2,)",
        ),
        ([[1.0, 2.0], [[3.0]]], ValueError, "argument 1 has shape (1, 1), but in the example it"),
        ([[[[1.0, 2.0]]], [3.0]], ValueError, "a batch has shape (n, 2)"),
        ([[[1.0, 2.0]], 3.0], ValueError, "arguments 0 are a batch and the others are one example"),
        ([[[1.0, 2.0]], [3.0, 4.0]], ValueError, "batches of 1 and 2 examples"),
        ([np.zeros((0, 2)), []], ValueError, "a batch of 0 examples: give at least one"),
        ([[[1.0, 2.0], [3.0]], [1.0, 2.0]], ValueError, "argument 0 is ragged"),
        ([[1.0, "a"], 3.0], TypeError, "a tape takes a number, not the string 'a'"),
        ([[1.0, None], 3.0], TypeError, "a tape takes a number, not None"),
        ([[1.0, 2j], 3.0], TypeError, "a tape takes a real number, not a complex one"),
        ([[1.0, 10**400], 3.0], ValueError, "a tape takes a number below 1.8e308"),
        ([[w, w], 3.0], TypeError, "a tape takes plain numbers, not Values"),
        ([[1.0, 2.0], w], TypeError, "a tape takes plain numbers, not Values"),
        ([{"a": 1.0}, 3.0], ValueError, "argument 0"),
        ([iter([1.0, 2.0]), 3.0], TypeError, "a tape takes a number, not a list_iterator"),
    ],
)
def test_calls(inputs, error, sentence):
    tape = tape_of_two()
    for act in (tape.forward, tape.backward, tape.input_gradients):
        refused(error, sentence, lambda act=act: act(*inputs))
    refused(error, sentence, lambda: tape.value_and_gradient([1.0], *inputs))
    assert w.grad == 0.0


def test_calls_with_dicts_and_ragged_lists():
    tape = Tape.record(lambda d: d["a"] * d["b"][0], {"a": 1.0, "b": [2.0, 3.0]})
    good = {"a": 1.0, "b": [2.0, 3.0]}
    assert tape.forward({"b": [2.0, 3.0], "a": 1.0}) == 2.0  # in another order
    for bad in ([good, 5.0], [good, {"a": 1.0, "b": [2.0]}], [good, {"a": 1.0}]):
        with pytest.raises(ValueError, match=r"example|shape"):
            tape.forward(bad)
    refused(ValueError, "a batch of 0 examples", lambda: tape.forward([]))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"reduction": "max"}, "reduction is 'mean' or 'sum', not 'max'"),
        ({"reduction": None}, "reduction is 'mean' or 'sum', not None"),
        ({"weights": [1.0]}, "2 examples but 1 weights: give one for each"),
        ({"weights": [1.0, -1.0]}, "finite, not negative, and not all 0"),
        ({"weights": [0.0, 0.0]}, "finite, not negative, and not all 0"),
        ({"weights": [1.0, math.nan]}, "finite, not negative, and not all 0"),
        ({"weights": [1.0, math.inf]}, "finite, not negative, and not all 0"),
        ({"weights": 3.0}, "weights"),
        ({"weights": "ab"}, "weights"),
    ],
)
def test_reductions_and_weights(options, sentence):
    inputs = [[1.0, 2.0]] * 2, [3.0, 4.0]
    for act in (
        tape_of_two().backward,
        lambda *xs, **o: tape_of_two().value_and_gradient([1.0], *xs, **o),
    ):
        with pytest.raises((ValueError, TypeError), match=re.escape(sentence)):
            act(*inputs, **options)
    assert w.grad == 0.0


@pytest.mark.parametrize(
    "theta", [[], [1.0, 2.0], [[1.0]], np.ones((1, 1)), "a", ["a"], None, 3.0, [1j], [w]]
)
def test_theta_is_one_flat_vector(theta):
    with pytest.raises((TypeError, ValueError), match=r"theta|number"):
        tape_of_two().value_and_gradient(theta, [1.0, 2.0], 3.0)


def test_gradients_of_several_results_and_by_no_parameters():
    several = Tape.record(lambda x: [x, x * w], 1.0, parameters=[w])
    sentence = "a gradient needs a function that returns one Value, this one returns 2"
    refused(ValueError, sentence, lambda: several.backward(1.0))
    refused(ValueError, sentence, lambda: several.value_and_gradient([1.0], 1.0))
    refused(ValueError, sentence, lambda: several.input_gradients(1.0))
    assert several.forward(3.0) == [3.0, 6.0]
    none = Tape.record(lambda x: x * w, 1.0)
    refused(ValueError, "this tape has no parameters", lambda: none.backward(1.0))
    results, gradient = none.value_and_gradient([], 1.0)
    assert (results, list(gradient)) == (2.0, [])


@pytest.mark.parametrize("name", ["jax", "", None, 3, ["numpy"]])
def test_back_ends_that_there_are_not(name):
    tape = tape_of_two()
    before = tape.backend
    with pytest.raises((ValueError, TypeError), match="there is no back end"):
        tape.backend = name
    assert tape.backend == before


def test_back_ends_can_be_seen_and_forced():
    tape = tape_of_two()
    automatic = tape.backend
    tape.backend = "python"
    assert tape.backend == "python"
    tape.backend = "auto"
    assert tape.backend == automatic
