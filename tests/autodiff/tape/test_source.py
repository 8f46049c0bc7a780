"""A tape as text: the program that it prints is the program that it runs, labels stay labels."""

import math
import re

import pytest

import autodiff
from autodiff import Tape, Value, rule
from autodiff.rules import where
from autodiff.tape import symbols

EVIL = [
    "two\nlines", "v1 = 1e9", '"""', "'''", "# x", "\\", "\r",
    "\x0c\x0b\x1c\x1d\x1e\x85\u2028\u2029",
    "__import__('os').abort()", "\n    return 0.0, [0.0]\n", "\x00", "\x1b[2J", "\udc80", "\u202e",
    "x" * 200, " ", "\t", "-*- coding: utf-7 -*-", "type: ignore",
]  # fmt: skip


def executed(source, rules=()):
    """The functions that a source defines, as Python runs them."""
    names = {"inf": math.inf, "nan": math.nan, "where": where}
    for i, each in enumerate(rules):
        names[f"rule{i}_value"] = lambda *xs, each=each: each.apply(xs)
        names[f"rule{i}_partials"] = lambda z, *xs, each=each: each.local_partials(z, xs)
    exec(compile(source, "<source>", "exec"), names)
    return names


def labelled(labels):
    """A tape whose inputs, parameters, Values outside and results have these labels."""
    w, k = Value(2.0, label=labels[0]), Value(3.0, label=labels[1])

    def function(x):
        x.label = labels[2]
        y = w * x
        y.label = labels[3]
        z = (y + k).tanh()
        z.label = labels[4]
        return z * z if z > 0 else z

    tape = Tape.record(function, 1.0, parameters=[w])
    tape.forward(-10.0)
    return tape


@pytest.mark.parametrize("label", EVIL)
def test_a_label_never_becomes_code(label):
    plain, marked = labelled(["a", "b", "c", "d", "e"]), labelled([label] * 5)
    source = marked.source()
    code = compile(source, "<source>", "exec")
    bare = compile(plain.source(), "<source>", "exec")
    assert [each.co_code for each in functions(code)] == [each.co_code for each in functions(bare)]
    assert len(source.splitlines()) == len(plain.source().splitlines())
    assert all(character.isprintable() or character == "\n" for character in source)
    source.encode()
    assert marked.forward(1.0) == plain.forward(1.0)


def functions(code):
    """The code of the functions in a module."""
    return [each for each in code.co_consts if hasattr(each, "co_code")]


def test_labels_are_shown_beside_their_numbers():
    source = labelled(["weight", "bias", "in", "product", "activation"]).source()
    lines = source.splitlines()
    assert any(re.match(r"    v1 = p0 \* x0 +# product$", line) for line in lines)
    assert any(re.search(r"tanh\(.*# activation$", line) for line in lines)
    assert any(re.search(r"dp0 = .*# weight$", line) for line in lines)


def test_the_source_is_what_is_computed_forward_and_adjoint():
    w, b = Value(2.0), Value(-0.5)

    def function(x):
        y = autodiff.dot([w, b], x) + autodiff.sum(x) * x[0].sigmoid() % 3.0
        return autodiff.where(x[0] < 0.0, y.exp(), -y / b) if y > 0 else autodiff.maximum(y, x[1])

    tape = Tape.record(function, [1.0, 2.0], parameters=[w, b])
    rows = [[1.0, 2.0], [-0.3, 0.5], [-3.0, -5.0]]
    tape.forward(rows)
    paths = executed(tape.source())
    assert {"path0", "path1"} <= set(paths)
    for row in rows:
        results, gradient = tape.value_and_gradient([2.0, -0.5], row)
        found = []
        for name in ("path0", "path1"):
            try:
                found.append(paths[name](row, [2.0, -0.5]))
            except AssertionError:  # another path
                continue
        assert found == [(results, list(gradient))]


def test_without_parameters_the_adjoints_are_those_of_the_inputs():
    tape = Tape.record(lambda x, y: x * y + x.log(), 2.0, 5.0)
    path = executed(tape.source())["path0"]
    assert path([2.0, 5.0]) == (10.0 + math.log(2.0), [5.5, 2.0])
    several = Tape.record(lambda x: [x, x * 2.0], 2.0)
    assert list(executed(several.source())["path0"]([2.0])) in ([2.0, 4.0], [[2.0, 4.0]])


def test_rules_that_cannot_be_written_down_are_named_not_inlined(own_rules):
    rule(lambda x: 2.0 * x if x > 0 else x, "odd\n(x)", "?", name="odd", smooth=False)(
        lambda z, x: (2.0 if x > 0 else 1.0,)
    )
    tape = Tape.record(lambda x: x.odd() * 3.0, 1.0)
    source = tape.source()
    assert "odd" in source
    path = executed(source, [autodiff.RULES["odd"]])["path0"]
    assert path([2.0]) == (12.0, [6.0])


@pytest.mark.parametrize("n", [1, 3000])
def test_a_long_expression_is_written_in_pieces_that_python_can_read(n):
    tape = Tape.record(lambda xs: autodiff.sum(xs) + autodiff.max(list(xs[:99])), [1.0] * n)
    path = executed(tape.source())["path0"]
    assert path([2.0] * n)[0] == 2.0 * n + 2.0
    if n > 1:
        empty = Tape.record(lambda: Value(1.0) * 2.0)
        assert "def path0" in empty.source()


def test_what_print_shows():
    w = Value(2.0)
    tape = Tape.record(lambda x: (x[0] * w + x[1] * w).tanh(), [1.0, 2.0], parameters=[w])
    tape.backend = "python"
    text = str(tape)
    for part in (
        "1 path",
        "python",
        "2 inputs",
        "1 parameter",
        "2 mul",
        "1 tanh",
        "1 add",
        "bytes",
    ):
        assert part in text
    assert "python" in repr(tape)
    assert "\n" not in repr(tape)
    longer = str(Tape.record(lambda x: x * w if x > 0 else x * w + x, 1.0))
    assert "1 guard" in longer
    assert str(tape) == text  # looking changes nothing


def test_a_label_as_long_as_a_book_is_cut():
    def function(x):
        y = x * 2.0
        y.label = "b" * 1_000_000
        return y + 1.0

    said = Tape.record(function, 1.0).source()
    assert len(said) < 1000
    assert f"  # {'b' * 77}...\n" in said


def test_the_formulas_of_ever_new_constants_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(symbols, "_MOST_KNOWN", 20)
    tape = Tape.record(lambda x: autodiff.sum([x * (i + 0.5) for i in range(200)]), 1.0)
    tape.source()
    assert len(symbols._known_steps) <= 20
    tape.backend = "python"
    assert tape.forward(2.0) == 2.0 * sum(i + 0.5 for i in range(200))
