"""What we and PyTorch are both asked: starts, settings, and cases."""

STEPS = 50
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
SCHEDULES = {
    "ConstantLR": {"factor": 0.25, "total_iters": 4},
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 7, "eta_min": 0.01},
}
# Scores near and far from 0, and what they are compared with: (function, predictions, targets).
SCORES = [-40.0, -2.5, -0.3, 0.0, 0.7, 1.0, 30.0]
LOSSES = {
    "mse_loss": (SCORES, [1.0, -2.0, 0.5, 0.0, 0.7, 3.0, 29.5]),
    "l1_loss": (SCORES, [1.0, -2.0, 0.5, 0.0, 0.7, 3.0, 29.5]),
    "huber_loss": (SCORES, [1.0, -2.0, 0.5, 0.0, 0.7, 2.0, 29.5]),
    "binary_cross_entropy": (
        [0.001, 0.2, 0.5, 0.7, 0.9, 0.999],
        [0.0, 1.0, 0.25, 0.0, 0.5, 1.0],
    ),
    "binary_cross_entropy_with_logits": (SCORES, [1.0, 0.0, 0.25, 1.0, 0.5, 0.0, 0.0]),
    "cross_entropy": (
        [[0.1, -2.0, 30.0], [1.0, 1.0, 1.0], [-500.0, 0.0, 2.0]],
        [2, 0, 1],
    ),
    "cross_entropy probabilities": (
        [[0.1, -2.0, 30.0], [1.0, 1.0, 1.0], [-500.0, 0.0, 2.0]],
        [[0.0, 0.5, 0.5], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]],
    ),
}
