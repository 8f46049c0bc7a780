"""Bad input meets one clear sentence that says what to write instead, and changes nothing."""

import math
import operator

import numpy as np
import pytest

import autodiff
from autodiff import Value
from tests.helpers import refused

# --- what is no number, at the door of Value ----------------------------------------------


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("3", "Value takes a number, not a string: write Value(float('3'))"),
        ("three", "Value takes a number, not the string 'three'"),
        ([1, 2], "Value takes one number, not a list: write [Value(x) for x in [1, 2]]"),
        ((1, 2), "Value takes one number, not a tuple: write [Value(x) for x in (1, 2)]"),
        (
            np.array([1.0, 2.0]),
            "Value takes one number, not a ndarray: write [Value(x) for x in array([1., 2.])]",
        ),
        (None, "Value takes a number, not None: write 0.0 for zero"),
        (1j, "Value takes a real number, not a complex one: use two Values, 0.0 and 1.0"),
        (
            np.complex128(1 + 2j),
            "Value takes a real number, not a complex one: use two Values, 1.0 and 2.0",
        ),
        (
            Value(2.0),
            "Value takes a number, not a Value: write v.data for its number, or v.detach()",
        ),
        ({}, "Value takes a number, not a dict"),
        (b"3", "Value takes a number, not a bytes"),
    ],
    ids=repr,
)
def test_what_is_no_real_number_is_no_value(bad, sentence):
    refused(TypeError, sentence, lambda: Value(bad))


def test_a_number_too_large_for_a_double_is_refused():
    refused(ValueError, "Value takes a number below 1.8e308", lambda: Value(10**400))
    x = Value(2.0)
    refused(ValueError, "takes a number below 1.8e308", lambda: x * 10**400)
    assert Value(10**308).data == 1e308


@pytest.mark.parametrize(
    "number",
    [True, 2, 2.5, np.float32(2.5), np.int8(3), np.float64(2.5), np.array(2.5), np.bool_(True)],
    ids=lambda number: f"{type(number).__name__} {number}",
)
def test_every_kind_of_real_number_is_taken_as_a_float(number):
    x = Value(number)
    assert type(x.data) is float
    assert x.data == float(number)
    x.data = x.grad = number
    assert type(x.data) is type(x.grad) is float


# --- writing to data and grad -------------------------------------------------------------


def parameter():
    p = Value(2.0, label="p")
    p.grad = 5.0
    return p


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (
            lambda p: p - 0.1 * p.grad,
            ".data takes a number, not a Value: write p.data = p.data - 0.1 * p.grad",
        ),
        (lambda p: "3", ".data takes a number, not a string: write"),
        (lambda p: None, ".data takes a number, not None"),
        (lambda p: [1.0], ".data takes one number, not a list"),
        (lambda p: 1j, ".data takes a real number, not a complex one"),
        (lambda p: np.array([1.0, 2.0]), ".data takes one number, not a ndarray"),
        (
            lambda p: np.array([1.0]),
            ".data takes a number, not an array of shape (1,): write x.item()",
        ),
    ],
)
def test_data_takes_numbers_only(bad, sentence):
    p = parameter()
    refused(TypeError, sentence, lambda: setattr(p, "data", bad(p)))
    assert (p.data, p.grad, p.label) == (2.0, 5.0, "p")


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (None, ".grad takes a number, not None: write p.grad = 0.0 or p.zero_grad()"),
        (Value(1.0), ".grad takes a number, not a Value: write p.grad = g.data"),
        ("0", ".grad takes a number, not a string"),
        ([0.0], ".grad takes one number, not a list"),
    ],
)
def test_grad_takes_numbers_only(bad, sentence):
    p = parameter()
    refused(TypeError, sentence, lambda: setattr(p, "grad", bad))
    assert (p.data, p.grad, p.label) == (2.0, 5.0, "p")


def test_a_mistyped_attribute_is_refused():
    p = parameter()
    refused(AttributeError, "gard", lambda: setattr(p, "gard", 3))
    assert (p.data, p.grad) == (2.0, 5.0)


@pytest.mark.parametrize("name", ["parents", "op", "operands"])
def test_what_the_graph_knows_is_not_assignable(name):
    p = parameter() * 2.0
    with pytest.raises(AttributeError):
        setattr(p, name, ())
    assert (p.op, len(p.parents)) == ("*", 1)


# --- what would drop the gradient silently ------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        math.exp, math.sin, math.sqrt, math.isnan, math.floor, math.ceil, math.trunc, float, int,
        complex, round, np.float64, lambda v: round(v, 2), lambda v: "%.3f" % v,  # noqa: UP031
        lambda v: math.pow(v, 2), lambda v: math.fsum([v]), lambda v: np.array([v], dtype=float),
    ],
)  # fmt: skip
def test_what_would_drop_the_gradient_names_the_right_calls(act):
    v = Value(0.5)
    refused(TypeError, "would drop its gradient: write v.exp() or autodiff.exp(v)", lambda: act(v))
    refused(TypeError, "v.data for the number", lambda: act(v))


def test_the_calls_that_the_message_names_work():
    v = Value(0.5)
    assert v.exp().data == autodiff.exp(v).data == math.exp(v.data)
    assert format(v, ".3f") == "0.500"


def test_a_value_counts_nothing():
    v = Value(2.0)
    refused(TypeError, "'Value' object cannot be interpreted as an integer", lambda: range(v))
    refused(TypeError, "'Value' object is not iterable", lambda: list(v))


# --- operations ---------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["3", None, 1j, {}], ids=repr)
@pytest.mark.parametrize("operation", [operator.add, operator.truediv, operator.pow])
def test_an_operator_refuses_what_is_no_number(operation, bad):
    v = Value(2.0)
    refused(TypeError, "unsupported operand type", lambda: operation(v, bad))
    with pytest.raises(TypeError):  # in words of the other's own
        operation(bad, v)


def test_an_operator_refuses_a_complex_number_of_numpy():
    v = Value(2.0)
    with pytest.raises(TypeError):
        v * np.complex128(1 + 2j)
    with pytest.raises(TypeError):
        np.complex128(1 + 2j) * v


@pytest.mark.parametrize("name", ["exp", "tanh", "relu"])
def test_a_function_refuses_what_is_no_number(name):
    function = getattr(autodiff, name)
    refused(TypeError, f"{name} takes a number, not a string", lambda: function("3"))
    refused(TypeError, f"{name} takes a number, not None", lambda: function(None))
    refused(TypeError, f"{name} takes one number, not a list", lambda: function([1.0]))


@pytest.mark.parametrize("name", ["maximum", "pow", "add", "hypot", "atan2"])
@pytest.mark.parametrize("bad", ["3", None, [1.0]], ids=repr)
def test_a_function_of_two_refuses_what_is_no_number(name, bad):
    function, method = getattr(autodiff, name), getattr(Value(2.0), name)
    for act in (lambda: function(Value(2.0), bad), lambda: function(2.0, bad), lambda: method(bad)):
        refused(TypeError, f"{name} takes ", act)


def test_a_wrong_number_of_operands_is_refused():
    v = Value(2.0)
    refused(TypeError, "missing a required argument: 'y'", lambda: autodiff.maximum(v))
    refused(TypeError, "too many positional arguments", lambda: autodiff.exp(v, v))
    refused(TypeError, "unexpected keyword argument 'slope'", lambda: v.leaky_relu(slope=0.1))


WIDE = ["sum", "mean", "prod", "max", "min", "logsumexp"]


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("empty", [[], (), iter([])], ids=["list", "tuple", "iterator"])
def test_an_operation_on_an_empty_list_is_refused(name, empty):
    sentence = f"{name} of an empty list: give at least one number or Value"
    refused(ValueError, sentence, lambda: getattr(autodiff, name)(empty))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_composition_of_an_empty_list_is_refused_in_its_own_name(name):
    refused(ValueError, f"{name} of an empty list", lambda: getattr(autodiff, name)([]))


@pytest.mark.parametrize("name", WIDE)
def test_an_operation_on_a_list_says_that_it_takes_one(name):
    v, function = Value(2.0), getattr(autodiff, name)
    sentence = f"{name} takes one list of numbers and Values, not a Value: write {name}([x, y])"
    refused(TypeError, sentence, lambda: function(v))
    refused(TypeError, f"{name} takes one list", lambda: function(2.0))


@pytest.mark.parametrize("name", WIDE)
def test_a_list_with_something_else_in_it_is_refused(name):
    xs, function = [Value(2.0), "3"], getattr(autodiff, name)
    refused(TypeError, f"{name} takes a number, not a string", lambda: function(xs))
    refused(TypeError, f"{name} takes one number, not a list", lambda: function([[1.0], [2.0]]))


def test_dot_of_empty_lists_is_refused():
    refused(
        ValueError, "dot of two empty lists: give at least one pair", lambda: autodiff.dot([], [])
    )


def test_dot_of_lists_of_different_lengths_is_refused_with_both_lengths():
    w = [Value(1.0), Value(2.0)]
    sentence = "dot takes two lists of one length, got 2 and 3 numbers"
    refused(ValueError, sentence, lambda: autodiff.dot(w, [1.0, 2.0, 3.0]))
    assert [v.grad for v in w] == [0.0, 0.0]


# --- backward and modes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("1", "backward(gradient) takes a number, not a string"),
        (None, "backward(gradient) takes a number, not None"),
        ([1.0], "backward(gradient) takes one number, not a list"),
    ],
)
def test_backward_starts_from_a_number(bad, sentence):
    x = Value(2.0)
    y = x * x
    x.grad, y.grad = 7.0, 8.0
    refused(TypeError, sentence, lambda: y.backward(bad))
    assert (x.grad, y.grad) == (7.0, 8.0)


@pytest.mark.parametrize("bad", ["", None, 3, Value(1.0)], ids=repr)
def test_a_scope_takes_a_name(bad):
    sentence = "scope takes a name, a string that is not empty; got "
    refused(TypeError, sentence, lambda: autodiff.scope(bad))


def nested(depth):
    tree = [1.0]
    for _ in range(depth):
        tree = [tree]
    return tree


def in_itself():
    tree = [1.0]
    tree.append(tree)
    return tree


@pytest.mark.parametrize("tree", [nested(10_000), in_itself()], ids=["deep", "in itself"])
def test_lists_without_end_are_refused_in_words(tree):
    def f(xs):
        return Value(1.0)

    for use in (
        lambda: autodiff.grad(f)(tree),
        lambda: autodiff.jacobian(f)(tree),
        lambda: autodiff.gradcheck(f, [tree]),
        lambda: autodiff.gradients(tree, Value(1.0)),
        lambda: autodiff.Tape.record(f, tree),
        lambda: autodiff.jacobian(lambda x: tree)(1.0),
    ):
        with pytest.raises(ValueError, match="nested too deeply, or a list that holds itself"):
            use()
