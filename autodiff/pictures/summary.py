"""A graph in a few lines of text, however large it is.

Holds: `counted` and `summary`.

May import: atoms, words.
"""

from collections import Counter

from autodiff.pictures.atoms import OPERATION, Atoms
from autodiff.words.text import shortened

_MOST_OPS = 12


def counted(atoms: Atoms) -> str:
    """How many of what: `2 inputs, 3 parameters; 2 *, 2 +, 1 tanh`."""
    kinds = Counter(kind for kind in atoms.kinds if kind != OPERATION)
    ops = Counter(
        item.op for item, kind in zip(atoms.items, atoms.kinds, strict=True) if kind == OPERATION
    )
    leaves = ", ".join(f"{n} {kind}{'s' * (n != 1)}" for kind, n in kinds.items())
    shown = [f"{n} {shortened(op, 20)}" for op, n in ops.most_common(_MOST_OPS)]
    if len(ops) > _MOST_OPS:
        shown.append(f"{len(ops) - _MOST_OPS} other operations")
    return "; ".join(part for part in (leaves, ", ".join(shown)) if part)


def summary(atoms: Atoms) -> str:
    """Counts, depth and widest place, one per line."""
    levels: list[int] = []
    for operands in atoms.operands:
        level = 0
        for operand in operands:
            if levels[operand] >= level:
                level = levels[operand] + 1
        levels.append(level)
    widths = Counter(levels)
    widest, width = max(widths.items(), key=lambda pair: (pair[1], -pair[0]))
    edges = sum(map(len, atoms.operands))
    return (
        f"{len(atoms)} boxes, {edges} edges: {counted(atoms)}\n"
        f"depth {max(levels)}; widest at depth {widest} with {width} box{'es' * (width != 1)}"
    )
