"""Data sets and what prepares them: shapes, seeds, formulas, bad input."""

import random
import sys
from math import hypot

import pytest

import nn
from nn import (
    batches,
    circles,
    encoder,
    moons,
    one_hot,
    parity,
    spirals,
    split,
    standardise,
    xor,
)
from nn.datasets import DATA_SETS

# name -> (cases, features, cases of each class), as their sources describe them.
REAL = {
    "breast_cancer": (569, 30, [212, 357]),
    "iris": (150, 4, [50, 50, 50]),
    "digits": (1797, 64, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
    "wine": (178, 13, [59, 71, 48]),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_set_has_the_cases_its_source_describes(name):
    pytest.importorskip("sklearn")
    data = DATA_SETS[name]()
    cases, features, counts = REAL[name]
    assert (len(data.X), len(data.X[0]), len(data.features)) == (cases, features, features)
    assert [data.y.count(label) for label in range(len(data.classes))] == counts
    assert {type(x) for x in data.X[0]} == {float}


def test_diabetes_has_numbers_as_targets():
    pytest.importorskip("sklearn")
    data = DATA_SETS["diabetes"]()
    assert (len(data), len(data.X[0]), min(data.y), max(data.y)) == (442, 10, 25.0, 346.0)


def test_a_real_set_without_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(
        ImportError,
        match=r'The data set iris needs scikit-learn: %pip install "valuegrad\[train\]"',
    ):
        DATA_SETS["iris"]()


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_set_has_a_row_and_a_target_per_case_and_a_text(name):
    pytest.importorskip("sklearn")
    data = DATA_SETS[name]()
    assert len(data.X) == len(data.y)
    assert {len(row) for row in data.X} == {len(data.features)}
    assert repr(data).startswith(f"Data({name}: {len(data)} cases, {len(data.features)} features")


def test_parity_of_two_bits_is_exclusive_or():
    assert (parity(2).X, parity(2).y) == (xor().X, xor().y)


def test_the_encoder_is_its_own_target():
    data = encoder(4)
    assert data.y == data.X
    assert [sum(row) for row in data.X] == [1.0] * 4
    assert data.X[0] is not data.y[0]


def test_moons_without_noise_are_two_half_circles():
    data = moons(50, noise=0.0)
    for (x, y), label in zip(data.X, data.y, strict=True):
        centre = (1.0, 0.5) if label else (0.0, 0.0)
        assert hypot(x - centre[0], y - centre[1]) == pytest.approx(1.0)
        assert (y <= 0.5) if label else (y >= 0.0)


def test_circles_without_noise_have_two_radii_and_no_point_twice():
    data = circles(40, noise=0.0, factor=0.3)
    for (x, y), label in zip(data.X, data.y, strict=True):
        assert hypot(x, y) == pytest.approx(0.3 if label else 1.0)
    assert len({(round(x, 9), round(y, 9)) for x, y in data.X}) == 40


def test_spirals_end_at_radius_one_and_have_as_many_classes_as_arms():
    data = spirals(90, noise=0.0, arms=3)
    assert [data.y.count(label) for label in range(3)] == [30, 30, 30]
    assert max(hypot(*row) for row in data.X) == pytest.approx(1.0)
    assert min(hypot(*row) for row in data.X) == pytest.approx(0.1)


@pytest.mark.parametrize("make", [moons, circles, spirals])
def test_a_seed_repeats_the_noise_and_leaves_the_global_stream_alone(make):
    state = random.getstate()
    assert make(seed=1).X == make(seed=1).X != make(seed=2).X
    assert random.getstate() == state


def test_standardised_columns_have_mean_zero_and_deviation_one():
    rows = [[1.0, 10.0], [2.0, 20.0], [6.0, 60.0], [7.0, 30.0]]
    (done,) = standardise(rows)
    for column in zip(*done, strict=True):
        assert sum(column) == pytest.approx(0.0, abs=1e-15)
        assert sum(x * x for x in column) / 4 == pytest.approx(1.0)


def test_held_out_rows_are_standardised_by_the_training_part():
    train, test = standardise([[0.0], [2.0]], [[10.0], [1.0]])
    assert (train, test) == ([[-1.0], [1.0]], [[9.0], [0.0]])


def test_a_split_keeps_every_case_once_and_the_ratio_of_classes():
    data = moons(100, noise=0.3)
    train, test = split(data, held_out=0.3, seed=5)
    both = [*zip(train.X, train.y, strict=True), *zip(test.X, test.y, strict=True)]
    assert sorted(both) == sorted(zip(data.X, data.y, strict=True))
    assert (len(test), sum(test.y)) == (30, 15)


def test_a_split_depends_on_its_seed_alone():
    state = random.getstate()
    data = moons(40)
    assert split(data, seed=1)[1].X == split(data, seed=1)[1].X != split(data, seed=2)[1].X
    assert random.getstate() == state


def test_batches_hold_every_case_once_in_shuffled_order():
    order = list(batches(10, 3, random.Random(0)))
    assert [len(batch) for batch in order] == [3, 3, 3, 1]
    flat = [i for batch in order for i in batch]
    assert sorted(flat) == list(range(10)) != flat


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parity(0), "the number of bits is at least 1, not 0"),
        (lambda: encoder(1), "the number of patterns is at least 2, not 1"),
        (lambda: moons(1), "the number of cases is at least 2, not 1"),
        (lambda: moons(10, noise=-1.0), "noise is a standard deviation from 0 on"),
        (lambda: circles(10, factor=1.5), "the inner circle's radius is between 0 and 1"),
        (lambda: spirals(10, arms=1), "the number of arms is at least 2"),
        (lambda: standardise([]), "no rows to standardise"),
        (lambda: standardise([[1.0], [1.0, 2.0]]), "the rows to standardise have different width"),
        (lambda: standardise([[1.0]], [[1.0, 2.0]]), "the rows to standardise have different wid"),
        (lambda: one_hot([0, 3], n=3), "row 1 has the class 3: classes run from 0 to 2"),
        (lambda: one_hot([0, -1]), "row 1 has the class -1"),
        (lambda: split(moons(10), held_out=1.0), "the held-out share is between 0 and 1"),
        (lambda: split(xor(), held_out=0.01), "4 cases are too few to hold 1% of them out"),
        (lambda: batches(5, 0), "the batch size is a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_table_that_fits_no_memory_is_refused():
    for classes, n in (([0], 10**9), ([10**9], None)):
        with pytest.raises(ValueError, match="number the classes from 0 on, without gaps"):
            nn.one_hot(classes, n)
    with pytest.raises(ValueError, match="at most 20, not 60: there are 2"):
        nn.parity(60)
    with pytest.raises(ValueError, match="1,000,000 rows of 1,000,000 places"):
        nn.encoder(10**6)
