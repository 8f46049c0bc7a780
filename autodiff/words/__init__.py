"""The chain rule, worked out for one graph, in words, tables and LaTeX.

Holds: `explain` and what it returns, `Explanation`.

May import: its own modules, foreign, value.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from html import escape
from typing import Any

from autodiff.foreign import refuse_node
from autodiff.value import Value
from autodiff.words.lines import Trace
from autodiff.words.prose import Prose
from autodiff.words.tables import html_table, latex_table, text_table
from autodiff.words.text import check_format

__all__ = ["Explanation", "explain"]

_MOST_SENTENCES = 40
# Labels may hold dollar signs, which notebooks would take for mathematics.
_NO_MATH = 'class="mathjax_ignore tex2jax_ignore"'


class Explanation:
    """What `explain` says; shows itself as a table in notebooks, as text elsewhere.

    Attributes:
        text: The table and the sentences, in ASCII.
        html: The same as HTML.
        latex: The table as LaTeX, an `array`.
        prose: One sentence for each derivative asked for, one per line.
    """

    def __init__(self, trace: Trace, leaves: list[Any]) -> None:
        self._trace, self._leaves = trace, leaves

    @functools.cached_property
    def prose(self) -> str:
        """One sentence for each derivative asked for, one per line."""
        if self._trace.left_out:
            return ""
        told = Prose(self._trace, self._leaves)
        return "\n".join(told.sentence(leaf) for leaf in self._leaves[:_MOST_SENTENCES])

    @functools.cached_property
    def text(self) -> str:
        """The table and the sentences, in ASCII."""
        text = "\n\n".join(part for part in (text_table(self._trace), self.prose) if part)
        return text.encode("ascii", "backslashreplace").decode("ascii")

    @property
    def html(self) -> str:
        """The table and the sentences as HTML."""
        prose = "<br>".join(escape(line) for line in self.prose.splitlines())
        prose = f'<p style="white-space:pre-wrap">{prose}</p>' if prose else ""
        return f"<div {_NO_MATH}>{html_table(self._trace)}{prose}</div>"

    @property
    def latex(self) -> str:
        """The table as LaTeX, an `array` to be put between dollar signs."""
        return latex_table(self._trace)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return {
            "text/plain": self.text, "text/html": self.html, "text/latex": f"$${self.latex}$$",
        }  # fmt: skip


def explain(root: Any, wrt: Any = None, *, number: str = ".4g", lines: int = 200) -> Explanation:
    """The chain rule worked out on the graph of `root`, with its numbers put in.

    A table of both passes, as in tables 2 and 3 of Baydin et al., "Automatic differentiation in
    machine learning: a survey", JMLR 18(153), 2018, and a sentence for each derivative.  Formulas
    come from the rules.  Nodes are called by their labels, by their scopes, else v1, v2, ...

    Args:
        root: The Value at the end.  `backward` need not have been called, and no gradient changes.
        wrt: The Value, or the list of Values, whose derivatives get a sentence; if left out, all
            leaves.
        number: The format of numbers, such as `".3f"`.
        lines: How many nodes the table may have; of a larger graph it shows those nearest to
            `root`.

    Returns:
        The explanation; `print` it, end a notebook's cell with it, or take its `text`, `html`,
        `latex` or `prose`.

    Raises:
        TypeError: If `root` or an element of `wrt` is not a Value.
        ValueError: If `number` is no format or asks for more than 100 digits, `lines` is below 1,
            or `root` does not depend on `wrt`.

    >>> from autodiff import Value
    >>> x, w, b, y = (Value(*pair) for pair in [(2, "x"), (0.5, "w"), (0, "b"), (0, "y")])
    >>> z = w * x + b; z.label = "z"
    >>> a = z.relu(); a.label = "a"
    >>> L = (a - y) ** 2; L.label = "L"
    >>> print(explain(L, wrt=w).prose)
    dL/da = 2(a - y) = 2; da/dz = 1; dz/dw = x = 2; dL/dw = 2 x 1 x 2 = 4
    """
    refuse_node(root, "explain")
    if not isinstance(root, Value):
        raise TypeError(f"explain takes a Value, not a {type(root).__name__}: explain(loss)")
    if lines.__class__ is not int or lines < 1:
        raise ValueError(f"lines is a whole number of at least 1, not {lines!r}")
    check_format(number)
    trace = Trace(root, number, lines)
    return Explanation(trace, _chosen(trace, wrt))


def _chosen(trace: Trace, wrt: Any) -> list[Any]:
    if wrt is None:
        return [node for node in trace.nodes if not node.op]
    chosen = list(wrt) if isinstance(wrt, Iterable) and not isinstance(wrt, Value) else [wrt]
    known = {id(node) for node in trace.nodes}
    for each in chosen:
        refuse_node(each, "explain(wrt)")
        if not isinstance(each, Value):
            raise TypeError(f"wrt takes Values, not a {type(each).__name__}")
        if id(each) not in known:
            raise ValueError(f"the root does not depend on {each!r}")
    return chosen
