"""Graphs that the tests of pictures and explanations share, and ways to read an SVG.

Holds: `neuron`, `reuse`, `network`; `texts`, `tooltips`, `by_id` for SVG.
"""

import xml.etree.ElementTree as ElementTree
from typing import Any

from autodiff import Value
from nn import MLP

SVG = "{http://www.w3.org/2000/svg}"


def neuron(backward: bool = True) -> Value:
    """The neuron of the micrograd lecture: o = tanh(x1 w1 + x2 w2 + b)."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
    b = Value(6.8813735870195432, "b")
    a, c = x1 * w1, x2 * w2
    a.label, c.label = "x1*w1", "x2*w2"
    n = a + c + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    if backward:
        o.backward()
    return o


def reuse() -> Value:
    """b = a + a; c = b + b."""
    a = Value(3.0, "a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return c


def network(samples: int = 1, sizes: tuple[int, ...] = (4, 4, 1), n_in: int = 3) -> Value:
    """The loss of an MLP, the sum over some samples, after `backward`."""
    model = MLP(n_in, list(sizes), seed=1)
    losses = []
    for sample in range(samples):
        x = [Value(0.1 * i + 0.01 * sample - 0.2, f"x{i}") for i in range(n_in)]
        y = model(x)
        losses += [(each - 1.0) ** 2 for each in (y if isinstance(y, list) else [y])]
    loss = sum(losses[1:], losses[0])
    loss.label = "loss"
    loss.backward()
    return loss


def elements(svg: str) -> list[Any]:
    """All elements; fails if the SVG is no well-formed XML."""
    return list(ElementTree.fromstring(svg).iter())


def texts(svg: str) -> list[str]:
    """What stands in the picture."""
    return [each.text or "" for each in elements(svg) if each.tag == f"{SVG}text"]


def tooltips(svg: str) -> list[str]:
    """What the tooltips say, that of the whole picture first."""
    return [each.text or "" for each in elements(svg) if each.tag == f"{SVG}title"]


def by_id(svg: str, end: str) -> Any:
    """The element whose id ends in `-end`."""
    (found,) = [each for each in elements(svg) if each.get("id", "").endswith(f"-{end}")]
    return found


def box(svg: str, name: str) -> Any:
    """The card that shows a name."""
    (found,) = [
        each
        for each in elements(svg)
        if "-n" in each.get("id", "") and name in [t.text for t in each.iter(f"{SVG}text")]
    ]
    return found
