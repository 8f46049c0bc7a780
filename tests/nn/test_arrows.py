"""Inside nn, too, imports point one way, and every module says which it may have."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "nn"
# Where everything meets.
TOP = {"__init__", "__main__"}


def trees():
    return {
        file.stem: ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(ROOT.glob("*.py"))
        if file.stem not in TOP
    }


def arrows(tree):
    """The modules of nn that a module imports, at any depth of its code."""
    found = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    return {name.split(".")[1] for name in found if name and name.startswith("nn.")}


@pytest.mark.parametrize("name", trees())
def test_a_module_imports_only_what_its_docstring_says(name):
    tree = trees()[name]
    text = " ".join(ast.get_docstring(tree).split())
    allowed = re.search(r"May import: (.*?)\.(?: |$)", text)
    assert allowed, "every module says what it may import"
    if "everything of nn" in allowed[1]:
        return
    assert arrows(tree) <= set(re.findall(r"\w+", allowed[1]))


def test_no_module_imports_itself_in_a_circle():
    before = {name: arrows(tree) for name, tree in trees().items()}
    while before:
        free = {name for name, needs in before.items() if not needs & before.keys()}
        assert free, f"these import each other: {sorted(before)}"
        before = {name: needs for name, needs in before.items() if name not in free}
