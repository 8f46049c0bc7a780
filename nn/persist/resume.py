"""Where a training stands, as plain data: 20 epochs and 20 in another process are 40 at once.

Holds: `training_state`, and `put_back`, which checks such a state and says how to go on from it.

What is kept are numbers: the settings of the optimizer and the schedule, what they remember, and
where the stream of random numbers stands that shuffles the cases.  Functions are not: a `LambdaLR`
is made anew with its own.

May import: autodiff, models, optim.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import isfinite
from typing import Any

from autodiff import Value
from nn.models.module import Module
from nn.optim.base import Optimizer
from nn.optim.schedules import Schedule

State = dict[str, Any]
# Attributes that are kept apart, or belong to the model.
_APART = ("parameters", "states", "optimizer")
_KINDS = {"optimizer": Optimizer, "schedule": Schedule, "stream": random.Random}


def training_state(
    model: Module,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    stream: random.Random | None = None,
) -> State:
    """Where these stand, as dictionaries, lists and numbers.

    Args:
        model: The model that is trained.
        optimizer: Of its parameters.
        schedule: Of that optimizer.
        stream: What `fit` was given as its seed.

    Raises:
        TypeError: If one of them is something else.
        ValueError: If one remembers what is no number.

    >>> from nn import MLP, SGD
    >>> model = MLP(1, [1], seed=0)
    >>> state = training_state(model, SGD(model.parameters(), lr=0.5))
    >>> state["optimizer"]["settings"]["lr"], state["optimizer"]["states"]
    (0.5, [[None], [None]])
    """
    state: State = {}
    _check_kinds(optimizer=optimizer, schedule=schedule, stream=stream)
    if optimizer is not None:
        state["optimizer"] = _settings_of(optimizer) | {
            "parameters": _names(model, optimizer),
            "states": [_encoded(each, "the optimizer's memory") for each in optimizer.states],
        }
    if schedule is not None:
        state["schedule"] = _settings_of(schedule)
    if stream is not None:
        state["stream"] = _encoded(stream.getstate(), "the stream")
    return state


def put_back(
    state: State,
    model: Module,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    stream: random.Random | None = None,
) -> Callable[[], None]:
    """What sets these to where a state says, once everything has been checked; nothing changes yet.

    Args:
        state: What `training_state` gave.
        model: As of `training_state`, made in the same way.
        optimizer: As of `training_state`.
        schedule: As of `training_state`.
        stream: As of `training_state`.

    Raises:
        TypeError: If one of them is something else.
        ValueError: If the state has none such, or does not fit.
    """
    given = {"optimizer": optimizer, "schedule": schedule, "stream": stream}
    _check_kinds(**given)
    for name, thing in given.items():
        if thing is not None and name not in state:
            raise ValueError(f"it holds no {name}: save(model, path, {name}={name}) puts one in")
    attributes: list[tuple[Any, State]] = []
    if optimizer is not None:
        part = _part(state, "optimizer", dict)
        attributes += _settings_for(optimizer, part)
        attributes += [(optimizer, {"states": _memory(part, _names(model, optimizer), optimizer)})]
    if schedule is not None:
        attributes += _settings_for(schedule, _part(state, "schedule", dict))
    numbers: Any = None
    if stream is not None:
        numbers = _decoded(_part(state, "stream", list), (0, (), None), "the stream")
        try:
            random.Random(0).setstate(numbers)
        except (TypeError, ValueError, OverflowError):
            raise ValueError("what it holds of the stream is no state of a random.Random") from None

    def write() -> None:
        for thing, values in attributes:
            vars(thing).update(values)
        if stream is not None:
            stream.setstate(numbers)

    return write


# --- parts --------------------------------------------------------------------------------


def _check_kinds(**given: Any) -> None:
    for name, thing in given.items():
        if thing is None or (
            isinstance(thing, _KINDS[name]) and not isinstance(thing, random.SystemRandom)
        ):
            continue
        raise TypeError(f"{name} is one of {_KINDS[name].__name__}'s kind, not {thing!r:.80}")


def _names(model: Module, optimizer: Optimizer) -> list[str]:
    """The names of the optimizer's parameters, in its order."""
    names = {id(value): name for name, value in model.named_parameters()}
    try:
        return [names[id(parameter)] for parameter in optimizer.parameters]
    except KeyError:
        raise ValueError("the optimizer holds parameters that are not this model's") from None


def _settings_of(thing: Optimizer | Schedule) -> State:
    """The kind of an optimizer or a schedule, and its attributes but for functions."""
    kind = type(thing).__name__
    settings = {
        name: _encoded(value, f"{name} of {kind}")
        for name, value in vars(thing).items()
        if name not in _APART and not callable(value)
    }
    return {"kind": kind, "settings": settings}


def _settings_for(thing: Optimizer | Schedule, part: Any) -> list[tuple[Any, State]]:
    """For this thing, and what stands in it, the attributes that a part of a state says."""
    kind = type(thing).__name__
    if not isinstance(part, dict) or part.get("kind") != kind:
        found = part.get("kind") if isinstance(part, dict) else part
        raise ValueError(f"it holds {found!r:.40}, not {kind}: make the one that was saved")
    settings, values, inner = _part(part, "settings", dict), {}, []
    for name, like in vars(thing).items():
        if name in _APART or callable(like):
            continue
        if name not in settings:
            raise ValueError(f"it holds no {name} of {kind}")
        if _is_of_schedules(like):
            parts = settings[name]
            if not isinstance(parts, list) or len(parts) != len(like):
                raise ValueError(f"{name} of {kind} is {parts!r:.40}, not {len(like)} schedules")
            for each, its in zip(like, parts, strict=True):
                inner += _settings_for(each, its)
        else:
            values[name] = _decoded(settings[name], like, f"{name} of {kind}")
    return [*inner, (thing, values)]


def _is_of_schedules(x: Any) -> bool:
    """Whether it is a list of schedules, as one that goes through several has."""
    return isinstance(x, (list, tuple)) and bool(x) and all(isinstance(s, Schedule) for s in x)


def _memory(part: State, names: list[str], optimizer: Optimizer) -> list[tuple[Any, ...]]:
    """What an optimizer remembers of each parameter."""
    saved, rows = _part(part, "parameters", list), _part(part, "states", list)
    if saved != names:
        raise ValueError(
            f"its optimizer moves {len(saved)} parameters, {saved[:1]} and so on, but this one "
            f"{len(names)}, {names[:1]} and so on: make it of the same ones, in the same order"
        )
    if len(rows) != len(names):
        raise ValueError(f"its optimizer remembers {len(rows)} of {len(names)} parameters")
    return [
        _decoded(row, tuple(like), f"the memory of {name}")
        for row, like, name in zip(rows, optimizer.states, names, strict=True)
    ]


def _part(state: State, name: str, kind: type) -> Any:
    part = state.get(name)
    if not isinstance(part, kind):
        raise ValueError(f"its {name} is {part!r:.40}, not what save wrote")
    return part


def _encoded(x: Any, place: str) -> Any:
    """A setting or a memory as JSON has it."""
    if hasattr(x, "item") and not isinstance(x, Value):  # a number of NumPy's
        x = x.item()
    if isinstance(x, float) and not isfinite(x):
        return {"float": repr(x)}
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, Schedule):
        return _settings_of(x)
    if isinstance(x, (list, tuple)):
        return [_encoded(each, place) for each in x]
    raise ValueError(f"{place} is {x!r:.80}: only numbers, and lists of them, can be saved")


def _decoded(x: Any, like: Any, place: str) -> Any:
    """What JSON has, in the form of what it replaces.

    Raises:
        ValueError: If the two are of different kinds.
    """
    if isinstance(like, (list, tuple)) and isinstance(x, list):
        # An empty one says nothing of its length; a list may have grown.
        if isinstance(like, tuple) and like and len(like) != len(x):
            raise ValueError(f"{place} has {len(x)} numbers, not {len(like)}")
        each = list(like) if len(like) == len(x) else [0.0] * len(x)
        return type(like)(_decoded(a, b, place) for a, b in zip(x, each, strict=True))
    if isinstance(x, dict) and x.get("float") in ("inf", "-inf", "nan"):
        return float(x["float"])
    plain = x is None or (isinstance(x, (int, float)) and not isinstance(x, bool))
    if isinstance(like, (bool, str)):
        fits = type(x) is type(like)
    else:
        fits = plain and (like is None or isinstance(like, (int, float)))
    if not fits:
        raise ValueError(f"{place} is {x!r:.40}, where there is {like!r:.40}")
    return x
