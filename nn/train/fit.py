"""Learning: forward pass, loss, backward pass, weight update, until it is good.

Holds: `fit`.

May import: autodiff, checks, chance, data, models, losses, metrics, optim; of its room arguments,
diagnostics, engine, history, progress, stopping, tape_engine.  Never holds a formula of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from autodiff import Value
from nn.chance import generator
from nn.checks import check_flag, whole
from nn.data.cases import batches
from nn.losses.table import Loss, inner_loss, known_loss
from nn.metrics.classes import Classes, remember, remembered
from nn.metrics.measures import Metric, plain
from nn.models.modes import learning
from nn.models.module import Module, parameters_to_vector, vector_to_parameters
from nn.optim.base import Optimizer, in_range
from nn.optim.schedules import Schedule
from nn.train.arguments import (
    Callback,
    check_model,
    known_callback,
    known_criterion,
    known_held_out,
    known_measures,
    known_optimizer,
    known_schedule,
    listed,
)
from nn.train.diagnostics import layer_parameters
from nn.train.engine import Engine, Problem
from nn.train.history import Epoch, History
from nn.train.progress import progress_bar
from nn.train.stopping import Stop
from nn.train.tape_engine import engine_for


def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "mse_loss",
    optimizer: Optimizer | Callable[[list[Value]], Optimizer] | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | random.Random | None = None,
    schedule: Schedule | Callable[[Optimizer], Schedule] | None = None,
    stop: Stop | Sequence[Stop] | None = (),
    callbacks: Callback | Sequence[Callback] | None = (),
    metrics: str | Metric | Sequence[str | Metric] | None = (),
    validation: tuple[Any, Any] | None = None,
    sample_weight: Sequence[float] | None = None,
    clip_norm: float | None = None,
    engine: str = "auto",
    progress: bool = True,
) -> History:
    """Trains a model: for every batch the loss, its gradient, and one step of the optimizer.

    A fit that takes longer than recording its loss does is computed by a `Tape`: the same steps
    and numbers to rounding, many times as fast.  `History.engine` says so, or why not.

    The model learns in training mode, and is looked at in eval mode (`Dropout`); afterwards it is
    in the mode that it was in before.

    Bad arguments raise before anything has changed: parameters, optimizer, streams of random
    numbers.  Later an exception, in a callback or by Ctrl-C, comes through.  The model then has
    the parameters of the last complete update, and the exception the history so far:
    `except KeyboardInterrupt as stopped: history = stopped.history`, or in the next cell of a
    notebook `sys.last_value.history`.

    What the targets mean as classes, if they are such, stays with the model for `accuracy`,
    `classify` and `plot_decision`.

    Args:
        model: Called with one row; its `parameters()` move.
        X: The cases: one row of numbers each, a list of lists or an array.
        y: The targets: a number, a class or a row of numbers per case; by position, as X.
        loss: A name of `LOSSES`, or a function `loss(predictions, targets)` of one batch, such as
            `partial(cross_entropy, label_smoothing=0.1)`.
        optimizer: An optimizer of the model's parameters, or what makes one from them, such as
            `SGD`; None is Adam with a learning rate of 0.01.
        epochs: Passes over the cases, at most.
        batch_size: Cases per step: 1 is stochastic (on-line) learning, None all cases (batch).
        shuffle: Whether every epoch has its own order of cases.
        seed: Of that order; None takes one draw from Python's `random`.  A `random.Random` is
            drawn from, so that a later fit with the same one goes on where this one ends.
        schedule: Sets the learning rate after every epoch: a schedule of the optimizer, or what
            makes one from it.  `ReduceLROnPlateau` sees the validation loss where there is one.
        stop: Criteria asked after every epoch; the first that answers ends training.  Given any,
            the loss after each epoch is watched, and unless the criterion that ended training was
            a success (`AllCorrect`, `LossBelow`) the parameters of the best epoch are put back.
        callbacks: Called with every finished `Epoch`.
        metrics: Measured after every epoch, every case counting alike: "accuracy", "r_squared",
            "mean_absolute_error" or functions of outputs and targets; with validation data also
            on those.
        validation: `(X, y)` of held-out cases, watched and never learned from.
        sample_weight: One weight per case, from 0; a loss of your own gets those of the batch as
            its argument `sample_weight`.
        clip_norm: If given, the largest Euclidean norm of the gradient that a step uses.
        engine: "eager" computes with Values, "tape" on a recording; "auto" takes the tape where
            that is possible and pays.  Not possible: a model that draws random numbers or changes
            when it is called, an optimizer with a `step` of its own, NumPy missing.
        progress: Whether to show a bar.

    Returns:
        The history: losses, metrics, learning rates and gradient norms by epoch.

    Raises:
        TypeError, ValueError: If an argument is wrong; the model has not changed.
        FloatingPointError: If the loss becomes nan or infinite.

    >>> from nn import MLP, SGD, AllCorrect, xor
    >>> model = MLP(2, [3, 1], output_activation="sigmoid", seed=1)
    >>> history = fit(model, xor().X, xor().y, loss="binary_cross_entropy", batch_size=None,
    ...     optimizer=lambda parameters: SGD(parameters, lr=1.0), epochs=500, stop=[AllCorrect()],
    ...     progress=False)
    >>> history.reason
    'all cases are classified correctly'
    """
    check_model(model)
    epochs = whole("epochs", epochs)
    batches(1, batch_size)
    batch_size = None if batch_size is None else int(batch_size)
    check_flag("shuffle", shuffle)
    check_flag("progress", progress)
    if clip_norm is not None:
        in_range("clip_norm", clip_norm)
    criteria = [known_criterion(each) for each in listed(stop)]
    watchers = [known_callback(each) for each in listed(callbacks)]
    problem = Problem(model, X, y, known_loss(loss), sample_weight)
    held_out = known_held_out(problem, validation)
    measures = known_measures(listed(metrics), problem, held_out)
    for criterion in criteria:
        if hasattr(criterion, "check"):
            criterion.check(problem)
    optimizer = known_optimizer(model, optimizer)
    classes = None
    with suppress(ValueError):  # the targets are no classes, and nobody has asked for any
        classes = problem.classes()
    before, settings = remembered(model), dict(vars(optimizer))
    with learning(model):
        try:
            remember(model, classes)
            taker = engine_for(problem, optimizer, clip_norm, engine, epochs, batch_size)
            schedule = known_schedule(optimizer, schedule, epochs)
            seed, source = (None, seed) if isinstance(seed, random.Random) else generator(seed)
        except BaseException:
            remember(model, before)
            vars(optimizer).update(settings)
            raise
        history = History(seed=seed)
        history.loss_name = getattr(inner_loss(problem.loss), "__name__", "loss")
        entropies = ("cross_entropy", "nll_loss", "kl_div")
        history.loss_unit = "nats" if any(name in history.loss_name for name in entropies) else ""
        loop = _Loop(problem, held_out, taker, optimizer, measures, classes, history)
        order = source if shuffle else None
        return loop.run(epochs, batch_size, order, schedule, criteria, watchers, progress)


class _Loop:
    """The epochs of one call of `fit`."""

    def __init__(
        self,
        problem: Problem,
        held_out: Problem | None,
        engine: Engine,
        optimizer: Optimizer,
        measures: dict[str, Metric],
        classes: Classes | None,
        history: History,
    ) -> None:
        self.problem, self.held_out, self.engine = problem, held_out, engine
        self.optimizer, self.measures, self.classes = optimizer, measures, classes
        self.history = history
        self.layers = list(layer_parameters(problem.model))
        self.parameters = problem.model.parameters()
        self.best_loss, self.best = float("inf"), parameters_to_vector(self.parameters)

    def run(
        self,
        epochs: int,
        batch_size: int | None,
        source: random.Random | None,
        schedule: Schedule | None,
        stop: Sequence[Stop],
        callbacks: Sequence[Callback],
        progress: bool,
    ) -> History:
        """All epochs, or as many as the criteria ask for."""
        history, n = self.history, len(self.problem.X)
        bar = progress_bar(epochs * len(list(batches(n, batch_size))), "step", progress)
        # Whether code of other people's, that may change the model, runs between two epochs.
        self.lend = bool(stop or callbacks or schedule or self.measures)
        start, number = time.perf_counter(), 0
        try:
            for criterion in stop:
                criterion.begin()
            ended: Stop | None = None
            while ended is None and number < epochs:
                number += 1
                epoch = self.epoch(number, list(batches(n, batch_size, source)), bar, start)
                history.record(epoch)
                for callback in callbacks:
                    callback(epoch)
                if stop:
                    self.remember(epoch)
                ended, history.reason = _ended(stop, epoch)
                if ended is None:
                    if schedule is not None:
                        watched = epoch.metrics if schedule.held_out else {}
                        schedule.step(watched.get("validation_loss", epoch.loss))
                    epoch.close()
            history.reason = history.reason or f"{epochs} epochs are over"
            _through(partial(self.engine.write_back, True))
            if stop and not (ended and ended.success):
                _through(partial(vector_to_parameters, self.best, self.parameters))
            else:
                history.best_epoch = history.epochs
        except BaseException as error:  # Ctrl-C too
            _through(self.engine.write_back)
            history.reason = f"{type(error).__name__} in epoch {number}"
            _hand_over(history, error)
            raise
        finally:
            history.engine = self.engine.name
            bar.close()
        return history

    def epoch(self, number: int, order: list[list[int]], bar: Any, start: float) -> Epoch:
        """One pass over the cases, and what is measured after it."""
        total, norms = 0.0, [0.0] * len(self.layers)
        rate = self.optimizer.lr
        for rows in order:
            bar.update()
            share = self.problem.share(rows)
            if not share:  # only cases that do not count: their mean loss does not exist
                continue
            loss, step_norms = self.step(number, rows)
            total += loss if self.problem.sums else loss * share
            norms = [a + b / len(order) for a, b in zip(norms, step_norms, strict=True)]
        if self.lend or self.held_out:
            self.engine.write_back(self.lend)
        epoch = Epoch(
            number, self.problem.model, total, rate, dict(zip(self.layers, norms, strict=True)),
            time.perf_counter() - start, self.problem.targets, self.classes,
            partial(self.problem.evaluate, self.engine),
            partial(self.held_out.evaluate, self.engine) if self.held_out else None,
        )  # fmt: skip
        for name, metric in self.measures.items():
            epoch.metrics[name] = _measured(name, metric, epoch.outputs, self.problem.targets)
        if self.held_out is not None:
            epoch.metrics["validation_loss"] = epoch.monitored_loss
            outputs, targets = epoch.validation_outputs, self.held_out.targets
            for name, metric in self.measures.items():
                epoch.metrics[f"validation_{name}"] = _measured(name, metric, outputs, targets)
        text = ", ".join(f"{name} {x:.4g}" for name, x in [("loss", total), *epoch.metrics.items()])
        bar.set_postfix_str(text, refresh=False)
        return epoch

    def step(self, number: int, rows: list[int]) -> tuple[float, list[float]]:
        """One step; a loss that is not finite gets advice."""
        try:
            return self.engine.step(rows)
        except FloatingPointError as error:
            raise FloatingPointError(
                f"{error} in epoch {number}; the parameters are those before this step.  Try a "
                f"smaller learning rate (now {self.optimizer.lr:g}), clip_norm=1.0, or "
                "standardised inputs"
            ) from error

    def remember(self, epoch: Epoch) -> None:
        """Keeps the parameters if their loss is the smallest so far."""
        if epoch.monitored_loss < self.best_loss:
            self.best_loss, self.best = epoch.monitored_loss, parameters_to_vector(self.parameters)
            self.history.best_epoch = epoch.number


# --- the end of a fit ---------------------------------------------------------------------


def _ended(stop: Sequence[Stop], epoch: Epoch) -> tuple[Stop | None, str]:
    """The first criterion that ends learning after this epoch, and its reason."""
    return next(((each, reason) for each in stop if (reason := each(epoch))), (None, ""))


def _through(write: Callable[[], object]) -> None:
    """Writes, and if Ctrl-C breaks in, once more: what is written is whole then too."""
    try:
        write()
    except BaseException:
        write()
        raise


def _hand_over(history: History, error: BaseException) -> None:
    """Leaves the history with the exception that ends it."""
    with suppress(AttributeError):  # Python 3.10 has no notes
        error.history = history  # type: ignore[attr-defined]
        error.add_note(
            f"{history.epochs} epochs of fit were finished: their history is this exception's "
            "attribute `history`, sys.last_value.history in the next cell of a notebook."
        )


def _measured(name: str, metric: Metric, outputs: list[Any], targets: list[Any]) -> float:
    """What a metric says, as a number."""
    found = plain(metric(outputs, targets))
    if isinstance(found, list):
        raise TypeError(f"the metric {name!r} gave {found!r:.80}, not a number")
    return found  # type: ignore[no-any-return]
