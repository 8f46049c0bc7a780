"""A tape gives what eager mode gives: random functions with control flow, random batches."""

import functools
import itertools
import math
import operator
import random
import warnings

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autodiff import Tape, Value
from autodiff.graph import topological_order
from autodiff.rule import RULES
from autodiff.sweeps import float_partials
from tests.autodiff.tape.backends import BACKENDS, EXACT, ROUNDED
from tests.autodiff.tape.functions import FOLLOWED, Eager, functions, same
from tests.programs import EPS, Program, Step, near_kink, on_floats, rounding_bounds

LENGTHS = (1, 2, 3, 63, 64, 65, 130)
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 1e300, 5e-324)


def examples(share):
    """A share of the profile's number of examples; that functions take long to make is well."""
    return settings(
        max_examples=round(share * settings.default.max_examples),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def taped(function, example, backend):
    """A tape of a random function, and its parameters and other Values."""
    parameters = [Value(x) for x in function.parameters]
    outside = [Value(x) for x in function.outside]
    tape = Tape.record(
        lambda xs: function.run(xs, parameters, outside), example, parameters=parameters
    )
    tape.backend = backend
    return tape, parameters, outside


def replayed(tape, rows):
    """Results, gradients by the inputs and by the parameters, whether one example or many."""
    inputs = rows[0] if len(rows) == 1 else rows
    for parameter in tape.parameters:
        parameter.grad = 0.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the function takes more than 64 paths")
        results, own = tape.forward(inputs), tape.input_gradients(inputs)
        if tape.parameters:
            assert same(tape.backward(inputs), results)
    if len(rows) == 1:
        results, own = [results], [own]
    return results, own, [parameter.grad for parameter in tape.parameters]


def some_rows(seed, n, n_inputs, special):
    """Rows of random inputs; with `special` also infinities, nan, zeros of both signs."""
    generator = random.Random(seed)

    def number():
        if special and generator.random() < 0.3:
            return generator.choice(SPECIAL)
        return generator.uniform(-2.0, 2.0)

    return [[number() for _ in range(n_inputs)] for _ in range(n)]


def majorants(root, leaves):
    """By how much sums of adjoints may differ that are added in another order."""
    inner, _ = topological_order(root)
    sums, n = {id(root): 1.0}, 0
    for node in reversed(inner):
        total = sums.get(id(node), 0.0)
        for operand, d in zip(node.operands, float_partials(node), strict=True):
            if isinstance(operand, Value):
                n += 1
                sums[id(operand)] = sums.get(id(operand), 0.0) + total * abs(d)
    return [(n + 1) * EPS * sums.get(id(leaf), 0.0) for leaf in leaves]


def assert_near(found, right, bounds):
    """Each number is the right one, or as near as its bound says; overflow may come and go."""
    for x, y, bound in zip(found, right, bounds, strict=True):
        assert same(x, y) or abs(x - y) <= bound or not math.isfinite(bound)


@pytest.mark.parametrize("backend", EXACT)
@examples(0.6)
@given(st.data())
def test_results_and_gradients_are_eagers_to_the_last_bit(backend, data):
    names = [name for name in RULES if name not in ROUNDED.get(backend, ())]
    function = data.draw(functions(names=names))
    special, n = data.draw(st.booleans()), data.draw(st.sampled_from(LENGTHS))
    *rows, example = some_rows(data.draw(st.integers(0, 2**32)), n + 1, function.n_inputs, special)
    eager = Eager(function, rows)
    tape, _, _ = taped(function, example, backend)
    results, own, gradient = replayed(tape, rows)
    assert same(results, eager.results)
    if n == 1:
        assert same(gradient, eager.parameters)
    if n == 1 or backend == "python":
        assert same(own, eager.inputs)
    # In a batch sums of adjoints are added in another order: over the examples, and with numba
    # also within each.
    assert_near(gradient, eager.parameters, majorants(eager.root, eager.leaves))
    for found, right, y, xs in zip(own, eager.inputs, eager.outputs, eager.xs, strict=True):
        assert_near(found, right, majorants(y, xs))


# Operations that are exact on whole numbers, and so in any order.
WHOLE = ("identity add sub mul neg abs mod relu clip where maximum minimum sum prod dot max min"
         ).split()  # fmt: skip


def is_exact(root):
    """Whether no number of forward and reverse pass was rounded: all are small whole multiples."""
    inner, leaves = topological_order(root)
    sums, halves = {id(root): 1.0}, 0
    for node in reversed(inner):
        partials = float_partials(node)
        halves += any(not d.is_integer() for d in partials)
        if not all((2.0 * x).is_integer() and abs(x) < 2.0**40 for x in (node.data, *partials)):
            return False
        for operand, d in zip(node.operands, partials, strict=True):
            if isinstance(operand, Value):
                sums[id(operand)] = sums.get(id(operand), 0.0) + sums.get(id(node), 0.0) * abs(d)
    return max(sums[id(x)] for x in (*inner, *leaves) if id(x) in sums) * 2.0**halves < 2.0**45


@pytest.mark.parametrize("backend", BACKENDS)
@examples(0.6)
@given(
    functions(names=WHOLE, constants=(0.0, 1.0, -1.0, 2.0, 3.0), kinds=(*FOLLOWED, "cut"),
              fold="whole"),
    st.sampled_from(LENGTHS), st.integers(0, 2**32),
)  # fmt: skip
def test_in_whole_numbers_every_back_end_gives_the_same_sums(backend, function, n, seed):
    generator = random.Random(seed)
    rows = [[float(generator.randint(-4, 4)) for _ in range(function.n_inputs)] for _ in range(n)]
    weights = [float(generator.randint(0, 3)) for _ in rows[1:]] + [1.0]
    eager = Eager(function, rows, seeds=weights)
    assume(all(map(math.isfinite, eager.results)) and is_exact(eager.root))
    tape, _, _ = taped(function, rows[0], backend)
    theta = list(function.parameters)
    results, gradient = tape.value_and_gradient(theta, rows, reduction="sum", weights=weights)
    # Only the sign of a zero may differ.
    assert list(results) == eager.results
    assert list(gradient) == eager.parameters
    assert [list(row) for row in tape.input_gradients(rows)] == eager.inputs


def as_program(eager):
    """The path that an example took, as a program of `tests.programs` of all its leaves."""
    inner, leaves = topological_order(eager.root)
    place = {id(x): i for i, x in enumerate([*leaves, *inner])}
    steps = tuple(
        Step(node._rule.name, tuple(place.get(id(x), x) for x in node.operands)) for node in inner
    )
    return Program(tuple(x.data for x in leaves), steps), leaves


def in_domain(program):
    """Whether the textbook formulas hold: all numbers are finite, powers of positive numbers."""
    numbers = program.run(on_floats, program.inputs)
    return all(map(math.isfinite, numbers)) and all(
        numbers[step.operands[0]] > 0.0
        for step in program.steps
        if step.rule in ("pow", "pow_const") and isinstance(step.operands[0], int)
    )


@pytest.mark.parametrize("backend", BACKENDS)
@examples(0.25)
@given(functions(kinds=FOLLOWED, longest=4), st.sampled_from((1, 2, 4)), st.integers(0, 2**32))
def test_with_all_rules_the_difference_is_what_rounding_explains(backend, function, n, seed):
    rows = some_rows(seed, n, function.n_inputs, special=False)
    tape, _, _ = taped(function, rows[0], backend)
    eager = Eager(function, rows)
    numbers = [*eager.results, *eager.parameters, *itertools.chain(*eager.inputs)]
    assume(all(map(math.isfinite, numbers)))
    results, own, gradient = replayed(tape, rows)
    allowed = [EPS * len(rows) * abs(g) for g in eager.parameters]
    for i, row in enumerate(rows):
        one = Eager(function, [row])
        program, leaves = as_program(one)
        assume(len(program.steps) < 60 and in_domain(program) and not near_kink(program))
        value_bound, bounds = rounding_bounds(program)
        of = dict(zip(map(id, leaves), bounds, strict=True))
        assume(value_bound <= 1e-9 * (1 + abs(one.results[0])))
        # Either may be off by as much.
        assert abs(results[i] - one.results[0]) <= 2.0 * value_bound
        for g, x in zip(own[i], one.xs[0], strict=True):
            bound = 2.0 * of.get(id(x), 0.0)
            assume(bound <= 1e-8 * (1 + abs(x.grad)))
            assert abs(g - x.grad) <= bound
        for j, leaf in enumerate(one.leaves):
            bound = 2.0 * of.get(id(leaf), 0.0) + 2.0 * n * EPS * abs(leaf.grad)
            assume(bound <= 1e-8 * (1 + abs(leaf.grad)))
            allowed[j] += bound / n
    for g, right, bound in zip(gradient, eager.parameters, allowed, strict=True):
        assert abs(g - right) <= bound


@pytest.mark.parametrize("backend", EXACT)
@examples(0.3)
@given(st.data())
def test_one_example_at_other_parameters_is_eagers_to_the_last_bit(backend, data):
    names = [name for name in RULES if name not in ROUNDED.get(backend, ())]
    function = data.draw(functions(names=names))
    assume(function.parameters)
    generator = random.Random(data.draw(st.integers(0, 2**32)))
    theta = [generator.uniform(-2.0, 2.0) for _ in function.parameters]
    row = some_rows(generator.random(), 1, function.n_inputs, False)[0]
    tape, parameters, outside = taped(function, row, backend)
    for _ in range(2):
        eager = Eager(function, [row], theta=theta)
        result, gradient = tape.value_and_gradient(theta, row)
        assert same([result], eager.results)
        assert same(gradient, eager.parameters)
        # Nothing was written, and what is written is read.
        assert [p.data for p in parameters] == list(function.parameters)
        assert [p.grad for p in parameters] == [0.0] * len(parameters)
        for value, x in zip([*parameters, *outside], [*theta, *function.outside], strict=True):
            value.data = x
        assert same([tape.forward(row)], eager.results)
        for parameter, x in zip(parameters, function.parameters, strict=True):
            parameter.data = x
        theta = [x + 0.25 for x in theta]


@pytest.mark.parametrize("backend", BACKENDS)
@examples(0.25)
@given(st.integers(1, 40), st.integers(0, 2**32))
def test_adjoints_are_added_in_eagers_order(backend, n, seed):
    """Graphs in which numbers are used again and again, of arithmetic that NumPy rounds alike."""
    generator = random.Random(seed)
    steps = [
        (generator.choice(["add", "sub", "mul", "mul", "maximum"]), generator.randrange(2 + i),
         generator.randrange(2 + i), generator.uniform(-1.0, 1.0))
        for i in range(n)
    ]  # fmt: skip

    def function(x, y):
        numbers = [x, y]
        for name, a, b, factor in steps:
            numbers.append(getattr(numbers[a], name)(numbers[b]) * factor)
        return functools.reduce(operator.add, numbers[n // 2 :])

    row = [generator.uniform(-2.0, 2.0) for _ in range(2)]
    xs = [Value(x) for x in row]
    y = function(*xs)
    y.backward()
    tape = Tape.record(function, *row)
    tape.backend = backend
    assert same(tape.forward(*row), y.data)
    assert same(tape.input_gradients(*row), [x.grad for x in xs])
    # In a batch of examples nearly the same: sums may be added in another order.
    batch = tape.input_gradients(*[[x, 0.5] for x in row])
    assert_near([g[0] for g in batch], [x.grad for x in xs], majorants(y, xs))
