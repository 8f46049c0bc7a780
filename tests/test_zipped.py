"""Both packages from a zip file, as browsers and some launchers import them."""

import ast
import subprocess
import sys
import zipfile

import pytest

from tests.test_house import ROOT, modules

PROGRAM = """
import sys
sys.path[:] = [sys.argv[1], *[p for p in sys.path if p not in ("", sys.argv[2])]]
import autodiff, nn
assert ".zip" in autodiff.__file__ and ".zip" in nn.__file__
from autodiff import Value, draw, explain
from nn import MLP, SGD, fit, moons

x = Value(0.5, label="x")
y = (x.tanh() * x).exp()
y.backward()
print(draw(y, steps=True)._repr_html_())
print(explain(y))

data = moons(8)
model = MLP(2, [3, 1], seed=0)
history = fit(model, data.X, [float(label) for label in data.y], loss="mse_loss", epochs=2,
              optimizer=SGD(model.parameters(), lr=0.1), progress=False)
print(len(history.losses), "steps")
"""


@pytest.mark.packaging
def test_both_packages_work_from_a_zip_file(tmp_path):
    archive = tmp_path / "house.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for package in ("autodiff", "nn"):
            for path in sorted((ROOT / package).rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    file.write(path, path.relative_to(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(archive), str(ROOT)],
        capture_output=True, encoding="utf-8", cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    script = next((ROOT / "autodiff").rglob("stepper.js")).read_text(encoding="utf-8")
    assert script.splitlines()[-1] in done.stdout
    assert done.stdout.endswith("2 steps\n")


def test_no_module_looks_for_files_beside_itself():
    """`importlib.resources` finds them in a zip file too; `table` writes into a clone."""
    found = [
        name
        for package in ("autodiff", "nn")
        for name, tree in modules(package).items()
        if any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree))
    ]
    assert found == ["table"]
