"""Files are written whole, in the place, with the mode and through the links that they had."""

import errno
import functools
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autodiff import Tape, Value, draw, write_file
from nn import MLP, save
from nn.plot.pictures import plot_weights, save_figure
from tests.interrupts import interrupted
from tests.threads import in_threads

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes as Unix has them")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def mode(path):
    return path.stat().st_mode & 0o7777


def only(path):
    """Whether nothing is left beside a file."""
    return [each.name for each in path.parent.iterdir()] == [path.name]


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path, umask):
    before = os.umask(umask)
    try:
        path = write_file(tmp_path / "new", b"new")
    finally:
        os.umask(before)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o666 & ~umask)


@posix
@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o666, 0o755])
def test_a_file_keeps_its_mode_and_owner(file, permissions):
    file.chmod(permissions)
    owner = (4321, 4321) if os.geteuid() == 0 else (file.stat().st_uid, file.stat().st_gid)
    os.chown(file, *owner)
    write_file(file, b"new")
    assert (file.read_bytes(), mode(file)) == (b"new", permissions)
    assert (file.stat().st_uid, file.stat().st_gid) == owner
    assert only(file)


@posix
def test_nobody_may_read_the_new_content_who_may_not_read_the_old(file, monkeypatch):
    file.chmod(0o600)
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(os.fstat(number).st_mode & 0o777))
    monkeypatch.setattr(
        "autodiff.writing._make_alike",
        lambda path, status: seen.append(path.stat().st_mode & 0o777),
    )
    write_file(file, b"new")
    assert seen == [0o600, 0o600]


@posix
def test_links_stay_links(tmp_path, file):
    (tmp_path / "folder").mkdir()
    link, chain, dangling = (tmp_path / "folder" / name for name in ("link", "chain", "dangling"))
    link.symlink_to("../file")
    chain.symlink_to("link")
    dangling.symlink_to("../made")
    assert write_file(chain, b"new") == chain
    write_file(dangling, b"made")
    assert link.is_symlink() and chain.is_symlink() and dangling.is_symlink()
    assert (file.read_bytes(), (tmp_path / "made").read_bytes()) == (b"new", b"made")
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OSError, match="a symbolic link that leads to itself"):
        write_file(loop, b"new")


@posix
def test_a_pipe_and_a_device_are_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_file(pipe, b"new" * 50_000)
    reader.join(timeout=60.0)
    assert found == [b"new" * 50_000]
    assert pipe.is_fifo() and only(pipe)
    write_file("/dev/null", b"new")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_device_says_so():
    with pytest.raises(OSError, match="cannot write /dev/full: no space is left") as caught:
        write_file("/dev/full", b"new")
    assert caught.value.errno == errno.ENOSPC
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("length", [250, 255])
def test_a_name_as_long_as_a_name_may_be(tmp_path, length):
    path = write_file(tmp_path / ("n" * length), b"new")
    assert path.read_bytes() == b"new" and only(path)


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("no/such/file", FileNotFoundError, "there is no such folder: make it first"),
        ("file/inside", NotADirectoryError, "one of its folders is a file"),
        ("", IsADirectoryError, "it is a folder: give the name of a file in it"),
        ("n" * 256, OSError, "its name is too long"),
    ],
)
def test_what_cannot_be_written_is_told_in_a_sentence(file, path, kind, message):
    with pytest.raises(kind, match=f"cannot write .*: {message}"):
        write_file(file.parent / path, b"new")
    assert file.read_bytes() == b"old" and only(file)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_whatever_fails_leaves_the_old_file_and_no_other(file, monkeypatch, call, number):
    def fails(*names):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(OSError, match=r"cannot write .*: .+") as caught:
        write_file(file, b"new")
    assert caught.value.errno == number
    assert file.read_bytes() == b"old" and only(file)


def test_ctrl_c_at_any_moment_leaves_the_old_file_or_the_new_one_and_no_other(file):
    outcomes = set()
    for event in range(1, interrupted(functools.partial(write_file, file, b"new"), 0) + 1):
        file.write_bytes(b"old")
        interrupted(functools.partial(write_file, file, b"new"), event)
        outcomes.add(file.read_bytes())
        assert only(file), event
    assert outcomes == {b"old", b"new"}


def test_eight_threads_that_write_one_file_leave_one_of_theirs(file):
    contents = [bytes([i]) * 100_000 for i in range(8)]

    def work(content):
        for _ in range(5):
            write_file(file, content)
            assert file.read_bytes() in contents

    in_threads(*[functools.partial(work, each) for each in contents])
    assert file.read_bytes() in contents and only(file)


def test_what_an_earlier_process_left_is_in_nobody_s_way(file):
    stale = [f".{file.name}.{os.getpid()}", f".{file.name}.tmp", f"{file.name}.tmp"]
    for name in stale:
        (file.parent / name).write_bytes(b"stale")
    write_file(file, b"new")
    assert file.read_bytes() == b"new"
    assert sorted(each.name for each in file.parent.iterdir()) == sorted(["file", *stale])


# Not as root, who may do everything.
PROGRAM = """
import os, resource, sys, tempfile
from pathlib import Path
from autodiff import write_file
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)

def told(path):
    try:
        write_file(path, b"new" * 1000)
    except OSError as error:
        print(type(error).__name__, str(error).partition(": ")[2])

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "file")
    file.write_bytes(b"old")
    file.chmod(0o444)
    told(file)
    file.chmod(0o644)
    os.chmod(folder, 0o555)
    told(file)
    told(file.with_name("new"))
    os.chmod(folder, 0o755)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    told(file)
    print(file.read_bytes(), os.listdir(folder))
"""


@posix
def test_a_read_only_file_a_read_only_folder_and_a_limit_of_size_are_kept():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    allowed = "PermissionError you are not allowed to: choose a folder of your own"
    limit = "OSError files may not be so large here"
    assert done.stdout.splitlines() == [allowed] * 3 + [limit, "b'old' ['file']"]


# --- all that we save goes through it -----------------------------------------------------


def graph():
    x = Value(2.0, label="x")
    return draw(x * x)


SAVERS = {
    "model.json": lambda path: save(MLP(2, [1], seed=0), path),
    "tape.npz": lambda path: Tape.record(lambda x: x * 2.0, 1.0).save(path),
    "graph.svg": lambda path: graph().save(path),
    "graph.html": lambda path: graph().save(path),
    "graph.dot": lambda path: graph().save(path),
    "weights.svg": lambda path: save_figure(plot_weights(MLP(2, [1], seed=0).layers[0]), path),
}


@posix
@pytest.mark.parametrize("name", SAVERS)
def test_whatever_is_saved_is_written_whole(tmp_path, monkeypatch, name):
    pytest.importorskip("matplotlib")
    real = tmp_path / "real" / name
    real.parent.mkdir()
    real.write_bytes(b"old")
    real.chmod(0o600)
    link = tmp_path / name
    link.symlink_to(real)
    assert SAVERS[name](link) == link
    assert link.is_symlink() and mode(real) == 0o600 and only(real)
    content = real.read_bytes()
    assert len(content) > 100

    def fails(number):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=re.escape(f"cannot write {link}: no space is left")):
        SAVERS[name](link)
    assert real.read_bytes() == content and only(real)
