"""All losses by name.

Holds: `LOSSES`, the table; `known_loss`, which looks there; `inner_loss`, which sees through a
`functools.partial`.

May import: of its room entropy, errors, likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nn.losses.entropy import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from nn.losses.errors import (
    half_squared_error,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
    squared_error,
)
from nn.losses.likelihood import cross_entropy, nll_loss

Loss = Callable[..., Any]

LOSSES: dict[str, Loss] = {
    loss.__name__: loss
    for loss in (
        mse_loss, l1_loss, huber_loss, smooth_l1_loss, hinge_loss, binary_cross_entropy,
        binary_cross_entropy_with_logits, cross_entropy, nll_loss, kl_div, squared_error,
        half_squared_error,
    )
}  # fmt: skip


def known_loss(loss: str | Loss) -> Loss:
    """The loss of that name, or the function itself.

    Raises:
        TypeError: If it is neither a name nor a function of a batch.
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if callable(loss) and not isinstance(loss, type):
        return loss
    if not isinstance(loss, str):
        raise TypeError(
            f"loss is a name such as 'mse_loss', or a function of predictions and targets, not "
            f"{loss!r:.80}"
        )
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}: the known ones are {', '.join(LOSSES)}")
    return LOSSES[loss]


def inner_loss(loss: Any) -> Any:
    """The loss inside a `functools.partial`, which settles some of its arguments; else itself."""
    return loss.func if isinstance(loss, partial) else loss
