"""Classes: which one an output means, and which one a target is.

Holds: `Classes`, the one reading of outputs that `fit`, metrics, stopping criteria and pictures
share; `classes_of`, which finds it; `ignored_by`, the targets that are no class to a loss;
`remember` and `remembered`, by which a model keeps it.

Of several outputs the largest decides, and its place is the class.  A single output means one of
two classes, 0 and 1, or -1 and 1: the second if it is above a threshold.  Where that is depends on
what was learned: at 0 for margins (hinge loss) and logits, at one half for probabilities (at its
logarithm for theirs), halfway between the targets for losses such as `mse_loss`, which draw
outputs towards them.

May import: losses, models.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import log
from typing import Any

from nn.losses.likelihood import cross_entropy, nll_loss
from nn.losses.table import LOSSES, Loss, inner_loss
from nn.models.activations import LINEAR, activation_name
from nn.models.layers import Layer, Neuron

# What a single output means to a loss that does not draw it towards the target.
_OF_LOSS = {
    "hinge_loss": ((-1, 1), 0.0),
    "binary_cross_entropy": ((0, 1), 0.5),
    "binary_cross_entropy_with_logits": ((0, 1), 0.0),
    "kl_div": ((0, 1), log(0.5)),
}
# Activations whose output is never below 0, and so never means -1.
_POSITIVE = ("sigmoid", "softplus", "exp")
# Where a model keeps what its outputs mean.  Not a name that a model of the user's would have.
_ATTRIBUTE = "_output_classes"


@dataclass(frozen=True)
class Classes:
    """What outputs mean as classes.

    Attributes:
        labels: The classes: `(0, 1)` or `(-1, 1)` of one output, `(0, ..., n - 1)` of n outputs.
        threshold: Above it a single output means the second class; None for several outputs.
        ignored: A target that is no class, because the loss leaves it out; None if none is.

    >>> signs = Classes((-1, 1), 0.0)
    >>> [signs.of_output(y) for y in (-0.5, 0.0, 0.5)], signs.share([-0.5, 2.0], [-1, -1])
    ([-1, -1, 1], 0.5)
    >>> Classes((0, 1, 2)).of_output([0.1, 0.7, 0.2])
    1
    """

    labels: tuple[int, ...]
    threshold: float | None = None
    ignored: int | None = None

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return len(self.labels) if self.threshold is None else 1

    def of_output(self, output: Any) -> int | None:
        """The class that an output means; None if it is nan."""
        if self.threshold is None:
            return None if any(y != y for y in output) else _largest(output)
        return None if output != output else self.labels[output > self.threshold]

    def of_target(self, target: Any, row: int) -> int | None:
        """The class that a target is; None if the loss ignores it.

        Raises:
            ValueError: If no output can mean it; the message names the row.
        """
        place, n = f"row {row} of y", self.n_out
        if target == self.ignored:
            return None
        if isinstance(target, list):
            if len(target) != n or n == 1:
                have = "is one output" if n == 1 else f"are {n} outputs"
                raise ValueError(f"{place} has {len(target)} numbers, but there {have}")
            if target.count(max(target)) > 1:
                raise ValueError(f"{place} has its largest number twice, so it is no single class")
            return _largest(target)
        if target in self.labels:
            return self.labels[self.labels.index(target)]
        if self.threshold is None:
            raise ValueError(
                f"{place} is {target}, but the classes of {n} outputs run from 0 to {n - 1}"
            )
        raise ValueError(
            f"{place} is {target}, but a single output means class {self.labels[0]} or "
            f"{self.labels[1]} here: number the classes so, or give the model one output for each "
            "and loss='cross_entropy'"
        )

    def of_targets(self, targets: Sequence[Any]) -> list[int | None]:
        """The classes of all targets; see `of_target`."""
        return [self.of_target(target, i) for i, target in enumerate(targets)]

    def share(self, outputs: Sequence[Any], targets: Sequence[Any]) -> float:
        """The share of outputs that mean the class of their target, from 0 to 1.

        Raises:
            ValueError: If a target is no class of theirs, or all are ignored.
        """
        pairs = zip(outputs, self.of_targets(targets), strict=True)
        right = [self.of_output(y) == t for y, t in pairs if t is not None]
        if not right:
            raise ValueError(f"all targets are {self.ignored}, which the loss leaves out")
        return sum(right) / len(right)

    def above(self, threshold: float | None) -> Classes:
        """The same with another threshold; None leaves it as it is.

        Raises:
            ValueError: If there are several outputs, which have none.
        """
        if threshold is None:
            return self
        if self.threshold is None:
            raise ValueError("a threshold belongs to a single output; of several the largest wins")
        return replace(self, threshold=threshold)


def classes_of(model: Any, n_out: int, targets: Sequence[Any], loss: Loss | None = None) -> Classes:
    """What the outputs of a model mean as classes.

    Args:
        model: Any model, or function.
        n_out: Number of outputs.
        targets: The targets that they are compared with.
        loss: What the model learns, or has learned.  Without one it is what `fit` has left with
            the model; if nothing, a single output is a probability after a sigmoid and a score,
            with the threshold 0, after anything else.

    Raises:
        ValueError: If no output can mean one of the targets.

    >>> from nn import mse_loss
    >>> classes_of(lambda x: x, 1, [0, 1, 1], mse_loss).threshold
    0.5
    """
    found = remembered(model) if loss is None else None
    if found is None or found.n_out != n_out:
        found = _read(model, n_out, targets, loss)
    found.of_targets(targets)
    return found


def _read(model: Any, n_out: int, targets: Sequence[Any], loss: Loss | None) -> Classes:
    if n_out > 1:
        return Classes(tuple(range(n_out)), ignored=ignored_by(loss))
    inner, last = inner_loss(loss), last_activation(model)
    known = inner in LOSSES.values()
    if known and inner.__name__ in _OF_LOSS:
        labels, threshold = _OF_LOSS[inner.__name__]
    else:
        labels = (-1, 1) if -1 in targets or (last == "tanh" and 0 not in targets) else (0, 1)
        threshold = sum(labels) / 2 if known or last == "sigmoid" else 0.0
    if -1 in labels and last in _POSITIVE:
        raise ValueError(
            f"an output of {last} is never below 0, so it cannot mean class -1: take the targets "
            "0 and 1, or output_activation='tanh'"
        )
    return Classes(labels, threshold)


def ignored_by(loss: Loss | None) -> int | None:
    """The target that a loss leaves out, its `ignore_index`; None of other losses than ours.

    >>> from functools import partial
    >>> ignored_by(cross_entropy), ignored_by(partial(cross_entropy, ignore_index=0))
    (-100, 0)
    """
    if inner_loss(loss) not in (cross_entropy, nll_loss):
        return None
    index = inspect.signature(loss).parameters["ignore_index"].default  # type: ignore[arg-type]
    return int(index) if hasattr(index, "__index__") else None


def last_activation(model: Any) -> str:
    """The name of what a model's outputs come from; "linear" if it does not say.

    >>> from nn import MLP, Layer, Sequential
    >>> last_activation(Sequential(MLP(2, [3]), Layer(3, 1, "sigmoid")))
    'sigmoid'
    """
    while isinstance(layers := getattr(model, "layers", None), list) and layers:
        model = layers[-1]
    if isinstance(model, (Layer, Neuron)):
        return activation_name(model.activation)
    return getattr(model, "__name__", LINEAR)


def remember(model: Any, classes: Classes | None) -> None:
    """Leaves with a model what its outputs mean; a model that takes no attributes forgets it."""
    with suppress(AttributeError):
        setattr(model, _ATTRIBUTE, classes)


def remembered(model: Any) -> Classes | None:
    """What `fit` has left with a model, or None."""
    found = getattr(model, _ATTRIBUTE, None)
    return found if isinstance(found, Classes) else None


def _largest(row: Sequence[float]) -> int:
    """The place of the largest number, the first of equals."""
    return max(range(len(row)), key=row.__getitem__)
