"""Random programs of all operations, differentiated in every way that there is, and compared.

    python -m tests.fuzz --programs 100000

Every program: first, second and third derivatives by every mode of `tests.modes`, compared to a
bound derived from the program.  Samples of them: the tape; mpmath, to a bound on rounding; and
PyTorch, HIPS autograd and JAX, where they are installed.  `SAMPLES` says how many; `--thin 8` asks
an eighth of that, so that our own ways are compared on more programs in less time.  A program is
known by its number: `--first 1234 --programs 1` runs that one again and prints it.
"""

from __future__ import annotations

import argparse
import functools
import math
import multiprocessing
import os
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests import peers
from tests.modes import MODES, SLOW_MODES, Reference
from tests.programs import EPS, Program, UnusableError, build, near_kink

# One program in so many is also given to these.
SAMPLES = {"tape": 10, "mpmath": 4, "PyTorch": 20, "HIPS autograd": 20, "JAX": 2000}
CHUNK = 100


@dataclass
class Tally:
    """What was compared, and how it came out.

    Attributes:
        counts: Number of comparisons by name.
        worst: The largest difference by name, as a part of what rounding explains.
        widths: By kind how many bounds have so many zeros, relative to the number they bound.
        faults: Disagreements in words.
    """

    counts: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float] = field(default_factory=dict)
    widths: dict[str, Counter[int]] = field(
        default_factory=lambda: {"modes": Counter(), "mpmath": Counter()}
    )
    faults: list[str] = field(default_factory=list)

    def compare(self, name: str, share: float, about: str) -> None:
        """Notes one comparison; a share above 1, or nan, is a disagreement."""
        self.counts[name] += 1
        if not share <= 1.0:
            self.faults.append(f"{name} differs by {share:.3g} times the bound: {about}")
        self.worst[name] = max(self.worst.get(name, 0.0), share)

    def add(self, other: Tally) -> None:
        """Adds what another process has counted."""
        self.counts += other.counts
        for kind, counter in other.widths.items():
            self.widths[kind] += counter
        self.faults += other.faults
        for name, share in other.worst.items():
            self.worst[name] = max(self.worst.get(name, 0.0), share)

    def measure(self, kind: str, number: float, bound: float) -> None:
        """Notes how narrow a bound is."""
        if number and bound:
            self.widths[kind][math.floor(-math.log10(bound / abs(number)))] += 1

    def width(self, kind: str, part: float) -> int:
        """The power of ten that so large a part of the relative bounds stays below."""
        left = part * self.widths[kind].total()
        for zeros in sorted(self.widths[kind], reverse=True):
            left -= self.widths[kind][zeros]
            if left <= 0:
                return -zeros
        return 0


def compare(program: Program, v: list[float], tally: Tally, sampled: set[str]) -> None:
    """Differentiates one program in every way, and notes what differs."""
    about = f"{program} along {v}"
    reference = Reference(program, v)
    for order, quick, slow in zip((1, 2, 3), MODES, SLOW_MODES, strict=True):
        for mode in quick + slow * ("tape" in sampled):
            share = reference.share(order, mode(program, v))
            tally.compare(f"order {order}: {mode.__name__}", share, about)
        for x, bound in zip(reference.vectors[order - 1], reference.bounds[order - 1], strict=True):
            tally.measure("modes", x, bound)
    others = {name: peer for name, peer in peers.installed().items() if name in sampled}
    if others and not near_kink(program):
        rounding = reference.rounding()
        for scalar, bound in zip(reference.scalars, rounding, strict=True):
            tally.measure("mpmath", scalar.data, bound)
        for name, peer in others.items():
            for order, theirs in enumerate(peer(program, v)):
                ours = reference.scalars[order].data
                bound = allowance(name, rounding[order], reference, order)
                share = float(abs(theirs - ours)) / bound
                tally.compare(f"order {order}: {name}", share, about)


def allowance(name: str, rounding: float, reference: Reference, order: int) -> float:
    """How far somebody else's number may be from ours.

    mpmath's differences are right to 25 digits.  Others may be off by as much as we; and by a few
    roundings of all lower orders besides, where their formula computes a 0 that ours has exactly.
    """
    if name == "mpmath":
        return rounding + 1e-25
    size = 1.0 + sum(abs(each.data) for each in reference.scalars[: order + 1])
    return 2.0 * rounding + 8.0 * EPS * size


def chosen(number: int) -> tuple[Program, list[float]]:
    """The program of a number, and a direction."""
    generator = random.Random(number)
    while True:
        try:
            program = build(generator.randrange)
        except UnusableError:
            continue
        signs = [generator.choice((-1.0, 1.0)) for _ in program.inputs]
        return program, [sign * generator.uniform(0.5, 1.0) for sign in signs]


def run(numbers: range, thin: int = 1) -> Tally:
    """Compares the programs of these numbers, with so much smaller samples."""
    tally = Tally()
    # HIPS autograd warns where a derivative is 0.
    warnings.filterwarnings("ignore", "Output seems independent of input")
    for number in numbers:
        program, v = chosen(number)
        sampled = {name for name, every in SAMPLES.items() if number % (every * thin) == 0}
        before = len(tally.faults)
        compare(program, v, tally, sampled)
        tally.counts["programs"] += 1
        tally.faults[before:] = [f"program {number}: {each}" for each in tally.faults[before:]]
    return tally


def chunks(first: int, count: int) -> Iterator[range]:
    """The numbers of all programs, in ranges for one process to work on."""
    for start in range(first, first + count, CHUNK):
        yield range(start, min(start + CHUNK, first + count))


def report(tally: Tally, seconds: float) -> None:
    """Prints what was compared."""
    for name in sorted(tally.counts.keys() - {"programs"}):
        print(f"{name:45} {tally.counts[name]:9}   worst {tally.worst[name]:.2g} of the bound")
    for kind in tally.widths:
        print(
            f"bounds for {kind}: half are below 1e{tally.width(kind, 0.5)} of the number that is "
            f"compared, 99% below 1e{tally.width(kind, 0.99)}"
        )
    for fault in tally.faults[:10]:
        print(fault)
    total = tally.counts.total() - tally.counts["programs"]
    print(
        f"{tally.counts['programs']} programs, {total} comparisons, {len(tally.faults)} "
        f"disagreements, {seconds:.0f} s"
    )


def main() -> int:
    """Runs as many programs as asked for, on all cores; 1 if any two ways disagree."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=int, default=100_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many at once")
    parser.add_argument("--thin", type=int, default=1, help="by how much to thin the samples out")
    options = parser.parse_args()
    missing = [name for name in peers.PEERS if name not in peers.installed()]
    parts = ", ".join(
        f"{name} 1 in {n * options.thin}" for name, n in SAMPLES.items() if name not in missing
    )
    print(
        f"all modes of all programs; samples: {parts}; not installed: {', '.join(missing) or '-'}"
    )
    start, tally = time.perf_counter(), Tally()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        work = functools.partial(run, thin=options.thin)
        for done in pool.imap_unordered(work, chunks(options.first, options.programs)):
            tally.add(done)
            if sys.stderr.isatty():
                print(f"\r{tally.counts['programs']}", end="\r", file=sys.stderr)
    report(tally, time.perf_counter() - start)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
