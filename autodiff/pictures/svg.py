"""A scene and its layout as SVG.

Holds: `Drawing`.  Frames lie at the bottom, edges over them, cards over edges, and texts of edges
on opaque plates on top, so no line runs over a text.  Every box and link is one group with a
`<title>`, which browsers show as a tooltip, and with an id made of the picture's content.

May import: scene, cards, clusters, legend, layout, shapes, palette, metrics, tooltips.
Never runs Graphviz.
"""

from autodiff.pictures import legend, palette, shapes, tooltips
from autodiff.pictures.cards import GAP, HEIGHT, Card, Cell, Wording, edge_text, label_width
from autodiff.pictures.clusters import Cluster, clusters
from autodiff.pictures.layout import Layout, Point
from autodiff.pictures.metrics import text_width
from autodiff.pictures.scene import Link, Scene
from autodiff.pictures.shapes import n, xml

_MARGIN = 6.0
_MOST_TOLD = 40


class Drawing:
    """One picture.

    Args:
        scene: What to draw.
        cards: The card of each box.
        said: How much is said.
        layout: Where everything goes.
        prefix: Begins every id.
    """

    def __init__(
        self, scene: Scene, cards: list[Card], said: Wording, layout: Layout, prefix: str
    ) -> None:
        self.scene, self.cards, self.said, self.layout = scene, cards, said, layout
        self.prefix = prefix
        self.frames = clusters(scene)
        # What a front end draws over the picture, and the room that it needs above it.
        self.overlay, self.css, self.head = "", "", 0.0
        self.least_width = 0.0
        self.attributes: dict[str, str] = {}  # more attributes, by the end of an id

    def text(self) -> str:
        """The whole SVG."""
        rows = legend.entries(self.scene, self.said)
        wide, high = legend.size(rows)
        width = max(self.layout.width, wide, self.least_width) + 2 * _MARGIN
        height = max(self.layout.height, self.layout.legend[1] + high / 2) + 2 * _MARGIN + self.head
        title, description = self._described()
        # Speaks of this picture alone, also when it is part of a page.
        css = "".join(f".{self.prefix} {rule}}}" for rule in shapes.CSS.split("}") if rule)
        parts = [
            f"<style>{css}{self.css}</style>",
            "".join(self._frame(each) for each in self.frames.inside),
            "\n".join(self._link(number) for number in range(len(self.scene.links))),
            "\n".join(self._box(number) for number in range(len(self.scene.boxes))),
            "\n".join(self._label(number) for number in range(len(self.scene.links))),
            self._titles(self.frames),
            self._legend(rows),
            self.overlay,
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(width)}" height="{n(height)}" '
            f'viewBox="{n(-_MARGIN)} {n(-_MARGIN - self.head)} {n(width)} {n(height)}" role="img" '
            f'id="{self.prefix}" class="{self.prefix}" '
            f'aria-labelledby="{self.prefix}-t {self.prefix}-d">'
            f'<title id="{self.prefix}-t">{xml(title)}</title>'
            f'<desc id="{self.prefix}-d">{xml(description)}</desc>\n'
            + "\n".join(part for part in parts if part)
            + "\n</svg>\n"
        )

    def _described(self) -> tuple[str, str]:
        """Title and description for screen readers."""
        scene = self.scene
        root = scene.names[id(scene.root)]
        title = f"Computation graph of {root}: {len(scene.boxes)} boxes, {len(scene.links)} edges"
        boxes, links = scene.boxes[:_MOST_TOLD], scene.links[:_MOST_TOLD]
        facts = [tooltips.of_box(box, scene).replace("\n", ", ") for box in boxes]
        facts += [tooltips.of_link(link, scene) for link in links]
        return title, ". ".join(facts)

    def _id(self, end: str) -> str:
        return f'id="{self.prefix}-{end}"{self.attributes.get(end, "")}'

    # --- frames ---------------------------------------------------------------------------

    def _frame(self, cluster: Cluster) -> str:
        inside = "".join(self._frame(each) for each in cluster.inside)
        corners = self.layout.clusters.get(cluster.name)
        if corners is None:
            return inside
        x0, y0, x1, y1 = corners
        look = f'rx="10" fill="{palette.SHADE}" fill-opacity=".14" stroke="{palette.SHADE}"'
        return shapes.rect(x0, y0, x1 - x0, y1 - y0, look) + inside

    def _titles(self, cluster: Cluster) -> str:
        middle = self.layout.titles.get(cluster.name)
        width = text_width(cluster.title, palette.LABEL) + 8.0
        own = shapes.plate(cluster.title, middle, width) if middle else ""
        return own + "".join(self._titles(each) for each in cluster.inside)

    # --- links ----------------------------------------------------------------------------

    def flow(self, link: Link) -> float | None:
        """The gradient that a link shows; None if none flows, or not yet."""
        return None if self.scene.before_backward else link.contribution

    def _link(self, number: int) -> str:
        link, route = self.scene.links[number], self.layout.edges.get(f"e{number}")
        if route is None:
            return ""
        flow = self.flow(link)
        width = palette.width(flow, self.scene.largest)
        line = shapes.line(route, palette.colour(flow), width, shapes.DASHES[shapes.sign(flow)])
        return (
            f"<g {self._id(f'e{number}')}><title>{xml(tooltips.of_link(link, self.scene))}"
            f'</title><path d="{shapes.path(route)}" fill="none" stroke="#000" '
            f'stroke-opacity="0" stroke-width="12"/>{line}</g>'
        )

    def label_place(self, number: int) -> Point | None:
        """The middle of the text of an edge."""
        route = self.layout.edges.get(f"e{number}")
        return route.text_middle() if route is not None else None

    def _label(self, number: int) -> str:
        link = self.scene.links[number]
        text, middle = edge_text(link, self.scene, self.said), self.label_place(number)
        if not text or middle is None:
            return ""
        return (
            f'<g {self._id(f"l{number}")} stroke="{palette.colour(self.flow(link))}">'
            f"{shapes.plate(text, middle, label_width(text))}</g>"
        )

    # --- boxes ----------------------------------------------------------------------------

    def cells(self, number: int) -> list[tuple[Cell, float, float]]:
        """The cells of a box with their upper left corners."""
        card = self.cards[number]
        left, top = self._corner(number)
        placed = []
        y = top + card.rim + GAP
        for row in card.rows:
            x = left + card.rim + GAP
            for cell in row:
                placed.append((cell, x, y))
                x += cell.width + GAP
            y += HEIGHT + GAP
        return placed

    def _corner(self, number: int) -> Point:
        x, y = self.layout.nodes[f"n{number}"]
        return x - self.cards[number].width / 2, y - self.cards[number].height / 2

    def outline(self, number: int) -> tuple[float, float, float, float]:
        """`(left, top, width, height)` of a box."""
        card = self.cards[number]
        return (*self._corner(number), card.width, card.height)

    def _box(self, number: int) -> str:
        box, card = self.scene.boxes[number], self.cards[number]
        left, top = self._corner(number)
        parts = [shapes.border(box.kind, box.is_output, left, top, card)]
        for cell, x, y in self.cells(number):
            role = f' id="{self.prefix}-g{number}"' if cell.role == "grad" else ""
            parts.append(f"<g{role}>{shapes.cell(cell, x, y)}</g>")
        tip = xml(tooltips.of_box(box, self.scene))
        return f'<g id="{self.prefix}-n{number}"><title>{tip}</title>{"".join(parts)}</g>'

    # --- legend ---------------------------------------------------------------------------

    def _legend(self, rows: list[list[legend.Entry]]) -> str:
        width, height = legend.size(rows)
        top = self.layout.legend[1] - height / 2
        look = f'rx="6" fill="{palette.CARD}" stroke="{palette.PLATE}"'
        parts = [shapes.rect(0.0, top, width, height, look)]
        middle = top + 5.0 + legend.HEIGHT / 2
        for row in rows:
            at = 8.0
            for each in row:
                parts.append(shapes.entry(each, at, middle))
                at += each.width + legend.GAP
            middle += legend.HEIGHT
        return f'<g id="{self.prefix}-k">{"".join(parts)}</g>'
