"""Ctrl-C at any line of a fit: whole updates, and the history so far."""

import linecache
import sys
from pathlib import Path

import pytest

import nn
from nn import MLP, Adam, NoImprovement, StepLR, fit, mse_loss
from nn.models.modes import evaluating

pytest.importorskip("numpy")

X, Y = [[0.0], [1.0], [2.0], [3.0], [4.0]], [1.0, -1.0, 0.5, 2.0, 0.0]
BATCHES, EPOCHS = ([0, 1], [2, 3], [4]), 2
STRIKES = 14  # per fit, spread over it, and at each of its last lines
FOLDER = str(Path(nn.__file__).parent)


def start():
    model = MLP(1, [2, 1], seed=0)
    return model, Adam(model.parameters(), lr=0.1)


def state(model, optimizer):
    return [p.data for p in model.parameters()], optimizer.steps, [*map(list, optimizer.states)]


@pytest.fixture(scope="module")
def whole():
    """Everything after each update, by hand."""
    model, optimizer = start()
    states = [state(model, optimizer)]
    for _ in range(EPOCHS):
        for rows in BATCHES:
            optimizer.zero_grad()
            mse_loss([model(X[i]) for i in rows], [Y[i] for i in rows]).backward()
            optimizer.step()
            states.append(state(model, optimizer))
    return states


class Strike:
    """Presses Ctrl-C when the given line of nn is reached, counted from the first.

    Never at a line with `with`, which is reached again when the block is left: tracing can strike
    there before the block's end has been called, but a signal cannot.
    """

    def __init__(self, at):
        self.at, self.lines = at, 0

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(FOLDER):
            return None
        if event == "line":
            self.lines += 1
            code = frame.f_code
            if self.lines == self.at and self.is_with(code.co_filename, frame.f_lineno):
                self.at += 1
            if self.lines == self.at:
                raise KeyboardInterrupt
        return self

    @staticmethod
    def is_with(file, line):
        return linecache.getline(file, line).lstrip().startswith("with ")

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self)
        return self

    def __exit__(self, *_):
        sys.settrace(self.before)


def learn(model, optimizer, engine, **settings):
    return fit(model, X, Y, optimizer=optimizer, engine=engine, shuffle=False, batch_size=2,
               seed=0, epochs=EPOCHS, progress=False, **settings)  # fmt: skip


SETTINGS = {
    "alone": {},
    "watched": {
        "metrics": ["r_squared", "mean_absolute_error"], "validation": (X[:2], Y[:2]),
        "stop": NoImprovement(9),
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("engine", ["eager", "tape"])
def test_control_c_at_any_line_leaves_a_whole_update_and_the_history_so_far(
    engine, settings, whole
):
    learn(*start(), engine, **SETTINGS[settings])  # loads what is loaded when first used
    model, optimizer = start()
    with Strike(0) as counted:
        history = learn(model, optimizer, engine, **SETTINGS[settings])
    reached = set()
    lines = counted.lines
    for at in {*range(1, lines, lines // STRIKES), *range(lines - STRIKES, lines - 1)}:
        model, optimizer = start()
        with pytest.raises(KeyboardInterrupt) as stopped, Strike(at):
            learn(model, optimizer, engine, **SETTINGS[settings])
        assert not evaluating(), at
        data, steps, states = state(model, optimizer)
        wanted = whole[steps]
        if settings == "watched" and data != pytest.approx(wanted[0], rel=1e-9):
            # The epochs are over, and the parameters of the best one are put back.
            assert steps == len(whole) - 1
            wanted = (whole[len(BATCHES) * history.best_epoch][0], steps, wanted[2])
        assert data == pytest.approx(wanted[0], rel=1e-9), at
        for found, expected in zip(states, wanted[2], strict=True):
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-15), at
        if hasattr(stopped.value, "history"):
            reached.add(_check(stopped.value.history, history))
    assert {0, EPOCHS} <= reached


def _check(found, history):
    """How many epochs a history has, whose lists are all the beginning of the other's."""
    n = found.epochs
    assert found.losses == pytest.approx(history.losses[:n])
    for mine, other in [
        (found.metrics, history.metrics),
        (found.gradient_norms, history.gradient_norms),
    ]:
        for name, values in mine.items():
            assert values == pytest.approx(other[name][:n])
    assert len(found.seconds) == len(found.learning_rates) == n
    assert len(found.validation_losses) == (n if history.validation_losses else 0)
    assert found.reason.startswith("KeyboardInterrupt in epoch ")
    return n


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_exception_of_a_callback_brings_the_history_along(error):
    def interrupt(epoch):
        if epoch.number == 2:
            raise error("enough")

    model, optimizer = start()
    with pytest.raises(error, match="enough") as stopped:
        learn(model, optimizer, "eager", callbacks=interrupt)
    history = stopped.value.history
    assert history.epochs == 2
    assert history.reason == f"{error.__name__} in epoch 2"
    assert history.engine == "eager"
    if sys.version_info >= (3, 11):
        assert "sys.last_value.history" in stopped.value.__notes__[0]


def test_a_loss_that_is_not_finite_brings_the_history_along():
    model, _ = start()
    with pytest.raises(FloatingPointError) as stopped:
        fit(model, X, Y, optimizer=lambda p: nn.SGD(p, lr=1e6), epochs=900, progress=False)
    assert stopped.value.history.epochs >= 1
    assert stopped.value.history.reason.startswith("FloatingPointError in epoch ")


def test_what_is_refused_brings_no_history_and_keeps_the_learning_rate():
    model, optimizer = start()
    with pytest.raises(ValueError, match="engine is one of") as refused:
        learn(model, optimizer, "cuda", schedule=lambda o: StepLR(o, 1))
    assert not hasattr(refused.value, "history")
    assert optimizer.lr == 0.1
