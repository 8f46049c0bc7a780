"""First use of the compiled tape: seconds on a new machine, and in every later process.

    python -m benchmarks.first_use

Each figure is a process of its own: from before the import to the first gradient of a recorded
neuron.  The first has an empty cache, the others find what it left.  A bare process, which imports
NumPy and numba and does nothing, stands beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

PROGRAM = """
import time
start = time.perf_counter()
from autodiff import Tape, Value
w = Value(2.0)
tape = Tape.record(lambda x: (w * x).tanh(), 3.0, parameters=[w])
tape.backend = "numba"
assert abs(tape.backward([1.0, 3.0])[1] - 0.9999877116507956) < 1e-12
tape.backward(3.0)
print(time.perf_counter() - start)
"""
BARE = """
import time
start = time.perf_counter()
import numba, numpy
print(time.perf_counter() - start)
"""


def seconds(program: str, cache: str) -> float:
    """What a program prints, run in a new process with its own cache."""
    known = {**os.environ, "AUTODIFF_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", program], env=known, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        first = seconds(PROGRAM, cache)
        later = sorted(seconds(PROGRAM, cache) for _ in range(5))
        bare = sorted(seconds(BARE, cache) for _ in range(5))
    print("seconds from import to the first compiled gradient, each in a process of its own")
    print(f"once per machine {first:.1f}   (bar: under 10)")
    print(f"every later one  {later[2]:.2f}, {later[0]:.2f} to {later[-1]:.2f}   (bar: under 1)")
    print(f"import of numba and NumPy alone: {bare[2]:.2f}, {bare[0]:.2f} to {bare[-1]:.2f}")


if __name__ == "__main__":
    main()
