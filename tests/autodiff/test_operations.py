"""Operations as functions and methods, and the compositions."""

import inspect
import math
import pydoc
import re

import pytest

import autodiff
from autodiff import Value
from autodiff.rule import RULES
from tests.helpers import gradients

NARROW = [rule for rule in RULES.values() if not rule.variadic and rule.name != "pow_const"]
WIDE = [rule for rule in RULES.values() if rule.variadic and rule.name != "dot"]


def middle(rule):
    return [(low + high) / 2 + 0.1 for low, high in rule.sample]


@pytest.mark.parametrize("rule", NARROW, ids=lambda rule: rule.name)
def test_every_operation_is_a_function_on_floats(rule):
    xs = middle(rule)
    z = getattr(autodiff, rule.name)(*xs)
    assert type(z) is float
    assert z == rule.apply(xs)


@pytest.mark.parametrize("rule", NARROW, ids=lambda rule: rule.name)
def test_every_operation_is_a_function_on_values_that_makes_one_node(rule):
    xs = [Value(x) for x in middle(rule)]
    z = getattr(autodiff, rule.name)(*xs)
    assert (z.op, z.data) == (rule.label, rule.apply([x.data for x in xs]))
    assert all(p is q for p, q in zip(z.parents, xs, strict=True))
    expected = rule.local_partials(z.data, tuple([x.data for x in xs]))
    assert gradients(z, *xs) == list(expected)


@pytest.mark.parametrize(
    "rule", [rule for rule in NARROW if rule.name != "where"], ids=lambda rule: rule.name
)
def test_every_operation_is_a_method(rule):
    xs = [Value(x) for x in middle(rule)]
    method, function = getattr(xs[0], rule.name), getattr(autodiff, rule.name)
    assert gradients(method(*xs[1:]), *xs) == gradients(function(*xs), *xs)
    assert method(*xs[1:]).data == function(*xs).data


@pytest.mark.parametrize("rule", WIDE, ids=lambda rule: rule.name)
def test_every_operation_on_many_takes_one_list(rule):
    numbers = middle(rule)
    numbers = [x + 0.1 * i for i, x in enumerate(numbers)]
    xs, function = [Value(x) for x in numbers], getattr(autodiff, rule.name)
    assert function(numbers) == rule.apply(numbers)
    for given in (xs, tuple(xs), iter(xs)):
        z = function(given)
        assert (z.op, z.data) == (rule.label, rule.apply(numbers))
        assert gradients(z, *xs) == list(rule.local_partials(z.data, tuple(numbers)))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "logsumexp"])
def test_an_operation_on_a_list_of_one_gives_that_number_with_slope_one(name):
    x = Value(3.0)
    z = getattr(autodiff, name)([x])
    assert (z.data, gradients(z, x)) == (3.0, [1.0])


def test_plain_numbers_and_values_mix_in_a_list():
    x = Value(3.0)
    z = autodiff.prod([2, x, 5.0])
    assert (z.data, gradients(z, x), len(z.parents)) == (30.0, [10.0], 1)


def test_a_value_that_occurs_twice_in_a_list_gets_both_shares():
    x = Value(3.0)
    assert gradients(autodiff.prod([x, x, 2.0]), x) == [12.0]
    assert gradients(autodiff.dot([x, x], [x, 5.0]), x) == [11.0]
    assert gradients(autodiff.max([x, x, 1.0]), x) == [1.0]


def test_operands_with_a_default_may_be_left_out_or_named():
    x = Value(-2.0)
    assert x.leaky_relu().data == -0.02
    assert x.leaky_relu(0.5).data == x.leaky_relu(negative_slope=0.5).data == -1.0
    assert autodiff.elu(x).data == math.expm1(-2.0)
    assert autodiff.clip(x, low=-1.0).data == x.clip(-1.0).data == -1.0
    assert autodiff.clip(5.0, high=1) == 1.0


def test_where_chooses_by_a_comparison_of_values():
    a, b = Value(2.0), Value(3.0)
    z = autodiff.where(a < b, a * 10.0, b * 10.0)
    assert (z.data, gradients(z, a, b)) == (20.0, [10.0, 0.0])


def test_a_power_with_a_plain_exponent_takes_a_negative_base():
    x = Value(-2.0)
    for z in (x**3, x.pow(3), autodiff.pow(x, 3.0)):
        assert (z.data, gradients(z, x)) == (-8.0, [12.0])


def test_a_power_of_values_has_both_derivatives():
    x, y = Value(2.0), Value(3.0)
    for z in (x**y, x.pow(y), autodiff.pow(x, y)):
        assert (z.data, gradients(z, x, y)) == (8.0, [12.0, 8.0 * math.log(2.0)])


@pytest.mark.parametrize("rule", NARROW + WIDE, ids=lambda rule: rule.name)
def test_every_function_says_what_it_is(rule):
    function = getattr(autodiff, rule.name)
    assert function.__name__ == rule.name
    assert rule.formula in function.__doc__
    assert list(inspect.signature(function).parameters) == list(rule.operands)


def test_the_package_lists_what_is_public_and_nothing_else():
    operations = {rule.name for rule in NARROW + WIDE}
    named = {name for name in dir(autodiff) if not name.startswith("__")}
    assert named == {*operations, *autodiff.__all__}
    assert {"__all__", "__doc__", "__version__"} <= set(dir(autodiff))


def test_help_and_inspect_find_what_is_loaded_on_first_use():
    members = dict(inspect.getmembers(autodiff))
    assert members["Tape"] is autodiff.Tape
    assert members["draw"].__module__ == "autodiff.pictures"
    text = pydoc.plain(pydoc.render_doc(autodiff))
    # RULES is a dict, and shown as such; all others are shown with their signatures.
    for name in set(autodiff.__all__) - {"RULES"}:
        assert re.search(rf"^    (class )?{name}\(", text, re.MULTILINE), name


def test_the_package_refuses_a_name_that_it_does_not_have():
    with pytest.raises(AttributeError, match="module 'autodiff' has no attribute 'sinn'"):
        _ = autodiff.sinn


# --- compositions -------------------------------------------------------------------------


def test_softmax_adds_up_to_one_and_has_the_known_slopes():
    xs = [Value(x) for x in (0.5, -1.0, 2.0)]
    ps = [p.data for p in autodiff.softmax(xs)]
    total = math.fsum(math.exp(x.data) for x in xs)
    assert ps == pytest.approx([math.exp(x.data) / total for x in xs], rel=1e-15)
    for i in range(3):
        slopes = gradients(autodiff.softmax(xs)[i], *xs)
        expected = [ps[i] * ((i == j) - ps[j]) for j in range(3)]
        assert slopes == pytest.approx(expected, rel=1e-14)


def test_log_softmax_is_the_logarithm_of_softmax():
    xs = [Value(x) for x in (0.5, -1.0, 2.0)]
    ps = [p.data for p in autodiff.softmax(xs)]
    logs = autodiff.log_softmax(xs)
    assert [z.data for z in logs] == pytest.approx([math.log(p) for p in ps], rel=1e-14)
    expected = [(j == 2) - ps[j] for j in range(3)]
    assert gradients(logs[2], *xs) == pytest.approx(expected, rel=1e-14)


def test_softmax_of_far_numbers_does_not_overflow():
    xs = [Value(1000.0), Value(0.0), Value(-1000.0)]
    assert [p.data for p in autodiff.softmax(xs)] == [1.0, 0.0, 0.0]
    logs = autodiff.log_softmax(xs)
    assert [z.data for z in logs] == [0.0, -1000.0, -2000.0]
    assert gradients(logs[1], *xs) == [-1.0, 1.0, 0.0]


def test_compositions_work_on_plain_numbers():
    assert autodiff.softmax([0.0, 0.0]) == [0.5, 0.5]
    assert [type(p) for p in autodiff.softmax([1, 2])] == [float, float]
    assert autodiff.log_softmax([0.0, -1000.0]) == [0.0, -1000.0]
