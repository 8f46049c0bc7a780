"""Pictures: what stands on cards and edges, what is folded, what a label may do."""

import contextlib
import json
import os
import string
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import graphviz
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import Value, draw, draw_dot, rule, scope
from autodiff.pictures import bundle, page
from autodiff.pictures import palette as colours
from autodiff.pictures.metrics import text_width
from autodiff.pictures.tables import quoted
from tests.autodiff.pictures import (
    SVG,
    box,
    by_id,
    elements,
    network,
    neuron,
    reuse,
    texts,
    tooltips,
)

ROOT = Path(__file__).resolve().parents[2]


def shown(card):
    return [each.text for each in card.iter(f"{SVG}text")]


# --- cards --------------------------------------------------------------------------------


def test_a_card_says_operation_and_name_over_data_and_gradient():
    svg = draw(neuron()).svg
    assert shown(box(svg, "n")) == ["+", "n", "data", "0.8814", "grad", "0.5"]
    assert shown(box(svg, "x1")) == ["x1", "data", "2", "grad", "−1.5"]


def test_before_backward_a_gradient_is_a_dash_and_edges_say_the_local_derivative():
    svg = draw(neuron(backward=False)).svg
    assert shown(box(svg, "n")) == ["+", "n", "data", "0.8814", "grad", "–"]
    assert "× −3" in texts(svg)
    assert not [text for text in texts(svg) if "=" in text]


def test_a_constant_is_one_number_in_a_dashed_box_without_a_gradient():
    svg = draw(Value(3.0, "x") * 7).svg
    assert shown(box(svg, "7")) == ["7"]
    assert [each for each in box(svg, "7").iter() if each.get("stroke-dasharray")]


def test_kinds_are_told_by_their_borders():
    svg = draw(neuron()).svg
    outlines = {
        name: [r for r in box(svg, name).iter(f"{SVG}rect") if r.get("stroke")]
        for name in ("x1", "w1", "n", "o")
    }
    assert [float(each[0].get("rx")) > 10 for each in outlines.values()] == [True] + 3 * [False]
    assert [each[0].get("stroke-width") for each in outlines.values()] == ["1", "3", "1", "1"]
    assert [len(each) for each in outlines.values()] == [1, 1, 1, 2]


def test_parameters_may_be_named_instead_of_guessed():
    x, gain = Value(2.0, "x"), Value(3.0, "gain")
    for given_ in ([gain], SimpleNamespace(parameters=lambda: [gain])):
        svg = draw(x * gain, parameters=given_).svg
        assert box(svg, "gain").find(f"{SVG}rect").get("stroke-width") == "3"
        assert box(svg, "x").find(f"{SVG}rect").get("stroke-width") == "1"


def test_zero_is_never_tinted_and_the_sign_decides_the_hue():
    svg = draw(neuron()).svg

    def ground(name):
        return [each.get("fill") for each in box(svg, name).iter(f"{SVG}rect")][-1]

    assert ground("w2") == colours.CELL
    assert ground("x1") == colours.tint(-1.5, 1.5) != ground("w1")
    assert colours.tint(0.0, 1.0) == colours.tint(float("nan"), 1.0) == colours.CELL


@pytest.mark.parametrize("gradient", [float("inf"), -float("inf"), float("nan"), 1e308, 5e-324])
def test_extreme_gradients_are_drawn(gradient):
    x = Value(1.0, "x")
    y = x * gradient
    y.backward()
    svg = draw(y).svg
    assert elements(svg)
    assert 1.0 <= colours.width(gradient, 1e308) <= 5.0


def test_the_words_data_and_grad_stand_in_small_pictures_only():
    assert "data" in texts(draw(neuron()).svg)
    assert "data" not in texts(draw(network()).svg)


def test_the_format_of_numbers_can_be_chosen():
    assert "0.8813736" in texts(draw(neuron(), number=".7f").svg)


# --- edges --------------------------------------------------------------------------------


def test_an_edge_shows_incoming_gradient_times_local_derivative():
    svg = draw(neuron()).svg
    assert {"0.5 × −3 = −1.5", "0.5 × 2 = 1", "1 × 0.5 = 0.5"} <= set(texts(svg))


def test_the_tooltip_of_an_edge_is_the_sentence_with_all_digits():
    x = Value(0.3, "x")
    out = x * 0.1
    out.label = "out"
    out.backward()
    assert "d(out)/d(x) = 0.1; 0.1 x 1 -> x.grad += 0.1" in tooltips(draw(out).svg)
    z = (Value(1.0, "a") / 3).tanh()
    z.backward()
    assert any("0.3333333333333333" in each for each in tooltips(draw(z).svg))


def test_larger_pictures_say_the_local_derivative_only_and_huge_ones_nothing():
    x = Value(1.0, "x")
    y = x
    for i in range(25):
        y = y * (1.0 + i)
    y.backward()
    assert "× 1" in texts(draw(y).svg)
    assert not [text for text in texts(draw(y).svg) if " = " in text and "×" in text]
    for _ in range(60):
        y = y * 2
    assert "× 2" not in texts(draw(y, boxes=500, seconds=60).svg)


def test_an_operand_used_twice_has_two_edges():
    svg = draw(reuse()).svg
    ends = [each.get("id").rpartition("-")[2] for each in elements(svg) if each.get("id")]
    assert [end for end in ends if end[0] == "e"] == ["e0", "e1", "e2", "e3"]


def test_negative_gradients_are_dashed_and_zero_ones_still_there():
    svg = draw(neuron()).svg
    dashes = {}
    for end in [f"e{i}" for i in range(9)]:
        group = by_id(svg, end)
        line = list(group.iter(f"{SVG}path"))[-1]
        dashes[group.find(f"{SVG}title").text.partition(";")[0]] = line.get("stroke-dasharray")
    assert dashes["d(x1*w1)/d(x1) = -3"] == "7 4"
    assert dashes["d(x2*w2)/d(w2) = 0"] == "1.5 3"
    assert dashes["d(x1*w1)/d(w1) = 2"] is None


def test_operands_stand_in_the_order_written():
    values = [Value(float(i), f"q{i}") for i in range(6)]
    svg = draw(autodiff.sum([values[i] for i in (3, 1, 4, 0, 5, 2)])).svg
    tops = {i: float(box(svg, f"q{i}").find(f"{SVG}rect").get("y")) for i in range(6)}
    assert sorted(tops, key=tops.get) == [3, 1, 4, 0, 5, 2]


def test_neurons_stand_in_the_order_of_their_numbers():
    svg = draw(network(), fold=2).svg
    cards = [e for e in elements(svg) if "neuron 0" in "".join(e.itertext()) and e.tag != SVG]
    assert cards
    places = [
        float(each.find(f"{SVG}rect").get("y"))
        for each in elements(svg)
        if (each.find(f"{SVG}title") is not None)
        and each.find(f"{SVG}title").text.startswith("layer1/")
        and "-n" in each.get("id", "")
    ]
    assert len(places) == 4 and places == sorted(places)


def test_a_rule_of_the_user_is_drawn_without_more_ado(own_rules):
    def cube(x):
        return x * x * x

    @rule(cube, "x ** 3", "3 * x ** 2", name="cube_for_pictures", label="cb")
    def d_cube(z, x):
        """Third power."""
        return (3.0 * x * x,)

    x = Value(2.0, "x")
    y = autodiff.cube_for_pictures(x)
    y.backward()
    svg = draw(y).svg
    assert {"cb", "1 × 12 = 12"} <= set(texts(svg))
    assert any("= x ** 3" in each for each in tooltips(svg))


def test_inputs_that_are_one_float_object_are_one_box():
    x = [0.5, 0.25]
    w = [[Value(1.0), Value(2.0)] for _ in range(3)]
    root = autodiff.sum([autodiff.dot(row, x) for row in w])
    assert draw(root).boxes == 6 + 2 + 3 + 1


# --- folding ------------------------------------------------------------------------------


def test_a_graph_within_the_budget_is_not_folded():
    assert draw(network()).boxes == 74
    assert draw(network(), boxes=73).boxes < 30


def test_scopes_fold_from_the_inside_out_and_samples_share_a_box():
    svg = draw(network(61)).svg
    said = texts(svg)
    assert said.count("× 61") >= 12
    assert "4 parameters · 3 operations" in said
    assert {"neuron 3", "layer 0 · 3 to 4 · tanh"} <= set(said)


def test_twenty_thousand_nodes_fit_into_the_budget():
    root = network(30, (32, 32, 10), 20)
    assert autodiff.draw(root).boxes <= 150
    deep = network(2, (16,) * 20, 8)
    assert draw(deep).boxes <= 150


def test_depth_or_names_say_what_to_fold():
    root = network()
    assert draw(root, fold=2).boxes == 3 + 9 + 2 + 2
    assert draw(root, fold=1).boxes == 3 + 3 + 2 + 2
    assert draw(root, fold=0).boxes == 74
    one = draw(root, fold="layer1/neuron2").boxes
    assert one == 74 - 8 + 1
    assert draw(root, fold=["layer0", "layer2"]).boxes < one


def test_a_focus_unfolds_one_scope_and_folds_what_is_beside_it():
    picture = draw(network(), focus="layer1/neuron2")
    said = texts(picture.svg)
    assert {"w3", "net", "neuron 0", "neuron 1", "neuron 3", "layer 0", "layer 2"} <= set(said)
    assert picture.boxes == 20


def test_a_gradient_between_folded_boxes_is_the_sum_over_all_uses():
    with scope("inside"):
        x = Value(2.0, "x")
        a, b = x * 3, x * 5
    y = a + b
    y.label = "y"
    y.backward()
    (said,) = [each for each in tooltips(draw(y, fold=1).svg) if "times" in each]
    assert said == "inside is used 2 times in y, passing back 2"


def test_a_long_chain_is_told_in_words():
    x = Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = (y * 1.0001).sin()
    picture = draw(y)
    assert picture.boxes == 0
    text = picture._repr_mimebundle_()["text/plain"]
    assert "9001 boxes, 9000 edges" in text and "3000 sin" in text
    assert "depth 6000; widest at depth 0" in text
    assert "with scope(...)" in text
    assert "depth 6000" in "".join(elements(picture.svg)[0].itertext())


# --- labels are data ----------------------------------------------------------------------

NASTY = [
    '"><script>alert(1)</script>', "\\N", "\\G\\E\\T\\l\\r\\n", "<b>bold</b>", "a & b &amp; c",
    "'single' \"double\"", "two\nlines", "x" * 10_000, "👩‍👩‍👧 emoji", "שלום עולם", "\u202eevil",
    "]]>", "<!-- -->", "\x00\x08\ufffe\ud800", "${x}", "%s {0}", "</svg>", "\\", "&#60;b&#62;",
]  # fmt: skip
anything = st.text(max_size=60) | st.sampled_from(NASTY)


def html_tags(html):
    """The tags that a browser would open."""
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(html)
    parser.close()
    return tags


@pytest.mark.parametrize("label", NASTY, ids=range(len(NASTY)))
def test_a_label_creates_no_element_in_the_stepper(label):
    x = Value(2.0, label)
    html = draw(x * x, steps=True).html
    assert html_tags(html) == ["div", "img", "script"]
    sentences = json.loads(unescape(html.partition('data-sentences="')[2].partition('"')[0]))
    assert len(sentences) == 5 and all(each.isprintable() for each in sentences[:2])


def plain_svg_tags(svg):
    return sorted({each.tag.removeprefix(SVG) for each in elements(svg)})


@settings(max_examples=40)
@given(label=anything, name=st.text(min_size=1, max_size=30))
@example(label=NASTY[0], name=NASTY[0])
@example(label=NASTY[1], name=NASTY[1])
@example(label=NASTY[13], name=NASTY[13])
def test_a_label_is_shown_as_text_and_creates_no_element(label, name):
    with scope(name):
        x = Value(2.0, label)
        y = x * x
    z = y + 1.0
    picture = draw(z)
    svg = picture.svg
    known = {"desc", "g", "path", "polygon", "rect", "style", "svg", "text", "title", "line"}
    assert set(plain_svg_tags(svg)) <= known
    assert not [each for each in elements(svg) for name in each.attrib if name.startswith("on")]
    if label and label.isprintable() and len(label) <= 22:
        assert label in texts(svg)
    assert html_tags(picture.html) == ["div", "img", "script"]
    assert "script" not in html_tags(page.page("", label))
    dot_svg = draw_dot(z).pipe("svg", encoding="utf-8")
    dot_tags = {each.tag.removeprefix(SVG) for each in elements(dot_svg)}
    assert dot_tags <= known | {"a", "ellipse"}
    if label.isprintable() and label.strip() and len(label) <= 22 and label.isascii():
        assert label.split() in [text.split() for text in texts(dot_svg)]


def test_every_character_of_ascii_comes_through_graphviz():
    label = string.punctuation
    for half in (label[:16], label[16:]):
        x = Value(1.0, half)
        picture = draw_dot(x * x)
        svg = picture.pipe("svg", encoding="utf-8")
        assert half in texts(svg)
        said = [each.get("{http://www.w3.org/1999/xlink}title") or "" for each in elements(svg)]
        assert any(each.startswith(half) for each in said)


def test_a_tooltip_is_one_attribute():
    assert quoted('a"b\\N\nc') == '"a&quot;b\\\\\\\\N&#10;c"'


# --- always the same ----------------------------------------------------------------------

PROGRAM = """
import hashlib, sys
from tests.autodiff.pictures import network, neuron, reuse
from autodiff import draw, draw_dot, explain
digest = hashlib.sha256()
for picture in (draw(neuron()), draw(network()), draw(network(4)), draw(reuse(), steps=True)):
    digest.update(picture.svg.encode() + picture.html.encode() + picture.dot.encode())
digest.update(draw_dot(neuron()).source.encode() + explain(neuron()).html.encode())
print(digest.hexdigest())
"""


def test_eight_processes_with_other_hash_seeds_give_the_same_bytes():
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
        for seed in range(8)
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert len(outputs) == 1 and outputs.pop().strip()
    assert all(process.returncode == 0 for process in processes)


def test_drawing_changes_nothing():
    o = neuron()
    before = [(v.data, v.grad, v.label) for v in (o, *o.parents)]
    draw(o, steps=True).svg  # noqa: B018 (drawn when asked for)
    draw(o).svg  # noqa: B018
    assert [(v.data, v.grad, v.label) for v in (o, *o.parents)] == before


def test_a_picture_shows_the_graph_as_it_was_when_drawn():
    o = neuron()
    picture = draw(o)
    o.data, o.grad, o.label = 99.0, 99.0, "changed"
    assert "99" not in texts(picture.svg) and "changed" not in texts(picture.svg)


# --- files, notebooks, graphviz -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"),
    [("p.svg", b"<svg"), ("p.PNG", b"\x89PNG"), ("p.pdf", b"%PDF"), ("p.dot", b"digraph"),
     ("p.html", b"<!DOCTYPE html>")],
)  # fmt: skip
def test_a_picture_is_saved_in_the_format_of_its_name(tmp_path, name, start):
    path = draw(neuron()).save(tmp_path / name)
    assert path.read_bytes().startswith(start)


def test_a_name_without_a_known_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png, .*got 'picture\.bmp'"):
        draw(neuron()).save(tmp_path / "picture.bmp")


def test_a_notebook_gets_html_svg_and_text_without_addresses():
    shown_ = draw(neuron())._repr_mimebundle_()
    assert set(shown_) == {"text/plain", "text/html", "image/svg+xml"}
    assert shown_["text/plain"] == (
        "Computation graph of o: 2 inputs, 3 parameters; 2 *, 2 +, 1 tanh"
    )
    assert "0x" not in shown_["text/plain"]
    assert shown_["text/html"].startswith('<div class="mathjax_ignore')


def test_a_value_shows_its_picture_if_it_is_small():
    o = neuron()
    assert o._repr_mimebundle_()["text/plain"] == repr(o)
    assert "image/svg+xml" in o._repr_mimebundle_(include=None, exclude=None)
    assert bundle(Value(1.0)) is None
    y = Value(1.0)
    for _ in range(29):
        y = y.tanh()
    assert bundle(y) is not None
    assert bundle(y.tanh()) is None


def test_in_a_terminal_a_value_shows_its_text(monkeypatch):
    formatter = SimpleNamespace(active_types=["text/plain"])
    shell = SimpleNamespace(display_formatter=formatter)
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert bundle(neuron()) is None


def test_draw_dot_is_a_digraph_that_renders(tmp_path):
    dot = draw_dot(neuron(), format="png", rankdir="TB")
    assert isinstance(dot, graphviz.Digraph)
    assert 'rankdir="TB"' in dot.source
    assert dot.pipe().startswith(b"\x89PNG")
    assert "<svg" in dot.pipe("svg", encoding="utf-8")
    assert dot.render("graph", tmp_path) == str(tmp_path / "graph.png")
    assert (tmp_path / "graph").read_text(encoding="utf-8").startswith("digraph")
    assert dot.render(outfile=tmp_path / "other.svg", cleanup=True) == str(tmp_path / "other.svg")
    assert not (tmp_path / "other.gv").exists()
    assert set(dot._repr_mimebundle_()) == {"text/plain", "text/html", "image/svg+xml"}


def test_nodes_may_be_added_to_a_digraph():
    dot = draw_dot(neuron())
    dot.node("extra", label="mine")
    assert "mine" in texts(dot.pipe("svg", encoding="utf-8"))


def test_create_graph_leaves_gradients_that_can_be_drawn():
    x = Value(2.0, "x")
    y = x**3
    y.grad = 1.0
    x._grad = x * 6  # as backward(create_graph=True) leaves it
    assert "12" in texts(draw(y).svg)


def test_frames_in_frames_end_where_nobody_would_see_them():
    y = Value(1.0, "x")
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(scope("in"))
            y = y + 1.0
    for options in ({}, {"fold": 2}, {"boxes": 3000}, {"boxes": 3000, "focus": "in/in"}):
        picture = draw(y, **options)
        assert picture.boxes and picture.dot.count("subgraph") <= 30


def test_several_names_fold_the_first_that_fits():
    y = Value(1.0, "x")
    with scope("a"), scope("b"), scope("c"):
        y = (y + 1.0) * 2.0
    with scope("a"):
        y = y.exp() + 1.0
    several = (["a"], ["a/b"], ["a/b", "a"], ["a", "a/b"])
    assert [draw(y, fold=names).boxes for names in several] == [2, 5, 3, 2]


# --- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"direction": "up"}, ValueError, "direction is one of LR, RL, TB, BT, not 'up'"),
        ({"boxes": 0}, ValueError, "boxes is a whole number of at least 1"),
        ({"boxes": True}, ValueError, "boxes is a whole number of at least 1"),
        ({"seconds": 0}, ValueError, "seconds is more than 0"),
        ({"seconds": float("nan")}, ValueError, "seconds is more than 0"),
        ({"number": "pretty"}, ValueError, "number is a format"),
        ({"number": ".999999999f"}, ValueError, "a number has at most 100 digits"),
        ({"focus": "layer1/neuron9"}, ValueError, "there is no such scope; there is layer1/neu"),
        ({"focus": 3}, TypeError, "focus takes the name of a scope, not a int"),
        ({"fold": "nowhere"}, ValueError, "fold='nowhere': there is no such scope"),
        ({"fold": [1]}, TypeError, "fold takes the name of a scope"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(options, error, sentence):
    with pytest.raises(error, match=sentence):
        draw(network(), **options)


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="draw takes a Value, not a float: draw"):
        draw(1.0)
    with pytest.raises(ValueError, match="this graph has no scopes"):
        draw(neuron(), focus="layer0")


# --- step by step -------------------------------------------------------------------------


def final(svg):
    """The gradients below the covers: what is to be seen at the end."""
    found = {}
    for each in elements(svg):
        title = each.find(f"{SVG}title")
        if title is None or "-n" not in each.get("id", ""):
            continue
        if "grad" in shown(each):
            found[title.text.partition(" ")[0]] = shown(each)[-1]
    return found


def test_the_last_step_shows_the_gradients_of_backward():
    stepped = final(draw(neuron(backward=False), steps=True).svg)
    assert stepped == final(draw(neuron()).svg)
    assert stepped["x1"] == "−1.5"


def test_reuse_is_two_arrivals_and_an_accumulation():
    svg = draw(reuse(), steps=True).svg
    said = [text for text in texts(svg) if "arrival" in text]
    assert said == [
        "d(c)/d(b) = 1; 1 x 1 -> b.grad += 1, now 1 (arrival 1 of 2)",
        "d(c)/d(b) = 1; 1 x 1 -> b.grad += 1, now 2 (arrival 2 of 2, complete)",
        "d(b)/d(a) = 1; 1 x 2 -> a.grad += 2, now 2 (arrival 1 of 2)",
        "d(b)/d(a) = 1; 1 x 2 -> a.grad += 2, now 4 (arrival 2 of 2, complete)",
    ]


def test_steps_leave_gradients_as_they_are():
    c = reuse()
    draw(c, steps=True)
    assert c.grad == 0.0
    assert draw(c, steps=True).svg == draw(c, steps=True).svg


def test_the_animation_respects_readers_who_want_no_motion():
    svg = draw(reuse(), steps=True).svg
    assert "@media (prefers-reduced-motion:reduce)" in svg
    assert "infinite" in svg


def test_the_steps_of_a_folded_network_are_few():
    picture = draw(network(8), steps=True, boxes=40)
    sentences = [text for text in texts(picture.svg) if "passes its gradient on" in text]
    assert 5 < len(sentences) <= 240


def test_the_stepper_holds_its_sentences_and_one_script():
    html = draw(reuse(), steps=True).html
    assert html.count("<script") == 1 and "data-sentences=" in html
    assert "aria-live" in html and "http://www.w3.org" not in html.replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_widths_of_texts_are_those_of_a_wide_font():
    assert text_width("0123456789", 10) == pytest.approx(64.0)
    assert text_width("W", 10, bold=True) > text_width("W", 10) > text_width("i", 10)
    assert text_width("é", 10) > 0.0 == text_width("\u0301", 10)
