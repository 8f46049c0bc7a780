"""Where Graphviz puts things.

Holds: `Layout` and `parse`, which reads Graphviz's JSON.  Graphviz counts upwards, SVG downwards:
what comes out of here counts downwards.

May import: the standard library.  Never runs Graphviz and never moves anything.
"""

import json
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]


@dataclass
class Route:
    """The way of one edge: Bezier points, the tip of its arrow, the room for its text."""

    points: list[Point]
    tip: Point | None
    label: Point | None

    def text_middle(self) -> Point | None:
        """Where its text stands: on the line, at the place nearest to the room kept for it.

        The ends are left free, for the arrow and for where the line comes from.
        """
        if self.label is None:
            return None
        x, y = self.label
        places = self._places()
        fifth = len(places) // 5
        middle = places[fifth : len(places) - fifth - fifth // 2]
        return min(middle, key=lambda at: (at[0] - x) ** 2 + (at[1] - y) ** 2)

    def _places(self) -> list[Point]:
        """Points along the curve, 16 per piece."""
        places = []
        for i in range(0, len(self.points) - 1, 3):
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = self.points[i : i + 4]
            for t in (step / 16 for step in range(17)):
                s = 1 - t
                a, b, c, d = s**3, 3 * s * s * t, 3 * s * t * t, t**3
                places.append(
                    (a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy)
                )
        return places


@dataclass
class Layout:
    """Positions in points, from the upper left corner.

    Attributes:
        width: Of the whole picture.
        height: Of the whole picture.
        nodes: The middle of each node, by id.
        edges: The way of each edge, by id.
        clusters: `(left, top, right, bottom)` of each cluster, by name.
        titles: The middle of each cluster's title, by name.
        legend: The middle of the legend.
    """

    width: float = 0.0
    height: float = 0.0
    nodes: dict[str, Point] = field(default_factory=dict)
    edges: dict[str, Route] = field(default_factory=dict)
    clusters: dict[str, Rectangle] = field(default_factory=dict)
    titles: dict[str, Point] = field(default_factory=dict)
    legend: Point = (0.0, 0.0)


def parse(text: bytes) -> Layout:
    """The layout in Graphviz's format `json0`."""
    graph = json.loads(text)
    left, bottom, right, top = map(float, graph["bb"].split(","))

    def point(pair: str) -> Point:
        x, y = pair.split(",")
        return round(float(x) - left, 2), round(top - float(y), 2)

    layout = Layout(right - left, top - bottom, legend=point(graph["lp"]))
    for thing in graph.get("objects", ()):
        if "bb" in thing:
            x0, y0, x1, y1 = thing["bb"].split(",")
            layout.clusters[thing["name"]] = (*point(f"{x0},{y1}"), *point(f"{x1},{y0}"))
            if "lp" in thing:
                layout.titles[thing["name"]] = point(thing["lp"])
        elif "pos" in thing:
            layout.nodes[thing["name"]] = point(thing["pos"])
    for edge in graph.get("edges", ()):
        if edge.get("pos") and edge.get("id"):
            layout.edges[edge["id"]] = _route(edge, point)
    for first in [name for name in layout.edges if name.endswith("a")]:
        layout.edges[first[:-1]] = _joined(layout.edges.pop(first), layout.edges[first[:-1]])
    return layout


def _joined(first: Route, second: Route) -> Route:
    """Two halves that meet at a door as one line."""
    (x0, y0), (x1, y1) = first.points[-1], second.points[0]
    return Route([*first.points, (x0, y0), (x1, y1), *second.points], second.tip, first.label)


def _route(edge: dict[str, Any], point: Any) -> Route:
    pairs = edge["pos"].split()
    tip = None
    while pairs and pairs[0][:2] in ("e,", "s,"):
        if pairs[0][0] == "e":
            tip = point(pairs[0][2:])
        pairs.pop(0)
    return Route([point(pair) for pair in pairs], tip, point(edge["lp"]) if "lp" in edge else None)
