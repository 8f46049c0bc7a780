"""Threads that replay, record and compute at once; and Ctrl-C at any moment of a recording."""

import math
import random
import sys
import threading
from functools import partial

import pytest

from autodiff import Tape, Value
from autodiff.context import CONTEXT, RECORDERS
from autodiff.tape import recorder
from tests.autodiff.tape.backends import BACKENDS
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
