"""The slow path answers as IEEE 754 does; NumPy, which never raises, is the judge."""

import itertools
import math
import operator

import numpy as np
import pytest

from autodiff.ieee import FUNCTIONS, Double

AWKWARD = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -8.0, 1000.0, -1000.0, 1e200,
    -1e200, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan,
]  # fmt: skip
PAIRS = list(itertools.product(AWKWARD, AWKWARD))
OPERATORS = ["add", "sub", "mul", "truediv", "mod", "pow"]
NUMPY = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "pow": "power",
}  # fmt: skip


def judged(function, *operands):
    """What NumPy answers."""
    with np.errstate(all="ignore"):
        return float(function(*map(np.float64, operands)))


def agrees(ours, numpys, ulps=0):
    if math.isnan(ours) or math.isnan(numpys):
        return math.isnan(ours) and math.isnan(numpys)
    if ours == numpys:  # NumPy's own functions differ among themselves in the sign of zero
        return ulps > 0 or ours != 0.0 or math.copysign(1.0, ours) == math.copysign(1.0, numpys)
    return math.isfinite(ours - numpys) and abs(ours - numpys) <= ulps * math.ulp(numpys)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_answers_bit_for_bit_what_numpy_answers(name):
    function = getattr(operator, name)
    ulps = 1 if name == "pow" else 0  # NumPy has a pow of its own
    for x, y in PAIRS:
        assert agrees(function(Double(x), Double(y)), judged(function, x, y), ulps), (x, y)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_takes_plain_numbers_on_either_side_and_stays_double(name):
    function = getattr(operator, name)
    for x, y in PAIRS:
        both = function(Double(x), Double(y))
        for mixed in (function(Double(x), y), function(x, Double(y))):
            assert type(mixed) is Double
            assert agrees(mixed, both), (x, y)


@pytest.mark.parametrize("name", ["neg", "pos", "abs"])
def test_a_sign_operator_stays_double(name):
    for x in AWKWARD:
        result = getattr(operator, name)(Double(x))
        assert type(result) is Double
        assert agrees(result, getattr(operator, name)(x))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("erf", "erfc")])
def test_a_function_answers_what_numpy_answers_and_never_raises(name):
    theirs = getattr(np, NUMPY.get(name, name))
    wide = name in ("atan2", "hypot", "pow")
    if name == "pow":
        theirs = operator.pow  # np.power takes the exponent 0.5 for sqrt, which IEEE 754 does not
    for operands in PAIRS if wide else [(x,) for x in AWKWARD]:
        ours = FUNCTIONS[name](*operands)
        assert type(ours) is Double
        assert agrees(ours, judged(theirs, *operands), ulps=4), operands


@pytest.mark.parametrize("other", ["3", None, [2.0]])
def test_what_is_no_real_number_is_left_to_the_other_side(other):
    for name in OPERATORS:
        with pytest.raises(TypeError):
            getattr(operator, name)(Double(2.0), other)
