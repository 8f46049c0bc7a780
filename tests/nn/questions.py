"""What we and PyTorch are both asked: starts, settings, and cases."""

import random
from math import log, prod

STEPS = 50
# The steps on Rosenbrock's valley whose parameters are recorded.
SHOWN = [0, 1, 2, 4, 9, 19, 29, 39, 49]
START = (-1.2, 1.0)
XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
# A 2-3-1 tanh network: hidden neurons (w0, w1, b), then the output neuron (w0, w1, w2, b).
WEIGHTS = [0.5, -0.4, 0.1, -0.3, 0.8, -0.2, 0.7, 0.6, 0.0, 0.9, -0.7, 0.4, 0.05]

# name -> (optimizer, settings on Rosenbrock's valley, settings on the network)
OPTIMIZERS = {
    "SGD": ("SGD", {}, {}),
    "SGD momentum": ("SGD", {"lr": 2e-4, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9}),
    "SGD dampening": (
        "SGD",
        {"lr": 5e-4, "momentum": 0.8, "dampening": 0.3},
        {"lr": 0.2, "momentum": 0.8, "dampening": 0.3},
    ),
    "SGD Nesterov": (
        "SGD",
        {"lr": 2e-4, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    "Adagrad": ("Adagrad", {}, {}),
    "Adagrad decay": (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.5, "weight_decay": 0.01},
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.5, "weight_decay": 0.01},
    ),
    "RMSprop": ("RMSprop", {}, {}),
    "RMSprop centered": (
        "RMSprop",
        {"lr": 1e-3, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
        {"lr": 1e-3, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    ),
    "Adam": ("Adam", {}, {}),
    "Adam decay": (
        "Adam",
        {"lr": 0.05, "betas": [0.8, 0.99], "weight_decay": 0.01},
        {"lr": 0.05, "betas": [0.8, 0.99], "weight_decay": 0.01},
    ),
    "Adam AMSGrad": ("Adam", {"lr": 0.05, "amsgrad": True}, {"lr": 0.05, "amsgrad": True}),
    "AdamW": ("AdamW", {}, {}),
    "AdamW decay": (
        "AdamW",
        {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True},
        {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True},
    ),
}


def everywhere(kind, **settings):
    """The same settings on both."""
    return (kind, settings, settings)


# With `maximize` the error is negated, so that climbing goes the same way.
OPTIMIZERS |= {
    "SGD maximize": (
        "SGD",
        {"lr": 2e-4, "momentum": 0.9, "weight_decay": 0.02, "maximize": True},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.02, "maximize": True},
    ),
    "Adagrad maximize": everywhere("Adagrad", lr=0.05, weight_decay=0.02, maximize=True),
    "RMSprop maximize": everywhere("RMSprop", lr=0.01, weight_decay=0.02, maximize=True),
    "Adam maximize": everywhere("Adam", lr=0.05, weight_decay=0.02, maximize=True),
    "Adam decoupled": everywhere(
        "Adam", lr=0.05, weight_decay=0.02, decoupled_weight_decay=True, amsgrad=True
    ),
    "AdamW maximize": everywhere("AdamW", lr=0.05, maximize=True),
    "Rprop": everywhere("Rprop"),
    "Rprop maximize": everywhere(
        "Rprop", lr=0.003, etas=[0.4, 1.3], step_sizes=[1e-4, 0.1], maximize=True
    ),
    "Adadelta": everywhere("Adadelta"),
    "Adadelta maximize": everywhere(
        "Adadelta", lr=2.0, rho=0.8, eps=1e-4, weight_decay=0.02, maximize=True
    ),
    "Adamax": everywhere("Adamax"),
    "Adamax maximize": everywhere(
        "Adamax", lr=0.05, betas=[0.8, 0.95], eps=1e-3, weight_decay=0.02, maximize=True
    ),
    "NAdam": everywhere("NAdam"),
    "NAdam decay": everywhere(
        "NAdam", lr=0.005, betas=[0.8, 0.95], momentum_decay=0.1, weight_decay=0.02, maximize=True
    ),
    "NAdam decoupled": everywhere(
        "NAdam", lr=0.005, weight_decay=0.1, decoupled_weight_decay=True, momentum_decay=0.0
    ),
    "RAdam": everywhere("RAdam"),
    "RAdam decay": everywhere(
        "RAdam", lr=2e-4, betas=[0.8, 0.95], eps=1e-3, weight_decay=0.02, maximize=True
    ),
    "RAdam decoupled": everywhere(
        "RAdam", lr=1e-3, weight_decay=5.0, decoupled_weight_decay=True, betas=[0.5, 0.8]
    ),
}
EPOCHS = 100
# The epochs whose learning rates are recorded.
EPOCHS_SHOWN = [*range(12), *range(12, 97, 3), 98, 99]
# What a schedule that watches the loss sees: it falls, stalls, rises, and falls again.
WATCHED = [
    round(abs(50.0 - t) / 25.0 + 0.02 * (t * t % 7) if t < 80 else 1.2, 6) for t in range(EPOCHS)
]
COSINE = ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01})
WARM = ("LinearLR", {"start_factor": 0.1, "total_iters": 8})
CYCLE = {"max_lr": 0.7, "total_steps": EPOCHS}
# name -> schedules that are all stepped each epoch; of OneCycleLR the momentum is watched too
SCHEDULES = {
    "ConstantLR": [("ConstantLR", {"factor": 0.25, "total_iters": 4})],
    "LinearLR": [("LinearLR", {})],
    "LinearLR down": [
        ("LinearLR", {"start_factor": 0.8, "end_factor": 0.05, "total_iters": 60})
    ],
    "StepLR": [("StepLR", {"step_size": 3, "gamma": 0.5})],
    "MultiStepLR": [("MultiStepLR", {"milestones": [40, 3, 40, 81], "gamma": 0.3})],
    "ExponentialLR": [("ExponentialLR", {"gamma": 0.9})],
    "CosineAnnealingLR": [COSINE],
    "chain": [("ExponentialLR", {"gamma": 0.97}), ("MultiStepLR", {"milestones": [30, 80]})],
    "chain of a warm-up": [WARM, ("StepLR", {"step_size": 9, "gamma": 0.7})],
    "chain of a wave": [("ConstantLR", {"total_iters": 12}), COSINE],
    "SequentialLR": [
        ("SequentialLR", {"schedulers": [WARM, COSINE], "milestones": [8]}),
    ],
    "SequentialLR of three": [
        (
            "SequentialLR",
            {
                "schedulers": [
                    ("ConstantLR", {}), ("ExponentialLR", {"gamma": 0.9}),
                    ("MultiStepLR", {"milestones": [0, 20]}),
                ],
                "milestones": [10, 50],
            },
        ),
    ],
    "OneCycleLR": [("OneCycleLR", CYCLE)],
    "OneCycleLR linear": [
        (
            "OneCycleLR",
            CYCLE | {"anneal_strategy": "linear", "three_phase": True, "pct_start": 0.23,
                     "base_momentum": 0.5, "div_factor": 10.0, "final_div_factor": 7.0},
        ),
    ],
    "OneCycleLR steps": [
        (
            "OneCycleLR",
            {"max_lr": 0.7, "epochs": 5, "steps_per_epoch": 20, "cycle_momentum": False,
             "pct_start": 0.0},
        ),
    ],
    "ReduceLROnPlateau": [("ReduceLROnPlateau", {"patience": 3, "factor": 0.5})],
    "ReduceLROnPlateau absolute": [
        (
            "ReduceLROnPlateau",
            {"patience": 0, "factor": 0.8, "threshold": 0.05, "threshold_mode": "abs",
             "cooldown": 4, "min_lr": 0.1},
        ),
    ],
    "ReduceLROnPlateau largest": [
        ("ReduceLROnPlateau", {"mode": "max", "factor": 0.3, "patience": 9, "eps": 0.004})
    ],
}  # fmt: skip
SCHEDULES["OneCycleLR of Adam"] = SCHEDULES["OneCycleLR"]


def learning_rates(case, optimizer, schedules, look):
    """The learning rate of each epoch, and what else `look` sees, from `schedules` of a module."""

    def made(kind, settings):
        inner = settings.get("schedulers")
        settings = settings | ({} if inner is None else {"schedulers": [made(*x) for x in inner]})
        return getattr(schedules, kind)(optimizer, **settings)

    chain, rates = [made(*each) for each in SCHEDULES[case]], []
    for loss in WATCHED:
        rates.append(look(optimizer))
        optimizer.step()
        for (kind, _), schedule in zip(SCHEDULES[case], chain, strict=True):
            schedule.step(*[loss] * (kind == "ReduceLROnPlateau"))
    return rates


# Scores near and far from 0, and targets for them.
SCORES = [-40.0, -2.5, -0.3, 0.0, 0.7, 1.0, 30.0]
NEAR = [1.0, -2.0, 0.5, 0.0, 0.7, 2.0, 29.5]
LOGITS = [[0.1, -2.0, 30.0], [1.0, 1.0, 1.0], [-500.0, 0.0, 2.0]]
CERTAIN = [[0.0, 0.5, 0.5], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]]


def some(seed, low, high, *shape):
    """A row, or rows, of random numbers of three digits."""
    source = random.Random(seed)
    numbers = [round(low + (high - low) * source.random(), 3) for _ in range(prod(shape))]
    if len(shape) == 1:
        return numbers
    return [numbers[i : i + shape[1]] for i in range(0, len(numbers), shape[1])]


def probabilities(seed, n, classes):
    """Rows that sum to 1, with zeros here and there."""
    rows = [[max(0.0, x) for x in row] for row in some(seed, -0.3, 1.0, n, classes)]
    rows = [row if any(row) else [1.0] * classes for row in rows]
    return [[x / sum(row) for x in row] for row in rows]


Y, T = some(1, -3.0, 3.0, 4, 3), some(2, -3.0, 3.0, 4, 3)
P, Q = some(3, 0.0, 1.0, 4, 3), some(4, 0.0, 1.0, 4, 3)
LOGS = [[log(q) for q in row] for row in some(5, 0.01, 1.0, 4, 3)]
W, W3 = some(6, 0.1, 3.0, 4, 3), [0.5, 0.0, 2.25]
CLASSES, SHARES = [2, 0, 0, 1], probabilities(7, 4, 3)
SOMETIMES = [2, -100, 0, -100]
SURE = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
# A class and a row of probabilities, with each option alone and all together.
CROSS = {
    f"cross_entropy {what} {' '.join(options)}": ("cross_entropy", Y, targets, options)
    for what, targets in (("class", CLASSES), ("row", SHARES))
    for options in (
        {}, {"weight": [0.5, 3.0, 1.25]}, {"label_smoothing": 0.1},
        {"weight": W3, "label_smoothing": 0.3}, {"label_smoothing": 1.0},
    )
}  # fmt: skip

# name -> (function, predictions, targets, options)
LOSSES = CROSS | {
    "mse_loss": ("mse_loss", SCORES, NEAR, {}),
    "mse_loss rows": ("mse_loss", Y, T, {}),
    "mse_loss weight": ("mse_loss", Y, T, {"weight": W}),
    "mse_loss one": ("mse_loss", 0.3, -1.0, {}),
    "l1_loss": ("l1_loss", SCORES, NEAR, {}),
    "l1_loss weight": ("l1_loss", Y, T, {"weight": W}),
    "huber_loss": ("huber_loss", SCORES, NEAR, {}),
    "huber_loss delta": ("huber_loss", Y, T, {"delta": 0.4}),
    "huber_loss weight": ("huber_loss", Y, T, {"weight": W, "delta": 2.0}),
    "smooth_l1_loss": ("smooth_l1_loss", SCORES, NEAR, {}),
    "smooth_l1_loss beta": ("smooth_l1_loss", Y, T, {"beta": 0.4}),
    "smooth_l1_loss edge": ("smooth_l1_loss", [0.5, -0.5, 0.0], [0.0, 0.0, 0.0], {"beta": 0.5}),
    "smooth_l1_loss 0": ("smooth_l1_loss", SCORES, NEAR, {"beta": 0.0}),
    "binary_cross_entropy": (
        "binary_cross_entropy",
        [0.001, 0.2, 0.5, 0.7, 0.9, 0.999], [0.0, 1.0, 0.25, 0.0, 0.5, 1.0], {},
    ),
    "binary_cross_entropy weight": ("binary_cross_entropy", P, Q, {"weight": W}),
    "binary_cross_entropy outputs": ("binary_cross_entropy", P, SURE, {"weight": W3}),
    "binary_cross_entropy_with_logits": (
        "binary_cross_entropy_with_logits", SCORES, [1.0, 0.0, 0.25, 1.0, 0.5, 0.0, 0.0], {},
    ),
    "binary_cross_entropy_with_logits pos_weight": (
        "binary_cross_entropy_with_logits", Y, Q, {"pos_weight": [0.5, 1.0, 7.0]},
    ),
    "binary_cross_entropy_with_logits positive": (
        "binary_cross_entropy_with_logits", [-800.0, -1.0, 0.0, 700.0], [1.0, 0.0, 1.0, 1.0],
        {"pos_weight": 3.5},
    ),
    "binary_cross_entropy_with_logits both": (
        "binary_cross_entropy_with_logits", Y, SURE, {"pos_weight": W3, "weight": W},
    ),
    "cross_entropy": ("cross_entropy", LOGITS, [2, 0, 1], {}),
    "cross_entropy probabilities": ("cross_entropy", LOGITS, CERTAIN, {}),
    "cross_entropy far": ("cross_entropy", LOGITS, [2, 0, 1], {"label_smoothing": 0.2}),
    "cross_entropy one": ("cross_entropy", [0.3, -1.0, 2.0], 1, {"weight": [2.0, 0.25, 1.0]}),
    "cross_entropy ignored": ("cross_entropy", Y, SOMETIMES, {}),
    "cross_entropy index": (
        "cross_entropy", Y, CLASSES,
        {"ignore_index": 0, "weight": [9.0, 0.5, 3.0], "label_smoothing": 0.15},
    ),
    "nll_loss": ("nll_loss", LOGS, CLASSES, {}),
    "nll_loss weight": ("nll_loss", LOGS, CLASSES, {"weight": [0.5, 3.0, 1.25]}),
    "nll_loss ignored": ("nll_loss", Y, SOMETIMES, {"weight": [0.5, 3.0, 1.25]}),
    "nll_loss index": ("nll_loss", LOGS, CLASSES, {"ignore_index": 2}),
    "kl_div": ("kl_div", LOGS, SHARES, {}),
    "kl_div flat": ("kl_div", [-0.1, -3.0, -700.0], [0.0, 0.25, 1.0], {}),
    "kl_div log": ("kl_div", LOGS, [[-0.5, -2.0, -40.0]] * 4, {"log_target": True}),
}  # fmt: skip


def reductions(function):
    """What a loss may be reduced by."""
    return ("none", "mean", "sum") + (("batchmean",) if function == "kl_div" else ())
