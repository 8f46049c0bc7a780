"""The checks of rules catch every planted bug, but for those proved to be none."""

import pytest

from autodiff.rule import RULES
from tests.mutants import TABLE, WAYS, Mutant, hunt, killer, mutants, planted


@pytest.mark.slow
def test_every_planted_bug_is_caught_or_proved_equivalent():
    found = hunt(TABLE)
    assert found.at_large == []
    assert found.mistaken == []
    assert set(found.ways) == set(WAYS)
    assert found.caught.total() >= 0.85 * found.ways.total() > 300


def test_a_mutant_that_is_the_rule_itself_is_not_caught():
    rule = RULES["tanh"]
    assert killer(Mutant("tanh", "sign", "value", rule.value)) == ""


def test_a_planted_bug_is_gone_afterwards():
    rule = RULES["tanh"]
    sound = rule.value, rule.partials
    for mutant in mutants(rule):
        with planted(mutant):
            assert mutant.function in (rule.value, rule.partials)
        assert (rule.value, rule.partials) == sound
