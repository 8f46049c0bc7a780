"""What `fit` is given beside data: the first wrong thing that people write, told in a sentence.

Holds: `listed`, `check_model`, and for each kind of argument a function that returns what was
meant: `known_criterion`, `known_callback`, `known_held_out`, `known_measures`, `known_optimizer`,
`known_schedule`.  None of them changes anything but what is made on the way.

May import: models, metrics, optim; of its room engine, history, stopping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nn.metrics.measures import METRICS, Metric, known_metric
from nn.models.module import Module
from nn.optim.adam import Adam
from nn.optim.base import Optimizer, parameter_list
from nn.optim.schedules import Schedule
from nn.train.engine import Problem
from nn.train.history import Epoch
from nn.train.stopping import Stop

Callback = Callable[[Epoch], object]


def listed(given: Any) -> list[Any]:
    """A list of what was given: one thing alone counts as a list of one, None as none."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def check_model(model: Any) -> None:
    """Raises TypeError or ValueError unless it is something with parameters that can be called."""
    if isinstance(model, type):
        raise TypeError(f"fit takes a model, not the class {model.__name__}: make one of it first")
    if not hasattr(model, "parameters") or not callable(model):
        raise TypeError(f"fit takes a model, not a {type(model).__name__}: fit(model, X, y)")
    if not (-parameter_list(model.parameters(), "fit")[0]).op:
        raise ValueError(
            "fit is called inside no_grad(), where nothing has a gradient to learn from"
        )


def known_criterion(given: Any) -> Stop:
    """A stopping criterion, if it is one."""
    if isinstance(given, type) or not callable(given) or not hasattr(given, "begin"):
        raise TypeError(
            f"stop takes criteria such as NoImprovement(10) or LossBelow(0.01), not {given!r:.80}"
        )
    if not hasattr(given, "success"):
        raise TypeError(f"a criterion says whether it is a success, but {given!r:.80} does not")
    return given  # type: ignore[no-any-return]


def known_callback(given: Any) -> Callback:
    """A callback, if it is one."""
    if isinstance(given, type) or not callable(given):
        raise TypeError(f"callbacks are functions of an Epoch, not {given!r:.80}")
    return given  # type: ignore[no-any-return]


def known_held_out(problem: Problem, given: Any) -> Problem | None:
    """The held-out cases, checked to suit what is learned."""
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(
            f"validation is the pair (X, y) of held-out cases, not {given!r:.80}: after "
            "train, test = split(data, 0.2) write validation=(test.X, test.y)"
        )
    X, y = given
    with _named("validation"):
        return Problem(problem.model, X, y, problem.loss)


def known_measures(
    given: list[Any], problem: Problem, held_out: Problem | None
) -> dict[str, Metric]:
    """The metrics by name; ours tried on all targets, with outputs like the model's."""
    measures: dict[str, Metric] = {}
    for each in given:
        name, metric = known_metric(each)
        ours = metric is None or metric in METRICS.values()
        if metric is None:
            metric = problem.classes().share
        if name.startswith("validation_"):
            raise ValueError(f"the history keeps {name!r} for itself: give the metric another name")
        if name in measures:
            raise ValueError(f"two metrics are called {name!r}: the history needs a name for each")
        measures[name] = metric
        if ours:
            metric([problem.output] * len(problem.targets), problem.targets)
            if held_out is not None:
                with _named("validation"):
                    metric([problem.output] * len(held_out.targets), held_out.targets)
    return measures


@contextmanager
def _named(argument: str) -> Iterator[None]:
    """Puts the name of an argument before what is wrong with it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from None


def known_optimizer(model: Module, given: Any) -> Optimizer:
    """The optimizer that was given, made, or taken by default; of this model's parameters."""
    parameters = model.parameters()
    if given is None:
        return Adam(parameters, lr=0.01)
    example = "optimizer=lambda parameters: Adam(parameters, lr=0.01)"
    optimizer: Optimizer = _made("an optimizer", Optimizer, given, parameters, example)
    if not set(map(id, optimizer.parameters)) <= set(map(id, parameters)):
        raise ValueError(
            "the optimizer holds parameters that are not this model's: pass model.parameters() of "
            "the model that is trained"
        )
    return optimizer


def known_schedule(optimizer: Optimizer, given: Any, epochs: int) -> Schedule | None:
    """The schedule that was given or made; of this optimizer, and for so many epochs."""
    if given is None:
        return None
    example = "schedule=lambda optimizer: StepLR(optimizer, step_size=10)"
    schedule: Schedule = _made("a schedule", Schedule, given, optimizer, example)
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


def _made(what: str, kind: type, given: Any, of: Any, example: str) -> Any:
    """What was given, if it is of this kind, or what it makes."""
    made = given
    if not isinstance(given, kind) and callable(given):
        try:
            made = given(of)
        except TypeError as error:
            if isinstance(given, type):  # not made by what it is made of alone
                raise TypeError(f"{error}: write {example}") from None
            raise
    if not isinstance(made, kind):
        name = what.split()[1]
        raise TypeError(f"{name} is {what} or makes one, not {given!r:.80}: write {example}")
    return made
