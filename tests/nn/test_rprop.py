"""Rprop equals PyTorch's, and with `backtrack` the paper's."""

import inspect
import random

import pytest

from autodiff import Value
from nn import Rprop

# x and y after steps 1, 10 and 50 on Rosenbrock from (-1.2, 1): torch.optim.Rprop of PyTorch 2.13.
SETTINGS = {
    "defaults": {},
    "own": {"lr": 0.1, "etas": (0.4, 1.3), "step_sizes": (1e-3, 0.2)},
}
PYTORCH = {
    "defaults": {
        1: (-1.19, 1.01),
        10: (-1.0529250559999999, 1.147074944),
        50: (-0.9635771595748897, 0.933455440146196),
    },
    "own": {
        1: (-1.0999999999999999, 1.1),
        10: (-1.0414687999999999, 1.1125631999999999),
        50: (-0.9864182009400324, 0.9839523225139646),
    },
}


def rosenbrock(optimizer, x, y, steps):
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (100.0 * (y - x**2) ** 2 + (1.0 - x) ** 2).backward()
        optimizer.step()
        path.append((x.data, y.data))
    return path


@pytest.mark.parametrize("case", SETTINGS)
def test_fifty_steps_on_rosenbrock_equal_pytorchs(case):
    x, y = Value(-1.2), Value(1.0)
    path = rosenbrock(Rprop([x, y], **SETTINGS[case]), x, y, 50)
    for step, expected in PYTORCH[case].items():
        assert path[step - 1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("case", SETTINGS)
def test_the_path_equals_that_of_the_pytorch_installed_here(case):
    torch = pytest.importorskip("torch")
    p = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    theirs, expected = torch.optim.Rprop([p], **SETTINGS[case]), []
    for _ in range(50):
        theirs.zero_grad()
        (100.0 * (p[1] - p[0] ** 2) ** 2 + (1.0 - p[0]) ** 2).backward()
        theirs.step()
        expected.append(tuple(p.tolist()))
    x, y = Value(-1.2), Value(1.0)
    path = rosenbrock(Rprop([x, y], **SETTINGS[case]), x, y, 50)
    assert [n for row in path for n in row] == pytest.approx(
        [n for row in expected for n in row], rel=1e-12
    )


def test_settings_have_pytorchs_names_and_defaults():
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(torch.optim.Rprop).parameters
    ours = inspect.signature(Rprop).parameters
    for name in ("lr", "etas", "step_sizes"):
        assert ours[name].default == theirs[name].default


def paper(x, gradients, size, shrink, grow, low, high):
    """The algorithm of the paper, with its branches, for one weight and given gradients."""
    before = change = 0.0
    path = []
    for g in gradients:
        if g * before > 0.0:
            size = min(size * grow, high)
            change = -size if g > 0.0 else size
            before = g
        elif g * before < 0.0:
            size = max(size * shrink, low)
            change = -change  # the last step is taken back
            before = 0.0
        else:
            change = -size if g > 0.0 else size if g < 0.0 else 0.0
            before = g
        x += change
        path.append(x)
    return path


@pytest.mark.parametrize("seed", range(20))
def test_with_backtrack_the_path_is_that_of_the_paper(seed):
    source = random.Random(seed)
    gradients = [source.choice([-2.0, -1.0, -0.1, 0.0, 0.1, 1.0, 2.0]) for _ in range(60)]
    w = Value(1.0)
    expected = paper(1.0, gradients, 0.1, 0.5, 1.2, 1e-6, 50.0)
    optimizer, found = Rprop([w], lr=0.1, backtrack=True), []
    for g in gradients:
        w.grad = g
        optimizer.step()
        found.append(w.data)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_change_of_sign_is_taken_back_in_the_paper_and_waited_out_in_pytorch():
    still, back = Value(0.0), Value(0.0)
    optimizers = Rprop([still], lr=0.1), Rprop([back], lr=0.1, backtrack=True)
    for g in (-1.0, 1.0):
        still.grad = back.grad = g
        for optimizer in optimizers:
            optimizer.step()
    assert (still.data, back.data) == (0.1, 0.0)


def test_step_sizes_stay_within_their_bounds():
    w = Value(0.0)
    optimizer = Rprop([w], lr=0.1, step_sizes=(0.01, 0.2))
    w.grad = -1.0
    for _ in range(10):
        optimizer.step()
    at = w.data
    optimizer.step()
    assert w.data - at == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"etas": (1.0, 1.2)}, "one number below 1 and one above it"),
        ({"etas": (0.5, 1.0)}, "one number below 1 and one above it"),
        ({"step_sizes": (1.0, 0.1)}, "the smallest and the largest"),
        ({"lr": -1.0}, "lr is a number from 0 on"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Rprop([Value(1.0)], **settings)
