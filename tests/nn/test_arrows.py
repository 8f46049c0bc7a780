"""Inside nn, too, imports point one way, and every docstring says which a module may have.

A room is a folder of nn, or a module that stands beside the folders.  Imports inside functions
count like those at the top; those under `if TYPE_CHECKING:` are free, as they are never executed.
"""

import ast
import re
import shutil
from pathlib import Path

import pytest

from tests.test_house import imports

ROOT = Path(__file__).parents[2] / "nn"
# In this order: a room may import of those before it what its docstring says.
ROOMS = (
    "checks", "extras", "chance", "data", "models", "micrograd", "losses", "metrics", "optim",
    "train", "persist", "plot", "experiments", "command",
)  # fmt: skip
# Where everything meets.
TOP = {"", "__main__"}


def trees(root=ROOT):
    """Every module by its dotted name in nn; the name of a folder stands for its `__init__`."""
    found = {}
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(file.read_text(encoding="utf-8"))
    return found


def arrows(tree, known):
    """The modules of nn that a module imports, at any depth of its code; "" is nn itself."""
    found = set()
    for name in imports(tree):
        package, *parts = name.split(".")
        if package == "nn":
            while ".".join(parts) not in known:  # the last part is a name inside a module
                parts.pop()
            found.add(".".join(parts))
    return found


def said(tree):
    """What a docstring allows: other rooms, and modules of its own room."""
    text = " ".join((ast.get_docstring(tree) or "").split())
    sentence = re.search(r"May import: (.*?)\.(?: |$)", text)
    assert sentence, f"every module says what it may import: {text[:60]}"
    before, _, own = sentence[1].partition("of its room ")
    return set(re.findall(r"\w+", before)), set(re.findall(r"\w+", own.split(";")[0]))


def forbidden(trees):
    """Every import, as (module, imported), that the docstrings of module and room do not allow."""
    found = set()
    for name, tree in trees.items():
        if name in TOP:
            continue
        room = name.split(".")[0]
        others, own = said(tree)
        others &= said(trees[room])[0]
        for to in arrows(tree, trees):
            inside = to.startswith(f"{room}.")
            if to.split(".")[inside] not in (own if inside else others):
                found.add((name, to))
    return found


def circle(trees):
    """Modules that import each other, or lead to such; nothing where there are none."""
    left = {name: arrows(tree, trees) for name, tree in trees.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    return left.keys()


def test_a_module_imports_only_what_its_docstring_says():
    assert not forbidden(trees())


def test_a_room_imports_only_rooms_before_it_and_needs_all_that_it_says():
    nn = trees()
    assert set(ROOMS) == {name.split(".")[0] for name in nn} - TOP
    for i, room in enumerate(ROOMS):
        inside = [tree for name, tree in nn.items() if name.split(".")[0] == room]
        needed = {to.split(".")[0] for tree in inside for to in arrows(tree, nn)} - {room}
        assert needed <= set(ROOMS[:i]), room
        assert needed == said(nn[room])[0] & set(ROOMS), room


def test_the_init_of_a_room_says_what_it_is_and_nothing_else():
    for file in ROOT.glob("*/**/__init__.py"):
        (docstring,) = ast.parse(file.read_text(encoding="utf-8")).body
        assert isinstance(docstring, ast.Expr), file


def test_the_readme_maps_every_room_by_its_own_first_sentence():
    rows = []
    for room in ROOMS:
        name = f"nn/{room}/" if (ROOT / room).is_dir() else f"nn/{room}.py"
        sentence = ast.get_docstring(trees()[room]).splitlines()[0].rstrip(".")
        rows.append(f"| `{name}` | {sentence[0].lower()}{sentence[1:]} |")
    readme = (ROOT.parent / "README.md").read_text(encoding="utf-8")
    assert "\n".join(rows) in readme, "\n".join(["the map's rows of nn are:", *rows])


def test_no_module_imports_itself_in_a_circle():
    assert not circle(trees())


@pytest.fixture
def planted(tmp_path):
    """From a module and more lines for it to all of nn with these lines."""

    def plant(name, lines):
        shutil.copytree(ROOT, tmp_path / "nn", ignore=shutil.ignore_patterns("__pycache__"))
        (tmp_path / "nn" / name).parent.mkdir(exist_ok=True)
        with open(tmp_path / "nn" / name, "a", encoding="utf-8") as file:
            file.write(lines)
        return trees(tmp_path / "nn")

    return plant


@pytest.mark.parametrize(
    ("lines", "to"),
    [
        ("from nn.experiments.table import experiment", "experiments.table"),
        ("from nn.experiments import table", "experiments.table"),
        ("def late():\n    from nn.micrograd import MLP", "micrograd"),
        ("import nn.micrograd as m", "micrograd"),
        ("from nn import fit", ""),
    ],
)
def test_a_forbidden_import_in_a_room_is_found(lines, to, planted):
    assert forbidden(planted("experiments/losses.py", lines)) == {("experiments.losses", to)}


@pytest.mark.parametrize("folder", ["losses", "losses/inner"])
def test_a_module_may_not_import_more_than_its_room(folder, planted):
    lines = '"""New.\n\nMay import: models, train."""\nfrom nn.train.fit import fit\n'
    found = forbidden(planted(f"{folder}/new.py", lines))
    assert found == {(f"{folder.replace('/', '.')}.new", "train.fit")}


def test_a_circle_of_modules_inside_a_room_is_found(planted):
    found = circle(planted("experiments/losses.py", "def f():\n    import nn.experiments.sweep"))
    assert {"experiments.losses", "experiments.sweep"} <= found


def test_what_only_the_type_checker_imports_is_free(planted):
    lines = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nn.micrograd import MLP"
    nn = planted("experiments/losses.py", lines)
    assert not forbidden(nn) and not circle(nn)
