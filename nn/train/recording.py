"""What of a problem a tape records: a function of numbers, and what speaks against it.

Holds: `Recording`, the loss of one case, or of one batch, as a function of arrays; `contents`,
by which a change of a model is noticed; and `NotRecordableError`.

A tape repeats what a function did once.  So nothing may be recorded that does something else the
next time: draws random numbers, changes itself, reads what is no input.

May import: autodiff, chance, data, models, losses; of its room engine; numpy when first used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import autodiff
from autodiff import Value, no_grad
from nn.chance import Streams
from nn.data.cases import one_hot
from nn.losses.likelihood import IGNORED, cross_entropy, nll_loss
from nn.losses.table import LOSSES, inner_loss
from nn.models.modes import evaluation
from nn.models.module import Module
from nn.train.engine import Problem

# More paths through comparisons than this cost more replays than they save.
MOST_PATHS = 4
# Calls that have to give the same number before a function counts as one that always does.
_CALLS = 20
# Settings of a loss by which a case counts more or less, depending on the others of its batch.
_COUNTING = {"weight", "sample_weight", "ignore_index"}
_PLAIN = (int, float, str, bool)
_ATOMS = frozenset((*_PLAIN, Value, type(None)))


class NotRecordableError(Exception):
    """Why steps are taken with Values, in words."""


class Recording:
    """The loss as a function of numbers, to be recorded once `prepare` has said that it can be.

    Our own losses are means or sums over cases, so that the loss of one case is recorded and
    replayed for all of a batch.  Of any other loss nothing is known: it is recorded whole, for
    each size of batch.

    Args:
        problem: What is learned from.

    Attributes:
        whole: Whether the loss of a whole batch is recorded.
        size: Operations of one case, with their operands: what a step with Values costs.
        parameters: Those of the model, in order.
        arrays: The cases, their targets, and with `whole` their weights; made once.

    Raises:
        NotRecordableError: If the function cannot be called with one case, draws random numbers,
            or changes the model.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.model, self.loss = problem, problem.model, problem.loss
        self.parameters: list[Value] = list(self.model.parameters())
        base = inner_loss(self.loss)
        by_case = _is_by_case(self.loss)
        self.whole = not (base in LOSSES.values() and by_case)
        self.y = problem.y
        if base in (cross_entropy, nll_loss):
            if not by_case or IGNORED in self.y:
                raise NotRecordableError(
                    "how much a case counts depends on the classes of the others in its batch"
                )
            self.y = _as_rows(self.y, problem.n_out)
        self.size = self.probe()
        self.arrays: list[Any] = []

    # --- the function ---------------------------------------------------------------------

    def of_case(self, x: Any, t: Any) -> Any:
        """The loss of one case alone."""
        return self.loss([self.model(x)], [t])

    def of_batch(self, X: Any, y: Any, weight: Any = None) -> Any:
        """The loss of a batch."""
        outputs = [self.model(x) for x in X]
        if weight is None:
            return self.loss(outputs, y)
        return self.loss(outputs, y, sample_weight=weight)

    def example(self, rows: Sequence[int]) -> list[Any]:
        """What the function is called with for these cases; of one case at a time, the first."""
        if not self.whole:
            return [self.problem.X[rows[0]], self.y[rows[0]]]
        weight = self.problem.weight
        columns = [self.problem.X, self.y] if weight is None else [self.problem.X, self.y, weight]
        return [[column[i] for i in rows] for column in columns]

    def eagerly(self, row: int) -> float:
        """The loss of the case with this number alone, without a graph."""
        with no_grad():
            loss = self._function()(*self.example([row]))
        return float(loss.data if isinstance(loss, Value) else loss)

    def _function(self) -> Callable[..., Any]:
        return self.of_batch if self.whole else self.of_case

    # --- the tape -------------------------------------------------------------------------

    def tape(self, rows: Sequence[int]) -> autodiff.Tape:
        """A new tape of the loss, made from the cases with these numbers."""
        function = _limited(self._function(), self.whole)
        return autodiff.Tape.record(function, *self.example(rows), parameters=self.parameters)

    def tape_of_outputs(self) -> autodiff.Tape:
        """A new tape of the model alone, in eval mode."""

        def outputs(x: Any) -> Any:
            with evaluation():
                return self.model(x)

        function = _limited(outputs, False)
        return autodiff.Tape.record(function, self.problem.X[0], parameters=self.parameters)

    def take(self, rows: Sequence[int]) -> list[Any]:
        """The numbers of these cases, as the tape is called with."""
        return [array[rows] for array in self.arrays]

    def prepare(self) -> None:
        """Makes the arrays, and calls the function again and again.

        Raises:
            NotRecordableError: If cases or targets differ in shape, or a case does not give the
                same loss each time.
        """
        import numpy

        try:
            self.arrays = [self.problem.array, numpy.array(self.y, dtype=float)]
        except ValueError:
            raise NotRecordableError("cases or targets differ in shape") from None
        if self.whole and self.problem.weight is not None:
            self.arrays.append(numpy.array(self.problem.weight))
        first = repr(self.eagerly(0))
        if any(repr(self.eagerly(0)) != first for _ in range(_CALLS)):
            raise NotRecordableError("the same case does not give the same loss again")

    def probe(self) -> int:
        """Calls the function once, watched: the size of its graph.

        Raises:
            NotRecordableError: As the class.
        """
        streams, before = Streams(self.model, self.loss), contents(self.model)
        if streams.read:
            raise NotRecordableError("an iterator is read, which calls would use up")
        try:
            loss = self._function()(*self.example([0]))
        except Exception as error:  # Values will say what is wrong, if they are wronged too
            raise NotRecordableError(f"the first case alone: {error}") from error
        finally:  # the steps with Values draw what they would have drawn
            drawn = streams.put_back()
        if drawn:
            raise NotRecordableError("random numbers are drawn anew for each case")
        if not same(before, contents(self.model)):
            raise NotRecordableError("the model changes when it is called")
        if not isinstance(loss, Value):
            raise NotRecordableError("the loss is no Value")
        return _size(loss)


def contents(model: Any) -> list[Any]:
    """Everything that stands in a model, at any depth, in an order that tells where.

    >>> from nn import MLP
    >>> model = MLP(2, [1], seed=0)
    >>> before = contents(model)
    >>> model.layers[0].neurons[0].activation = "relu"
    >>> same(before, contents(model))
    False
    """
    found: list[Any] = []
    stack, seen = [model], set()
    while stack:
        thing = stack.pop()
        found.append(thing)
        if thing.__class__ in _ATOMS or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Module) or thing is model:
            thing = getattr(thing, "__dict__", ())
        if isinstance(thing, dict):
            found.extend(thing)
            stack.extend(thing.values())
        elif isinstance(thing, (list, tuple, set)):
            stack.extend(thing)
    return found


def same(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether two `contents` are those of an unchanged model."""
    return len(before) == len(after) and all(
        a is b or (a.__class__ is b.__class__ and isinstance(a, _PLAIN) and a == b)
        for a, b in zip(before, after)
    )


# --- parts --------------------------------------------------------------------------------


def _is_by_case(loss: Any) -> bool:
    """Whether each case counts as it does alone, whatever a `partial` has settled."""
    return not isinstance(loss, partial) or not (loss.args or _COUNTING & loss.keywords.keys())


def _as_rows(y: Sequence[Any], n: int) -> list[Any]:
    """Targets of the cross-entropy, a class as a row of probabilities: a class is no input."""
    return [t if isinstance(t, (list, tuple)) else one_hot([t], n)[0] for t in y]


def _limited(function: Callable[..., Any], by_length: bool) -> Callable[..., Any]:
    """The function, as long as a tape does not record too many of its paths."""
    runs: Counter[int] = Counter()

    def limited(*arguments: Any) -> Any:
        shape = len(arguments[0]) if by_length else 0
        runs[shape] += 1
        if runs[shape] > MOST_PATHS:
            raise NotRecordableError(
                f"comparisons lead along more than {MOST_PATHS} paths, other ones for other cases"
            )
        return function(*arguments)

    return limited


def _size(root: Value) -> int:
    """The number of operations below a node, and of their operands."""
    seen, stack, count = {id(root)}, [root], 0
    while stack:
        parents = stack.pop().parents
        count += 1 + len(parents)
        for parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                if parent.op:
                    stack.append(parent)
    return count
