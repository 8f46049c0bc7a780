"""Long programs, deep ones, wide ones: replayed on every back end, and never by recursion."""

import math
import sys

import pytest

import autodiff
from autodiff import Tape, Value
from tests.autodiff.tape.backends import BACKENDS, EXACT
from tests.autodiff.tape.functions import same


def chain(length, block):
    """A function of `length` operations, one after the other."""

    def function(x):
        for i in range(length // 4):
            x = (x * 0.5 + 0.25).sin() + x if i % block else x * 1.0 + 0.125 - x * 0.5
        return x

    return function


@pytest.mark.parametrize("backend", EXACT)
def test_a_chain_longer_than_python_can_compile(backend):
    """200,000 operations: the python back end goes step by step, numba compiles nothing."""
    function = chain(200_000, 7)
    x = Value(0.3)
    y = function(x)
    y.backward()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(220)
    try:
        tape = Tape.record(function, 0.1)
        tape.backend = backend
        assert same(tape.forward(0.3), y.data)
        assert same(tape.input_gradients(0.3), x.grad)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.slow
def test_a_chain_of_a_million_operations_in_numba():
    pytest.importorskip("numba")

    def function(x):
        y = x
        for _ in range(500_000):
            y = y + 1.0
            y = y - 1.0
        return y * x

    tape = Tape.record(function, 1.0)
    tape.backend = "numba"
    assert tape.forward(3.0) == 9.0
    assert tape.input_gradients(3.0) == 6.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_layer_as_wide_as_a_picture(backend):
    n = 3000
    weights = [Value(math.sin(i)) for i in range(n)]

    def function(xs):
        hidden = autodiff.dot(weights, xs).tanh()
        return hidden + autodiff.sum(xs) * hidden + autodiff.max(list(xs[:50]))

    row = [math.cos(i) * 0.1 for i in range(n)]
    leaves = [Value(x) for x in row]
    y = function(leaves)
    y.backward()
    tape = Tape.record(function, row, parameters=weights)
    tape.backend = backend
    assert same(tape.forward(row), y.data)
    assert same(tape.input_gradients(row), [x.grad for x in leaves])
    right = [w.grad for w in weights]
    found = tape.value_and_gradient([w.data for w in weights], [row, row], reduction="sum")[1]
    assert list(found) == pytest.approx([2.0 * g for g in right], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_balanced_tree_of_3_000_leaves(backend):
    def function(xs):
        level = [x * (i % 7 + 1) for i, x in enumerate(xs)]
        while len(level) > 1:
            level = [a + b for a, b in zip(level[::2], [*level[1::2], 0.0], strict=False)]
        return level[0]

    row = [1.0] * 3_000
    tape = Tape.record(function, row)
    tape.backend = backend
    assert tape.forward(row) == sum(i % 7 + 1 for i in range(3_000))
    assert list(tape.input_gradients(row)) == [i % 7 + 1.0 for i in range(3_000)]
    assert list(tape.forward([row, [2.0] * 3_000])) == [tape.forward(row), 2 * tape.forward(row)]
