"""The progress bar.

Holds: `progress_bar`.

May import: extras; tqdm when first used.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from nn.extras import need


class _Silent:
    """A bar that shows nothing."""

    def update(self, steps: int = 1) -> None:
        """One more."""

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        """Some text."""

    def close(self) -> None:
        """The end."""


def progress_bar(total: int, unit: str, show: bool) -> Any:
    """A tqdm bar of `total` steps, for notebooks and terminals; silent if `show` is False.

    Without tqdm one line says what to install, and the work goes on without a bar.
    """
    if not show:
        return _Silent()
    try:
        with warnings.catch_warnings():  # a notebook without ipywidgets gets the text bar
            warnings.simplefilter("ignore")
            return need("tqdm.auto", "The progress bar").tqdm(total=total, unit=unit)
    except ImportError as error:
        print(error, file=sys.stderr)
        return _Silent()
