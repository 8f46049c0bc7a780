"""Flat arrays of numbers in one .npz file, read with no more memory than the file deserves.

Holds: `packed` and `unpacked`.

NumPy's own reader allocates whatever a file says that it holds, and evaluates the header of every
array.  Here nothing is evaluated, and a file that would unpack to more than so many times its own
size is refused before that.

May import: the standard library; numpy when first used.
"""

from __future__ import annotations

import io
import re
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, is_zipfile

# How many times its own size a file may unpack to.  What compresses further is stored as it is.
MOST = 16
TYPES = ("<u2", "<i4", "<f8", "|u1")

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<|]\w\d)', "
    rb"'fortran_order': False, 'shape': \((\d+),\), \} *\n",
    re.DOTALL,
)


def require(holds: bool, what: str) -> None:
    """Raises ValueError, with what is wrong, unless something holds."""
    if not holds:
        raise ValueError(what)


def packed(arrays: dict[str, Any]) -> bytes:
    """The file with these arrays, each of one dimension and one of the TYPES."""
    import numpy

    data = io.BytesIO()
    numpy.savez_compressed(data, **arrays)
    if sum(len(array.tobytes()) for array in arrays.values()) > MOST // 2 * len(data.getvalue()):
        data = io.BytesIO()
        numpy.savez(data, **arrays)
    return data.getvalue()


def unpacked(file: IO[bytes]) -> dict[str, Any]:
    """The arrays in a file.

    Raises:
        ValueError: If it is no such file, or unpacks to far more than its own size.
        Exception: Whatever else a damaged archive leads to.
    """
    size = file.seek(0, io.SEEK_END)
    require(is_zipfile(file), "it is no .npz file")
    with ZipFile(file) as archive:
        entries = archive.infolist()
        require(len(set(archive.namelist())) == len(entries), "a name occurs twice in it")
        kinds = {entry.compress_type for entry in entries}
        most = sum(entry.file_size for entry in entries)
        bomb = most > MOST * size or not kinds <= {ZIP_STORED, ZIP_DEFLATED}
        require(not bomb, "it unpacks to far more than it should")
        found = {}
        for entry in entries:
            with archive.open(entry) as part:  # what it says, and not what there may be
                found[entry.filename.removesuffix(".npy")] = _array(part.read(entry.file_size))
        return found


def _array(data: bytes) -> Any:
    import numpy

    header = _HEADER.match(data)
    require(header is not None, "an array in it is not one of numbers in a row")
    assert header is not None
    kind = header[1].decode()
    require(kind in TYPES, "an array in it has the wrong type")
    array = numpy.frombuffer(data, dtype=kind, offset=header.end())
    require(int(header[2]) == len(array), "an array in it is cut off")
    return array
