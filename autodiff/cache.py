"""Compiled code from one process to the next, in a folder that nobody else can write to.

Holds: `folder`, where that is; `read` and `keep`, one entry.

What is read here is executed, so an entry counts only if it is ours: a regular file that belongs to
this user, that nobody else may write, in a folder of which the same holds.  Whatever else is wrong,
a damaged entry, a full disk or a home that cannot be written, costs only the time to compile again.

May import: context, writing.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG

from autodiff.context import warn
from autodiff.writing import write_file

VARIABLE = "AUTODIFF_CACHE_DIR"
_DIGEST = 32  # bytes of SHA-256, in front of an entry's content
_warned: set[Path] = set()


def folder() -> Path:
    """The folder: what AUTODIFF_CACHE_DIR names, else `valuegrad` in the user's folder for caches.

    Raises:
        OSError: If this user has no home.
    """
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    try:
        home = Path.home()
    except RuntimeError as error:
        raise OSError(f"this user has no home folder: set {VARIABLE}") from error
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base) / "valuegrad"


def read(name: str) -> bytes | None:
    """The content of an entry, or None; one that is damaged or not ours is removed."""
    with suppress(OSError):
        path = folder() / name
        _require_ours(os.stat(path.parent), S_ISDIR, path.parent)
        try:
            data = _content(path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                path.unlink()
            return None
        if hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]:
            return data[_DIGEST:]
        path.unlink()
    return None


def keep(name: str, content: bytes) -> None:
    """Writes an entry; if that cannot be, a warning says so, once."""
    place = Path()
    try:
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ours(os.stat(place), S_ISDIR, place)
        write_file(place / name, hashlib.sha256(content).digest() + content, mode=0o600)
    except OSError as error:
        if place not in _warned:
            _warned.add(place)
            warn(
                "compiled code cannot be kept, so every process compiles anew: "
                f"{error.strerror or error}.  Set {VARIABLE} to a folder of your own"
            )


def _content(path: Path) -> bytes:
    # Neither through a symbolic link nor waiting for a pipe; what is looked at is what is read.
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    flags = sum(getattr(os, name, 0) for name in wanted)
    with open(os.open(path, os.O_RDONLY | flags), "rb") as file:
        _require_ours(os.fstat(file.fileno()), S_ISREG, path)
        return file.read()


def _require_ours(status: os.stat_result, is_kind: Callable[[int], bool], path: Path) -> None:
    """Raises PermissionError unless it is of this kind, and nobody else's to write."""
    if not is_kind(status.st_mode):
        raise PermissionError(f"{path} is something else")
    if os.name != "posix":  # elsewhere the user's folder is private by where it stands
        return
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to somebody else")
    if S_IMODE(status.st_mode) & 0o022:
        raise PermissionError(f"others may write to {path}")
