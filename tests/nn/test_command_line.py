"""The command line: the demo, the list, results on disk, any console, and bad input."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nn import load, predict
from nn.__main__ import main
from nn.command.recipes import RECIPES
from nn.data.datasets import DATA_SETS

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]


def test_the_demo_learns_real_measurements_on_any_console(tmp_path):
    """95 % held out, a gradient check, a loss curve, a graph, and where they are."""
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nn", "demo", "--out", str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, check=True,
    )  # fmt: skip
    lines = done.stdout.decode("ascii").splitlines()
    (held_out,) = [line for line in lines if line.startswith("held-out accuracy")]
    assert float(held_out.split()[2].rstrip("%")) >= 95.0
    assert any(line.startswith("training accuracy") for line in lines)
    assert any(line.startswith("gradcheck passed") for line in lines)
    assert b"216/216" in done.stderr  # the bar: 8 epochs of 27 batches
    names = ["loss.svg", "weights.svg", "neuron.svg", "model.json"]
    for name in names:
        assert f"  {tmp_path / f'breast_cancer-{name}'}" in lines
    for name in names[:3]:
        svg = ElementTree.parse(tmp_path / f"breast_cancer-{name}").getroot()
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"


def test_every_data_set_has_a_recipe_and_is_listed(capsys):
    assert main(["train", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(RECIPES) == list(DATA_SETS)


@pytest.mark.parametrize("name", ["xor", "encoder", "moons", "iris", "diabetes"])
def test_every_kind_of_data_set_can_be_trained(name, tmp_path, capsys):
    arguments = ["train", name, "--hidden", "4", "3", "--epochs", "1", "--quiet"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert " -> 4 -> 3 -> " in shown.out
    assert "gradcheck passed" in shown.out
    assert shown.err == ""
    assert (tmp_path / f"{name}-decision.svg").exists() == (name in ("xor", "moons"))


def test_the_model_that_is_written_answers_as_the_one_that_learned(tmp_path):
    assert main(["train", "xor", "--quiet", "--epochs", "3", "--out", str(tmp_path)]) == 0
    first = load(tmp_path / "xor-model.json")
    assert main(["train", "xor", "--quiet", "--epochs", "3", "--out", str(tmp_path / "b")]) == 0
    again = load(tmp_path / "b" / "xor-model.json")
    rows = [[0.0, 1.0], [1.0, 1.0]]
    assert predict(again, rows) == predict(first, rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "mnist"], "unknown data set 'mnist': the known ones are xor, parity"),
        (["train", "xor", "--hidden", "0"], "a layer's width is at least 1, not 0"),
        (["train", "xor", "--epochs", "0"], "epochs is at least 1, not 0"),
    ],
)
def test_bad_arguments_are_told_in_one_line(arguments, message, tmp_path, capsys):
    assert main([*arguments, "--quiet", "--out", str(tmp_path / "new")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_no_data_set_at_all_is_told_the_names(capsys):
    with pytest.raises(SystemExit):
        main(["train"])
    assert "say which data set: xor, parity" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train", "xor"], ["demo"], ["experiment", "xor-2-2-1"]])
@pytest.mark.parametrize("below", ["", "x", "x/y/z"])
def test_an_output_folder_that_cannot_be_made_is_told_before_the_work(
    command, below, tmp_path, capsys
):
    (tmp_path / "file").write_text("old", encoding="utf-8")
    out = tmp_path / "file" / below
    assert main([*command, "--quiet", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [f"{out} is no folder to write into: Not a directory"]
    assert shown.out == ""
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"


def test_a_folder_that_nothing_can_be_written_into_is_told_before_the_work(
    tmp_path, capsys, monkeypatch
):
    def full(**settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nn.checks.TemporaryFile", full)
    assert main(["train", "xor", "--quiet", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert shown.err == f"{tmp_path} is no folder to write into: No space left on device\n"
    assert shown.out == ""
