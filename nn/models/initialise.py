"""Initial weights: small uniform, Glorot, He, LeCun.

Holds: `Initialiser`, the table `INITIALISERS` of the standard ones, and `uniform` to make one with
a bound of your own.

May import: the standard library.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Initialiser:
    """How the weights of a neuron start.

    Attributes:
        name: Its name.
        spread: From `(n_in, n_out)` of the layer to the bound a of a uniform distribution over
            [-a, a], or to the standard deviation of a normal one around 0.
        normal: Whether the distribution is normal.
        biases: Whether biases are drawn like weights; they start at 0.0 if not.
    """

    name: str
    spread: Callable[[int, int], float]
    normal: bool = False
    biases: bool = False

    def draw(self, n_in: int, n_out: int, source: random.Random) -> float:
        """One weight of a layer with `n_in` inputs and `n_out` neurons."""
        spread = self.spread(n_in, n_out)
        return source.gauss(0.0, spread) if self.normal else source.uniform(-spread, spread)


def uniform(bound: float = 0.1, biases: bool = True) -> Initialiser:
    """Weights and biases uniform in [-bound, bound], as in the papers of 1986.

    Args:
        bound: Positive, dimensionless.
        biases: Whether biases are drawn too.

    Raises:
        ValueError: If the bound is not a positive number.

    >>> uniform(0.3).spread(30, 16)
    0.3
    """
    if not 0.0 < bound < float("inf"):
        raise ValueError(f"the bound of uniform weights is a positive number, not {bound}")
    return Initialiser(f"uniform({bound})", lambda n_in, n_out: bound, biases=biases)


# Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks",
# AISTATS 2010, eq. 16: variance 2 / (n_in + n_out).  He et al., "Delving deep into rectifiers",
# ICCV 2015, eq. 10: variance 2 / n_in.  LeCun et al., "Efficient BackProp", 1998, eq. 16:
# variance 1 / n_in.  A uniform distribution over [-a, a] has the variance a * a / 3.
INITIALISERS = {
    made.name: made
    for made in (
        Initialiser("uniform", lambda n_in, n_out: 0.1, biases=True),
        Initialiser("glorot_uniform", lambda n_in, n_out: sqrt(6.0 / (n_in + n_out))),
        Initialiser("glorot_normal", lambda n_in, n_out: sqrt(2.0 / (n_in + n_out)), normal=True),
        Initialiser("he_uniform", lambda n_in, n_out: sqrt(6.0 / n_in)),
        Initialiser("he_normal", lambda n_in, n_out: sqrt(2.0 / n_in), normal=True),
        Initialiser("lecun_uniform", lambda n_in, n_out: sqrt(3.0 / n_in)),
        Initialiser("lecun_normal", lambda n_in, n_out: sqrt(1.0 / n_in), normal=True),
    )
}
# Those that let half of the signal through, or more, and want He's larger weights.
_RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu")


def known_initialiser(init: str | Initialiser | None, activation: object) -> Initialiser:
    """The initialiser of that name; for None He's for rectifiers, else Glorot's, both uniform.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if init is None:
        return INITIALISERS["he_uniform" if activation in _RECTIFIERS else "glorot_uniform"]
    if isinstance(init, Initialiser):
        return init
    if init not in INITIALISERS:
        raise ValueError(
            f"unknown initialisation {init!r}: the known ones are {', '.join(INITIALISERS)}, "
            "or nn.uniform(bound)"
        )
    return INITIALISERS[init]
