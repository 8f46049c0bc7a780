"""The frames around boxes of one scope.

Holds: `Cluster` and `clusters`, the tree of scopes that a scene's boxes stand in, with titles
such as "layer 0 · 3 to 4 · tanh".

May import: atoms, folded, scene, words.  Never decides what is folded.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from autodiff.pictures.atoms import PARAMETER
from autodiff.pictures.folded import short_name
from autodiff.pictures.scene import FOLDED, Scene
from autodiff.words.text import shortened

Path = tuple[str, ...]


@dataclass
class Cluster:
    """A frame: its boxes, and the frames inside it, in the order of the forward pass."""

    path: tuple[str, ...]
    boxes: list[int] = field(default_factory=list)
    inside: list["Cluster"] = field(default_factory=list)
    title: str = ""

    @property
    def name(self) -> str:
        """An identifier: nothing in it means anything to Graphviz, and every path has its own."""
        return "cluster_" + "".join(
            each if each.isascii() and each.isalnum() else f"_{ord(each):x}_"
            for each in "/".join(self.path)
        )


def clusters(scene: Scene) -> Cluster:
    """The tree of frames; its root has the empty path and is not drawn."""
    root = Cluster(())
    known: dict[tuple[str, ...], Cluster] = {(): root}
    for number, box in enumerate(scene.boxes):
        for depth in range(1, len(box.scope) + 1):
            path = box.scope[:depth]
            if path not in known:
                known[path] = Cluster(path)
                known[path[:-1]].inside.append(known[path])
        known[box.scope].boxes.append(number)
    entering, leaving = _crossing(scene)
    for path, cluster in known.items():
        cluster.title = _title(cluster, scene, entering[path], leaving[path])
    return root


def _crossing(scene: Scene) -> tuple[dict[Path, set[int]], dict[Path, set[int]]]:
    """For each frame the boxes whose results enter it, and those whose results leave it."""
    entering: dict[Path, set[int]] = defaultdict(set)
    leaving: dict[Path, set[int]] = defaultdict(set)
    for link in scene.links:
        tail, head = scene.boxes[link.tail], scene.boxes[link.head]
        common = _common(tail.scope, head.scope)
        if tail.kind != PARAMETER:
            for depth in range(common + 1, len(head.scope) + 1):
                entering[head.scope[:depth]].add(link.tail)
        for depth in range(common + 1, len(tail.scope) + 1):
            leaving[tail.scope[:depth]].add(link.tail)
    for number, box in enumerate(scene.boxes):
        if box.is_output:
            for depth in range(1, len(box.scope) + 1):
                leaving[box.scope[:depth]].add(number)
    return entering, leaving


def _common(a: Path, b: Path) -> int:
    """How many names two paths have in common."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def _title(cluster: Cluster, scene: Scene, entering: set[int], leaving: set[int]) -> str:
    """The short name, and for frames of several parts: inputs, outputs, last operation."""
    name = short_name(cluster.path)
    folded = sum(scene.boxes[box].kind == FOLDED for box in cluster.boxes)
    if (len(cluster.inside) or folded) < 2:
        return name
    ops = {scene.atoms.items[scene.boxes[box].shown[-1]].op for box in leaving}
    shape = f" · {len(entering)} to {len(leaving)}" if entering and leaving else ""
    return name + shape + (f" · {shortened(ops.pop(), 12)}" if len(ops) == 1 else "")
