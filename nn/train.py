"""Learning: forward pass, loss, backward pass, weight update, until it is good.

Holds: `fit`.

May import: autodiff, adam, data, diagnostics, engine, history, initialise, losses, metrics,
modes, module, optim, progress, schedules, stopping, tape_engine.  Never holds a formula of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autodiff import Value
from nn.adam import Adam
from nn.data import batches
from nn.diagnostics import layer_parameters
from nn.engine import Engine, Problem
from nn.history import Epoch, History
from nn.initialise import generator
from nn.losses import LOSSES, Loss, known_loss
from nn.metrics import Metric, known_metric
from nn.modes import learning
from nn.module import Module, parameters_to_vector, vector_to_parameters
from nn.optim import Optimizer, in_range
from nn.progress import progress_bar
from nn.schedules import Schedule
from nn.stopping import Stop
from nn.tape_engine import engine_for

Callback = Callable[[Epoch], object]


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
    seed: int | None = None,
    schedule: Schedule | Callable[[Optimizer], Schedule] | None = None,
    stop: Stop | Sequence[Stop] = (),
    callbacks: Callback | Sequence[Callback] = (),
    metrics: str | Metric | Sequence[str | Metric] = (),
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

    Whatever goes wrong, the model keeps the parameters of the last complete update: an exception
    in a callback and Ctrl-C come through, bad arguments raise before anything has changed.

    Args:
        model: Called with one row; its `parameters()` move.
        X: The cases: one row of numbers each, a list of lists or an array.
        y: The targets: a number, a class or a row of numbers per case.
        loss: A name of `LOSSES`, or a function `loss(predictions, targets)` of one batch, such as
            `partial(cross_entropy, label_smoothing=0.1)`.
        optimizer: An optimizer of the model's parameters, or what makes one from them, such as
            `SGD`; None is Adam with a learning rate of 0.01.
        epochs: Passes over the cases, at most.
        batch_size: Cases per step: 1 is stochastic (on-line) learning, None all cases (batch).
        shuffle: Whether every epoch has its own order of cases.
        seed: Of that order; None takes one draw from Python's `random`.
        schedule: Sets the learning rate after every epoch: a schedule of the optimizer, or what
            makes one from it.  `ReduceLROnPlateau` sees the validation loss where there is one.
        stop: Criteria asked after every epoch; the first that answers ends training.  Given any,
            the loss after each epoch is watched, and unless the criterion that ended training was
            a success (`AllCorrect`, `LossBelow`) the parameters of the best epoch are put back.
        callbacks: Called with every finished `Epoch`.
        metrics: Measured after every epoch: "accuracy", "r_squared", "mean_absolute_error" or
            functions of outputs and targets; with validation data also on those.
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
    if not hasattr(model, "parameters"):
        raise TypeError(f"fit takes a model, not a {type(model).__name__}: fit(model, X, y)")
    problem = Problem(model, X, y, known_loss(loss), sample_weight)
    held_out = None if validation is None else Problem(model, *validation, problem.loss)
    if epochs < 1:
        raise ValueError(f"epochs is at least 1, not {epochs}")
    batches(1, batch_size)
    if clip_norm is not None:
        in_range("clip_norm", clip_norm)
    threshold = _threshold(problem)
    measures = [known_metric(metric, threshold) for metric in listed(metrics)]
    optimizer = _optimizer(model, optimizer)
    schedule = _schedule(optimizer, schedule, epochs)
    seed, source = generator(seed)
    history = History(seed=seed)
    history.loss_name = getattr(problem.loss, "__name__", "loss")
    entropies = ("cross_entropy", "nll_loss", "kl_div")
    history.loss_unit = "nats" if any(name in history.loss_name for name in entropies) else ""
    order = source if shuffle else None
    with learning(model):
        taker = engine_for(problem, optimizer, clip_norm, engine, epochs, batch_size)
        loop = _Loop(problem, held_out, taker, optimizer, measures, threshold, history)
        return loop.run(
            epochs, batch_size, order, schedule, listed(stop), listed(callbacks), progress
        )


def listed(given: Any) -> list[Any]:
    """A list of what was given: one thing alone counts as a list of one."""
    return list(given) if isinstance(given, (list, tuple)) else [given]


class _Loop:
    """The epochs of one call of `fit`."""

    def __init__(
        self,
        problem: Problem,
        held_out: Problem | None,
        engine: Engine,
        optimizer: Optimizer,
        measures: list[tuple[str, Metric]],
        threshold: float,
        history: History,
    ) -> None:
        self.problem, self.held_out, self.engine = problem, held_out, engine
        self.optimizer, self.measures, self.threshold = optimizer, measures, threshold
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
        for criterion in stop:
            criterion.begin()
        bar = progress_bar(epochs * len(list(batches(n, batch_size))), "step", progress)
        start, success = time.perf_counter(), False
        # Whether code of other people's, that may change the model, runs between two epochs.
        self.lend = bool(stop or callbacks or schedule or self.measures)
        try:
            for number in range(1, epochs + 1):
                epoch = self.epoch(number, list(batches(n, batch_size, source)), bar, start)
                history.record(epoch)
                for callback in callbacks:
                    callback(epoch)
                if stop:
                    self.remember(epoch)
                ended = next(((c, reason) for c in stop if (reason := c(epoch))), None)
                if ended is not None:
                    success, history.reason = ended[0].success, ended[1]
                    break
                if schedule is not None:
                    metrics = epoch.metrics if schedule.held_out else {}
                    schedule.step(metrics.get("validation_loss", epoch.loss))
                epoch.close()
            else:
                history.reason = f"{epochs} epochs are over"
        finally:
            self.engine.write_back()
            history.engine = self.engine.name
            bar.close()
        if stop and not success:
            vector_to_parameters(self.best, self.parameters)
        else:
            history.best_epoch = history.epochs
        return history

    def epoch(self, number: int, order: list[list[int]], bar: Any, start: float) -> Epoch:
        """One pass over the cases, and what is measured after it."""
        total, norms = 0.0, [0.0] * len(self.layers)
        rate = self.optimizer.lr
        for rows in order:
            bar.update()
            share = self.problem.share(rows)
            if not share:  # only cases of weight 0: their mean loss does not exist
                continue
            loss, step_norms = self.step(number, rows)
            total += loss if self.problem.sums else loss * share
            norms = [a + b / len(order) for a, b in zip(norms, step_norms, strict=True)]
        if self.lend or self.held_out:
            self.engine.write_back(self.lend)
        epoch = Epoch(
            number, self.problem.model, total, rate, dict(zip(self.layers, norms, strict=True)),
            time.perf_counter() - start, self.problem.y, self.threshold,
            partial(self.problem.evaluate, self.engine),
            partial(self.held_out.evaluate, self.engine) if self.held_out else None,
        )  # fmt: skip
        for name, metric in self.measures:
            epoch.metrics[name] = metric(epoch.outputs, self.problem.y)
        if self.held_out is not None:
            epoch.metrics["validation_loss"] = epoch.monitored_loss
            for name, metric in self.measures:
                measured = metric(epoch.validation_outputs, self.held_out.y)
                epoch.metrics[f"validation_{name}"] = measured
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


def _optimizer(model: Module, given: Any) -> Optimizer:
    """The optimizer that was given, made, or taken by default; of this model's parameters."""
    parameters = model.parameters()
    if given is None:
        return Adam(parameters, lr=0.01)
    optimizer = given if isinstance(given, Optimizer) else given(parameters)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is an optimizer or makes one, not {given!r}")
    if not set(map(id, optimizer.parameters)) <= set(map(id, parameters)):
        raise ValueError(
            "the optimizer holds parameters that are not this model's: pass model.parameters() of "
            "the model that is trained"
        )
    return optimizer


def _schedule(optimizer: Optimizer, given: Any, epochs: int) -> Schedule | None:
    """The schedule that was given or made; of this optimizer, and for so many epochs."""
    if given is None:
        return None
    schedule = given if isinstance(given, Schedule) else given(optimizer)
    if not isinstance(schedule, Schedule):
        raise TypeError(f"schedule is a schedule or makes one, not {given!r}")
    if schedule.optimizer is not optimizer:
        raise ValueError("the schedule belongs to another optimizer: pass both to fit")
    if schedule.lasts is not None and schedule.last_epoch + epochs > schedule.lasts:
        raise ValueError(
            f"{epochs} epochs, but the schedule ends after {schedule.lasts - schedule.last_epoch}: "
            "fit takes one of its steps per epoch"
        )
    if getattr(schedule, "mode", "min") != "min":
        raise ValueError("fit hands the loss to the schedule, which should fall: mode='min'")
    return schedule


def _threshold(problem: Problem) -> float:
    """Above which a single output means class 1: halfway between the targets of the two classes."""
    if problem.loss in (LOSSES["hinge_loss"], LOSSES["binary_cross_entropy_with_logits"]):
        return 0.0
    return 0.0 if -1 in problem.y else 0.5
