"""Rules that a user registers, or puts in the place of another, are what back ends compute."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autodiff
from autodiff import Tape, Value, rule
from autodiff.rules import sum_, where
from tests.autodiff.tape.backends import BACKENDS
from tests.autodiff.tape.functions import same as equal

ROOT = Path(__file__).resolve().parents[3]
TABLE = (0.0, 1.0, 4.0, 9.0, 16.0)
pytestmark = pytest.mark.usefixtures("own_rules")


def nearly(found, right):
    """NumPy's exp and tanh may differ from libm's in the last digit."""
    return np.asarray(found) == pytest.approx(np.asarray(right), rel=1e-14, abs=1e-15)


def agree(function, rows, backend):
    """A tape gives eager's numbers for one example, for many, and their gradients."""
    same = equal if backend != "numpy" else nearly
    right, slopes = [], []
    for row in rows:
        xs = [Value(x) for x in row]
        y = function(xs)
        y.backward()
        right.append(y.data)
        slopes.append([x.grad for x in xs])
    tape = Tape.record(function, rows[0])
    tape.backend = backend
    assert same(tape.forward(rows), right)
    assert same(tape.input_gradients(rows), slopes)
    for row, z, g in zip(rows, right, slopes, strict=True):
        assert same(tape.forward(row), z)
        assert same(tape.input_gradients(row), g)


def bump(x, y):
    return x * x * y + where(x < 0.5, 2.0 * y, abs(x - y) / 4.0)


def d_bump(z, x, y):
    s = where(x < y, -0.25, 0.25)
    inside = x < 0.5
    return 2.0 * x * y + where(inside, 0.0, s), x * x + where(inside, 2.0, -s)


@pytest.mark.parametrize("backend", BACKENDS)
def test_arithmetic_is_written_down_for_every_back_end(backend):
    rule(bump, "?", "?", "?", smooth=False)(d_bump)
    rows = [[0.25, 1.0], [0.75, 0.5], [2.0, -3.0], [-1.0, 1.5]]
    agree(lambda xs: xs[0].bump(xs[1]) * 2.0 + xs[1].bump(0.5) + xs[0].bump(xs[0]), rows, backend)


def stairs(x):
    return TABLE[int(abs(x)) % 5] if x > 0 else 3.0 * x


def d_stairs(z, x):
    return (TABLE[int(abs(x)) % 5] if x > 0 else 3.0,)


def longest(xs):
    return max(xs, key=abs)


def d_longest(z, xs):
    i = xs.index(z)
    return tuple(1.0 if j == i else 0.0 for j in range(len(xs)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rule_with_if_and_a_table_is_called_as_it_is(backend):
    rule(stairs, "?", "?", smooth=False)(d_stairs)
    rule(longest, "?", "?", variadic=True, smooth=False)(d_longest)
    rows = [[0.25, 1.0], [3.75, 0.5], [2.0, -3.0], [-1.0, 1.5]]
    agree(lambda xs: xs[0].stairs() * xs[1] + xs[1].tanh(), rows[:1], backend)
    agree(lambda xs: xs[0].stairs() * xs[1], rows, backend)
    agree(lambda xs: autodiff.longest([*xs, xs[0] * 2.0]) * xs[1].stairs(), rows, backend)


def sees_the_type(x):
    try:
        return 2.0 * x if float(x) < 1.5 else 5.0 * x
    except TypeError:
        return 2.0 * x


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rule_that_swallows_the_refusal_of_a_symbol_is_called_as_it_is(backend):
    rule(sees_the_type, "?", "?", sample=[(0, 1)], smooth=False)(
        lambda z, x: (2.0 if float(x) < 1.5 else 5.0,)
    )
    agree(lambda xs: xs[0].sees_the_type() + 0.0, [[1.0], [2.0]], backend)


SLOPE = 2.0


def sloped(x):
    return SLOPE * x


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rule_reads_its_globals_when_a_tape_is_recorded(backend, monkeypatch):
    rule(sloped, "?", "?")(lambda z, x: (SLOPE,))
    agree(lambda xs: xs[0].sloped() + 0.0, [[1.0], [2.0]], backend)
    monkeypatch.setitem(globals(), "SLOPE", 5.0)
    agree(lambda xs: xs[0].sloped() + 0.0, [[1.0], [2.0]], backend)


# Rules in the place of built-in ones, among them all that have loops of their own: a name, how
# many operands, a value, partials.
REPLACED = {
    "relu": (lambda x: where(x <= 0.0, -5.0, 3.0 * x), lambda z, x: (where(x <= 0.0, 7.0, 3.0),)),
    "tanh": (lambda x: 2.0 * x * x, lambda z, x: (z,)),
    "sigmoid": (lambda x: x + 1.0, lambda z, x: (z * x,)),
    "exp": (lambda x: x - 3.0, lambda z, x: (0.5 * z,)),
    "mul": (lambda x, y: x + 10.0 * y, lambda z, x, y: (1.0, 10.0)),
    "add": (lambda x, y: x - y, lambda z, x, y: (1.0, -1.0)),
    "maximum": (lambda x, y: x * y, lambda z, x, y: (y, x)),
    "sum": (lambda xs: 2.0 * sum_(xs), lambda z, xs: (2.0,) * len(xs)),
}


def uses(name):
    """A function in which the operation matters, by itself and in others that know its name."""
    if name == "sum":
        return lambda xs: autodiff.sum([*xs, 0.5]) - autodiff.mean(xs)
    if name in ("mul", "add"):
        operation = {"mul": lambda x, y: x * y, "add": lambda x, y: x + y}[name]
        return lambda xs: operation(xs[0], xs[1]) - operation(xs[0], 2.0)
    function = getattr(autodiff, name)
    if name == "maximum":
        return lambda xs: function(*xs) - function(xs[0], 2.0) - autodiff.logaddexp(*xs)
    return lambda xs: function(xs[0]) - function(xs[1]) * autodiff.silu(xs[0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", REPLACED)
def test_a_rule_in_the_place_of_another_is_never_answered_with_the_old_numbers(name, backend):
    rows = [[0.25, 1.0], [3.75, 0.5], [2.0, -3.0], [-1.0, 1.5]]
    agree(uses(name), rows, backend)  # so that everything is compiled and cached
    value, partials = REPLACED[name]
    rule(value, name=name, variadic=name == "sum", replace=True, smooth=False)(partials)
    agree(uses(name), rows, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tape_recorded_before_a_rule_was_replaced_is_recorded_again(backend):
    w = Value(2.0)
    tape = Tape.record(lambda x: (x * w).tanh() - x, 1.0, parameters=[w])
    tape.backend = backend
    tape.backward([1.0, -1.0])
    value, partials = REPLACED["tanh"]
    rule(value, name="tanh", replace=True)(partials)
    assert list(tape.forward([1.0, -1.0])) == [7.0, 9.0]
    assert tape.forward(1.0) == 7.0
    assert list(tape.value_and_gradient([1.0], 3.0)[1]) == [54.0]


def test_a_tape_from_a_file_whose_rule_was_replaced_raises(tmp_path):
    pytest.importorskip("numpy")
    path = Tape.record(lambda x: x.tanh() * 2.0, 1.0).save(tmp_path / "tape.npz")
    tape = Tape.load(path)
    assert tape.forward(0.0) == 0.0
    value, partials = REPLACED["tanh"]
    rule(value, name="tanh", replace=True)(partials)
    with pytest.raises((RuntimeError, ValueError), match=r"tanh|operation"):
        tape.forward(0.0)
    with pytest.raises(ValueError, match="tanh"):
        Tape.load(path)


# One process puts a wrong relu in the table before it makes a tape, another does not; both use one
# directory of compiled code.  numba itself would answer the second with the first one's loops.
PROCESS = """
import sys
from autodiff import Tape, rule
from autodiff.rules import where
if sys.argv[1] == "wrong":
    def relu(x):
        return where(x <= 0.0, -5.0, 3.0 * x)
    def d_relu(z, x):
        return (where(x <= 0.0, 7.0, 3.0),)
    rule(relu, "relu(x)", "?", smooth=False, replace=True)(d_relu)
tape = Tape.record(lambda xs: xs[0].relu() + xs[1].relu(), [1.0, 2.0])
tape.backend = "numba"
rows = [[1.0, 2.0], [-1.0, 3.0]]
print(tape.forward(rows).tolist(), tape.input_gradients(rows).tolist(), tape.forward(rows[1]))
"""


@pytest.mark.slow
def test_compiled_code_of_another_rule_is_never_used_by_a_later_process(tmp_path):
    pytest.importorskip("numba")
    from autodiff import cache
    from autodiff.tape import kernels

    # What is compiled for the table as it stands is not compiled again; the wrong relu is, once.
    kernels.machine_kernels()
    name = f"machine_{kernels.fingerprint(kernels.machine_source())}"
    tmp_path.chmod(0o700)
    if (cache.folder() / name).exists():
        shutil.copy2(cache.folder() / name, tmp_path)
    environment = os.environ | {"AUTODIFF_CACHE_DIR": str(tmp_path)}
    wrong = "[9.0, 4.0] [[3.0, 3.0], [7.0, 3.0]] 4.0"
    right = "[3.0, 3.0] [[1.0, 1.0], [0.0, 1.0]] 3.0"
    for which, answer in (("wrong", wrong), ("right", right), ("wrong", wrong)):
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, which], cwd=ROOT, env=environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == answer


def test_the_name_of_compiled_code_depends_on_its_text_and_on_python(monkeypatch):
    pytest.importorskip("numba")
    from autodiff.tape.kernels import fingerprint, machine_source

    text = machine_source()
    before = fingerprint(text)
    assert before == fingerprint(machine_source())
    assert before != fingerprint(text.replace("+=", "-=", 1))
    monkeypatch.setattr(sys, "version", "3.99")
    assert before != fingerprint(text)
