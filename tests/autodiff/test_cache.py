"""Compiled code is kept where nobody else can write, and losing it costs nothing but time."""

import errno
import hashlib
import os
import random
import stat
import tempfile
import warnings

import pytest

from autodiff import cache, doctor

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes as Unix has them")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder, not yet made."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_warned", set())
    return tmp_path / "cache"


@pytest.fixture
def entry(place):
    """The file of one entry."""
    cache.keep("name", b"content")
    return place / "name"


def unusable(place):
    """Nothing is read there, and keeping warns once, in a sentence that says why."""
    assert cache.read("name") is None
    with pytest.warns(RuntimeWarning, match="compiled code cannot be kept") as caught:
        cache.keep("name", b"content")
    cache.keep("name", b"content")  # no second warning, which would be an error
    assert cache.read("name") is None
    return str(caught[0].message)


def test_what_is_kept_is_read(entry):
    assert cache.read("name") == b"content"
    cache.keep("name", b"other")
    assert cache.read("name") == b"other"
    assert cache.read("another name") is None
    assert [each.name for each in entry.parent.iterdir()] == ["name"]


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_folder_and_entry_are_private(place, umask):
    before = os.umask(umask)
    try:
        cache.keep("name", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "name").stat().st_mode) == 0o600
    assert cache.read("name") == b"content"


def test_an_entry_cut_anywhere_or_with_a_flipped_bit_is_none(entry):
    whole = entry.read_bytes()
    generator = random.Random(0)
    for k in range(len(whole)):
        flipped = bytearray(whole)
        flipped[k] ^= 1 << generator.randrange(8)
        for damaged in (whole[:k], bytes(flipped)):
            entry.write_bytes(damaged)
            assert cache.read("name") is None
            assert not entry.exists()
    cache.keep("name", b"content")
    assert cache.read("name") == b"content"


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_is_none(entry, mode):
    entry.chmod(mode)
    assert cache.read("name") is None
    cache.keep("name", b"content")
    assert cache.read("name") == b"content"


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_may_write_is_not_used(entry, mode):
    entry.parent.chmod(mode)
    assert "others may write to" in unusable(entry.parent)


@posix
@pytest.mark.parametrize("which", ["folder", "entry"])
def test_what_belongs_to_somebody_else_is_not_read(entry, monkeypatch, which):
    owner = entry.stat().st_uid
    if os.geteuid() == 0:
        os.chown(entry.parent if which == "folder" else entry, owner + 1, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if which == "folder" or os.geteuid() != 0:
        assert "belongs to somebody else" in unusable(entry.parent)
    else:
        assert cache.read("name") is None


@posix
def test_an_entry_behind_a_link_or_a_pipe_is_none(entry, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)
    assert cache.read("name") is None
    os.mkfifo(entry)
    assert cache.read("name") is None
    cache.keep("name", b"content")
    assert cache.read("name") == b"content"
    assert elsewhere.exists()


def test_where_no_folder_can_be_made_a_warning_says_so_once(place):
    place.write_bytes(b"a file, as a home is that cannot be written")
    assert "File exists" in unusable(place)
    assert place.is_file()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "mkdir"])
def test_a_full_disk_and_a_home_that_is_read_only_leave_nothing(place, monkeypatch, call, number):
    temporary = place.parent / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def fails(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fails)
    unusable(place)
    assert not any(temporary.iterdir())
    assert not place.exists() or not any(place.iterdir())


def test_the_folder_is_the_user_s_own_and_doctor_names_it(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "chosen"))
    assert cache.folder() == tmp_path / "chosen"
    assert (
        f"cache       {tmp_path / 'chosen'} (compiled code; AUTODIFF_CACHE_DIR" in doctor.report()
    )
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr(cache.Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder().is_relative_to(tmp_path)

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", homeless)
    assert "this user has no home folder: set AUTODIFF_CACHE_DIR" in doctor.report()
    assert cache.read("name") is None


# --- what numba makes of it, on two small functions ---------------------------------------

FUNCTIONS = """
@part("float64(float64)", error_model="numpy")
def twice(x):
    return 2.0 * x


@entry("float64(float64)", error_model="numpy")
def four_times(x):
    return twice(twice(x))
"""


@pytest.fixture
def small(place, monkeypatch):
    """The function, and whether it was compiled now; as a new process would get it."""
    pytest.importorskip("numba")
    from autodiff.tape import kernels

    monkeypatch.setattr(kernels, "_MODULES", {})

    def load():
        module = kernels.compiled("small", kernels._head() + FUNCTIONS)
        assert module.four_times(3.0) == 12.0
        return bool(module.four_times.stats.cache_misses)

    return load


@pytest.mark.slow
def test_numba_compiles_once(small, place):
    assert small() is True
    assert small() is False
    (kept,) = place.iterdir()
    assert kept.name.startswith("small_")


@pytest.mark.slow
def test_a_damaged_file_is_compiled_again_without_a_word(small, place):
    small()
    (kept,) = place.iterdir()
    whole, generator = kept.read_bytes(), random.Random(1)
    of_another_numba = b"no pickle"
    signed = hashlib.sha256(of_another_numba).digest() + of_another_numba
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for damaged in (b"", whole[: generator.randrange(len(whole))], whole[:-1], signed):
            kept.write_bytes(damaged)
            assert small() is True
            assert small() is False


def test_where_nothing_can_be_kept_numba_compiles_and_one_warning_says_so(small, place):
    place.write_bytes(b"")
    with pytest.warns(RuntimeWarning, match="compiled code cannot be kept"):
        assert small() is True
    assert small() is True  # no second warning, which would be an error


def test_a_warning_that_is_an_error_does_not_cost_the_compiled_code(small, place):
    from autodiff.tape import kernels

    place.write_bytes(b"")
    text = kernels._head() + FUNCTIONS
    with pytest.raises(RuntimeWarning, match="compiled code cannot be kept"):
        kernels._kernels("small", lambda: text)
    assert kernels._kernels("small", lambda: text).four_times(3.0) == 12.0
