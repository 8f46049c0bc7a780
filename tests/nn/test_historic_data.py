"""The data of 1986: mirror symmetry, and the family trees with their 104 facts."""

import pytest

from nn import family_trees, mirror_symmetry
from nn.data.historic import PEOPLE, RELATIONS, family_facts

FACTS = family_facts()
INVERSE = {
    "father": {"son", "daughter"}, "mother": {"son", "daughter"}, "son": {"father", "mother"},
    "daughter": {"father", "mother"}, "husband": {"wife"}, "wife": {"husband"},
    "brother": {"brother", "sister"}, "sister": {"brother", "sister"},
    "uncle": {"nephew", "niece"}, "aunt": {"nephew", "niece"},
    "nephew": {"uncle", "aunt"}, "niece": {"uncle", "aunt"},
}  # fmt: skip


def test_there_are_104_questions_of_which_8_have_two_answers():
    assert len(FACTS) == 104
    assert sorted(map(len, FACTS.values())) == [1] * 96 + [2] * 8
    assert {(p, r) for (p, r), who in FACTS.items() if len(who) == 2} == {
        (person, relation)
        for person in ("Colin", "Charlotte", "Alfonso", "Sophia")
        for relation in ("uncle", "aunt")
    }


def test_both_families_have_the_same_tree():
    twin = dict(zip(PEOPLE[:12], PEOPLE[12:]))
    for (person, relation), who in FACTS.items():
        if person in twin:
            assert FACTS[twin[person], relation] == [twin[other] for other in who]


def test_nobody_is_related_to_the_other_family():
    for (person, _), who in FACTS.items():
        assert all((person in PEOPLE[:12]) == (other in PEOPLE[:12]) for other in who)


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_relation_has_its_inverse(relation):
    asked = [
        (person, other) for (person, r), who in FACTS.items() if r == relation for other in who
    ]
    assert asked
    for person, other in asked:
        assert any(person in FACTS.get((other, back), []) for back in INVERSE[relation])


def test_the_tree_is_that_of_the_paper():
    assert FACTS["Colin", "father"] == ["James"]
    assert FACTS["Colin", "mother"] == ["Victoria"]
    assert FACTS["Charlotte", "uncle"] == ["Arthur", "Charles"]
    assert FACTS["Colin", "aunt"] == ["Jennifer", "Margaret"]
    assert FACTS["Christopher", "wife"] == ["Penelope"]
    assert FACTS["Andrew", "daughter"] == ["Jennifer"]
    assert FACTS["Margaret", "niece"] == ["Charlotte"]
    assert ("Penelope", "father") not in FACTS
    assert ("Colin", "wife") not in FACTS


def test_the_cases_light_one_person_and_one_relation_and_all_answers():
    data = family_trees()
    for x, y, ((person, relation), who) in zip(data.X, data.y, FACTS.items()):
        assert [i for i, on in enumerate(x) if on] == [
            PEOPLE.index(person), 24 + RELATIONS.index(relation),
        ]  # fmt: skip
        assert {PEOPLE[i] for i, on in enumerate(y) if on} == set(who)


def test_mirror_symmetry_has_64_patterns_of_which_8_mirror():
    data = mirror_symmetry()
    assert len({tuple(x) for x in data.X}) == 64
    assert [int(x[:3] == x[:2:-1]) for x in data.X] == data.y
    assert sum(data.y) == 8


@pytest.mark.parametrize("bits", [0, 5, -2])
def test_an_odd_number_of_bits_is_refused(bits):
    with pytest.raises(ValueError, match="even and at least 2"):
        mirror_symmetry(bits)
