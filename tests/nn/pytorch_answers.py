"""PyTorch's answers: asked live where it is installed, and recorded for where it is not.

    python -m tests.nn.pytorch_answers

writes them to `tests/data/pytorch_training.json`.
"""

import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.nn.questions import (
    EPOCHS_SHOWN,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    SHOWN,
    START,
    STEPS,
    WEIGHTS,
    XOR,
    learning_rates,
    reductions,
)

torch = pytest.importorskip("torch", reason="asks PyTorch: pip install torch==2.13.0")
functional = torch.nn.functional
FILE = Path(__file__).parents[1] / "data" / "pytorch_training.json"


@contextmanager
def doubles():
    """NAdam keeps a product of its own in the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def tensor(numbers):
    """A tensor of doubles that wants its gradient."""
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def rosenbrock(parameters):
    """100 (y - x^2)^2 + (1 - x)^2."""
    x, y = parameters
    return 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2


def network_error(w):
    """Mean squared error of the 2-3-1 network on XOR."""
    total = 0.0
    for (a, b), target in XOR:
        hidden = [torch.tanh(w[i] * a + w[i + 1] * b + w[i + 2]) for i in (0, 3, 6)]
        output = w[9] * hidden[0] + w[10] * hidden[1] + w[11] * hidden[2] + w[12]
        total = total + (output - target) ** 2
    return total / len(XOR)


@doubles()
def trajectory(name, settings, start, error):
    """The parameters after each of 50 steps."""
    parameters = [tensor(x) for x in start]
    optimizer = getattr(torch.optim, name)(parameters, **settings)
    sign = -1.0 if settings.get("maximize") else 1.0
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (sign * error(parameters)).backward()
        optimizer.step()
        path.append([parameter.item() for parameter in parameters])
    return path


def rates_of(case):
    """The learning rate of each epoch, from 0.4; of OneCycleLR with the momentum."""
    if case.endswith("Adam"):
        optimizer = torch.optim.Adam([tensor(1.0)], lr=0.4)
    else:
        optimizer = torch.optim.SGD([tensor(1.0)], lr=0.4, momentum=0.9)

    def look(optimizer):
        group = optimizer.param_groups[0]
        if not case.startswith("OneCycleLR"):
            return group["lr"]
        return [group["lr"], group["betas"][0] if "betas" in group else group["momentum"]]

    return learning_rates(case, optimizer, torch.optim.lr_scheduler, look)


def loss_and_gradient(case, reduction):
    """A loss, and its gradient with respect to the predictions; of several, that of their sum."""
    function, predictions, targets, options = LOSSES[case]
    values = tensor(predictions)
    whole = function in ("cross_entropy", "nll_loss") and all(
        isinstance(t, int) for t in flat(targets)
    )
    wanted = torch.tensor(targets, dtype=torch.int64 if whole else torch.float64)
    options = {
        name: torch.tensor(option, dtype=torch.float64) if "weight" in name else option
        for name, option in options.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on what will become of kl_div's "mean"
        loss = getattr(functional, function)(values, wanted, reduction=reduction, **options)
    (slope,) = torch.autograd.grad(weighted(loss), values)
    return [loss.tolist(), slope.tolist()]


def weighted(losses):
    """One number from several: the first, twice the second, three times the third, ..."""
    return (losses.flatten() * torch.arange(1, losses.numel() + 1, dtype=torch.float64)).sum()


def flat(rows):
    """The numbers in rows of any depth."""
    return [x for row in rows for x in flat(row)] if isinstance(rows, list) else [rows]


def clipped(gradient, max_norm):
    """A gradient after clipping to a norm."""
    parameter = tensor([0.0] * len(gradient))
    parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    torch.nn.utils.clip_grad_norm_([parameter], max_norm)
    return parameter.grad.tolist()


def recurrent_gradient():
    """States of a cell over three steps, and the gradient of their last sum."""
    cell = torch.nn.RNNCell(1, 2).double()
    with torch.no_grad():
        cell.weight_ih.copy_(tensor([[0.5], [-0.8]]))
        cell.weight_hh.copy_(tensor([[0.3, -0.2], [0.7, 0.1]]))
        cell.bias_ih.copy_(tensor([0.1, -0.1]))
        cell.bias_hh.zero_()
    state = torch.zeros(2, dtype=torch.float64)
    states = []
    for x in (1.0, -0.5, 0.25):
        state = cell(torch.tensor([x], dtype=torch.float64), state)
        states.append(state.tolist())
    state.sum().backward()
    rows = zip(cell.weight_ih.grad, cell.weight_hh.grad, cell.bias_ih.grad, strict=True)
    return [states, [[*w.tolist(), *u.tolist(), b.item()] for w, u, b in rows]]


def record():
    """All answers."""
    return {
        "torch": torch.__version__,
        "rosenbrock": {
            name: trajectory(kind, settings, START, rosenbrock)
            for name, (kind, settings, _) in OPTIMIZERS.items()
        },
        "network": {
            name: trajectory(kind, settings, WEIGHTS, network_error)
            for name, (kind, _, settings) in OPTIMIZERS.items()
        },
        "schedules": {case: rates_of(case) for case in SCHEDULES},
        "losses": {
            name: {kind: loss_and_gradient(name, kind) for kind in reductions(function)}
            for name, (function, *_) in LOSSES.items()
        },
        "clip": {str(norm): clipped([3.0, -4.0, 12.0], norm) for norm in (0.5, 13.0, 20.0)},
        "recurrent": recurrent_gradient(),
    }


def short(answers):
    """The same with 15 digits, of which the tests compare 12."""
    if isinstance(answers, dict):
        return {name: short(each) for name, each in answers.items()}
    if isinstance(answers, list):
        return [short(each) for each in answers]
    if not isinstance(answers, float):
        return answers
    return int(answers) if answers.is_integer() else float(f"{answers:.15g}")


if __name__ == "__main__":
    answers = record()
    # Of 50 steps, and of 100 epochs, some say enough.
    for case, rates in answers["schedules"].items():
        answers["schedules"][case] = [rates[epoch] for epoch in EPOCHS_SHOWN]
    answers["rosenbrock"] = {
        name: [p[t] for t in SHOWN] for name, p in answers["rosenbrock"].items()
    }
    answers["network"] = {name: [p[0], p[9], p[49]] for name, p in answers["network"].items()}
    text = json.dumps(short(answers), separators=(",", ":"))
    FILE.write_text(text + "\n", encoding="utf-8")
