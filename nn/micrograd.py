"""micrograd's own networks: its arguments and defaults, and its weights for the same seed.

Holds: `Neuron`, `Layer` and `MLP` as micrograd 0.1.0 has them, on ours; and `Module`, so that
`from micrograd.nn import MLP` becomes `from nn.micrograd import MLP` and nothing else changes.
Hidden layers have relu and the last one is linear; weights are drawn from [-1, 1] with Python's
own `random`, so that `random.seed(1337)` gives the weights that it gives there; biases start at 0.

May import: models.
"""

from __future__ import annotations

import random
from typing import Any

from nn.models import layers
from nn.models.module import Module

__all__ = ["MLP", "Layer", "Module", "Neuron"]


class Neuron(layers.Neuron):
    """relu(w0 x0 + w1 x1 + ... + b), or without relu.

    Args:
        nin: Number of inputs.
        nonlin: Whether relu is applied.
        name: The scope of its nodes, for pictures.

    >>> random.seed(1337)
    >>> Neuron(2), Neuron(2, nonlin=False)
    (ReLUNeuron(2), LinearNeuron(2))
    """

    def __init__(self, nin: int, nonlin: bool = True, name: str = "neuron0") -> None:
        super().__init__(nin, "relu" if nonlin else None, seed=0, name=name)
        for w in self.w:
            w.data = random.uniform(-1, 1)

    @property
    def nonlin(self) -> bool:
        """Whether relu is applied; assignable."""
        return self.activation is not None

    @nonlin.setter
    def nonlin(self, nonlin: bool) -> None:
        self.activation = "relu" if nonlin else None

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({self.n_in})"


class Layer(layers.Layer):
    """Neurons side by side, each connected to all inputs.

    Args:
        nin: Number of inputs.
        nout: Number of neurons.
        nonlin: As of `Neuron`.
        name: As of `Neuron`.
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True, name: str = "layer0") -> None:
        super().__init__(nin, nout, "relu" if nonlin else None, seed=0, name=name)

    def _neuron(self, name: str, activation: Any, *settings: Any) -> Neuron:
        return Neuron(self.n_in, activation is not None, name)

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(layers.MLP):
    """Layers one after the other, all but the last with relu.

    Args:
        nin: Number of inputs.
        nouts: Number of neurons of each layer.

    >>> random.seed(1337)
    >>> model = MLP(2, [1])
    >>> model, model.layers[0].neurons[0].w[0]
    (MLP of [Layer of [LinearNeuron(2)]], Value(data=0.23550571390294128, grad=0.0, label='w0'))
    """

    def __init__(self, nin: int, nouts: list[int]) -> None:
        super().__init__(nin, nouts, activation="relu", seed=0)
        self.seed = None  # it is the state of `random` that makes the same weights again

    def _layer(
        self, n_in: int, n_out: int, activation: Any, init: Any, source: Any, name: str
    ) -> Layer:
        return Layer(n_in, n_out, activation is not None, name)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
