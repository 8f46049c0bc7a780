"""The legend: what borders, hues and lines mean.

Holds: `Entry` and `entries`, the entries that one picture needs, in rows; `size`.  Drawn below
the graph, outside it.

May import: scene, palette, metrics, cards.  Knows neither DOT nor SVG.
"""

from dataclasses import dataclass

from autodiff.draw.atoms import CONSTANT, INPUT, OPERATION, PARAMETER
from autodiff.draw.cards import Wording
from autodiff.draw.metrics import text_width
from autodiff.draw.palette import LABEL
from autodiff.draw.scene import FOLDED, OUTPUT, Scene

HEIGHT, GAP, SWATCH = 19.0, 10.0, 26.0
_KINDS = (INPUT, PARAMETER, CONSTANT, OPERATION, FOLDED)


@dataclass(frozen=True)
class Entry:
    """One swatch with its text.

    Attributes:
        swatch: A kind of box, `"positive"`, `"negative"`, `"zero"` or `"line"`; `""` for none.
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
    """The kinds of boxes that occur, the signs, and what edges say, in rows."""
    present = {box.kind for box in scene.boxes}
    kinds = [Entry(kind, kind) for kind in _KINDS if kind in present]
    kinds.append(Entry(OUTPUT, "output"))
    if scene.before_backward:
        words = "× local derivative" if said.edges else "from operand to result"
        return [kinds, [Entry("line", words), Entry("", "– no gradient before backward()")]]
    edges = [Entry("positive", "gradient > 0"), Entry("negative", "gradient < 0")]
    if any(link.contribution == 0.0 for link in scene.links):
        edges.append(Entry("zero", "gradient 0"))
    if said.edges == "chain":
        words = "incoming gradient × local derivative = contribution; width: its size"
    elif said.edges == "local":
        words = "× local derivative; width: size of the gradient passed on"
    else:
        words = "width: size of the gradient passed on"
    return [kinds, edges, [Entry("", words)]]


def size(rows: list[list[Entry]]) -> tuple[float, float]:
    """Width and height in points."""
    widest = max(sum(entry.width for entry in row) + GAP * (len(row) - 1) for row in rows)
    return widest + 16.0, HEIGHT * len(rows) + 10.0
