"""Optimizers: from gradients to the next parameters.

Holds: `Optimizer`, what all share, and `SGD`, gradient descent; `parameter_list` and `in_range`,
checks of what one is made from.

Each optimizer is one formula, `update`, of a number x, its gradient g and the state it keeps for
that number.  The formula uses nothing but arithmetic and `** 0.5`, so it holds for NumPy vectors
too: an engine that keeps all parameters in one vector calls it once per step.  What all optimizers
do alike, the sign of `maximize` and the decay of weights, stands before it, in `advance`.

May import: autodiff, checks.  Never computes a gradient.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import Value
from nn.checks import number

State = tuple[Any, ...]
# Settings that no optimizer has to ask for.
_SHARED = ("weight_decay", "decoupled_weight_decay", "maximize")


class Optimizer:
    """What all optimizers share: the parameters, the learning rate, and a step that is whole.

    Args:
        parameters: `model.parameters()`.
        lr: The learning rate, not negative; assignable at any time.
        weight_decay: Adds weight_decay x to the gradient: an L2 penalty of weight_decay x^2 / 2.
        decoupled_weight_decay: Whether x shrinks by lr weight_decay x instead, apart from the
            gradient: Loshchilov, Hutter, ICLR 2019.
        maximize: Whether the loss is to become large: g <- -g, before the decay.

    Attributes:
        parameters: The parameters, in order.
        lr: The learning rate.
        initial_lr: What it was before a `Schedule` first set it; None as long as none has.
        steps: Number of steps taken.
        states: For each parameter what the optimizer remembers of earlier steps.

    Raises:
        ValueError: If there are no parameters, one occurs twice, or a setting is out of range.
        TypeError: If something in `parameters` is not a Value.
    """

    # What `update` remembers before the first step.
    first: State = ()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        self.parameters = parameter_list(parameters, "the optimizer")
        self.lr = in_range("lr", lr)
        self.initial_lr: float | None = None
        self.weight_decay = in_range("weight_decay", weight_decay)
        self.decoupled_weight_decay, self.maximize = decoupled_weight_decay, maximize
        self.steps = 0
        self.states: list[State] = [self.first] * len(self.parameters)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """The next x and state, from the gradient g; `self.steps` counts this step already."""
        raise NotImplementedError

    def advance(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """`update`, after what all optimizers do alike to g, or to x."""
        if self.maximize:
            g = -g
        if self.weight_decay:
            if self.decoupled_weight_decay:
                x = x * (1.0 - self.lr * self.weight_decay)
            else:
                g = g + self.weight_decay * x
        return self.update(x, g, state)

    def step(self) -> None:
        """Moves every parameter by one step, from its gradient.

        All new numbers are computed before the first is written: if this is interrupted, or a
        number cannot be computed, parameters and state are those after the previous step.
        """
        parameters, states, steps = self.parameters, self.states, self.steps
        before = [parameter.data for parameter in parameters]
        # The same numbers, without a call that would change nothing.
        move = self.advance if self.maximize or self.weight_decay else self.update
        try:
            self.steps = steps + 1
            results = [
                move(x, parameter.grad, state)
                for x, parameter, state in zip(before, parameters, states, strict=True)
            ]
            for parameter, (x, _) in zip(parameters, results, strict=True):
                parameter.data = x
            self.states = [state for _, state in results]
        except BaseException:  # Ctrl-C too
            self.steps, self.states = steps, states
            for parameter, x in zip(parameters, before, strict=True):
                parameter.data = x
            raise

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0.0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def __repr__(self) -> str:
        hidden = {"parameters", "initial_lr", "states", "steps"}
        # What all have is shown where it is on.
        hidden |= {name for name in _SHARED if not getattr(self, name)}
        settings = [f"{name}={value!r}" for name, value in vars(self).items() if name not in hidden]
        return f"{type(self).__name__}({len(self.parameters)} parameters, {', '.join(settings)})"


class SGD(Optimizer):
    """Gradient descent: x <- x - lr g; with momentum x <- x - lr v, v <- momentum v + g.

    Sutskever et al., ICML 2013, in PyTorch's form, where the learning rate stands outside v.  With
    Nesterov's momentum the step is g + momentum v instead of v.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0.
        momentum: From 0; below 1 to converge.  v starts as the first gradient.
        dampening: v <- momentum v + (1 - dampening) g from the second step on.
        weight_decay: Adds weight_decay x to the gradient: an L2 penalty of weight_decay x^2 / 2.
        nesterov: Whether to look ahead; needs momentum, and no dampening.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(10.0)
    >>> optimizer = SGD([w], lr=0.8, momentum=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    ...     print(format(w, ".6g"))
    -6
    2
    """

    first = (None,)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.momentum = in_range("momentum", momentum)
        self.dampening = in_range("dampening", dampening)
        self.nesterov = nesterov
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError("Nesterov's momentum needs momentum above 0 and dampening 0")

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr v, or x - lr g without momentum."""
        if not self.momentum:
            return x - self.lr * g, state
        (v,) = state
        v = g if v is None else self.momentum * v + (1.0 - self.dampening) * g
        step = g + self.momentum * v if self.nesterov else v
        return x - self.lr * step, (v,)


def parameter_list(parameters: Iterable[Value], taker: str) -> list[Value]:
    """The parameters as a list; `taker`, which was given them, is the subject of what is raised.

    Raises:
        ValueError: If there are none, or one occurs twice.
        TypeError: If it is no collection of Values.
    """
    if not isinstance(parameters, Iterable):
        kind = type(parameters).__name__
        raise TypeError(f"{taker} takes parameters, not one {kind}: pass model.parameters()")
    parameters = list(parameters)
    if not parameters:
        raise ValueError(f"{taker} got no parameters: pass model.parameters()")
    for each in parameters:
        if isinstance(each, dict):
            raise TypeError(
                f"{taker} has no parameter groups: make an optimizer for each group, with its own "
                "settings, and step them all"
            )
        if not isinstance(each, Value):
            kind = f"{type(each).__module__}.{type(each).__name__}".removeprefix("builtins.")
            raise TypeError(f"{taker} takes Values, not {kind}: pass model.parameters()")
    if len(set(map(id, parameters))) != len(parameters):
        raise ValueError(f"{taker} got one parameter twice: pass each once")
    return parameters


def in_range(name: str, value: float) -> float:
    """`value` as a float if it is a number from 0 on, else ValueError; TypeError if it is none."""
    if isinstance(value, Value):
        raise TypeError(f"{name} takes a number, not a Value: write v.data")
    wanted = "a number from 0 on"
    x = number(name, value, wanted)
    if not 0.0 <= x < float("inf"):
        raise ValueError(f"{name} is {wanted}, not {value}")
    return x
