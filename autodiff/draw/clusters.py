"""The frames around boxes of one scope.

Holds: `Cluster` and `clusters`, the tree of scopes that a scene's boxes stand in, with titles
such as "layer 0 · 3 to 4 · tanh".

May import: atoms, folded, scene, explain.  Never decides what is folded.
"""

from dataclasses import dataclass, field

from autodiff.draw.atoms import PARAMETER
from autodiff.draw.folded import short_name
from autodiff.draw.scene import FOLDED, Scene
from autodiff.explain.words import shortened


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

    def all_boxes(self) -> list[int]:
        """Its boxes, those of frames inside it included."""
        return self.boxes + [box for each in self.inside for box in each.all_boxes()]


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
    for cluster in known.values():
        cluster.title = _title(cluster, scene)
    return root


def _title(cluster: Cluster, scene: Scene) -> str:
    """The short name, and for frames of several parts: inputs, outputs, last operation."""
    name = short_name(cluster.path)
    boxes = set(cluster.all_boxes())
    parts = len(cluster.inside) or sum(scene.boxes[box].kind == FOLDED for box in boxes)
    if parts < 2:
        return name
    entering = {
        link.tail for link in scene.links
        if link.head in boxes and link.tail not in boxes
        and scene.boxes[link.tail].kind != PARAMETER
    }  # fmt: skip
    leaving = {link.tail for link in scene.links if link.tail in boxes and link.head not in boxes}
    leaving |= {box for box in boxes if scene.boxes[box].is_output}
    ops = {scene.atoms.items[scene.boxes[box].shown[-1]].op for box in leaving}
    shape = f" · {len(entering)} to {len(leaving)}" if entering and leaving else ""
    return name + shape + (f" · {shortened(ops.pop(), 12)}" if len(ops) == 1 else "")
