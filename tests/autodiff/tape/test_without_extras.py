"""Without numba, and without NumPy, a tape still works: with generated Python, lists in and out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Modules that cannot be imported, as if they had never been installed.
BLOCK = """
import sys
MISSING = set(sys.argv[1:])
sys.modules.update(dict.fromkeys(MISSING))
"""

PROGRAM = (
    BLOCK
    + """
import warnings
warnings.simplefilter("error")
import autodiff
from autodiff import Tape, Value

w, b = Value(2.0), Value(-1.0)

def function(xs, y):
    z = autodiff.dot([w, b], xs) + autodiff.sum(xs) * y
    return autodiff.where(y < 0.0, z.relu(), z / y) if z > 0 else z * z

tape = Tape.record(function, [1.0, 2.0], 3.0, parameters=[w, b])
print(tape.backend)
inputs = [[1.0, 2.0], [-3.0, 0.5], [0.5, 0.0]], [3.0, 2.0, -0.5]
print(tape.forward([1.0, 2.0], 3.0), tape.forward([0.5, 0.0], 0.0))
print(list(tape.forward(*inputs)))
print(list(tape.backward(*inputs)), [w.grad, b.grad])
results, gradient = tape.value_and_gradient([1.0, 1.0], *inputs, reduction="sum",
                                            weights=[1.0, 2.0, 0.5])
print(list(results), list(gradient))
xs, ys = tape.input_gradients(*inputs)
print([list(x) for x in xs], list(ys))
print(tape.input_gradients([1.0, 2.0], 3.0))
print(tape.forward([1.0, 2.0, 3.0][:2], True), type(tape.forward((1, 2), 3)))
nested = Tape.record(lambda d: d["a"] * d["b"][1], {"a": 1.0, "b": [2.0, 3.0]})
point = {"a": 1.0, "b": [2.0, 3.0]}
print(nested.forward([point] * 2), nested.input_gradients(point))
deep = Tape.record(lambda x: x[0][0] * x[1][0], [[1.0], [2.0]])
print(deep.forward([[3.0], [4.0]]), list(deep.forward([[[3.0], [4.0]]] * 2)))
assert "def path0" in tape.source() and "path" in str(tape)
for name in MISSING & {"numpy", "numba"}:
    try:
        tape.backend = name
    except ValueError as error:
        assert "is not installed: pip install" in str(error), error
    else:
        raise AssertionError(name)
for act in (lambda: tape.forward([1.0], 2.0, 3.0), lambda: tape.forward([[1.0, 2.0]], 2.0),
            lambda: tape.forward([], []), lambda: tape.forward([[1.0, 2.0], [3.0]], [1.0, 2.0]),
            lambda: tape.forward(["a", 2.0], 2.0), lambda: tape.forward([[[1.0, 2.0]]], [2.0]),
            lambda: tape.value_and_gradient([1.0], *inputs),
            lambda: tape.backward(*inputs, weights=[1.0])):
    try:
        act()
    except (TypeError, ValueError, IndexError) as error:
        print(type(error).__name__, str(error)[:60])
"""
)


def run(*missing):
    """What the program prints where some modules are missing; without its first line."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *missing], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    backend, _, rest = done.stdout.partition("\n")
    return backend, rest


def test_without_numpy_all_that_comes_out_is_lists_and_the_same_numbers():
    backend, found = run("numpy", "numba", "scipy")
    assert backend == "python"
    assert "array" not in found
    assert found.splitlines()[:2] == ["3.0 inf", "[3.0, 132.25, 0.75]"]


@pytest.mark.parametrize("missing", [("numba",), ("numba", "scipy")])
def test_without_numba_numpy_does_the_batches(missing):
    pytest.importorskip("numpy")
    backend, found = run(*missing)
    assert backend == "numpy"
    assert found.splitlines()[0] == "3.0 inf"


def test_with_python_alone_and_with_numpy_the_numbers_are_the_same():
    pytest.importorskip("numpy")
    plain, array = run("numpy", "numba")[1], run("numba")[1]
    found = [re.sub(r"np\.float64|[()]", "", each).splitlines()[:6] for each in (plain, array)]
    assert found[0] == found[1]
    assert len(found[0]) == 6


def test_files_need_numpy_and_say_so():
    code = BLOCK + (
        "from autodiff import Tape\n"
        "tape = Tape.record(lambda x: x * 2.0, 1.0)\n"
        "for act in (lambda: tape.save('x.npz'), lambda: Tape.load('x.npz')):\n"
        "    try:\n        act()\n    except ImportError as error:\n        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "numpy", "numba"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("need numpy") == 2


def test_looking_at_tape_imports_neither_numba_nor_scipy_before_they_are_used():
    code = (
        "import sys, autodiff; autodiff.Tape; "
        "print({'numba', 'scipy'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "none"


def test_loading_compiled_code_asks_for_no_package_that_is_not_needed(tmp_path):
    """numba without SciPy: erf and hypot come from the C library."""
    pytest.importorskip("numba")
    code = BLOCK + (
        "from autodiff import Tape\n"
        "tape = Tape.record(lambda x: x.erf() + x.erfc() + x.hypot(2.0) + x.gelu(), 1.0)\n"
        "tape.backend = 'numba'\n"
        "print(tape.forward([0.0, 0.0])[0], tape.input_gradients(0.0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "scipy"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3.0", "0.5"]
