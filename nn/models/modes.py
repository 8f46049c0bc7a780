"""The two modes of a model: training, in which it is made, and eval.

Holds: `evaluation` and `learning`, blocks in which models are in the one or the other, and
`evaluating`, which a module asks.

May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_EVALUATING = ContextVar("evaluating", default=False)


def evaluating() -> bool:
    """Whether this thread is within `evaluation()`."""
    return _EVALUATING.get()


@contextmanager
def evaluation() -> Iterator[None]:
    """Within it every module is in eval mode, for this thread alone; nothing is written to any.

    >>> from nn import Module
    >>> module = Module()
    >>> with evaluation():
    ...     print(module.training)
    False
    >>> module.training
    True
    """
    before = _EVALUATING.get()
    try:
        _EVALUATING.set(True)
        yield
    finally:
        _EVALUATING.set(before)


@contextmanager
def learning(model: Any) -> Iterator[None]:
    """Within it a model that is in eval mode is in training mode."""
    asleep = not getattr(model, "training", True) and hasattr(model, "train")
    try:
        if asleep:
            model.train()
        yield
    finally:
        if asleep:
            model.eval()
