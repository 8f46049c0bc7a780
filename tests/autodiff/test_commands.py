"""The command line: doctor and the generated table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff import doctor, table
from autodiff.__main__ import main


@pytest.mark.parametrize("path", list(table.places()), ids=lambda path: path.name)
def test_what_is_generated_from_the_rules_is_not_stale(path):
    """If this fails: `make table`."""
    assert table.renewed(path, table.places()[path]) == path.read_text(encoding="utf-8")


def test_every_deliberate_difference_from_pytorch_stands_in_the_readme():
    tests = Path(__file__).resolve().parents[1]
    text = (tests.parent / "README.md").read_text(encoding="utf-8")
    rows = json.loads((tests / "data" / "differences.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        lines = [line for line in text.splitlines() if row["reason"] in line]
        assert any(f"`{row['op']}({', '.join(map(str, row['args']))})`" in line for line in lines)


def test_a_file_without_marks_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match=r"README\.md needs one line with"):
        table.renewed(path, "text")


def test_doctor_says_where_the_packages_come_from(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert f"executable  {sys.executable}" in text
    assert "autodiff    " in text
    assert "nn          " in text


def test_doctor_names_what_is_in_the_way(tmp_path, monkeypatch):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "nn.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "one"), str(tmp_path / "two")])
    assert doctor.shadowing("nn") == [str(tmp_path / "two" / "nn.py")]


def test_doctor_gives_the_line_that_installs_what_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda module: None)
    monkeypatch.setattr(doctor.shutil, "which", lambda program: None)
    text = doctor.report()
    assert "renderer    none found; run: pip install pygraphviz" in text
    assert 'run: pip install "valuegrad[train]"' in text


def test_doctor_survives_a_console_that_knows_few_letters():
    command = [sys.executable, "-X", "utf8=0", "-m", "autodiff", "doctor"]
    done = subprocess.run(
        command, capture_output=True, env={"PYTHONIOENCODING": "cp1252"}, check=False
    )
    assert done.returncode == 0, done.stderr
