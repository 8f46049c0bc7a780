"""Locks that outlive `os.fork`: what another thread held is free in the child, and whole.

Holds: `outlive_forks`.

A child has the one thread that forked it.  A lock that another thread held just then would stay
locked there for ever, and what it guards would be half written; so forking waits until it is free.

May import: the standard library.
"""

from __future__ import annotations

import os
from contextlib import suppress
from threading import RLock
from typing import Any

# Modules and the names of their locks, in the order in which a thread may take them.
_LOCKS: list[tuple[dict[str, Any], str]] = []


def outlive_forks(module: dict[str, Any], name: str) -> None:
    """Makes a module's lock one that forking waits for, and that every child gets anew.

    Args:
        module: The module's `globals()`.  Whoever uses the lock looks it up there every time.
        name: The name of an RLock.

    >>> EXAMPLE = RLock()
    >>> outlive_forks(globals(), "EXAMPLE")
    >>> with EXAMPLE:
    ...     pass  # no child is forked in here by another thread
    """
    _LOCKS.append((module, name))


def _acquire() -> None:
    for module, name in _LOCKS:
        module[name].acquire()


def _release() -> None:
    for module, name in reversed(_LOCKS):
        with suppress(RuntimeError):  # Ctrl-C while waiting for it: it is not ours
            module[name].release()


def _renew() -> None:
    for module, name in _LOCKS:
        module[name] = RLock()


if hasattr(os, "register_at_fork"):  # where there is no fork there is nothing to outlive
    os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_renew)
