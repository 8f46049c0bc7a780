"""The shapes of SVG that pictures are made of.

Holds: text on a plate, a cell, a border, a line with its arrow, a swatch of the legend.

May import: legend, cards, layout, palette, metrics, words.  Never knows a whole picture.
"""

from html import escape

from autodiff.pictures import palette
from autodiff.pictures.cards import HEIGHT, LABEL_HEIGHT, Card, Cell
from autodiff.pictures.layout import Point, Route
from autodiff.pictures.legend import SWATCH, Entry
from autodiff.pictures.metrics import known
from autodiff.words.text import printable

DASHES = {"negative": ' stroke-dasharray="7 4"', "zero": ' stroke-dasharray="1.5 3"', "": ""}
CSS = (
    f"text{{stroke:none;font-family:{palette.FONTS};font-size:{palette.TEXT:g}px;"
    f"fill:{palette.INK};white-space:pre}}"
    f".s{{font-size:{palette.SMALL:g}px;fill:{palette.MUTED}}}"
    f".l{{font-size:{palette.LABEL:g}px}}.b{{font-weight:bold}}.m{{text-anchor:middle}}"
    f".e{{text-anchor:end}}.w{{fill:{palette.CARD}}}.k{{fill:{palette.INK}}}.u{{fill:{palette.MUTED}}}"
)


def xml(text: str) -> str:
    """Text inside an element or an attribute; each of its lines made printable."""
    return escape("\n".join(printable(line) for line in text.split("\n")))


def n(x: float) -> str:
    """A coordinate, as short as it can be.

    >>> n(12.0), n(0.125)
    ('12', '0.12')
    """
    return f"{x:.2f}".rstrip("0").rstrip(".")


def rect(x: float, y: float, width: float, height: float, attributes: str) -> str:
    """A rectangle."""
    return f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" {attributes}/>'


def plate(text: str, middle: Point, width: float) -> str:
    """Text on its opaque ground."""
    x, y = middle
    ground = f'rx="4" fill="{palette.CARD}"'
    return (
        rect(x - width / 2, y - LABEL_HEIGHT / 2, width, LABEL_HEIGHT, ground)
        + f'<text class="l m" x="{n(x)}" y="{n(y + 3.4)}">{xml(text)}</text>'
    )


def cell(each: Cell, x: float, y: float) -> str:
    """A cell of a card with its upper left corner at (x, y)."""
    ground = rect(x, y, each.width, HEIGHT, f'rx="4" fill="{each.fill}"') if each.fill else ""
    style = " b" if each.bold else ""
    style += {palette.CARD: " w", palette.MUTED: " u"}.get(each.ink, "")
    base = y + HEIGHT / 2 + 3.9
    text = xml(each.text)
    if each.word:
        return (
            f'{ground}<text class="s{"" if each.role == "data" else " k"}" x="{n(x + 5)}" '
            f'y="{n(base)}">{each.word}</text>'
            f'<text class="e{style}" x="{n(x + each.width - 5)}" y="{n(base)}">{text}</text>'
        )
    middle = each.width / 2
    if known(each.text):
        return f'{ground}<text class="m{style}" x="{n(x + middle)}" y="{n(base)}">{text}</text>'
    # Nobody knows how wide other alphabets are in a reader's font: they are cut off at the border.
    return (
        f'{ground}<svg x="{n(x)}" y="{n(y)}" width="{n(each.width)}" height="{n(HEIGHT)}" '
        f'overflow="hidden"><text class="m{style}" x="{n(middle)}" y="{n(base - y)}">{text}</text>'
        "</svg>"
    )


def border(kind: str, double: bool, left: float, top: float, card: Card) -> str:
    """The outline that tells the kind: rounded, thick, dashed, a pile; double for the output."""
    rim, height = card.rim - card.border, card.height - card.foot
    under = _outline(kind, left + 4, top + 8, card.width - 8, card.height - 8, 1.0)
    outer = _outline(kind, left, top, card.width, height, 1.0)
    return (
        (under if card.foot else "")
        + (outer if double else "")
        + _outline(kind, left + rim, top + rim, card.width - 2 * rim, height - 2 * rim, card.border)
    )


def _outline(kind: str, x: float, y: float, width: float, height: float, line: float) -> str:
    radius = min({"input": 11.0, "folded": 4.0}.get(kind, 2.5), height / 2)
    dash = ' stroke-dasharray="4 3"' if kind == "constant" else ""
    look = f'rx="{n(radius)}" fill="{palette.CARD}" stroke="{palette.BORDER}"'
    half = line / 2
    return rect(
        x + half, y + half, width - line, height - line, f'{look} stroke-width="{n(line)}"{dash}'
    )


def sign(flow: float | None) -> str:
    """What a line shows of a gradient beside its hue."""
    return "zero" if flow == 0 else "negative" if flow is not None and flow < 0 else ""


def path(route: Route) -> str:
    """The path of a line."""
    first, *rest = [f"{n(x)} {n(y)}" for x, y in route.points]
    return f"M{first}C{' '.join(rest)}"


def line(route: Route, colour: str, width: float, dash: str) -> str:
    """A line with its arrow."""
    return (
        f'<path d="{path(route)}" fill="none" stroke="{colour}" stroke-width="{n(width)}"{dash}/>'
        + _arrow(route, colour, width)
    )


def _arrow(route: Route, colour: str, width: float) -> str:
    """A triangle from the end of the line to the tip."""
    if route.tip is None:
        return ""
    (x0, y0), (x1, y1) = route.points[-1], route.tip
    dx, dy = x1 - x0, y1 - y0
    half = (2.2 + width * 0.75) / max(0.1, (dx * dx + dy * dy) ** 0.5)
    corners = [(x1, y1), (x0 - dy * half, y0 + dx * half), (x0 + dy * half, y0 - dx * half)]
    points = " ".join(f"{n(x)},{n(y)}" for x, y in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def entry(each: Entry, x: float, middle: float) -> str:
    """One entry of the legend."""
    shown, at = "", x
    if each.swatch:
        shown, at = _swatch(each.swatch, x, middle), x + SWATCH + 5.0
    return f'{shown}<text class="l" x="{n(at)}" y="{n(middle + 3.4)}">{xml(each.text)}</text>'


def _swatch(kind: str, x: float, middle: float) -> str:
    flows = {"positive": 1.0, "negative": -1.0, "zero": 0.0, "grey": None, "line": None}
    if kind in flows:
        flow = flows[kind]
        return (
            f'<line x1="{n(x)}" y1="{n(middle)}" x2="{n(x + SWATCH)}" y2="{n(middle)}" '
            f'stroke="{palette.colour(flow)}" stroke-width="{3 if flow else 1}"'
            f"{DASHES[sign(flow)]}/>"
        )
    thick = 3.0 if kind == "parameter" else 1.0
    if kind == "folded":
        under = _outline(kind, x + 4, middle - 2, SWATCH - 8, 9.0, 1.0)
        return under + _outline(kind, x + 1, middle - 6.5, SWATCH - 2, 11.0, 1.0)
    inner = _outline(kind, x + 4, middle - 3.5, SWATCH - 8, 7.0, 1.0) if kind == "output" else ""
    return _outline(kind, x + 1, middle - 6.5, SWATCH - 2, 13.0, thick) + inner
