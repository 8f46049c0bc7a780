"""A child that is forked while another thread works finds free locks and whole gradients."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORKS = 20

# A thread works, and stops inside a rule, deep in the work, until the main thread begins to fork;
# the child does its own work of each kind, and looks at the gradient that both share.
PROGRAM = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # that threads and forks go badly together
import autodiff
from autodiff import Tape, Value, gradients, rule
from autodiff.context import RECORDERS

inside, forking = threading.Event(), threading.Event()
os.register_at_fork(before=forking.set)
working = False

def wait():
    if threading.current_thread() is not threading.main_thread():
        inside.set()
        forking.wait()

def gate(x):
    if sys.argv[1].startswith("record"):
        wait()
    return x

@rule(gate, "x", "1")
def d_gate(z, x):
    if sys.argv[1] == "backward":
        wait()
    return (1.0,)

shared = Value(2.0)
def function(x):
    return (shared.gate() * 3.0 * x + shared).gate() * 2.0
root = function(1.0)
tape = Tape.record(lambda x: function(x) if x > 0 else function(x) * 2.0, 1.0, parameters=[shared])
tape.backend = "python"

def work():
    if sys.argv[1] == "backward":
        root.backward()
    elif sys.argv[1] == "replay":
        with tape._paths._lock:
            wait()
            tape.backward(1.0)
    elif sys.argv[1] == "record":
        fresh = Tape.record(function, 1.0, parameters=[shared])
    else:  # another path, with other parameters for as long as it is recorded
        fresh = Tape.record(lambda x: x if shared > 0 else function(x), 1.0, parameters=[shared])
        fresh.backend = "python"
        fresh.value_and_gradient([-1.0], 1.0)

def child():
    assert shared.data == 2.0
    assert shared.grad % 8.0 == 0.0, shared.grad
    assert not RECORDERS
    before = shared.grad
    root.backward()
    tape.backward(1.0)
    tape.backward(-1.0)
    assert shared.grad == before + 8.0 + 8.0 + (-3.0 + 1.0) * 4.0, (shared.grad, before)
    assert gradients(root, shared) == 8.0
    threading.Thread(target=root.backward).start()

for i in range(int(sys.argv[2])):
    inside.clear(), forking.clear()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    inside.wait()
    pid = os.fork()
    if pid == 0:
        sys.argv[1] = "nothing"
        try:
            child()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    thread.join()
print(shared.grad)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of Unix")
@pytest.mark.parametrize("work", ["backward", "replay", "record", "record at theta"])
def test_a_child_forked_while_a_thread_is_at_work_does_its_own(work):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, work, str(FORKS)], cwd=ROOT, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(8.0 * FORKS if work in ("backward", "replay") else 0.0)]
