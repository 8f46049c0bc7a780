"""The same program gives the same gradients, bit for bit, in every process."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import autodiff
from autodiff import Value

leaves = [Value(0.1 * (i % 7) - 0.35 + 0.01 * i, label=f"x{i}") for i in range(20)]
nodes = list(leaves)
for i in range(300):
    a, b, c = nodes[(7 * i) % len(nodes)], nodes[(11 * i + 3) % len(nodes)], nodes[-1]
    nodes.append([
        lambda: a * b + c, lambda: (a - b).tanh(), lambda: autodiff.sum([a, b, c, a]) / 4.0,
        lambda: autodiff.logsumexp([a, b, c]), lambda: autodiff.maximum(a, b) * 0.3 + c.sigmoid(),
        lambda: autodiff.dot([a, b], [c, a]).sin(), lambda: autodiff.softmax([a, b, c])[1],
    ][i % 7]())
root = autodiff.sum(nodes[-50:])
root.backward()
print(root.data.hex(), *[leaf.grad.hex() for leaf in leaves])
"""


def test_gradients_are_the_same_bits_in_eight_processes_with_eight_hash_seeds():
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in (0, 1, 2, 3, 42, 1000, 123456, 4294967295)
    ]
    outputs = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert len(set(outputs)) == 1
    gradients = [float.fromhex(word) for word in outputs[0].split()[1:]]
    assert len(gradients) == 20
    assert all(0.0 < abs(gradient) < 1e6 for gradient in gradients)
