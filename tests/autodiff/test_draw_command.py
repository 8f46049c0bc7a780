"""The commands draw and explain, the parser of expressions, and sliders."""

import ast
import math
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autodiff import Value, interact
from autodiff.__main__ import main
from autodiff.expression import ExpressionError, assignments, evaluate
from autodiff.pictures import Picture, engine
from tests.autodiff.pictures import elements, texts

ROOT = Path(__file__).resolve().parents[2]
NEURON = ["tanh(x1*w1 + x2*w2 + b)", "x1=2", "x2=0", "w1=-3", "w2=1", "b=6.8813735870195432"]


# --- commands -----------------------------------------------------------------------------


def test_the_command_draws_a_picture(tmp_path, capsys):
    path = tmp_path / "neuron.svg"
    assert main(["draw", *NEURON, "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert "0.5 × −3 = −1.5" in texts(path.read_text(encoding="utf-8"))


def test_the_command_knows_direction_steps_forward_and_the_format_of_numbers(tmp_path):
    path = tmp_path / "neuron.svg"
    assert main(["draw", *NEURON, "-o", str(path), "--forward", "--number", ".1f"]) == 0
    svg = path.read_text(encoding="utf-8")
    assert "–" in texts(svg) and "6.9" in texts(svg)
    assert main(["draw", *NEURON, "-o", str(path), "--steps", "--direction", "TB"]) == 0
    assert "@keyframes" in path.read_text(encoding="utf-8")


def test_the_command_explains(capsys):
    assert main(["explain", *NEURON]) == 0
    assert "x1.grad = -1.5" in capsys.readouterr().out
    assert main(["explain", "x*x", "x=3", "--latex"]) == 0
    assert capsys.readouterr().out.startswith("\\begin{array}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["x*y", "x=1"], "y has no number: add y=2"),
        (["x", "x=1", "y=2"], "y: given, but not in the expression"),
        (["x", "x"], "expected name=number, as x=2; got 'x'"),
        (["x", "x=one"], "x must be a number, as x=2; got 'one'"),
        (["x", "x=1", "x=2"], "x is given twice"),
        (["x +", "x=1"], "this is no expression"),
        (["sinn(x)", "x=1"], "there is no function 'sinn'; there is abs, acos"),
        (["1 + 2"], "there is no name in it"),
        (["x", "x=1", "--number", "zzz"], "number is a format"),
        (["x", "x=1", "--number", ".999999999f"], "a number has at most 100 digits"),
        (["x", "x=1", "--number", "9" * 100_000], "a number has at most 100 digits"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words, sentence, capsys):
    for command in ("draw", "explain"):
        assert main([command, *words]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("error: ") and sentence in said.err
        assert said.err.count("\n") == 1


def test_a_wrong_file_name_is_said_in_one_line(tmp_path, capsys):
    assert main(["draw", "x*x", "x=1", "-o", str(tmp_path / "p.bmp")]) == 2
    assert "ends in .svg, .png" in capsys.readouterr().err
    assert main(["draw", "x*x", "x=1", "-o", str(tmp_path / "no" / "p.svg")]) == 2
    assert "there is no such folder: make it first" in capsys.readouterr().err


def test_without_graphviz_the_command_gives_table_and_advice(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    engine.run.cache_clear()
    assert main(["draw", "x*x", "x=3", "-o", str(tmp_path / "p.svg")]) == 1
    said = capsys.readouterr()
    assert "x.grad = 6" in said.err and said.err.endswith("(no restart needed)\n")
    assert elements((tmp_path / "p.svg").read_text(encoding="utf-8"))
    assert main(["draw", "x*x", "x=3", "-o", str(tmp_path / "p.png")]) == 2
    assert capsys.readouterr().err == f"error: {engine.ADVICE}\n"


def test_the_commands_work_on_an_old_console():
    done = subprocess.run(
        [sys.executable, "-m", "autodiff", "explain", "größe*2", "größe=1"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0, done.stderr
    assert b"gr\\xf6\\xdfe.grad = 2" in done.stdout


# --- expressions --------------------------------------------------------------------------


def test_an_expression_is_a_graph_with_labelled_leaves():
    y = evaluate("x**2 / (1 + exp(-w)) - max(x, w) % 2 + dot([x, 1], (w, 3))", {"x": 3.0, "w": 0.5})
    y.backward()
    expected = 9 / (1 + math.exp(-0.5)) - 1.0 + 4.5
    assert y.data == pytest.approx(expected, rel=1e-15)


def test_constants_are_folded_and_a_power_of_a_negative_number_works():
    y = evaluate("x ** 2 + pi", {"x": -2.0})
    y.backward()
    assert y.data == 4.0 + math.pi
    assert [v.grad for v in (y.parents[0].parents[0],)] == [-4.0]


def test_a_given_name_comes_before_a_constant():
    assert evaluate("e * 1", {"e": 5.0}).data == 5.0
    assert evaluate("e * x", {"x": 1.0}).data == math.e


def test_every_letter_that_python_spells_otherwise_is_a_name_all_the_same():
    """The micro sign is read as mu, a ligature as two letters: 1,000 names and more."""
    letters = map(chr, range(128, sys.maxunicode + 1))
    names = [c for c in letters if c.isidentifier() and unicodedata.normalize("NFKC", c) != c]
    assert "\N{MICRO SIGN}" in names and "\N{GREEK PHI SYMBOL}" in names and len(names) > 1000
    for name in names:
        y = evaluate(f"{name} * {name}", assignments([f"{name}=3"]))
        assert (y.data, *(v.label for v in y.parents)) == (
            9.0,
            *2 * (ast.parse(name).body[0].value.id,),
        )
        assert evaluate(f"2 * {name}", {name: 4.0}).data == 8.0


def test_two_spellings_of_one_name_are_one_name():
    assert (
        evaluate("\N{MICRO SIGN} + \N{GREEK SMALL LETTER MU}", {"\N{MICRO SIGN}": 2.0}).data == 4.0
    )
    with pytest.raises(ExpressionError, match="given twice"):
        assignments(["\N{MICRO SIGN}=1", "\N{GREEK SMALL LETTER MU}=2"])
    with pytest.raises(ExpressionError, match="given twice"):
        evaluate("x", {"\N{MICRO SIGN}": 1.0, "\N{GREEK SMALL LETTER MU}": 2.0})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "x.__class__", "x[0]", "lambda: x", "[x for x in y]", "x if x else x",
        "(x := 1)", "f'{x}'", "x and x", "x == x", "not x", "~x", "x @ x", "x << 1", "True", "None",
        "1j", "'x'", "...", "{x}", "exp(x, base=2)", "exp(*x)", "print(x)", "eval(x)", "await x",
        "[x]", "x, x", "", "x; x", "x\nx", "exp", "sin()", "sin(x, x)", "pow_const(x, 2)",
        "(" * 5000 + "x" + ")" * 5000, "-" * 9000 + "x", "x+" * 4000 + "x" * 5000, "\0", "9" * 5000,
        "sum(1)(x)", "dot([x], [x, x])", "exp([x])",
    ],
)  # fmt: skip
def test_nothing_but_mathematics_is_let_through(text):
    with pytest.raises(ExpressionError):
        evaluate(text, {"x": 1.0})


@given(st.text(alphabet="x12.+-*/%()[],= eE_'\"\\\n", max_size=30))
@example("x")
def test_any_text_is_a_graph_or_an_error_of_ours(text):
    try:
        root = evaluate(text, {"x": 1.5})
    except ExpressionError:
        return
    assert isinstance(root, Value)


def test_numbers_may_be_anything_that_float_reads():
    assert assignments(["a=-1e-3", "b=inf", "c=1_000"]) == {"a": -1e-3, "b": math.inf, "c": 1e3}


# --- sliders ------------------------------------------------------------------------------


def product(x, w):
    y = x * w
    y.label = "y"
    return y


def test_a_slider_moves_a_leaf_and_the_picture_follows():
    ipywidgets = pytest.importorskip("ipywidgets")
    box = interact(product, x=2.0, w=(-4, 4, 3))
    x, w, shown = box.children
    assert isinstance(x, ipywidgets.FloatSlider)
    assert (x.min, x.max, x.value, w.min, w.max, w.value) == (-2.0, 6.0, 2.0, -4.0, 4.0, 3.0)
    assert {"2", "3", "6"} <= set(texts(shown.value))
    x.value = 2.5
    assert {"2.5", "3", "7.5"} <= set(texts(shown.value))


def test_where_the_function_has_no_value_the_sliders_stay():
    pytest.importorskip("ipywidgets")

    def picky(x):
        if x.data > 3:
            raise ArithmeticError("<too large>")
        return x * 1

    x, shown = interact(picky, x=2.0).children
    x.value = 4.0
    assert shown.value == "<pre>ArithmeticError: &lt;too large&gt;</pre>"
    x.value = 1.0
    assert texts(shown.value)


def test_without_ipywidgets_there_is_the_picture_and_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert isinstance(interact(product, x=2.0, w=3.0), Picture)
    assert capsys.readouterr().out == "Sliders need ipywidgets. Run: %pip install ipywidgets\n"


@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ({}, ValueError, "at least one number"),
        ({"x": "2", "w": 1}, TypeError, "x= takes a number"),
        ({"x": (1, 2, 3, 4), "w": 1}, TypeError, r"\(low, high\) or \(low, high, start\)"),
        ({"x": (2, 1), "w": 1}, ValueError, "x takes low < high"),
        ({"x": (0, 1, 2), "w": 1}, ValueError, "a start between"),
        ({"x": (0, float("nan")), "w": 1}, ValueError, "x takes low < high"),
    ],
)
def test_a_wrong_slider_is_refused(values, error, sentence):
    with pytest.raises(error, match=sentence):
        interact(product, **values)


def test_a_function_that_returns_no_value_is_refused():
    with pytest.raises(TypeError, match="the function must return a Value, not a float"):
        interact(lambda x: x.data, x=1.0)
