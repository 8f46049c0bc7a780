"""The graphviz object that `draw_dot` returns.

Holds: `Dot`, a `graphviz.Digraph` whose display, `pipe` and `render` find Graphviz the way all of
our pictures do: the `dot` program, else the wheel pygraphviz.

May import: engine, picture; the package graphviz, which is loaded when this module is.
"""

import os
from pathlib import Path
from typing import Any

import graphviz

from autodiff.draw import engine, page
from autodiff.draw.picture import Picture


class Dot(graphviz.Digraph):  # type: ignore[misc]
    """A computation graph as a `graphviz.Digraph`; nodes and attributes may be added to it."""

    def __init__(self, picture: Picture, form: str) -> None:
        super().__init__(format=form)
        self.body.extend(f"\t{line}\n" for line in picture.lines)
        self._picture = picture

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 (graphviz's name)
        *unused: Any,
        encoding: str | None = None,
        **options: Any,
    ) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: `"svg"`, `"png"`, `"pdf"`, ...; the one it was made with if left out.
            *unused: Taken as graphviz's own `pipe` takes them, and ignored,
            encoding: How the bytes are to be read as text.
            **options: and these too.
        """
        data = engine.run(self.source, format or self.format)
        return data if encoding is None else data.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
        *unused: Any,
        outfile: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> str:
        """Writes the source to a file, and the picture beside it.

        Args:
            filename: Where the source goes; `Digraph.gv` if left out.
            directory: The folder.
            view: Whether to open the picture.
            cleanup: Whether to delete the source afterwards.
            format: The one it was made with if left out.
            *unused: Taken as graphviz's own `render` takes them, and ignored.
            outfile: Where the picture goes; `filename.format` if left out.
            **options: Ignored too.

        Returns:
            The picture's path.
        """
        form = format or (Path(outfile).suffix[1:] if outfile else "") or self.format
        if outfile is not None and filename is None:
            filename = Path(outfile).with_suffix(".gv")
        source = Path(self.save(filename, directory=directory))
        target = Path(outfile) if outfile else source.with_name(f"{source.name}.{form}")
        target.write_bytes(self.pipe(form))
        if cleanup:
            source.unlink()
        if view:
            self._view(str(target), format=form, quiet=True)
        return str(target)

    def _repr_mimebundle_(self, *unused: Any, **options: Any) -> dict[str, str]:
        try:
            svg = self.pipe("svg", encoding="utf-8")
        except (engine.NoGraphviz, engine.TooSlow):
            return self._picture._repr_mimebundle_()
        return {
            "text/plain": self._picture.text, "text/html": page.image(svg, self._picture.text),
            "image/svg+xml": svg,
        }  # fmt: skip
