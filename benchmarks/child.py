"""A peer in a process of its own: nothing it imports or spoils reaches the others.

Holds: `Child`, the handle; `serve`, what runs in the process.  A process can be given up, when it
compiles for ever, and can crash, and the table still comes out.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import time
from typing import Any, NamedTuple

from benchmarks.peers import PEERS
from benchmarks.work import WORKS

# One thread each, so that what is compared is the method.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class First(NamedTuple):
    """What the first step gave.

    Attributes:
        value: The value of the work.
        vector: Its gradient, or the parameters after the update.
        ready: Seconds to prepare, with the first step: recording, compiling.
        again: Seconds of the second step.
    """

    value: float
    vector: list[float]
    ready: float
    again: float


class Failure(NamedTuple):
    """Why there are no numbers; nothing said, if the peer does not take part in this work."""

    reason: str


def prepare(key: str, work_name: str) -> tuple[Any, First | Failure]:
    """The step of a peer, and what it gave the first time."""
    peer, work = PEERS[key], WORKS[work_name]()
    make, *arguments = peer.make
    maker = getattr(importlib.import_module(f"benchmarks.peers.{peer.module}"), make)
    method = getattr(maker(*arguments), work_name, None)
    if method is None:
        return None, Failure("")
    start = time.perf_counter()  # imports are no part of the work
    step, read = method(work)
    value = float(step())
    ready = time.perf_counter() - start
    vector = [float(x) for x in read()]
    start = time.perf_counter()
    step()
    return step, First(value, vector, ready, time.perf_counter() - start)


def measure(step: Any, calls: int) -> tuple[float, float]:
    """Seconds per call, over so many: of the processor, and on the clock.

    On a machine that others use as well, the first is steady and the second is not.
    """
    gc.collect()
    if calls > 1:
        step()  # what the others threw out of the caches
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(calls):
        step()
    end = time.process_time()
    return (end - processor) / calls, (time.perf_counter() - clock) / calls


def serve(key: str, pipe: Any) -> None:
    """Answers what `Child` asks, until the pipe closes."""
    step: Any = None
    while True:
        try:
            verb, argument = pipe.recv()
        except EOFError:
            return
        try:
            if verb == "prepare":
                step = None
                gc.collect()
                step, answer = prepare(key, argument)
            else:
                answer = measure(step, argument)
        except ImportError as error:
            answer = Failure(f"not installed: {str(error).splitlines()[0]}")
        except Exception as error:
            answer = Failure(f"{type(error).__name__}: {str(error).splitlines()[0]:.60}")
        pipe.send(answer)


class Child:
    """One peer's process; it starts when it is first needed."""

    def __init__(self, key: str) -> None:
        self.key, self.process, self.pipe, self.asked = key, None, None, 0.0

    def ask(self, verb: str, argument: Any) -> None:
        """Sends a request; `answer` gets what comes of it."""
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.pipe, end = context.Pipe()
            self.process = context.Process(target=serve, args=(self.key, end), daemon=True)
            self.process.start()
            end.close()
        self.asked = time.monotonic()
        self.pipe.send((verb, argument))

    def answers(self, seconds: float) -> bool:
        """Whether there is an answer, or comes one within so many seconds."""
        return self.pipe.poll(seconds)  # type: ignore[no-any-return]

    def answer(self, limit: float) -> Any:
        """What the process answered, or a Failure if it took longer than `limit` seconds."""
        try:
            if self.answers(max(0.0, limit)):
                return self.pipe.recv()
            reason = f"given up after {time.monotonic() - self.asked:.0f} s"
        except EOFError:
            self.process.join(5.0)
            reason = f"the process died, exit code {self.process.exitcode}"
        self.stop()
        return Failure(reason)

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = self.pipe = None


def one_thread() -> None:
    """Makes the libraries of processes that start from now on use one thread."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
