"""Random programs of all operations: Values against mpmath, and against PyTorch where it is there.

The bound on each number is derived from its program, not guessed: see `rounding_bounds`.
"""

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mpf

from autodiff import Value
from autodiff.rule import RULES
from tests.autodiff.references import MPMATH
from tests.programs import (
    Program,
    Step,
    in_torch,
    is_sharp,
    on_floats,
    on_values,
    programs,
    rounding_bounds,
    torch_operations,
    true_value_and_gradient,
)

# 100, or what --hypothesis-profile says.
EXAMPLES = settings.default.max_examples


def value_and_gradient(program):
    leaves = [Value(x) for x in program.inputs]
    root = program.run(on_values, leaves)[-1]
    root.backward()
    return root.data, [leaf.grad for leaf in leaves]


def faults(program):
    """Which numbers of a program are further from mpmath than rounding explains, in words."""
    value, gradient = value_and_gradient(program)
    true_value, true_gradient = true_value_and_gradient(program)
    value_bound, gradient_bounds = rounding_bounds(program)
    rows = [("value", value, true_value, value_bound)]
    rows += [
        (f"gradient {i}", *row)
        for i, row in enumerate(zip(gradient, true_gradient, gradient_bounds, strict=True))
    ]
    return [
        f"{name} is {ours!r}, exactly {mpmath.nstr(true, 20)}, +- {bound:.1e}"
        for name, ours, true, bound in rows
        if not abs(mpf(ours) - true) <= bound
    ]


@pytest.mark.slow
@settings(max_examples=4 * EXAMPLES)
@given(programs())
def test_a_program_of_all_operations_agrees_with_mpmath(program):
    assume(is_sharp(program))
    assert faults(program) == []


@pytest.mark.parametrize("name", list(RULES))
@settings(max_examples=EXAMPLES // 5)
@given(data=st.data())
def test_every_operation_agrees_with_mpmath_in_a_program(name, data):
    program = data.draw(programs(last=name, longest=4))
    assume(is_sharp(program))
    assert faults(program) == []


@given(programs())
def test_values_compute_bit_for_bit_what_the_rules_alone_do(program):
    numbers = program.run(on_values, [Value(x) for x in program.inputs])
    alone = program.run(on_floats, program.inputs)
    # A step whose operands are all constants gives a plain number.
    data = [each.data if isinstance(each, Value) else each for each in numbers]
    assert [x.hex() for x in data] == [x.hex() for x in alone]


@settings(max_examples=4 * EXAMPLES)
@given(data=st.data())
def test_a_program_agrees_with_pytorch(data):
    torch = pytest.importorskip("torch")
    names = [name for name in RULES if name in torch_operations()]
    program = data.draw(programs(names=names))
    assume(is_sharp(program))
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.inputs]
    root = program.run(in_torch, tensors, constant=lambda x: torch.tensor(x, dtype=torch.float64))[
        -1
    ]
    root.backward()
    value, gradient = value_and_gradient(program)
    value_bound, gradient_bounds = rounding_bounds(program)
    # Either side may be off by the bound.
    assert abs(value - root.item()) <= 2.0 * value_bound
    for ours, tensor, bound in zip(gradient, tensors, gradient_bounds, strict=True):
        theirs = 0.0 if tensor.grad is None else tensor.grad.item()
        assert abs(ours - theirs) <= 2.0 * bound


def test_pytorch_knows_every_operation_of_ours():
    pytest.importorskip("torch")
    assert set(RULES) == set(torch_operations())


# --- the checks themselves ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "mul", "logsumexp", "pow_const"])
def test_a_partial_wrong_by_one_part_in_ten_million_is_found(name, monkeypatch):
    partials = RULES[name].partials

    def wrong(*args):
        return tuple([d * (1.0 + 1e-7) for d in partials(*args)])

    monkeypatch.setattr(RULES[name], "partials", wrong)
    operands = {"mul": (0, 1), "logsumexp": (0, 1, 0.5), "pow_const": (0, 3.0)}.get(name, (0,))
    program = Program((0.7, -0.4), (Step("exp", (1,)), Step(name, operands), Step("sum", (2, 3))))
    assert is_sharp(program)
    assert "gradient 0" in " ".join(faults(program))


def test_a_value_wrong_in_the_fourteenth_digit_is_found(monkeypatch):
    monkeypatch.setitem(MPMATH, "hypot", lambda x, y: mpmath.hypot(x, y) * (1.0 + 1e-14))
    program = Program((0.7, -0.4), (Step("hypot", (0, 1)),))
    assert is_sharp(program)
    assert "value" in " ".join(faults(program))


def test_the_bounds_stay_near_the_rounding_of_one_step():
    program = Program((0.7,), (Step("sin", (0,)),))
    value_bound, (bound,) = rounding_bounds(program)
    assert 1e-16 < value_bound < 2e-15
    assert 1e-16 < bound < 2e-15


def test_a_program_that_is_written_out_gives_what_it_says():
    program = Program((3.0, 2.0), (Step("mul", (0, 1)), Step("sub", (2, 0.5))))
    assert program.run(on_floats, program.inputs) == [3.0, 2.0, 6.0, 5.5]
    assert value_and_gradient(program) == (5.5, [2.0, 3.0])
