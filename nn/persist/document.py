"""Models in files: one JSON file with the architecture and every parameter at full precision.

Holds: `save`, `load`.

The file:

    {"format": "valuegrad model", "version": 1, "sha256": "...",
     "architecture": {"kind": "MLP", "n_in": 3, ...}, "parameters": {"layers.0.neurons.0.w.0": 0.1}}

Nothing in it is evaluated or imported: it names kinds, activations and numbers, and each is looked
up or checked.  Nothing is built before the widths agree with the number of parameters, so a file
cannot ask for more memory than it has bytes.

Two parts more may follow, with a checksum of their own, which older releases pass over: "classes",
what a single output means, if the model was fitted to classes, and "training", where its training
stands, if that was asked for.

May import: autodiff, models, metrics, optim; of its room resume.
"""

from __future__ import annotations

import hashlib
import json
import random
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from autodiff import write_file
from nn.metrics.classes import Classes, remember, remembered
from nn.models.architecture import Architecture, check_same, count, described, make
from nn.models.module import Module
from nn.optim.base import Optimizer
from nn.optim.schedules import Schedule
from nn.persist.resume import put_back, training_state

FORMAT, VERSION = "valuegrad model", 1
# What is part of a file if there is something to say.
_MORE = ("classes", "training")


def save(
    model: Module,
    path: str | Path,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    stream: random.Random | None = None,
) -> Path:
    """Writes a model to one JSON file: all of it or, if anything goes wrong, nothing.

    Args:
        model: A model.  Of a class of your own the parameters are saved, and `load` needs `into`.
        path: The file; one that is there already is replaced at once, never half, and keeps its
            mode.
        optimizer: If given, what it remembers is saved too, so that training can go on.
        schedule: If given, where it stands.
        stream: If given, where the `random.Random` stands that `fit` had as its seed.

    Returns:
        The path.

    Raises:
        TypeError: If `model` is none, or one of the others something else.
        ValueError: If a parameter is nan or infinite, an activation is a function of your own, or
            the model has been rebuilt by hand so that its architecture has no short description.
        OSError: If the file cannot be written.

    >>> import tempfile
    >>> from nn import MLP, load, save
    >>> model = MLP(2, [3, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(save(model, f"{folder}/model.json"))
    >>> again([1.0, 2.0]).data == model([1.0, 2.0]).data
    True

    To go on with a training in another process, save all that it depends on:

    >>> import random
    >>> from nn import Adam, fit, xor
    >>> def learn(model, optimizer, stream, epochs):
    ...     fit(model, xor().X, xor().y, optimizer=optimizer, seed=stream, epochs=epochs,
    ...         engine="eager", progress=False)
    >>> model, stream = MLP(2, [3, 1], seed=0), random.Random(1)
    >>> optimizer = Adam(model.parameters(), lr=0.1)
    >>> learn(model, optimizer, stream, epochs=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(model, f"{folder}/model.json", optimizer=optimizer, stream=stream)
    ...     other, goes_on = load(path), random.Random()
    ...     its = Adam(other.parameters(), lr=0.1)
    ...     other = load(path, into=other, optimizer=its, stream=goes_on)
    >>> learn(model, optimizer, stream, epochs=2)
    >>> learn(other, its, goes_on, epochs=2)
    >>> other.state_dict() == model.state_dict()
    True
    """
    if not isinstance(model, Module):
        raise TypeError(f"save takes a model, not a {type(model).__name__}: save(model, path)")
    state = model.state_dict()
    for name, number in state.items():
        if not isfinite(number):
            raise ValueError(f"parameter {name!r} is {number}: a model to save has finite numbers")
    content = {"architecture": described(model), "parameters": state}
    document = {"format": FORMAT, "version": VERSION, "sha256": _digest(content), **content}
    more: dict[str, Any] = {}
    classes = remembered(model) or Classes(())
    if classes.threshold is not None:
        more["classes"] = {"labels": list(classes.labels), "threshold": classes.threshold}
    elif classes.ignored is not None:
        more["classes"] = {"labels": list(classes.labels), "ignored": classes.ignored}
    if training := training_state(model, optimizer, schedule, stream):
        more["training"] = training
    if more:
        document |= {"sha256 of the rest": _digest(more), **more}
    return write_file(path, json.dumps(document, indent=1, allow_nan=False).encode())


def load(
    path: str | Path,
    into: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    stream: random.Random | None = None,
) -> Any:
    """The model in a file; or its parameters, put into a model that is there already.

    Args:
        path: A file that `save` wrote.
        into: A model of the same architecture, whose parameters are set.
        optimizer: One of `into`'s parameters, made as the one that was saved; it goes on from where
            that one stood, with its settings.
        schedule: In the same way, one of that optimizer.
        stream: In the same way, what `fit` is given as its seed.

    Returns:
        The model, `into` if given.  Its outputs are bit for bit those of the model saved.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not what `save` wrote, or does not fit what is to be set, where the
            message names the first mismatch.  Nothing has changed then.

    An example stands at `save`, and one of a training that goes on.
    """
    if into is None and any(each is not None for each in (optimizer, schedule, stream)):
        raise ValueError(
            "an optimizer goes on with the model that it moves: model = load(path), make the "
            "optimizer of it, then load(path, into=model, optimizer=optimizer)"
        )
    path = Path(path)
    try:
        document = _parsed(path.read_bytes())
        content = _checked(document)
        classes = _classes(content.get("classes"))
        if into is None:
            model = _built(content["architecture"], content["parameters"])
            remember(model, classes)
            return model
        check_same(content["architecture"], into)
        go_on = put_back(content.get("training", {}), into, optimizer, schedule, stream)
        into.load_state_dict(content["parameters"])
        go_on()
        remember(into, classes)
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply to be a saved model") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return into


# --- the document -------------------------------------------------------------------------


def _digest(content: dict[str, Any]) -> str:
    """A checksum that notices a changed digit; it is no signature."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _parsed(data: bytes) -> Any:
    """The JSON document in `data`."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"it holds {constant}, which is no number of a saved model")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name occurs twice in it")
        return dict(pairs)

    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not a complete JSON file ({error.msg}, line {error.lineno}): the file was cut off or "
            "is something else"
        ) from None
    except UnicodeDecodeError:
        raise ValueError("not a JSON file: it is no UTF-8 text") from None


def _checked(document: Any) -> dict[str, Any]:
    """Architecture, parameters, and what else there is, of a document that is what it says."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError('not a saved model: "format" is missing or something else')
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise ValueError(f"not a saved model: its version is {version!r:.40}")
    if version > VERSION:
        raise ValueError(
            f"written by a newer release, in format {version}; this one reads up to {VERSION}: "
            "%pip install --upgrade valuegrad"
        )
    content = {name: document.get(name) for name in ("architecture", "parameters")}
    more = {name: document[name] for name in _MORE if name in document}
    for name, part in (content | more).items():
        if not isinstance(part, dict):
            raise ValueError(f"{name!r} is missing or no object")
    for name, number in content["parameters"].items():  # type: ignore[union-attr]
        if type(number) not in (int, float) or not _is_finite(number):
            raise ValueError(f"parameter {name!r:.80} is {number!r:.40}, not a finite number")
    if document.get("sha256") != _digest(content) or (
        more and document.get("sha256 of the rest") != _digest(more)
    ):
        raise ValueError("it was changed or damaged after it was saved: its checksum is wrong")
    return content | more


def _classes(part: Any) -> Classes | None:
    """What outputs mean."""
    if part is None:
        return None
    labels, threshold, ignored = map(part.get, ("labels", "threshold", "ignored"))
    if labels in ([0, 1], [-1, 1]) and type(threshold) in (int, float):
        return Classes(tuple(labels), float(threshold))
    if type(ignored) is int and isinstance(labels, list) and labels == [*range(len(labels))]:
        return Classes(tuple(labels), ignored=ignored)
    raise ValueError(
        f"its classes are {part!r:.60}, not two labels and a threshold, or 0, 1, ... and what is "
        "ignored"
    )


def _is_finite(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # an integer beyond all floats
        return False


def _built(architecture: Architecture, parameters: dict[str, float]) -> Module:
    """The model of a checked document."""
    if architecture.get("kind") == "own":
        raise ValueError(
            f"it holds the parameters of your own class {architecture.get('class')!r:.80}: make "
            "one and call load(path, into=model)"
        )
    needed = count(architecture)
    if needed != len(parameters):
        raise ValueError(
            f"its architecture has {needed} parameters, but it holds {len(parameters)} numbers"
        )
    model = make(architecture)
    model.load_state_dict(parameters)
    return model
