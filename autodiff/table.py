"""What is generated from the table of rules, and where it stands.

Holds: the table of operations in README and the declarations of Value's methods for type checkers,
both between marks; `python -m autodiff table` prints the one, `--write` renews both.

May import: rule, operations, writing.
"""

from __future__ import annotations

from pathlib import Path

from autodiff import operations  # noqa: F401 (fills the table)
from autodiff.rule import RULES, Rule
from autodiff.writing import write_file

ROOT = Path(__file__).resolve().parent.parent
START, END = "written by `python -m autodiff table --write`", "end of what was written"
_OPERATORS = {"add": "x + y", "sub": "x - y", "mul": "x * y", "div": "x / y", "mod": "x % y",
              "pow": "x ** y", "neg": "-x", "abs": "abs(x)"}  # fmt: skip


def _cell(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _call(rule: Rule) -> str:
    if rule.name == "dot":
        return "dot(xs, ys)"
    parameters = (
        f"{name}={rule.defaults[i - len(rule.operands) + len(rule.defaults)]:g}"
        if i >= len(rule.operands) - len(rule.defaults)
        else name
        for i, name in enumerate(rule.operands)
    )
    return f"{rule.name}({', '.join(parameters)})"


def operations_table() -> str:
    """The Markdown table of all operations: how to write it, value, derivatives, what it is."""
    rows = ["| write | value z | derivatives | what it is |", "| --- | --- | --- | --- |"]
    for rule in RULES.values():
        if rule.name == "pow_const":
            continue
        written = _cell(_call(rule))
        if rule.name in _OPERATORS:
            written = _cell(_OPERATORS[rule.name])
        derivatives = "; ".join(
            _cell(f"dz/d{'x_i' if rule.variadic else name} = {text}")
            for name, text in zip(rule.operands, rule.derivatives)
        )
        doc = " ".join(rule.doc.split())
        rows.append(f"| {written} | {_cell(rule.formula)} | {derivatives} | {doc} |")
    return "\n".join(rows) + "\n"


def method_declarations() -> str:
    """The lines that tell a type checker of Value's methods, which are made at run time."""
    lines = []
    for rule in RULES.values():
        if rule.variadic or rule.name in ("pow_const", "where"):
            continue
        first = len(rule.operands) - len(rule.defaults)
        parameters = "".join(
            f", {name}: Value | float" + (" = ..." if i >= first else "")
            for i, name in enumerate(rule.operands)
            if i > 0
        )
        lines.append(f"        def {rule.name}(self{parameters}) -> Value: ...\n")
    dunders = {
        "add": "add",
        "sub": "sub",
        "mul": "mul",
        "div": "truediv",
        "mod": "mod",
        "pow": "pow",
    }
    for name in dunders.values():
        for prefix in ("", "r"):
            lines.append(f"        def __{prefix}{name}__(self, other: Any) -> Value: ...\n")
    for name in ("neg", "abs"):
        lines.append(f"        def __{name}__(self) -> Value: ...\n")
    return "".join(lines) + "\n"  # the formatter's own blank line


def places() -> dict[Path, str]:
    """Every file that holds generated text, and that text."""
    return {
        ROOT / "README.md": operations_table(),
        ROOT / "autodiff" / "value.py": method_declarations(),
    }


def renewed(path: Path, text: str, start: str = START) -> str:
    """The content of `path` with `text` between its two marks, lines that hold `start` and `END`.

    Raises:
        ValueError: If the marks are missing.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if start in line]
    ends = [i for i, line in enumerate(lines) if END in line]
    if len(starts) != 1 or len(ends) != 1 or starts[0] > ends[0]:
        raise ValueError(f"{path.name} needs one line with {start!r} and, below, one with {END!r}")
    return "".join([*lines[: starts[0] + 1], text, *lines[ends[0] :]])


def write() -> list[Path]:
    """Renews what is stale and returns the files that were written."""
    written = []
    for path, text in places().items():
        new = renewed(path, text)
        if new != path.read_text(encoding="utf-8"):
            write_file(path, new.encode())
            written.append(path)
    return written
