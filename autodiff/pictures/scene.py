"""What a picture shows, before any layout: boxes and the links between them.

Holds: `Box`, `Link`, `Scene`.

May import: atoms.  Knows no colour and no size.
"""

from dataclasses import dataclass, field
from typing import Any

from autodiff.pictures.atoms import CONSTANT, Atoms

FOLDED, OUTPUT = "folded", "output"


@dataclass
class Box:
    """One card: an operation, a leaf, a constant, or a folded group of them.

    Attributes:
        atoms: The numbers of the atoms inside.
        kind: What its border tells.
        shown: The atoms whose numbers it shows: its own, or the results of a folded group.
        op: The operation's label, `""` for a leaf.
        name: What it is called on the card.
        full_name: What sentences call it.
        is_named: Whether the user chose the name.
        data: The numbers of `shown`.
        grad: The gradients of `shown`; empty if none can arrive.
        scope: The path of frames that it stands in.
        copies: How many equal parts were folded into it.
        notes: What a folded box holds, `["4 parameters"]`.
        is_output: Whether it holds the root.
    """

    atoms: list[int]
    kind: str
    shown: list[int]
    op: str = ""
    name: str = ""
    full_name: str = ""
    is_named: bool = True
    data: tuple[float, ...] = ()
    grad: tuple[float, ...] = ()
    scope: tuple[str, ...] = ()
    copies: int = 1
    notes: list[str] = field(default_factory=list)
    is_output: bool = False


@dataclass
class Link:
    """An operand's way into a result; in folded pictures, of all uses between two boxes.

    Attributes:
        tail: Number of the operand's box.
        head: Number of the result's box.
        uses: For each use (number of the result's atom, position of the operand).
        incoming: The result's gradient, if there is one use.
        local: d(result)/d(operand), if there is one use.
        contribution: What flows back, summed over the uses; None if the operand is a constant.
    """

    tail: int
    head: int
    uses: list[tuple[int, int]] = field(default_factory=list)
    incoming: float | None = None
    local: float | None = None
    contribution: float | None = None

    def add(self, atoms: Atoms, atom: int, position: int, local: float) -> None:
        """Adds one use of an operand."""
        self.uses.append((atom, position))
        once = len(self.uses) == 1
        self.local = local if once else None
        if atoms.kinds[atoms.operands[atom][position]] != CONSTANT:
            incoming = atoms.grads[atom]
            self.incoming = incoming if once else None
            self.contribution = (self.contribution or 0.0) + incoming * local


@dataclass
class Scene:
    """All boxes and links of a picture.

    Attributes:
        boxes: In the order of the forward pass.
        links: In the order of their results, then of the operands as written.
        atoms: What the boxes' numbers refer to.
        names: The name of each Value, by id.
        box_of: The number of each atom's box.
        largest: The largest finite gradient in absolute value, of boxes and links.
    """

    boxes: list[Box]
    links: list[Link]
    atoms: Atoms
    names: dict[int, str]
    box_of: list[int]

    def __post_init__(self) -> None:
        sizes = [abs(grad) for box in self.boxes for grad in box.grad]
        sizes += [abs(each.contribution) for each in self.links if each.contribution is not None]
        self.largest = max((size for size in sizes if size < float("inf")), default=0.0)

    @property
    def before_backward(self) -> bool:
        """Whether no gradient has arrived yet."""
        return self.atoms.before_backward

    @property
    def root(self) -> Any:
        """The Value at the end."""
        return self.atoms.items[-1]
