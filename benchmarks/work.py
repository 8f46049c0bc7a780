"""The works of the benchmark beside peers: the same numbers for everybody.

Holds: `Work`, its data and its parameters; `WORKS`; `matrices` and `flat`, between the one vector
of parameters and a matrix with a bias per layer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import nn

L2 = 1e-4
# The matrices of the GPT: embeddings of tokens and places, queries, keys, values, what joins the
# heads, the two layers of the perceptron, and the scores of tokens.  HEADS heads of 4.
GPT = ((27, 16), (16, 16), *[(16, 16)] * 4, (64, 16), (16, 64), (27, 16))
HEADS = 4


@dataclass(frozen=True)
class Work:
    """One piece of work.

    Attributes:
        name: As on the command line.
        title: What is done, for the table.
        theta: The parameters at the start.  Of a net for each neuron its weights, then its bias.
        widths: Of a net, its inputs first.
        X: One row of inputs per example.
        Y: The targets, if there are any.
        rate: The learning rate of works that end in an update, else 0: those give a gradient.
        length: How often the body of a loop is repeated.
    """

    name: str
    title: str
    theta: list[float]
    widths: tuple[int, ...] = ()
    X: list[Any] = field(default_factory=list)
    Y: list[Any] = field(default_factory=list)
    rate: float = 0.0
    length: int = 0


def weights(widths: Sequence[int], seed: int) -> list[float]:
    """Random parameters of a net, scaled by the root of the inputs of each neuron."""
    rng = random.Random(seed)
    return [
        rng.gauss(0.0, 1.0) / n_in**0.5
        for n_in, n_out in pairwise(widths)
        for _ in range(n_out * (n_in + 1))
    ]


def matrices(theta: Any, widths: Sequence[int]) -> list[tuple[Any, Any]]:
    """For each layer its weights, one row per neuron, and its biases, as copies."""
    import numpy as np

    found, start, theta = [], 0, np.asarray(theta, dtype=float)
    for n_in, n_out in pairwise(widths):
        block = theta[start : start + n_out * (n_in + 1)].reshape(n_out, n_in + 1)
        found.append((np.array(block[:, :-1], order="C"), block[:, -1].copy()))
        start += block.size
    return found


def flat(layers: Sequence[tuple[Any, Any]]) -> Any:
    """What `matrices` took apart."""
    import numpy as np

    blocks = [np.column_stack([np.asarray(W), np.asarray(b)]) for W, b in layers]
    return np.concatenate([block.ravel() for block in blocks])


def dense() -> Work:
    rng = random.Random(1)
    widths = (32, 32, 32, 32)
    x = [rng.uniform(-1.0, 1.0) for _ in range(32)]
    title = "dense net, 3 layers of 32 tanh, one example: value and gradient"
    return Work("dense", title, weights(widths, 2), widths, [x])


def moons() -> Work:
    widths = (2, 16, 16, 1)
    data = nn.moons(100, seed=0)
    labels = [2.0 * y - 1.0 for y in data.y]
    title = "moons step, 100 points, MLP 2-16-16-1 relu, hinge + L2, update"
    return Work("moons", title, weights(widths, 3), widths, data.X, labels, 0.01)


def digits() -> Work:
    widths = (64, 32, 10)
    data = nn.digits().take(range(32))
    X = [[x / 16.0 for x in row] for row in data.X]
    title = "digits step, MLP 64-32-10 tanh, batch of 32, cross-entropy, update"
    return Work("digits", title, weights(widths, 4), widths, X, nn.one_hot(data.y, 10), 0.01)


def chain() -> Work:
    # w is 1 and y near 0, where sin(w y + b) moves little: adjoints neither vanish nor explode.
    title = "chain of a million: y = sin(w y + b), value and gradient"
    return Work("chain", title, [1e-3, 1.0, 1e-9], length=333_333)


def rosenbrock() -> Work:
    rng = random.Random(5)
    title = "Rosenbrock of 1000 variables, value and gradient"
    return Work("rosenbrock", title, [rng.uniform(-2.0, 2.0) for _ in range(1000)])


def gpt() -> Work:
    rng = random.Random(6)
    theta = [rng.gauss(0.0, 0.08) for rows, columns in GPT for _ in range(rows * columns)]
    texts = [
        "\n" + "".join(chr(97 + rng.randrange(26)) for _ in range(n)) + "\n" for n in (3, 5, 8)
    ]
    X = [[ord(c) - 96 if c != "\n" else 0 for c in text] for text in texts]
    title = "GPT, 1 block of 16, 3 texts: a graph that no tape can reuse, value and gradient"
    return Work("gpt", title, theta, X=X)


WORKS: dict[str, Callable[[], Work]] = {
    "dense": dense,
    "moons": moons,
    "digits": digits,
    "chain": chain,
    "rosenbrock": rosenbrock,
    "gpt": gpt,
}
