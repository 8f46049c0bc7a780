"""Neural networks of Values: modules, losses, optimizers, training, with PyTorch's names.

>>> from nn import MLP, accuracy, fit, moons
>>> data = moons(40, seed=0)
>>> model = MLP(2, [8, 1], seed=0)
>>> history = fit(model, data.X, data.y, loss="binary_cross_entropy_with_logits", epochs=60,
...     batch_size=None, progress=False)
>>> accuracy(model, data.X, data.y) > 0.8
True
"""

from nn.data.cases import Data, batches, one_hot, split, standardise
from nn.data.datasets import (
    breast_cancer,
    circles,
    diabetes,
    digits,
    encoder,
    iris,
    moons,
    parity,
    spirals,
    wine,
    xor,
)
from nn.data.historic import family_trees, mirror_symmetry
from nn.losses.entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    kl_div,
)
from nn.losses.errors import (
    half_squared_error,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
    squared_error,
)
from nn.losses.likelihood import cross_entropy, nll_loss
from nn.metrics.measures import accuracy, classify, mean_absolute_error, predict, r_squared
from nn.models.dropout import Dropout
from nn.models.initialise import Initialiser, uniform
from nn.models.layers import MLP, Layer, Neuron, Sequential
from nn.models.module import Module, parameters_to_vector, vector_to_parameters
from nn.models.recurrent import RNNCell
from nn.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam
from nn.optim.adaptive import Adadelta, Adagrad, RMSprop
from nn.optim.base import SGD, Optimizer
from nn.optim.classic import BlendedMomentum, Quickprop, Rprop, fan_in
from nn.optim.clip import clip_grad_norm_, clip_grad_value_
from nn.optim.minimize import Minimum, minimize
from nn.optim.phases import ConstantLR, LinearLR, OneCycleLR, SequentialLR
from nn.optim.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    InverseTimeLR,
    LambdaLR,
    MultiStepLR,
    Schedule,
    StepLR,
)
from nn.optim.watching import AdaptiveLR, ReduceLROnPlateau
from nn.persist.document import load, save
from nn.plot.pictures import (
    plot_decision,
    plot_gradient_flow,
    plot_history,
    plot_weights,
    save_figure,
)
from nn.train.diagnostics import (
    Diagnosis,
    TrainingWarning,
    Watch,
    dead_relus,
    diagnose,
    gradient_norms,
    saturation,
)
from nn.train.fit import fit
from nn.train.history import Epoch, History
from nn.train.stopping import AllCorrect, LossBelow, NoImprovement, Stop, TimeLimit

# Pictures know histories, and not the other way round.
History.plot = plot_history

__all__ = [
    # modules and initial weights
    "Module", "Neuron", "Layer", "MLP", "Sequential", "RNNCell", "Dropout", "Initialiser",
    "uniform", "parameters_to_vector", "vector_to_parameters",
    # losses
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "hinge_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div", "squared_error",
    "half_squared_error",
    # optimizers, clipping, schedules
    "Optimizer", "SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "Adamax", "NAdam",
    "RAdam", "BlendedMomentum", "Quickprop", "Rprop", "fan_in",
    "clip_grad_norm_", "clip_grad_value_", "Schedule", "ConstantLR", "LinearLR", "StepLR",
    "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "LambdaLR", "InverseTimeLR",
    "SequentialLR", "OneCycleLR", "ReduceLROnPlateau", "AdaptiveLR",
    # training and measuring
    "fit", "History", "Epoch", "Stop", "AllCorrect", "LossBelow", "NoImprovement", "TimeLimit",
    "predict", "classify", "accuracy", "r_squared", "mean_absolute_error", "minimize", "Minimum",
    # diagnostics
    "gradient_norms", "dead_relus", "saturation", "diagnose", "Diagnosis", "Watch",
    "TrainingWarning",
    # data
    "Data", "xor", "parity", "encoder", "moons", "circles", "spirals", "breast_cancer", "iris",
    "digits", "wine", "diabetes", "mirror_symmetry", "family_trees", "standardise", "one_hot",
    "split", "batches",
    # files and plots
    "save", "load", "plot_history", "plot_gradient_flow", "plot_decision", "plot_weights",
    "save_figure",
]  # fmt: skip
