"""A recurrent cell, and back-propagation through time.

Holds: `RNNCell`, which can be unrolled along a sequence.

May import: autodiff, chance; of its room activations, initialise, layers, module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff import Value, scope
from nn.chance import generator
from nn.models.activations import Activation, activation_name, known_activation
from nn.models.initialise import Initialiser, known_initialiser
from nn.models.layers import Neuron, check_size, width
from nn.models.module import Module, one_example


class RNNCell(Module):
    """Units that see the input and their own last outputs: h' = phi(W x + U h + b).

    Elman, "Finding structure in time", Cognitive Science 14, 1990.  PyTorch's cell of this name
    has two biases, of which only the sum matters.

    Args:
        n_in: Number of inputs x.
        n_hidden: Number of units, and of states h.
        activation: The name of phi, or a function of one Value.
        init: Initial weights, as of `Neuron`, for n_in + n_hidden inputs.
        seed: Of the initial weights.

    Attributes:
        neurons: The units; in `w` of each, the first `n_in` weights are its row of W, the rest
            its row of U.
        seed: The seed that makes the same initial weights again.

    Raises:
        TypeError, ValueError: On wrong widths or unknown names; when called, on inputs or states
            of another width.

    >>> cell = RNNCell(1, 2, seed=0)
    >>> len(cell.parameters())
    8
    >>> states = cell.unroll([[1.0], [0.0], [0.0]])  # what remains of an impulse
    >>> states[-1][0].backward()
    >>> any(p.grad != 0.0 for p in cell.parameters())
    True
    """

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        activation: Activation = "tanh",
        init: str | Initialiser | None = None,
        seed: int | None = None,
    ) -> None:
        self.n_in = width(n_in, "the number of inputs")
        self.n_hidden = width(n_hidden, "the number of units")
        check_size([self.n_in + self.n_hidden, self.n_hidden])
        self.activation = known_activation(activation)
        initialiser = known_initialiser(init, self.activation)
        self.seed, source = generator(seed)
        total = self.n_in + self.n_hidden
        with scope("cell"):
            self.neurons = [
                Neuron(total, self.activation, initialiser, source, f"neuron{i}", self.n_hidden)
                for i in range(self.n_hidden)
            ]

    def __call__(self, x: Any, h: Sequence[Any] | None = None) -> list[Value]:
        """The next states, from one list of inputs and the states before, 0.0 if left out."""
        x = one_example(self, (x,))
        states = [0.0] * self.n_hidden if h is None else list(h)
        if len(states) != self.n_hidden:
            raise ValueError(f"the cell has {self.n_hidden} states, but h has {len(states)}")
        with scope("cell"):
            return [neuron.forward(x + states) for neuron in self.neurons]

    def unroll(
        self, sequence: Sequence[Any], h: Sequence[Any] | None = None, truncate: int | None = None
    ) -> list[list[Value]]:
        """The states after each step of a sequence: one graph, through which gradients flow back.

        Args:
            sequence: One list of inputs per step, at least one.
            h: The states before the first step; 0.0 if left out.
            truncate: If given, the gradient flows back over at most this many steps: every
                `truncate` steps the states go on without their history.

        Returns:
            One list of states per step.

        Raises:
            ValueError: If the sequence is empty, or truncate is below 1.
        """
        if not len(sequence):
            raise ValueError("the sequence is empty: give at least one step")
        if truncate is not None and truncate < 1:
            raise ValueError(f"truncate is at least 1 step, not {truncate}")
        steps: list[list[Value]] = []
        for t, x in enumerate(sequence):
            if truncate is not None and t and t % truncate == 0:
                h = [state.detach() for state in steps[-1]]
            with scope(f"step{t}"):
                h = self(x, h)
            steps.append(h)
        return steps

    def __repr__(self) -> str:
        name, count = activation_name(self.activation), len(self.parameters())
        return f"RNNCell({self.n_in} -> {self.n_hidden}, {name}), {count} parameters"
