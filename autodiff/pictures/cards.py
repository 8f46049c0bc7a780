"""What stands on a card, and how large it is.

Holds: `Cell`, `Card`, `card_of`, which lays out the rows of one box, and `edge_text`.  Both the
DOT and the SVG of a picture are written from these, so they agree.

May import: scene, palette, metrics, words.  Knows neither DOT nor SVG.
"""

import math
from dataclasses import dataclass, replace

from autodiff.pictures import palette
from autodiff.pictures.atoms import CONSTANT, PARAMETER
from autodiff.pictures.metrics import text_width
from autodiff.pictures.scene import FOLDED, Box, Link, Scene
from autodiff.words.text import number, shortened

LONGEST_NAME = 22
SYMBOLS = {"*": "×", "-": "−", "neg": "−"}
HEIGHT, GAP, FOOT, LABEL_HEIGHT = 17.0, 3.0, 3.0, 14.0


@dataclass
class Cell:
    """One piece of text on its ground; `word` is the small word before it."""

    role: str
    text: str
    word: str = ""
    width: float = 0.0
    fill: str = ""
    ink: str = palette.INK
    bold: bool = False

    def natural_width(self) -> float:
        """What the text needs."""
        word = text_width(self.word, palette.SMALL) + 4.0 if self.word else 0.0
        return word + text_width(self.text, palette.TEXT, self.bold) + 10.0


@dataclass
class Card:
    """The rows of a box and its size in points.

    Attributes:
        rows: The cells, row by row.
        width: With the border.
        height: With the border and the foot.
        border: The width of the border's line.
        rim: The width of the whole border, a second line included.
        foot: What looks out below, of a second card under a folded one.
    """

    rows: list[list[Cell]]
    width: float
    height: float
    border: float
    rim: float
    foot: float = 0.0


@dataclass(frozen=True)
class Wording:
    """How much a picture says: decided once from its size.

    Attributes:
        words: Whether cards say "data" and "grad".
        edges: `"chain"`, `"local"` or `""`: what stands on an edge.
        spec: The format of numbers.
    """

    words: bool
    edges: str
    spec: str = ".4g"


def wording(scene: Scene, spec: str) -> Wording:
    """Small pictures say more than large ones."""
    edges = "chain" if len(scene.links) <= 20 else "local" if len(scene.boxes) <= 150 else ""
    said = Wording(len(scene.boxes) <= 30, edges, spec)
    if edges == "chain" and scene.before_backward:
        said = replace(said, edges="local")
    if not any(edge_text(link, scene, said) for link in scene.links):
        said = replace(said, edges="")
    return said


def show(x: float, spec: str) -> str:
    """A number as pictures show it, with a real minus sign."""
    return number(x, spec).replace("-", "−")


def span(numbers: tuple[float, ...], spec: str) -> str:
    """One number, or the range of several; nan beside it, as it has no place in a range."""
    there = [x for x in numbers if x == x]
    if not there:
        return show(math.nan, spec)
    low, high = show(min(there), spec), show(max(there), spec)
    text = low if low == high else f"{low} … {high}"
    return text if len(there) == len(numbers) else f"{text}, {show(math.nan, spec)}"


def card_of(box: Box, scene: Scene, said: Wording) -> Card:
    """The card of a box: what it is above, its numbers below."""
    top = []
    if box.op:
        symbol = SYMBOLS.get(box.op, shortened(box.op, LONGEST_NAME))
        top.append(Cell("op", symbol, fill=palette.OPERATION, ink=palette.CARD, bold=True))
    if box.name:
        ink = palette.INK if box.is_named else palette.MUTED
        top.append(Cell("name", shortened(box.name, LONGEST_NAME), ink=ink, bold=box.is_named))
    if box.copies > 1:
        top.append(Cell("copies", f"× {box.copies}", fill=palette.PLATE))
    bottom = []
    if box.data:
        word = "data" if said.words and box.kind != CONSTANT else ""
        bottom.append(Cell("data", span(box.data, said.spec), word, fill=palette.CELL))
    if box.grad:
        bottom.append(_gradient(box, scene, said))
    notes = [[Cell("note", note, ink=palette.MUTED)] for note in box.notes]
    return _measured([row for row in (top, bottom, *notes) if row], box)


def _gradient(box: Box, scene: Scene, said: Wording) -> Cell:
    word = "grad" if said.words else ""
    if scene.before_backward:
        return Cell("grad", "–", word, fill=palette.CELL)
    strongest = max((grad for grad in box.grad if grad == grad), key=abs, default=None)
    fill = palette.tint(strongest, scene.largest)
    return Cell("grad", span(box.grad, said.spec), word, fill=fill)


def _measured(rows: list[list[Cell]], box: Box) -> Card:
    """The card with every cell as wide as it needs, and all rows of one width."""
    for row in rows:
        for cell in row:
            cell.width = float(round(cell.natural_width()))
    widest = max(sum(cell.width for cell in row) + GAP * (len(row) - 1) for row in rows)
    widest = max(widest, 26.0)
    for row in rows:
        spare = widest - sum(cell.width for cell in row) - GAP * (len(row) - 1)
        stretched = (
            [cell for cell in row if cell.role not in ("op", "copies")]
            or [cell for cell in row if cell.role == "op"] or row
        )  # fmt: skip
        for cell in stretched:
            cell.width += spare / len(stretched)
    border = 3.0 if box.kind == PARAMETER else 1.0
    rim = border + (3.0 if box.is_output else 0.0)  # a second line around, 2 points away
    height = HEIGHT * len(rows) + GAP * (len(rows) + 1)
    foot = FOOT if box.kind == FOLDED else 0.0
    return Card(rows, widest + 2 * GAP + 2 * rim, height + 2 * rim + foot, border, rim, foot)


def label_width(text: str) -> float:
    """Width of the plate behind the text of an edge."""
    return float(round(text_width(text, palette.LABEL) + 8.0))


def edge_text(link: Link, scene: Scene, said: Wording) -> str:
    """The chain rule on an edge, `0.5 × −3 = −1.5`, or the local derivative, or nothing."""
    if link.local is None or link.contribution is None or not said.edges:
        return ""
    kinds = scene.boxes[link.tail].kind, scene.boxes[link.head].kind
    if len(scene.links) > 20 and FOLDED in kinds:
        return ""  # between neurons it is a weight, and there are too many of them
    local = show(link.local, said.spec)
    if said.edges == "local" or link.incoming is None:
        return f"× {local}"
    incoming, result = show(link.incoming, said.spec), show(link.contribution, said.spec)
    return f"{incoming} × {local} = {result}"
