"""Neurons, layers and networks.

Holds: `Neuron`, `Layer`, `MLP`, `Sequential`.

May import: autodiff, chance; of its room activations, initialise, module.  Never trains.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ParamSpec

from autodiff import Value, dot, scope
from nn.chance import generator
from nn.models.activations import (
    ACTIVATIONS,
    JOINT,
    Activation,
    activation_name,
    known_activation,
)  # fmt: skip
from nn.models.initialise import Initialiser, known_initialiser
from nn.models.module import Module, one_example

_Settings = ParamSpec("_Settings")
# What micrograd calls the arguments, and how they are written here.
_MICROGRADS = {
    "nin": "the number of inputs first",
    "nout": "n_out=",
    "nouts": "the widths second, as one list",
    "nonlin": "activation=None for a linear one",
}

_MOST_WEIGHTS = 10_000_000

# How many levels of Sequentials in one another a text shows.
_SHOWN = 4


def width(n: Any, what: str) -> int:
    """`n` as a number of inputs or neurons, or an error."""
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"{what} is a whole number, not {n!r}")
    if n.__index__() < 1:
        raise ValueError(f"{what} is at least 1, not {n}")
    return int(n)


def _told(init: Callable[_Settings, None]) -> Callable[_Settings, None]:
    """`init`, which tells who gives it micrograd's arguments what to write."""

    @functools.wraps(init)
    def told(*args: _Settings.args, **named: _Settings.kwargs) -> None:
        for name in [each for each in named if each in _MICROGRADS]:
            kind = type(args[0]).__name__
            raise TypeError(
                f"{kind} has no {name}=: write {_MICROGRADS[name]}, or take micrograd's own {kind} "
                f"(relu, its initial weights) with `from nn.micrograd import {kind}`"
            )
        init(*args, **named)

    return told


def check_size(sizes: Sequence[int]) -> None:
    """Refuses layers of these widths, one after the other, that would fill any memory.

    Raises:
        ValueError: If they have more than 10,000,000 weights: each is a Value of 200 bytes.
    """
    weights = sum(a * b for a, b in pairwise(sizes))
    if weights > _MOST_WEIGHTS:
        raise ValueError(
            f"widths of {' -> '.join(map(str, sizes))} make {weights:,} weights, each a Value; "
            f"at most {_MOST_WEIGHTS:,} fit into a usual memory"
        )


class Neuron(Module):
    """One unit: net = w0 x0 + w1 x1 + ... + b, then o = phi(net).

    The weighted sum is a single `dot` node.

    Args:
        n_in: Number of inputs.
        activation: The name of phi, a function of one Value, or None for a linear unit.
        init: Initial weights: a name of `INITIALISERS`, or `uniform(bound)`.
        seed: Of the initial weights; see `generator`.
        name: The scope of its nodes, for pictures.
        n_out: Width of the layer it stands in, which Glorot's initialisation asks for.

    Attributes:
        w: The weights, labelled w0, w1, ...
        b: The bias.

    Raises:
        TypeError, ValueError: On a wrong width or an unknown name; when called, on an input that
            is not one list of `n_in` numbers.

    >>> neuron = Neuron(2, activation=None, seed=0)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 3.0, -1.0, 0.5
    >>> neuron([2.0, 4.0]).data
    2.5
    """

    @_told
    def __init__(
        self,
        n_in: int,
        activation: Activation = "tanh",
        init: str | Initialiser | None = None,
        seed: int | random.Random | None = None,
        name: str = "neuron0",
        n_out: int = 1,
    ) -> None:
        self.n_in = width(n_in, "the number of inputs")
        check_size([self.n_in, 1])
        self.activation = known_activation(activation)
        self.name = name
        initialiser = known_initialiser(init, self.activation)
        source = seed if isinstance(seed, random.Random) else generator(seed)[1]
        with scope(name):
            self.w = [
                Value(initialiser.draw(self.n_in, n_out, source), label=f"w{i}")
                for i in range(self.n_in)
            ]
            bias = initialiser.draw(self.n_in, n_out, source) if initialiser.biases else 0.0
            self.b = Value(bias, label="b")

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation, as micrograd's neurons tell."""
        return self.activation is not None

    @nonlin.setter
    def nonlin(self, nonlin: bool) -> None:
        raise AttributeError(f"write neuron.activation = {'relu' if nonlin else None!r}")

    def forward(self, x: list[Any]) -> Value:
        """The output for an input that has been checked."""
        with scope(self.name):
            net = dot(self.w, x) + self.b
            net.label = "net"
            activation = self.activation
            if activation is None:
                return net  # type: ignore[no-any-return]
            phi = ACTIVATIONS[activation] if isinstance(activation, str) else activation
            output = phi(net)
            output.label = "o"
            return output  # type: ignore[no-any-return]

    def __call__(self, *inputs: Any) -> Value:
        """The output for one list of `n_in` numbers or Values."""
        return self.forward(one_example(self, inputs))

    def __repr__(self) -> str:
        return f"Neuron({self.n_in}, {activation_name(self.activation)})"


class Layer(Module):
    """Neurons side by side, each connected to all inputs.

    Args:
        n_in: Number of inputs.
        n_out: Number of neurons, and outputs.
        activation: As of `Neuron`; "softmax" and "log_softmax" act on all outputs together.
        init: As of `Neuron`.
        seed: As of `Neuron`.
        name: The scope of its nodes, for pictures.

    Attributes:
        neurons: The neurons, in order.

    >>> layer = Layer(3, 2, activation="softmax", seed=0)
    >>> layer
    Layer(3 -> 2, softmax), 8 parameters
    >>> print(format(sum(layer([1.0, 0.0, -1.0])), ".6f"))
    1.000000
    """

    @_told
    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: Activation = "tanh",
        init: str | Initialiser | None = None,
        seed: int | random.Random | None = None,
        name: str = "layer0",
    ) -> None:
        n_out = width(n_out, "the number of neurons")
        self.n_in, self.n_out, self.name = width(n_in, "the number of inputs"), n_out, name
        check_size([self.n_in, n_out])
        self.activation = known_activation(activation, joint=True)
        self._joint = JOINT.get(activation) if isinstance(activation, str) else None
        init = known_initialiser(init, self.activation)
        source = seed if isinstance(seed, random.Random) else generator(seed)[1]
        each = None if self._joint else self.activation
        with scope(name):
            self.neurons = [self._neuron(f"neuron{i}", each, init, source) for i in range(n_out)]

    def _neuron(
        self, name: str, activation: Activation, init: Initialiser, source: random.Random
    ) -> Neuron:
        return Neuron(self.n_in, activation, init, source, name, self.n_out)

    def forward(self, x: list[Any]) -> list[Value]:
        """The outputs for an input that has been checked, always as a list."""
        with scope(self.name):
            outputs = [neuron.forward(x) for neuron in self.neurons]
            return self._joint(outputs) if self._joint else outputs

    def __call__(self, *inputs: Any) -> Any:
        """The outputs for one list of `n_in` numbers; a single output is a Value, not a list."""
        outputs = self.forward(one_example(self, inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        name, count = activation_name(self.activation), len(self.parameters())
        return f"Layer({self.n_in} -> {self.n_out}, {name}), {count} parameters"


class MLP(Module):
    """Multilayer perceptron: layers one after the other, the output of each the input of the next.

    tanh and Glorot's weights unless told otherwise; `nn.micrograd.MLP` has micrograd's relu and
    weights.

    Args:
        n_in: Number of inputs.
        widths: Number of neurons of each layer, the output layer last: `[16, 16, 1]`.
        *more: None; the widths are one list.
        activation: Of the hidden layers: a name, or a function of one Value.
        output_activation: Of the last layer; None leaves it linear.
        init: Initial weights: a name of `INITIALISERS` or `uniform(bound)`; None takes He's for
            rectifiers and Glorot's for the rest.
        seed: Of the initial weights; None takes one draw from Python's `random`.

    Attributes:
        layers: The layers, in order.
        widths: Number of neurons of each layer.
        seed: The seed that makes the same initial weights again.

    Raises:
        TypeError: If the widths are not one list; when called, if the input is not.
        ValueError: If a name is unknown or a width below 1; when called, if the input's width is
            not `n_in`.

    >>> model = MLP(3, [4, 4, 1], seed=0)
    >>> model
    MLP(3 -> 4 -> 4 -> 1, tanh, output linear), 41 parameters
      layer0: Layer(3 -> 4, tanh), 16 parameters
      layer1: Layer(4 -> 4, tanh), 20 parameters
      layer2: Layer(4 -> 1, linear), 5 parameters
    >>> loss = (model([2.0, 3.0, -1.0]) - 1.0) ** 2
    >>> loss.backward()
    >>> for p in model.parameters():
    ...     p.data -= 0.01 * p.grad
    """

    seed: int | None

    @_told
    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        *more: int,
        activation: Activation = "tanh",
        output_activation: Activation = None,
        init: str | Initialiser | None = None,
        seed: int | None = None,
    ) -> None:
        if more or not hasattr(widths, "__len__") or isinstance(widths, str):
            given = [widths, *more] if not hasattr(widths, "__len__") else [*widths, *more]
            raise TypeError(f"MLP: give the widths as one list, MLP({n_in}, {given})")
        if len(widths) == 0:
            raise ValueError(f"MLP needs at least one layer: MLP({n_in}, [1])")
        self.n_in = width(n_in, "the number of inputs")
        sizes = [self.n_in, *[width(n, "a layer's width") for n in widths]]
        check_size(sizes)
        activation = known_activation(activation)
        output_activation = known_activation(output_activation, joint=True)
        known_initialiser(init, activation)
        self.widths, self.n_out = sizes[1:], sizes[-1]
        self.activation, self.output_activation = activation, output_activation
        self.seed, source = generator(seed)
        last = len(sizes) - 2
        phis = [*[activation] * last, output_activation]
        self.layers = [
            self._layer(sizes[i], sizes[i + 1], phi, init, source, f"layer{i}")
            for i, phi in enumerate(phis)
        ]

    def _layer(
        self, n_in: int, n_out: int, activation: Activation, init: Any, source: Any, name: str
    ) -> Layer:
        return Layer(n_in, n_out, activation, init, source, name)

    def forward(self, x: list[Any]) -> list[Value]:
        """The outputs for an input that has been checked, always as a list."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def __call__(self, *inputs: Any) -> Any:
        """The outputs for one list of `n_in` numbers; a single output is a Value, not a list."""
        outputs = self.forward(one_example(self, inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        sizes = " -> ".join(map(str, [self.n_in, *self.widths]))
        first = (
            f"MLP({sizes}, {activation_name(self.activation)}, "
            f"output {activation_name(self.output_activation)}), "
            f"{len(self.parameters())} parameters"
        )
        return "\n".join([first, *[f"  {layer.name}: {layer}" for layer in self.layers]])


class Sequential(Module):
    """Modules and functions one after the other, list to list.

    Args:
        *modules: Modules, or functions of a list such as `autodiff.softmax`.

    >>> import autodiff
    >>> model = Sequential(Layer(2, 3, seed=0), autodiff.softmax)
    >>> len(model([1.0, -1.0]))
    3
    """

    def __init__(self, *modules: Callable[[Any], Any]) -> None:
        for module in modules:
            if not callable(module):
                raise TypeError(f"Sequential takes modules and functions, not {module!r}")
        if not modules:
            raise ValueError("Sequential needs at least one module")
        self.layers = list(modules)

    def __call__(self, *inputs: Any) -> Any:
        """The outputs for one list of numbers; a single output is a Value, not a list."""
        outputs: Any = inputs
        for i, module in enumerate(self.layers):
            with scope(f"{i}"):
                outputs = module(*outputs) if i == 0 else module(outputs)
            if isinstance(outputs, Value):
                outputs = [outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return self._text(_SHOWN)

    def _text(self, levels: int) -> str:
        """What it is made of, and those in it as many levels down."""
        lines = [f"Sequential, {len(self.parameters())} parameters"]
        module: Any
        for i, module in enumerate(self.layers):
            if isinstance(module, Sequential) and type(module).__repr__ is Sequential.__repr__:
                text = module._text(levels - 1) if levels else "Sequential, ..."
            else:
                text = str(getattr(module, "__name__", module))
            lines.append(f"{i}: {text}".replace("\n", "\n  "))
        return "\n  ".join(lines)
