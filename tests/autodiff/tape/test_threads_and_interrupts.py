"""Threads that replay, record and compute at once; and Ctrl-C at any moment of a recording."""

import math
import random
import sys
import threading
from functools import partial

import pytest

import autodiff
from autodiff import Tape, Value
from autodiff.context import CONTEXT, RECORDERS
from autodiff.tape import recorder
from autodiff.tape.backends import usable
from tests.autodiff.tape.backends import BACKENDS
from tests.interrupts import interrupted, is_usable
from tests.threads import in_threads


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_that_replay_one_tape_get_their_own_answers(backend):
    w = Value(2.0)
    tape = Tape.record(lambda x: (x * w).tanh() if x > 0 else x * w, 1.0, parameters=[w])
    tape.backend = backend

    def work(seed):
        generator = random.Random(seed)
        for _ in range(40):
            xs = [generator.uniform(-2.0, 2.0) for _ in range(generator.choice((1, 2, 70)))]
            theta = generator.uniform(1.0, 3.0)
            results, gradient = tape.value_and_gradient([theta], xs, reduction="sum")
            right = [math.tanh(x * theta) if x > 0 else x * theta for x in xs]
            slopes = [x * (1.0 - z * z) if x > 0 else x for x, z in zip(xs, right, strict=True)]
            assert list(results) == pytest.approx(right, rel=1e-14)
            assert list(gradient) == pytest.approx([sum(slopes)], rel=1e-12, abs=1e-12)
            assert tape.forward(xs[0]) == pytest.approx(
                math.tanh(xs[0] * 2.0) if xs[0] > 0 else xs[0] * 2.0, rel=1e-14
            )

    in_threads(*[partial(work, i) for i in range(4)])
    assert w.data == 2.0


def test_threads_that_record_and_threads_that_compute_do_not_see_each_other():
    w = Value(2.0)

    def work(i):
        for _ in range(60):
            if i % 2:
                tape = Tape.record(lambda x: x * w if x > i else x - i, float(i), parameters=[w])
                assert tape.forward(i + 1.0) == 2.0 * (i + 1.0)
            else:  # reads .data and compares, as no function that is recorded may
                x = Value(3.0)
                y = x * w if x > 2.0 else x
                y.backward(0.0)
                assert (y.data, (x < 2.0) is False) == (6.0, True)

    in_threads(*[partial(work, i) for i in range(4)])
    assert not RECORDERS


def test_a_value_computed_by_another_thread_is_refused():
    def function(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(x * 2.0))
        thread.start()
        thread.join()
        return found[0] * x

    with pytest.raises(RuntimeError, match="uses a Value that was computed"):
        Tape.record(function, 1.0)


def test_ctrl_c_at_any_moment_of_a_recording_leaves_the_modes_as_before():
    """After every call in `recorder.run`: there the interpreter looks for signals."""
    context, run, interrupted = CONTEXT.get(), recorder.run.__code__, 0
    for moment in range(1, 1000):
        calls = 0

        def profile(frame, event, argument, moment=moment):
            nonlocal calls
            caller = frame if event == "c_return" else frame.f_back
            if event in ("return", "c_return") and caller is not None and caller.f_code is run:
                calls += 1
                if calls == moment:
                    raise KeyboardInterrupt

        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            Tape.record(lambda x: x * x, 1.0)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.setprofile(before)
        left = list(RECORDERS), CONTEXT.get() is context
        RECORDERS.clear()
        CONTEXT.set(context)
        assert left == ([], True), f"after call {moment}"
        if calls < moment:
            break
    assert interrupted == moment - 1 > 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_tapes_and_eager_threads_that_share_leaves_add_up_without_loss(backend):
    """All numbers are small and whole, so the order of the additions does not matter."""
    shared = [Value(float(i)) for i in range(100)]
    x = [float(i % 7) for i in range(100)]

    def function(x):
        return autodiff.dot(shared, x) * 2.0

    tapes = [Tape.record(function, x, parameters=shared) for _ in range(4)]
    for tape in tapes:
        tape.backend = backend

    def replayed(tape):
        for _ in range(100):
            tape.backward([x, x])

    def eager():
        for _ in range(100):
            function(x).backward()

    in_threads(*[partial(replayed, tape) for tape in tapes], *[eager] * 4)
    assert [p.grad for p in shared] == [8 * 100 * 2.0 * each for each in x]


def test_ctrl_c_in_backward_leaves_the_gradients_of_all_parameters_or_of_none():
    parameters = [Value(float(i)) for i in range(9)]
    tape = Tape.record(lambda x: autodiff.dot(parameters, x), [1.0] * 9, parameters=parameters)
    outcomes, interrupts = set(), 0
    for backend in ["numpy", "python"] if usable("numpy") else ["python"]:
        tape.backend = backend
        for inputs in ([2.0] * 9, [[1.0] * 9, [3.0] * 9], [[2.0] * 9] * 3):
            backward = partial(tape.backward, inputs)
            for event in range(1, interrupted(backward, 0) + 1):
                for p in parameters:
                    p.grad = 1.0
                interrupted(backward, event)
                assert is_usable(), event
                (found,) = {p.grad for p in parameters}
                outcomes.add(found)
                interrupts += 1
    assert interrupts >= 300
    assert outcomes == {1.0, 3.0}


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_while_another_path_is_recorded_changes_no_parameter_and_no_later_answer(backend):
    w, b = Value(2.0), Value(-1.0)

    def first():
        tape = Tape.record(lambda x: x * w if x * w > b else b * b, 1.0, parameters=[w, b])
        tape.backend = backend
        return partial(tape.value_and_gradient, [-3.0, 5.0], 1.0)

    results, gradient = first()()
    total = interrupted(first(), 0)
    for event in range(1, total + 1, 1 + total // 150):
        call = first()
        interrupted(call, event)
        assert is_usable(), event
        assert (w.data, b.data, w.grad, b.grad) == (2.0, -1.0, 0.0, 0.0), event
        again = call()
        assert (again[0], list(again[1])) == (results, list(gradient)), event


def test_a_gradient_inside_what_a_tape_records_is_refused():
    w = Value(2.0)
    inner = Tape.record(lambda x: w * x, 1.0, parameters=[w])
    with pytest.raises(RuntimeError, match=r"Tape\.backward\(\) inside a function that a tape"):
        Tape.record(lambda x: x * inner.backward(2.0), 1.0)
    with pytest.raises(RuntimeError, match=r"Tape\.backward"):
        Tape.record(lambda x: x * inner.backward([2.0, 3.0])[0], 1.0)
    assert w.grad == 0.0
