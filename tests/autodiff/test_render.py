"""Rendering without trouble: with only `dot`, with only pygraphviz, with neither."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff import draw, draw_dot
from autodiff.pictures import engine
from tests.autodiff.pictures import elements, network, neuron

ROOT = Path(__file__).resolve().parents[2]
ADVICE = "Pictures need Graphviz. Run: %pip install pygraphviz (no restart needed)"

# A `dot` program for machines without one: the library that pygraphviz brings along.
STAND_IN = f"""#!{sys.executable}
import sys
import pygraphviz
form = next(word[2:] for word in sys.argv if word.startswith("-T"))
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
sys.stdout.buffer.write(graph.draw(format=form, prog="dot"))
"""

needs_scripts = pytest.mark.skipif(os.name == "nt", reason="programs are no scripts on Windows")


def program(folder, text):
    """A folder with a `dot` in it."""
    path = folder / "dot"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return folder


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """Nothing on the PATH."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    engine.run.cache_clear()
    return folder


@pytest.fixture
def no_pygraphviz(monkeypatch):
    """import pygraphviz fails."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    engine.run.cache_clear()


def is_picture(svg):
    return sum(each.tag.endswith("}path") for each in elements(svg)) > 8


@needs_scripts
def test_with_only_dot(no_dot, no_pygraphviz):
    program(no_dot, STAND_IN)
    assert is_picture(draw(neuron()).svg)
    assert is_picture(draw_dot(neuron()).pipe("svg", encoding="utf-8"))
    assert len(engine._engines()) == 1


def test_with_only_pygraphviz(no_dot):
    pytest.importorskip("pygraphviz")
    assert is_picture(draw(neuron()).svg)
    assert is_picture(draw_dot(neuron()).pipe("svg", encoding="utf-8"))
    assert [command[0] for command in engine._engines()] == [sys.executable]


@pytest.mark.parametrize("seconds", [1e300, float("inf")])
def test_a_layout_may_take_for_ever(seconds):
    engine.run.cache_clear()
    assert is_picture(draw(neuron(), seconds=seconds).svg)


def test_with_neither_there_is_the_table_and_one_line_of_advice(no_dot, no_pygraphviz, tmp_path):
    picture = draw(neuron())
    for bundle in (
        picture._repr_mimebundle_(),
        draw_dot(neuron())._repr_mimebundle_(),
        neuron()._repr_mimebundle_(),
    ):
        assert bundle["text/plain"].splitlines()[-1] == ADVICE
        assert "x1.grad += (x1*w1).grad * w1 = 0.5 * -3 = -1.5" in bundle["text/plain"]
        assert "data:image/svg+xml" in bundle["text/html"]
        assert "image/svg+xml" not in bundle
    for name in ("p.svg", "p.html", "p.dot"):
        assert picture.save(tmp_path / name).stat().st_size > 500
    assert ADVICE in "".join(elements(picture.svg)[0].itertext())
    with pytest.raises(RuntimeError) as caught:
        picture.save(tmp_path / "p.png")
    assert str(caught.value) == ADVICE


def test_a_digraph_renders_with_only_pygraphviz(no_dot, tmp_path, monkeypatch):
    pytest.importorskip("pygraphviz")
    viewed = []
    monkeypatch.setattr(
        "graphviz.Digraph._view", lambda self, path, **options: viewed.append((path, options))
    )
    monkeypatch.chdir(tmp_path)
    dot = draw_dot(neuron())
    assert dot.render("graph", tmp_path / "a", True, format="png") == str(tmp_path / "a/graph.png")
    assert dot.render(outfile="b.svg", directory=tmp_path, cleanup=True) == "b.svg"
    assert viewed == [(str(tmp_path / "a/graph.png"), {"format": "png", "quiet": True})]
    written = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")}
    assert written == {"a/graph.png", "b.svg"}
    assert dot.copy().pipe("svg").startswith(b"<?xml")


def test_with_neither_a_digraph_says_what_to_install(no_dot, no_pygraphviz, tmp_path):
    dot = draw_dot(neuron())
    for call in (dot.pipe, lambda: dot.render(directory=tmp_path), dot.copy().pipe):
        with pytest.raises(RuntimeError) as caught:
            call()
        assert str(caught.value) == ADVICE
    with dot.subgraph() as part:
        assert part._repr_mimebundle_() == {"text/plain": f"A part of a graph: {ADVICE}"}


def test_a_picture_that_was_copied_elsewhere_needs_no_graphviz(no_dot, no_pygraphviz):
    words = draw(neuron())
    twin = pickle.loads(pickle.dumps(words))
    assert twin._repr_mimebundle_() == words._repr_mimebundle_()
    assert ADVICE in twin._repr_mimebundle_()["text/plain"]


def test_pygraphviz_is_found_without_a_restart(no_dot, monkeypatch):
    pytest.importorskip("pygraphviz")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pygraphviz", None)
        assert ADVICE in draw(neuron())._repr_mimebundle_()["text/plain"]
    assert is_picture(draw(neuron()).svg)


@needs_scripts
def test_a_dot_that_fails_is_passed_over(no_dot):
    pytest.importorskip("pygraphviz")
    program(no_dot, "#!/bin/sh\necho 'no layout plugin' >&2\nexit 1\n")
    assert is_picture(draw(neuron()).svg)


@needs_scripts
@pytest.mark.parametrize("text", ["\x7fELF no program", "#!/no/such/interpreter\n"])
def test_a_dot_that_cannot_be_started_is_no_traceback(no_dot, no_pygraphviz, text):
    program(no_dot, text)
    said = draw(neuron())._repr_mimebundle_()["text/plain"].splitlines()[-1]
    assert said.startswith(ADVICE + " (")


@needs_scripts
def test_a_dot_that_fails_says_why_in_the_advice(no_dot, no_pygraphviz):
    program(no_dot, "#!/bin/sh\necho 'no layout plugin' >&2\nexit 1\n")
    said = draw(neuron())._repr_mimebundle_()["text/plain"].splitlines()[-1]
    assert said == f"{ADVICE} (no layout plugin)"


@needs_scripts
def test_a_layout_that_does_not_end_is_ended_and_told_in_words(no_dot, no_pygraphviz, tmp_path):
    program(no_dot, f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    picture = draw(network(), seconds=0.3)
    text = picture._repr_mimebundle_()["text/plain"]
    assert "74 boxes, 94 edges" in text
    assert "took more than 0.3 seconds" in text and "fold" in text
    with pytest.raises(RuntimeError, match=r"more than 0\.3 seconds: Too large .* seconds="):
        picture.save(tmp_path / "p.png")


def test_a_module_of_the_users_folder_is_not_taken_for_pygraphviz(no_dot, tmp_path):
    pytest.importorskip("pygraphviz")
    (tmp_path / "pygraphviz.py").write_text("raise SystemExit('wrong')", encoding="utf-8")
    code = "from tests.autodiff.pictures import neuron; from autodiff import draw; import os; "
    code += f"os.chdir({str(tmp_path)!r}); print(draw(neuron()).svg[:4])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "<svg", done.stderr


def test_the_package_graphviz_is_needed_for_draw_dot_only():
    code = (
        "import sys; sys.modules['graphviz'] = None; "
        "from tests.autodiff.pictures import neuron; from autodiff import draw, explain; "
        "print(draw(neuron()).svg[:4]); explain(neuron()).text"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "<svg", done.stderr
