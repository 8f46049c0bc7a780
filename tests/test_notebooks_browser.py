"""The course where people meet it: in JupyterLab, run by "Run all cells", with its widgets moved.

Three notebooks, from cells without outputs; and one of the pages that `make html` writes.  Skipped
where Chromium or JupyterLab is missing.  With SCREENSHOTS=folder each is kept there as a picture,
light and dark.
"""

import importlib.util
import math
import os
from pathlib import Path

import pytest

from tests.autodiff.browser import CONTRAST, Browser, external, find_chromium, jupyterlab
from tools import notebooks
from tools.notebooks import chosen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("jupyterlab", "ipywidgets", "nbclient"))),
        reason='needs JupyterLab: python -m pip install -e ".[notebook]"',
    ),
    pytest.mark.filterwarnings("ignore"),  # of Jupyter's own packages
]
PAGE = "[...jupyterapp.shell.widgets('main')][0]"
KERNEL = f"{PAGE}.sessionContext.session?.kernel"
STEPPER = "document.querySelector('.autodiff-steps')"
SLIDERS = "document.querySelectorAll('.noUi-handle')"
WIDGET = "document.querySelector('.jupyter-widgets svg').textContent"


@pytest.fixture(scope="module")
def browser():
    with Browser(width=1100, height=900) as window:
        yield window


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with jupyterlab(tmp_path_factory.mktemp("lab")) as server:
        yield server


def cells(browser):
    """The code cells of the notebook as JupyterLab has them now."""
    book = browser.run(f"{PAGE}.content.model.toJSON()")
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def run_all(browser, lab, number):
    """Opens a notebook without outputs, and runs all its cells.

    Returns:
        Its code cells, with what they gave.
    """
    import nbformat

    folder, address, _ = lab
    (path,) = chosen([number])
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(book, folder / path.name)
    browser.open(f"{address}/lab/tree/{path.name}?reset")
    browser.wait("!!document.querySelector('.jp-Notebook .cm-content')", 40)
    browser.run(f"jupyterapp.shell.activateById({PAGE}.id)")
    browser.wait(f"{KERNEL}?.status === 'idle' && {KERNEL}.connectionStatus === 'connected'", 40)
    browser.run("void jupyterapp.commands.execute('notebook:run-all-cells')")
    last = f"{PAGE}.content.widgets.filter(c => c.model.type === 'code').at(-1).model"
    browser.wait(f"{last}.executionCount !== null", 90)
    browser.wait(f"{KERNEL}.status === 'idle'", 40)
    return cells(browser)


def errors(codes):
    outputs = [output for cell in codes for output in cell["outputs"]]
    return [
        output
        for output in outputs
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]


def press(browser, slider, key, times=1):
    browser.run(f"{SLIDERS}[{slider}].focus()")
    for _ in range(times):
        browser.press(key)


def look(browser, name):
    """In both themes: every text of the graphs can be read; keeps a picture of the whole page."""
    browser.run("jupyterapp.shell.collapseLeft()")
    outer = "document.querySelector('.jp-WindowedPanel-outer')"
    height = browser.run(f"{outer}.scrollTop = 0, {outer}.scrollHeight + 200")
    for theme, light in (("Light", "true"), ("Dark", "false")):
        browser.run(
            f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})"
        )
        browser.wait(f"document.body.dataset.jpThemeLight === '{light}'")
        browser.wait("!document.querySelector('#jupyterlab-splash')")
        measured = browser.run(CONTRAST)
        assert len(measured) > 10
        assert [pair for pair in measured if pair[1] < 4.5] == []
        if folder := os.environ.get("SCREENSHOTS"):
            size = {"width": 1100, "height": height, "deviceScaleFactor": 1, "mobile": False}
            browser.call("Emulation.setDeviceMetricsOverride", **size)
            browser.screenshot(Path(folder) / f"{name}-{theme.lower()}.png")
            browser.call("Emulation.clearDeviceMetricsOverride")


def test_notebook_1_runs_and_its_sliders_move_value_and_gradients(browser, lab):
    codes = run_all(browser, lab, "01")
    assert errors(codes) == []
    browser.wait(f"{SLIDERS}.length === 3")
    before = browser.run(WIDGET)
    press(browser, 0, "ArrowRight", times=10)
    # p moves by 10 of 200 steps of 8, from 2 to 2.4: p q + r goes to 2.8, and its slope in q to 2.4
    browser.wait(f"{WIDGET}.includes('2.4') && {WIDGET}.includes('2.8')")
    assert "2.4" not in before and "2.8" not in before
    look(browser, "01")
    assert external(browser.requests) == []


def test_notebook_2_runs_and_its_stepper_steps_to_the_gradients(browser, lab):
    codes = run_all(browser, lab, "02")
    assert errors(codes) == []
    browser.wait(f"!!{STEPPER}?.querySelector('svg[role=img]')")
    line = f"{STEPPER}.querySelector('.line').textContent"
    assert "No gradient has arrived yet" in browser.run(line)
    browser.run(f"{STEPPER}.querySelector('.next').click()")
    assert browser.run(line).startswith("1 /")
    last = int(browser.run(f"{STEPPER}.querySelector('input[type=range]').max"))
    for _ in range(last - 1):
        browser.run(f"{STEPPER}.querySelector('.next').click()")
    said = browser.run(line)
    assert said.startswith(f"{last} / {last}")
    slider = f"{STEPPER}.querySelector('input[type=range]')"
    seen = []
    for step in range(last + 1):
        browser.run(f"{slider}.value = {step}; {slider}.dispatchEvent(new Event('input'))")
        seen.append(browser.run(line))
    assert len(set(seen)) == last + 1
    assert any(each.endswith("w.grad += 4") for each in seen)
    look(browser, "02")
    assert external(browser.requests) == []


def test_notebook_4_runs_and_a_neuron_saturates_as_its_weight_grows(browser, lab):
    codes = run_all(browser, lab, "04")
    assert errors(codes) == []
    browser.wait(f"{SLIDERS}.length === 3")
    for net, times in ((0.9, 0), (3.3, 1)):  # w0 x0 + b, with w0 at 0.6 and at its end, 3
        press(browser, 1, "End", times)
        o = math.tanh(net)
        browser.wait(f"{WIDGET}.includes('{o:.4g}') && {WIDGET}.includes('{1 - o * o:.4g}')")
    look(browser, "04")
    images = "[...document.querySelectorAll('.jp-OutputArea img')]"
    assert browser.run(f"{images}.filter(i => i.complete && i.naturalWidth > 300).length") >= 3
    assert external(browser.requests) == []


def test_a_page_steps_without_python_and_without_a_network(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "PAGES", tmp_path)
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    notebooks.html(chosen(["02"]))
    asked = len(browser.requests)
    browser.open((tmp_path / "02_the_chain_rule.html").as_uri())
    line = f"{STEPPER}.querySelector('.line').textContent"
    browser.run(f"{STEPPER}.querySelector('.next').click()")
    assert browser.run(line).startswith("1 /")
    grounds = []
    for scheme in ("light", "dark"):
        browser.media(prefers_color_scheme=scheme)
        grounds.append(browser.run("getComputedStyle(document.body).backgroundColor"))
        assert [pair for pair in browser.run(CONTRAST) if pair[1] < 4.5] == []
    browser.media()
    assert grounds[0] == "rgb(255, 255, 255)" != grounds[1]
    browser.open((tmp_path / "index.html").as_uri())
    images = "[...document.querySelectorAll('img')]"
    assert browser.run(f"{images}.length > 12 && {images}.every(i => i.naturalWidth > 100)")
    assert external(browser.requests[asked:]) == []
