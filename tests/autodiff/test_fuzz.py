"""A short run of the fuzzer: every mode of differentiation, and mpmath, on random programs.

`make fuzz` runs 100,000 programs, and asks PyTorch, HIPS autograd and JAX too.
"""

import math

import pytest
from hypothesis import given, settings

from autodiff import sweeps
from autodiff.rule import RULES
from tests import fuzz, modes
from tests.fuzz import Tally, chosen, compare, run
from tests.mutants import mutants, planted
from tests.programs import Program, Step, programs

EXAMPLES = settings.default.max_examples
SAMPLE = Program((0.7, -0.4), (Step("tanh", (0,)), Step("mul", (2, 1)), Step("sin", (3,))))
DIRECTION = [1.0, 0.5]


def compared(program, v, sampled=frozenset({"mpmath", "tape"})):
    tally = Tally()
    compare(program, v, tally, set(sampled))
    return tally


@pytest.mark.slow
@settings(max_examples=2 * EXAMPLES)
@given(programs())
def test_all_modes_and_orders_of_a_program_agree_with_each_other_and_with_mpmath(program):
    v = [math.cos(i + 1.0) for i in range(len(program.inputs))]
    assert compared(program, v).faults == []


@pytest.mark.slow
def test_a_range_of_numbered_programs_runs_and_is_counted():
    tally = run(range(21, 40))
    assert tally.faults == []
    assert tally.counts["programs"] == tally.counts["order 2: whole_hessian"] == 19
    assert tally.counts["order 3: mpmath"] > 0
    assert -15 < tally.width("modes", 0.5) < -11


def test_a_number_names_one_program_for_ever():
    assert chosen(7) == chosen(7)
    assert chosen(7) != chosen(8)


def test_the_numbers_are_shared_out_without_gap_or_repetition():
    ranges = list(fuzz.chunks(30, 250))
    assert [number for each in ranges for number in each] == list(range(30, 280))


# --- the checks themselves ----------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_mode_that_is_off_by_one_part_in_ten_billion_is_found(order, monkeypatch):
    (mode, *_) = modes.MODES[order - 1]

    def off(program, v):
        return [x * (1.0 + 1e-10) for x in mode(program, v)]

    planted = list(modes.MODES)
    planted[order - 1] = (off,)
    monkeypatch.setattr(fuzz, "MODES", planted)
    (fault,) = compared(SAMPLE, DIRECTION).faults
    assert fault.startswith(f"order {order}: off differs by")


def test_a_nan_in_one_mode_is_found(monkeypatch):
    monkeypatch.setattr(fuzz, "MODES", ((lambda program, v: [math.nan, 0.0],), (), ()))
    assert "differs by nan" in compared(SAMPLE, DIRECTION).faults[0]


def test_a_dual_number_that_forgets_its_tangent_is_found(monkeypatch):
    monkeypatch.setitem(sweeps.DUALS, "mul", lambda x, y: sweeps.value_of(x) * sweeps.value_of(y))
    monkeypatch.setattr(sweeps.Dual, "__mul__", sweeps.DUALS["mul"])
    names = {fault.split(" differs")[0] for fault in compared(SAMPLE, DIRECTION).faults}
    assert "order 2: forward_over_reverse" in names


def test_a_rule_that_is_wrong_in_all_modes_alike_is_found_by_mpmath():
    (mutant,) = [each for each in mutants(RULES["tanh"]) if each.where == "partial 0"][1:]
    with planted(mutant):
        tally = compared(SAMPLE, DIRECTION, {"mpmath"})
    names = {fault.split(" differs")[0] for fault in tally.faults}
    assert names == {"order 1: mpmath", "order 2: mpmath", "order 3: mpmath"}
