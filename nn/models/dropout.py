"""Noise that keeps a network from relying on single units.

Holds: `Dropout`.

May import: autodiff, chance; of its room module.
"""

from __future__ import annotations

from typing import Any

from autodiff import Value
from nn.chance import generator
from nn.models.module import Module


class Dropout(Module):
    """In training mode each number is 0 with probability p, else x / (1 - p); in eval mode x.

    What comes out is on average what goes in, so that nothing need be scaled later.  Srivastava et
    al., JMLR 15, 2014, section 10 ("inverted").  A tape cannot repeat what is drawn anew: `fit`
    trains such a model with Values, and `history.engine` says so.

    Args:
        p: The probability, from 0 to 1.
        seed: Of its random numbers, which are its own; None takes one draw from Python's `random`.

    Attributes:
        p: The probability; assignable.
        seed: The seed that makes the same numbers again.
        source: The stream they are drawn from.

    Raises:
        TypeError, ValueError: If p or the seed makes no sense.

    >>> from nn import Layer, Sequential, predict
    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [0.0, 4.0, 6.0, 0.0]
    >>> model = Sequential(Layer(2, 8, seed=0), dropout, Layer(8, 1, None, seed=1))
    >>> predict(model, [[1.0, 2.0]]) == predict(model, [[1.0, 2.0]])  # in eval mode
    True
    """

    def __init__(self, p: float = 0.5, seed: int | None = None) -> None:
        if isinstance(p, (Value, bool)) or not isinstance(p, (int, float)):
            raise TypeError(f"p is a probability, a number from 0 to 1, not {p!r:.80}")
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p is a probability from 0 to 1, not {p}")
        self.p = float(p)
        self.seed, self.source = generator(seed)

    def __call__(self, x: Any) -> Any:
        """A list of numbers or Values, with noise in training mode; a single one likewise."""
        if isinstance(x, (Value, int, float)):
            return self([x])[0]
        if not self.training or self.p == 0.0:
            return list(x)
        scale = 0.0 if self.p == 1.0 else 1.0 / (1.0 - self.p)
        draw = self.source.random
        return [each * (0.0 if draw() < self.p else scale) for each in x]

    def __repr__(self) -> str:
        return f"Dropout(p={self.p:g})"
