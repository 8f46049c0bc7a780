"""Graphviz, wherever it can be found: the `dot` program, else the wheel pygraphviz.

Holds: `run`, which turns DOT into any format of Graphviz, and the two ways in which it may not:
`NoGraphviz` and `TooSlow`.  Nothing that can hang or crash runs in this process: both engines are
child processes with a time limit.

May import: the standard library.
"""

import functools
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys

ADVICE = "Pictures need Graphviz. Run: %pip install pygraphviz (no restart needed)"

# In seconds: no operating system waits for ever, and none much longer than these days.
_LONGEST = 1e6

# What the child runs.  The current folder is no place to import from.
_CHILD = """
import sys
sys.path[:] = [place for place in sys.path if place]
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""


class NoGraphviz(RuntimeError):  # noqa: N818 (it is no error to have none)
    """There is neither a working `dot` nor pygraphviz."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"{ADVICE} ({reason})" if reason else ADVICE)


class TooSlow(RuntimeError):  # noqa: N818
    """The layout did not finish in time."""


def _engines() -> list[list[str]]:
    """The commands that may lay out a graph, best first; the format is to be added."""
    engines = []
    dot = shutil.which("dot")
    if dot:
        engines.append([dot, "-T"])
    importlib.invalidate_caches()  # pygraphviz may have been installed a moment ago
    try:
        found = importlib.util.find_spec("pygraphviz") is not None
    except (ImportError, ValueError):
        found = False
    if found and sys.executable and not getattr(sys, "frozen", False):
        engines.append([sys.executable, "-c", _CHILD, ""])
    return engines


@functools.lru_cache(maxsize=32)
def run(source: str, form: str, seconds: float = 10.0) -> bytes:
    """The graph `source`, written in DOT, in Graphviz's format `form`.

    Args:
        source: The graph.
        form: `"svg"`, `"png"`, `"pdf"`, `"json0"`, ...
        seconds: How long the layout may take.

    Raises:
        NoGraphviz: If no engine is there, or none works; the message is advice in one line.
        TooSlow: If the time is up.
    """
    reason = ""
    for *command, last in _engines():
        try:
            done = subprocess.run(
                [*command, last + form], input=source.encode("utf-8", "replace"),
                capture_output=True, timeout=min(seconds, _LONGEST), check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TooSlow(f"the layout took more than {seconds:g} seconds") from None
        except OSError as error:  # not executable, for another processor, no processes at all
            reason = f"{command[0]}: {error.strerror or error}"
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1][:200] if said else f"{command[0]} stopped with {done.returncode}"
    raise NoGraphviz(reason)
