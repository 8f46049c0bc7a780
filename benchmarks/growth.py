"""How time and memory of the tape grow with the graph, from a thousand to ten million nodes.

    python -m benchmarks.growth [--most 10000000] [--out build]

The graph: a hundred chains side by side, y = sin(w y + b) again and again, each with parameters of
its own, added up.  Each size and back end has a process of its own.  Prints, per node: nanoseconds
of an eager forward pass, of recording, of preparing the back end (generating code, assembling), of
one replay with its gradient; bytes at the peak of all these, beyond what the process had before.
Last, the memory of a process that only loads the largest tape and replays it.  Writes `growth.png`.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# The largest size for each back end; that without a compiler replays a large graph eagerly.  NumPy
# has nothing to add: one example is replayed by generated Python.
MOST = {"numba": 10**7, "python": 10**5}
CHAINS = 100


def peak() -> float:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def one(nodes: int, backend: str, path: str | None) -> dict[str, float]:
    """The figures of one size, in this process."""
    import autodiff
    from autodiff import Tape, Value

    chains = min(CHAINS, nodes // 30)
    length = nodes // (3 * chains)
    parameters = [Value(x) for _ in range(chains) for x in (1e-3, 1.0, 1e-9)]

    def f() -> Any:
        ends = []
        for i in range(chains):
            y, w, b = parameters[3 * i : 3 * i + 3]
            for _ in range(length):
                y = (w * y + b).sin()
            ends.append(y)
        return autodiff.sum(ends)

    def timed(work: Any) -> tuple[float, Any]:
        gc.collect()
        start = time.perf_counter()
        result = work()
        return time.perf_counter() - start, result

    # Kernels are loaded, and where they must be compiled, before anything is measured.
    small = Tape.record(lambda: parameters[0] * parameters[1], parameters=parameters)
    small.backend = backend
    theta = [p.data for p in parameters]
    small.value_and_gradient(theta)
    before = peak()
    repeats = 3 if nodes <= 10**6 else 1
    record, tape = min(
        (timed(lambda: Tape.record(f, parameters=parameters)) for _ in range(repeats)),
        key=lambda pair: pair[0],
    )
    tape.backend = backend
    first, _ = timed(lambda: tape.value_and_gradient(theta))
    times = [timed(lambda: tape.value_and_gradient(theta))[0] for _ in range(5)]
    memory = peak() - before
    total = peak()
    if path:
        tape.save(path)
    forward = min(timed(f)[0] for _ in range(repeats))  # last: its graph needs memory as well
    replay = min(times)
    return {
        "nodes": nodes, "forward": forward, "record": record, "prepare": first - replay,
        "replay": replay, "memory": memory, "total": total,
    }  # fmt: skip


def loaded(path: str) -> dict[str, float]:
    """What a process needs that only replays: its peak, and seconds of a replay."""
    from autodiff import Tape

    tape = Tape.load(path)
    tape.backend = "numba"
    theta = [p.data for p in tape.parameters]
    tape.value_and_gradient(theta)
    start = time.perf_counter()
    tape.value_and_gradient(theta)
    return {"replay": time.perf_counter() - start, "total": peak()}


def child(*words: str) -> dict[str, float] | str:
    """What this module prints in a process of its own; or why there is nothing."""
    command = [sys.executable, "-m", "benchmarks.growth", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def plot(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Time and memory per node, on logarithmic axes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    colours = {"numba": "#0072b2", "numpy": "#d55e00", "python": "#555555"}
    eager: dict[float, float] = {}
    for backend, rows in found.items():
        nodes = [row["nodes"] for row in rows]
        for figures, style, what in (("record", "--", "record"), ("replay", "-", "replay")):
            left.plot(nodes, [row[figures] / row["nodes"] * 1e9 for row in rows], style,
                      marker="o", color=colours[backend], label=f"{backend}: {what}")  # fmt: skip
        right.plot(nodes, [row["memory"] / row["nodes"] for row in rows],
                   marker="o", color=colours[backend], label=backend)  # fmt: skip
        eager |= {row["nodes"]: row["forward"] / row["nodes"] * 1e9 for row in rows}
    left.plot(
        sorted(eager), [eager[n] for n in sorted(eager)], ":", color="black", label="eager forward"
    )
    for axis, title, unit in (
        (left, "time", "ns per node"),
        (right, "memory at the peak", "bytes per node"),
    ):
        axis.set(xscale="log", yscale="log", title=title, xlabel="nodes", ylabel=unit)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)


def line(backend: str, row: dict[str, float]) -> str:
    """One line of the table."""
    forward, record, prepare, replay = (
        row[key] / row["nodes"] * 1e9 for key in ("forward", "record", "prepare", "replay")
    )
    return (
        f"{backend:<9}{row['nodes']:>11,}{forward:>9.0f}{record:>8.0f}{record / forward:>11.1f}"
        f"{prepare:>9.0f}{replay:>8.1f}{row['memory'] / row['nodes']:>7.0f}"
        f"{row['total'] / 1e6:>12,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--most", type=int, default=10**7, help="nodes of the largest graph")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder of the plot")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--save", help=argparse.SUPPRESS)
    parser.add_argument("--backend", default="numba", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(loaded(options.load)))
        return
    if options.one:
        print(json.dumps(one(options.one, options.backend, options.save)))
        return
    print(
        "growth: ns per node, bytes per node at the peak; record/fwd: recording, as a multiple of"
    )
    print("an eager forward pass; prepare: generating code or assembling, once per recorded path")
    print(f"{'back end':<9}{'nodes':>11}{'forward':>9}{'record':>8}{'record/fwd':>11}{'prepare':>9}"
          f"{'replay':>8}{'bytes':>7}{'process MB':>12}")  # fmt: skip
    found: dict[str, list[dict[str, float]]] = {}
    options.out.mkdir(parents=True, exist_ok=True)
    saved = options.out / "growth.npz"
    for backend, most in MOST.items():
        for power in range(3, 8):
            if 10**power > min(most, options.most):
                break
            words = ["--one", str(10**power), "--backend", backend]
            largest = backend == "numba" and 10**power == min(most, options.most)
            row = child(*words, *(["--save", str(saved)] if largest else []))
            if isinstance(row, str):
                print(f"{backend:<9}{10**power:>11,}   {row}")
                continue
            found.setdefault(backend, []).append(row)
            print(line(backend, row), flush=True)
    for backend, rows in found.items():
        first, last = rows[0], rows[-1]
        ratio = last["replay"] / last["nodes"] * first["nodes"] / first["replay"]
        sizes = f"one of {last['nodes']:,} nodes over one of {first['nodes']:,}"
        print(f"{backend}: replay per node, {sizes}: {ratio:.2f}")
    only = child("--load", str(saved))
    saved.unlink(missing_ok=True)
    if isinstance(only, str):
        print(f"the largest, loaded from a file: {only}")
    else:
        print(f"the largest, loaded from a file and replayed: {only['total'] / 1e6:,.0f} MB in all "
              f"(bar: 2,000), {only['replay']:.2f} s")  # fmt: skip
    plot(found, options.out / "growth.png")
    print(options.out / "growth.png")


if __name__ == "__main__":
    main()
