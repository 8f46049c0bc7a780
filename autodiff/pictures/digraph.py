"""The graphviz object that `draw_dot` returns.

Holds: `Digraph`, a `graphviz.Digraph` that finds Graphviz the way all of our pictures do: the `dot`
program, else the wheel pygraphviz.

May import: engine, page, picture, writing; the package graphviz, which is loaded when this module
is.
"""

import inspect
from pathlib import Path
from typing import Any

import graphviz

from autodiff.pictures import engine as layout
from autodiff.pictures import page
from autodiff.pictures.picture import Picture
from autodiff.writing import write_file


class Digraph(graphviz.Digraph):  # type: ignore[misc]
    """A computation graph as a `graphviz.Digraph`: all that one does, with or without `dot`.

    Nodes, edges and attributes may be added to it.
    """

    _picture: Picture | None = None  # a subgraph, and whatever else graphviz makes, has none

    @classmethod
    def of(cls, picture: Picture, form: str) -> "Digraph":
        """The digraph of a picture, which `render` and `pipe` turn into the format `form`."""
        made = cls(format=form, body=[f"\t{line}\n" for line in picture.lines])
        made._picture = picture
        return made

    def copy(self) -> "Digraph":
        """An independent copy."""
        twin: Digraph = super().copy()
        twin._picture = self._picture
        return twin

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 (graphviz's name)
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: `"svg"`, `"png"`, `"pdf"`, ...; the one it was made with if left out.
            renderer: This and the next three, and `engine`, are those of `graphviz.Digraph.pipe`;
                they need the programs of Graphviz.
            formatter: See there.
            neato_no_op: See there.
            quiet: See there.
            engine: See there.
            encoding: How the bytes are to be read as text.

        Raises:
            RuntimeError: If there is no Graphviz, or the layout takes more than 10 seconds.
            graphviz.CalledProcessError: If Graphviz cannot read what was added.
        """
        asked = renderer, formatter, neato_no_op, engine, self.renderer, self.formatter
        own = super().pipe
        options = {
            "renderer": renderer, "formatter": formatter, "neato_no_op": neato_no_op,
            "quiet": quiet, "engine": engine, "encoding": encoding,
        }  # fmt: skip
        if any(asked) or self.engine != "dot":
            return own(format, **options)
        try:
            data = layout.run(self.source, format or self.format)
        except layout.NoGraphviz as error:
            try:  # graphviz says better what is wrong with a source or a format
                return own(format, **options)
            except graphviz.ExecutableNotFound:
                raise error from None
        return data if encoding is None else data.decode(encoding)

    def render(self, *args: Any, **options: Any) -> str:
        """Writes the source to a file, and the picture beside it.

        Args:
            *args: Those of `graphviz.Digraph.render`,
            **options: which are filename, directory, view, cleanup, format, outfile, ...

        Returns:
            The picture's path.
        """
        own = super().render
        asked = inspect.signature(own).bind(*args, **options).arguments
        try:
            return own(**asked)  # type: ignore[no-any-return]
        except (graphviz.ExecutableNotFound, graphviz.CalledProcessError):
            return self._rendered(**asked)

    def _rendered(
        self,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
        outfile: Any = None,
        **unused: Any,
    ) -> str:
        """`render` without a `dot` that works; the source is in its file already."""
        form = format or (Path(outfile).suffix[1:] if outfile else "") or self.format
        source = Path(self.filepath)
        target = source.with_name(f"{source.name}.{form}")
        if outfile:
            target = Path(outfile) if directory is not None else Path(self.directory, outfile)
        write_file(target, self.pipe(form))
        if cleanup:
            source.unlink()
        if view:
            self._view(str(target), format=form, quiet=True)
        return str(target)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None, **options: Any
    ) -> dict[str, Any]:
        """What a notebook shows: an SVG, or what `graphviz.set_jupyter_format` asks for."""
        text = self._picture.text if self._picture is not None else "A part of a graph"
        try:
            shown: dict[str, Any] = super()._repr_mimebundle_(include, exclude, **options)
        except layout.NoGraphviz as error:
            if self._picture is not None:
                return self._picture._repr_mimebundle_()
            return {"text/plain": f"{text}: {error}"}
        except layout.TooSlow as error:
            return {"text/plain": f"{text}: {error}"}
        if include is None and "image/svg+xml" in shown:
            shown["text/html"] = page.image(shown["image/svg+xml"], text)
        return {"text/plain": text, **shown} if include is None else shown
