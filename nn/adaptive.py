"""Optimizers with a step size of its own for every parameter.

Holds: `Adagrad`, `RMSprop`, `Adam`, `AdamW`, under PyTorch's names (`torch.optim`), with its
defaults, and with its results to rounding.

May import: autodiff, optim.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import Value
from nn.optim import Optimizer, State, in_range


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
    ) -> None:
        self.first = (in_range("initial_accumulator_value", initial_accumulator_value),)
        super().__init__(parameters, lr)
        self.lr_decay = in_range("lr_decay", lr_decay)
        self.weight_decay = in_range("weight_decay", weight_decay)
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = in_range("eps", eps)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr_t g / (sqrt(s) + eps)."""
        if self.weight_decay:
            g = g + self.weight_decay * x
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
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha = in_range("alpha", alpha)
        self.eps = in_range("eps", eps)
        self.weight_decay = in_range("weight_decay", weight_decay)
        self.momentum = in_range("momentum", momentum)
        self.centered = centered

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr g / (sqrt(s) + eps), with momentum x - lr v."""
        if self.weight_decay:
            g = g + self.weight_decay * x
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


class Adam(Optimizer):
    """Adam: x <- x - lr m' / (sqrt(v') + eps), from means of g and g^2 that forget.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
    m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t).  Kingma, Ba, ICLR 2015, algorithm 1.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0: about the size of one step.
        betas: How slowly m and v forget, each from 0 to below 1.
        eps: Added to the denominator, from 0.
        weight_decay: Adds weight_decay x to the gradient.
        amsgrad: Whether v' never falls: Reddi, Kale, Kumar, ICLR 2018.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = Adam([w], lr=0.1)
    >>> w.grad = 1e-3
    >>> optimizer.step()  # the first step is lr whatever the size of the gradient
    >>> print(format(w, ".4f"))
    0.9000
    """

    first = (0.0, 0.0, 0.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"betas[{i}] is from 0 to below 1, not {beta}")
        self.betas = (float(betas[0]), float(betas[1]))
        self.eps = in_range("eps", eps)
        self.weight_decay = in_range("weight_decay", weight_decay)
        self.amsgrad = amsgrad

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr m' / (sqrt(v') + eps)."""
        if self.weight_decay:
            g = g + self.weight_decay * x
        beta1, beta2 = self.betas
        m, v, largest = state
        m = m + (1.0 - beta1) * (g - m)
        v = beta2 * v + (1.0 - beta2) * g * g
        scale = v
        if self.amsgrad:
            scale = largest = largest + (v > largest) * (v - largest)  # the larger of the two
        root = scale**0.5 / (1.0 - beta2**self.steps) ** 0.5
        step = self.lr / (1.0 - beta1**self.steps)
        return x - step * (m / (root + self.eps)), (m, v, largest)


class AdamW(Adam):
    """Adam with decoupled weight decay: x shrinks by lr weight_decay x, apart from the gradient.

    Loshchilov, Hutter, ICLR 2019, algorithm 2.  Arguments as `Adam`; weight_decay is .01 here.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> AdamW([w], lr=0.1).step()  # no gradient: only the decay
    >>> print(format(w, ".6f"))
    0.999000
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, 0.0, amsgrad)
        self.decoupled = in_range("weight_decay", weight_decay)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """Adam's update of an x that has shrunk."""
        return super().update(x * (1.0 - self.lr * self.decoupled), g, state)
