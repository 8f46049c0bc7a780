"""The README and the pages of docs/ tell the truth: examples run, commands and links exist.

An example is a block marked `python`; code that is not to be run is marked `py`.  All of a page run
in order in one namespace, so a later one may use what an earlier one made.  A line
`print(x)  # 1.5` must print 1.5 (words may follow a comma); a block marked `text` right after an
example is what the example prints; and a block with `>>>` is a doctest, where ... stands for
anything.
"""

import ast
import contextlib
import doctest
import io
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.targets import targets

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
PAGES = [README, *sorted((README.parent / "docs").glob("*.md"))]
TARGETS = targets()


class Block(NamedTuple):
    """A fenced block of a page: language, text, and the line on which the text begins."""

    language: str
    text: str
    line: int
    start: int
    end: int


def fenced(text: str) -> list[Block]:
    pattern = r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$"
    return [
        Block(m[1], m[2], text.count("\n", 0, m.start(2)) + 1, *m.span())
        for m in re.finditer(pattern, text, re.DOTALL | re.MULTILINE)
    ]


def promised_output(text: str, blocks: list[Block], index: int) -> str | None:
    """The text block right after example `index`, with nothing but white space between."""
    if index + 1 == len(blocks) or blocks[index + 1].language != "text":
        return None
    between = text[blocks[index].end : blocks[index + 1].start]
    return blocks[index + 1].text if not between.strip() else None


def promised_comments(source: str) -> dict[int, str]:
    """For each `print(...)` with a comment on its last line: its first line, and the comment."""
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call, end = node.value, node.end_lineno or node.lineno
            after = lines[end - 1].encode()[node.end_col_offset :].decode().strip()
            if isinstance(call.func, ast.Name) and call.func.id == "print" and after:
                found[node.lineno] = after.lstrip("#").strip()
    return found


def agrees(printed: str, comment: str) -> bool:
    return comment == printed or comment.startswith((f"{printed},", f"{printed}:"))


def execute(block: Block, namespace: dict[str, object], page: str) -> str:
    """Run one example statement by statement, hold prints to their comments, return the output."""
    if ">>>" in block.text:
        test = doctest.DocTestParser().get_doctest(
            block.text, namespace, page, page, block.line - 1
        )
        report = io.StringIO()
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
        runner.run(test, out=report.write, clear_globs=False)
        namespace.update(test.globs)
        assert not runner.failures, report.getvalue()
        return ""
    comments, output = promised_comments(block.text), ""
    for node in ast.parse(block.text).body:
        code = compile(ast.increment_lineno(ast.Module([node], []), block.line - 1), page, "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        line = node.lineno - block.line + 1
        if line in comments:
            said, told = printed.getvalue().strip(), comments[line]
            assert agrees(said, told), f"{page}:{node.lineno} promises {told!r}, prints {said!r}"
        output += printed.getvalue()
    return output


def run_examples(text: str, page: str = "README.md") -> int:
    """Run every example of a page in one namespace; return how many there are."""
    blocks, namespace, count = fenced(text), {"__name__": "__main__"}, 0
    for index, block in enumerate(blocks):
        if block.language == "python":
            count += 1
            printed, promised = (
                execute(block, namespace, page),
                promised_output(text, blocks, index),
            )
            if promised is not None:
                assert printed.rstrip() == promised.rstrip(), f"{page}:{block.line}: output"
    return count


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("own_rules")
def test_every_example_runs_and_prints_what_it_promises(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what an example writes does not land in the project
    count = run_examples(page.read_text(encoding="utf-8"), page.name)
    assert count > 0 or page is not README, "README.md shows no ```python example"


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1 + 1)  # 3\n```\n",
        "```python\nprint(1.25)  # 1.2\n```\n",
        "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n",
        "```python\n>>> 1 + 1\n3\n\n```\n",
        "```python\nx = 1\n```\nand then\n```python\nassert x == 2\n```\n",
    ],
)
def test_a_false_promise_is_noticed(text):
    with pytest.raises(AssertionError):
        run_examples(text)


def test_kept_promises_pass():
    text = (
        "```python\nx = 2\nprint(x)  # 2, as set\n```\n```python\n>>> x + 1\n3\n>>> y = 5\n\n```\n"
        "```python\nprint(\n    x + y\n)\n```\n\n```text\n7\n```\n"
    )
    assert run_examples(text) == 3


def test_a_failing_example_is_reported_at_its_line_of_the_readme():
    with pytest.raises(ZeroDivisionError) as caught:
        run_examples("# Title\n\n```python\nx = 0\n1 / x\n```\n")
    assert (caught.traceback[-1].lineno + 1, caught.traceback[-1].path.name) == (5, "README.md")


def named_commands(text: str) -> set[str]:
    """Every make target that stands in `code` or at the start of a line of a fenced block."""
    inline = re.findall(r"`make ([a-z][\w-]*)[^`\n]*`", text)
    lines = [line for block in fenced(text) for line in block.text.splitlines()]
    return {*inline, *(m[1] for line in lines if (m := re.match(r"\$? ?make ([a-z][\w-]*)", line)))}


def test_every_make_target_that_is_named_exists():
    named = named_commands(TEXT)
    assert {"demo", "test"} <= named
    assert named <= {target.name for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_line_of_every_make_target_is_printed_for_those_without_make(target):
    assert f"python -m {target.line}" in TEXT


def test_every_printed_tools_line_is_one_of_the_makefile():
    printed = re.findall(r"python3? -m (tools\.venv [^`|\n]*[^`|\s])", TEXT)
    assert set(printed) <= {target.line for target in TARGETS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_project_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|(?:src|href)=\"([^\"#]+)", text)
    paths = {a or b for a, b in links if not re.match(r"[a-z]+:", a or b)}
    missing = {path for path in paths if not (page.parent / path).exists()}
    assert not missing


def prose(page):
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_has_it(page):
    for path, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", prose(page)):
        target = page.parent / path if path else page
        if target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {path}#{anchor}"
