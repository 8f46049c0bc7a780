"""What a model is made of, as plain data, and back.

Holds: `described`, `check_same`, `count` and `make`, and the table of the kinds of module that have
a description.  Every setting that comes from a file is checked for type and range; names are
looked up; nothing is evaluated.

May import: autodiff; of its room activations, dropout, layers, module, recurrent.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autodiff
from nn.models.activations import JOINT
from nn.models.dropout import Dropout
from nn.models.layers import MLP, Layer, Neuron, Sequential
from nn.models.module import Module
from nn.models.recurrent import RNNCell

# The widest layer that is believed; keeps the arithmetic on widths from a file small.
_WIDEST = 10**7
# The most levels of Sequentials in one another that are described; a circle has more.
_DEEPEST = 50

Architecture = dict[str, Any]


def described(model: Module) -> Architecture:
    """The architecture of a model, or of a class of the user's own its name alone."""
    kind = type(model).__name__
    if type(model) not in (each for each, *_ in _KINDS.values()):
        return {"kind": "own", "class": kind}
    described = _fields(model)
    rebuilt = make(described)
    if _outline(rebuilt) != _outline(model):
        raise ValueError(
            f"this {kind} was rebuilt after it was made, and is no {kind} any more: derive a class "
            "of your own from Module, and load with load(path, into=model)"
        )
    return described


def _outline(model: Module) -> list[Any]:
    names = [name for name, _ in model.named_parameters()]
    return [names, *[(name, repr(each)) for name, each in model.named_modules()]]


def _fields(module: Any, depth: int = 0) -> Architecture:
    """Kind and settings of one of our own modules."""
    kind = type(module).__name__
    if type(module) is Sequential:
        if depth > _DEEPEST:
            raise ValueError(
                f"more than {_DEEPEST} Sequentials stand in one another: make the whole model a "
                "class of your own, derived from Module"
            )
        return {"kind": kind, "modules": [_part(each, depth + 1) for each in module.layers]}
    if kind not in _KINDS or type(module) is not _KINDS[kind][0]:
        article = "an" if kind[0] in "AEIOU" else "a"
        raise ValueError(
            f"{article} {kind} inside another module cannot be saved: make the whole model a class "
            "of your own, derived from Module"
        )
    _, fields, _, _ = _KINDS[kind]
    described = {"kind": kind, **{name: getattr(module, name) for name in fields}}
    for name, value in described.items():
        if callable(value):
            raise ValueError(
                f"{name} is the function {getattr(value, '__name__', value)!r}: only activations "
                "with a name can be saved"
            )
    return described


def _part(module: Any, depth: int) -> Architecture:
    """One part of a Sequential: a module, or a function that is known by name."""
    if isinstance(module, Module):
        return _fields(module, depth)
    for name in JOINT:
        if module is getattr(autodiff, name):
            return {"kind": "function", "name": name}
    raise ValueError(
        f"the function {getattr(module, '__name__', module)!r} cannot be saved: in a Sequential "
        f"only modules and {', '.join(JOINT)} can"
    )


def check_same(saved: Architecture, model: Module) -> None:
    """Raises ValueError, naming the first setting in which `model` differs from what was saved."""
    try:
        own = _fields(model)
    except ValueError:  # it has no description: the parameters' names alone decide
        return
    if saved.get("kind") != "own" and (difference := _first_difference("", saved, own)):
        raise ValueError(f"it holds a different architecture: {difference}")


def _first_difference(path: str, saved: Any, own: Any) -> str:
    """Where two descriptions differ, in words, or ""; seeds and names make no difference."""
    if isinstance(saved, dict) and isinstance(own, dict):
        pairs = [(f"{path}{key}", saved.get(key), own.get(key)) for key in own]
    elif isinstance(saved, list) and isinstance(own, list) and len(saved) == len(own):
        pairs = [(f"{path}[{i}].", *each) for i, each in enumerate(zip(saved, own, strict=True))]
    else:
        name = path.rstrip(".")
        return (
            "" if saved == own else f"{name} is {saved!r:.60} in the file, {own!r:.60} in the model"
        )
    ignored = ("seed", "name")
    found = (_first_difference(*pair) for pair in pairs if pair[0].split(".")[-1] not in ignored)
    return next((difference for difference in found if difference), "")


def _setting(architecture: Architecture, name: str) -> Any:
    """A setting from a file, of the type and in the range that it must have."""
    if name not in architecture:
        raise ValueError(f"{name!r} is missing in the architecture")
    value = architecture[name]
    if name in ("activation", "output_activation"):
        fits = value is None or isinstance(value, str)
    elif name == "widths":
        fits = isinstance(value, list) and bool(value) and all(map(_is_width, value))
    elif name == "seed":
        fits = type(value) is int
    elif name == "name":
        fits = isinstance(value, str) and bool(value)
    elif name == "p":
        fits = type(value) in (int, float) and 0.0 <= value <= 1.0
    else:
        fits = _is_width(value)
    if not fits:
        raise ValueError(f"{name!r} is {value!r:.60} in the architecture")
    return value


def _is_width(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _WIDEST


def _settings(architecture: Any) -> tuple[str, list[Any]]:
    """The kind of a part, and its settings in the order of the table."""
    kind = architecture.get("kind") if isinstance(architecture, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown kind of model {kind!r:.60}: the known are {', '.join(_KINDS)}")
    if kind == "Sequential":
        modules = architecture.get("modules")
        if not isinstance(modules, list) or not modules:
            raise ValueError("'modules' is missing in the architecture, or empty")
        return kind, [modules]
    return kind, [_setting(architecture, name) for name in _KINDS[kind][1]]


def count(architecture: Any) -> int:
    """The number of parameters that an architecture has."""
    if isinstance(architecture, dict) and architecture.get("kind") == "function":
        return 0
    kind, settings = _settings(architecture)
    return _KINDS[kind][2](*settings)


def make(architecture: Any) -> Module:
    """A new model of this architecture."""
    kind, settings = _settings(architecture)
    return _KINDS[kind][3](*settings)


def _make_part(architecture: Any) -> Any:
    if isinstance(architecture, dict) and architecture.get("kind") == "function":
        name = architecture.get("name")
        if not isinstance(name, str) or name not in JOINT:
            raise ValueError(f"unknown function {name!r:.60}: the known are {', '.join(JOINT)}")
        return getattr(autodiff, name)
    return make(architecture)


def _count_widths(n_in: int, widths: list[int], *names: Any) -> int:
    sizes = [n_in, *widths]
    return sum((n + 1) * m for n, m in pairwise(sizes))


def _make_mlp(n_in: int, widths: list[int], phi: Any, output_phi: Any, seed: int) -> MLP:
    return MLP(n_in, widths, activation=phi, output_activation=output_phi, seed=seed)


# kind -> (class, its settings, the number of parameters they make, how to make one)
_Kind = tuple[type[Module], tuple[str, ...], Callable[..., int], Callable[..., Module]]
_KINDS: dict[str, _Kind] = {
    "MLP": (
        MLP, ("n_in", "widths", "activation", "output_activation", "seed"),
        _count_widths, _make_mlp,
    ),
    "Sequential": (
        Sequential, (), lambda modules: sum(map(count, modules)),
        lambda modules: Sequential(*map(_make_part, modules)),
    ),
    "Layer": (
        Layer, ("n_in", "n_out", "activation", "name"), lambda n, m, phi, name: (n + 1) * m,
        lambda n, m, phi, name: Layer(n, m, phi, seed=0, name=name),
    ),
    "Neuron": (
        Neuron, ("n_in", "activation", "name"), lambda n, phi, name: n + 1,
        lambda n, phi, name: Neuron(n, phi, seed=0, name=name),
    ),
    "Dropout": (Dropout, ("p", "seed"), lambda p, seed: 0, Dropout),
    "RNNCell": (
        RNNCell, ("n_in", "n_hidden", "activation", "seed"),
        lambda n, m, phi, seed: (n + m + 1) * m,
        lambda n, m, phi, seed: RNNCell(n, m, phi, seed=seed),
    ),
}  # fmt: skip
