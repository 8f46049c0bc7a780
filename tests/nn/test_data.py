"""Data sets and what prepares them: shapes, seeds, formulas, bad input."""

import array
import random
import sys
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import (
    Data,
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
from nn.data.cases import mean_and_deviation
from nn.data.datasets import DATA_SETS

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


# --- pairs, whatever they are given as ----------------------------------------------------

ROWS = [[float(i), float(i * i)] for i in range(12)]
LABELS = [i % 3 for i in range(12)]
ORDER = [7, 2, 9, 4, 11, 0, 5, 3, 10, 1, 8, 6]  # labels of an index, in another order than the rows


class Labelled:
    """What a column of a data frame is like: `[label]` looks a label up, not a position."""

    def __init__(self, entries, labels):
        self.entries, self.labels = entries, labels

    def __len__(self):
        return len(self.entries)

    def __iter__(self):
        return iter(self.entries)

    def __getitem__(self, label):
        return self.entries[self.labels.index(label)]


def numpy_of(dtype):
    def make(entries):
        return pytest.importorskip("numpy").array(entries).astype(dtype)

    return make


def series(entries):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame if isinstance(entries[0], list) else pandas.Series
    return frame(entries, index=ORDER)


def after_dropna(entries):
    """Some labels are missing."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame if isinstance(entries[0], list) else pandas.Series
    return frame([entries[0], *entries]).drop(0)


def polars_of(entries):
    polars = pytest.importorskip("polars")
    if isinstance(entries[0], list):
        return polars.DataFrame(entries, orient="row")
    return polars.Series(entries)


def tensor(entries):
    return pytest.importorskip("torch").tensor(entries)


PAIRED = {
    "list": list,
    "tuple": tuple,
    "generator": lambda entries: (each for each in entries),
    "view of a dict": lambda entries: dict(enumerate(entries)).values(),
    "labelled": lambda entries: Labelled(entries, ORDER),
    "rows of tuples": lambda entries: [
        tuple(each) if isinstance(each, list) else each for each in entries
    ],
    "arrays": lambda entries: [
        array.array("d", each) if isinstance(each, list) else each for each in entries
    ],
    "pandas": series,
    "pandas after dropna": after_dropna,
    "polars": polars_of,
    "torch": tensor,
    **{
        f"numpy {dtype}": numpy_of(dtype)
        for dtype in ("f2", "f4", "f8", "g", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "O")
    },
}


@pytest.mark.parametrize("of_X", PAIRED)
@pytest.mark.parametrize("of_y", PAIRED)
def test_rows_and_targets_are_paired_by_position_whatever_they_are(of_X, of_y):
    X, y = PAIRED[of_X](ROWS), PAIRED[of_y](LABELS)
    data = Data("d", X, y, "classes", ("x", "square"))
    assert (data.X, data.y) == (ROWS, LABELS)
    for part in split(data, 0.25, seed=3):
        assert all(label == row[0] % 3 and row[1] == row[0] ** 2 for row, label in
                   zip(part.X, part.y, strict=True))  # fmt: skip


@pytest.mark.parametrize("kind", PAIRED)
def test_every_helper_takes_what_data_takes(kind):
    make = PAIRED[kind]
    assert standardise(make(ROWS), make(ROWS)) == standardise(ROWS, ROWS)
    assert one_hot(make(LABELS)) == one_hot(LABELS)
    assert Data("d", make(ROWS), make([[t] for t in LABELS]), "classes", ("x", "s")).y == LABELS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (set, "is a set, which has no order"),
        (frozenset, "is a frozenset, which has no order"),
        (dict.fromkeys, "is a dict: give a list"),
        (str, "is a str: give a list"),
        (bytes, "is a bytes: give a list"),
        (lambda y: [str(t) for t in y], r"row 0 of y is '0', not a number: .*names.index"),
        (lambda y: [*y[:-1], None], "row 11 of y is None, not a number"),
        (lambda y: [*y[:-1], 1j], "row 11 of y is 1j, not a number"),
        (numpy_of("complex"), "row 0 of y is 0j, not a number"),
        (numpy_of("U1"), "row 0 of y is '0', not a number"),
        (numpy_of("S1"), "row 0 of y is b'0', not a number"),
        (numpy_of("M8[s]"), "y holds dates"),
        (numpy_of("m8[s]"), "y holds dates"),
    ],
)
def test_targets_without_order_or_numbers_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        Data("d", ROWS, make(LABELS), "classes", ("x", "square"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"y": [*LABELS, 0]}, "12 cases but 13 targets"),
        ({"y": LABELS[1:]}, "12 cases but 11 targets"),
        ({"X": [*ROWS[:-1], [1.0]]}, "row 11 of X has 1 numbers, but there are 2 names"),
        ({"X": [*ROWS[:-1], [1.0, float("inf")]]}, "row 11 of X, column 1 is inf"),
        ({"y": [*LABELS[:-1], float("nan")]}, "row 11 of y is nan"),
        ({"y": [*LABELS[:-1], 0.5]}, r"row 11 of y is 0.5: .* the whole numbers 0, 1, 2"),
        ({"y": [*LABELS[:-1], -1]}, r"row 11 of y is -1: .* the whole numbers 0, 1, 2"),
        ({"classes": ("a", "b")}, "row 2 of y is 2: .* from 0 to 1, as there are 2 names"),
        ({"task": "binary"}, "row 2 of y is 2: .* 0 and 1, or -1 and 1"),
        ({"task": "vector"}, "row 0 of y is 0: .* one row of numbers each"),
        ({"task": "regression", "y": ROWS}, r"row 0 of y is \[0.0, 0.0\]: .* one number each"),
        ({"task": "clustering"}, "task is one of binary, classes, regression, vector"),
    ],
)
def test_data_that_contradict_themselves_are_refused(settings, message):
    parts = {"X": ROWS, "y": LABELS, "task": "classes", "features": ("x", "square")} | settings
    with pytest.raises(ValueError, match=message):
        Data("d", **parts)


# --- splitting ----------------------------------------------------------------------------


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40), st.floats(0.01, 0.99), st.integers())
def test_a_split_loses_no_case_and_learns_from_every_class(labels, share, seed):
    data = Data("d", [[float(i)] for i in range(len(labels))], labels, "classes", ("number",))
    sizes = [labels.count(label) for label in set(labels)]
    count = sum(min(round(share * size), size - 1) for size in sizes)
    if not count:
        with pytest.raises(ValueError, match="too few to hold"):
            split(data, share, seed)
        return
    train, test = split(data, share, seed)
    assert sorted([*train.X, *test.X]) == data.X
    for part in (train, test):
        assert [labels[int(x)] for (x,) in part.X] == part.y
    assert set(train.y) == set(labels)
    assert len(test) == count


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
        (lambda: standardise([]), "the training set is empty: give at least one row"),
        (lambda: standardise([[1.0], [1.0, 2.0]]), "the rows to standardise have different width"),
        (lambda: standardise([[1.0]], [[1.0, 2.0]]), "the rows to standardise have different wid"),
        (lambda: one_hot([0, 3], n=3), "row 1 has the class 3: classes run from 0 to 2"),
        (lambda: one_hot([0, -1]), "row 1 has the class -1"),
        (
            lambda: standardise([[1.0], [float("nan")]]),
            "row 1 of the training set, column 0 is nan",
        ),
        (
            lambda: standardise([[1.0]], [[1.0], [float("inf")]]),
            "row 1 of set 1 of the others, col",
        ),
        (lambda: one_hot([0.5]), "row 0 has the class 0.5"),
        (lambda: one_hot([]), r"there are no classes: say how many"),
        (lambda: one_hot([0], n=0), "the number of classes is at least 1, not 0"),
        *[
            (lambda share=share: split(moons(10), held_out=share), "the held-out share is")
            for share in (0, 0.0, 1, 1.0, -0.2, 20, float("nan"), float("inf"))
        ],
        (lambda: split(Data("d", [[1.0], [2.0]], [0, 1], "binary", ("x",))), "2 cases are too few"),
        (
            lambda: batches(5, 2.5),
            "the batch size is a whole number from 1 on, or None for all, no",
        ),
        (lambda: batches(5, float("nan")), "the batch size is a whole number"),
        (lambda: batches(-1), "the number of cases is at least 0, not -1"),
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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split(([[1.0]], [1.0])), 'split takes a Data, not a tuple: Data\\("name", X, y'),
        (
            lambda: split(moons(10), "0.2"),
            "the held-out share is a number between 0 and 1, not '0.2",
        ),
        (
            lambda: split(moons(10), True),
            "the held-out share is a number between 0 and 1, not True",
        ),
        (lambda: split(moons(10), 0.2, seed="a"), "a seed is an integer or None, not 'a'"),
        (lambda: batches(5, "2"), "the batch size is a whole number .* not '2'"),
        (lambda: batches(5, True), "the batch size is a whole number .* not True"),
        (lambda: standardise([["1"]]), "row 0 of the training set, column 0 is '1', not a number"),
        (lambda: standardise([1.0, 2.0]), "row 0 of the training set is 1.0, not a list"),
        (lambda: one_hot(["cat"]), "row 0 of classes is 'cat', not a number"),
    ],
)
def test_what_is_no_number_is_refused_in_words(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_the_smallest_batches():
    assert list(batches(0)) == []
    assert list(batches(3, 2.0)) == [[0, 1], [2]]
    assert list(batches(3, 10**12)) == [[0, 1, 2]]


# --- columns that never change ------------------------------------------------------------


@pytest.mark.parametrize("x", [0.1, 0.3, 1e-300, 5e-324, 1e300, -0.7, 0.0, 1e16])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_a_column_that_never_changes_only_loses_its_mean(x, n):
    train, test = standardise([[x]] * n, [[2.0]])
    assert train == [[0.0]] * n
    assert test == [[2.0 - x]]


@pytest.mark.parametrize("column", [[0.3, 0.1 + 0.2], [1e16, 1e16 + 2.0, 1e16], [0.7, 0.1 * 7.0]])
def test_a_column_that_changes_by_rounding_alone_is_not_blown_up(column):
    (done,) = standardise([[x] for x in column])
    assert max(abs(z) for (z,) in done) <= 2.0 * abs(column[0]) * 2.0**-52


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e200, 1e307])
def test_standardising_neither_overflows_nor_vanishes(scale):
    (done,) = standardise([[scale * x] for x in (-10.0, 0.0, 10.0)])
    assert [z for (z,) in done] == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5], rel=1e-12)


def test_a_small_change_of_a_large_number_is_no_rounding():
    seconds = [1.7e9 + 0.1 * i for i in range(1000)]  # scikit-learn calls this constant
    mean, deviation = mean_and_deviation(seconds)
    assert deviation == pytest.approx(0.1 * ((1000**2 - 1) / 12) ** 0.5, rel=1e-6)
    assert mean == pytest.approx(1.7e9 + 49.95, rel=1e-15)
