"""Explanations: published examples number for number, and numbers that are those of backward."""

import ast
import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autodiff
from autodiff import RULES, Value, explain, rule
from autodiff.words.algebra import negated, product, settled, shown, simplified, total
from autodiff.words.formula import derivative_formula, operand_names, value_formula
from autodiff.words.latex import latex, name
from autodiff.words.names import names
from autodiff.words.text import check_format, exact, number, printable, shortened
from autodiff.words.trace import backward_steps, order
from tests.autodiff.pictures import network, neuron, reuse

ROOT = Path(__file__).resolve().parents[2]


def founding(y):
    """One ReLU neuron, x = 2, w = 0.5, b = 0, L = (a - y)^2."""
    x, w, b, target = Value(2.0, "x"), Value(0.5, "w"), Value(0.0, "b"), Value(y, "y")
    z = w * x + b
    z.label = "z"
    a = z.relu()
    a.label = "a"
    loss = (a - target) ** 2
    loss.label = "L"
    return loss, w


def survey():
    """f = ln(x1) + x1 x2 - sin(x2) at (2, 5), Baydin et al. 2018."""
    x1, x2 = Value(2.0, "x1"), Value(5.0, "x2")
    f = x1.log() + x1 * x2 - x2.sin()
    f.label = "f"
    return f


# --- published examples -------------------------------------------------------------------


def test_the_founding_worked_example_word_for_word():
    loss, w = founding(0.0)
    assert explain(loss, wrt=w).prose == (
        "dL/da = 2(a - y) = 2; da/dz = 1; dz/dw = x = 2; dL/dw = 2 x 1 x 2 = 4"
    )
    loss, w = founding(1.0)
    assert explain(loss, wrt=w).prose.endswith("dL/dw = 0 x 1 x 2 = 0")


def test_tables_2_and_3_of_baydin_et_al():
    text = explain(survey(), number=".3f").text
    for line in (
        "v1 = log(x1) = log(2) = 0.693",
        "v2 = x1 * x2 = 2 * 5 = 10.000",
        "sin(x2) = sin(5) = -0.959",
        "= 0.693 + 10 = 10.693",
        "f = v3 - v4 = 10.693 - -0.959 = 11.652",
        "f.grad = 1",
        "x2.grad += v4.grad * cos(x2) = -1.000 * cos(5) = -1.000 * 0.284 = -0.284, now -0.284",
        "x1.grad += v2.grad * x2 = 1.000 * 5.000 = 5.000, now 5.000",
        "x2.grad += v2.grad * x1 = 1.000 * 2.000 = 2.000, now 1.716",
        "x1.grad += v1.grad * (1 / x1) = 1.000 * (1 / 2) = 1.000 * 0.500 = 0.500, now 5.500",
        "x1.grad = 5.500",
        "x2.grad = 1.716",
        "df/dx1 = 1 / x1 + x2 = 5.500",
        "df/dx2 = x1 - cos(x2) = 1.716",
    ):
        assert line in text, line


def test_the_exact_figures_of_that_example():
    steps = backward_steps(survey())
    totals = {step.operand.label: step.total for step in steps}
    assert totals["x1"] == 5.5
    assert math.isclose(totals["x2"], 1.7163378145367738, rel_tol=1e-15)


def test_the_two_passes_stand_side_by_side_and_the_backward_one_upwards():
    lines = explain(reuse()).text.splitlines()
    assert [re.match(r"\((\d)\)", line.split("| ")[1]) is not None for line in lines[3:8]]
    places = [int(m[1]) for line in lines if (m := re.search(r"\| \((\d+)\)", line))]
    assert places == [4, 3, 2, 1, 0]
    assert lines[2] == "a = 3                         | a.grad = 4"


# --- numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [neuron(), network(), network(3), survey()], ids=str)
def test_the_trace_is_what_backward_does_to_the_last_bit(root):
    root.zero_grad()
    totals = {id(root): 1.0}
    for step in backward_steps(root):
        assert step.contribution == step.incoming * step.local
        assert step.incoming == totals[id(step.node)]
        totals[id(step.operand)] = step.total
    root.backward()
    assert [v.grad for v in order(root)] == [totals[id(v)] for v in order(root)]


def sample(each, generator):
    return tuple(generator.uniform(low, high) for low, high in each.sample)


@pytest.mark.parametrize("each", RULES.values(), ids=lambda each: each.name)
def test_the_formulas_of_a_rule_are_its_numbers(each):
    """Formulas are computed here, with Python's mathematics, against the rule's own functions."""
    generator = random.Random(1)
    for _ in range(5):
        xs = sample(each, generator)
        z = each.apply(xs)
        known = {**vars(math), **autodiff.operations.FUNCTIONS, "abs": abs, "max": max, "min": min}
        known |= dict(zip(operand_names(each, len(xs)), xs, strict=True)) | {"z": z}
        formula = value_formula(each, len(xs))
        assert formula is not None, each.formula
        assert math.isclose(compute(formula, known), z, rel_tol=1e-9, abs_tol=1e-12)
        for position, partial in enumerate(each.local_partials(z, xs)):
            formula = derivative_formula(each, position, len(xs))
            if formula is None:  # said in words only
                assert each.variadic
                continue
            assert math.isclose(compute(formula, known), partial, rel_tol=1e-9, abs_tol=1e-12)


def compute(formula, known):
    code = compile(ast.fix_missing_locations(ast.Expression(formula)), "formula", "eval")
    return eval(code, {"__builtins__": {}}, known)  # noqa: S307 (a formula of our own table)


@pytest.mark.parametrize("each", RULES.values(), ids=lambda each: each.name)
def test_every_rule_is_explained(each):
    generator = random.Random(2)
    xs = [Value(x, f"q{i}") for i, x in enumerate(sample(each, generator))]
    root = autodiff.operations.record(each, tuple(xs))
    said = explain(root)
    assert said.text.isascii()
    assert len(re.findall(r"q\d\.grad = ", said.text)) == len(xs)
    assert said.prose.count("\n") == len(xs) - 1
    assert r"\overline" in said.latex and said.latex.count("{") == said.latex.count("}")


def test_a_rule_of_the_user_is_explained_without_more_ado(own_rules):
    def cube(x):
        return x * x * x

    @rule(cube, "x ** 3", "3 * x ** 2", name="cube_for_words")
    def d_cube(z, x):
        """Third power."""
        return (3.0 * x * x,)

    y = autodiff.cube_for_words(Value(2.0, "t"))
    y.label = "y"
    assert explain(y).prose == "dy/dt = 3 * t ** 2 = 12"
    assert "y = t ** 3 = 2 ** 3 = 8" in explain(y).text
    assert r"y = {t}^{3} = {2}^{3} = 8" in explain(y).latex


def test_conditions_are_decided_by_the_numbers():
    x = Value(-2.0, "x")
    y = x.relu() + x.abs()
    y.label = "y"
    assert explain(y).prose == "dy/dx = -1"
    assert "(x if x > 0 else 0) = (-2 if -2 > 0 else 0) = 0" in explain(y).text


def test_explaining_changes_no_gradient():
    o = neuron(backward=False)
    assert "x1.grad = -1.5" in explain(o).text
    assert o.grad == 0.0


@pytest.mark.parametrize("data", [float("inf"), float("nan"), 1e308, 5e-324, -0.0])
def test_extreme_numbers_are_explained(data):
    x = Value(data, "x")
    said = explain(x * x - x.exp())
    assert said.text and said.latex and said.html


# --- names --------------------------------------------------------------------------------


def test_nodes_are_called_by_label_by_scope_or_by_number():
    a, b = Value(1.0, "a"), Value(2.0, "a")
    with autodiff.scope("layer0"), autodiff.scope("neuron2"):
        w = Value(3.0, "w")
        c = (a * b).tanh()
        d = c + w
    e = d * 2
    f = e * 3
    called = names(order(f))
    assert [called[id(v)] for v in (a, b, w, c, d, e, f)] == [
        "a", "a#2", "w", "layer0/neuron2.tanh", "layer0/neuron2.+", "v1", "v2",
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["", "v1", "v2", "a", "a#2", "a#3"]), max_size=12))
def test_no_two_nodes_share_a_name(labels):
    nodes = [Value(1.0, label) for label in labels]
    assert len(set(names(nodes).values())) == len(nodes)


def test_a_name_that_could_be_misread_stands_in_parentheses():
    assert "dn/d(x1*w1 + b)" not in explain(neuron()).prose
    x = Value(2.0, "x + 1")
    y = x * 3
    y.label = "y"
    assert explain(y).prose == "dy/d(x + 1) = 3"
    assert "y = (x + 1) * 3" in explain(y).text


# --- text, HTML, LaTeX --------------------------------------------------------------------


def test_text_survives_any_console():
    x = Value(2.0, "größe σ 👩")
    assert explain(x * x).text.isascii()
    done = subprocess.run(
        [sys.executable, "-m", "autodiff", "explain", "x*y", "x=2", "y=3"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0 and b"v1 = x * y = 2 * 3 = 6" in done.stdout


@given(st.text(max_size=40))
@example('"><script>alert(1)</script>')
@example("\\input{/etc/passwd} $x$ %\n# _ & ^ ~ {}")
def test_a_label_creates_nothing_in_html_and_latex(label):
    x = Value(2.0, label)
    said = explain(x * x)
    assert re.fullmatch(
        r"(?:[^<>]|</?(?:div|table|thead|tbody|tr|th|td|p|br)(?: (?:style|class)=\"[^\"<>]*\")*>)*",
        said.html,
    )
    shown_ = name(label)
    assert shown_.count("{") == shown_.count("}") or r"\{" in shown_ or r"\}" in shown_
    commands = set(re.findall(r"\\([a-zA-Z]+)", shown_))
    assert commands <= {"text", "backslash", "wedge", "sim", "mathord"} | {
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
        "omega",
    }  # fmt: skip
    assert not re.search(r"(?<!\\)[$%#&~^]", shown_)


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("x / (1 + y)", r"\frac{x}{1 + y}"),
        ("-x ** 2", r"-{x}^{2}"),
        ("(-x) ** 2", r"{\left(-x\right)}^{2}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a * (b + c)", r"a \cdot \left(b + c\right)"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
        ("softplus(x)", r"\operatorname{softplus}\left(x\right)"),
        ("1 if x > 0 else 0", r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{else} \end{cases}"),
        ("1e-08", r"1 \cdot 10^{-8}"),
        ("a + -b", r"a + \left(-b\right)"),
    ],
)
def test_formulas_are_written_in_latex(formula, written):
    assert latex(ast.parse(formula, mode="eval").body) == written


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        ("2 * (a - y) ** (2 - 1)", "2(a - y)"), ("1 * x", "x"), ("x * -1", "-x"),
        ("3 * 2 ** 2", "12"), ("a - 0", "a - 0"), ("x / 1", "x / 1"), ("-(-x)", "x"),
        ("x ** 2 * (y + 1)", "x ** 2 * (y + 1)"), ("1 / 3", "1 / 3"),
        ("(-8) ** (1 / 2)", "(-8) ** (1 / 2)"), ("2 ** 0.5", "2 ** 0.5"), ("1 / 0", "1 / 0"),
    ],
)  # fmt: skip
def test_formulas_are_simplified_only_where_nothing_is_lost(formula, simple):
    assert shown(simplified(ast.parse(formula, mode="eval").body)) == simple


def test_sums_and_products_leave_out_what_changes_nothing():
    def parse(text):
        return ast.parse(text, mode="eval").body

    assert shown(total(parse("0"), parse("x"))) == "x"
    assert shown(total(parse("x"), parse("x"))) == "2 * x"
    assert shown(total(parse("x"), parse("-y"))) == "x - y"
    assert shown(total(parse("2"), parse("3"))) == "5"
    assert shown(product(parse("a"), parse("1 / b"))) == "a / b"
    assert shown(product(parse("-a"), parse("b"))) == "-a * b"
    assert shown(product(parse("0"), parse("b"))) == "0"
    assert shown(negated(parse("a + b"))) == "-(a + b)"
    assert shown(settled(parse("1 if x > 0 else y"), {"x": 2.0})) == "1"
    assert shown(settled(parse("1 if x > 0 else y"), {})) == "1 if x > 0 else y"


def test_words():
    assert number(1e-320) and number(-1e-9, ".2f") == "0.00"
    assert exact(2.0) == "2" and exact(float("inf")) == "inf"
    assert printable("a\tb") == "a\\tb"
    assert len(shortened("\n" * 10_000, 20)) == 20


# --- large graphs, bad input --------------------------------------------------------------


def test_of_a_large_graph_the_lines_near_the_root_are_shown():
    text = explain(network(), lines=5).text
    assert text.startswith("... 67 nodes before these are left out")
    assert "loss = v1 ** 2" in text and "layer0" not in text


def test_an_operation_on_many_numbers_is_not_written_out():
    xs = [Value(float(i), f"x{i}") for i in range(100)]
    text = explain(autodiff.sum(xs)).text
    assert "sum(x0, x1, x2, ...)" in text


def test_many_ways_are_summed_up():
    x = Value(2.0, "x")
    parts = [x * float(i) for i in range(9)]
    for i, part in enumerate(parts):
        part.label = f"p{i}"
    y = autodiff.sum(parts)
    y.label = "y"
    assert explain(y).prose == (
        "dp0/dx = 0; dp1/dx = 1; ...; dp7/dx = 7; dp8/dx = 8; "
        "dy/dx = 1 x 0 + 1 x 1 + ... + 1 x 7 + 1 x 8 = 36"
    )
    two = parts[2] + parts[3]
    two.label = "t"
    assert explain(two).prose == (
        "dp2/dx = 2; dp3/dx = 3; dt/dx = dt/dp2 x dp2/dx + dt/dp3 x dp3/dx = 1 x 2 + 1 x 3 = 5"
    )


def test_a_node_in_between_may_be_asked_for():
    x = Value(3.0, "x")
    square = x * x
    y = square.exp() * 2
    y.label = "y"
    assert explain(y, wrt=[square, x]).prose.splitlines() == [
        "dy/dv1 = 2 * exp(v1) = 1.621e+04",
        "dy/dv1 = 2 * exp(v1) = 1.621e+04; dv1/dx = 2 * x = 6; dy/dx = 1.621e+04 x 6 = 9.724e+04",
    ]


def test_what_is_no_value_is_refused():
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match="explain takes a Value, not a float"):
        explain(1.0)
    with pytest.raises(TypeError, match="wrt takes Values, not a str"):
        explain(x * x, wrt="x")
    with pytest.raises(ValueError, match="the root does not depend on"):
        explain(x * x, wrt=[Value(2.0)])
    with pytest.raises(ValueError, match="number is a format"):
        explain(x, number="pretty")
    with pytest.raises(ValueError, match="lines is a whole number"):
        explain(x, lines=0)


@pytest.mark.parametrize(
    "spec",
    [".999999999f", "999999999", "0>999999999.3f", "101", ".101g", "1" * 10_000, "\u0669" * 9,
     "<" * 10_000],
)  # fmt: skip
def test_a_format_that_asks_for_more_than_a_line_is_refused_unseen(spec):
    with pytest.raises(ValueError, match=r"at most 100 digits.*; not .{1,40}$"):
        check_format(spec)


@pytest.mark.parametrize(
    "spec", [".3f", "100.100e", "+.4g", "9<5.1f", "", "010,.2f", ".0%", "\u0663"]
)
def test_a_format_of_a_line_is_taken_as_python_takes_it(spec):
    check_format(spec)
    assert number(0.5, spec) == format(0.5, spec)


@pytest.mark.parametrize("spec", ["pretty", ".f", "d", "5s", None, 3])
def test_what_is_no_format_is_refused(spec):
    with pytest.raises(ValueError, match="number is a format such as"):
        check_format(spec)


def test_an_explanation_shows_itself():
    said = explain(survey())
    assert str(said) == repr(said) == said.text
    shown_ = said._repr_mimebundle_()
    assert set(shown_) == {"text/plain", "text/html", "text/latex"}
    assert shown_["text/latex"].startswith("$$\\begin{array}{l|l}")
