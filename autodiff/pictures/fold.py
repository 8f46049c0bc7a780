"""Making large graphs small: which atoms share a box.

Holds: `Grouping`; `fitted`, which folds until the boxes fit a budget; `by_depth`, `by_names` and
`around`, which fold what the user names.

May import: atoms.  Never knows what a box looks like.
"""

import difflib
import math
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from autodiff.pictures.atoms import CONSTANT, Atoms

Path = tuple[str, ...]
# How much alike parts must be to share a box.
APART, SAMPLES, LISTS = 0, 1, 2
# A folded picture does not list more inputs and constants than this one by one.
_MOST_LEAVES = 24
_LONGEST = 80  # characters of a name in a message


@dataclass
class Grouping:
    """Which group each atom is in.

    Attributes:
        of: The number of the group of each atom.
        paths: For each group that is a folded scope, its path.
    """

    of: list[int]
    paths: dict[int, Path]


def grouped(
    atoms: Atoms, path_of: Callable[[Path], Path], alike: int = APART, most: float = math.inf
) -> Grouping | None:
    """Atoms grouped by what `path_of` makes of their scope; () keeps them apart.

    Args:
        atoms: The graph.
        path_of: The scope to fold, for each scope.
        alike: With SAMPLES, atoms of one operation on operands of the same groups share a group:
            the same computation on another sample.  With LISTS, x0, x1, ... are alike too.
        most: How many groups there may be.

    Returns:
        The grouping, or None if there would be more than `most` groups.
    """
    of: list[int] = []
    paths: dict[int, Path] = {}
    known: dict[Hashable, int] = {}
    parts: dict[int, tuple[int, ...]] = {}
    folded = {scope: path_of(scope) for scope in set(atoms.scopes)}
    for number, scope in enumerate(atoms.scopes):
        path = folded[scope]
        group = _running_total(atoms, number, of, parts) if alike and not path else None
        if group is None:
            key = path or (_likeness(atoms, number, of, alike) if alike else number)
            group = known.setdefault(key, len(known))
            if group >= most:
                return None
            if path:
                paths[group] = path
            elif alike:
                parts.setdefault(group, tuple([of[operand] for operand in atoms.operands[number]]))
        of.append(group)
    return Grouping(of, paths)


def _likeness(atoms: Atoms, number: int, of: list[int], alike: int) -> Hashable:
    """What an atom has in common with its copies."""
    item, kind, scope = atoms.items[number], atoms.kinds[number], atoms.scopes[number]
    if kind == CONSTANT:  # alike if it is the same operand of like operations
        user = atoms.first_use[number]
        return kind, scope, atoms.items[user].op, atoms.operands[user].index(number)
    name = item.label[:40] if alike == SAMPLES else re.sub(r"\d+", "#", item.label[:40])
    operands = tuple([of[operand] for operand in atoms.operands[number]])
    # What a list of 61 losses sums up is no more than what one of two does.
    short: Hashable = operands if len(operands) < 4 else frozenset(operands)
    return kind, scope, name, item.op, short


def _running_total(
    atoms: Atoms, number: int, of: list[int], parts: dict[int, tuple[int, ...]]
) -> int | None:
    """The group of `total` if the atom is `total + loss`, and `total` came about in that way."""
    item, operands = atoms.items[number], atoms.operands[number]
    if len(operands) != 2 or item.op not in ("+", "*") or item.label:
        return None
    for total, part in (operands, operands[::-1]):
        if (
            atoms.kinds[total] != CONSTANT != atoms.kinds[part]
            and atoms.items[total].op == item.op
            and of[part] in parts.get(of[total], ())
        ):
            return of[total]
    return None


def fitted(atoms: Atoms, budget: int) -> Grouping | None:
    """The finest folding with at most `budget` boxes, or None if there is none.

    Tried in turn: nothing folded; equal samples folded, and scopes from the innermost level
    outwards (neurons, then layers, then models); the same with the elements of lists folded.
    """
    if len(atoms) <= budget:
        return by_depth(atoms, 0)
    deepest = max(map(len, atoms.scopes), default=0)
    for alike in (SAMPLES, LISTS):
        for depth in range(deepest, 0, -1) if deepest else (0,):
            grouping = by_depth(atoms, depth, alike, budget)
            if grouping is None:
                continue
            if alike == LISTS or _leaves(atoms, grouping) <= _MOST_LEAVES:
                return grouping
    return None


def _leaves(atoms: Atoms, grouping: Grouping) -> int:
    """How many boxes hold no operation."""
    pairs = zip(grouping.of, atoms.operands, strict=True)
    return len({group for group, operands in pairs if not operands} - set(grouping.paths))


def by_depth(
    atoms: Atoms, depth: int, alike: int = APART, most: float = math.inf
) -> Grouping | None:
    """Scopes folded from this depth on: 1 folds models or layers, 2 what is inside; 0 nothing."""
    return grouped(
        atoms, lambda scope: scope[:depth] if 0 < depth <= len(scope) else (), alike, most
    )


def by_names(atoms: Atoms, names: Iterable[str]) -> Grouping | None:
    """The named scopes folded, and nothing else.

    Raises:
        ValueError: If there is no such scope.
    """
    rank = {path: place for place, path in enumerate(_paths(atoms, names, "fold"))}

    def path_of(scope: Path) -> Path:
        around = [scope[:depth] for depth in range(1, len(scope) + 1)]
        return min((path for path in around if path in rank), key=rank.__getitem__, default=())

    return grouped(atoms, path_of)


def around(atoms: Atoms, name: str, budget: int) -> Grouping | None:
    """One scope unfolded; what lies beside it folded, as far as it does not hold that scope.

    Raises:
        ValueError: If there is no such scope.
    """
    (focus,) = _paths(atoms, [name], "focus")

    def path_of(scope: Path) -> Path:
        common = 0
        while common < min(len(scope), len(focus)) and scope[common] == focus[common]:
            common += 1
        return () if common == len(focus) else scope[: common + 1]

    found = (grouped(atoms, path_of, alike, budget) for alike in (APART, SAMPLES, LISTS))
    return next((grouping for grouping in found if grouping is not None), None)


def _paths(atoms: Atoms, names: Iterable[str], option: str) -> list[Path]:
    """The paths of scopes, given as `"layer1/neuron2"`, which must exist."""
    scopes = set(atoms.scopes)
    known = {scope[:depth] for scope in scopes for depth in range(1, len(scope) + 1)}
    paths = []
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{option} takes the name of a scope, not a {type(name).__name__}")
        path = tuple(name.split("/"))
        if path not in known:
            raise ValueError(f"{option}={name!r:.80}: {_advice(name, known)}")
        paths.append(path)
    return paths


def _advice(name: str, known: set[Path]) -> str:
    """What to write instead of the name of a scope that does not exist."""
    if not known:
        return "this graph has no scopes; compute it inside `with scope(...):`"
    names = sorted("/".join(each)[:_LONGEST] for each in known)
    # Likeness costs the product of the lengths, so neither may be a book, nor the list a library.
    near = difflib.get_close_matches(name[:_LONGEST], names[:1000], 3, 0.3) or names[:3]
    return f"there is no such scope; there is {', '.join(near)}"
