"""What lies over a picture while the backward pass is shown.

Holds: `dress`, which adds a Story to a Drawing.  The picture itself shows the end of the pass.
Covers lie over it: a gradient as it was before, a line on which nothing has flowed yet, a mark
around what is going on.  A cover is there from one moment to another, which stand in its
attributes `data-from` and `data-to`: CSS plays them wherever the picture is an image, and a script
shows one moment where it may run.  Without either, and for readers who want no motion, no cover
is to be seen and the picture is the plain one.

May import: svg, shapes, cards, palette, metrics, scene, steps.
"""

from autodiff.pictures import palette, shapes
from autodiff.pictures.cards import HEIGHT, Cell, edge_text, label_width, show, span
from autodiff.pictures.metrics import text_width
from autodiff.pictures.shapes import n
from autodiff.pictures.steps import Moment
from autodiff.pictures.svg import Drawing

_SECONDS = 1.6
_HEAD = 24.0
# A gradient changes when what flows has arrived, this part of a moment after its start.
_ARRIVAL = 0.6
_RING = f'fill="none" stroke="{palette.INK}" stroke-width="2.5"'
_HALO = f'fill="none" stroke="{palette.CARD}" stroke-width="6"'


def dress(drawing: Drawing, moments: list[Moment]) -> None:
    """Lays the covers of a story over a drawing, and a line for its sentences above it."""
    Dresser(drawing, moments).dress()


class Dresser:
    """Makes the covers of one story.

    Args:
        drawing: The picture of the end of the pass.
        moments: The story.
    """

    def __init__(self, drawing: Drawing, moments: list[Moment]) -> None:
        self._drawing, self._moments = drawing, moments
        self._count = len(moments) + 1.0  # the last moment stays for two
        self._keyframes: dict[str, str] = {}

    def dress(self) -> None:
        """Adds everything to the drawing."""
        drawing = self._drawing
        parts = [*self._lines(), *self._gradients(), *self._marks(), *self._captions()]
        drawing.head = _HEAD
        drawing.overlay = f'<g class="play" data-head="{n(_HEAD)}">{"".join(parts)}</g>'
        name, seconds = f".{drawing.prefix}", n(self._count * _SECONDS)
        drawing.css += (
            f"{name} .o{{opacity:0;animation:{seconds}s step-end infinite}}"
            f"{name} .h{{animation:{seconds}s step-end infinite}}"
            f"{name} .d{{stroke-dasharray:7 100;stroke-dashoffset:-100;"
            f"animation:{seconds}s linear infinite}}"
            f"{''.join(self._keyframes.values())}"
            f"@media (prefers-reduced-motion:reduce){{{name} .o,{name} .h,{name} .d"
            "{animation:none}}"
        )

    # --- being there, and not -------------------------------------------------------------

    def _percent(self, moment: float) -> str:
        return n(100.0 * moment / self._count) + "%"

    def _span(self, kind: str, start: float, end: float) -> str:
        """The attributes of something shown (`o`) or hidden (`h`) from `start` to `end`."""
        name = f"{self._drawing.prefix}-{kind}-{n(start * 10)}-{n(end * 10)}"
        inside, outside = ("1", "0") if kind == "o" else ("0", "1")
        first = "" if not start else f"0%{{opacity:{outside}}}"
        last = "" if end >= self._count else f"{self._percent(end)}{{opacity:{outside}}}"
        self._keyframes[name] = (
            f"@keyframes {name}{{{first}{self._percent(start)}{{opacity:{inside}}}{last}}}"
        )
        return (
            f'class="{kind}" data-from="{n(start)}" data-to="{n(end)}" '
            f'style="animation-name:{name}"'
        )

    def _cover(self, start: float, end: float, content: str, more: str = "") -> str:
        return f"<g {self._span('o', start, end)}{more}>{content}</g>"

    # --- what is covered ------------------------------------------------------------------

    def _lines(self) -> list[str]:
        """Until something flows on it a line is thin and grey, and says its local derivative."""
        drawing = self._drawing
        first: dict[int, int] = {}
        for moment, each in enumerate(self._moments):
            for number in each.links:
                first.setdefault(number, moment)
        parts = []
        for number, moment in first.items():
            route = drawing.layout.edges.get(f"e{number}")
            if route is None:
                continue
            drawing.attributes[f"e{number}"] = " " + self._span("h", 0, moment)
            parts.append(self._cover(0, moment, shapes.line(route, palette.ZERO, 1.0, "")))
            link, middle = drawing.scene.links[number], drawing.label_place(number)
            if middle is None or not edge_text(link, drawing.scene, drawing.said):
                continue
            drawing.attributes[f"l{number}"] = " " + self._span("h", 0, moment)
            text = f"× {show(link.local or 0.0, drawing.said.spec)}"
            plate = shapes.plate(text, middle, label_width(text))
            parts.append(self._cover(0, moment, plate, f' stroke="{palette.ZERO}"'))
        return parts

    def _gradients(self) -> list[str]:
        """A gradient before it has arrived, and before it is complete."""
        drawing = self._drawing
        changes = self._changes()
        parts = []
        for number, box in enumerate(drawing.scene.boxes):
            place = self._gradient_cell(number)
            if place is None:
                continue
            now: dict[int, float] = {}
            shown, start = "–", 0.0
            for moment, changed in changes.get(number, {}).items():
                end = moment + _ARRIVAL
                parts.append(self._cover(start, end, self._cell(place, shown, now)))
                now |= changed
                # what has not arrived is zero
                shown = span(tuple(now.get(a, 0.0) for a in box.shown), drawing.said.spec)
                start = end
            if not start:  # nothing ever arrives
                end = float(len(self._moments) - 1)
                parts.append(self._cover(0, end, self._cell(place, shown, now)))
        return parts

    def _changes(self) -> dict[int, dict[int, dict[int, float]]]:
        """For each box, and each moment at which gradients that it shows change: these."""
        scene = self._drawing.scene
        visible = {atom for box in scene.boxes for atom in box.shown}
        changes: dict[int, dict[int, dict[int, float]]] = {}
        for moment, each in enumerate(self._moments):
            for atom, grad in each.grads.items():
                if atom in visible:
                    of_box = changes.setdefault(scene.box_of[atom], {})
                    of_box.setdefault(moment, {})[atom] = grad
        return changes

    def _gradient_cell(self, number: int) -> tuple[Cell, float, float] | None:
        cells = self._drawing.cells(number)
        return next((place for place in cells if place[0].role == "grad"), None)

    def _cell(self, place: tuple[Cell, float, float], text: str, now: dict[int, float]) -> str:
        old, x, y = place
        strongest = max(now.values(), key=abs, default=0.0)
        fill = palette.tint(strongest, self._drawing.scene.largest)
        # First white, for the cell below may be wider by an antialiased pixel.
        ground = shapes.rect(x, y, old.width, HEIGHT, f'fill="{palette.CARD}"')
        return ground + shapes.cell(Cell("grad", text, old.word, old.width, fill), x, y)

    # --- what is marked -------------------------------------------------------------------

    def _marks(self) -> list[str]:
        """Rings around the box and the lines of each moment, and what flows along them."""
        parts = []
        for moment, each in enumerate(self._moments):
            inside = [self._flowing(link, moment) for link in each.links]
            if each.head is not None:
                x, y, width, height = self._drawing.outline(each.head)
                for look in (_HALO, _RING):
                    look += ' rx="8"'
                    inside.append(shapes.rect(x - 4, y - 4, width + 8, height + 8, look))
            if inside:
                parts.append(self._cover(moment, moment + 1, "".join(inside)))
        return parts

    def _flowing(self, number: int, moment: int) -> str:
        """A line with a rim, and a bead that moves from the result back to the operand."""
        drawing = self._drawing
        route = drawing.layout.edges.get(f"e{number}")
        if route is None:
            return ""
        link = drawing.scene.links[number]
        flow = link.contribution
        width = palette.width(flow, drawing.scene.largest)
        path = shapes.path(route)
        name = f"{drawing.prefix}-d-{moment}"
        self._keyframes[name] = (
            f"@keyframes {name}{{0%,{self._percent(moment)}{{stroke-dashoffset:-100}}"
            f"{self._percent(moment + _ARRIVAL)},100%{{stroke-dashoffset:0}}}}"
        )
        text = edge_text(link, drawing.scene, drawing.said)
        middle = drawing.label_place(number)
        plate = ""
        if text and middle is not None:
            ring = f' stroke="{palette.INK}" stroke-width="2"'
            plate = f"<g{ring}>{shapes.plate(text, middle, label_width(text))}</g>"
        return (
            f'<path d="{path}" fill="none" stroke="{palette.INK}" stroke-width="{n(width + 8)}"/>'
            f'<path d="{path}" fill="none" stroke="{palette.CARD}" stroke-width="{n(width + 5)}"/>'
            + shapes.line(route, palette.colour(flow), width, shapes.DASHES[shapes.sign(flow)])
            + f'<path class="d" d="{path}" pathLength="100" fill="none" stroke="{palette.INK}" '
            f'stroke-width="{n(width + 3)}" stroke-linecap="round" style="animation-name:{name}"/>'
            + plate
        )

    # --- what is said ---------------------------------------------------------------------

    def _captions(self) -> list[str]:
        """The sentence of each moment above the picture, all on plates of one width."""
        drawing = self._drawing
        sentences = [each.sentence for each in self._moments]
        width = max(text_width(sentence, palette.TEXT) for sentence in sentences) + 20.0
        drawing.least_width = width
        parts = []
        for moment, sentence in enumerate(sentences):
            end = self._count if moment == len(sentences) - 1 else moment + 1.0
            look = f'rx="6" fill="{palette.CARD}" stroke="{palette.PLATE}"'
            plate = shapes.rect(0.0, -_HEAD, width, 19.0, look)
            text = f'<text x="10" y="{n(-_HEAD + 13.4)}">{shapes.xml(sentence)}</text>'
            parts.append(self._cover(moment, end, plate + text).replace('"o"', '"o c"', 1))
        return parts
