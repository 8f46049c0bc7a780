"""Everything that must hold before a change is handed in: one line per stage, all stages run.

    python -m tools.check

Holds: `STAGES`, the commands, and `main`, which runs them and tells which failed.
"""

import subprocess
import sys
import time

README = "tests/test_readme.py"
# Each stage is `python -m` and these words.
STAGES = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy", "--strict"],
    "tests": ["pytest", "-n", "auto", "tests", f"--ignore={README}"],
    "doctests": ["pytest", "autodiff", "nn"],
    "readme": ["pytest", README],
}


def run(name: str, words: list[str]) -> bool:
    """Run one stage, print its line, and its full output if it failed."""
    print(f"{name:<9}", end=" ", flush=True)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    ok = done.returncode == 0
    print(f"{'OK' if ok else 'FAILED':<6} {time.perf_counter() - start:6.1f} s", flush=True)
    if not ok:
        print("$ python -m", *words, flush=True)
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    return ok


def main() -> int:
    """Run all stages; return 0 if every one passed, else 1."""
    results = [run(name, words) for name, words in STAGES.items()]
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
