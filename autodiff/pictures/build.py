"""From grouped atoms to a scene.

Holds: `build`.  A group of one atom is an ordinary card; of several, a folded box.

May import: atoms, fold, folded, scene, words.  Never decides what is folded.
"""

from collections import Counter

from autodiff.pictures.atoms import CONSTANT, Atoms
from autodiff.pictures.fold import Grouping
from autodiff.pictures.folded import described
from autodiff.pictures.scene import Box, Link, Scene
from autodiff.words.names import names
from autodiff.words.trace import partials


def build(atoms: Atoms, grouping: Grouping) -> Scene:
    """The scene in which the atoms of one group share a box."""
    called = names(item for item in atoms.items if item.__class__ is not float)
    members: dict[int, list[int]] = {}
    for atom, group in enumerate(grouping.of):
        members.setdefault(group, []).append(atom)
    number_of = {group: number for number, group in enumerate(members)}
    box_of = [number_of[group] for group in grouping.of]
    boxes = [
        _card(atoms, inside[0], called) if len(inside) == 1
        else described(atoms, inside, grouping.paths.get(group, ()), called)
        for group, inside in members.items()
    ]  # fmt: skip
    boxes[box_of[-1]].is_output = True
    return Scene(boxes, _links(atoms, box_of), atoms, called, box_of)


def _card(atoms: Atoms, atom: int, called: dict[int, str]) -> Box:
    item, kind, scope = atoms.items[atom], atoms.kinds[atom], atoms.scopes[atom]
    if kind == CONSTANT:
        return Box([atom], kind, [atom], full_name="constant", data=(item,), scope=scope)
    name = called[id(item)]
    # In a scope the operation says enough; elsewhere sentences need something to refer to.
    shown = str(item.label) or ("" if item.scope and item.op else name)
    return Box(
        [atom], kind, [atom], item.op, shown, name, bool(item.label), (item.data,),
        (atoms.grads[atom],), scope,
    )  # fmt: skip


def _links(atoms: Atoms, box_of: list[int]) -> list[Link]:
    """One link per use between single atoms; one per pair of boxes if either is folded."""
    size = Counter(box_of)
    links: dict[tuple[int, ...], Link] = {}
    for atom, operands in enumerate(atoms.operands):
        head = box_of[atom]
        local: tuple[float, ...] = ()
        for position, operand in enumerate(operands):
            tail = box_of[operand]
            if tail == head:
                continue
            local = local or partials(atoms.items[atom])
            # x * x shows two edges, also where the boxes are single
            apart = (position,) if size[tail] == size[head] == 1 else ()
            link = links.setdefault((tail, head, *apart), Link(tail, head))
            link.add(atoms, atom, position, local[position])
    return list(links.values())
