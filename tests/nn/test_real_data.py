"""Real measurements, held out: as good as the bars say, over several splits."""

import pytest

from nn.command.recipes import learn

pytest.importorskip("sklearn")


@pytest.mark.parametrize(("name", "bar"), [("breast_cancer", 0.95), ("iris", 0.93)])
def test_held_out_cases_are_classified_correctly(name, bar):
    scores = [learn(name, seed=seed).held_out for seed in (1, 2, 3)]
    assert sum(scores) / len(scores) >= bar


def test_a_network_without_hidden_units_cannot_do_xor():
    """The bars mean something: what cannot be learned is not reported as learned."""
    assert learn("xor", hidden=()).held_out <= 0.75
