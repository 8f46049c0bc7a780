"""Remove all that the commands of this project made: environments, results, builds, caches.

    python -m tools.clean

Holds: `MADE`, the names that are removed, and `main`.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MADE = (
    ".venv-*", "out", "build", "dist", "*.egg-info",
    ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__",
)  # fmt: skip
SOURCES = ("autodiff", "nn", "tests", "notebooks", "benchmarks", "tools")


def main() -> None:
    """Remove what is named above, and nothing else."""
    made = [path for pattern in MADE for path in ROOT.glob(pattern)]
    for folder in SOURCES:
        made += (ROOT / folder).rglob("__pycache__")
        made += (ROOT / folder).rglob(".ipynb_checkpoints")
    for path in made:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
