"""The paths that a function takes, and which of them replays which example.

Holds: `Paths`.

May import: context, backends, eager, program, recorder, results, shapes, value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any
from weakref import WeakSet

from autodiff.context import CONTEXT, warn
from autodiff.tape import backends, eager
from autodiff.tape.backends import Path
from autodiff.tape.program import REDEFINED, Program
from autodiff.tape.reader import record
from autodiff.tape.recorder import run
from autodiff.tape.results import as_list, join, pick, shaped
from autodiff.tape.shapes import Arguments, Batch
from autodiff.value import Value

MOST_PATHS = 64
_ALL: WeakSet[Paths] = WeakSet()


class Paths:
    """Every path of a function that has been recorded so far.

    Args:
        function: What is recorded where a path is missing; None if it is not known.
        parameters: The Values that gradients are wanted of.
        arguments: How the function is called.

    Attributes:
        backend: What replays.
        by_key: For each shape of the inputs the paths, in the order of recording.
    """

    def __init__(
        self, function: Callable[..., Any] | None, parameters: Sequence[Value], arguments: Arguments
    ) -> None:
        self.function, self.parameters, self.arguments = function, parameters, arguments
        self.backend = backends.automatic()
        self.by_key: dict[Any, list[Path]] = {}
        self._warned = False
        self._redefined = REDEFINED.count
        self._lock = RLock()
        _ALL.add(self)

    def __iter__(self) -> Iterator[Path]:
        return (path for paths in self.by_key.values() for path in paths)

    def sweep(self, batch: Batch, theta: Any, work: str, seeds: Any) -> tuple[Any, Any]:
        """Replays every example along its own path: rows of results, and gradients if wanted.

        A path is tried on the examples that are left; those whose guards held are done.
        """
        with self._lock:
            if REDEFINED.count != self._redefined:
                self._forget_outdated()
            paths = self.by_key.setdefault(batch.key, [])
            left: list[int] | None = None  # all
            parts: list[tuple[Any, Any, Any]] = []
            for i in range(MOST_PATHS + 1):
                if i == MOST_PATHS or CONTEXT.get().anomaly:
                    parts.append((left, *self._eager(batch, left, theta, work, seeds)))
                    break
                new = i == len(paths)
                if new:
                    self.add(batch, left[0] if left else 0, theta)
                replay = paths[i].replay(self.backend, len(left or batch.rows))
                rows, gradient, held = self._replay(replay, batch, left, theta, work, seeds)
                if held is None:
                    parts.append((left, rows, gradient))
                    break
                tried = left or range(len(batch))
                done = [j for j, ok in zip(tried, held) if ok]
                left = [j for j, ok in zip(tried, held) if not ok]
                if done:  # again without the others, whose numbers mean nothing
                    again = self._replay(replay, batch, done, theta, work, seeds)
                    parts.append((done, *again[:2]))
                if new and left[0] == tried[0]:
                    # Its own path, by eager's numbers; others may differ in the last digit.
                    one, exact = left[:1], paths[i].replay("python", 1)
                    parts.append((one, *self._replay(exact, batch, one, theta, work, seeds)[:2]))
                    left = left[1:]
                if not left:
                    break
            return join(parts, len(batch), work)

    def _forget_outdated(self) -> None:
        """Drops the paths in which an operation means something else by now."""
        for paths in self.by_key.values():
            current = [path for path in paths if not path.program.is_outdated()]
            if len(current) < len(paths):
                self._require_function("an operation of it has been registered anew")
            paths[:] = current
        self._redefined = REDEFINED.count

    def _replay(
        self, replay: Any, batch: Batch, chosen: list[int] | None, theta: Any, work: str, seeds: Any
    ) -> Any:
        captured = [value._data for value in replay.program.captured]
        p = [parameter._data for parameter in self.parameters] if theta is None else theta
        rows = pick(batch.rows, chosen)
        if work == "gradient":
            return replay.gradient(rows, p, captured, pick(seeds, chosen))
        return getattr(replay, work)(rows, p, captured)

    def _eager(
        self, batch: Batch, chosen: list[int] | None, theta: Any, work: str, seeds: Any
    ) -> tuple[Any, Any]:
        if not CONTEXT.get().anomaly and not self._warned:
            self._warned = True
            warn(
                f"the function takes more than {MOST_PATHS} paths: examples beyond them are "
                "computed without the tape, at eager speed"
            )
        function = self._require_function("the function takes too many paths")

        def call(row: Any) -> tuple[list[Value], list[Value]]:
            inputs = [Value(x) for x in as_list(row)]
            return inputs, eager.outputs_of(function(*self.arguments.fill(batch.key, inputs)))[0]

        rows, own = pick(batch.rows, chosen), pick(seeds, chosen) if seeds is not None else ()
        return eager.replay(self.parameters, call, rows, theta, work, own)

    def add(self, batch: Batch, i: int, theta: Any) -> Path:
        """Records the path that example number i of a batch takes."""
        path = Path(self.record(batch, i, theta))
        self.by_key.setdefault(batch.key, []).append(path)
        return path

    def record(self, batch: Batch, i: int, theta: Any) -> Program:
        """The program of example number i of a batch, with the parameters at `theta`."""
        known = self.by_key.get(batch.key)
        why = "a comparison went another way" if known else f"inputs of shape {batch.key}"
        function = self._require_function(why)
        inputs = [Value(x) for x in as_list(batch.rows[i])]
        arguments = self.arguments.fill(batch.key, inputs)

        def recorded() -> Program:
            recorder, result = run(function, arguments)
            outputs, single = eager.outputs_of(result)
            del result
            return record(recorder, inputs, self.parameters, outputs, single)

        return eager.with_parameters_at(self.parameters, theta, recorded)

    def _require_function(self, why: str) -> Callable[..., Any]:
        if self.function is None:
            raise RuntimeError(
                f"this tape comes from a file and does not hold what the call needs ({why}): "
                "record it again with Tape.record"
            )
        return self.function

    def _first_path(self, batch: Batch) -> Path:
        known = self.by_key.get(batch.key)
        return known[0] if known else self.add(batch, 0, None)

    def require_one_output(self, batch: Batch) -> None:
        """Raises ValueError if the function returns several Values."""
        n = len(self._first_path(batch).program.outputs)
        if n != 1:
            raise ValueError(
                f"a gradient needs a function that returns one Value, this one returns {n}: "
                "record a function that reduces them to one"
            )

    def shaped(self, batch: Batch, rows: Any) -> Any:
        """Rows of results as the caller of the tape gets them."""
        return shaped(rows, self.by_key[batch.key][0].program.single, batch.single)


def _renew_locks() -> None:
    """In a forked child: what another thread was replaying is begun, and never ends."""
    for paths in _ALL:
        paths._lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
