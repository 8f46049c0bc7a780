"""The tape beside its peers: each on the same work, in turns, in one run.

    python -m benchmarks.compare [--work moons] [--peers torch,numpy] [--quick] [--markdown]

Every peer runs in a process of its own, on one thread, in doubles.  Before anything is timed, each
peer's value and gradient (or its parameters after one update) are compared with those of our eager
engine.  Then the peers take turns, so that a slow moment of the machine hits all.  Prints medians,
quartiles, ratios to our tape, and the seconds until the first step was done: recording, compiling.
Times are those of the processor, in which the turns of other programs do not count; with `--clock`
those of the clock.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import sys
import time
from importlib import metadata
from typing import Any, NamedTuple

from benchmarks.child import Child, Failure, First, one_thread
from benchmarks.peers import PEERS
from benchmarks.work import WORKS, Work

TOLERANCE = 1e-9
TRUTH = "eager"  # whose numbers the others must find
AT_ONCE = 2  # peers that prepare at the same time


class Pace(NamedTuple):
    """How long everything may take.

    Attributes:
        turns: How often a fast peer is timed.
        slice: Seconds of one turn.
        budget: Seconds for all turns of a slow peer.
        limit: Share of a peer's limit for its first step.
    """

    turns: int
    slice: float
    budget: float
    limit: float


FULL, QUICK = Pace(45, 0.006, 4.0, 1.0), Pace(9, 0.006, 1.0, 0.5)


class Result(NamedTuple):
    """How a peer did.

    Attributes:
        times: Seconds per step, one per turn; of the processor, or on the clock.
        ready: Seconds to prepare, with the first step.
        note: Why there are no times.
    """

    times: list[float]
    ready: float = 0.0
    note: str = ""


def distance(work: Work, found: First, true: First) -> float:
    """How far a peer's numbers are from ours, relative: value, and gradient or update."""
    start = work.theta if work.rate else [0.0] * len(work.theta)
    if len(found.vector) != len(start):
        return math.inf
    size = math.dist(true.vector, start)
    value = abs(found.value - true.value) / abs(true.value)
    vector = math.dist(found.vector, true.vector) / size
    return math.inf if math.isnan(value + vector) else max(value, vector)


def prepare(work: Work, children: dict[str, Child], share: float) -> dict[str, First | Failure]:
    """The first step of every peer, a few at once, each given up after its own limit."""
    waiting, running, found = list(children), {}, {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            key = waiting.pop(0)
            children[key].ask("prepare", work.name)
            running[key] = time.monotonic() + share * PEERS[key].limit
        for key, end in list(running.items()):
            if children[key].answers(0.02) or time.monotonic() > end:
                found[key] = children[key].answer(0.0)
                del running[key]
    return {key: found[key] for key in children}


def share(turn: int, turns: int, count: int) -> bool:
    """Whether a peer that is timed `count` times has its go in this turn."""
    return (turn + 1) * count // turns > turn * count // turns


def run(work: Work, children: dict[str, Child], pace: Pace, clock: bool) -> dict[str, Result]:
    """All peers on one work."""
    first = prepare(work, children, pace.limit)
    results, calls, counts = {}, {}, {}
    if isinstance(first[TRUTH], Failure):  # then nobody can be checked
        return {TRUTH: Result([], note=first[TRUTH].reason)}
    for key, found in first.items():
        if isinstance(found, Failure):
            results[key] = Result([], note=found.reason)
        elif (gap := distance(work, found, first[TRUTH])) > TOLERANCE:
            results[key] = Result([], note=f"other numbers, by {gap:.1e}: not timed")
        else:
            results[key] = Result([], found.ready)
            calls[key] = max(1, int(pace.slice / found.again))
            cost = calls[key] * found.again
            fewest = 1 if cost > pace.budget else 3
            counts[key] = max(fewest, min(pace.turns, int(pace.budget / cost)))
    for turn in range(pace.turns):
        for key in list(calls):
            if not share(turn, pace.turns, counts[key]):
                continue
            children[key].ask("time", calls[key])
            seconds = children[key].answer(PEERS[key].limit)
            if isinstance(seconds, Failure):
                results[key] = Result([], note=seconds.reason)
                del calls[key]
            else:
                results[key].times.append(seconds[clock])
    return {key: each for key, each in results.items() if each.times or each.note}


# --- the table ----------------------------------------------------------------------------


def said(seconds: float) -> str:
    """A time in microseconds, to three digits or more."""
    micro = seconds * 1e6
    return f"{micro:,.0f}" if micro >= 100 else f"{micro:.1f}"


def base_of(results: dict[str, Result]) -> str:
    """What the ratios refer to: our fastest way, the compiled tape, or eager if there is none."""
    return next(key for key in ("numba", "vectors", TRUTH) if key in results and results[key].times)


def ratio_of(result: Result, results: dict[str, Result]) -> str:
    ratio = statistics.median(result.times) / statistics.median(results[base_of(results)].times)
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.2g}x" if ratio < 10 else f"{ratio:.0f}x"


def text(work: Work, results: dict[str, Result]) -> str:
    """The part of the table on one work."""
    lines = [
        f"{work.title}",
        f"  {'':<32}{'median us':>12}{'quartiles us':>28}{'ratio':>9}{'ready s':>9}",
    ]
    for key, result in results.items():
        line = f"  {PEERS[key].title:<32}"
        if not result.times:
            lines.append(f"{line}    {result.note}")
            continue
        low, middle, high = statistics.quantiles(result.times * 2, method="inclusive")
        lines.append(
            f"{line}{said(middle):>12}{said(low) + ' to ' + said(high):>28}"
            f"{ratio_of(result, results):>9}{result.ready:>9.2f}"
        )
    return "\n".join(lines)


def markdown(found: dict[str, dict[str, Result]]) -> str:
    """The whole table: a row per peer, a column per work."""
    rows = [["", *found], ["---"] * (len(found) + 1)]
    for key, peer in PEERS.items():
        cells = []
        for results in found.values():
            result = results.get(key)
            if result is None:
                cells.append("")
            elif result.times:
                middle = said(statistics.median(result.times))
                cells.append(f"{middle} µs, {ratio_of(result, results)}")
            else:
                cells.append(result.note)
        if any(cells):
            rows.append([peer.title, *cells])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def versions(keys: list[str]) -> str:
    """Of Python and of all packages that take part."""
    known = {f"Python {platform.python_version()}": None}
    for package in sorted({package for key in keys for package in PEERS[key].packages}):
        try:
            known[f"{package} {metadata.version(package)}"] = None
        except metadata.PackageNotFoundError:
            known[f"{package} not installed"] = None
    return ", ".join(known)


def chosen(parser: argparse.ArgumentParser, words: str, known: Any, what: str) -> list[str]:
    """Those of `known` that are named in `words`, in the order of `known`."""
    names = words.split(",") if words else list(known)
    for name in names:
        if name not in known:
            parser.error(f"no {what} is called {name!r}: there are {', '.join(known)}")
    return [name for name in known if name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", default="", help=f"some of {','.join(WORKS)}")
    parser.add_argument("--peers", default="", help=f"some of {','.join(PEERS)}")
    parser.add_argument("--quick", action="store_true", help="fewer turns, and give up sooner")
    parser.add_argument("--clock", action="store_true", help="time by the clock")
    parser.add_argument("--markdown", action="store_true", help="at the end the table for a README")
    options = parser.parse_args()
    works = chosen(parser, options.work, WORKS, "work")
    keys = chosen(parser, options.peers, PEERS, "peer")
    keys = [key for key in PEERS if key in {*keys, TRUTH, "numba"}]
    one_thread()
    print(f"{versions(keys)}; {os.cpu_count()} cores, each peer on 1", flush=True)
    children, found = {key: Child(key) for key in keys}, {}
    start = time.perf_counter()
    try:
        for name in works:
            work = WORKS[name]()
            found[name] = run(work, children, QUICK if options.quick else FULL, options.clock)
            print(f"\n{text(work, found[name])}", flush=True)
    finally:
        for child in children.values():
            child.stop()
    if options.markdown:
        print(f"\n{markdown(found)}")
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
