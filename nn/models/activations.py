"""The activation functions by name.

Holds: `ACTIVATIONS`, of one number, and `JOINT`, of all outputs of a layer together; and the
lookup that lists the known names for one that is not.

May import: autodiff.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff

Activation = str | Callable[[Any], Any] | None

# o = phi(net), one net input at a time.  Methods of Value, which are quicker than the functions.
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    name: getattr(autodiff.Value, name)
    for name in (
        "tanh", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "logsigmoid",
        "exp", "sin",
    )
}  # fmt: skip
# All outputs of a layer at once: list to list.
JOINT: dict[str, Callable[[Any], Any]] = {
    "softmax": autodiff.softmax,
    "log_softmax": autodiff.log_softmax,
}
LINEAR = "linear"


def known_activation(activation: Activation, joint: bool = False) -> Activation:
    """`activation` as it is kept on a layer: None for linear, a name, or a function.

    Args:
        activation: A name, a function of one Value, or None for no activation at all.
        joint: Whether functions of all outputs together, such as softmax, are possible here.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if activation is None or activation == LINEAR:
        return None
    if callable(activation):
        return activation
    known = [LINEAR, *ACTIVATIONS, *(JOINT if joint else ())]
    if activation not in known:
        raise ValueError(
            f"unknown activation {activation!r}: the known ones are {', '.join(known)}"
        )
    return activation


def activation_name(activation: Activation) -> str:
    """The name for texts: `tanh`, `linear`, or that of the function."""
    if activation is None:
        return LINEAR
    return activation if isinstance(activation, str) else getattr(activation, "__name__", "custom")
