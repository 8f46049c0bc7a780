"""The report of accuracy measures what it says."""

import mpmath
import numpy as np
import pytest

from autodiff.rule import RULES
from benchmarks import accuracy


@pytest.fixture(autouse=True)
def _ours_alone(monkeypatch):
    monkeypatch.setattr(accuracy, "LIBRARIES", {"ours": "autodiff"})


@pytest.mark.parametrize("name", ["sin", "pow", "hypot", "logsumexp", "dot", "where", "relu"])
def test_our_own_errors_are_a_few_units_of_conditioning(name):
    (errors,) = accuracy.measure(name, 5).values()
    assert max(errors.conditioned[:2]) <= 4.0
    assert max(errors.conditioned) <= 300.0
    assert all(c <= u for c, u in zip(errors.conditioned, errors.ulp, strict=True))


def test_the_truth_holds_derivatives_by_two_operands_in_turn():
    rule = RULES["pow"]
    assert accuracy.columns(rule) == [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]
    true = accuracy.truth(rule, [(2.0, 3.0)])
    log2 = float(mpmath.log(2))
    expected = [8.0, 12.0, 8.0 * log2, 12.0, 4.0 + 12.0 * log2, 8.0 * log2**2]
    assert true.high[0] == pytest.approx(expected, rel=1e-15)
    assert list(true.orders) == [0, 1, 1, 2, 2, 2]


def test_an_error_is_counted_in_units_in_the_last_place():
    true = accuracy.truth(RULES["exp"], [(1.0,)])
    found = true.high.copy()
    found[0, 1] += 3.0 * np.spacing(found[0, 1])
    errors = true.errors(found)
    assert errors.ulp[0] <= 0.5
    assert errors.ulp[1] == pytest.approx(3.0, abs=0.5)
    assert errors.conditioned[1] < errors.ulp[1]


def test_nan_is_an_infinite_error():
    true = accuracy.truth(RULES["exp"], [(1.0,)])
    assert true.errors(true.high * np.nan).ulp == [np.inf] * 3


def test_the_table_has_a_line_for_each_operation_and_names_the_worst():
    found = {name: accuracy.measure(name, 2) for name in ("mul", "tanh")}
    assert [line.split()[0] for line in accuracy.table(found, "ulp").splitlines()[2:]] == [*found]
    assert "(tanh)" in accuracy.worst(found, "ulp")


@pytest.mark.slow
def test_the_plot_is_written(tmp_path):
    accuracy.plot({"mul": accuracy.measure("mul", 2)}, tmp_path / "made" / "accuracy.svg")
    assert (tmp_path / "made" / "accuracy.svg").read_text(encoding="utf-8").startswith("<?xml")
