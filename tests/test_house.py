"""The house stands: it builds, installs and imports anywhere, and its arrows point one way."""

import ast
import email
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import types
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import autodiff
from tools.targets import MAKEFILE, targets
from tools.venv import known_extras, python_in

ROOT = Path(__file__).resolve().parents[1]

# --- arrows -------------------------------------------------------------------------------

# What each module of autodiff may import of autodiff, in reading order: only what stands above it.
# Imports inside functions count; those under `if TYPE_CHECKING:` are never executed, and free.
ARROWS: dict[str, set[str]] = {
    "forks": set(),
    "graph": {"forks"},
    "ieee": set(),
    "rule": {"ieee"},
    "rules": {"rule"},
    "context": set(),
    "foreign": {"rule"},
    "value": {"ieee", "rule", "graph", "context", "foreign"},
    "operations": {"ieee", "rule", "rules", "context", "value"},
    "arrays": {"foreign", "operations", "value"},
    "structure": {"foreign", "value"},
    "copying": {"graph", "context", "rule", "value"},
    "sweeps": {"ieee", "rule", "rules", "graph", "context", "value", "operations"},
    "writing": set(),
    "cache": {"context", "writing"},
    "sparsity": {"ieee", "rule", "rules", "value", "sweeps"},
    "adjoints": {"graph", "context", "value", "structure", "sweeps"},
    "call": {"context", "value", "operations", "structure", "sweeps"},
    "derive": {"value", "structure", "sweeps", "sparsity", "adjoints", "call"},
    "expression": {"rule", "value", "operations"},
    "check": {
        "ieee",
        "rule",
        "graph",
        "context",
        "value",
        "operations",
        "structure",
        "expression",
    },
    "tape": {
        "ieee",
        "rule",
        "rules",
        "graph",
        "context",
        "foreign",
        "value",
        "operations",
        "structure",
        "sweeps",
        "adjoints",
        "forks",
        "writing",
        "cache",
    },
    "words": {"rule", "graph", "foreign", "value"},
    "pictures": {"graph", "foreign", "value", "words", "writing"},
    "faces": {"rule", "value", "arrays", "adjoints", "pictures"},
    "sliders": {"foreign", "value", "pictures"},
    "command": {"pictures", "words", "expression"},
    "table": {"rule", "operations", "writing"},
    "_version": set(),
    "doctor": {"cache", "_version"},
}
# At the top of the house, where everything meets.
TOP = {"__init__", "__main__"}


@functools.cache
def modules(package: str) -> dict[str, ast.Module]:
    """Every module of a package, by dotted name without the package's own."""
    files = sorted((ROOT / package).rglob("*.py"))
    return {
        ".".join(file.relative_to(ROOT / package).with_suffix("").parts): ast.parse(
            file.read_text(encoding="utf-8")
        )
        for file in files
    }


def executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node below `tree` that is ever executed, inside functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield other
                yield from executed(other)
        else:
            yield node
            yield from executed(node)


def imports(tree: ast.AST) -> set[str]:
    """Full names of all that is imported: `import a.b` is a.b, `from a import b` is a.b too."""
    found = set()
    for node in executed(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full: from autodiff.graph import ..."
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(tree: ast.AST) -> set[str]:
    """The rooms of autodiff that a module imports; `__init__` for the package itself."""
    rooms = {file.stem for file in (ROOT / "autodiff").iterdir() if file.suffix in ("", ".py")}
    found = set()
    for name in imports(tree):
        package, _, rest = name.partition(".")
        if package == "autodiff":
            room = rest.split(".")[0]
            found.add(room if room in rooms else "__init__")
    return found


def import_graph(package: str, trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """By the full name of each module the other modules of the package that it imports.

    A room stands for its `__init__`, which whoever imports from the room executes, but for the
    modules inside.  A text that is a module's name is an import too: `import_module(text)`.
    """
    full = {name: f"{package}.{name}".removesuffix(".__init__") for name in trees}
    graph = {}
    for name, tree in trees.items():
        texts = {node.value for node in executed(tree) if isinstance(node, ast.Constant)}
        found = set()
        for imported in imports(tree) | (texts & set(full.values()) - {package}):
            parts = imported.split(".")
            around = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
            known = [each for each in around if each in full.values()]
            found |= {each for each in known if not f"{full[name]}.".startswith(f"{each}.")}
            found |= set(known[-1:])
        graph[full[name]] = found - {full[name]}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the next, and the last the first; [] if there are none."""
    left = dict(graph)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    path = sorted(left)[:1]
    while path and path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & left.keys()))
    return path[path.index(path[-1]) + 1 :] if path else []


@pytest.mark.parametrize("name", modules("autodiff"))
def test_a_module_of_autodiff_imports_only_what_lies_before_it(name):
    room = name.split(".")[0]
    if room in TOP:
        return
    assert room in ARROWS, f"say in ARROWS what autodiff/{room} may import"
    assert rooms_imported(modules("autodiff")[name]) <= ARROWS[room] | {room}


def test_no_modules_of_autodiff_import_each_other_in_a_circle():
    graph = import_graph("autodiff", modules("autodiff"))
    assert {"autodiff", "autodiff.tape", "autodiff.tape.tape"} <= graph.keys()
    assert "autodiff.pictures" in graph["autodiff.faces"]  # late
    assert circle(graph) == []


PLANTED = {
    "two": {"a": "from p import b", "b": "import p.a"},
    "late": {"a": "from p.b import f", "b": "def f():\n    from p.a import g"},
    "three inside a room": {
        "r.a": "from p.r import b", "r.b": "from p.r.c import f", "r.c": "import p.r.a",
    },
    "through the door of a room": {"r.__init__": "from p import a", "r.b": "", "a": "import p.r.b"},
    "the package itself": {"__init__": "from p.a import f", "a": "from p import f"},
    "by name": {"a": "import_module('p.b')", "b": "def f():\n    import p.a"},
    "not of the type checker": {
        "a": "from p import b", "b": "if TYPE_CHECKING:\n    import c\nelse:\n    import p.a",
    },
}  # fmt: skip
NO_CIRCLE = {
    "for the type checker": {"a": "from p import b", "b": "if TYPE_CHECKING:\n    import p.a"},
    "a room and what is inside": {"r.__init__": "from p.r.a import f", "r.a": "from p.r import b",
                                  "r.b": ""},
    "a diamond": {"a": "from p import b, c", "b": "import p.d", "c": "import p.d", "d": ""},
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_circle_is_found(planted):
    sources = {"outside": "from p import a", **PLANTED[planted]}
    trees = {name: ast.parse(source) for name, source in sources.items()}
    graph = import_graph("p", trees)
    found = circle(graph)
    assert found
    assert all(to in graph[start] for start, to in zip(found, [*found[1:], found[0]]))


@pytest.mark.parametrize("innocent", NO_CIRCLE)
def test_what_is_no_circle_is_not_taken_for_one(innocent):
    trees = {name: ast.parse(source) for name, source in NO_CIRCLE[innocent].items()}
    assert circle(import_graph("p", trees)) == []


def test_the_list_of_arrows_has_no_circle_and_names_no_ghost():
    done = set()
    for room, before in ARROWS.items():
        assert before <= done, f"{room} stands before something that it imports"
        done.add(room)
    assert done <= {name.split(".")[0] for name in modules("autodiff")}


def test_autodiff_knows_nothing_of_nn():
    for name, tree in modules("autodiff").items():
        assert not {i for i in imports(tree) if i.split(".")[0] == "nn"}, name


def test_nn_uses_only_the_public_names_of_autodiff():
    for name, tree in modules("nn").items():
        for imported in imports(tree):
            package, _, rest = imported.partition(".")
            if package == "autodiff" and rest:
                assert "." not in rest and not rest.startswith("_"), f"nn/{name}: {imported}"
                thing = getattr(autodiff, rest)
                assert not isinstance(thing, types.ModuleType), f"nn/{name}: {imported}"


def test_no_room_takes_the_place_of_a_public_name():
    # Importing `package.room` sets the attribute `room` of the package.
    code = (
        "import importlib, pkgutil, types, autodiff, autodiff.operations\n"
        "for room in pkgutil.iter_modules(autodiff.__path__):\n"
        "    importlib.import_module(f'autodiff.{room.name}')\n"
        "public = {*autodiff.__all__, *autodiff.operations.FUNCTIONS}\n"
        "print({n for n in public if isinstance(getattr(autodiff, n), types.ModuleType)})"
    )
    assert run(sys.executable, "-c", code, cwd=ROOT) == "set()\n"


# --- light imports ------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["autodiff", "nn"])
def test_importing_loads_nothing_but_the_standard_library(package):
    code = (
        f"import sys; before = set(sys.modules); import {package}; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split()) - sys.stdlib_module_names
    assert loaded <= {"autodiff", "nn"}


# --- build and install --------------------------------------------------------------------


def run(*command: object, cwd: Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with the wheel and the sdist; the wheel is built from the unpacked sdist."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("autodiff", "nn", "tests", "tools"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", cwd=source)
    return source / "dist"


@pytest.mark.packaging
def test_the_wheel_holds_the_two_packages_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"autodiff", "nn", f"valuegrad-{autodiff.__version__}.dist-info"}
    ours = {
        file.relative_to(ROOT).as_posix()
        for package in ("autodiff", "nn")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert ours <= set(names)


@pytest.mark.packaging
def test_graphviz_is_the_only_thing_that_is_always_installed(built):
    (wheel,) = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    needs = metadata.get_all("Requires-Dist")
    assert [re.match(r"[\w-]+", need)[0] for need in needs if "extra ==" not in need] == [
        "graphviz"
    ]
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"


@pytest.mark.packaging
def test_it_installs_into_an_empty_environment_and_works_from_another_folder(built, tmp_path):
    (archive,) = built.glob("*.whl")
    venv.create(tmp_path / "empty", symlinks=os.name != "nt")
    python = python_in(tmp_path / "empty")
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--no-index", "--no-deps", archive, cwd=tmp_path)
    code = (
        "import json, autodiff, nn; x = autodiff.Value(3.0); (x * x).backward(); "
        "print(json.dumps([x.grad, autodiff.__file__, nn.__file__]))"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    gradient, *files = json.loads(run(python, "-I", "-c", code, cwd=elsewhere))
    assert gradient == 6.0
    assert all(Path(file).is_relative_to(tmp_path / "empty") for file in files)


# --- pyproject and Makefile ---------------------------------------------------------------


def test_the_extra_all_holds_every_other():
    extras = known_extras((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert extras["all"] == set(extras) == {"draw", "fast", "train", "notebook", "dev", "all"}


def test_every_make_target_is_one_line_of_python():
    text = MAKEFILE.read_text(encoding="utf-8")
    recipes = [line for line in text.splitlines() if line.startswith("\t")]
    names = re.findall(r"^([a-z]+):", text, re.MULTILINE)
    assert [target.name for target in targets()] == names
    assert len(recipes) == len(names)
    assert set(re.search(r"\.PHONY: (.+)", text)[1].split()) == set(names)
