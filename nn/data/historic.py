"""The data of the first experiments with back-propagation.

Holds: `mirror_symmetry`; `family_trees` with its `PEOPLE`, `RELATIONS` and `family_facts`.

Both after Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
Nature 323:533-536, 1986; the trees first in Hinton, "Learning distributed representations of
concepts", Proceedings of the Cognitive Science Society, 1986.

May import: of its room cases.
"""

from __future__ import annotations

from itertools import product

from nn.data.cases import Data, one_hot

# Two families with the same tree: a person and the one 12 places later play the same part.
PEOPLE = (
    "Christopher", "Andrew", "Arthur", "James", "Charles", "Colin",
    "Penelope", "Christine", "Victoria", "Jennifer", "Margaret", "Charlotte",
    "Roberto", "Pierro", "Emilio", "Marco", "Tomaso", "Alfonso",
    "Maria", "Francesca", "Lucia", "Angela", "Gina", "Sophia",
)  # fmt: skip
RELATIONS = (
    "father", "mother", "husband", "wife", "son", "daughter",
    "uncle", "aunt", "brother", "sister", "nephew", "niece",
)  # fmt: skip
# Husband, wife, and their children.
_ENGLISH: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Christopher", "Penelope", ("Arthur", "Victoria")),
    ("Andrew", "Christine", ("James", "Jennifer")),
    ("James", "Victoria", ("Colin", "Charlotte")),
    ("Arthur", "Margaret", ()),
    ("Charles", "Jennifer", ()),
)


def mirror_symmetry(bits: int = 6) -> Data:
    """All 2^bits patterns; the target is 1 if the second half mirrors the first.

    Rumelhart, Hinton, Williams, Nature 323, 1986.

    Args:
        bits: Even, at least 2.

    Raises:
        ValueError: If the number of bits is odd or below 2.

    >>> data = mirror_symmetry()
    >>> len(data), sum(data.y)
    (64, 8)
    >>> mirror_symmetry(2).y
    [1, 0, 0, 1]
    """
    if bits < 2 or bits % 2:
        raise ValueError(f"the number of bits is even and at least 2, not {bits}")
    X = [list(map(float, row)) for row in product((0, 1), repeat=bits)]
    y = [int(row == row[::-1]) for row in X]
    names = tuple(f"bit {i}" for i in range(bits))
    return Data("mirror_symmetry", X, y, "binary", names, ("not symmetric", "symmetric"))


def family_facts() -> dict[tuple[str, str], list[str]]:
    """The 104 questions (person, relation) that have an answer, each with all who answer it.

    An uncle is a brother of a parent, or the husband of a parent's sister; aunts, nephews and
    nieces likewise.

    >>> facts = family_facts()
    >>> len(facts), sum(map(len, facts.values()))
    (104, 112)
    >>> facts["Colin", "aunt"], facts["Alfonso", "aunt"]
    (['Jennifer', 'Margaret'], ['Angela', 'Gina'])
    """
    english = {
        (person, relation): [other for other in PEOPLE[:12] if other in who]
        for person in PEOPLE[:12]
        for relation in RELATIONS
        if (who := _related(person, relation))
    }
    italian = dict(zip(PEOPLE[:12], PEOPLE[12:], strict=True))
    return {
        (names[person], relation): [names[other] for other in who]
        for names in (dict(zip(PEOPLE[:12], PEOPLE[:12], strict=True)), italian)
        for (person, relation), who in english.items()
    }


def family_trees() -> Data:
    """104 cases: a person and a relation, one of 24 and one of 12 units; who answers, of 24 units.

    Hinton, Cognitive Science Society, 1986; Rumelhart, Hinton, Williams, Nature 323, 1986.  Both
    families have the same tree; `nn.data.historic.family_facts` has the cases in words.

    Returns:
        Rows of 36 inputs, the persons first, and of 24 targets.

    >>> data = family_trees()
    >>> len(data), len(data.X[0]), len(data.y[0])
    (104, 36, 24)
    """
    X, y = [], []
    for (person, relation), who in family_facts().items():
        (given,) = one_hot([PEOPLE.index(person)], 24)
        (asked,) = one_hot([RELATIONS.index(relation)], 12)
        X.append([*given, *asked])
        y.append([float(other in who) for other in PEOPLE])
    return Data("family_trees", X, y, "vector", (*PEOPLE, *RELATIONS))


def _parents(person: str) -> set[str]:
    """The couple whose child the person is."""
    couples = [{husband, wife} for husband, wife, children in _ENGLISH if person in children]
    return couples[0] if couples else set()


def _children(person: str) -> set[str]:
    found = [set(children) for husband, wife, children in _ENGLISH if person in (husband, wife)]
    return found[0] if found else set()


def _siblings(people: set[str]) -> set[str]:
    """Brothers and sisters of any of these."""
    parents = {parent for person in people for parent in _parents(person)}
    return {child for parent in parents for child in _children(parent)} - people


def _spouses(people: set[str]) -> set[str]:
    couples = [{husband, wife} for husband, wife, _ in _ENGLISH]
    return {name for couple in couples if couple & people for name in couple - people}


def _related(person: str, relation: str) -> set[str]:
    """All who are this to the person, in the English family."""
    spouse = _spouses({person})
    of_parents = {each for parent in _parents(person) for each in _siblings({parent})}
    kinds = (
        _parents(person),
        spouse,
        _children(person),
        of_parents | _spouses(of_parents),
        _siblings({person}),
        {child for each in _siblings({person} | spouse) for child in _children(each)},
    )
    place, men = RELATIONS.index(relation), set(PEOPLE[:6])
    return kinds[place // 2] & men if place % 2 == 0 else kinds[place // 2] - men
