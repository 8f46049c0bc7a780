"""Let ruff put the code into its form: what it can repair safely, then the layout.

    python -m tools.format

Holds: `main`.
"""

import subprocess
import sys


def main() -> int:
    """Repair, then lay out; return 0 unless ruff itself fails."""
    ruff = [sys.executable, "-m", "ruff"]
    # What cannot be repaired is for `make check` to tell.
    repaired = subprocess.call([*ruff, "check", "--fix-only", "--quiet", "."])
    return subprocess.call([*ruff, "format", "."]) or repaired


if __name__ == "__main__":
    sys.exit(main())
