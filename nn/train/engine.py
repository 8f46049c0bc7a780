"""One step of learning: from a batch of cases to the next parameters.

Holds: `Problem`, what is learned from; `Engine`, what takes the steps; and `Eager`, which takes
them with Values.

May import: autodiff, checks, chance, losses, metrics, optim; of its room diagnostics, history;
numpy when first used.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import hypot, isfinite
from typing import Any, Protocol

from autodiff import Value
from nn.chance import Streams
from nn.checks import check_cases, check_lengths, check_targets, check_weights, column
from nn.losses.table import LOSSES, Loss, inner_loss
from nn.metrics.classes import Classes, classes_of, ignored_by, last_activation
from nn.metrics.measures import outputs_of
from nn.optim.base import Optimizer
from nn.optim.clip import clip_grad_norm_
from nn.train.diagnostics import layer_parameters
from nn.train.history import Evaluation

# Losses of raw scores, and the last activations that would then be applied twice.
_APPLIED_INSIDE = {
    "cross_entropy": ("softmax", "log_softmax"),
    "binary_cross_entropy_with_logits": ("sigmoid", "logsigmoid"),
}


class Engine(Protocol):
    """What takes the steps of `fit`.  It may keep parameters elsewhere while it works."""

    @property
    def name(self) -> str:
        """For people: `History.engine`."""

    def step(self, rows: Sequence[int]) -> tuple[float, list[float]]:
        """One update from the cases with these numbers: the loss, and the norm per layer.

        Raises:
            FloatingPointError: If the loss is not finite.  No parameter has changed then.
        """

    def write_back(self, lend: bool = False) -> None:
        """Makes parameters, gradients and optimizer those of the last complete update.

        Args:
            lend: Whether somebody may change them, or the model, before the next step.
        """

    def outputs(self, problem: Problem) -> list[Any]:
        """The model's outputs for all cases of a problem, with the parameters as they are."""


class Problem:
    """What is learned from: model, data and loss, checked to fit together.

    Attributes:
        model: The model.
        loss: The loss of a batch.
        X: The cases.
        y: The targets, as the loss is called with them.
        targets: The targets as everybody else sees them: a column of one number each is those
            numbers.  Only a loss of the user's own gets the column.
        weight: The weights of the cases, or None.
        counts: The same, but 0 for a case that the loss ignores; None if all count alike.
        output: The model's output for the first case, as an example of what outputs are like.
        sums: Whether the loss of a batch is a sum.

    Raises:
        TypeError, ValueError: If they do not fit; the message says where.
    """

    def __init__(self, model: Any, X: Any, y: Any, loss: Loss, weight: Any = None) -> None:
        self.model, self.loss = model, loss
        self.X, self.y = check_cases(X, getattr(model, "n_in", None)), check_targets(y)
        self.targets = column(self.y)
        check_lengths(self.X, self.y)
        self.weight = None if weight is None else check_weights(weight, len(self.X))
        streams = Streams(model)
        try:
            (first,) = outputs_of(model, self.X[:1])
        finally:
            streams.put_back()
        (self.output,) = column([first])
        self.n_out = len(self.output) if isinstance(self.output, list) else 1
        if inner_loss(loss) in LOSSES.values():
            self.y = self.targets
            self._check_targets_fit(first)
        self.sums = self._reduction() == "sum"
        self.counts = self._counts()

    def classes(self) -> Classes:
        """What outputs and targets mean as classes.

        Raises:
            ValueError: If a target is none; the message says where.
        """
        return classes_of(self.model, self.n_out, self.targets, self.loss)

    @cached_property
    def array(self) -> Any:
        """The cases as one array of floats.

        Raises:
            ValueError: If they differ in shape.
        """
        import numpy

        return numpy.array(self.X, dtype=float)

    def _reduction(self) -> Any:
        """How the loss reduces a batch, once it is known to give one number, and by weights."""
        arguments = _arguments_of(self.loss)
        kinds = {argument.kind for argument in arguments.values()}
        if self.weight and not (
            "sample_weight" in arguments or inspect.Parameter.VAR_KEYWORD in kinds
        ):
            raise ValueError(
                "the loss takes no weights: give it an argument sample_weight, one number per case"
            )
        reduction = arguments["reduction"].default if "reduction" in arguments else "mean"
        if reduction == "none":
            raise ValueError("a loss to learn from is one number: its reduction is not 'none'")
        return reduction

    def _counts(self) -> list[float] | None:
        """By how much each case counts."""
        ignored = ignored_by(self.loss)
        if ignored not in self.targets:
            return self.weight
        weights = self.weight or [1.0] * len(self.X)
        counts = [0.0 if t == ignored else w for t, w in zip(self.targets, weights, strict=True)]
        if not any(counts):
            raise ValueError(f"no case counts: the loss leaves out targets that are {ignored}")
        return counts

    def _check_targets_fit(self, output: Any) -> None:
        """Tries the loss on all targets, with harmless predictions of the model's shape."""
        last = last_activation(self.model)
        for loss, activations in _APPLIED_INSIDE.items():
            if inner_loss(self.loss) is LOSSES[loss] and last in activations:
                raise ValueError(
                    f"{loss} applies {activations[0]} itself, but the model ends in {last}: leave "
                    "output_activation=None"
                )
        probe = [0.5] * len(output) if isinstance(output, list) else 0.5
        try:
            self.loss([probe] * len(self.y), self.y)
        except ValueError as error:
            raise ValueError(f"y does not fit the loss and the model: {error}") from None

    def loss_of(self, outputs: Sequence[Any], rows: Sequence[int]) -> Any:
        """The loss of the outputs for the cases with these numbers."""
        targets = [self.y[i] for i in rows]
        if self.weight is None:
            return self.loss(outputs, targets)
        return self.loss(outputs, targets, sample_weight=[self.weight[i] for i in rows])

    def share(self, rows: Sequence[int]) -> float:
        """The part of all cases that these are, by weight and without those ignored: 0 to 1."""
        if self.counts is None:
            return len(rows) / len(self.X)
        return sum(self.counts[i] for i in rows) / sum(self.counts)

    def evaluate(self, engine: Engine) -> Evaluation:
        """The outputs for all cases, and their loss, with the parameters as they are."""
        outputs = engine.outputs(self)
        loss = self.loss_of(outputs, range(len(self.X)))
        return column(outputs), loss.data if isinstance(loss, Value) else loss


def _arguments_of(loss: Loss) -> Mapping[str, inspect.Parameter]:
    """The arguments of a loss by name; of one that has no signature anything may be one."""
    try:
        return inspect.signature(loss).parameters
    except (TypeError, ValueError):
        return inspect.signature(lambda *given, **named: None).parameters


class Eager:
    """Takes each step with Values: a graph per batch, `backward`, the optimizer's step."""

    def __init__(
        self, problem: Problem, optimizer: Optimizer, clip_norm: float | None, why: str = ""
    ) -> None:
        self.name = f"eager: {why}" if why else "eager"
        self.problem, self.optimizer, self.clip_norm = problem, optimizer, clip_norm
        moved = set(map(id, optimizer.parameters))
        self.frozen = [p for p in problem.model.parameters() if id(p) not in moved]
        self.layers = list(layer_parameters(problem.model).values())

    def step(self, rows: Sequence[int]) -> tuple[float, list[float]]:
        """One update: see `Engine`."""
        problem = self.problem
        model, X = problem.model, problem.X
        loss = problem.loss_of([model(X[i]) for i in rows], rows)
        if not isinstance(loss, Value):
            raise TypeError(
                f"the loss of a batch is {loss!r:.80}, not a Value: compute it from the predictions"
            )
        if not isfinite(loss.data):
            raise FloatingPointError(f"the loss is {loss.data}")
        self.optimizer.zero_grad()
        for parameter in self.frozen:
            parameter.grad = 0.0
        loss.backward()
        norms = [hypot(*[p.grad for p in layer]) for layer in self.layers]
        if self.clip_norm is not None:
            clip_grad_norm_(self.optimizer.parameters, self.clip_norm)
        self.optimizer.step()
        return loss.data, norms

    def write_back(self, lend: bool = False) -> None:
        """Nothing to do: the model's own parameters move."""

    def outputs(self, problem: Problem) -> list[Any]:
        """See `Engine`."""
        return outputs_of(problem.model, problem.X)
