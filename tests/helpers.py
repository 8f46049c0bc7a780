"""What tests of several rooms share: comparisons, a valley, its gradient, a refusal in words."""

import re
from itertools import pairwise

import pytest

import autodiff

# Comparisons as they are written: `operator.ge` asks Values as NumPy's maximum does, and is refused
# where two are equal.
COMPARE = {
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip


def rosenbrock(xs):
    """SciPy's `rosen`: the sum of 100 (b - a^2)^2 + (1 - a)^2 over neighbours a, b; one node."""
    return autodiff.sum([100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(xs)])


def gradients(root, *leaves):
    """The gradient of `root` by each of the leaves, whatever they held before."""
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    return [leaf.grad for leaf in leaves]


def refused(error, sentence, act):
    """The sentence must stand in the message, letter by letter."""
    with pytest.raises(error, match=re.escape(sentence)):
        act()
