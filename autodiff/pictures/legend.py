"""The legend: what borders, hues and lines mean.

Holds: `Entry` and `entries`, the entries that one picture needs, in rows; `size`.  Drawn below
the graph, outside it.  Whatever a picture of any size shows without a word beside it has an entry.

May import: scene, palette, metrics, cards.  Knows neither DOT nor SVG.
"""

from dataclasses import dataclass

from autodiff.pictures.atoms import CONSTANT, INPUT, OPERATION, PARAMETER
from autodiff.pictures.cards import Wording, span
from autodiff.pictures.metrics import text_width
from autodiff.pictures.palette import LABEL
from autodiff.pictures.scene import FOLDED, OUTPUT, Scene

HEIGHT, GAP, SWATCH = 19.0, 10.0, 26.0
_KINDS = (INPUT, PARAMETER, CONSTANT, OPERATION, FOLDED)


@dataclass(frozen=True)
class Entry:
    """One swatch with its text.

    Attributes:
        swatch: A kind of box, `"positive"`, `"negative"`, `"zero"`, `"grey"` or `"line"`; `""` for
            none.
        text: What it means.
    """

    swatch: str
    text: str

    @property
    def width(self) -> float:
        """Width in points."""
        swatch = SWATCH + 5.0 if self.swatch else 0.0
        return float(round(swatch + text_width(self.text, LABEL) + 6.0))


def entries(scene: Scene, said: Wording) -> list[list[Entry]]:
    """In rows: the kinds of boxes, the signs, what edges say, and what the numbers on cards are."""
    present = {box.kind for box in scene.boxes}
    kinds = [Entry(kind, kind) for kind in _KINDS if kind in present]
    rows = [[*kinds, Entry(OUTPUT, "output")]]
    words = _on_edges(said)
    if scene.before_backward:
        line = [Entry("line", words or "from operand to result")] if scene.links else []
        rows.append([*line, Entry("", "– no gradient before backward()")])
    else:
        rows.append(_signs(scene))
        if scene.links:
            width = "its size" if said.edges == "chain" else "size of the gradient passed on"
            rows.append([Entry("", f"{words}; width: {width}" if words else f"width: {width}")])
    return [*rows, *[[Entry("", text)] for text in _on_cards(scene, said)]]


def _on_edges(said: Wording) -> str:
    chain = "incoming gradient × local derivative = contribution"
    return {"chain": chain, "local": "× local derivative", "": ""}[said.edges]


def _signs(scene: Scene) -> list[Entry]:
    """What hues and dashes of lines mean, as far as they occur."""
    flows = [link.contribution for link in scene.links]
    found = [Entry("positive", "gradient > 0"), Entry("negative", "gradient < 0")]
    if 0.0 in flows:
        found.append(Entry("zero", "gradient 0"))
    grey = ["from a constant"] * (None in flows) + ["gradient nan"] * any(x != x for x in flows)
    return [*found, Entry("grey", " or ".join(grey))] if grey else found


def _on_cards(scene: Scene, said: Wording) -> list[str]:
    """What stands on cards without a word beside it, as far as it occurs."""
    found = []
    if not said.words and any(box.grad for box in scene.boxes):
        found.append("numbers on a card: data, gradient")
    if any(box.copies > 1 for box in scene.boxes):
        found.append("× 3: three equal parts in one box")
    numbers = [x for box in scene.boxes for x in (box.data, box.grad) if len(x) > 1]
    if any(" … " in span(x, said.spec) for x in numbers):
        found.append("a … b: from the smallest to the largest")
    return found


def size(rows: list[list[Entry]]) -> tuple[float, float]:
    """Width and height in points."""
    widest = max(sum(entry.width for entry in row) + GAP * (len(row) - 1) for row in rows)
    return widest + 16.0, HEIGHT * len(rows) + 10.0
