"""What a tape records: numbers outside, parameters, paths, structure; what it is called with."""

import math
import re
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import autodiff
from autodiff import Tape, Value, gradients, no_grad
from autodiff.context import RECORDERS
from tests.autodiff.tape.backends import BACKENDS
from tests.autodiff.tape.functions import same


def on(backend, *given, **options):
    """A tape with its back end forced."""
    tape = Tape.record(*given, **options)
    tape.backend = backend
    return tape


def n_paths(tape):
    """How many paths a tape holds, as it says itself."""
    return int(re.match(r"Tape of (\d+) path", str(tape))[1])


# --- numbers outside the function ---------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_parameters_and_other_values_outside_are_read_at_every_replay(backend):
    w, k = Value(2.0), Value(5.0)
    tape = on(backend, lambda x: w * x + k + k.detach(), 1.0, parameters=[w])
    assert tape.forward(3.0) == 16.0
    w.data, k.data = -1.0, 0.5
    assert tape.forward(3.0) == -2.0
    assert list(tape.forward([3.0, 4.0])) == [-2.0, -3.0]
    tape.backward(3.0)
    assert (w.grad, k.grad) == (3.0, 0.0)


def test_values_made_by_the_first_call_and_kept_are_read_and_made_anew_are_constants():
    kept = {}

    def function(x):
        kept.setdefault("k", Value(5.0))
        return x * kept["k"] * Value(2.0)

    tape = Tape.record(function, 1.0)
    kept["k"].data = 7.0
    assert tape.forward(1.0) == 14.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_parameter_that_the_function_never_used_has_gradient_zero(backend):
    unused, w = Value(3.0), Value(2.0)
    tape = on(backend, lambda x: x * w, 1.0, parameters=[unused, w])
    tape.backward([1.0, 2.0])
    assert (unused.grad, w.grad) == (0.0, 1.5)
    assert list(tape.value_and_gradient([1.0, 1.0], 4.0)[1]) == [0.0, 4.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_backward_adds_to_grad_what_eager_adds_even_to_a_gradient_that_is_a_value(backend):
    w = Value(3.0)
    (w * w).backward(create_graph=True)
    assert isinstance(w.grad, Value)
    tape = on(backend, lambda x: x * w, 1.0, parameters=[w])
    assert tape.backward(2.0) == 6.0
    assert tape.backward([2.0, 4.0]).tolist() == [6.0, 12.0]
    assert w.grad == 6.0 + 2.0 + 3.0
    assert tape.backward([2.0, 4.0], reduction="sum").tolist() == [6.0, 12.0]
    assert w.grad == 11.0 + 6.0
    tape.backward([2.0, 4.0], weights=[3.0, 1.0])
    assert w.grad == 17.0 + 2.5
    tape.backward([2.0, 4.0], reduction="sum", weights=[3.0, 1.0])
    assert w.grad == 19.5 + 10.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_that_are_an_input_a_parameter_a_constant_or_a_value_outside(backend):
    w, k = Value(2.0), Value(5.0)
    inputs = [1.0, 3.0]
    for function, results, slope, own in (
        (lambda x: x, [1.0, 3.0], 0.0, [1.0, 1.0]),
        (lambda x: w, [2.0, 2.0], 1.0, [0.0, 0.0]),
        (lambda x: w * w, [4.0, 4.0], 4.0, [0.0, 0.0]),
        (lambda x: Value(7.0), [7.0, 7.0], 0.0, [0.0, 0.0]),
        (lambda x: Value(7.0) * 2.0, [14.0, 14.0], 0.0, [0.0, 0.0]),
        (lambda x: k, [5.0, 5.0], 0.0, [0.0, 0.0]),
        (lambda x: x.detach(), [1.0, 3.0], 0.0, [0.0, 0.0]),
    ):
        tape = on(backend, function, 1.0, parameters=[w])
        assert list(tape.forward(inputs)) == results
        assert tape.forward(1.0) == results[0]
        found, gradient = tape.value_and_gradient([2.0], inputs)
        assert (list(found), list(gradient)) == (results, [slope])
        assert list(tape.input_gradients(inputs)) == own
        assert tape.input_gradients(1.0) == own[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_results(backend):
    w = Value(2.0)
    tape = on(backend, lambda x: [x * w, x, 4.0, w, x * w], 1.0, parameters=[w])
    assert tape.forward(3.0) == [6.0, 3.0, 4.0, 2.0, 6.0]
    assert tape.forward([3.0, 1.0]).tolist() == [
        [6.0, 3.0, 4.0, 2.0, 6.0], [2.0, 1.0, 4.0, 2.0, 2.0]
    ]  # fmt: skip
    tape = on(backend, lambda x: (x * w,), 1.0, parameters=[w])
    assert tape.forward([3.0]).tolist() == [[6.0]]
    assert tape.backward(3.0) == [6.0]
    array = on(backend, lambda x: np.array([x, x * w]), 1.0)
    assert array.forward(3.0) == [3.0, 6.0]


# --- paths --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_comparison_that_goes_another_way_is_recorded_as_another_path(backend):
    calls = []

    def function(x, w):
        calls.append(x)
        if x > w:
            return x * x
        if x == 0.0 or not x < -1.0:
            return x - 1.0
        return -x

    tape = on(backend, function, 2.0, 0.5)
    rows = [3.0, 0.0, -0.5, -4.0, 2.5, math.nan]
    right = [9.0, -1.0, -1.5, 4.0, 6.25, math.nan]
    for _ in range(2):
        assert same(tape.forward(rows, [0.5] * 6), right)
    assert n_paths(tape) == len(calls) == 4  # 0.0 leaves at its own comparison; nan goes as -0.5
    assert same(tape.forward(-4.0, 0.5), 4.0)
    slopes = tape.input_gradients(rows, [0.5] * 6)[0]
    assert same(slopes, [6.0, 1.0, 1.0, -1.0, 5.0, 1.0])
    assert len(calls) == 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_stands_between_conditions_and_numbers(backend):
    functions = [
        lambda x, y: x * (y > 0),
        lambda x, y: (y > 0) * x + (x > y),
        lambda x, y: x if (x > 0) & (y > 0) else y * 2,
        lambda x, y: x if (x > 0) | (y > 0) else y * 2,
        lambda x, y: x if (x > 0) ^ (y > 0) else y * 2,
        lambda x, y: x if y else x * 3,
        lambda x, y: x * (2 if x > y > 0 else 3),
        lambda x, y: [x, y][x > y] * 2,
        lambda x, y: x * int(y > 0) + float(x > 0),
        lambda x, y: x * sum([x > 0, y > 0, x > y]),
        lambda x, y: max(x, y, x * y) + min(x, y),
        lambda x, y: sorted([x, y, x * y])[1] * 1.0,
        lambda x, y: x if y in (0.0, 1.0) else y,
        lambda x, y: x if (x > 0) == (y > 0) else y,
        lambda x, y: x * Value(y > 0),
        lambda x, y: autodiff.where(x > y, x, 1.0) + autodiff.where(y > 0, 1.0, -1.0),
        lambda x, y: autodiff.where(x > 0, autodiff.where(y > 0, x, y), x * y),
        lambda x, y: autodiff.where((x > 0) & (y > 0), x, y) * 1.0,
        lambda x, y: x * (x < y).__bool__(),
    ]
    points = [(a, b) for a in (-1.5, 0.0, 0.5, 1.0) for b in (-1.0, 0.0, 1.0, 2.0)]
    for i, function in enumerate(functions):
        for example in ((0.5, 1.0), (-1.5, 0.0), (0.0, 0.0)):
            tape = on(backend, function, *example)
            xs, ys = zip(*points, strict=True)
            results, slopes = tape.forward(xs, ys), tape.input_gradients(xs, ys)
            for j, point in enumerate(points):
                inputs = [Value(x) for x in point]
                z = function(*inputs)
                z.backward()
                assert results[j] == z.data, (i, example, point)
                assert [slopes[0][j], slopes[1][j]] == [v.grad for v in inputs], (i, point)


@pytest.mark.parametrize("backend", BACKENDS)
def test_hidden_numbers_that_are_zero_while_recording(backend):
    tape = on(backend, lambda x: autodiff.where(x < 0.0, -x, x * 1.0) + x, 0.0)
    assert list(tape.forward([-3.0, 3.0])) == [0.0, 6.0]
    tape = on(backend, lambda x: autodiff.where(x > 2.0, -1.5, 0.0) + x, 1.0)
    assert list(tape.forward([-3.0, 3.0])) == [-3.0, 1.5]
    tape = on(backend, lambda x, y: (x - y).detach() * x, 1.0, 1.0)
    assert tape.forward(3.0, 1.0) == 6.0
    assert tape.input_gradients(3.0, 1.0) == (2.0, 0.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_inside_the_function_follow_their_conditions(backend):
    def through_where(x):
        return gradients(autodiff.where(x < 0.0, -x, x * x), x, create_graph=True) * 1.0

    def through_relu(x):
        return gradients((x * x * x).relu(), x, create_graph=True) * x

    for function in (through_where, through_relu):
        for example in (3.0, -3.0):
            tape = on(backend, function, example)
            for x in (2.0, -2.0):
                assert tape.forward(x) == function(Value(x)).data


@pytest.mark.parametrize("backend", BACKENDS)
def test_masks_pass_no_gradient_to_what_was_compared(backend):
    w = Value(2.0)
    tape = on(backend, lambda x: x * (w > 0), 1.0, parameters=[w])
    assert list(tape.value_and_gradient([2.0], [math.inf, 1.0])[1]) == [0.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_guards_on_parameters_are_checked_too(backend):
    w = Value(2.0)
    tape = on(backend, lambda x: x * w if w > 0 else x * x * w, 3.0, parameters=[w])
    assert list(tape.forward([1.0, 2.0])) == [2.0, 4.0]
    w.data = -1.0
    assert list(tape.forward([1.0, 2.0])) == [-1.0, -4.0]
    results, gradient = tape.value_and_gradient([4.0], [1.0, 2.0])
    assert (list(results), list(gradient), w.data) == ([4.0, 8.0], [1.5], -1.0)
    # A path that only these numbers take is recorded at them, and nothing of the Value changes.
    fresh = on(backend, lambda x: x * w if w > 0 else x * x * w, 3.0, parameters=[w])
    assert list(fresh.value_and_gradient([4.0], [1.0, 2.0])[0]) == [4.0, 8.0]
    assert (w.data, w.grad, n_paths(fresh)) == (-1.0, 0.0, 2)


def steps_below(x):
    n = 0
    while x > n:
        n += 1
    return n


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_64_paths_the_rest_is_eager_with_one_warning(backend):
    w = Value(2.0)
    tape = on(backend, lambda x: x * steps_below(x) * w, 1.0, parameters=[w])
    xs = [i + 0.5 for i in range(80)]
    right = [x * math.ceil(x) for x in xs]
    with pytest.warns(RuntimeWarning, match="more than 64 paths") as caught:
        assert list(tape.forward(xs)) == [2.0 * y for y in right]
    assert caught[0].filename == __file__
    assert n_paths(tape) == 64
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results, gradient = tape.value_and_gradient([3.0], xs, reduction="sum")
        assert list(results) == [3.0 * y for y in right]
        assert gradient[0] == pytest.approx(sum(right), rel=1e-13)
        assert list(tape.input_gradients(xs)) == [2.0 * math.ceil(x) for x in xs]
        assert tape.forward(79.5) == 2.0 * right[-1]
        tape.backward(79.5)
    assert (w.data, w.grad) == (2.0, right[-1])
    assert n_paths(tape) == 64


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_path_that_the_last_digit_decides_is_not_recorded_twice(backend):
    """NumPy's tanh and sin may differ from libm's by an ulp."""

    def fixed_point(a):
        x = a * 0.5
        for _ in range(200):
            new = (x.tanh() + a).sin()
            if abs(new - x) < 1e-15:
                break
            x = new
        return x

    tape = on(backend, fixed_point, 0.3)
    xs = [0.1 + 0.06 * i for i in range(30)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tape.forward(xs)
    right = [fixed_point(Value(x)).data for x in xs]
    assert max(abs(a - b) for a, b in zip(found, right, strict=True)) <= 1e-14
    assert n_paths(tape) <= 31


# --- structure, and what a tape is called with --------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_structure_that_depends_on_a_length_is_recorded_for_each_length(backend):
    tape = on(backend, lambda xs: autodiff.sum([x * (i + 1) for i, x in enumerate(xs)]), [1.0, 2.0])
    assert tape.forward([1.0, 2.0]) == 5.0
    assert tape.forward([1.0, 1.0, 1.0]) == 6.0
    assert list(tape.forward([[1.0], [2.0]])) == [1.0, 2.0]
    assert tape.input_gradients([[1.0] * 3] * 2).tolist() == [[1.0, 2.0, 3.0]] * 2
    assert n_paths(tape) == 3


class Point(NamedTuple):
    x: float
    y: float


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("function", "example", "gradient"),
    [
        (lambda x: x[0] * x[1], [2.0, 5.0], [5.0, 2.0]),
        (lambda x: x[0] * x[1], (2.0, 5.0), (5.0, 2.0)),
        (lambda p: p.x * p.y, Point(2.0, 5.0), Point(5.0, 2.0)),
        (lambda d: d["a"] * d["b"], {"a": 2.0, "b": 5.0}, {"a": 5.0, "b": 2.0}),
        (lambda d: d["a"] * d["b"][1], {"a": 2.0, "b": [1.0, 5.0]}, {"a": 5.0, "b": [0.0, 2.0]}),
        (lambda r: r[0] * r[1][0] + r[1][1], (2.0, [5.0, 1.0]), (5.0, [2.0, 1.0])),
        (lambda m: m[0][1] * m[1][0], [[1.0, 2.0], [5.0, 1.0]], [[0.0, 5.0], [2.0, 0.0]]),
    ],
)
def test_inputs_nested_at_will_give_gradients_nested_alike(backend, function, example, gradient):
    result = 11.0 if isinstance(example, tuple) and isinstance(example[1], list) else 10.0
    tape = on(backend, function, example)
    assert tape.forward(example) == result
    found = tape.input_gradients(example)
    assert found == gradient
    assert type(found) is type(gradient)
    assert list(tape.forward([example] * 3)) == [result] * 3
    for row in tape.input_gradients([example] * 3):
        assert (row.tolist() if hasattr(row, "tolist") else row) == as_row(gradient)


def as_row(gradient):
    """Tuples of numbers come back as rows of an array; what is ragged comes back as it was."""
    if isinstance(gradient, tuple) and all(isinstance(x, float) for x in gradient):
        return list(gradient)
    return gradient


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_and_numbers_of_any_type(backend):
    tape = on(backend, lambda x, y: (x * y).sum() * 1.0, np.ones(3), 2.0)
    assert tape.forward(np.arange(3, dtype=np.int8), np.float32(2)) == 6.0
    assert tape.forward([True, 0, 10**3], 1) == 1001.0
    batch = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert tape.forward(batch, [1, 2]).tolist() == [3.0, 24.0]
    assert tape.forward(batch[:, ::-1], (1, 2)).tolist() == [3.0, 24.0]
    slopes = tape.input_gradients(np.asfortranarray(batch), [1, 2])
    assert [each.tolist() for each in slopes] == [[[1.0] * 3, [2.0] * 3], [3.0, 12.0]]
    assert tape.input_gradients(np.ones(3), 2.0)[0].tolist() == [2.0, 2.0, 2.0]
    matrix = on(backend, lambda a: (a @ a).sum() * 1.0, np.eye(2))
    assert matrix.forward(np.ones((3, 2, 2))).tolist() == [8.0] * 3
    assert matrix.forward(np.ones((3, 3))) == 27.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_example_gives_a_float_and_a_batch_of_one_an_array(backend):
    for function in (lambda x: x * 2.0, lambda x: x * 2.0 if x > 0 else x):
        tape = on(backend, function, 1.0)
        for x in (1.0, -1.0):
            assert type(tape.forward(x)) is float
            assert type(tape.input_gradients(x)) is float
            assert tape.forward([x]).shape == tape.input_gradients([x]).shape == (1,)


def test_a_function_of_nothing():
    w = Value(3.0)
    tape = Tape.record(lambda: w * w, parameters=[w])
    assert tape.forward() == 9.0
    tape.backward()
    assert w.grad == 6.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_modes_around_a_tape_change_nothing_but_anomalies_are_found(backend):
    with no_grad():
        tape = on(backend, lambda x: x.log(), 1.0)
        assert tape.input_gradients(2.0) == 0.5
    with autodiff.scope("layer"):
        assert tape.forward([1.0, 1.0]).tolist() == [0.0, 0.0]
    with autodiff.detect_anomaly():
        assert tape.forward(1.0) == 0.0
        with pytest.raises(FloatingPointError, match=r"log\(0.0\) gave -inf"):
            tape.forward([1.0, 0.0])
    assert tape.forward(0.0) == -math.inf
    assert not RECORDERS


def test_nothing_of_a_recording_is_left_behind():
    w = Value(2.0)
    tape = Tape.record(lambda x: x * w if x > 0 else -x, 1.0, parameters=[w])
    tape.forward([1.0, -1.0])
    assert not RECORDERS
    assert (Value(1.0) < 2.0) is True
    assert w.data == 2.0
    # A Value that one tape has seen is new to the next: as parameter, as input, as Value outside.
    for parameters in ([w], []):
        other = Tape.record(lambda x: w + x * w, 1.0, parameters=parameters)
        w.data = 5.0
        assert other.forward(2.0) == 15.0
        w.data = 2.0
        assert tape.forward(2.0) == 4.0
