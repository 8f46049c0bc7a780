"""The boxes of folded groups.

Holds: `described`, which says what is inside a folded scope or a pile of equal parts.

May import: atoms, scene, clusters, words.
"""

import re
from collections import Counter

from autodiff.pictures.atoms import CONSTANT, OPERATION, PARAMETER, Atoms
from autodiff.pictures.scene import FOLDED, Box
from autodiff.words.text import shortened

_LONGEST = 40


def described(
    atoms: Atoms, inside: list[int], path: tuple[str, ...], called: dict[int, str]
) -> Box:
    """The box of several atoms: of a scope if there is a path, else of equal parts."""
    results = _results(atoms, inside)
    kind = FOLDED if path else atoms.kinds[inside[0]]
    box = Box(inside, kind, results if path else inside)
    box.data = tuple([_number(atoms, atom) for atom in box.shown])
    if kind != CONSTANT:
        box.grad = tuple([atoms.grads[atom] for atom in box.shown])
    if path:
        _scope(box, atoms, path)
    else:
        _pile(box, atoms, called)
    return box


def _number(atoms: Atoms, atom: int) -> float:
    item = atoms.items[atom]
    return item if item.__class__ is float else item.data


def _results(atoms: Atoms, inside: list[int]) -> list[int]:
    """The atoms inside that are used outside, or are the root."""
    own = set(inside)
    last = len(atoms) - 1
    return [
        atom for atom in inside
        if atom == last or any(user not in own for user in atoms.users[atom])
    ]  # fmt: skip


def _scope(box: Box, atoms: Atoms, path: tuple[str, ...]) -> None:
    """A folded neuron, layer or model: its name, its copies and what it holds."""
    box.name = short_name(path)
    box.full_name = shortened("/".join(path), _LONGEST)
    box.scope = path[:-1]
    parts = Counter(
        (atoms.scopes[atom], atoms.items[atom].op, atoms.items[atom].label)
        for atom in box.shown
        if atoms.kinds[atom] == OPERATION
    )
    if len(set(parts.values())) == 1:  # each part of it as often as the others: once per sample
        box.copies = next(iter(parts.values()))
    kinds = Counter(atoms.kinds[atom] for atom in box.atoms)
    operations = kinds[OPERATION]
    if box.copies > 1 and operations % box.copies == 0:
        operations //= box.copies
    counts = {"parameter": kinds[PARAMETER], "operation": operations}
    note = " · ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items() if n)
    if note:
        box.notes.append(note)
    if len(parts) > 1:
        box.notes.append(f"{len(parts)} outputs")


def _pile(box: Box, atoms: Atoms, called: dict[int, str]) -> None:
    """Equal parts: the name they share."""
    first = atoms.items[box.atoms[0]]
    box.copies = len(box.atoms)
    box.scope = atoms.scopes[box.atoms[0]]
    if box.kind == CONSTANT:
        box.full_name = f"{box.copies} constants"
        return
    box.op = first.op
    labels = {atoms.items[atom].label for atom in box.atoms}
    names = {label.rstrip("0123456789") for label in labels} if len(labels) > 1 else labels
    box.name = names.pop() if len(names) == 1 else ""
    box.is_named = bool(box.name)
    if not box.name and not box.op:
        box.name = box.kind + "s"
    box.full_name = f"{box.copies} x {shortened(box.name or box.op, _LONGEST)}"


def short_name(path: tuple[str, ...]) -> str:
    """The last name of a path, a number at its end set off.

    >>> short_name(("layer0", "neuron2"))
    'neuron 2'
    """
    return re.sub(r"(?<=[a-zA-Z])(\d+)$", r" \1", shortened(path[-1], 24)) if path else ""
