"""Every rule of the table on every back end: at sample points, at kinks, at infinities, zeros."""

import itertools
import math
import random

import pytest

import autodiff
from autodiff import Tape, Value
from autodiff.rule import RULES
from autodiff.sweeps import operand_numbers
from tests.autodiff.references import own_rounding
from tests.autodiff.tape.backends import BACKENDS, EXACT, ROUNDED
from tests.autodiff.tape.functions import same
from tests.programs import EPS, on_values

INF, NAN = math.inf, math.nan
AWKWARD = (
    0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, INF, -INF, NAN, 1e308, -1e308, 1e-308, 5e-324,
    710.0, -710.0, 41.0, -801.0, 1e16, 1.0 - 2.0**-53, 1.0 + 2.0**-52,
)  # fmt: skip
CONSTANTS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, INF, NAN)


def cases(rule):
    """`(function of a list, points)`: the rule on Values alone, with constants, with itself."""
    name = rule.name
    if name == "pow_const":
        for n in (*CONSTANTS, 3.0, -2.5):
            yield lambda xs, n=n: xs[0] ** n, [(x,) for x in AWKWARD]
        return
    n = len(rule.sample)
    yield lambda xs: on_values(name, list(xs)), points(rule)
    if n > 1:
        yield lambda xs: on_values(name, [xs[0]] * n), [(x,) for x in AWKWARD]
    for i, c in itertools.product(range(n if 1 < n < 4 else 0), CONSTANTS):
        others = [0.75] * n
        others[i] = c

        def with_constant(xs, i=i, others=others):
            given = list(others)
            given[(i + 1) % n] = xs[0]
            return on_values(name, given)

        yield with_constant, [(x,) for x in AWKWARD]


def points(rule):
    """Awkward numbers in all combinations or many, the decided edges, and the sample box."""
    n, generator = len(rule.sample), random.Random(rule.name)
    if n <= 2:
        found = list(itertools.product(AWKWARD, repeat=n))
    else:
        found = [tuple(generator.choice(AWKWARD[:8]) for _ in range(n)) for _ in range(100)]
    found += [edge[0] for edge in rule.edges if len(edge[0]) == n]
    found += [tuple(generator.uniform(*box) for box in rule.sample) for _ in range(20)]
    return found


def eagerly(function, point):
    """Value and gradient."""
    xs = [Value(x) for x in point]
    y = function(xs)
    y.backward()
    return y.data, [x.grad for x in xs]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_eagers_bits_for_one_example_and_for_many(name, backend):
    if name in ROUNDED.get(backend, ()):
        pytest.skip("its last digit differs: see the next test")
    for function, points in cases(RULES[name]):
        tape = Tape.record(lambda xs, f=function: f(xs), list(points[0]))
        tape.backend = backend
        right = [eagerly(function, point) for point in points]
        rows = [list(point) for point in points]
        assert same(tape.forward(rows), [z for z, _ in right])
        assert same(tape.input_gradients(rows), [g for _, g in right])
        for row, (z, g) in zip(rows[::7], right[::7], strict=True):
            assert same(tape.forward(row), z)
            assert same(tape.input_gradients(row), g)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_near_eager_on_every_back_end_and_as_infinite(name, backend):
    for function, points in cases(RULES[name]):
        tape = Tape.record(lambda xs, f=function: f(xs), list(points[0]))
        tape.backend = backend
        rows = [list(point) for point in points]
        found = zip(points, tape.forward(rows), tape.input_gradients(rows), strict=True)
        for point, z, gradient in found:
            right, slopes = eagerly(function, point)
            assert near(z, right), (point, z, right)
            for g, slope in zip(gradient, slopes, strict=True):
                # A slope may be small because larger terms cancel, as gelu's and tanh's.
                assert near(g, slope) or abs(g - slope) <= cancelled(function, point), (
                    point, g, slope
                )  # fmt: skip


def cancelled(function, point):
    """How far rounding may move the slopes; twice that, as NumPy rounds in its own way."""
    node = function([Value(x) for x in point])
    xs = operand_numbers(node)
    return 2.0 * sum(own_rounding(node._rule, xs, i) for i in range(len(xs)))


def near(x, y):
    """Equal, both nan, or a few units in the last place apart; 300 where exp magnifies them."""
    if x == y or (x != x and y != y):
        return True
    ulps = 4.0 if abs(y) > 1e-100 else 300.0
    return math.isfinite(x) and math.isfinite(y) and abs(x - y) <= ulps * math.ulp(y)


@pytest.mark.parametrize("backend", BACKENDS)
def test_zeros_of_either_sign_stay_apart_as_constants_and_as_inputs(backend):
    for first, second in ((0.0, -0.0), (-0.0, 0.0)):
        for zero in (first, second):
            tape = Tape.record(lambda x, zero=zero: x / zero, 1.0)
            tape.backend = backend
            assert tape.forward(1.0) == math.copysign(INF, zero)
            assert list(tape.forward([2.0, -2.0])) == [
                math.copysign(INF, zero), -math.copysign(INF, zero)
            ]  # fmt: skip
        tape = Tape.record(lambda x: 1.0 / (x * 1.0), 1.0)
        tape.backend = backend
        assert list(tape.forward([first, second])) == [
            math.copysign(INF, first), math.copysign(INF, second)
        ]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 9, 65, 300])
@pytest.mark.parametrize("name", [rule.name for rule in RULES.values() if rule.variadic])
def test_operations_on_any_number_of_operands(name, width, backend):
    generator = random.Random(width)
    row = [generator.uniform(-1.0, 1.0) for _ in range(width)]
    weights = [Value(generator.uniform(-1.0, 1.0)) for _ in range(width)]
    if name == "dot":  # numbers that vary and numbers that do not, on either side, and a mixture
        functions = [
            lambda xs: autodiff.dot(weights, xs),
            lambda xs: autodiff.dot(xs, weights),
            lambda xs: autodiff.dot(xs, xs[::-1]),
            lambda xs: autodiff.dot([*weights, *xs, 2.0], [*xs, *weights, 3.0]),
        ]
    else:
        functions = [
            lambda xs: on_values(name, list(xs)),
            lambda xs: on_values(name, [*weights, *xs, 0.5, *xs[:2]]),
        ]
    rows = [row, [x * 0.5 for x in row], [-x for x in row]]
    for function in functions:
        tape = Tape.record(function, row, parameters=weights)
        tape.backend = backend
        results, gradient = tape.value_and_gradient([w.data for w in weights], rows)
        for w in weights:
            w.grad = 0.0
        own, outputs = [[Value(x) for x in each] for each in rows], []
        for xs in own:
            outputs.append(function(xs))
        autodiff.sum(outputs).backward()
        bound = 4.0 * width * EPS
        for z, y in zip(results, outputs, strict=True):
            assert abs(z - y.data) <= bound * (1.0 + abs(y.data))
        for g, w in zip(gradient, weights, strict=True):
            assert abs(g - w.grad / 3.0) <= bound * (1.0 + abs(w.grad))
        for found, xs in zip(tape.input_gradients(rows), own, strict=True):
            for g, x in zip(found, xs, strict=True):
                assert abs(g - x.grad) <= bound * (1.0 + abs(x.grad))
        if backend != "numpy":
            assert same(tape.forward(row), outputs[0].data)
            assert same(tape.input_gradients(row), [x.grad for x in own[0]])
