"""Values in Python's own numeric functions: right, or refused with a sentence of ours."""

import builtins
import cmath
import functools
import heapq
import itertools
import math
import operator
import random
import re
import statistics
from fractions import Fraction

import pytest

from autodiff import Value
from tests.autodiff.trials import POINTS, one, trial

CALLS = [
    lambda f, a: f(a.x), lambda f, a: f(a.x, a.y), lambda f, a: f(a.x, 2), lambda f, a: f(2.0, a.x),
    lambda f, a: f([a.x, a.y, a.x * a.y + 1.0]), lambda f, a: f((a.x, a.y), (0.3, a.x)),
    lambda f, a: f([a.x, a.y, 0.7], [a.y, 0.2, a.x]), lambda f, a: f(a.x, a.y, 2.5),
]  # fmt: skip
# Functions of text and of the interpreter.
LEFT_ALONE = """ascii breakpoint compile copyright credits delattr dir display eval exec exit format
    getattr globals hasattr hash help id input license locals open print quit repr seed setattr
    setstate vars""".split()
TYPES = (bool, complex, float, int, Fraction, statistics.NormalDist)
# Python picks one of several that are equal, by its own comparisons; and it knows Values by their
# identity, where it knows numbers by what they are.
PICKED = """builtins.max builtins.min builtins.sorted statistics.median statistics.median_low
    statistics.median_high statistics.median_grouped statistics.quantiles statistics.multimode
    operator.is_ operator.is_not""".split()
# A word of every refusal of ours; Python 3.10 refuses a list of floats and Values by itself.
REFUSED = re.compile(r"refused: TypeError: .*(gradient|coerce float and Value)")


def functions(module):
    for name in sorted(set(dir(module)) - {*LEFT_ALONE}):
        f = getattr(module, name)
        if not name.startswith("_") and callable(f) and (f in TYPES or not isinstance(f, type)):
            yield f"{module.__name__}.{name}", f


def same_numbers(f):
    """A function of `random`, drawing the same numbers at every call."""

    @functools.wraps(f)
    def drawn(*arguments):
        random.seed(5)
        return f(*arguments)

    return drawn


@pytest.mark.parametrize(
    "module",
    [math, cmath, statistics, random, operator, builtins, heapq],
    ids=lambda module: module.__name__,
)
def test_python_computes_with_values_or_says_what_to_write(module):
    tried, wrong = 0, []
    # The random numbers of a nan are looked for for ever.
    points = POINTS[:2] if module is random else POINTS
    for name, f in functions(module):
        for call in CALLS:
            for point in points:
                text = trial(call, same_numbers(f) if module is random else f, point, one, None)
                tried += text != ""
                of_equals = point.name == "equals" and name in PICKED
                if text not in ("", "right") and not REFUSED.match(text) and not of_equals:
                    wrong.append(f"{name} at {point.name}: {text}")
    assert wrong == []
    assert tried > 0


@pytest.mark.parametrize(
    "f",
    [
        statistics.mean, statistics.fmean, statistics.stdev, statistics.pvariance, math.fsum,
        statistics.harmonic_mean, statistics.geometric_mean,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_statistics_of_values_say_what_to_write(f):
    with pytest.raises(TypeError, match=r"would drop its gradient: write .*autodiff\."):
        f([Value(1.0), Value(2.0)])


@pytest.mark.parametrize(
    "f",
    [lambda v: v // 2, lambda v: 2.0 // v, lambda v: divmod(v, 2), lambda v: divmod(7.0, v)],
)
def test_division_with_a_floor_says_what_to_write(f):
    with pytest.raises(TypeError, match=r"write \(x - x % y\) / y"):
        f(Value(3.0))


def test_python_adds_and_multiplies_values():
    x, y = Value(3.0), Value(4.0)
    z = math.prod([x, y]) + sum([x, y]) + functools.reduce(operator.mul, [x, x, y])
    assert z.data == 12.0 + 7.0 + 36.0
    z.backward()
    assert (x.grad, y.grad) == (4.0 + 1.0 + 24.0, 3.0 + 1.0 + 9.0)
    assert [z.data for z in itertools.accumulate([x, y])] == [3.0, 7.0]
