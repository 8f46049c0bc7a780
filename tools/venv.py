"""One environment per interpreter: made when it is missing, refreshed when it is stale.

    python -m tools.venv                          with the extra `dev`; says where it is
    python -m tools.venv draw,train -m nn demo    with these extras; then `python -m nn demo` in it

Holds: `ensure`, which makes the environment, and `main`, which also runs a command inside it.
Standard library only, because this runs before anything is installed.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Phrases by which pip's output tells that the index was out of reach.
UNREACHABLE = ("connection broken by", "Could not fetch URL", "problem confirming the ssl")


class SetupError(Exception):
    """The environment could not be made; the message says what to do."""


def version() -> str:
    """Short name of the running interpreter: `3.13`, `3.13t` (free-threaded), `pypy3.10`."""
    implementation = "" if sys.implementation.name == "cpython" else sys.implementation.name
    threads = "t" if "t" in getattr(sys, "abiflags", "") else ""
    return f"{implementation}{sys.version_info[0]}.{sys.version_info[1]}{threads}"


def python_in(home: Path) -> Path:
    """The interpreter of the environment at `home`."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def known_extras(pyproject: str) -> dict[str, set[str]]:
    """Each extra with the extras of ours that it contains, read from the text of pyproject.toml."""
    section = pyproject.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    parts = re.split(r"^(\w+) = \[", section, flags=re.MULTILINE)[1:]
    own = {
        name: set(",".join(re.findall(r'"valuegrad\[(.+?)\]"', body)).split(",")) - {""}
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
    # `all` contains `dev`, which contains others: follow once.
    return {name: {name}.union(inner, *(own[i] for i in inner)) for name, inner in own.items()}


def ensure(extras: set[str]) -> Path:
    """Make or refresh the running interpreter's environment; return its Python.

    A stamp says what stands in the environment.  It is removed first and written last, so a
    set-up that was interrupted is one without a stamp, and starts over.

    Raises:
        SetupError: an extra is unknown, or the environment cannot be made.
    """
    home = ROOT / f".venv-{version()}"
    python, stamp_file = python_in(home), home / "ready.json"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    known = known_extras(text)
    if unknown := extras - known.keys():
        raise SetupError(f"No extra is called {min(unknown)!r}; there are {', '.join(known)}.")
    extras = extras.union(*(known[extra] for extra in extras))
    # Environments name their interpreter and their folder by path, so neither may change.
    place = [sys.version, sys.base_prefix, str(ROOT)]
    needs = hashlib.sha256(text.encode()).hexdigest()

    with locked(home):
        stamp = read(stamp_file)
        usable = stamp.get("place") == place and python.exists()
        present = set(stamp["extras"]) if usable else set()
        if usable and stamp["needs"] == needs and extras <= present:
            return python
        extras |= present & known.keys()
        print(f"Setting up {home.name}: once, for a minute or two ...", flush=True)
        stamp_file.unlink(missing_ok=True)
        if not usable:
            create(home)
        install(home, extras)
        stamp = {"place": place, "needs": needs, "extras": sorted(extras)}
        stamp_file.write_text(json.dumps(stamp), encoding="utf-8")
    return python


def read(stamp_file: Path) -> dict[str, Any]:
    """What the stamp says; nothing if there is none or it is no stamp."""
    try:
        stamp = json.loads(stamp_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and {"place", "needs", "extras"} <= set(stamp) else {}


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Let one set-up at a time touch an environment, where the system has file locks."""
    with Path(f"{home}.lock").open("w", encoding="utf-8") as file:
        with contextlib.suppress(ImportError):
            import fcntl  # not on Windows

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def create(home: Path) -> None:
    """Make an empty environment at `home`, whatever stood there before."""
    with_pip = importlib.util.find_spec("ensurepip") is not None
    if not with_pip and importlib.util.find_spec("pip") is None:
        raise SetupError(no_pip())
    try:
        venv.create(home, clear=True, symlinks=os.name != "nt", with_pip=with_pip)
    except subprocess.CalledProcessError:
        shutil.rmtree(home, ignore_errors=True)
        raise SetupError(no_pip()) from None
    except OSError as error:
        raise SetupError(f"The folder {home} cannot be written: {error}.") from None


def no_pip() -> str:
    """The sentence for an interpreter that cannot bring pip along."""
    return (
        f"{sys.executable} cannot make an environment, because it lacks pip: on Debian or Ubuntu "
        f"install the package python{version()}-venv, elsewhere a Python from python.org; "
        "then run the same command again."
    )


def install(home: Path, extras: set[str]) -> None:
    """Install this project, editable, and its extras; pip's output goes into a log."""
    python, log = python_in(home), home / "setup.log"
    # Without ensurepip the environment has no pip of its own, but this interpreter's can serve it.
    own = importlib.util.find_spec("ensurepip") is not None
    here, there = [sys.executable, "-m", "pip"], [str(python), "-m", "pip"]
    pip = there if own else [*here, "--python", str(python)]
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    # --prefer-binary: on a Python newer than the newest wheels, take older wheels, never compile.
    command = [*pip, "install", *options, "--prefer-binary", "-e", f".[{','.join(sorted(extras))}]"]
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            show(line.strip())
    show("")
    if process.returncode:
        raise SetupError(diagnosis(log.read_text(encoding="utf-8"), log))


def show(line: str) -> None:
    """Overwrite one line of the terminal, as a sign of life."""
    if sys.stdout.isatty():
        print(f"\r{line[:78].encode('ascii', 'replace').decode():78}\r", end="", flush=True)


def diagnosis(output: str, log: Path) -> str:
    """What to tell about an installation that failed."""
    if any(phrase in output for phrase in UNREACHABLE):
        return (
            "The package index cannot be reached, and the set-up needs it: check the network (or "
            "the proxy and index in pip's configuration), then run the same command again. "
            f"pip's own words are in {log}."
        )
    last = "\n".join(output.splitlines()[-12:])
    return f"{last}\npip could not install what is needed: see above, and in full in {log}."


def main(arguments: list[str]) -> int:
    """Make the environment and run the command, if there is one; return the exit code."""
    named = bool(arguments) and not arguments[0].startswith("-")
    extras = arguments[0].split(",") if named else ["dev"]
    command = arguments[1:] if named else arguments
    try:
        python = ensure(set(extras))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted; the next run starts it over.", file=sys.stderr)
        return 130
    if not command:
        print(f"{python} is ready.")
        return 0
    if os.name == "posix":
        os.execv(python, [str(python), *command])  # signals and exit code pass straight through
    return subprocess.call([python, *command])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
