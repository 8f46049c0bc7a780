"""Gradient clipping, under PyTorch's names.

Holds: `clip_grad_norm_`, with its formula `clip_factor`, and `clip_grad_value_`.

May import: autodiff, models; of its room base.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import hypot, isfinite

from autodiff import Value
from nn.models.module import write_all
from nn.optim.base import in_range


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Shortens the whole gradient to length `max_norm` if it is longer; its direction stays.

    g <- g min(1, max_norm / (|g| + 1e-6)), |g| the Euclidean norm over all parameters; Pascanu,
    Mikolov, Bengio, ICML 2013, algorithm 1, with PyTorch's 1e-6.

    Args:
        parameters: `model.parameters()`.
        max_norm: From 0.

    Returns:
        The norm before.

    Raises:
        ValueError: If max_norm is negative, or the norm is nan or infinite: no gradient changes.

    >>> from autodiff import Value
    >>> a, b = Value(0.0), Value(0.0)
    >>> a.grad, b.grad = 3.0, 4.0
    >>> clip_grad_norm_([a, b], 2.5)
    5.0
    >>> print(f"{a.grad:.4f} {b.grad:.4f}")
    1.5000 2.0000
    """
    in_range("max_norm", max_norm)
    parameters = list(parameters)
    norm = hypot(*[parameter.grad for parameter in parameters])
    factor = clip_factor(norm, max_norm)
    if factor < 1.0:
        write_all(parameters, "grad", [parameter.grad * factor for parameter in parameters])
    return norm


def clip_factor(norm: float, max_norm: float) -> float:
    """By what a gradient of this norm is multiplied to be no longer than `max_norm`: at most 1.

    Raises:
        ValueError: If the norm is nan or infinite.

    >>> print(f"{clip_factor(5.0, 2.5):.6f} {clip_factor(1.0, 2.5):.0f}")
    0.500000 1
    """
    if not isfinite(norm):
        raise ValueError(
            f"the norm of the gradient is {norm}: clipping cannot mend it; detect_anomaly() finds "
            "the operation it comes from"
        )
    return min(1.0, max_norm / (norm + 1e-6))


def clip_grad_value_(parameters: Iterable[Value], clip_value: float) -> None:
    """Cuts every single gradient to [-clip_value, clip_value].

    Args:
        parameters: `model.parameters()`.
        clip_value: From 0.

    Raises:
        ValueError: If clip_value is negative.

    >>> from autodiff import Value
    >>> a = Value(0.0)
    >>> a.grad = -7.0
    >>> clip_grad_value_([a], 1.0)
    >>> a.grad
    -1.0
    """
    in_range("clip_value", clip_value)
    for parameter in parameters:
        parameter.grad = min(max(parameter.grad, -clip_value), clip_value)
