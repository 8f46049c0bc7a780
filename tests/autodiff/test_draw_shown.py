"""No picture is empty: every size, every format, whatever Graphviz's own users do with it.

A graph of any shape gives a picture of it, or a page with words; what a picture shows without a
word beside it stands in its legend; and `draw_dot` gives a digraph on which every public method of
`graphviz.Digraph` does what it does there.
"""

import copy
import math
import pickle
import re
import shutil

import graphviz
import pytest

import autodiff
from autodiff import Value, draw, draw_dot, no_grad, scope
from autodiff.pictures import engine
from autodiff.pictures.cards import span
from autodiff.pictures.dot import note
from tests.autodiff.pictures import SVG, by_id, elements, network, neuron, texts, tooltips

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="graphviz's own methods need dot: apt-get install graphviz"
)
nan, inf = math.nan, math.inf

# --- every shape and size -----------------------------------------------------------------


def leaf(n):
    return Value(3.0)


def chain(n):
    y = Value(1.0, "x")
    for _ in range(n - 1):
        y = y.sin()
    return y


def wide(n):
    return autodiff.sum([Value(float(i), f"x{i}") for i in range(n - 1)])


def wide_of_names(n):
    names = [f"{i:b}".replace("0", "o").replace("1", "l") for i in range(n - 1)]
    return autodiff.sum([Value(1.0, name) for name in names])


def in_one_scope(n):
    with scope("all"):
        return chain(n)


def in_many_scopes(n):
    x, parts = Value(1.0, "x"), []
    for i in range((n - 1) // 2):
        with scope(f"part{i}"):
            parts.append(x.sin().tanh())
    return autodiff.sum(parts)


SHAPES = (chain, wide, wide_of_names, in_one_scope, in_many_scopes)
FOLDS = {wide, in_one_scope}
SWEEP = [(leaf, 1), *[(shape, n) for shape in SHAPES for n in (3, 151, 1000, 20_000)]]


@pytest.mark.parametrize(("shape", "n"), SWEEP)
def test_a_graph_of_any_size_is_a_picture_or_a_page_with_words(shape, n):
    y = shape(n)
    picture, dot = draw(y), draw_dot(y)
    ours, theirs = picture.svg, dot.pipe("svg", encoding="utf-8")
    cards = [each for each in elements(ours) if re.search("-n[0-9]+$", each.get("id", ""))]
    assert len(cards) == picture.boxes
    if n < 151 or shape in FOLDS or (shape, n) == (in_many_scopes, 151):
        assert picture.boxes and not picture.trouble
        nodes = [each for each in elements(theirs) if each.get("class") == "node"]
        shown = [each for each in nodes if re.fullmatch("n[0-9]+", each.get("id", ""))]
        assert len(shown) == picture.boxes
        return
    assert picture.boxes == 0 and not cards
    for svg in (ours, theirs):
        said = " ".join(" ".join(text.split()) for text in texts(svg))
        assert f"{n} boxes, " in said
        assert "Too large for a picture: put parts into `with scope(...):`" in said


FORMATS = ("svg", "png", "pdf", "html", "dot")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("shape", "n"), [(leaf, 1), (chain, 3), (chain, 151), (wide, 1000)])
def test_no_format_of_any_picture_is_a_blank_page(shape, n, form, tmp_path):
    y = shape(n)
    saved = draw(y).save(tmp_path / f"picture.{form}").read_bytes()
    piped = draw_dot(y).pipe("svg" if form == "html" else form)
    if form in ("png", "pdf"):
        blank = engine.run("digraph {}", form)
        assert min(len(saved), len(piped)) > len(blank) + 5000
    else:
        for content in (saved, piped):
            assert b"<svg" in content or b"svg+xml;base64" in content or b"label=<" in content


@pytest.mark.parametrize("x", [nan, inf, -inf, 0.0, 5e-324, 1.7976931348623157e308])
def test_extreme_numbers_are_to_be_read(x):
    y = Value(2.0, "x") * x + Value(x, "b")
    for svg in (draw(Value(x)).svg, draw(y).svg, draw(backward(y)).svg):
        assert {"data", "grad"} <= set(texts(svg))
        assert f"{x:.4g}".replace("-", "−") in texts(svg)


def test_a_result_under_no_grad_is_a_leaf_and_shown_as_one():
    with no_grad():
        y = Value(2.0, "x") * 3.0
    assert {"input", "output", "6", "– no gradient before backward()"} <= set(texts(draw(y).svg))


@pytest.mark.parametrize("thing", [None, 1.0, "x", [Value(1.0)], {}, Value, neuron])
def test_what_is_no_value_is_refused_in_a_sentence(thing):
    for call in (draw, draw_dot):
        with pytest.raises(TypeError, match=r"draw takes a Value, not a \w+: draw\(loss\)"):
            call(thing)


# --- the legend ---------------------------------------------------------------------------


def backward(y):
    y.backward()
    return y


def with_zero_and_nan():
    x = Value(-2.0, "x")
    return backward(x.relu() * 2.0 + x * nan)


PICTURES = {
    "leaf": lambda: draw(leaf(1)),
    "neuron": lambda: draw(neuron()),
    "before": lambda: draw(neuron(backward=False)),
    "zero and nan": lambda: draw(with_zero_and_nan()),
    "30": lambda: draw(backward(chain(30))),
    "31": lambda: draw(backward(chain(31))),
    "31 before": lambda: draw(chain(31)),
    "74": lambda: draw(network()),
    "three": lambda: draw(network(3), boxes=20),
    "folded": lambda: draw(network(61)),
    "list": lambda: draw(backward(wide(200))),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("own", [True, False])
def test_the_legend_explains_whatever_has_no_word_beside_it(name, own):
    picture = PICTURES[name]()
    svg = picture.svg if own else engine.run(picture.dot, "svg").decode()
    said = [" ".join(text.split()) for text in texts(svg)]
    cards = [each for each in elements(picture.svg) if re.search("-n[0-9]+$", each.get("id", ""))]
    shown = [text.text for card in cards for text in card.iter(f"{SVG}text")]
    lines = [
        list(by_id(picture.svg, f"e{number}").iter(f"{SVG}path"))[-1]
        for number in range(len(picture._scene.links))
    ]

    def entry(start):
        return any(text.startswith(start) for text in said)

    numbers = entry("numbers on a card: data, gradient")
    assert ("data" in shown) != numbers
    assert entry("× 3: three equal parts") == any(re.fullmatch("× [0-9]+", t) for t in shown)
    assert entry("a … b: from the smallest to the largest") == any(" … " in t for t in shown)
    before = entry("– no gradient before backward()")
    assert before == ("–" in shown)
    assert before != entry("gradient > 0") and before != entry("gradient < 0")
    assert bool(lines) == any(
        "width:" in t or "local derivative" in t or "operand" in t for t in said
    )
    dashes = [line.get("stroke-dasharray") for line in lines]
    assert entry("gradient 0") == ("1.5 3" in dashes)
    grey = [line for line in lines if line.get("stroke") == "#8b949e"]
    solid = [line for line in grey if not line.get("stroke-dasharray")]
    assert (entry("from a constant") or entry("gradient nan")) == (bool(solid) and not before)


def test_nan_among_the_numbers_of_a_box_is_said_in_any_order():
    for numbers in ((nan, 1.0, 2.0), (1.0, nan, 2.0), (2.0, 1.0, nan)):
        assert span(numbers, ".4g") == "1 … 2, nan"
    assert [span(x, ".4g") for x in ((nan,), (nan, nan), (1.0, nan), (1.0, 1.0))] == [
        "nan", "nan", "1, nan", "1",
    ]  # fmt: skip
    assert span((1.0, 1.00001), ".4g") == "1"  # a range that nobody could see


def test_a_label_that_holds_an_empty_text_is_not_dropped():
    svg = engine.run("\n".join(["digraph {", *note("above\n\nbelow"), "}"]), "svg").decode()
    assert [text.strip() for text in texts(svg)] == ["above", "below"]


def test_the_tooltip_of_a_folded_box_counts_what_is_nan():
    values = [Value(x, f"x{i}") for i, x in enumerate([nan, 1.0, 2.0])]
    svg = draw(autodiff.sum(values), boxes=2).svg
    assert any("data from 1 to 2, 1 nan" in tip for tip in tooltips(svg))


# --- what graphviz's users do with a digraph ----------------------------------------------


def with_part(dot):
    with dot.subgraph(name="cluster_mine", graph_attr={"label": "mine"}) as part:
        part.node("inside")
        assert type(part) is type(dot)


def with_another(dot):
    dot.subgraph(graphviz.Digraph("cluster_other", body=["\tinside\n"]))


USES = {
    "attr": [lambda dot: dot.attr("node", color="red"), lambda dot: dot.attr(rankdir="TB")],
    "clear": [lambda dot: dot.clear()],
    "copy": [lambda dot: dot.copy().source],
    "directed": [lambda dot: dot.directed],
    "directory": [lambda dot: dot.directory],
    "edge": [lambda dot: dot.edge("n0", "extra", label="mine")],
    "edges": [lambda dot: dot.edges([("n0", "n1"), ("n1", "n2")])],
    "encoding": [lambda dot: dot.encoding],
    "engine": [lambda dot: dot.engine, lambda dot: setattr(dot, "engine", "neato")],
    "filepath": [lambda dot: dot.filepath],
    "format": [lambda dot: dot.format, lambda dot: setattr(dot, "format", "pdf")],
    "formatter": [lambda dot: dot.formatter],
    "node": [lambda dot: dot.node("extra", label="{mine|yours}", shape="record")],
    "pipe": [
        lambda dot: dot.pipe(), lambda dot: dot.pipe("plain", encoding="utf-8"),
        lambda dot: dot.pipe(format="dot", engine="neato", quiet=True)[:20],
        lambda dot: dot.pipe(format="png", renderer="cairo", formatter="cairo"),
    ],
    "render": [
        lambda dot: dot.render(), lambda dot: dot.render(filename="a", format="svg", cleanup=True),
        lambda dot: dot.render("a", directory="b/c"), lambda dot: dot.render(outfile="d.png"),
        lambda dot: dot.render(outfile="a.svg", engine="neato", raise_if_result_exists=True),
    ],
    "renderer": [lambda dot: dot.renderer],
    "save": [lambda dot: dot.save(), lambda dot: dot.save("a.gv", directory="b")],
    "source": [lambda dot: dot.source, str, list],
    "subgraph": [with_part, with_another],
    "unflatten": [lambda dot: dot.unflatten(stagger=3).source],
    "view": [lambda dot: dot.view(), lambda dot: dot.view("a", cleanup=True)],
}  # fmt: skip
NEED_DOT = {"pipe", "render", "unflatten", "view"}


def test_every_public_name_of_a_digraph_is_tried_here():
    assert set(USES) == {name for name in dir(graphviz.Digraph) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(name, i, marks=needs_dot if name in NEED_DOT else ())
        for name, uses in USES.items()
        for i in range(len(uses))
    ],
)
def test_a_picture_does_what_a_digraph_does(name, number, tmp_path, monkeypatch):
    seen = []
    viewer = lambda self, path, **options: seen.append((path, options["format"]))  # noqa: E731
    monkeypatch.setattr(graphviz.Digraph, "_view", viewer)
    ours = draw_dot(neuron())
    theirs = graphviz.Digraph(format="svg", body=ours.body)
    found = []
    for dot, folder in ((ours, tmp_path / "ours"), (theirs, tmp_path / "theirs")):
        folder.mkdir()
        monkeypatch.chdir(folder)
        answer = USES[name][number](dot)
        files = {file.name: file.stat().st_size for file in folder.rglob("*")}
        found.append((answer, dot.source, dot.engine, dot.format, files, seen[:]))
        seen.clear()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "twin_of",
    [lambda dot: dot.copy(), copy.deepcopy, lambda dot: pickle.loads(pickle.dumps(dot))],
)
@pytest.mark.parametrize("root", [neuron, lambda: chain(151)])
def test_a_copy_of_a_digraph_shows_the_same_and_is_independent(twin_of, root):
    dot = draw_dot(root())
    twin = twin_of(dot)
    assert twin.source == dot.source
    assert twin._repr_mimebundle_() == dot._repr_mimebundle_()
    twin.node("extra")
    assert "extra" in twin.source and "extra" not in dot.source


@pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda picture: pickle.loads(pickle.dumps(picture))],
)
@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize("root", [neuron, lambda: chain(151)])
def test_a_copy_of_a_picture_shows_the_same(twin_of, root, steps, tmp_path):
    picture = draw(root(), steps=steps)
    twin = twin_of(picture)
    assert twin._repr_mimebundle_() == picture._repr_mimebundle_()
    assert (twin.svg, twin.dot, twin.text, repr(twin)) == (
        picture.svg, picture.dot, picture.text, repr(picture),
    )  # fmt: skip
    assert twin.save(tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("form", "mimetype"),
    [("svg", "image/svg+xml"), ("png", "image/png"), ("jpeg", "image/jpeg")],
)
def test_a_notebook_gets_the_format_that_graphviz_was_told(form, mimetype):
    graphviz.set_jupyter_format(form)
    try:
        shown = draw_dot(neuron())._repr_mimebundle_()
    finally:
        graphviz.set_jupyter_format("svg")
    html = {"text/html"} if form == "svg" else set()
    assert set(shown) == {"text/plain", mimetype} | html


def test_a_notebook_gets_what_it_asks_for_and_no_more():
    dot = draw_dot(neuron())
    assert dot._repr_mimebundle_(include=[]) == {}
    assert set(dot._repr_mimebundle_(include=["image/png"], exclude=["text/html"])) == {"image/png"}
    assert dot._repr_image_svg_xml().startswith("<?xml")
    assert dot._repr_image_png().startswith(b"\x89PNG")


@needs_dot
def test_graphviz_says_what_is_wrong_with_what_was_added():
    dot = draw_dot(neuron())
    with pytest.raises(ValueError, match="unknown format: 'xyz'"):
        dot.pipe("xyz")
    dot.body.append("\tbroken [\n")
    with pytest.raises(graphviz.CalledProcessError, match="syntax error"):
        dot.pipe("svg")


def test_a_part_of_a_digraph_that_takes_too_long_says_so(monkeypatch):
    def slow(*unused):
        raise engine.TooSlow("the layout took more than 10 seconds")

    monkeypatch.setattr(engine, "run", slow)
    shown = draw_dot(neuron())._repr_mimebundle_()
    assert shown["text/plain"].startswith("Computation graph of o: 2 inputs")
    assert shown["text/plain"].endswith(": the layout took more than 10 seconds")
