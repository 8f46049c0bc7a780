"""Losses with random options on random data: whatever PyTorch, where it is installed, answers."""

import random
import warnings

import pytest

import autodiff
import nn
from tests.nn.test_losses import agree, flat, gradients, numbers, values

torch = pytest.importorskip("torch")
LOSSES = (
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div",
)  # fmt: skip


def program(name, source):
    """Predictions, targets and options of one call."""

    def rows(low, high):
        # A tenth of the numbers are whole, so that ties, zeros and bounds occur.
        return [[number(low, high) for _ in range(width)] for _ in range(n)]

    def number(low, high):
        x = source.uniform(low, high)
        return float(round(x)) if source.random() < 0.1 else x

    def maybe(**options):
        return {k: make() for k, make in options.items() if source.random() < 0.5}

    n, width = source.randint(1, 4), source.randint(1, 4)
    scale = source.choice([0.1, 3.0, 50.0, 800.0])
    y, t = rows(-scale, scale), rows(-scale, scale)
    positive = lambda: rows(0.0, 3.0)  # noqa: E731
    if name in ("mse_loss", "l1_loss"):
        return y, t, maybe(weight=lambda: [[x + 0.1 for x in row] for row in positive()])
    if name == "huber_loss":
        return y, t, maybe(weight=positive, delta=lambda: source.choice([0.5, 1.0, 30.0]))
    if name == "smooth_l1_loss":
        return y, t, maybe(beta=lambda: source.choice([0.0, 0.5, 1.0, 30.0]))
    if name == "binary_cross_entropy":
        inside = [[0.01 + 0.98 * x for x in row] for row in rows(0.0, 1.0)]
        return (
            inside,
            rows(0.0, 1.0),
            maybe(weight=lambda: source.choice([positive(), positive()[0]])),
        )
    if name == "binary_cross_entropy_with_logits":
        options = maybe(
            weight=lambda: source.choice([positive(), positive()[0]]),
            pos_weight=lambda: source.choice([positive(), positive()[0]]),
        )
        return y, rows(0.0, 1.0), options
    if name == "kl_div":
        log_target = source.random() < 0.5
        targets = rows(-3.0, 0.0) if log_target else rows(0.0, 1.0)
        return rows(-scale, 0.0), targets, {"log_target": log_target}
    classes = [source.randrange(width) for _ in range(n)]
    options = maybe(weight=lambda: [x + 0.1 for x in positive()[0]])
    if name == "cross_entropy":
        options |= maybe(label_smoothing=source.random)
        if source.random() < 0.4:
            return y, rows(0.0, 1.0), options
    options |= maybe(ignore_index=lambda: source.randrange(-1, width))
    if all(k == options.get("ignore_index") for k in classes):  # a mean of nothing
        del options["ignore_index"]
    return y, classes, options


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_with_random_options_is_pytorchs(name):
    for seed in range(40):
        source = random.Random(f"{name} {seed}")
        predictions, targets, options = program(name, source)
        reductions = ["none", "mean", "sum"] + ["batchmean"] * (name == "kl_div")
        reduction = source.choice(reductions)
        given = values(predictions)
        loss = getattr(nn, name)(given, targets, reduction=reduction, **options)
        several = flat(loss)
        autodiff.dot(several, [float(i + 1) for i in range(len(several))]).backward()
        # A probability is known to an ulp of the scores it comes from.
        largest = max([1.0, *map(abs, flat(predictions))])
        agree(
            [numbers(loss), gradients(given)],
            theirs(name, predictions, targets, options, reduction),
            absolute=4e-15 * largest,
        )


def theirs(name, predictions, targets, options, reduction):
    """PyTorch's loss and gradient."""
    y = torch.tensor(predictions, dtype=torch.float64, requires_grad=True)
    kind = torch.int64 if isinstance(targets[0], int) else torch.float64
    options = {
        k: torch.tensor(x, dtype=torch.float64) if "weight" in k else x for k, x in options.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss = getattr(torch.nn.functional, name)(
            y, torch.tensor(targets, dtype=kind), reduction=reduction, **options
        )
    sum((i + 1) * each for i, each in enumerate(loss.flatten())).backward()
    return [loss.tolist(), y.grad.tolist()]
