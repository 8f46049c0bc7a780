"""Data sets: made here, or real and bundled with scikit-learn.

Holds: the generated sets `xor`, `parity`, `encoder`, `moons`, `circles`, `spirals`; the real sets
`breast_cancer`, `iris`, `digits`, `wine`, `diabetes`; and the table `DATA_SETS` of all.

May import: extras; of its room cases; scikit-learn when a real set is asked for.  Never touches the
global random state, and never the network.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from math import cos, pi, sin

from nn.data.cases import Data, Rows, one_hot
from nn.extras import need

# --- generated ----------------------------------------------------------------------------


def xor() -> Data:
    """Exclusive or: 4 cases, 2 bits, 1 where they differ.

    >>> [(x, y) for x, y in zip(xor().X, xor().y)]
    [([0.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 0.0], 1), ([1.0, 1.0], 0)]
    """
    return _bits("xor", 2)


def parity(bits: int = 4) -> Data:
    """All 2^bits patterns; the target is 1 if the number of ones is odd.

    Args:
        bits: From 1 to 20.

    >>> parity(3).y
    [0, 1, 1, 0, 1, 0, 0, 1]
    """
    if bits > 20:
        raise ValueError(f"the number of bits is at most 20, not {bits}: there are 2^bits patterns")
    return _bits("parity", _at_least(1, bits, "the number of bits"))


def encoder(n: int = 8) -> Data:
    """The n unit vectors, each its own target: what a narrow hidden layer must code for.

    Ackley, Hinton, Sejnowski, Cognitive Science 9, 1985.

    Args:
        n: Number of patterns, inputs and outputs, at least 2.

    >>> encoder(3).X
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows = one_hot(range(_at_least(2, n, "the number of patterns")))
    names = tuple(f"unit {i}" for i in range(n))
    return Data("encoder", rows, [row[:] for row in rows], "vector", names)


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Data:
    """Two interleaved half circles of radius 1, one per class, centres (0, 0) and (1, 0.5).

    Args:
        n: Number of cases, at least 2; half of them in each class.
        noise: Standard deviation of the normal noise on both coordinates, in radii.
        seed: Of the noise.

    >>> moons(4, noise=0.0).X[0]
    [1.0, 0.0]
    """

    def point(label: int, i: int, count: int) -> tuple[float, float]:
        angle = pi * i / max(1, count - 1)
        x, y = cos(angle), sin(angle)
        return (x, y) if label == 0 else (1.0 - x, 0.5 - y)

    return _plane("moons", n, 2, noise, seed, point)


def circles(n: int = 100, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Data:
    """Two circles around 0, one per class: radius 1 and radius `factor`.

    Args:
        n: Number of cases, at least 2; half of them in each class.
        noise: Standard deviation of the normal noise on both coordinates, in outer radii.
        factor: Radius of the inner circle, between 0 and 1.
        seed: Of the noise.

    >>> circles(4, noise=0.0).X[2]
    [0.5, 0.0]
    """
    if not 0.0 < factor < 1.0:
        raise ValueError(f"the inner circle's radius is between 0 and 1, not {factor}")

    def point(label: int, i: int, count: int) -> tuple[float, float]:
        radius, angle = (factor if label else 1.0), 2.0 * pi * i / count
        return radius * cos(angle), radius * sin(angle)

    return _plane("circles", n, 2, noise, seed, point)


def spirals(
    n: int = 150, noise: float = 0.02, arms: int = 2, turns: float = 1.5, seed: int = 0
) -> Data:
    """Spiral arms around 0, one per class, out to radius 1.

    After Lang, Witbrock, "Learning to tell two spirals apart", 1988.

    Args:
        n: Number of cases, spread evenly over the arms.
        noise: Standard deviation of the normal noise on both coordinates, in radii.
        arms: Number of arms and classes, at least 2.
        turns: How often an arm goes round.
        seed: Of the noise.

    >>> spirals(4, noise=0.0).X[0]
    [0.1, 0.0]
    """

    def point(label: int, i: int, count: int) -> tuple[float, float]:
        part = i / max(1, count - 1)
        angle = 2.0 * pi * (turns * part + label / arms)
        radius = 0.1 + 0.9 * part
        return radius * cos(angle), radius * sin(angle)

    return _plane("spirals", n, _at_least(2, arms, "the number of arms"), noise, seed, point)


def _plane(
    name: str,
    n: int,
    classes: int,
    noise: float,
    seed: int,
    point: Callable[[int, int, int], tuple[float, float]],
) -> Data:
    """`n` noisy points of the plane; `point(label, i, count)` is number i of count of a class."""
    _at_least(classes, n, "the number of cases")
    if not 0.0 <= noise < float("inf"):
        raise ValueError(f"noise is a standard deviation from 0 on, not {noise}")
    source = random.Random(seed)
    X: Rows = []
    y = []
    for label in range(classes):
        count = (n + classes - 1 - label) // classes
        for i in range(count):
            X.append([centre + source.gauss(0.0, noise) for centre in point(label, i, count)])
            y.append(label)
    names = tuple(f"class {label}" for label in range(classes))
    task = "binary" if classes == 2 else "classes"
    return Data(name, X, y, task, ("x", "y"), names)


def _bits(name: str, bits: int) -> Data:
    X = [list(map(float, row)) for row in product((0, 1), repeat=bits)]
    y = [int(sum(row)) % 2 for row in X]
    return Data(name, X, y, "binary", tuple(f"bit {i}" for i in range(bits)), ("even", "odd"))


def _at_least(low: int, n: int, what: str) -> int:
    if n < low:
        raise ValueError(f"{what} is at least {low}, not {n}")
    return n


# --- real ---------------------------------------------------------------------------------


def breast_cancer() -> Data:
    """Wisconsin breast cancer: 569 tumours, 30 measures of cell nuclei; 0 malignant, 1 benign.

    Wolberg, Street, Mangasarian, 1995; as scikit-learn bundles it.

    >>> breast_cancer()
    Data(breast_cancer: 569 cases, 30 features, binary)
    """
    return _bundled("breast_cancer", "binary", "Wisconsin breast cancer (diagnostic), 1995")


def iris() -> Data:
    """Fisher's iris: 150 flowers, 4 lengths in cm, 3 species.

    >>> iris().classes
    ('setosa', 'versicolor', 'virginica')
    """
    return _bundled("iris", "classes", "R. A. Fisher, Annals of Eugenics 7, 1936")


def digits() -> Data:
    """Handwritten digits: 1,797 images of 8 x 8 pixels from 0 to 16, 10 classes.

    >>> digits().X[0][:8], digits().y[0]
    ([0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0], 0)
    """
    return _bundled("digits", "classes", "Alpaydin, Kaynak, UCI optical digits, 1998 (test part)")


def wine() -> Data:
    """Wine: 178 wines, 13 chemical measures, 3 growers.

    >>> wine().features[0], wine().X[0][0]
    ('alcohol', 14.23)
    """
    return _bundled("wine", "classes", "Forina et al., UCI wine, 1991")


def diabetes() -> Data:
    """Diabetes: 442 patients, 10 measures (scaled); progression after a year, from 25 to 346.

    >>> diabetes().features[:3], diabetes().y[0]
    (('age', 'sex', 'bmi'), 151.0)
    """
    return _bundled("diabetes", "regression", "Efron et al., Annals of Statistics 32, 2004")


def _bundled(name: str, task: str, source: str) -> Data:
    """A set that scikit-learn brings along, as lists."""
    bunch = getattr(need("sklearn.datasets", f"The data set {name}"), f"load_{name}")()
    integer = task != "regression"
    return Data(
        name,
        bunch.data.tolist(),
        [int(t) if integer else float(t) for t in bunch.target.tolist()],
        task,
        tuple(map(str, bunch.feature_names)),
        tuple(map(str, bunch.target_names)) if integer else (),
        source,
    )


DATA_SETS: dict[str, Callable[[], Data]] = {
    make.__name__: make
    for make in (
        xor, parity, encoder, moons, circles, spirals, breast_cancer, iris, digits, wine, diabetes,
    )
}  # fmt: skip
