"""Adam and its relatives: a running mean of the gradient over one of its size.

Holds: `Adam`, `AdamW`, `Adamax`, `NAdam`, `RAdam`, under PyTorch's names (`torch.optim`), with its
defaults, and with its results to rounding.

    m <- beta1 m + (1 - beta1) g      v <- beta2 v + (1 - beta2) g^2      t = steps

May import: autodiff; of its room base.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import Value
from nn.optim.base import Optimizer, State, in_range


class _Moments(Optimizer):
    """What they share: two numbers that say how slowly m and v forget, and eps."""

    first: State = (0.0, 0.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        decoupled_weight_decay: bool,
        maximize: bool,
    ) -> None:
        super().__init__(
            parameters, lr, weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize,
        )  # fmt: skip
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"betas[{i}] is from 0 to below 1, not {beta}")
        self.betas = (float(betas[0]), float(betas[1]))
        self.eps = in_range("eps", eps)

    def means(self, g: Any, m: Any, v: Any) -> tuple[Any, Any]:
        """The next m and v."""
        beta1, beta2 = self.betas
        return m + (1.0 - beta1) * (g - m), beta2 * v + (1.0 - beta2) * g * g


class Adam(_Moments):
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
        maximize: Whether to climb, not to descend.
        decoupled_weight_decay: Whether the decay is that of `AdamW`.

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
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize)
        self.amsgrad = amsgrad

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr m' / (sqrt(v') + eps)."""
        beta1, beta2 = self.betas
        m, v, largest = state
        m, v = self.means(g, m, v)
        scale = v
        if self.amsgrad:
            scale = largest = _larger(largest, v)
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
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize,
            decoupled_weight_decay=True,
        )  # fmt: skip


class Adamax(_Moments):
    """Adamax: x <- x - lr m' / u, with a decaying maximum u <- max(beta2 u, |g| + eps) for a root.

    m' = m / (1 - beta1^t) as in `Adam`.  Kingma, Ba, ICLR 2015, algorithm 2.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0: the largest step on a constant gradient.
        betas: How slowly m and u forget, each from 0 to below 1.
        eps: Added to |g|, from 0.
        weight_decay: Adds weight_decay x to the gradient.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = Adamax([w], lr=0.1)
    >>> w.grad = 1e-3
    >>> optimizer.step()  # the first step is lr whatever the size of the gradient
    >>> print(format(w, ".4f"))
    0.9000
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, False, maximize)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr m' / u."""
        beta1, beta2 = self.betas
        m, u = state
        m = m + (1.0 - beta1) * (g - m)
        u = _larger(beta2 * u, abs(g) + self.eps)
        return x - self.lr / (1.0 - beta1**self.steps) * (m / u), (m, u)


class NAdam(_Moments):
    """NAdam: Adam with Nesterov's look ahead, and a momentum that grows with time.

    x <- x - lr ((1 - mu_t) g / (1 - M_t) + mu_(t+1) m / (1 - M_(t+1))) / (sqrt(v') + eps), with
    mu_t = beta1 (1 - .96^(t momentum_decay) / 2) and their product M_t = mu_1 ... mu_t.  Dozat,
    "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 2.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0: about the size of one step.
        betas: How slowly m and v forget, each from 0 to below 1.
        eps: Added to the denominator, from 0.
        weight_decay: Adds weight_decay x to the gradient.
        momentum_decay: How quickly mu_t approaches beta1, from 0.
        decoupled_weight_decay: Whether the decay is that of `AdamW`.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = NAdam([w], lr=0.1)
    >>> w.grad = 1e-3
    >>> optimizer.step()
    >>> print(format(w, ".4f"))
    0.8944
    """

    # m, v, and the product M, which is the same for all parameters.
    first = (0.0, 0.0, 1.0)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize)
        self.momentum_decay = in_range("momentum_decay", momentum_decay)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr (look ahead) / (sqrt(v') + eps)."""
        m, v, product = state
        m, v = self.means(g, m, v)
        now, then = (
            self.betas[0] * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay))
            for t in (self.steps, self.steps + 1)
        )
        product = product * now
        root = (v / (1.0 - self.betas[1] ** self.steps)) ** 0.5 + self.eps
        ahead = (1.0 - now) / (1.0 - product) * g + then / (1.0 - product * then) * m
        return x - self.lr * (ahead / root), (m, v, product)


class RAdam(_Moments):
    """RAdam: Adam whose steps are as short as the variance of v' asks for while v is young.

    x <- x - lr m' r_t / (sqrt(v') + eps) once rho_t > 5, and x - lr m' before, with
    rho_t = R - 2 t beta2^t / (1 - beta2^t), R = 2 / (1 - beta2) - 1, and
    r_t^2 = (rho_t - 4) (rho_t - 2) R / ((R - 4) (R - 2) rho_t).  Liu et al., "On the variance of
    the adaptive learning rate and beyond", ICLR 2020, algorithm 2.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate, from 0: about the size of one step.
        betas: How slowly m and v forget, each from 0 to below 1.
        eps: Added to the root of v, as in PyTorch not of v', from 0.
        weight_decay: Adds weight_decay x to the gradient.
        decoupled_weight_decay: Whether the decay is that of `AdamW`.
        maximize: Whether to climb, not to descend.

    Raises:
        ValueError: If a setting is out of range.

    >>> from autodiff import Value
    >>> w = Value(1.0)
    >>> optimizer = RAdam([w], lr=0.1)
    >>> w.grad = 1e-3
    >>> optimizer.step()  # the first five steps are those of momentum alone
    >>> print(format(w, ".4f"))
    0.9999
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x - lr m', divided by the root of v' as soon as that is known well enough."""
        t, (beta1, beta2) = self.steps, self.betas
        m, v = self.means(g, *state)
        step = self.lr / (1.0 - beta1**t) * m
        longest = 2.0 / (1.0 - beta2) - 1.0
        left = 1.0 - beta2**t
        length = longest - 2.0 * t * beta2**t / left
        if length > 5.0:
            rectified = (length - 4.0) * (length - 2.0) * longest
            rectified /= (longest - 4.0) * (longest - 2.0) * length
            step = step * ((left * rectified) ** 0.5 / (v**0.5 + self.eps))
        return x - step, (m, v)


def _larger(a: Any, b: Any) -> Any:
    """The larger of two numbers, or of each pair of two vectors; nan if one is nan."""
    first = a >= b
    return first * a + (1.0 - first) * b
