"""A scene as DOT, the language of Graphviz.

Holds: `Writer`, whose pictures look like ours in Graphviz's own formats too, as both come from one
layout; and `note`, for what can be said in words only.

May import: page, scene, cards, clusters, legend, palette, tables, tooltips.  Never runs Graphviz.
"""

from autodiff.pictures import legend, page, palette, tooltips
from autodiff.pictures.cards import (
    GAP,
    HEIGHT,
    LABEL_HEIGHT,
    Card,
    Cell,
    Wording,
    edge_text,
    label_width,
)
from autodiff.pictures.clusters import Cluster, clusters
from autodiff.pictures.scene import Link, Scene
from autodiff.pictures.tables import cell, column, outline, plate, quoted, row, styled

# newrank, or clusters fail in large graphs.
_HEAD = (
    'bgcolor="transparent" newrank="true" nodesep="0.16" labelloc="b" '
    f'labeljust="l" pad="0.1" fontname="{palette.FONT}"'
)
_MOST_PORTS = 12
# For each direction the side of a box where operands come in, and where the result goes out.
_SIDES = {"LR": ("w", "e"), "RL": ("e", "w"), "TB": ("n", "s"), "BT": ("s", "n")}
_SIGNS = {
    "positive": (1.0, "+"), "negative": (-1.0, "−"), "zero": (0.0, "0"), "grey": (None, ""),
    "line": (None, "×"),
}  # fmt: skip
# A swatch of Graphviz's is a cell, which cannot show how a line is drawn.
_DASHED = {"negative": ", dashed", "zero": ", dotted"}


def _doors(scene: Scene) -> set[int]:
    """The links that enter a frame past boxes of that frame: each needs a place among them.

    Graphviz leads a line around a frame unless one of its ends is in it.  So such a link is cut
    in two at an invisible node, its door, which stands in the frame beside the weights.
    """
    crowded = {
        link.head for link in scene.links
        if scene.boxes[link.tail].scope == scene.boxes[link.head].scope
    }  # fmt: skip
    return {
        number for number, link in enumerate(scene.links)
        if link.head in crowded and scene.boxes[link.head].scope
        and scene.boxes[link.tail].scope != scene.boxes[link.head].scope
    }  # fmt: skip


def note(text: str) -> list[str]:
    """What stands between the braces of a graph whose one node is a card with lines of text."""
    rows = "".join(
        f'<TR><TD ALIGN="LEFT">{styled(line, palette.TEXT)}</TD></TR>' for line in page.lines(text)
    )
    look = f'BORDER="0" CELLPADDING="3" BGCOLOR="{palette.CARD}" STYLE="ROUNDED"'
    return [
        'graph [bgcolor="transparent" pad="0.1"]',
        f'note [shape="plain" fontname="{palette.FONT}" label=<<TABLE {look}>{rows}</TABLE>>]',
    ]


class Writer:
    """Writes one scene.

    Args:
        scene: What to draw.
        cards: The card of each box.
        said: How much is said.
        direction: The way of the forward pass: LR, RL, TB or BT.
    """

    def __init__(self, scene: Scene, cards: list[Card], said: Wording, direction: str) -> None:
        self._scene, self._cards, self._said, self._direction = scene, cards, said, direction
        self._ports = [0] * len(scene.boxes)
        self._port = []
        for link in scene.links:
            self._port.append(self._ports[link.head])
            self._ports[link.head] += 1
        self._doors = _doors(scene)
        self._doors_of: dict[tuple[str, ...], list[int]] = {}
        for number in self._doors:
            inside = scene.boxes[scene.links[number].head].scope
            self._doors_of.setdefault(inside, []).append(number)

    def lines(self) -> list[str]:
        """What stands between the braces of `digraph { }`."""
        # Where many lines cross, they need room to be followed.
        bare = [link for link in self._scene.links if not edge_text(link, self._scene, self._said)]
        across = self._direction in ("LR", "RL")
        distance = 0.8 if len(bare) > 12 else 0.42 if across else 0.56
        ranks = f'rankdir="{self._direction}" ranksep="{distance}"'
        return [
            f"graph [{ranks} {_HEAD} label=<{self._legend()}>]",
            f'node [shape="plain" fontname="{palette.FONT}"]',
            f'edge [fontname="{palette.FONT}" arrowsize="0.7"]',
            *self._frame(clusters(self._scene)),
            *[self._edge(number, link) for number, link in enumerate(self._scene.links)],
        ]

    def _frame(self, cluster: Cluster) -> list[str]:
        """The nodes of a frame and of the frames inside it."""
        inside = [self._node(number) for number in cluster.boxes]
        for each in cluster.inside:
            inside += self._frame(each)
        if not cluster.path:
            return inside
        return [
            f'subgraph "{cluster.name}" {{',
            f'graph [style="rounded,filled" color="{palette.SHADE}" fillcolor="{palette.SHADE}24" '
            f'labelloc="t" labeljust="l" margin="10" '
            f"label=<{plate(cluster.title, label_width(cluster.title), LABEL_HEIGHT)}>]",
            *inside,
            *[
                f'd{number} [shape="point" width="0.01" style="invis"]'
                for number in self._doors_of.get(cluster.path, ())
            ],
            "}",
        ]

    # --- nodes ----------------------------------------------------------------------------

    def _node(self, number: int) -> str:
        box, card = self._scene.boxes[number], self._cards[number]
        rows = []
        for cells in card.rows:
            spaced = [_cell(cells[0])]
            for each in cells[1:]:
                spaced += [cell(GAP, HEIGHT), _cell(each)]
            rows.append(f"<TR><TD>{row(spaced)}</TD></TR>")
        table = outline(box.kind, card.border, box.is_output, "".join(rows), GAP, card.width)
        tip = quoted(tooltips.of_box(box, self._scene))
        label = self._with_ports(table, number, card)
        return f'n{number} [id="n{number}" tooltip={tip} label=<{label}>]'

    def _with_ports(self, table: str, number: int, card: Card) -> str:
        """The table, and along its edge one invisible port per operand, in the order written.

        Graphviz then keeps the operands in that order, as every other one makes edges cross.
        """
        count = min(self._ports[number], _MOST_PORTS)
        if count < 2:
            return table
        across = self._direction in ("LR", "RL")
        share = (card.height if across else card.width) // count
        width, height = (1.0, share) if across else (share, 1.0)
        ports = [cell(width, height, "", f' PORT="p{i}"') for i in range(count)]
        sides = [f"<TD>{column(ports) if across else row(ports)}</TD>", f"<TD>{table}</TD>"]
        if self._direction in ("RL", "BT"):
            sides.reverse()
        return row(sides) if across else column(sides)

    # --- edges ----------------------------------------------------------------------------

    def _edge(self, number: int, link: Link) -> str:
        flow = None if self._scene.before_backward else link.contribution
        style = "dashed" if (flow or 0) < 0 else "dotted" if flow == 0 else "solid"
        text = edge_text(link, self._scene, self._said)
        label = ""
        if text:
            # In Graphviz's own pictures the line runs below the text, the second row between.
            words = f"<TD>{plate(text, label_width(text), LABEL_HEIGHT)}</TD>"
            label = f" label=<{column([words, cell(4, 4)])}>"
        look = (
            f'color="{palette.colour(flow)}" style="{style}" '
            f'penwidth="{palette.width(flow, self._scene.largest):.2f}" '
            f"edgetooltip={quoted(tooltips.of_link(link, self._scene))}"
        )
        head = self._head(number, link)
        back, forth = _SIDES[self._direction]
        tail = f"n{link.tail}:{forth}"
        if number not in self._doors:
            return f'{tail} -> {head} [id="e{number}" {look}{label}]'
        return (
            f'{tail} -> d{number}:{back} [id="e{number}a" arrowhead="none" {look}{label}]\n'
            f'd{number}:{forth} -> {head} [id="e{number}" {look}]'
        )

    def _head(self, number: int, link: Link) -> str:
        side = _SIDES[self._direction][0]
        ports = self._ports[link.head]
        if ports < 2:
            return f"n{link.head}:{side}"
        port = self._port[number] * min(ports, _MOST_PORTS) // ports
        return f"n{link.head}:p{port}:{side}"

    # --- legend ---------------------------------------------------------------------------

    def _legend(self) -> str:
        rows = []
        for entries in legend.entries(self._scene, self._said):
            cells = []
            for entry in entries:
                cells += [f"<TD>{_swatch(entry.swatch)}</TD>"] if entry.swatch else []
                text = entry.text + _DASHED.get(entry.swatch, "")
                cells.append(f'<TD CELLPADDING="4">{styled(text, palette.LABEL)}</TD>')
                cells.append(cell(6, 15))
            rows.append(f'<TR><TD ALIGN="LEFT">{row(cells)}</TD></TR>')
        look = f'CELLBORDER="0" STYLE="ROUNDED" BGCOLOR="{palette.CARD}"'
        return f'<TABLE BORDER="0" CELLSPACING="2" CELLPADDING="2" {look}>{"".join(rows)}</TABLE>'


def _cell(each: Cell) -> str:
    content = styled(each.text, palette.TEXT, each.ink, each.bold)
    if each.word:
        word = styled(
            each.word, palette.SMALL, palette.MUTED if each.role == "data" else palette.INK
        )
        content = row([f"<TD>{word}</TD>", cell(4, 4), f"<TD>{content}</TD>"])
    ground = f' BGCOLOR="{each.fill}" STYLE="ROUNDED"' if each.fill else ""
    return cell(each.width, HEIGHT, content, ground)


def _swatch(kind: str) -> str:
    if kind in _SIGNS:
        flow, sign = _SIGNS[kind]
        ground = f' BGCOLOR="{palette.tint(flow, 1.0)}" STYLE="ROUNDED"'
        return row([cell(24, 12, styled(sign, palette.LABEL), ground)])
    border = 3.0 if kind == "parameter" else 1.0
    return outline(kind, border, kind == "output", f"<TR>{cell(14, 6)}</TR>", 1.0, 20.0)
