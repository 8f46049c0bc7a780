"""The picture object that `draw` returns.

Holds: `Picture`: it makes its SVG when first asked for it, saves itself and shows itself in
notebooks.  Where a graph is too large, or Graphviz is missing or takes too long, it says so and
gives words instead.

May import: all of pictures but digraph; words, writing.
"""

import functools
import os
from pathlib import Path
from typing import Any

from autodiff.pictures import cards, engine, page
from autodiff.pictures.atoms import Atoms
from autodiff.pictures.build import build
from autodiff.pictures.dot import Writer, note
from autodiff.pictures.fold import Grouping
from autodiff.pictures.layout import parse
from autodiff.pictures.overlay import dress
from autodiff.pictures.stepper import stepper
from autodiff.pictures.steps import Moment, told
from autodiff.pictures.summary import counted, summary
from autodiff.pictures.svg import Drawing
from autodiff.words.lines import Trace
from autodiff.words.tables import text_table
from autodiff.words.text import shortened
from autodiff.words.trace import Step
from autodiff.writing import write_file

DIRECTIONS = ("LR", "RL", "TB", "BT")
_MOST_EXPLAINED = 60
_FORMATS = ("svg", "png", "pdf", "dot", "html")
_TOO_LARGE = (
    "Too large for a picture: put parts into `with scope(...):` and they fold, or give draw "
    "focus=, fold=, or more boxes= (and seconds=)"
)


class Picture:
    """A computation graph as it stood when `draw` was called.

    Attributes:
        svg: The SVG text; where no picture is possible, an SVG with words.
        html: A piece of HTML that shows it.
        lines: What stands between the braces of `dot`.
        text: What the graph consists of, in words.
        boxes: How many boxes it shows; 0 if the graph is too large.
    """

    def __init__(
        self,
        atoms: Atoms,
        grouping: Grouping | None,
        direction: str,
        spec: str,
        seconds: float,
        steps: list[Step] | None = None,
    ) -> None:
        self._seconds, self._spec = seconds, spec
        root = atoms.items[-1]
        self._title = f"Computation graph of {shortened(root.label or root.op or 'a leaf', 40)}"
        self.text = f"{self._title}: {counted(atoms)}"
        self.boxes, self._trouble = 0, ""
        self._moments: list[Moment] = []
        if grouping is None:
            self._trouble = f"{summary(atoms)}\n{_TOO_LARGE}"
            self.lines = note(f"{self._title}\n{self._trouble}")
            return
        self._scene = build(atoms, grouping)
        self.boxes = len(self._scene.boxes)
        self._said = cards.wording(self._scene, spec)
        self._moments = [] if steps is None else told(self._scene, steps, spec)
        self._cards = [cards.card_of(box, self._scene, self._said) for box in self._scene.boxes]
        self.lines = Writer(self._scene, self._cards, self._said, direction).lines()

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles hold: the finished picture, without the graph it was made of."""
        self._drawn  # noqa: B018 (made when asked for)
        left = {"_scene", "_cards", "_said"}
        return {name: value for name, value in vars(self).items() if name not in left}

    @property
    def dot(self) -> str:
        """The source for Graphviz; if the graph is too large, of one node with words."""
        return "\n".join(["digraph {", *self.lines, "}", ""])

    @functools.cached_property
    def _drawn(self) -> tuple[str, str]:
        """`(svg, trouble)`: the SVG, or "" and the words that stand for it."""
        if self._trouble:
            return "", self._trouble
        try:
            layout = parse(engine.run(self.dot, "json0", self._seconds))
        except engine.TooSlow as error:
            return "", f"{summary(self._scene.atoms)}\n{error}: {_TOO_LARGE}"
        except engine.NoGraphviz as error:
            return "", f"{self._table()}\n{error}"
        prefix = page.prefix_of(f"{self.dot}{len(self._moments)}")
        drawing = Drawing(self._scene, self._cards, self._said, layout, prefix)
        if self._moments:
            dress(drawing, self._moments)
        return drawing.text(), ""

    def _table(self) -> str:
        """What stands for a small picture where there is no Graphviz."""
        atoms = self._scene.atoms
        if len(atoms) > _MOST_EXPLAINED:
            return summary(atoms)
        return text_table(Trace(self._scene.root, self._spec, _MOST_EXPLAINED))

    @property
    def trouble(self) -> str:
        """Why there is no picture, with the words that stand for it; "" if there is one."""
        return self._drawn[1]

    @property
    def svg(self) -> str:
        """The SVG text; where no picture is possible, an SVG with words."""
        svg, trouble = self._drawn
        return svg or page.letter(f"{self._title}\n{trouble}", self._title)

    @property
    def html(self) -> str:
        """A piece of HTML that shows the picture, and needs nothing but itself."""
        if self._drawn[0] and self._moments:
            sentences = [each.sentence for each in self._moments]
            return stepper(self.svg, sentences, self._title)
        return page.image(self.svg, self._title)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file; its name's ending is the format.

        Args:
            path: A name that ends in .svg, .png, .pdf, .dot or .html.

        Returns:
            The path.

        Raises:
            ValueError: If the ending is none of these.
            RuntimeError: If it is .png or .pdf and there is no Graphviz, or it takes too long.
            OSError: If the file cannot be written.
        """
        target = Path(path)
        form = target.suffix[1:].lower()
        if form not in _FORMATS:
            raise ValueError(
                f"save takes a name that ends in {', '.join('.' + each for each in _FORMATS)}; "
                f"got {target.name!r}"
            )
        if form == "svg":
            return write_file(target, self.svg.encode())
        if form == "html":
            return write_file(target, page.page(self.html, self._title).encode())
        return write_file(target, self.dot.encode() if form == "dot" else self._rendered(form))

    def _rendered(self, form: str) -> bytes:
        """PNG at twice the resolution of a screen, so that it may be shown large; or PDF."""
        more = "graph [dpi=144]\n" if form == "png" else ""
        source = self.dot.replace("digraph {\n", f"digraph {{\n{more}", 1)
        try:
            return engine.run(source, form, self._seconds)
        except engine.TooSlow as error:
            raise engine.TooSlow(f"{error}: {_TOO_LARGE}") from None

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """What a notebook shows."""
        svg, trouble = self._drawn
        if not svg:
            return {"text/plain": f"{self._title}\n{trouble}", "text/html": self.html}
        return {"text/plain": self.text, "text/html": self.html, "image/svg+xml": svg}
