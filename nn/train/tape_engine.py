"""Learning at machine speed: the steps of `fit` on a recorded loss and one vector of parameters.

Holds: `TapeEngine`, which takes them; `seconds`, what a fit costs in each way; and `engine_for`,
the one place that chooses.

May import: metrics, optim; of its room engine, flat, recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from math import ceil, isfinite
from typing import Any, NamedTuple

from nn.metrics.measures import outputs_of
from nn.optim.base import Optimizer
from nn.train.engine import Eager, Engine, Problem
from nn.train.flat import Flat, State, norm
from nn.train.recording import NotRecordableError, Recording, contents, same

ENGINES = ("auto", "eager", "tape")
# The compiled back end is taken after this much work, if at least that much is left, in seconds:
# whoever stops early has not waited for a compiler.
_WORK_BEFORE, _WORK_LEFT = 2.0, 4.0
# How far the loss of one case may be from that of the tape, relative: rounding, and no more.
_ROUNDING = 1e-9
# Recordings of one problem, after which a model that keeps changing is left to Values.
_MOST_RECORDINGS = 8


def seconds(size: int, cases: int, steps: int, copies: int = 1) -> dict[str, float]:
    """What a fit costs, roughly: by each back end of a tape, and with Values ("eager").

    Measured on two cores with Python 3.11; only the ratios matter.  What stands first is paid
    once: planning, and for numba 4 s, between the 9 s that its compiler takes once per machine and
    the 1 s of every later process.  Counted, not timed, so that the same fit is always computed in
    the same way, to the last bit.

    Args:
        size: Operations of one case, and their operands.
        cases: Cases learned from in all: examples times epochs.
        steps: Updates in all.
        copies: Cases in one recording: 1, or a batch.

    >>> best = lambda **fit: min(seconds(**fit), key=seconds(**fit).get)
    >>> best(size=50, cases=800, steps=200), best(size=200, cases=10_000, steps=600)
    ('eager', 'python')
    >>> best(size=3000, cases=10_000, steps=300), best(size=3000, cases=10**7, steps=10**5)
    ('numpy', 'numba')
    """
    work = size * cases
    costs = {
        "eager": 3e-5 * cases + 8.5e-7 * work,
        "python": 0.05 + 5e-5 * size * copies + 6e-5 * steps + 1.2e-7 * work,
        "numpy": 0.1 + 3e-6 * size + (4.5e-4 + 1.5e-7 * size) * steps + 4e-9 * work,
        "numba": 4.0 + 1e-5 * size * copies + 7e-5 * steps + 2e-9 * work,
    }
    if copies > 1:  # one long example: NumPy has nothing to do side by side
        del costs["numpy"]
    return costs


def engine_for(
    problem: Problem,
    optimizer: Optimizer,
    clip_norm: float | None,
    engine: str = "auto",
    epochs: int = 1,
    batch_size: int | None = None,
) -> Engine:
    """The engine for this problem.

    Args:
        problem: What is learned from.
        optimizer: What moves the parameters.
        clip_norm: The largest norm of a gradient, or None.
        engine: "tape", "eager", or "auto": the tape where it is possible and pays.
        epochs: Passes over the cases, at most.
        batch_size: Cases per step; None for all.

    Raises:
        ValueError: If there is no such engine, or the tape is asked for and not possible.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}, not {engine!r}")
    if engine == "eager":
        return Eager(problem, optimizer, clip_norm)
    size = min(batch_size or len(problem.X), len(problem.X))
    work = _Work(epochs * len(problem.X), epochs * ceil(len(problem.X) / size), size)
    try:
        return TapeEngine(problem, optimizer, clip_norm, work, forced=engine == "tape")
    except NotRecordableError as error:
        if engine == "tape":
            raise ValueError(_impossible(str(error))) from error
        return Eager(problem, optimizer, clip_norm, str(error))


class _Work(NamedTuple):
    """How much there is to do, at most."""

    cases: int
    steps: int
    batch: int


class TapeEngine:
    """Takes each step by replaying a tape: the same steps as `Eager`, to rounding.

    Parameters live in one vector, and the model's own Values only get them from `write_back`.
    While they are lent anything may change, so the next step reads everything again, and records
    again if the model is another.

    A step in which a number is not finite, or that cannot be replayed, is taken with Values; a
    tape that fails where Values do not is given up.

    Args:
        problem: What is learned from.
        optimizer: What moves the parameters.
        clip_norm: The largest norm of a gradient, or None.
        work: How much there is to do, at most.
        forced: Whether it is asked for by name: then it is taken though it may not pay.

    Raises:
        NotRecordableError: If the steps cannot be replayed, or that would take longer.
    """

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        clip_norm: float | None,
        work: _Work,
        forced: bool,
    ) -> None:
        if find_spec("numpy") is None:
            raise NotRecordableError('NumPy is not installed: %pip install "valuegrad[train]"')
        self.problem, self.clip_norm, self.forced = problem, clip_norm, forced
        self.eager = Eager(problem, optimizer, clip_norm)
        self.recording = Recording(problem)
        self._choose(work)
        self.recording.prepare()
        self.flat = Flat(self.recording.parameters, optimizer)
        self.layers = [self.flat.where(layer) for layer in self.eager.layers]
        self.given_up = ""
        self.taken = self.recordings = 0
        self.state: State | None = None  # None: everything stands in the model and the optimizer
        self.lent = True
        self._record(range(min(work.batch, len(problem.X))))

    def _choose(self, work: _Work) -> None:
        """The back end to begin with, and when the compiled one takes over, if it does."""
        size, copies = self.recording.size, work.batch if self.recording.whole else 1
        costs = seconds(size, work.cases, work.steps, copies)
        compiled = costs.pop("numba")
        if self.forced:
            del costs["eager"]
        self.backend = min(costs, key=costs.__getitem__)
        if self.backend == "eager":
            raise NotRecordableError("the fit is too short for a recording to pay")
        each = costs[self.backend] / work.steps
        before = ceil(_WORK_BEFORE / each)
        worth = (work.steps - before) * each > _WORK_LEFT and compiled < costs[self.backend]
        self.steps_before_numba = before if worth else None

    @property
    def name(self) -> str:
        """For people: the back end, or why there is none any more."""
        return f"eager: {self.given_up}" if self.given_up else f"tape ({self.backend})"

    # --- steps ----------------------------------------------------------------------------

    def step(self, rows: Sequence[int]) -> tuple[float, list[float]]:
        """One update: see `Engine`."""
        if self.given_up:
            return self.eager.step(rows)
        error: Exception | None = None
        try:
            taken = self._step(rows)
        except FloatingPointError:  # a number that is not finite: Values know what to do
            taken = None
        except Exception as failed:  # Values tell what is wrong; if nothing is, it is the tape
            taken, error = None, failed
        if taken is None:
            self.write_back()
            self.state = None
            taken = self.eager.step(rows)
        if error is not None:
            self._give_up(error)
        return taken

    def _step(self, rows: Sequence[int]) -> tuple[float, list[float]]:
        state = self.state
        if state is None:
            state = self.state = self.flat.read()
        if self.lent:
            if not self._is_current(rows):
                self._record(rows)
            self.lent = False
        if self.taken == self.steps_before_numba:
            self._compile(state, rows)
        loss, gradient = self._replay(state, rows)
        norms = [norm(gradient[layer]) for layer in self.layers]
        if not isfinite(loss) or not all(map(isfinite, norms)):
            raise FloatingPointError
        self.state = self.flat.update(state, gradient, self.clip_norm)
        self.taken += 1
        return loss, norms

    def _replay(self, state: State, rows: Sequence[int]) -> tuple[float, Any]:
        """The loss of a batch, and its gradient."""
        rows, weight = list(rows), self.problem.weight
        inputs = self.recording.take(rows)
        if self.recording.whole:
            loss, gradient = self.tape.value_and_gradient(state.theta, *inputs)
            return float(loss), gradient
        sums = self.problem.sums
        weights = None if weight is None else [weight[i] for i in rows]
        losses, gradient = self.tape.value_and_gradient(
            state.theta, *inputs, reduction="sum" if sums else "mean", weights=weights
        )
        if weights is None:
            return float(losses.sum() if sums else losses.mean()), gradient
        total = float(losses.dot(weights))
        return total if sums else total / sum(weights), gradient

    def _give_up(self, error: Exception) -> None:
        """Values take over for good, because the tape could not do what they could."""
        text = str(error) or type(error).__name__
        self.given_up = text.splitlines()[0]
        if self.forced:
            raise RuntimeError(_impossible(self.given_up)) from error

    # --- the tape -------------------------------------------------------------------------

    def _record(self, rows: Sequence[int]) -> None:
        """Makes a new tape from the model as it is."""
        self.recordings += 1
        if self.recordings > _MOST_RECORDINGS:
            raise NotRecordableError("the model or the loss keeps changing while it learns")
        if self.recordings > 1:  # the first was asked for when the recording was made
            self.recording.probe()
        self.contents = contents(self.problem.model)
        try:
            self.tape = self.recording.tape(rows)
            self.tape.backend = self.backend
            if self.recording.whole:  # one case alone, by which later changes are noticed
                self.tape.forward(*self.recording.example(rows[:1]))
        except Exception as error:  # of the tape, or of the function that met Values as inputs
            raise NotRecordableError(str(error) or type(error).__name__) from error
        self.outputs_tape: Any = None

    def _is_current(self, rows: Sequence[int]) -> bool:
        """Whether the model is still the one that was recorded."""
        if not same(self.contents, contents(self.problem.model)):
            return False
        # What stands nowhere in the model, a number in a function's surroundings, may have changed.
        recording, row = self.recording, rows[0]
        if recording.whole:
            found = self.tape.forward(*recording.example([row]))
        else:  # twice the same, because a batch is what the back end is ready for
            found = self.tape.forward(*recording.take([row, row]))[0]
        return _close(found, recording.eagerly(row))

    def _compile(self, state: State, rows: Sequence[int]) -> None:
        """From here on the compiled back end, if it is there and can do this."""
        try:
            self.tape.backend = "numba"
            self._replay(state, rows)
            self.backend = "numba"
        except Exception:  # not installed, or a rule of the user's that it cannot compile
            self.tape.backend = self.backend

    # --- for those who look on ------------------------------------------------------------

    def write_back(self, lend: bool = False) -> None:
        """See `Engine`."""
        if self.state is not None:
            self.flat.write(self.state)
        if lend:
            self.state, self.lent = None, True

    def outputs(self, problem: Problem) -> list[Any]:
        """See `Engine`."""
        self.write_back()
        if not self.given_up:
            try:
                found = self._replayed_outputs(problem)
                if not self.lent or _close(found[:1], outputs_of(problem.model, problem.X[:1])):
                    return found
            except Exception:  # whatever it is, Values meet it too, or do without the tape
                pass
        return outputs_of(problem.model, problem.X)

    def _replayed_outputs(self, problem: Problem) -> list[Any]:
        if self.outputs_tape is None or not same(self.contents, contents(problem.model)):
            self.outputs_tape = self.recording.tape_of_outputs()
        self.outputs_tape.backend = self.backend
        return self.outputs_tape.forward(problem.array).tolist()  # type: ignore[no-any-return]


# --- parts --------------------------------------------------------------------------------


def _close(found: Any, expected: Any) -> bool:
    """Whether two numbers, or lists of such, are equal to rounding."""
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(map(_close, found, expected))
    return abs(found - expected) <= _ROUNDING * max(1.0, abs(expected))  # type: ignore[no-any-return]


def _impossible(why: str) -> str:
    return f'engine="tape" is not possible here, because {why}: take engine="auto"'
