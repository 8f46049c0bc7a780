"""Writes notebooks/CHEATSHEET.md: what you write, what you get, and how PyTorch says it.

    python -m tools.cheatsheet

What you get is what the line gives when it is run here; a test runs PyTorch's too, where that is
installed, and compares.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).resolve().parents[1] / "notebooks" / "CHEATSHEET.md"
SETUP = "from autodiff import *; import autodiff; from nn import *"
TORCH_SETUP = (
    "import torch; from torch.nn import functional as F; torch.set_default_dtype(torch.float64)"
)
HEAD = """\
# Cheat sheet

One page for the course. Every line of a section can be typed after the lines above it; the results
are computed, by `python -m tools.cheatsheet`. In the column for PyTorch, `F` is
`torch.nn.functional`, and numbers have 64 bits.

Ours: `from autodiff import Value, draw, explain, gradcheck, ...` and `from nn import MLP, ...`.
"""


class Row(NamedTuple):
    """A line of a section: statements are run, of an expression the result is shown."""

    ours: str
    torch: str


SECTIONS: dict[str, list[Row]] = {
    "A number with a gradient": [
        Row("x = Value(3.0)", "x = torch.tensor(3.0, requires_grad=True)"),
        Row("y = x * x + 2 * x", "y = x * x + 2 * x"),
        Row("y.data", "y.item()"),
        Row("y.backward()", "y.backward(retain_graph=True)"),
        Row("x.grad", "x.grad.item()"),
        Row("y.backward(); x.grad", "y.backward(); x.grad.item()"),
        Row("x.grad = 0.0", "x.grad = None"),
        Row("(x * 2).detach().parents", "(x * 2).detach().grad_fn"),
    ],
    "Functions": [
        Row("v = Value(0.5)", "v = torch.tensor(0.5, requires_grad=True)"),
        Row("v.tanh().data", "v.tanh().item()"),
        Row("v.relu().data", "v.relu().item()"),
        Row("v.sigmoid().data", "v.sigmoid().item()"),
        Row("v.exp().data", "v.exp().item()"),
        Row("v.softplus().data", "F.softplus(v).item()"),
        Row("v.maximum(2.0).data", "torch.maximum(v, torch.tensor(2.0)).item()"),
        Row("dot([v, 1.0], [2.0, 3.0]).data", "(2.0 * v + 1.0 * 3.0).item()"),
        Row("softmax([0.0, 1.0])[1]", "torch.softmax(torch.tensor([0.0, 1.0]), 0)[1].item()"),
    ],
    "Derivatives as functions": [
        Row("grad(lambda x: x**3)(2.0)",
            "torch.func.grad(lambda x: x**3)(torch.tensor(2.0)).item()"),
        Row(
            "grad(grad(lambda x: x**3))(2.0)",
            "torch.func.grad(torch.func.grad(lambda x: x**3))(torch.tensor(2.0)).item()",
        ),
        Row(
            "hessian(lambda p: p[0] ** 2 * p[1])([3.0, 4.0])",
            "torch.autograd.functional.hessian(lambda p: p[0] ** 2 * p[1], "
            "torch.tensor([3.0, 4.0])).tolist()",
        ),
        Row("bool(gradcheck(lambda x: x.tanh(), [0.3]))",
            "torch.autograd.gradcheck(torch.tanh, torch.tensor(0.3, requires_grad=True))"),
    ],
    "Networks": [
        Row("model = MLP(2, [3, 1], seed=0)",
            "model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), "
            "torch.nn.Linear(3, 1))"),
        Row("len(model.parameters())", "sum(p.numel() for p in model.parameters())"),
        Row("mse_loss([1.0, 4.0], [1.0, 2.0])",
            "F.mse_loss(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0])).item()"),
        Row("cross_entropy([0.0, 0.0], 1)",
            "F.cross_entropy(torch.tensor([0.0, 0.0]), torch.tensor(1)).item()"),
        Row("optimizer = Adam(model.parameters(), lr=0.01)",
            "optimizer = torch.optim.Adam(model.parameters(), lr=0.01)"),
        Row("optimizer.zero_grad()", "optimizer.zero_grad()"),
        Row("model([1.0, 2.0]).backward()", "model(torch.tensor([1.0, 2.0])).backward()"),
        Row("optimizer.step()", "optimizer.step()"),
        Row("model.eval().training", "model.eval().training"),
        Row("model.train().training", "model.train().training"),
    ],
}  # fmt: skip
TAIL = """\
## Looking and checking

| you write | you get |
| --- | --- |
| `draw(y)` | the picture of the graph |
| `draw(y, steps=True)` | the backward pass, step by step |
| `interact(f, x=2.0)` | the picture, with a slider for each argument |
| `print(explain(y))` | the chain rule in words and numbers |
| `gradcheck(f, [1.0, 2.0])` | whether the gradient is what nudges say, and where not |
| `with detect_anomaly(): ...` | an error at the first inf or nan, with its place |
| `with no_grad(): ...` | plain numbers, no graph |
| `fit(model, X, y, loss="mse_loss")` | the training loop, and its history |
"""


def results(lines: list[str], setup: str) -> list[Any]:
    """What each line gives, None for a statement; later lines see what earlier ones made."""
    scope: dict[str, Any] = {}
    exec(setup, scope)  # noqa: S102 (this file's own lines)
    found: list[Any] = []
    for line in lines:
        *before, last = line.split("; ")
        exec("; ".join(before), scope)  # noqa: S102
        try:
            code = compile(last, "<cheat sheet>", "eval")
        except SyntaxError:
            exec(last, scope)  # noqa: S102
            found.append(None)
        else:
            found.append(eval(code, scope))  # noqa: S307
    return found


def shown(result: Any) -> str:
    """A result as the table has it: four digits."""
    if result is None:
        return ""
    if isinstance(result, float):
        return f"`{result:.4g}`" if result != int(result) else f"`{result}`"
    return f"`{result}`"


def page() -> str:
    """The whole sheet."""
    parts = [HEAD]
    for title, rows in SECTIONS.items():
        got = results([row.ours for row in rows], SETUP)
        parts.append(f"## {title}\n\n| you write | you get | in PyTorch |\n| --- | --- | --- |\n")
        parts[-1] += "".join(
            f"| `{row.ours}` | {shown(result)} | `{row.torch}` |\n"
            for row, result in zip(rows, got, strict=True)
        )
    return "\n".join([*parts, TAIL])


def main() -> int:
    """Writes the sheet."""
    FILE.write_text(page(), encoding="utf-8")
    print(f"wrote {FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
