"""Pictures in a real browser: what fits, what can be read, what the stepper and Jupyter do.

Skipped where Chromium, or JupyterLab with ipywidgets, is missing.
"""

import base64
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff import Value, draw, scope
from tests.autodiff.browser import CONTRAST, Browser, external, find_chromium, jupyterlab
from tests.autodiff.pictures import network, neuron, reuse

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="needs Chromium: apt-get install chromium"),
]
needs_jupyter = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("jupyterlab", "ipywidgets", "nbclient"))),
    reason='needs JupyterLab: python -m pip install -e ".[notebook]"',
)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def browser():
    with Browser() as window:
        yield window


def extremes():
    """Numbers as wide as they get, and labels of all kinds."""
    labels = ["", "w1", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "👩‍👩‍👧 家族 σ", "שלום", "﷽﷽﷽", "b"]
    data = [-1.7976931348623157e308, float("nan"), float("inf"), -5e-324, 1 / 3, -1e-5, 0.0]
    values = [Value(x, label) for x, label in zip(data, labels, strict=True)]
    with scope("layer0"):
        y = values[0] * values[1] + values[2]
    for each in values[3:]:
        y = y - each.tanh() * 1.7976931348623157e308
    y.backward()
    return y


# For every text that sticks out of the cell, card or plate that it stands on: how far.
OVERFLOW = """
(() => {
  const shapes = [...document.querySelectorAll('svg rect, svg text')];
  return [...document.querySelectorAll('svg text')].map(text => {
    const clip = text.parentNode.closest('svg[overflow]');
    const a = text.getBoundingClientRect();
    const x = a.left + a.width / 2, y = a.top + a.height / 2;
    const grounds = shapes.slice(0, shapes.indexOf(text)).filter(s => s.nodeName === 'rect')
      .map(s => s.getBoundingClientRect())
      .filter(r => r.left <= x && x <= r.right && r.top <= y && y <= r.bottom);
    if (!grounds.length) return [text.textContent, 1e9];
    const b = grounds[grounds.length - 1];
    const sides = clip ? 0 : Math.max(b.left - a.left, a.right - b.right);
    return [text.textContent, Math.max(sides, b.top - a.top - 1, a.bottom - b.bottom - 1)];
  }).filter(pair => pair[1] > 0.5);
})()
"""


def inline(svg, ground="#fff", font=""):
    style = f"body{{background:{ground};margin:0}}svg text{{{font}}}"
    return f"<!DOCTYPE html><meta charset=utf-8><style>{style}</style>{svg}"


PICTURES = {
    "neuron": lambda: draw(neuron()),
    "extremes": lambda: draw(extremes(), number=".17g"),
    "extremes-short": lambda: draw(extremes()),
    "folded": lambda: draw(network(61)),
    "unfolded": lambda: draw(network()),
    "steps": lambda: draw(reuse(), steps=True),
    "before": lambda: draw(neuron(backward=False), direction="TB"),
}


@pytest.mark.parametrize("font", ["Helvetica", "DejaVu Sans", "Liberation Sans"])
@pytest.mark.parametrize("name", PICTURES)
def test_no_text_is_wider_than_its_cell(browser, name, font):
    important = f"font-family:'{font}'!important"
    browser.show(inline(PICTURES[name]().svg, font=important))
    assert browser.run(OVERFLOW) == []


@pytest.mark.parametrize("ground", ["#fff", "#111"])
@pytest.mark.parametrize("name", PICTURES)
def test_every_text_can_be_read_on_white_and_on_black(browser, name, ground):
    browser.show(inline(PICTURES[name]().svg, ground))
    measured = browser.run(CONTRAST)
    assert len(measured) > 5
    assert [pair for pair in measured if pair[1] < 4.5] == []


def test_lines_can_be_seen_on_white_and_on_black():
    from autodiff.pictures.palette import NEGATIVE, POSITIVE, ZERO

    def light(hue):
        parts = [int(hue[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for hue in (POSITIVE, NEGATIVE, ZERO):
        assert 1.05 / (light(hue) + 0.05) > 3.0
        assert (light(hue) + 0.05) / (light("#111111") + 0.05) > 3.0


# --- the stepper --------------------------------------------------------------------------

GRADIENTS = """
Object.fromEntries([...document.querySelectorAll('svg g[id*="-g"]')].map(cell => {
  const name = cell.parentNode.querySelector('title').textContent.split(/ [=(]/)[0];
  const place = cell.getBoundingClientRect();
  const covers = [...document.querySelectorAll('svg .o')].filter(o => {
    const r = [...o.children].slice(-1)[0].getBoundingClientRect(), box = o.getBoundingClientRect();
    return getComputedStyle(o).opacity === '1' && Math.abs(box.left - place.left) < 1 &&
      Math.abs(box.top - place.top) < 1;
  });
  const shown = covers.length ? covers[0] : cell;
  return [name, [...shown.querySelectorAll('text')].slice(-1)[0].textContent];
}))
"""


def gradients(root):
    from autodiff.pictures.cards import show
    from autodiff.words.names import names
    from autodiff.words.trace import order

    nodes = order(root)
    return {names(nodes)[id(v)]: show(v.grad, ".4g") for v in nodes}


def test_the_stepper_clicked_to_the_end_shows_the_gradients_of_backward(browser, tmp_path):
    root = neuron(backward=False)
    page = draw(root, steps=True).save(tmp_path / "neuron.html")
    browser.open(page.as_uri())
    assert set(browser.run(GRADIENTS).values()) == {"–"}
    last = int(browser.run("document.querySelector('input[type=range]').max"))
    assert last == 11
    for _ in range(last):
        browser.run("document.querySelector('.next').click()")
    root.backward()
    assert browser.run(GRADIENTS) == gradients(root)
    assert "11 / 11" in browser.run("document.querySelector('[aria-live=polite]').textContent")
    assert browser.problems == [] and external(browser.requests) == []


def test_the_stepper_obeys_keys_and_slider(browser, tmp_path):
    browser.open(draw(reuse(), steps=True).save(tmp_path / "reuse.html").as_uri())
    browser.run("document.querySelector('[data-sentences]').focus()")
    line = "document.querySelector('.line').textContent"
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    assert "arrival 1 of 2" in browser.run(line)
    assert browser.run(GRADIENTS) == {"a": "–", "b": "1", "c": "1"}
    browser.press("ArrowRight")
    assert browser.run(GRADIENTS) == {"a": "–", "b": "2", "c": "1"}
    browser.press("ArrowLeft")
    assert browser.run(GRADIENTS)["b"] == "1"
    browser.press("End")
    assert browser.run(GRADIENTS) == {"a": "4", "b": "2", "c": "1"}
    browser.press("Home")
    assert "No gradient has arrived yet" in browser.run(line)
    slider = "document.querySelector('input[type=range]')"
    browser.run(f"{slider}.value = 5; {slider}.dispatchEvent(new Event('input'))")
    assert "a.grad += 2, now 4" in browser.run(line)


def test_the_stepper_plays_to_the_end(browser, tmp_path):
    browser.open(draw(reuse(), steps=True).save(tmp_path / "reuse.html").as_uri())
    browser.run(
        "{const set = setInterval; window.setInterval = (f, ms) => set(f, 1);"
        "document.querySelector('.go').click()}"
    )
    browser.wait("document.querySelector('.line').textContent.startsWith('6 / 6')")
    assert "play" in browser.run("document.querySelector('.go').textContent")


def test_as_an_image_the_steps_play_by_themselves_unless_motion_is_unwanted(browser, tmp_path):
    path = draw(reuse(), steps=True).save(tmp_path / "reuse.svg")
    try:
        browser.media(prefers_reduced_motion="no-preference")
        browser.open(path.as_uri())
        seek = (
            "document.getAnimations().forEach(a => {{ a.pause(); a.currentTime = {} }});"
            "[...document.querySelectorAll('.o')].filter(o => getComputedStyle(o).opacity === '1')"
            ".map(o => [...o.querySelectorAll('text')].map(t => t.textContent).join(' ')).join('|')"
        )
        assert "No gradient has arrived yet" in browser.run(seek.format(100))
        assert "b.grad += 1, now 2" in browser.run(seek.format(3 * 1600 + 100))
        browser.media(prefers_reduced_motion="reduce")
        browser.open(path.as_uri())
        assert browser.run("document.getAnimations().length") == 0
        assert browser.run(GRADIENTS) == {"a": "4", "b": "2", "c": "1"}
    finally:
        browser.media()


def test_a_picture_becomes_part_of_the_page_where_scripts_run(browser):
    html = draw(neuron()).html
    browser.show(f"<!DOCTYPE html><meta charset=utf-8>{html}")
    assert browser.run("document.querySelectorAll('svg').length") == 1
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert "−1.5" in browser.run("document.querySelector('svg').textContent")
    assert browser.problems == []


# --- JupyterLab ---------------------------------------------------------------------------

NOTEBOOK = {
    "picture": "from tests.autodiff.pictures import neuron, reuse\nneuron()",
    "steps": "from autodiff import draw\ndraw(neuron(backward=False), steps=True)",
    "dollar": (
        "from autodiff import Value, draw, explain\nx = Value(2.0, '$a$ $$b$$')\n"
        "from IPython.display import display\ndisplay(explain(x * x), draw(x * x, steps=True))"
    ),
    "slider": (
        "from autodiff import interact\n"
        "interact(lambda x, w: x * w, x=2.0, w=(-4.0, 4.0, 3.0))"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab server; gives its folder, its address and its environment."""
    with jupyterlab(tmp_path_factory.mktemp("lab")) as server:
        yield server


def written(lab, name, book, trust=False):
    """Writes a notebook, trusted or not, and returns its address."""
    import nbformat

    folder, address, environment = lab
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    if trust:
        command = [sys.executable, "-m", "jupyter", "trust", str(path)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return f"{address}/lab/tree/{path.name}?reset"


def notebook(*names):
    """A notebook with these cells, not run."""
    import nbformat

    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(NOTEBOOK[name]) for name in names],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


@pytest.fixture(scope="module")
def run_notebook(lab):
    """A notebook with pictures that has been run somewhere else."""
    from nbclient import NotebookClient

    book = notebook("picture", "steps", "dollar")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lab[2].items():
            patch.setenv(name, value)
        NotebookClient(book, resources={"metadata": {"path": str(ROOT)}}).execute()
    return book


# The notebook holds the picture of a neuron, its stepper, and one more.
ONLY_SECOND = (
    "[...document.querySelectorAll('svg[role=img]')].forEach((s, i) => i === 1 || s.remove())"
)


@needs_jupyter
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages
def test_an_untrusted_notebook_shows_pictures_as_images(browser, lab, run_notebook):
    browser.open(written(lab, "untrusted", run_notebook))
    images = "[...document.querySelectorAll('.jp-RenderedHTMLCommon img')]"
    browser.wait(f"{images}.filter(i => i.complete && i.naturalWidth > 300).length === 3")
    assert browser.run("document.querySelectorAll('.jp-OutputArea script').length") == 0
    assert browser.run("document.querySelectorAll('.autodiff-steps *').length") == 2
    assert external(browser.requests) == []


@needs_jupyter
@pytest.mark.filterwarnings("ignore")
def test_in_a_trusted_notebook_the_stepper_steps_to_the_gradients(browser, lab, run_notebook):
    browser.open(written(lab, "trusted", run_notebook, trust=True))
    browser.wait("document.querySelectorAll('.jp-OutputArea svg[role=img]').length === 3")
    assert browser.run("document.querySelectorAll('mjx-container, .MathJax').length") == 0
    last = int(browser.run("document.querySelector('input[type=range]').max"))
    for _ in range(last):
        browser.run("document.querySelector('.next').click()")
    root = neuron()
    browser.run(ONLY_SECOND)
    assert browser.run(GRADIENTS) == gradients(root)
    assert external(browser.requests) == []


@needs_jupyter
@pytest.mark.filterwarnings("ignore")
def test_the_stepper_works_in_a_notebook_converted_to_html(browser, run_notebook, tmp_path):
    from nbconvert import HTMLExporter

    # The full page of nbconvert would fetch MathJax; our part of it fetches nothing.
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(run_notebook)
    page = tmp_path / "notebook.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{html}", encoding="utf-8")
    browser.open(page.as_uri())
    assert browser.run("document.querySelectorAll('svg[role=img]').length") == 3
    browser.run("document.querySelector('[data-sentences]').focus()")
    browser.press("End")
    browser.run(ONLY_SECOND)
    assert browser.run(GRADIENTS) == gradients(neuron())


@needs_jupyter
@pytest.mark.filterwarnings("ignore")
def test_a_slider_moves_a_leaf_and_the_numbers_follow(browser, lab):
    browser.open(written(lab, "slider", notebook("slider")))
    browser.wait("!!document.querySelector('.jp-Notebook .cm-content')", 40)
    page = "[...jupyterapp.shell.widgets('main')][0]"
    browser.run(f"jupyterapp.shell.activateById({page}.id)")
    kernel = f"{page}.sessionContext.session?.kernel"
    browser.wait(f"{kernel}?.status === 'idle' && {kernel}.connectionStatus === 'connected'", 40)
    browser.run("void jupyterapp.commands.execute('notebook:run-all-cells')")
    browser.wait("document.querySelectorAll('.noUi-handle').length === 2", 40)
    widget = "document.querySelector('.jupyter-widgets svg').textContent"
    assert "6" in browser.run(widget)
    browser.run("document.querySelector('.noUi-handle').focus()")
    for _ in range(10):
        browser.press("ArrowRight")
    # x moves by 10 of 200 steps of 8: from 2 to 2.4, and d(x w)/dw is x
    browser.wait(f"{widget}.includes('2.4')")
    browser.wait(f"{widget}.includes('7.2')")
    assert external(browser.requests) == []


def test_the_image_is_the_svg():
    picture = draw(neuron())
    data = picture.html.partition("base64,")[2].partition('"')[0]
    assert base64.b64decode(data).decode("utf-8") == picture.svg
