"""Every notebook runs top to bottom in a clean kernel, and its committed outputs are what it gives.

Warnings are errors in the kernel too.  Printed numbers are compared to six digits; pictures by
their text form, since layout may differ from one version of Graphviz to the next; a cell tagged
`varies` prints times, or what a long training makes of rounding, and is only run.

An exercise is three cells, tagged `exercise`, `check` and `solution`.  In the same run each check
is also given a typical wrong answer, which stands in the exercise's metadata, and the solution.
"""

import importlib.util
import re
import subprocess
import sys

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks need: pip install nbformat")
nbclient = pytest.importorskip("nbclient", reason="notebooks need: pip install nbclient ipykernel")

from tools import notebooks  # noqa: E402
from tools.notebooks import FOLDER, chosen, execute  # noqa: E402

NOTEBOOKS = chosen([])
COURSE = [path for path in NOTEBOOKS if not path.name.startswith("00")]
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def read(path):
    return nbformat.read(path, as_version=4)


def tagged(cell, tag):
    return tag in cell["metadata"].get("tags", [])


def texts(cell):
    """What a cell printed, and the text form of what it showed."""
    found = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            found.append(output["text"])
        elif "data" in output:
            found.append(output["data"].get("text/plain", ""))
        else:
            found.append("\n".join(output.get("traceback", [])))
    return "".join(found)


def solution(cell):
    """The code in a solution cell."""
    return re.search(r"```python\n(.*?)```", cell["source"], re.DOTALL)[1]


def with_answers(notebook):
    """The notebook with each check repeated on a wrong answer and on the solution.

    Returns:
        The cells, and for each exercise the three cells of its check: stub, wrong, right.
    """
    cells, checks, exercise, check = [], [], None, None
    for cell in notebook.cells:
        cells.append(cell)
        if tagged(cell, "exercise"):
            exercise = cell
        elif tagged(cell, "check"):
            check = cell
        elif tagged(cell, "solution"):
            answers = (exercise["metadata"]["wrong"], solution(cell))
            again = [nbformat.v4.new_code_cell(check["source"]) for _ in answers]
            for answer, repeated in zip(answers, again, strict=True):
                cells += [nbformat.v4.new_code_cell(answer), repeated]
            checks.append((check, *again))
    return cells, checks


class Run:
    """A committed notebook, and the same one run again."""

    def __init__(self, path):
        self.committed, again = read(path), read(path)
        original = list(again.cells)
        again.cells, self.checks = with_answers(again)
        execute(again)
        self.again = original


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def run(request):
    if "torch" in request.param.stem and importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch: pip install torch")
    return Run(request.param)


def test_the_course_is_complete():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(len(NOTEBOOKS))]


@pytest.mark.slow
def test_a_notebook_gives_its_committed_outputs_again(run):
    for old, new in zip(run.committed.cells, run.again, strict=True):
        before, after = texts(old), texts(new)
        if tagged(old, "varies"):
            assert bool(before) == bool(after)
            continue
        assert NUMBER.sub("#", before) == NUMBER.sub("#", after), old["source"]
        numbers = [float(x) for x in NUMBER.findall(before)]
        assert [float(x) for x in NUMBER.findall(after)] == pytest.approx(numbers, rel=1e-6)


@pytest.mark.slow
def test_a_check_waits_for_an_answer_refuses_a_wrong_one_and_accepts_the_solution(run):
    for stub, wrong, right in run.checks:
        assert texts(stub).startswith("not yet: "), stub["source"]
        assert texts(wrong).startswith("not yet: "), wrong["source"]
        assert texts(right).startswith("right"), right["source"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_run_once_from_top_to_bottom(path):
    codes = [cell for cell in read(path).cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in codes] == list(range(1, len(codes) + 1))
    assert len(codes) <= 25
    assert not any(output["output_type"] == "error" for cell in codes for output in cell["outputs"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean_and_smaller_than_a_megabyte(path):
    notebook = read(path)
    assert path.stat().st_size < 1_000_000
    assert [cell["id"] for cell in notebook.cells] == [
        f"cell-{number:02}" for number in range(len(notebook.cells))
    ]
    assert {key for cell in notebook.cells for key in cell["metadata"]} <= {"tags", "wrong"}
    assert "/tmp/" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_a_lesson_has_exercises_with_two_hints_predictions_and_what_is_wrong(path):
    cells = read(path).cells
    counts = {
        tag: sum(tagged(cell, tag) for cell in cells) for tag in ("exercise", "check", "solution")
    }
    assert counts["exercise"] == counts["check"] == counts["solution"] >= 2
    for cell in cells:
        if tagged(cell, "solution"):
            assert cell["source"].count("<summary>Hint ") == 2
    prose = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    assert "**Predict before you run" in prose
    assert "## What is still wrong" in prose
    assert prose.count("**The idea of this notebook: ") == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_between_notebooks_lead_somewhere(path):
    for cell in read(path).cells:
        if cell["cell_type"] == "markdown":
            for link in re.findall(r"\]\(([^)#:]+)\)", cell["source"]):
                assert (FOLDER / link).exists(), link


def test_the_readme_of_the_course_links_every_lesson_with_a_described_picture():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)\)", text)
    assert all((FOLDER / link).exists() for link in links)
    assert {path.name for path in NOTEBOOKS} <= set(links)
    described = dict(re.findall(r"!\[([^\]]{30,})\]\(([^)]+)\)", text))
    assert len(described) == len(COURSE)
    assert {path[9:11] for path in described.values()} == {path.name[:2] for path in COURSE}


def test_the_readme_of_the_project_links_every_notebook_and_shows_three_pictures():
    text = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(notebooks/([^)#\s]+)\)", text)
    assert {path.name for path in NOTEBOOKS} <= set(links)
    assert len({link for link in links if re.fullmatch(r"pictures/\d\d\.(svg|png)", link)}) == 3


@pytest.mark.slow
def test_the_pages_link_one_another_and_bring_their_pictures(tmp_path, monkeypatch):
    pytest.importorskip("nbconvert", reason="pages need: pip install nbconvert")
    monkeypatch.setattr(notebooks, "PAGES", tmp_path)
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    assert notebooks.main(["html"]) == 0
    for page in tmp_path.glob("*.html"):
        found = re.findall(r'(?:href|src)="([^"#:]+)["#]', page.read_text(encoding="utf-8"))
        assert [link for link in found if not (tmp_path / link).exists()] == [], page.name
    assert (tmp_path / "index.html").exists()


def first_cell(path):
    codes = [cell["source"] for cell in read(path).cells if cell["cell_type"] == "code"]
    return codes[0].replace("%matplotlib inline", "")


def fails_with(code, folder):
    """The last line of what Python says, run where `folder` is looked into first."""
    prelude = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + code], capture_output=True, text=True, check=False
    )
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_the_first_cell_says_what_to_install_and_that_another_nn_is_in_the_way(path, tmp_path):
    code = first_cell(path)
    assert "import nn\n" not in code
    (tmp_path / "autodiff.py").write_text("raise ImportError('none')", encoding="utf-8")
    assert "%pip install" in fails_with(code, tmp_path)
    if "from nn" not in code or "torch" in path.stem:
        return
    (tmp_path / "autodiff.py").unlink()
    (tmp_path / "nn.py").write_text("", encoding="utf-8")
    said = fails_with(code, tmp_path)
    assert "another 'nn' is in the way: " in said
    assert said.endswith("nn.py; rename it, restart the kernel")


def test_a_check_that_says_nothing_would_be_noticed():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("answer = None", metadata={"tags": ["exercise"], "wrong": "x"}),
        nbformat.v4.new_code_cell("print(answer)", metadata={"tags": ["check"]}),
        nbformat.v4.new_markdown_cell(
            "```python\nanswer = 1\n```", metadata={"tags": ["solution"]}
        ),
    ]
    cells, checks = with_answers(notebook)
    assert [cell["source"] for cell in cells[3:]] == [
        "x", "print(answer)", "answer = 1\n", "print(answer)",
    ]  # fmt: skip
    assert len(checks) == 1
