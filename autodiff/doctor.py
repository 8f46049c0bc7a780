"""What is installed here, and what to do about what is not.

Holds: `show_versions` and the facts behind it.  Nothing is imported that has not been imported
already: packages are looked up, not loaded.

May import: cache, _version.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from autodiff import cache
from autodiff._version import __version__

DISTRIBUTION = "valuegrad"
# What each extra is for, and the packages that make it work.
EXTRAS = {
    "draw": ("pictures without a Graphviz program", ["pygraphviz"]),
    "fast": ("compiled replay", ["numba", "numpy"]),
    "train": (
        "data sets, plots, progress bars",
        ["numpy", "sklearn", "scipy", "matplotlib", "tqdm"],
    ),
    "notebook": ("JupyterLab and widgets", ["jupyterlab", "ipywidgets"]),
}
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def _version(module: str) -> str | None:
    """The installed version of a module's distribution; None if the module cannot be found."""
    try:
        if find_spec(module) is None:
            return None
        return metadata.version(_DISTRIBUTIONS.get(module, module))
    except (ImportError, ValueError):
        return None


def shadowing(name: str) -> list[str]:
    """Other modules called `name` on the path, which `import name` could have meant.

    >>> shadowing("no_such_package_anywhere")
    []
    """
    found: list[str] = []
    for entry in sys.path:
        for candidate in (
            Path(entry or ".") / name / "__init__.py",
            Path(entry or ".") / f"{name}.py",
        ):
            if candidate.is_file() and str(candidate.resolve()) not in found:
                found.append(str(candidate.resolve()))
    return found[1:]


def renderer() -> str:
    """What will lay pictures out, or the line that installs something that can."""
    program = shutil.which("dot")
    if program:
        try:
            done = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10)
            return f"{program} ({done.stderr.strip() or done.stdout.strip()})"
        except (OSError, subprocess.TimeoutExpired):
            return f"{program} does not answer; run: pip install pygraphviz"
    if version := _version("pygraphviz"):
        return f"pygraphviz {version}, which brings Graphviz along"
    return "none found; run: pip install pygraphviz"


def report() -> str:
    """The text of `show_versions`."""
    lines = [f"Python      {platform.python_version()} on {platform.platform()}"]
    lines.append(f"executable  {sys.executable}")
    for name in ("autodiff", "nn"):
        spec = find_spec(name)
        where = spec.origin if spec and spec.origin else "not found"
        if name == "autodiff":
            where += f" (version {__version__})"
        lines.append(f"{name:<11} {where}")
        lines.extend(f"{'':<11} in its way: {other}; rename it" for other in shadowing(name))
    lines.append(f"graphviz    {_version('graphviz') or 'missing; run: pip install graphviz'}")
    lines.append(f"renderer    {renderer()}")
    for extra, (purpose, modules) in EXTRAS.items():
        versions = {module: _version(module) for module in modules}
        absent = [module for module, version in versions.items() if version is None]
        if absent:
            lines.append(
                f"{extra:<11} {', '.join(absent)} missing ({purpose}); "
                f'run: pip install "{DISTRIBUTION}[{extra}]"'
            )
        else:
            lines.append(f"{extra:<11} " + ", ".join(f"{k} {v}" for k, v in versions.items()))
    return "\n".join([*lines, f"cache       {kept()}"])


def kept() -> str:
    """Where compiled code is kept, or why it is not."""
    try:
        return f"{cache.folder()} (compiled code; {cache.VARIABLE} names another folder)"
    except OSError as error:
        return str(error)


def show_versions() -> None:
    """Prints Python, where autodiff and nn come from, the renderer, and the extras present.

    The same text as `python -m autodiff doctor`; please put it into a bug report.
    """
    print(report())
