"""Parameters and an optimizer's memory as vectors: one step of an optimizer on all at once.

Holds: `State`, where a training stands, and `Flat`, which reads it from a model's Values, moves it
on, and writes it back; `norm`.

May import: autodiff, optim; of its room recording; numpy when first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any, NamedTuple

from autodiff import Value
from nn.optim.base import Optimizer
from nn.optim.clip import clip_factor
from nn.train.recording import NotRecordableError


class State(NamedTuple):
    """Where a training stands; never changed in place.

    Attributes:
        theta: The numbers of all parameters of the model.
        gradient: That of the last step, None before the first.
        memory: For each thing that the optimizer remembers a vector, or None.
        steps: Number of the optimizer's steps.
    """

    theta: Any
    gradient: Any
    memory: tuple[Any, ...]
    steps: int


class Flat:
    """The parameters of a model, and the optimizer that moves all or some of them.

    Args:
        parameters: All of the model.
        optimizer: Moves them.

    Raises:
        NotRecordableError: If the optimizer has a step of its own, or remembers what is no number.
    """

    def __init__(self, parameters: Sequence[Value], optimizer: Optimizer) -> None:
        kind = type(optimizer)
        if kind.step is not Optimizer.step or kind.zero_grad is not Optimizer.zero_grad:
            raise NotRecordableError(f"{kind.__name__} has a step of its own")
        self.parameters, self.optimizer = parameters, optimizer
        self.places = {id(p): i for i, p in enumerate(parameters)}
        self.moving: Any = self.where(optimizer.parameters)
        if self.moving.tolist() == list(range(len(parameters))):
            self.moving = slice(None)
        self.read()

    def where(self, parameters: Sequence[Value]) -> Any:
        """Where these parameters are in the vector."""
        import numpy

        try:
            return numpy.array([self.places[id(p)] for p in parameters])
        except KeyError:
            raise NotRecordableError(
                "a layer has parameters that model.parameters() does not list"
            ) from None

    def read(self) -> State:
        """Everything as it stands in the Values and in the optimizer."""
        import numpy

        theta = numpy.array([parameter.data for parameter in self.parameters])
        memory = []
        try:
            for column in zip(*self.optimizer.states, strict=True):
                nothing = all(x is None for x in column)
                memory.append(None if nothing else numpy.array(list(map(float, column))))
        except (TypeError, ValueError):
            kind = type(self.optimizer).__name__
            raise NotRecordableError(f"{kind} remembers what is not a number") from None
        return State(theta, None, tuple(memory), self.optimizer.steps)

    def write(self, state: State) -> None:
        """Everything back to where `read` found it, the gradients too."""
        try:
            self._write(state)
        except BaseException:  # Ctrl-C: half of a step would be none
            self._write(state)
            raise

    def _write(self, state: State) -> None:
        import numpy

        self.optimizer.steps = state.steps
        if state.gradient is None:  # nothing has moved
            return
        for parameter, x, g in zip(self.parameters, state.theta.tolist(), state.gradient.tolist()):
            parameter.data, parameter.grad = x, g
        n = len(self.optimizer.parameters)
        lists = [
            [None] * n if part is None else numpy.broadcast_to(part, n).tolist()
            for part in state.memory
        ]
        self.optimizer.states = list(zip(*lists)) if lists else [()] * n

    def update(self, state: State, gradient: Any, clip_norm: float | None) -> State:
        """The state after one step of the optimizer.

        Raises:
            FloatingPointError: If a number of it is not finite.
        """
        import numpy

        optimizer, moving = self.optimizer, self.moving
        g = gradient[moving]
        factor = 1.0 if clip_norm is None else clip_factor(norm(g), clip_norm)
        if factor < 1.0:
            gradient = gradient.copy()
            gradient[moving] = g = g * factor
        # Copies, because a formula may write `m *= beta`, and be interrupted later.
        memory = tuple(None if part is None else part.copy() for part in state.memory)
        theta = state.theta.copy()
        optimizer.steps = state.steps + 1
        try:
            with numpy.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                x, memory = optimizer.advance(theta[moving], g.copy(), memory)
            theta[moving] = x
        except BaseException:  # Ctrl-C too
            optimizer.steps = state.steps
            raise
        return State(theta, gradient, memory, state.steps + 1)


def norm(vector: Any) -> float:
    """The Euclidean norm.

    >>> import numpy
    >>> norm(numpy.array([3.0, 4.0])), norm(numpy.array([0.0, 1e200]))
    (5.0, 1e+200)
    """
    if 1e-100 < abs(vector).max() < 1e100:
        return float(vector.dot(vector) ** 0.5)
    return hypot(*vector.tolist())  # squares would leave the range of floats
