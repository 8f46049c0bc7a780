"""At awkward points we answer what PyTorch answers, but for one short list of better answers.

`tests/data/pytorch_edges.json` holds PyTorch's answers, `tests/data/differences.json` the list.
"""

import json
import math
from pathlib import Path

import pytest

import autodiff
from autodiff import Value

DATA = Path(__file__).resolve().parents[1] / "data"


def rows(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))["rows"]


def point(row):
    """What tells one row from another."""
    extra = [(key, row[key]) for key in ("base", "exponent", "bounds") if key in row]
    return json.dumps([row["op"], row["args"], extra])


ROWS = {point(row): row for row in rows("pytorch_edges.json")}
DIFFERENCES = {point(row): row for row in rows("differences.json")}


def answer(row):
    """Our value and gradients at a row's point, as the table has them."""
    xs = [Value(float(x)) for x in row["args"]]
    if row["op"] == "pow_const_exponent":
        z = xs[0] ** row["exponent"]
    elif row["op"] == "pow_const_base":
        z = row["base"] ** xs[0]
    elif row["op"] == "clip":
        z = autodiff.clip(xs[0], *row["bounds"])
    else:
        z = getattr(autodiff, row["op"])(*xs)
    z.backward()
    return z.data, [x.grad for x in xs]


def ulps(x, y):
    """How many units in the last place lie between two answers; nan is like nan, inf like inf."""
    if math.isnan(x) or math.isnan(y):
        return 0.0 if math.isnan(x) and math.isnan(y) else math.inf
    if x == y:
        return 0.0
    if math.isinf(x) or math.isinf(y):
        return math.inf
    return abs(x - y) / math.ulp(max(abs(x), abs(y)))


def distance(row, answer):
    """The largest difference, in ulp, between an answer and that of the row."""
    value, grads = answer
    assert len(grads) == len(row["grads"])
    pairs = [(value, row["value"]), *zip(grads, row["grads"], strict=True)]
    return max(ulps(x, float(y)) for x, y in pairs)


def test_the_table_is_whole():
    assert len(rows("pytorch_edges.json")) == len(ROWS) == 427


@pytest.mark.parametrize("key", [key for key in ROWS if key not in DIFFERENCES])
def test_the_answer_is_that_of_pytorch(key):
    assert distance(ROWS[key], answer(ROWS[key])) <= 4.0


@pytest.mark.parametrize("key", DIFFERENCES)
def test_a_better_answer_is_exactly_the_listed_one(key):
    ours = DIFFERENCES[key]["ours"]
    value, grads = answer(DIFFERENCES[key])
    # repr tells -0.0 from 0.0, and nan from everything else.
    assert repr(value) == repr(float(ours["value"]))
    assert [*map(repr, grads)] == [repr(float(grad)) for grad in ours["grads"]]


@pytest.mark.parametrize("key", DIFFERENCES)
def test_a_listed_difference_quotes_pytorch_and_does_differ(key):
    listed, row = DIFFERENCES[key], ROWS[key]
    assert listed["theirs"] == {"value": row["value"], "grads": row["grads"]}
    assert distance(row, answer(row)) > 4.0
    assert len(listed["reason"]) > 20


def test_the_list_of_differences_is_short_and_never_answers_nan():
    assert len(DIFFERENCES) <= 8
    for row in DIFFERENCES.values():
        assert not any(math.isnan(float(x)) for x in [row["ours"]["value"], *row["ours"]["grads"]])


def test_the_distance_tells_answers_apart():
    assert ulps(math.nan, math.nan) == ulps(math.inf, math.inf) == ulps(0.0, -0.0) == 0.0
    assert ulps(math.nan, 1.0) == ulps(math.inf, 1e308) == ulps(math.inf, -math.inf) == math.inf
    assert ulps(1.0, 1.0 + 2.0**-52) == 1.0
