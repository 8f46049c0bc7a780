"""The set-up and the checks do what they say when something goes wrong."""

import subprocess
import sys
import venv as stdlib_venv

import pytest

from tools import check, venv


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of pyproject.toml with a set-up that records what it does, and installs nothing."""
    text = (venv.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    done = []

    def create(home):
        done.append("create")
        venv.python_in(home).parent.mkdir(parents=True, exist_ok=True)
        venv.python_in(home).touch()

    monkeypatch.setattr(venv, "ROOT", tmp_path)
    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(venv, "install", lambda home, extras: done.append(sorted(extras)))
    return tmp_path, done


def test_a_second_run_does_nothing(project):
    _, done = project
    assert venv.ensure({"draw"}) == venv.ensure({"draw"})
    assert done == ["create", ["draw"]]


def test_dev_already_holds_what_the_demo_needs(project):
    _, done = project
    venv.ensure({"dev"})
    venv.ensure({"draw", "train"})
    assert done == ["create", ["dev", "draw", "fast", "train"]]


def test_a_further_extra_is_added_and_the_others_stay(project):
    _, done = project
    venv.ensure({"draw"})
    venv.ensure({"train"})
    venv.ensure({"draw"})
    assert done == ["create", ["draw"], ["draw", "train"]]


def test_a_change_of_pyproject_installs_again(project):
    folder, done = project
    venv.ensure({"draw"})
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    venv.ensure({"draw"})
    assert done == ["create", ["draw"], ["draw"]]


def test_an_interrupted_set_up_starts_over(project, monkeypatch):
    _, done = project

    def interrupted(home, extras):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(venv, "install", interrupted)
        assert venv.main(["draw"]) == 130
    venv.ensure({"draw"})
    assert done == ["create", "create", ["draw"]]


def test_an_environment_of_another_interpreter_is_made_anew(project, monkeypatch):
    _, done = project
    venv.ensure({"draw"})
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    venv.ensure({"draw"})
    assert done == ["create", ["draw"], "create", ["draw"]]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"place": 1}', "null"])
def test_a_damaged_stamp_is_no_stamp(project, text):
    folder, done = project
    venv.ensure({"draw"})
    (folder / f".venv-{venv.version()}" / "ready.json").write_text(text, encoding="utf-8")
    venv.ensure({"draw"})
    assert done == ["create", ["draw"], "create", ["draw"]]


def test_an_unknown_extra_is_refused_with_the_known_ones(project, capsys):
    assert venv.main(["drow", "-m", "pytest"]) == 1
    assert "No extra is called 'drow'; there are draw, fast," in capsys.readouterr().err


def test_an_index_out_of_reach_is_told_in_one_sentence(tmp_path):
    output = "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'"
    told = venv.diagnosis(output, tmp_path / "setup.log")
    assert told.startswith("The package index cannot be reached")
    assert "NewConnectionError" not in told


def test_any_other_failure_shows_the_last_words_of_pip(tmp_path):
    told = venv.diagnosis("a\nERROR: no such version", tmp_path / "setup.log")
    assert "ERROR: no such version" in told


def test_a_python_without_pip_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(venv.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(venv.SetupError, match="lacks pip: on Debian or Ubuntu install"):
        venv.create(tmp_path / "env")


def test_an_environment_that_breaks_while_pip_comes_in_is_removed(tmp_path, monkeypatch):
    def broken(home, **options):
        home.mkdir()
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(stdlib_venv, "create", broken)
    with pytest.raises(venv.SetupError, match="lacks pip"):
        venv.create(tmp_path / "env")
    assert not (tmp_path / "env").exists()


def test_the_check_runs_every_stage_shows_the_failing_one_and_counts(monkeypatch, capfdbinary):
    stages = {
        "first": ["this", "--help"],
        "second": ["nowhere_to_be_found"],
        "third": ["this"],
    }
    monkeypatch.setattr(check, "STAGES", stages)
    assert check.main() == 1
    printed = capfdbinary.readouterr().out.decode()
    lines = printed.splitlines()
    assert lines[0].startswith("first     OK")
    assert lines[1].startswith("second    FAILED")
    assert "No module named nowhere_to_be_found" in printed
    assert "Beautiful is better than ugly" not in printed
    assert lines[-1] == "2 passed, 1 failed"
