"""Files written whole: afterwards all of the new content is there, or all of the old.

Holds: `write_file`, which everything that we save goes through.

May import: the standard library.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG

_WORDS = {
    errno.ENOENT: "there is no such folder: make it first",
    errno.ENOTDIR: "one of its folders is a file",
    errno.EISDIR: "it is a folder: give the name of a file in it",
    errno.EACCES: "you are not allowed to: choose a folder of your own",
    errno.EPERM: "you are not allowed to: choose a folder of your own",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "no space is left to you on the device",
    errno.EFBIG: "files may not be so large here",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "it is a symbolic link that leads to itself",
}


def write_file(path: str | os.PathLike[str], data: bytes, mode: int = 0o666) -> Path:
    """Writes a file whole: whatever goes wrong, Ctrl-C too, the old content or the new is there.

    The new content goes into a file beside it, which then takes the old one's place and mode.  A
    symbolic link stays, and the file that it leads to is written.  What is no regular file, such as
    a pipe or a device, is never replaced but written into, as any program would.  Of a file with
    several hard links, the others keep the old content.

    Args:
        path: The file.
        data: Its content.
        mode: Of a new file, who may read and write it, less what the umask takes away.

    Returns:
        The path.

    Raises:
        OSError: If the file cannot be written: it says why, and keeps the system's error number.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/numbers.txt", b"1 2 3").read_bytes()
    b'1 2 3'
    """
    path = Path(path)
    try:
        _write(path, data, mode)
    except OSError as error:
        words = _WORDS.get(error.errno or 0, error.strerror or error)
        raise OSError(error.errno, f"cannot write {path}: {words}") from error
    return path


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    if status is not None and not S_ISREG(status.st_mode):
        with open(path, "wb") as file:
            file.write(data)
        return
    target = Path(os.path.realpath(path))
    if status is not None:
        os.close(os.open(target, os.O_WRONLY))  # what must not be written must not be replaced
        mode = S_IMODE(status.st_mode)  # nobody who may not read it may read what comes
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            if status is not None:
                _make_alike(temporary, status)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        temporary.unlink(missing_ok=True)
        raise


def _make_alike(path: Path, status: os.stat_result) -> None:
    """Gives a file the owner and the mode of another, as far as the system lets us."""
    if hasattr(os, "chown"):
        with suppress(OSError):  # only root may give files away
            os.chown(path, status.st_uid, status.st_gid)
    with suppress(OSError):  # a file system that knows no modes
        os.chmod(path, S_IMODE(status.st_mode))
