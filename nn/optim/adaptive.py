"""Optimizers that divide each parameter's gradient by how large it has been.

Holds: `Adagrad`, `RMSprop`, `Adadelta`, under PyTorch's names (`torch.optim`), with its defaults,
and with its results to rounding.

May import: autodiff; of its room base.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import Value
from nn.optim.base import Optimizer, State, in_range


class Adagrad(Optimizer):
    """Adagrad: x <- x - lr_t g / (sqrt(s) + eps), s <- s + g^2, lr_t = lr / (1 + (t-1) lr_decay).

    Duchi, Hazan, Singer, JMLR 12, 2011.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0.
        lr_decay: From 0.
        weight_decay: Adds weight_decay x to the gradient.
        initial_accumulator_value: What s starts from, from 0.
        eps: Added to the denominator, from 0.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = Adagrad([w], lr=0.5)
    >>> w.grad = 4.0
    >>> optimizer.step()  # the first step is lr whatever the size of the gradient
    >>> print(format(w, ".6f"))
    0.500000
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        self.first = (in_range("initial_accumulator_value", initial_accumulator_value),)
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.lr_decay = in_range("lr_decay", lr_decay)
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = in_range("eps", eps)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr_t g / (sqrt(s) + eps)."""
        s = state[0] + g * g
        lr = self.lr / (1.0 + (self.steps - 1) * self.lr_decay)
        return x - lr * (g / (s**0.5 + self.eps)), (s,)


class RMSprop(Optimizer):
    """RMSprop: x <- x - lr g / (sqrt(s) + eps), s <- alpha s + (1 - alpha) g^2.

    Hinton, Neural Networks for Machine Learning, lecture 6e, 2012.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0.
        alpha: How slowly s forgets, from 0 to 1.
        eps: Added to the denominator, from 0.
        weight_decay: Adds weight_decay x to the gradient.
        momentum: Of the scaled gradient, from 0.
        centered: Whether s has the squared mean gradient taken off: an estimate of the variance.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = RMSprop([w], lr=0.01)
    >>> w.grad = 4.0
    >>> optimizer.step()  # g / sqrt((1 - alpha) g^2) is 10 for the first step
    >>> print(format(w, ".6f"))
    0.900000
    """

    first = (0.0, 0.0, 0.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.alpha = in_range("alpha", alpha)
        self.eps = in_range("eps", eps)
        self.momentum = in_range("momentum", momentum)
        self.centered = centered

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr g / (sqrt(s) + eps), with momentum x - lr v."""
        s, mean, v = state
        s = self.alpha * s + (1.0 - self.alpha) * g * g
        scale = s
        if self.centered:
            mean = mean + (1.0 - self.alpha) * (g - mean)
            scale = s - mean * mean
            scale = (scale > 0.0) * scale  # rounding may leave a variance just below 0
        step = g / (scale**0.5 + self.eps)
        if self.momentum:
            v = self.momentum * v + step
            step = v
        return x - self.lr * step, (s, mean, v)


class Adadelta(Optimizer):
    """Adadelta: x <- x - lr d, d = g sqrt(u + eps) / sqrt(s + eps): steps in the unit of x.

    s <- rho s + (1 - rho) g^2 before the step, u <- rho u + (1 - rho) d^2 after it.  Zeiler,
    "ADADELTA: an adaptive learning rate method", arXiv 1212.5701, 2012, algorithm 1.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0; 1 in the paper, which has none.
        rho: How slowly s and u forget, from 0 to 1.
        eps: Under both roots, from 0: what the first step has to start from.
        weight_decay: Adds weight_decay x to the gradient.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = Adadelta([w])
    >>> w.grad = 4.0
    >>> optimizer.step()  # sqrt(eps / (1 - rho)) whatever the size of the gradient
    >>> print(format(w, ".6f"))
    0.996838
    """

    first = (0.0, 0.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.rho = in_range("rho", rho)
        if rho > 1.0:
            raise ValueError(f"rho is from 0 to 1, not {rho}")
        self.eps = in_range("eps", eps)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr d."""
        s, u = state
        s = self.rho * s + (1.0 - self.rho) * g * g
        d = (u + self.eps) ** 0.5 / (s + self.eps) ** 0.5 * g
        u = self.rho * u + (1.0 - self.rho) * d * d
        return x - self.lr * d, (s, u)
