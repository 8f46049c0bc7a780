"""The node, and what backward means: the contract of Value, sentence by sentence."""

import contextlib
import math
import pickle
import sys
import tracemalloc
import weakref

import pytest

import autodiff
from autodiff import Value, graph
from autodiff.rule import rule
from tests.helpers import COMPARE
from tests.threads import in_threads


def example():
    """Two leaves, a node used twice, an operation on three, a constant: a + b = 1 and c = -2."""
    a, b = Value(3.0, label="a"), Value(-2.0, label="b")
    c = a + b
    root = autodiff.sum([c * c, (a * b).tanh() * 2.0, c])
    return a, b, c, root


def finished():
    a, b, c, root = example()
    root.backward()
    return a, b, c, root


# --- one node -----------------------------------------------------------------------------


def test_a_leaf_has_data_grad_label_and_no_history():
    x = Value(2, label="x")
    assert (x.data, x.grad, x.label, x.op, x.parents, x.operands) == (2.0, 0.0, "x", "", (), ())
    assert type(x.data) is type(x.grad) is float
    assert Value(2.0).label == ""


def test_data_grad_and_label_are_assignable():
    x = Value(2.0)
    x.data, x.grad, x.label = 3, 4, "x"
    assert (x.data, x.grad, x.label) == (3.0, 4.0, "x")
    assert type(x.data) is type(x.grad) is float


def test_item_gives_the_number():
    assert type(Value(2.0).item()) is float
    assert Value(2.0).item() == 2.0


def test_detach_gives_a_leaf_with_the_same_number():
    x = Value(2.0)
    y = x * 3.0
    z = y.detach()
    assert (z.data, z.parents, z.op) == (6.0, (), "")
    (z * z).backward()
    assert x.grad == 0.0


def test_the_text_form_shows_data_grad_and_a_label_if_there_is_one():
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(2.0, label="a")) == "Value(data=2.0, grad=0.0, label='a')"
    assert f"{Value(2.0)}" == str(Value(2.0)) == "Value(data=2.0, grad=0.0)"


def test_format_formats_the_number():
    assert format(Value(2.0), ".3f") == f"{Value(2.0):.3f}" == "2.000"
    assert f"{Value(1234.5):>10,.1f}" == "   1,234.5"


def test_an_attribute_that_does_not_exist_is_not_made_up():
    with pytest.raises(AttributeError, match="gard"):
        _ = Value(2.0).gard


def test_a_value_carries_no_dictionary():
    assert not hasattr(Value(2.0) * 3.0, "__dict__")


# --- what the graph shows -----------------------------------------------------------------


def test_an_operation_keeps_its_operands_in_the_order_written():
    a, b = Value(1.0), Value(2.0)
    assert [p is q for p, q in zip((a - b).parents, (a, b), strict=True)] == [True, True]
    assert [p is q for p, q in zip((b - a).parents, (b, a), strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("label", "build", "operands"),
    [
        ("+", lambda v: v + 2, (None, 2.0)),
        ("+", lambda v: 2 + v, (2.0, None)),
        ("-", lambda v: v - 2, (None, 2.0)),
        ("-", lambda v: 2 - v, (2.0, None)),
        ("*", lambda v: 2 * v, (2.0, None)),
        ("/", lambda v: v / 2, (None, 2.0)),
        ("/", lambda v: 2 / v, (2.0, None)),
        ("%", lambda v: 2 % v, (2.0, None)),
        ("**", lambda v: v**2, (None, 2.0)),
        ("**", lambda v: 2**v, (2.0, None)),
        ("neg", lambda v: -v, (None,)),
        ("abs", lambda v: abs(v), (None,)),
    ],
)
def test_an_operator_with_a_number_is_one_node_that_keeps_the_number(label, build, operands):
    v = Value(3.0)
    z = build(v)
    assert z.op == label
    assert len(z.parents) == 1 and z.parents[0] is v
    assert [each if type(each) is float else None for each in z.operands] == list(operands)


def test_a_difference_a_quotient_and_a_negation_are_one_node_each():
    a, b = Value(1.0), Value(2.0)
    for z in (a - b, a / b, -a):
        assert all(parent is a or parent is b for parent in z.parents)


def test_a_square_by_multiplication_shows_two_edges():
    x = Value(3.0)
    y = x * x
    assert len(y.parents) == 2 and y.parents[0] is y.parents[1] is x
    y.backward()
    assert x.grad == 6.0


def test_unary_plus_is_the_value_itself():
    x = Value(3.0)
    assert +x is x


def test_the_integer_zero_plus_a_value_is_the_value():
    x = Value(3.0)
    assert 0 + x is x
    assert (0.0 + x) is not x
    assert (x + 0) is not x


def test_pythons_sum_draws_no_phantom():
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    total = sum(xs)
    assert total.parents[0].parents[0] is xs[0]
    assert sum(xs[:1]) is xs[0]


def test_pythons_sum_starts_from_a_value_if_told_to():
    xs, b = [Value(1.0), Value(2.0)], Value(10.0)
    total = sum((2.0 * x for x in xs), b)
    total.backward()
    assert (total.data, b.grad, xs[0].grad) == (16.0, 1.0, 2.0)


def test_the_sum_of_a_list_is_a_single_node():
    xs = [Value(1.0), 2.0, Value(3.0)]
    total = autodiff.sum(xs)
    assert (total.data, total.op, total.operands[1]) == (6.0, "sum", 2.0)
    assert [p is q for p, q in zip(total.parents, (xs[0], xs[2]), strict=True)] == [True, True]


def test_dot_is_a_single_node():
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    z = autodiff.dot(w, x)
    assert (z.data, z.op) == (11.0, "dot")
    assert all(p is q for p, q in zip(z.parents, w + x, strict=True))
    z.backward()
    assert [each.grad for each in w + x] == [3.0, 4.0, 1.0, 2.0]


def test_augmented_assignment_makes_a_new_node():
    x = Value(3.0)
    y = x
    y += 1
    assert x.data == 3.0
    assert y.parents[0] is x


# --- comparisons, truth, hash -------------------------------------------------------------


@pytest.mark.parametrize("compare", COMPARE.values(), ids=COMPARE)
@pytest.mark.parametrize("pair", [(2.0, 3.0), (3.0, 2.0), (2.0, 2.0), (2.0, math.nan)])
def test_comparisons_compare_numbers(compare, pair):
    x, y = pair
    expected = compare(x, y)
    assert compare(Value(x), Value(y)) is expected
    assert compare(Value(x), y) is expected
    assert compare(x, Value(y)) is expected


def test_comparison_with_something_else_is_left_to_python():
    x = Value(2.0)
    assert (x == "2") is False and (x != None) is True  # noqa: E711
    with pytest.raises(TypeError, match="not supported between"):
        _ = x < "3"


def test_a_value_is_true_unless_it_is_zero():
    assert bool(Value(0.5)) and bool(Value(math.nan))
    assert not Value(0.0) and not Value(-0.0)


def test_a_value_is_hashed_by_identity():
    x, y = Value(2.0), Value(2.0)
    assert x == y
    assert len({x, y}) == 2
    assert {x: "x"}.get(y) is None
    before = hash(x)
    x.data = 5.0
    assert hash(x) == before


# --- backward -----------------------------------------------------------------------------


def test_backward_is_the_chain_rule():
    a, b, c, root = finished()
    dt = 2.0 * (1.0 - math.tanh(-6.0) ** 2)
    assert root.grad == 1.0
    assert c.grad == 3.0  # 2 c + 1
    assert a.grad == pytest.approx(3.0 - 2.0 * dt, rel=1e-14)
    assert b.grad == pytest.approx(3.0 + 3.0 * dt, rel=1e-14)


def test_leaves_accumulate_over_two_roots():
    x = Value(3.0)
    (x * 2.0).backward()
    (x * x).backward()
    assert x.grad == 8.0


def test_a_second_backward_doubles_leaf_gradients_exactly():
    for scale in (1.0, 0.1, 1e-3):
        a, b, _, root = example()
        root.backward(scale)
        first = (a.grad, b.grad)
        root.backward(scale)
        assert (a.grad, b.grad) == (2.0 * first[0], 2.0 * first[1])


def test_an_inner_node_holds_the_gradient_of_the_latest_call():
    _, _, c, root = finished()
    first = c.grad
    root.backward()
    assert (c.grad, root.grad) == (first, 1.0)
    (c * 10.0).backward()
    assert c.grad == 10.0


def test_an_inner_node_of_another_graph_keeps_its_gradient():
    x = Value(3.0)
    y, z = x * 2.0, x * 5.0
    y.backward()
    z.backward()
    assert (y.grad, z.grad, x.grad) == (1.0, 1.0, 7.0)


def test_a_leafs_own_backward_adds_one():
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_gradient_to_start_from_scales_everything():
    x = Value(3.0)
    y = x * x
    y.backward(0.5)
    assert (x.grad, y.grad) == (3.0, 0.5)
    y.backward(gradient=-2)
    assert (x.grad, y.grad) == (-9.0, -2.0)


def test_a_gradient_that_the_user_set_is_added_to():
    x = Value(3.0)
    x.grad = 100.0
    (x * 2.0).backward()
    assert x.grad == 102.0


def test_zero_grad_clears_the_whole_graph_below():
    a, b, c, root = finished()
    root.zero_grad()
    assert [v.grad for v in (a, b, c, root)] == [0.0] * 4


def test_zero_grad_of_a_node_leaves_what_lies_above_alone():
    a, _, c, root = finished()
    c.zero_grad()
    assert (a.grad, c.grad, root.grad) == (0.0, 0.0, 1.0)


def test_a_node_used_by_many_waits_for_all_of_them():
    x = Value(2.0)
    shared = x * 3.0
    total = shared
    for _ in range(10):
        total = total + shared * total
    total.backward()
    # total = s (s + 1)^10 and its slope for s, by hand.
    assert total.data == 6.0 * 7.0**10
    assert x.grad == 3.0 * (7.0**10 + 6.0 * 10.0 * 7.0**9)


def test_a_later_write_to_an_operand_does_not_falsify_the_gradient():
    x, w = Value(3.0), Value(4.0)
    y = x * w
    z = y.tanh() + y.exp() * w
    expected = pickle.loads(pickle.dumps((z, x, w)))
    expected[0].backward()
    x.data, w.data = 100.0, -100.0
    z.backward()
    assert (x.grad, w.grad) == (expected[1].grad, expected[2].grad)


def test_a_later_write_to_a_result_does_not_falsify_the_gradient():
    x = Value(0.5)
    y = x.exp()
    z = y * 2.0
    y.data, z.data = 100.0, -100.0
    z.backward()
    assert x.grad == 2.0 * math.exp(0.5)
    assert (y.data, z.data) == (100.0, -100.0)


def test_what_is_computed_after_a_write_uses_the_new_number():
    x = Value(3.0)
    y = x * 2.0
    y.data = 10.0
    z = y * y
    z.backward()
    assert (z.data, x.grad) == (100.0, 40.0)


def test_a_local_step_adds_to_the_operands_only():
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    d = c + a
    d.grad = 1.0
    d._backward()
    assert (c.grad, a.grad, b.grad) == (1.0, 1.0, 0.0)
    c._backward()
    assert (a.grad, b.grad) == (-2.0, 2.0)


def test_a_local_step_of_a_leaf_does_nothing():
    x = Value(2.0)
    x.grad = 5.0
    x._backward()
    assert x.grad == 5.0


def test_the_gradient_of_what_does_not_take_part_stays():
    x, y = Value(2.0), Value(3.0)
    y.grad = 7.0
    (x * 2.0).backward()
    assert y.grad == 7.0


# --- weak references, memory -------------------------------------------------------------


def test_weak_references_do_not_keep_a_node_alive():
    """For numbers kept beside the nodes: a momentum for each parameter, a name for each node."""
    x = Value(3.0)
    y = x * x
    seen, state, nodes = weakref.ref(y), weakref.WeakKeyDictionary(), weakref.WeakSet([x, y])
    state[y], state[x] = 1.0, 2.0
    assert seen() is y and state[y] == 1.0 and len(nodes) == 2
    del y
    assert seen() is None and list(state.values()) == [2.0] and list(nodes) == [x]
    copied = pickle.loads(pickle.dumps(x))
    assert weakref.ref(copied)() is copied


def test_a_binary_node_with_its_gradient_takes_at_most_220_bytes():
    a, b = Value(1.5), Value(2.5)
    nodes: list[Value | None] = [None] * 1000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for i in range(1000):
            nodes[i] = node = a * b
            node.grad = 0.5 + i
        assert tracemalloc.get_traced_memory()[0] - before < 220 * 1000
    finally:
        tracemalloc.stop()


# --- interrupted --------------------------------------------------------------------------


def backward_interrupted_at(root, event):
    """Runs `root.backward()` with Ctrl-C at the given line event; whether it got that far."""
    count = -1
    before = sys.gettrace()

    def trace(frame, kind, _):
        nonlocal count
        if not frame.f_globals.get("__name__", "").startswith("autodiff"):
            return None
        if kind == "line":
            count += 1
            if count == event:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        root.backward()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
        # A tracer also strikes between `with` and its body, where no signal is ever handled.
        with contextlib.suppress(RuntimeError):
            while True:
                graph.LOCK.release()
    return False


def test_an_interrupted_backward_changes_all_leaf_gradients_or_none():
    a, b, _, root = finished()
    once = (a.grad, b.grad)
    twice, outcomes = (2.0 * a.grad, 2.0 * b.grad), set()
    for event in range(10_000):
        a.grad, b.grad = once
        interrupted = backward_interrupted_at(root, event)
        assert (a.grad, b.grad) in (once, twice), f"at event {event}"
        outcomes.add((a.grad, b.grad))
        a.grad, b.grad = once
        root.backward()
        assert (a.grad, b.grad) == twice, f"after an interruption at event {event}"
        if not interrupted:
            break
    assert event > 100
    assert once in outcomes


@pytest.mark.usefixtures("own_rules")
def test_a_rule_that_raises_leaves_the_leaf_gradients_as_they_were():
    def fragile(x):
        return x

    @rule(fragile, "x", "1")
    def d_fragile(z, x):
        if x == 6.0:
            raise RuntimeError("broken")
        return (1.0,)

    x = Value(3.0)
    good, bad = x * x, (x * 2.0).fragile()
    good.backward()
    with pytest.raises(RuntimeError, match="broken"):
        (good + bad).backward()
    assert x.grad == 6.0
    in_threads(good.backward)  # another thread, since nothing is left locked
    assert x.grad == 12.0


# --- numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "data"),
    [
        (lambda: Value(1000.0).exp(), math.inf),
        (lambda: Value(1.0) / 0, math.inf),
        (lambda: Value(-1.0) / 0.0, -math.inf),
        (lambda: 1e200 * Value(1e200), math.inf),
        (lambda: Value(10.0) ** 400, math.inf),
        (lambda: Value(0.0).log(), -math.inf),
    ],
)
def test_overflow_and_poles_give_infinity(build, data):
    assert build().data == data


@pytest.mark.parametrize(
    "build",
    [
        lambda: Value(-1.0).log(),
        lambda: Value(-8.0) ** 0.5,
        lambda: Value(-1.0).sqrt(),
        lambda: Value(2.0).asin(),
        lambda: Value(0.0) / 0.0,
        lambda: Value(1.0) % 0.0,
        lambda: Value(math.inf) - math.inf,
    ],
)
def test_what_has_no_real_answer_is_nan(build):
    z = build()
    assert type(z.data) is float and math.isnan(z.data)


def test_a_gradient_that_overflows_is_infinity():
    x = Value(1e-300)
    (1.0 / x).backward()
    assert x.grad == -math.inf


# --- threads ------------------------------------------------------------------------------


def test_threads_differentiate_graphs_of_their_own_at_once():
    def work():
        gradients = set()
        for _ in range(200):
            a, b, _, root = finished()
            gradients.add((a.grad, b.grad, root.data))
        return gradients

    a, b, _, root = finished()
    assert in_threads(*[work] * 4) == [{(a.grad, b.grad, root.data)}] * 4


def test_threads_that_share_a_parameter_lose_no_gradient():
    w = Value(3.0)

    def work():
        for k in range(300):
            autodiff.sum([w * 2.0, w * float(k)]).backward()

    in_threads(*[work] * 4)
    assert w.grad == 4 * sum(2 + k for k in range(300))
