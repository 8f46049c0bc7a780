"""The benchmarks beside all peers, in an environment of their own, so that none disturbs ours.

    python -m tools.bench                                     make it, and run every benchmark
    python -m tools.bench -m benchmarks.compare --work moons  run one command in it

Holds: `PEERS`, what is installed; `ensure`, which makes the environment in `build/`, and `main`.
A peer that cannot be installed is left out, and the benchmark says so.
"""

import json
import subprocess
import sys
from pathlib import Path

from tools import venv

# PyTorch first and pinned: where no wheel for the processor alone is found, a range would fetch
# gigabytes for graphics cards.
PEERS = (
    "torch==2.13.0", "micrograd==0.1.0", "autograd", "casadi", "jax", "xad", "scikit-learn",
)  # fmt: skip
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"  # PyPI has these wheels for Linux alone not
RUNS = (
    ["benchmarks.eager"],
    ["benchmarks.compare", "--markdown"],
    ["benchmarks.growth"],
    ["benchmarks.first_use"],
)


def ensure() -> Path:
    """Makes or refreshes the environment; returns its Python.

    Raises:
        SetupError: The environment cannot be made, or this project not installed in it.
    """
    home = venv.ROOT / "build" / f"bench-venv-{venv.version()}"
    python, stamp_file = venv.python_in(home), home / "ready.json"
    home.parent.mkdir(exist_ok=True)
    pyproject = (venv.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needs = {"place": [sys.version, sys.base_prefix, str(venv.ROOT)], "peers": list(PEERS),
             "pyproject": pyproject}  # fmt: skip
    with venv.locked(home):
        try:
            stamp = json.loads(stamp_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stamp = {}
        if stamp.get("needs") == needs and python.exists():
            missing = stamp["missing"]
        else:
            print(f"Setting up {home}: once, for some minutes ...", flush=True)
            venv.create(home)
            missing = install(home)
            stamp = {"needs": needs, "missing": missing}
            stamp_file.write_text(json.dumps(stamp), encoding="utf-8")
    for peer, why in missing.items():
        print(f"{peer} could not be installed: {why}")
    return python


def install(home: Path) -> dict[str, str]:
    """Installs the peers one after the other, then this project; what failed, and pip's words."""
    missing, log = {}, home / "setup.log"
    extra = ["--extra-index-url", TORCH_INDEX] if sys.platform == "linux" else []
    for peer in PEERS:
        output = pip(home, [peer, *(extra if peer.startswith("torch") else [])])
        with log.open("a", encoding="utf-8") as file:
            file.write(output or "")
        if output is not None:
            missing[peer] = output.strip().splitlines()[-1]
    output = pip(home, ["-e", ".[fast,train]"])
    if output is not None:
        log.write_text(output, encoding="utf-8")
        raise venv.SetupError(venv.diagnosis(output, log))
    return missing


def pip(home: Path, words: list[str]) -> str | None:
    """Installs; pip's output if it failed."""
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command = [str(venv.python_in(home)), "-m", "pip", "install", *options, "--prefer-binary"]
    venv.show(f"installing {words[-1] if words[0] == '-e' else words[0]}")
    done = subprocess.run(
        [*command, *words], cwd=venv.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    venv.show("")
    return done.stdout if done.returncode else None


def main(arguments: list[str]) -> int:
    """Makes the environment, and runs a command or all benchmarks in it; returns the exit code."""
    try:
        python = ensure()
        if arguments:
            return subprocess.call([python, *arguments], cwd=venv.ROOT)
        codes = []
        for module, *options in RUNS:
            print(f"\n$ python -m {' '.join([module, *options])}", flush=True)
            codes.append(subprocess.call([python, "-m", module, *options], cwd=venv.ROOT))
        return max(codes)
    except venv.SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
