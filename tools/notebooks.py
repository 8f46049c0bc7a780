"""The course's notebooks: run them, keep them clean, make pages of them.

    python -m tools.notebooks run [NAME ...]   runs them in place, in the kernel of this Python
    python -m tools.notebooks html [NAME ...]  writes stand-alone pages into out/html

A NAME is the beginning of a file's name, `03`; without one all are meant.  `run` keeps the outputs
of one clean run from top to bottom, warnings being errors, and nothing that changes from run to
run; what a cell tagged `picture` shows goes into notebooks/pictures too, under the number of its
notebook.
"""

import base64
import os
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
PAGES = ROOT / "out" / "html"
# Sliders live in a running notebook only: what is kept is the still picture shown without them.
STRICT = "import sys, warnings; warnings.simplefilter('error'); sys.modules['ipywidgets'] = None"
LENIENT = "warnings.resetwarnings()"  # or the kernel itself trips over a warning as it shuts down
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

# nbconvert's own page without the libraries that it would fetch; the pictures bring their scripts.
TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block notebook_css -%}
{{ super() }}
{{ resources.include_css("static/theme-dark.css")
   | replace("<style", '<style media="(prefers-color-scheme: dark)"') }}
<style>main { max-width: 62rem; margin: auto; } img { max-width: 100%; }</style>
{%- endblock -%}
"""


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose file names begin with one of `names`, or all, in order."""
    paths = sorted(FOLDER.glob("[0-9]*.ipynb"))
    return [path for path in paths if not names or path.name.startswith(tuple(names))]


def execute(notebook: Any) -> Any:
    """Runs a notebook from top to bottom in a new kernel that finds these packages first."""
    import nbclient
    import nbformat

    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    first, last = map(nbformat.v4.new_code_cell, (STRICT, LENIENT))
    notebook.cells[:] = [first, *notebook.cells, last]
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute(env={**os.environ, "PYTHONPATH": path})
    notebook.cells[:] = notebook.cells[1:-1]
    return notebook


def clean(notebook: Any) -> None:
    """Takes out of a notebook what changes from run to run."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat_minor = 5
    count = 0
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}"
        kept = {key: cell.metadata[key] for key in ("tags", "wrong") if key in cell.metadata}
        cell.metadata = kept
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count
        cell.outputs = joined(cell.outputs)


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs with neighbouring pieces of one stream in one piece."""
    kept: list[Any] = []
    for output in outputs:
        if kept and output.get("name") == kept[-1].get("name") == "stdout":
            kept[-1]["text"] += output["text"]
        else:
            kept.append(output)
    return kept


def save_picture(notebook: Any, number: str) -> None:
    """Writes what the cell tagged `picture` shows, as SVG if there is one, else as PNG."""
    for cell in notebook.cells:
        if "picture" not in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/svg+xml" in data:
                text = data["image/svg+xml"]
                (FOLDER / "pictures" / f"{number}.svg").write_text(text, encoding="utf-8")
            elif "image/png" in data:
                (FOLDER / "pictures" / f"{number}.png").write_bytes(
                    base64.b64decode(data["image/png"])
                )


def run(paths: list[Path]) -> None:
    """Runs notebooks in place."""
    import nbformat

    for path in paths:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        execute(notebook)
        clean(notebook)
        save_picture(notebook, path.name[:2])
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        print(f"ran {path.relative_to(ROOT)}", flush=True)


def html(paths: list[Path]) -> None:
    """Writes one page per notebook, with the outputs that it holds, and the texts beside them."""
    import nbformat

    PAGES.mkdir(parents=True, exist_ok=True)
    shutil.copytree(FOLDER / "pictures", PAGES / "pictures", dirs_exist_ok=True)
    for path in paths:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        write_page(notebook, path.stem)
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8").replace(".md)", ".html)")
        cell = nbformat.v4.new_markdown_cell(text)  # type: ignore[no-untyped-call]
        notebook = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
        write_page(notebook, "index" if path.stem == "README" else path.stem)


def write_page(notebook: Any, name: str) -> None:
    """Writes one page, which asks the network for nothing and is as dark as the reader's system."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(raw_template=TEMPLATE)  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": name}})
    page = page.replace(".ipynb", ".html").replace('"README.md"', '"index.html"')
    path = PAGES / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}", flush=True)


def main(arguments: list[str]) -> int:
    """Does what the first word says with the notebooks that the others name."""
    commands = {"run": run, "html": html}
    if not arguments or arguments[0] not in commands:
        print((__doc__ or "").strip())
        return 2
    paths = chosen(arguments[1:])
    if not paths:
        print(f"no notebook's name begins with {' or '.join(arguments[1:])}")
        return 1
    commands[arguments[0]](paths)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
