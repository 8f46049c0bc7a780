"""Which back ends there are, and which one replays a path.

Holds: `Path`, one program with its replays; `automatic` and `check`, the choice.

May import: program, python, and when first used numpy and numba.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

from autodiff.tape import shapes
from autodiff.tape.program import Program
from autodiff.tape.python import PythonReplay

# What each needs; the first that is installed is taken.
BACKENDS = {"numba": ("numba", "numpy"), "numpy": ("numpy",), "python": ()}


@cache
def installed(module: str) -> bool:
    """Whether a module can be imported."""
    return find_spec(module) is not None


def usable(name: str) -> bool:
    """Whether what a back end needs is installed."""
    return all(shapes.HAS_NUMPY if m == "numpy" else installed(m) for m in BACKENDS[name])


def automatic() -> str:
    """The fastest back end that is installed."""
    return next(name for name in BACKENDS if usable(name))


def check(name: Any) -> str:
    """`name`, or the automatic choice for "auto".

    Raises:
        ValueError: If there is no such back end, or what it needs is not installed.
    """
    if name == "auto":
        return automatic()
    if not isinstance(name, str) or name not in BACKENDS:
        raise ValueError(f"there is no back end {name!r}: choose from auto, {', '.join(BACKENDS)}")
    if not usable(name):
        extra = "fast" if name == "numba" else "train"
        raise ValueError(
            f"the back end {name!r} is not installed: pip install 'valuegrad[{extra}]', "
            f"or choose {automatic()!r}"
        )
    return name


class Path:
    """One program, and what replays it.

    Args:
        program: The program.

    Attributes:
        note: What is unusual about how it is replayed; "" if nothing is.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.note = ""
        self._replays: dict[str, Any] = {}

    def replay(self, backend: str, n: int) -> Any:
        """What replays `n` examples on a back end."""
        if backend == "numpy" and n == 1:
            backend = "python"
        found = self._replays.get(backend)
        if found is None:
            found = self._replays[backend] = self._make(backend, n)
        return found

    def _make(self, backend: str, n: int) -> Any:
        if backend == "numba":
            from autodiff.tape.compiled import CompiledReplay
            from autodiff.tape.templates import UnsupportedError

            try:
                return CompiledReplay(self.program, n == 1)
            except UnsupportedError as error:
                self.note = f"replayed without numba: {error}"
                return self.replay("numpy", n)
        if backend == "numpy":
            from autodiff.tape.vectors import VectorReplay

            return VectorReplay(self.program)
        return PythonReplay(self.program)
