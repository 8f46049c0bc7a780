"""Every notebook runs top to bottom in a clean kernel, and its committed outputs are what it gives.

Warnings are errors in the kernel too.  Printed numbers are compared to six digits; pictures by
their text form, since layout may differ from one version of Graphviz to the next.
"""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks need: pip install nbformat")
nbclient = pytest.importorskip("nbclient", reason="notebooks need: pip install nbclient ipykernel")

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.ipynb"))
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


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


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def pair(request):
    """A committed notebook and the same one run again."""
    committed = nbformat.read(request.param, as_version=4)
    again = nbformat.read(request.param, as_version=4)
    strict = nbformat.v4.new_code_cell("import warnings; warnings.simplefilter('error')")
    again.cells.insert(0, strict)
    nbclient.NotebookClient(
        again, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    del again.cells[0]
    return committed, again


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_a_notebook_gives_its_committed_outputs_again(pair):
    for old, new in zip(*(notebook.cells for notebook in pair), strict=True):
        before, after = texts(old), texts(new)
        assert NUMBER.sub("#", before) == NUMBER.sub("#", after), old["source"]
        numbers = [float(x) for x in NUMBER.findall(before)]
        assert [float(x) for x in NUMBER.findall(after)] == pytest.approx(numbers, rel=1e-6)


def test_a_notebook_was_run_once_from_top_to_bottom(pair):
    counts = [cell["execution_count"] for cell in pair[0].cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert len(counts) <= 25


def test_a_notebook_is_smaller_than_a_megabyte():
    for path in NOTEBOOKS:
        assert path.stat().st_size < 1_000_000, path.name
