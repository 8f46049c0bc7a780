"""Both passes side by side, as text, HTML and LaTeX.

Holds: `text_table`, `html_table` and `latex_table`, in the form of tables 2 and 3 of Baydin et
al., "Automatic differentiation in machine learning: a survey", JMLR 18(153), 2018: the forward
pass on the left, read downwards, the backward pass on the right, read upwards.  The numbers in
front tell the order.

May import: algebra, latex, lines.
"""

import ast
from html import escape

from autodiff.words.algebra import is_number, shown
from autodiff.words.latex import latex, name
from autodiff.words.lines import Backward, Row, Trace, piece
from autodiff.words.names import term

_HEADS = "forward pass (read downwards)", "backward pass (read upwards)"


def forward(row: Row, trace: Trace) -> str:
    """`v1 = x1 * w1 = 2 * -3 = -6`."""
    parts = [row.name]
    for formula in (row.formula, row.numbers):
        text = shown(formula) if formula is not None else ""
        if text and text != parts[-1]:
            parts.append(f"({text})" if isinstance(formula, ast.IfExp) else text)
    value = trace.show(row.value)
    return " = ".join(parts if parts[-1] == value else [*parts, value])


def backward(line: Backward, trace: Trace) -> str:
    """`x1.grad += v1.grad * w1 = 0.5 * -3 = -1.5, now -1.5`."""
    step = line.step
    result, operand = term(line.result), term(line.operand)
    incoming, local = trace.show(step.incoming), trace.show(step.local)
    derivative = _factor(line.derivative) or f"d({line.result})/d({line.operand})"
    said = [f"{result}.grad * {derivative}"]
    if line.numbers is not None and not is_number(line.numbers):
        said.append(f"{incoming} * {_factor(line.numbers)}")
    said += [f"{incoming} * {local}", trace.show(step.contribution)]
    return f"{operand}.grad += {' = '.join(said)}, now {trace.show(step.total)}"


def _factor(formula: ast.expr | None) -> str:
    """A formula as a factor: in parentheses unless it is a single piece."""
    if formula is None:
        return ""
    text = shown(formula)
    single = isinstance(formula, ast.Name | ast.Constant | ast.Call) or text.lstrip("-").isdigit()
    return text if single else f"({text})"


def _cells(trace: Trace) -> list[tuple[str, list[str]]]:
    """For each row the left cell and the lines of the right one, from top to bottom."""
    cells = []
    start = f"(0) {term(trace.rows[-1].name)}.grad = 1"
    for row in trace.rows:
        right = [f"({line.place}) {backward(line, trace)}" for line in reversed(row.passed)]
        if row.formula is None and row is not trace.rows[-1]:
            right.append(f"{term(row.name)}.grad = {trace.show(row.gradient)}")
        cells.append((forward(row, trace), right))
    cells[-1][1].append(start)
    return cells


def note(trace: Trace) -> str:
    """What the table leaves out."""
    if not trace.left_out:
        return ""
    return (
        f"... {trace.left_out:,} nodes before these are left out; explain one of the nodes, or "
        "allow more with lines="
    )


def text_table(trace: Trace) -> str:
    """The table as text of ASCII characters."""
    cells = [(_ascii(left), [_ascii(line) for line in right]) for left, right in _cells(trace)]
    width = min(64, max(len(_HEADS[0]), *(len(left) for left, _ in cells)))
    lines = [f"{_HEADS[0]:<{width}} | {_HEADS[1]}", "-" * width + "-+-" + "-" * len(_HEADS[1])]
    if trace.left_out:
        lines.insert(0, note(trace))
    for left, right in cells:
        lines += [f"{left:<{width}} | {right[0] if right else ''}".rstrip()]
        lines += [f"{'':<{width}} | {line}" for line in right[1:]]
    return "\n".join(lines)


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def html_table(trace: Trace) -> str:
    """The table as HTML, readable in light and dark."""
    line = "1px solid #8b949e66"
    cell = (
        f'style="text-align:left;vertical-align:top;padding:3px 12px;white-space:pre-wrap;'
        f'border-top:{line};border-right:{line}"'
    )
    rows = [
        f"<tr><td {cell}>{escape(left)}</td><td {cell}>{escape(chr(10).join(right))}</td></tr>"
        for left, right in _cells(trace)
    ]
    heads = "".join(f"<th {cell}>{head}</th>" for head in _HEADS)
    left_out = f"<p>{escape(note(trace))}</p>" if trace.left_out else ""
    return (
        f'{left_out}<table style="border-collapse:collapse;font:12px Menlo,Consolas,monospace">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


# --- LaTeX --------------------------------------------------------------------------------


def latex_table(trace: Trace) -> str:
    """The table as LaTeX; a bar over a name means its gradient."""
    rows = []
    for row in trace.rows:
        right = [_latex_backward(line, trace) for line in reversed(row.passed)]
        if row is trace.rows[-1]:
            right.append(rf"\overline{{{name(row.name)}}} = 1")
        elif row.formula is None:
            right.append(rf"\overline{{{name(row.name)}}} = {_latex_number(row.gradient, trace)}")
        lines = [_latex_forward(row, trace), *[""] * (len(right) - 1)]
        right = right or [""]
        rows += [f"{a} & {b} \\\\" for a, b in zip(lines, right, strict=True)]
    heads = " & ".join(rf"\text{{{head}}}" for head in _HEADS)
    body = "\n".join(rows)
    return f"\\begin{{array}}{{l|l}}\n{heads} \\\\ \\hline\n{body}\n\\end{{array}}"


def _latex_number(x: float, trace: Trace) -> str:
    return latex(piece(trace.show(x)))


def _latex_forward(row: Row, trace: Trace) -> str:
    parts = [name(row.name)]
    parts += [latex(each) for each in (row.formula, row.numbers) if each is not None]
    value = _latex_number(row.value, trace)
    if parts[-1] != value:
        parts.append(value)
    return " = ".join(parts)


def _latex_backward(line: Backward, trace: Trace) -> str:
    step = line.step
    if line.derivative is None:
        derivative = rf"\frac{{\partial {name(line.result)}}}{{\partial {name(line.operand)}}}"
    else:
        derivative = latex(line.derivative)
    product = ast.BinOp(piece(trace.show(step.incoming)), ast.Mult(), piece(trace.show(step.local)))
    return (
        rf"\overline{{{name(line.operand)}}} \mathrel{{+}}= \overline{{{name(line.result)}}} \cdot "
        rf"{_wrapped(line.derivative, derivative)} = {latex(product)} = "
        f"{_latex_number(step.contribution, trace)}"
    )


def _wrapped(formula: ast.expr | None, text: str) -> str:
    loose = isinstance(formula, ast.UnaryOp) or (
        isinstance(formula, ast.BinOp) and isinstance(formula.op, ast.Add | ast.Sub)
    )
    return rf"\left({text}\right)" if loose else text
