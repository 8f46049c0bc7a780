"""What is not in the standard library, loaded when it is first used.

Holds: `need`, which imports a package or says in one line how to install it.

May import: the standard library.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(module: str, purpose: str) -> Any:
    """The module `module`, imported now.

    Args:
        module: Its full name, `"sklearn.datasets"`.
        purpose: What it is needed for, for the message.

    Raises:
        ImportError: If it is not installed; the message is one line that says what to install.

    >>> need("no_such_package", "Nothing")
    Traceback (most recent call last):
    ImportError: Nothing needs no_such_package: %pip install "valuegrad[train]"
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = {"sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0])
        raise ImportError(
            f'{purpose} needs {package}: %pip install "valuegrad[train]"', name=module
        ) from error
