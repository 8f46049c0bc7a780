"""Modes: what they switch on, for whom, and that they switch off again."""

import contextlib
import contextvars
import inspect
import math
import sys
import threading

import pytest

import autodiff
from autodiff import Value, detect_anomaly, no_grad, scope


def line_below(count):
    """`file.py:12`: the line so many lines below the one that calls this."""
    frame = inspect.currentframe().f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno + count}"


# --- no_grad ------------------------------------------------------------------------------


def test_no_grad_records_no_graph():
    x = Value(2.0)
    with no_grad():
        results = [x * 3.0, x.tanh(), autodiff.sum([x, x]), autodiff.dot([x], [x]), x**2]
    assert all(z.parents == () and z.op == "" for z in results)
    assert results[0].data == 6.0
    for z in results:
        z.backward()
    assert x.grad == 0.0


def test_after_no_grad_graphs_are_recorded_again():
    x = Value(2.0)
    with no_grad():
        y = x * 3.0
    z = x * y
    assert len(z.parents) == 2
    z.backward()
    assert (x.grad, y.grad) == (6.0, 2.0)


def test_no_grad_ends_when_an_exception_leaves_it():
    with pytest.raises(RuntimeError), no_grad():
        raise RuntimeError
    assert (Value(2.0) * 3.0).op == "*"


def test_no_grad_may_be_nested():
    x = Value(2.0)
    with no_grad():
        with no_grad():
            pass
        assert (x * 3.0).parents == ()
    assert (x * 3.0).parents != ()


def test_no_grad_decorates_a_function():
    @no_grad()
    def evaluate(x, depth=0):
        if depth < 3:
            evaluate(x, depth + 1)
        return x * 3.0

    assert evaluate(Value(2.0)).parents == ()
    assert (Value(2.0) * 3.0).parents != ()


def test_backward_works_inside_no_grad():
    x = Value(2.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad == 4.0


# --- detect_anomaly: forward --------------------------------------------------------------


def test_an_anomaly_names_operation_input_label_scope_and_line():
    p = Value(0.0, label="p")
    line = line_below(2)
    with scope("loss"), detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        p.log()
    assert str(caught.value) == f"log(p=0.0) gave -inf, in scope 'loss', at {line}"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Value(1.0) / Value(0.0, label="n"), "div(1.0, n=0.0) gave inf"),
        (lambda: Value(-8.0, label="x") ** 0.5, "pow_const(x=-8.0, 0.5) gave nan"),
        (lambda: autodiff.sum([Value(math.inf), 1.0]), "sum(inf, 1.0) gave inf"),
        (lambda: autodiff.prod([Value(1e200)] * 9), "1e+200, 1e+200, 1e+200, ...) gave inf"),
    ],
)
def test_an_anomaly_shows_the_inputs_of_every_kind_of_operation(build, words):
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        build()
    assert words in str(caught.value)


def test_an_anomaly_is_found_without_a_graph_too():
    with no_grad(), detect_anomaly(), pytest.raises(FloatingPointError, match=r"^log\("):
        Value(0.0).log()


def test_ordinary_numbers_pass_and_keep_their_graph():
    x = Value(2.0)
    with detect_anomaly():
        y = (x * x).log()
        y.backward()
    assert x.grad == 1.0


def test_the_line_is_that_of_the_users_code_and_not_of_the_packages():
    from nn import MLP

    model = MLP(1, [1], seed=0)
    model.layers[0].neurons[0].b.data = math.inf
    line = line_below(2)
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        model([1.0])
    assert str(caught.value).endswith(line)


# --- detect_anomaly: backward -------------------------------------------------------------


def test_an_anomaly_in_backward_names_the_operation_and_the_line_that_made_it():
    x = Value(0.0, label="x")
    with scope("root"), detect_anomaly():
        line = line_below(1)
        y = x.sqrt()
        with pytest.raises(FloatingPointError) as caught:
            (y * 3.0).backward()
    assert str(caught.value) == (
        "backward through sqrt(x=0.0) gave the gradient inf from the incoming gradient 3.0"
        f", in scope 'root', at {line}"
    )


def test_an_anomaly_in_backward_names_the_label_of_the_result():
    y = Value(0.0).sqrt()
    y.label = "root"
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"sqrt\(0\.0\) 'root' gave"):
        y.backward()


def test_an_anomaly_in_backward_leaves_leaf_gradients_as_they_were():
    x, w = Value(0.0), Value(2.0)
    x.grad, w.grad = 1.5, 2.5
    y = w * x.sqrt()
    with detect_anomaly(), pytest.raises(FloatingPointError):
        y.backward()
    assert (x.grad, w.grad) == (1.5, 2.5)


def test_without_detect_anomaly_infinity_flows():
    x = Value(0.0)
    x.sqrt().backward()
    assert x.grad == math.inf
    assert Value(0.0).log().data == -math.inf


# --- scope --------------------------------------------------------------------------------


def test_a_scope_names_what_is_made_inside():
    with scope("layer0"):
        x = Value(1.0)
        with scope("neuron2"):
            y = x * 2.0
        z = x + y
    assert (x.scope, y.scope, z.scope) == ("layer0", "layer0/neuron2", "layer0")
    assert (y * 2.0).scope == ""


def test_a_scope_may_be_entered_again():
    layer = scope("layer0")
    for _ in range(2):
        with layer:
            assert Value(1.0).tanh().scope == "layer0"
    with layer, layer:
        assert Value(1.0).tanh().scope == "layer0/layer0"
    assert Value(1.0).scope == ""


def test_a_scope_decorates_a_function():
    @scope("loss")
    def loss(x):
        return x * x

    assert loss(Value(1.0)).scope == "loss"


def test_scope_no_grad_and_detect_anomaly_go_together():
    with scope("a"), no_grad(), scope("b"):
        z = Value(1.0).tanh()
        with detect_anomaly(), pytest.raises(FloatingPointError, match="in scope 'a/b'"):
            Value(0.0).log()
    assert (z.scope, z.parents) == ("a/b", ())


# --- threads ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [no_grad(), detect_anomaly(), scope("here")])
def test_another_thread_does_not_see_the_modes_of_this_one(mode):
    seen = []

    def work():
        x = Value(0.0)
        seen.append(x.log())

    with mode:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    (z,) = seen
    assert (z.data, z.op, z.scope) == (-math.inf, "log", "")


@pytest.mark.parametrize("mode", [no_grad(), detect_anomaly(), scope("here")])
def test_two_threads_may_use_one_mode_object_at_once(mode):
    inside, leave, errors = threading.Event(), threading.Event(), []

    def work():
        try:
            with mode:
                inside.set()
                leave.wait(timeout=60.0)
        except Exception as error:
            errors.append(error)

    def both():
        thread = threading.Thread(target=work, daemon=True)
        with mode:
            thread.start()
            assert inside.wait(timeout=60.0)
        leave.set()
        thread.join(timeout=60.0)
        return Value(0.0).log()

    z = contextvars.copy_context().run(both)  # a failure stays in there
    assert errors == []
    assert (z.data, z.op, z.scope) == (-math.inf, "log", "")


@pytest.mark.parametrize("mode", [no_grad(), detect_anomaly(), scope("a")])
def test_leaving_a_block_calls_nothing_that_ctrl_c_could_strike(mode):
    calls = []

    def seen(frame, kind, _):
        if kind == "call":
            calls.append(frame.f_code.co_name)

    mode.__enter__()
    sys.setprofile(seen)
    try:
        mode.__exit__(None, None, None)
    finally:
        sys.setprofile(None)
    assert calls == ["__exit__"]


@pytest.mark.parametrize("name", ["layer", "x" * 10_000])
def test_scopes_without_end_are_refused_before_their_paths_fill_the_memory(name):
    def enter_all(stack):
        for _ in range(10_000):
            stack.enter_context(scope(name))

    with contextlib.ExitStack() as stack:
        with pytest.raises(ValueError, match=r"at most 10,000 characters.*: leave a block"):
            enter_all(stack)
        assert len(Value(1.0).scope) < 10_000
        with no_grad():  # what stands is as it was
            assert Value(1.0).scope == (Value(2.0) * 3).scope
    assert Value(1.0).scope == ""
