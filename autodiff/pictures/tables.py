"""HTML-like labels, the language of Graphviz for what stands on a node.

Holds: the escaping of texts and tooltips, and the pieces from which tables are put together.  A
cell always has a fixed size, so the layout does not depend on the fonts of the machine.

May import: palette, words.  Never knows a scene.
"""

from collections.abc import Iterable

from autodiff.pictures import palette
from autodiff.words.text import printable

BARE = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


def escaped(text: str) -> str:
    r"""Text inside a label, where `\N` would stand for the node's name.

    >>> escaped("<b> & \\N")
    '&lt;b&gt; &amp; &#92;&#92;N'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("\\", "&#92;&#92;")


def quoted(text: str) -> str:
    """A tooltip as an attribute: Graphviz reads backslashes twice, and entities once."""
    shown = [
        printable(line).replace("&", "&amp;").replace('"', "&quot;").replace("\\", "\\" * 4)
        for line in text.split("\n")
    ]
    return '"' + "&#10;".join(shown) + '"'


def styled(text: str, size: float, ink: str = palette.INK, bold: bool = False) -> str:
    """Text in a size and a colour; nothing for none, or Graphviz would drop the whole label."""
    if not text:
        return ""
    shown = f"<B>{escaped(text)}</B>" if bold else escaped(text)
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{ink}">{shown}</FONT>'


def cell(width: float, height: float, content: str = "", attributes: str = "") -> str:
    """A cell of exactly this size."""
    return (
        f'<TD FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"{attributes}>{content}</TD>'
    )


def row(cells: Iterable[str]) -> str:
    """Cells side by side, nothing between them."""
    return f"<TABLE {BARE}><TR>{''.join(cells)}</TR></TABLE>"


def column(cells: Iterable[str]) -> str:
    """Cells one below the other, nothing between them."""
    return f"<TABLE {BARE}>{''.join(f'<TR>{each}</TR>' for each in cells)}</TABLE>"


def plate(text: str, width: float, height: float) -> str:
    """Text on an opaque ground."""
    words = cell(width, height, styled(text, palette.LABEL))
    return f'<TABLE {BARE} BGCOLOR="{palette.CARD}" STYLE="ROUNDED"><TR>{words}</TR></TABLE>'


def outline(
    kind: str, border: float, double: bool, content: str, spacing: float, width: float
) -> str:
    """The border that tells the kind, around cells."""
    style = {"input": "ROUNDED", "constant": "DASHED"}.get(kind, "")
    look = f'COLOR="{palette.BORDER}" BGCOLOR="{palette.CARD}" CELLBORDER="0" CELLPADDING="0"'
    look += f' STYLE="{style}"' if style else ""
    table = f'<TABLE BORDER="{border:.0f}" CELLSPACING="{spacing:.0f}" {look}>{content}</TABLE>'
    if double:
        table = f'<TABLE BORDER="1" CELLSPACING="2" {look}><TR><TD>{table}</TD></TR></TABLE>'
    if kind == "folded":  # a second card looks out below the first
        edges = f'SIDES="LBR" BORDER="1" COLOR="{palette.BORDER}" HEIGHT="3" FIXEDSIZE="TRUE"'
        foot = f'<TD {edges} WIDTH="{width - 8:.0f}"></TD>'
        table = column([f"<TD>{table}</TD>", f"<TD>{row([foot])}</TD>"])
    return table
