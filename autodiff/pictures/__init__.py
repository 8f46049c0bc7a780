"""Pictures of computation graphs.

Holds: `draw`, `draw_dot`, and `bundle`, which shows a Value in a notebook.

May import: its own modules, foreign, value; digraph, which needs the package graphviz, when first
used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from autodiff.foreign import refuse_node
from autodiff.pictures import fold as folding
from autodiff.pictures.atoms import Atoms
from autodiff.pictures.picture import DIRECTIONS, Picture
from autodiff.value import Value
from autodiff.words.text import check_format
from autodiff.words.trace import backward_steps

if TYPE_CHECKING:
    from autodiff.pictures.digraph import Digraph

__all__ = ["Picture", "bundle", "draw", "draw_dot"]

_MOST_SHOWN = 30


def draw(
    root: Any,
    *,
    direction: str = "LR",
    fold: int | str | Iterable[str] | None = None,
    focus: str | None = None,
    boxes: int = 150,
    number: str = ".4g",
    parameters: Any = (),
    steps: bool = False,
    seconds: float = 10.0,
) -> Picture:
    """A picture of the graph of `root`: one card per node, the chain rule on the edges.

    Each edge carries the local derivative d(result)/d(operand); in small pictures after
    `backward()` the whole product, incoming gradient x local derivative = contribution.  Graphs of
    more than `boxes` boxes are folded: scopes from the inside out, and repeated parts.

    Args:
        root: The Value at the end.
        direction: The way of the forward pass: LR (left to right), RL, TB or BT.
        fold: Which scopes become one box each: a depth (1 folds layers, 2 neurons, 0 nothing), a
            name, or names; if left out, as many as needed.
        focus: The name of a scope, `"layer1/neuron2"`, to be unfolded alone.
        boxes: How many boxes a picture may have before it is folded.
        number: The format of numbers, such as `".3f"`.
        parameters: The Values to be marked as parameters, or a model; if left out, leaves that
            are labelled like weights and biases are.
        steps: Whether to show the backward pass step by step: with a slider in a notebook and in
            HTML, as an animation in SVG.  It need not have been run, and gradients do not change.
        seconds: How long the layout may take.

    Returns:
        The picture, as the graph is now; later changes of data and gradients do not show.

    Raises:
        TypeError: If `root` is not a Value, or an option is of the wrong type.
        ValueError: If an option is out of range, or a scope does not exist.

    >>> from autodiff import Value
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y)
    Computation graph of *: 1 input; 1 *
    """
    _check(root, direction, boxes, number, seconds)
    given = parameters.parameters() if hasattr(parameters, "parameters") else parameters
    if not steps:
        atoms = Atoms(root, given)
        return Picture(atoms, _grouping(atoms, fold, focus, boxes), direction, number, seconds)
    trace = backward_steps(root)
    grads = {id(root): 1.0} | {id(step.operand): step.total for step in trace}
    atoms = Atoms(root, given, grads)
    grouping = _grouping(atoms, fold, focus, boxes)
    return Picture(atoms, grouping, direction, number, seconds, trace)


def _check(root: Any, direction: str, boxes: int, number: str, seconds: float) -> None:
    refuse_node(root, "draw")
    if not isinstance(root, Value):
        raise TypeError(f"draw takes a Value, not a {type(root).__name__}: draw(loss)")
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is one of {', '.join(DIRECTIONS)}, not {direction!r}")
    if boxes.__class__ is not int or boxes < 1:
        raise ValueError(f"boxes is a whole number of at least 1, not {boxes!r}")
    if not seconds > 0:
        raise ValueError(f"seconds is more than 0, not {seconds!r}")
    check_format(number)


def _grouping(
    atoms: Atoms, fold: int | str | Iterable[str] | None, focus: str | None, boxes: int
) -> folding.Grouping | None:
    if focus is not None:
        return folding.around(atoms, focus, boxes)
    if fold is None:
        return folding.fitted(atoms, boxes)
    if isinstance(fold, str):
        return folding.by_names(atoms, [fold])
    if isinstance(fold, int):
        return folding.by_depth(atoms, fold)
    return folding.by_names(atoms, fold)


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Digraph:  # noqa: A002
    """The graph of `root` as a `graphviz.Digraph`, as micrograd's users know it.

    Args:
        root: The Value at the end.
        format: What `render` and `pipe` make if not told otherwise: svg, png, pdf, ...
        rankdir: The way of the forward pass: LR, RL, TB or BT.

    Returns:
        A `graphviz.Digraph`, to which nodes and edges may be added: it has `source`, `pipe()` and
        `render()`, and shows itself in notebooks, also where there is no `dot` program but the
        package pygraphviz.  A graph of more than 150 boxes is folded; if that leaves too many, one
        node says in words what the graph consists of, and what to do.

    Raises:
        TypeError: If `root` is not a Value.
        ValueError: If `rankdir` is none of the four.

    >>> from autodiff import Value
    >>> x = Value(3.0, label="x")
    >>> dot = draw_dot(x * x)
    >>> dot.source.startswith("digraph {")
    True
    """
    from autodiff.pictures.digraph import Digraph

    return Digraph.of(draw(root, direction=rankdir), format)


def bundle(root: Any) -> dict[str, str] | None:
    """What a notebook shows of a Value: its picture if it is small, else None for its text."""
    if not 2 <= _size(root) <= _MOST_SHOWN or _only_text():
        return None
    picture = draw(root)
    shown = picture._repr_mimebundle_()
    return shown if picture.trouble else {**shown, "text/plain": repr(root)}


def _only_text() -> bool:
    """Whether IPython runs in a terminal, where a picture would be made for nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    formatter = getattr(shell, "display_formatter", None)
    return getattr(formatter, "active_types", None) == ["text/plain"]


def _size(root: Any) -> int:
    """The number of boxes, as far as it matters; a huge graph is not walked to its end."""
    seen = {id(root)}
    waiting = [root]
    count = 1
    while waiting and count <= _MOST_SHOWN:
        for operand in waiting.pop().operands:
            if operand.__class__ is float:
                count += 1
            elif id(operand) not in seen:
                seen.add(id(operand))
                count += 1
                waiting.append(operand)
    return count
