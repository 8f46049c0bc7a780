"""What is wrong inside a network that does not learn.

Holds: the gradient's norm by layer (`gradient_norms`), the neurons that are dead (`dead_relus`) or
saturated (`saturation`), `diagnose`, which puts them in a table with advice, and `Watch`, which
does so while `fit` runs.

May import: autodiff, checks, models; of its room history.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

from autodiff import Value, no_grad
from nn.checks import check_cases, whole
from nn.models.modes import evaluation
from nn.models.module import Module
from nn.train.history import Epoch

# From which size on something is called a problem; dimensionless.
VANISHING = 1e-3  # gradient of a layer over that of the layer with the largest, per parameter
EXPLODING = 1e3  # norm of a layer's gradient
TOO_MANY = 0.5  # share of dead or saturated neurons of a layer


class TrainingWarning(UserWarning):
    """Something inside a network keeps it from learning; the text says what to try."""


def layer_parameters(model: Any) -> dict[str, list[Value]]:
    """The parameters of each layer, in order; a model without `.layers` is one layer, "model".

    >>> from nn import MLP
    >>> {name: len(values) for name, values in layer_parameters(MLP(2, [3, 1], seed=0)).items()}
    {'layer0': 9, 'layer1': 4}
    """
    layers = {
        f"layer{i}": layer.parameters()
        for i, layer in enumerate(getattr(model, "layers", []))
        if isinstance(layer, Module)
    }
    layers = {name: values for name, values in layers.items() if values}
    return layers or {"model": model.parameters()}


def gradient_norms(model: Module) -> dict[str, float]:
    """The Euclidean norm of each layer's gradient, as the last `backward` left it.

    |g| = sqrt(sum of (dL/dp)^2 over the layer's parameters p), in units of the loss per parameter.

    Args:
        model: A model after `loss.backward()`.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> model([2.0]).backward()
    >>> print({name: round(norm, 6) for name, norm in gradient_norms(model).items()})
    {'layer0': 2.236068}
    """
    return {name: hypot(*[p.grad for p in ps]) for name, ps in layer_parameters(model).items()}


def dead_relus(model: Module, X: Any) -> dict[str, list[int]]:
    """The relu neurons of each layer that answer 0 to every row: no gradient reaches them.

    Args:
        model: An `MLP`, or whatever has `.layers` that are called one after the other.
        X: The rows.

    Returns:
        Layer to the numbers of its dead neurons; only layers with relu appear.

    >>> from nn import MLP
    >>> model = MLP(1, [2, 1], activation="relu", seed=0)
    >>> for neuron, weight in zip(model.layers[0].neurons, (1.0, -1.0)):
    ...     neuron.w[0].data = weight
    >>> dead_relus(model, [[1.0], [2.0]])
    {'layer0': [1]}
    """
    return {
        name: [j for j in range(len(outputs[0])) if all(row[j] == 0.0 for row in outputs)]
        for name, activation, outputs in _layer_outputs(model, X)
        if activation == "relu"
    }


def saturation(model: Module, X: Any) -> dict[str, float]:
    """The share of a layer's outputs where phi is flat: its slope below 5 % of the steepest.

    That is |o| > .975 for tanh, and o below .0127 or above .9873 for sigmoid.

    Args:
        model: An `MLP`, or whatever has `.layers` that are called one after the other.
        X: The rows.

    Returns:
        Layer to a share from 0 to 1; only layers with tanh or sigmoid appear.

    >>> from nn import MLP
    >>> model = MLP(1, [1, 1], seed=0)
    >>> model.layers[0].neurons[0].w[0].data = 5.0
    >>> saturation(model, [[0.0], [1.0]])
    {'layer0': 0.5}
    """
    slopes = {"tanh": lambda o: 1.0 - o * o, "sigmoid": lambda o: 4.0 * o * (1.0 - o)}
    shares = {}
    for name, activation, outputs in _layer_outputs(model, X):
        if activation in slopes:
            flat = [slopes[activation](o) < 0.05 for row in outputs for o in row]
            shares[name] = sum(flat) / len(flat)
    return shares


def _layer_outputs(model: Any, X: Any) -> list[tuple[str, Any, list[list[float]]]]:
    """For each layer its name, its activation, and its outputs for every row."""
    rows: list[Any] = check_cases(X, getattr(model, "n_in", None))
    if not getattr(model, "layers", None):
        raise TypeError(f"a {type(model).__name__} has no .layers to look into")
    found = []
    with no_grad(), evaluation():
        for i, layer in enumerate(model.layers):
            outputs = [layer(row) for row in rows]
            listed = [o if isinstance(o, list) else [o] for o in outputs]
            rows = [[o.data if isinstance(o, Value) else o for o in row] for row in listed]
            found.append((f"layer{i}", getattr(layer, "activation", None), rows))
    return found


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes:
        gradients: Layer to the norm of its gradient.
        dead: Layer to the share of its relu neurons that are dead.
        saturated: Layer to the share of its outputs that are saturated.
        warnings: A sentence for each problem, with what to try; empty if there is none.
    """

    gradients: dict[str, float]
    dead: dict[str, float]
    saturated: dict[str, float]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{'layer':<10}{'gradient norm':>15}{'dead':>8}{'saturated':>11}"]
        for name, norm in self.gradients.items():
            dead = f"{self.dead[name]:.0%}" if name in self.dead else "-"
            saturated = f"{self.saturated[name]:.0%}" if name in self.saturated else "-"
            lines.append(f"{name:<10}{norm:>15.3g}{dead:>8}{saturated:>11}")
        return "\n".join([*lines, *(self.warnings or ("no problem found",))])


def diagnose(model: Module, X: Any) -> Diagnosis:
    """Gradients, dead and saturated neurons by layer, and what to try if something is wrong.

    Args:
        model: A model after a `backward`, or after `fit`, whose last gradients it still has.
        X: Rows to look at the neurons with; the training cases, or some of them.

    Returns:
        The numbers, and a sentence for each problem; printed, it is a table.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> model([2.0]).backward()
    >>> print(diagnose(model, [[2.0]]))
    layer       gradient norm    dead  saturated
    layer0               2.24       -          -
    no problem found
    """
    gradients = gradient_norms(model)
    widths = {name: len(outputs[0]) for name, _, outputs in _layer_outputs(model, X)}
    dead = {name: len(units) / widths[name] for name, units in dead_relus(model, X).items()}
    saturated = saturation(model, X)
    # Behind a layer that is dead altogether the gradient is 0: no second sentence on that.
    alive = not any(share == 1.0 for share in dead.values())
    found = [
        *_about_gradients(gradients, layer_parameters(model) if alive else {}),
        *[
            f"{share:.0%} of the neurons of {name} are dead: try a smaller learning rate, "
            "init='he_uniform', or activation='leaky_relu'"
            for name, share in dead.items()
            if share > TOO_MANY
        ],
        *[
            f"{share:.0%} of the outputs of {name} are saturated: try standardised inputs, smaller "
            "initial weights (init='glorot_uniform'), or a smaller learning rate"
            for name, share in saturated.items()
            if share > TOO_MANY
        ],
    ]
    return Diagnosis(gradients, dead, saturated, tuple(found))


def _about_gradients(gradients: dict[str, float], layers: dict[str, list[Value]]) -> list[str]:
    """A sentence if the gradient vanishes between these layers, and one if it explodes."""
    found = []
    sizes = {name: gradients[name] / sqrt(len(layer)) for name, layer in layers.items()}
    largest = max(sizes, key=sizes.__getitem__, default="")
    smallest = min(sizes, key=sizes.__getitem__, default="")
    if sizes and sizes[smallest] < VANISHING * sizes[largest]:
        ratio = sizes[smallest] / sizes[largest]
        found.append(
            f"the gradient vanishes: that of {smallest} is {ratio:.0e} times that of {largest} per "
            "parameter: try activation='relu' with init='he_uniform', init='glorot_uniform' with "
            "tanh, or fewer layers"
        )
    if not max(gradients.values()) < EXPLODING:
        name = max(gradients, key=gradients.__getitem__)
        found.append(
            f"the gradient explodes: its norm in {name} is {gradients[name]:.3g}: try "
            "clip_norm=1.0, a smaller learning rate, or smaller initial weights"
        )
    return found


class Watch:
    """A callback of `fit` that looks inside the model, and warns once about each problem.

    Args:
        X: Rows to look at the neurons with.
        every: Epochs between two looks, at least 1.

    Attributes:
        found: `(epoch, diagnosis)` of every look.

    A problem is a `TrainingWarning`, whose text says what to try.

    >>> from nn import MLP, fit, xor
    >>> watch = Watch(xor().X, every=5)
    >>> history = fit(MLP(2, [3, 1], seed=0), xor().X, xor().y, epochs=10, callbacks=[watch],
    ...     progress=False)
    >>> [epoch for epoch, _ in watch.found]
    [5, 10]
    """

    def __init__(self, X: Sequence[Any], every: int = 1) -> None:
        self.X, self.every = check_cases(X, None), whole("every", every, wanted="at least 1 epoch")
        self.found: list[tuple[int, Diagnosis]] = []
        self._told: set[str] = set()

    def __call__(self, epoch: Epoch) -> None:
        """Looks, if it is time."""
        if epoch.number % self.every:
            return
        diagnosis = diagnose(epoch.model, self.X)
        self.found.append((epoch.number, diagnosis))
        for sentence in diagnosis.warnings:
            topic = sentence.partition(":")[0].lstrip("0123456789% ")
            if topic not in self._told:
                self._told.add(topic)
                warnings.warn(f"epoch {epoch.number}: {sentence}", TrainingWarning, stacklevel=2)
