"""Under load: many threads, many steps, and Ctrl-C at any moment."""

import contextlib
import contextvars
import functools
import gc
import sys

import pytest

import autodiff
from autodiff import Value, derive, no_grad, scope
from nn import MLP, SGD, Adam, clip_grad_norm_, fit, mse_loss
from nn.train.engine import Problem
from nn.train.tape_engine import engine_for
from tests.interrupts import interrupted, is_usable, spread
from tests.threads import in_threads

X = [[0.5, -1.0], [1.0, 2.0], [-1.5, 0.25], [0.0, 1.0]]
Y = [1.0, -1.0, 0.5, 0.0]
THREADS = 8


def numbers(model):
    return [p.data for p in model.parameters()]


def gradient(model):
    """The gradient of the loss from scratch, as a new model with these numbers has it."""
    fresh = MLP(2, [3, 1], seed=0)
    fresh.load_state_dict(model.state_dict())
    mse_loss([fresh(x) for x in X], Y).backward()
    return [p.grad for p in fresh.parameters()]


# --- threads ------------------------------------------------------------------------------


def in_eight(work):
    """The results of `work(i)` for eight numbers, each in a thread."""
    return in_threads(*[functools.partial(work, i) for i in range(THREADS)])


def test_eight_threads_that_train_their_own_models_get_what_one_thread_gets():
    def work(i):
        model = MLP(2, [3, 1], seed=i)
        fit(model, X, Y, epochs=20, batch_size=2, seed=i, progress=False)
        return numbers(model)

    assert in_eight(work) == [work(i) for i in range(THREADS)]


def test_eight_threads_that_share_a_model_add_up_its_gradient_without_loss():
    """All numbers are small and whole, so the order of the additions does not matter."""
    model = MLP(2, [3, 1], activation="relu", seed=0)
    for i, p in enumerate(model.parameters()):
        p.data = float((-1) ** i * (1 + i % 3))

    def work(i):
        for k in range(25):
            loss = autodiff.sum([(model([x * 4 + i, y * 4 - k]) - 2.0) ** 2 for x, y in X])
            loss.backward()

    for i in range(THREADS):
        work(i)
    alone = [p.grad for p in model.parameters()]
    model.zero_grad()
    in_eight(work)
    assert [p.grad for p in model.parameters()] == alone
    assert max(map(abs, alone)) > 1000.0


def test_eight_threads_take_higher_derivatives_by_shared_parameters_at_once():
    shared = [Value(0.3 + 0.1 * i) for i in range(4)]

    def work(i):
        found = []
        for _ in range(10):
            root = autodiff.logsumexp([p * (i + 1.0) for p in shared]) * autodiff.prod(shared)
            slopes = derive.gradients(root, shared, create_graph=True)
            found.append(derive.gradients(slopes[i % 4], shared))
            found += derive.hessian(lambda xs: autodiff.dot(xs, shared) ** 3)([1.0, i, 2.0, 3.0])
        return found

    assert in_eight(work) == [work(i) for i in range(THREADS)]
    assert all(p.grad == 0.0 for p in shared)


# --- memory -------------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand_training_steps_hold_memory_flat():
    model = MLP(2, [2, 1], seed=0)
    optimizer = Adam(model.parameters(), lr=0.01)
    gc.collect()
    gc.disable()  # nothing may wait for the collector: graphs have no cycles
    try:
        for step in range(10_000):
            optimizer.zero_grad()
            ((model(X[step % 4]) - Y[step % 4]) ** 2).backward()
            optimizer.step()
            if step == 100:
                blocks = sys.getallocatedblocks()
        assert sys.getallocatedblocks() - blocks < 1000  # a tenth of a block per step
    finally:
        gc.enable()
    assert optimizer.steps == 10_000


# --- Ctrl-C -------------------------------------------------------------------------------


def test_control_c_as_an_inner_block_ends_is_made_good_as_the_outer_one_ends():
    """Python looks for signals as it enters `__exit__`: one in ten Ctrl-C in `predict` hits one."""

    def trace(frame, kind, _):
        if frame.f_code.co_name == "__exit__":
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    def blocks():
        before = sys.gettrace()
        with contextlib.suppress(KeyboardInterrupt), no_grad(), scope("inner"):
            sys.settrace(trace)
        sys.settrace(before)
        return is_usable()

    assert contextvars.copy_context().run(blocks)


def test_control_c_in_backward_leaves_a_model_whose_next_gradient_is_right():
    model = MLP(2, [3, 1], seed=0)
    right = gradient(model)
    loss = mse_loss([model(x) for x in X], Y)
    for event in spread(loss.backward, 150):
        interrupted(loss.backward, event)
        assert is_usable(), event
        model.zero_grad()
        loss.backward()
        assert [p.grad for p in model.parameters()] == right, event


@pytest.mark.parametrize("call", ["hessian", "create_graph"])
def test_control_c_in_a_higher_derivative_leaves_nothing_behind(call):
    xs = [Value(0.5), Value(-1.5)]

    def action():
        if call == "hessian":
            return derive.hessian(lambda v: (v[0] * v[1]).tanh())([0.5, -1.5])
        return derive.gradients((xs[0] * xs[1]).tanh(), xs, create_graph=True)

    right = action()
    for event in spread(action, 150):
        interrupted(action, event)
        assert is_usable(), event
        assert action() == right, event
        assert [x.grad for x in xs] == [0.0, 0.0]


def state_of(optimizer):
    return (optimizer.steps, [p.data for p in optimizer.parameters], list(optimizer.states))


def test_control_c_in_a_step_leaves_the_whole_step_done_or_undone():
    def prepared():
        model = MLP(2, [3, 1], seed=0)
        for p, g in zip(model.parameters(), gradient(model), strict=True):
            p.grad = g
        return Adam(model.parameters(), lr=0.1)

    before, done = state_of(prepared()), prepared()
    done.step()
    after = state_of(done)
    outcomes = []
    for event in spread(prepared().step, 500):
        optimizer = prepared()
        interrupted(optimizer.step, event)
        outcomes.append(state_of(optimizer))
        assert outcomes[-1] in (before, after), event
        optimizer.step()
        assert optimizer.steps in (1, 2)
    assert before in outcomes


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_control_c_in_fit_leaves_the_last_complete_update(kind):
    def prepared():
        model = MLP(2, [3, 1], seed=0)
        optimizer = kind(model.parameters(), lr=0.05)

        def train():
            fit(model, X, Y, optimizer=optimizer, epochs=3, batch_size=2, seed=4, progress=False)

        return model, optimizer, train

    path = []
    model, optimizer, train = prepared()
    with pytest.MonkeyPatch.context() as patch:
        step = kind.step
        patch.setattr(kind, "step", lambda self: [path.append(state_of(self)), step(self)][1])
        train()
    path.append(state_of(optimizer))
    assert len(path) == 7

    reached = set()
    for event in spread(prepared()[2], 120):
        model, optimizer, train = prepared()
        interrupted(train, event)
        assert is_usable(), event
        assert state_of(optimizer) in path, event
        reached.add(optimizer.steps)
        model.zero_grad()
        mse_loss([model(x) for x in X], Y).backward()
        assert [p.grad for p in model.parameters()] == gradient(model), event
    assert reached >= set(range(6))


@pytest.mark.parametrize("engine", ["eager", "tape"])
def test_control_c_as_fit_writes_back_leaves_a_whole_update(engine):
    """Parameters, gradients and what the optimizer remembers belong to one step."""
    pytest.importorskip("numpy")

    def prepared():
        model = MLP(2, [2, 1], seed=0)
        optimizer = Adam(model.parameters(), lr=0.05)
        taker = engine_for(Problem(model, X, Y, mse_loss), optimizer, None, engine)
        taker.step(range(4))
        return model, optimizer, taker

    def state(model, optimizer, _):
        gradients = [p.grad for p in model.parameters()]
        return (*state_of(optimizer), gradients if engine == "tape" else None)

    before, done = state(*prepared()), prepared()
    total = interrupted(done[2].write_back, 0)
    for event in range(1, total + 1):
        at = prepared()
        interrupted(at[2].write_back, event)
        assert state(*at) in (before, state(*done)), event
        at[2].write_back()
        assert state(*at) == state(*done), event


ACTIONS = {
    "Value.zero_grad": lambda model, loss: loss.zero_grad(),
    "backward(create_graph=True)": lambda model, loss: loss.backward(create_graph=True),
    "clip_grad_norm_": lambda model, loss: clip_grad_norm_(model.parameters(), 0.5),
    "load_state_dict": lambda model, loss: model.load_state_dict(
        MLP(2, [2, 1], seed=1).state_dict()
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_control_c_leaves_all_parameters_written_or_none(name):
    def prepared():
        model = MLP(2, [2, 1], seed=0)
        loss = mse_loss([model(x) for x in X], Y)
        for p in model.parameters():
            p.grad = 1.0
        return model, functools.partial(ACTIONS[name], model, loss)

    def state(model):
        return [(p.data, getattr(p.grad, "data", p.grad)) for p in model.parameters()]

    model, action = prepared()
    states = [state(model)]
    total = interrupted(action, 0)
    states.append(state(model))
    assert states[0] != states[1]
    for event in range(max(1, total - 80), total + 1):  # what is written is written at the end
        model, action = prepared()
        interrupted(action, event)
        assert is_usable(), event
        assert state(model) in states, event
