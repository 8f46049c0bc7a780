"""Models in files: bit-equal outputs, nothing half written, and hostile files refused in words."""

import contextlib
import json
import os
import random
import re
from math import inf, nan, nextafter

import pytest

import autodiff
from autodiff import Value
from nn import (
    MLP,
    Layer,
    Module,
    Neuron,
    RNNCell,
    Sequential,
    load,
    predict,
    save,
    vector_to_parameters,
)
from nn.persist.document import _digest
from tests.forgeries import FORGERIES, forge, places

ROWS = [[0.1, -2.7], [3.3, 0.4], [1e-9, 1e9]]


def example():
    return MLP(2, [3, 2], activation="gelu", output_activation="softmax", seed=11)


@pytest.fixture
def file(tmp_path):
    return save(example(), tmp_path / "model.json")


# --- there and back -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        example(),
        MLP(2, [1], activation=None, seed=-5),
        Layer(2, 3, "log_softmax", name="hidden", seed=0),
        Neuron(2, "relu", seed=0),
        Sequential(Layer(2, 3, seed=0), autodiff.softmax, Sequential(MLP(3, [2, 1], seed=1))),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_loaded_model_has_the_same_text_and_bit_equal_outputs(model, tmp_path):
    again = load(save(model, tmp_path / "model.json"))
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    assert predict(again, ROWS) == predict(model, ROWS)
    assert [p.scope for p in again.parameters()] == [p.scope for p in model.parameters()]


def test_a_loaded_recurrent_cell_has_bit_equal_states(tmp_path):
    cell = RNNCell(2, 3, seed=4)
    again = load(save(cell, tmp_path / "cell.json"))
    for ours, theirs in zip(again.unroll(ROWS), cell.unroll(ROWS), strict=True):
        assert [h.data for h in ours] == [h.data for h in theirs]


def test_every_double_survives(tmp_path):
    model = MLP(2, [2], seed=0)
    extreme = [5e-324, -1.7976931348623157e308, nextafter(1.0, 2.0), -0.0, 0.1, 1e22]
    vector_to_parameters(extreme, model.parameters())
    again = load(save(model, tmp_path / "model.json"))
    assert [p.data.hex() for p in again.parameters()] == [x.hex() for x in extreme]


def test_the_seed_comes_back_too(file):
    assert load(file).seed == 11


def test_loading_draws_nothing_from_the_global_stream(file):
    import random

    state = random.getstate()
    load(file)
    assert random.getstate() == state


def test_parameters_load_into_a_model_that_is_there(file):
    model = MLP(2, [3, 2], activation="gelu", output_activation="softmax", seed=99)
    assert load(file, into=model) is model
    assert predict(model, ROWS) == predict(example(), ROWS)


class Own(Module):
    def __init__(self):
        self.factor = Value(2.0)

    def __call__(self, x):
        return self.factor * x[0]


def test_a_class_of_ones_own_saves_its_parameters_and_loads_into_one(tmp_path):
    model = Own()
    model.factor.data = 0.3
    file = save(model, tmp_path / "own.json")
    with pytest.raises(ValueError, match=r"your own class 'Own': make one and call load\(path, in"):
        load(file)
    assert load(file, into=Own()).factor.data == 0.3


# --- writing ------------------------------------------------------------------------------


def test_a_failed_save_leaves_the_old_file_and_no_other(file, monkeypatch):
    before = file.read_bytes()

    def fail(*names):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(MLP(1, [1], seed=0), file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_saving_over_a_file_replaces_it(file):
    save(MLP(1, [1], seed=0), file)
    assert load(file).n_in == 1
    assert list(file.parent.iterdir()) == [file]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    first, second = save(example(), tmp_path / "a"), save(example(), tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def rebuilt():
    model = MLP(2, [3, 1], seed=0)
    model.layers.append(Layer(1, 1, seed=0))
    return model


def diverged(number):
    model = MLP(1, [1], seed=0)
    model.layers[0].neurons[0].b.data = number
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (rebuilt(), "this MLP was rebuilt after it was made"),
        (diverged(nan), r"parameter 'layers\.0\.neurons\.0\.b' is nan"),
        (diverged(inf), r"parameter 'layers\.0\.neurons\.0\.b' is inf"),
        (MLP(1, [1, 1], activation=lambda v: v, seed=0), "activation is the function '<lambda>'"),
        (Sequential(Layer(1, 1, seed=0), max), "the function 'max' cannot be saved"),
        (Sequential(Own()), "an Own inside another module cannot be saved"),
    ],
)
def test_what_cannot_be_saved_is_said_and_no_file_is_left(model, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        save(model, tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_something_else_than_a_model_is_not_saved(tmp_path):
    with pytest.raises(TypeError, match="save takes a model, not a dict"):
        save({}, tmp_path / "model.json")


# --- files that are not what they say -----------------------------------------------------


def refused(file, content, message):
    """Checks that these bytes are refused, with and without a model, which does not change."""
    file.write_bytes(content)
    model = example()
    before = model.state_dict()
    for into in (None, model):
        with pytest.raises(ValueError, match=message) as caught:
            load(file, into=into)
        assert len(str(caught.value)) < 500
    assert model.state_dict() == before


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.999])
def test_a_truncated_file_is_refused(file, part):
    content = file.read_bytes()
    refused(file, content[: int(part * (len(content) - 2))], "not a complete JSON file")


def test_a_single_changed_digit_is_noticed(file):
    text = file.read_text(encoding="utf-8")
    place = text.index(".", text.index('"parameters"')) + 60
    digit = next(i for i in range(place, len(text)) if text[i].isdigit() and text[i - 1].isdigit())
    changed = text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :]
    refused(file, changed.encode(), "changed or damaged after it was saved")


def test_a_newer_version_says_what_to_do(file):
    document = json.loads(file.read_text(encoding="utf-8"))
    document["version"] = 2
    refused(file, json.dumps(document).encode(), "written by a newer release, in format 2.*upgrade")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_refused(file, opening):
    refused(file, opening * 100_000, "nested too deeply")


@pytest.mark.parametrize("depth", [100, 450, 5000])
def test_deep_nesting_inside_the_architecture_is_refused(file, depth):
    opening, closing = '{"kind": "Sequential", "modules": [' * depth, "]}" * depth
    document = json.loads(file.read_text(encoding="utf-8"))
    document["architecture"] = "here"
    content = json.dumps(document).replace('"here"', f"{opening}{closing}")
    refused(file, content.encode(), "nested too deeply|changed or damaged")


def test_a_model_wrapped_many_times_is_another_architecture(file):
    def wrap(document):
        for _ in range(10):
            document["architecture"] = {"kind": "Sequential", "modules": [document["architecture"]]}

    refused(file, forged(file, wrap), "no parameter|different architecture")


def forged(file, change):
    """The document changed, with a checksum that fits: what a forger would do."""
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    content = {name: document[name] for name in ("architecture", "parameters")}
    with contextlib.suppress(ValueError):  # inf and nan have no digest
        document["sha256"] = _digest(content)
    return json.dumps(document).encode()


NAME = "layers.0.neurons.0.w.0"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (nan, "holds NaN, which is no number"),
        (inf, "holds Infinity, which is no number"),
        ("0.5", "is '0.5', not a finite number"),
        (True, "is True, not a finite number"),
        (None, "is None, not a finite number"),
        ([0.5], r"is \[0.5\], not a finite number"),
        pytest.param(
            10**400, "is 1000000000000000000000000000000000000000, not a finite number", id="huge"
        ),
    ],
)
def test_what_is_no_finite_number_is_refused(file, number, message):
    refused(file, forged(file, lambda d: d["parameters"].update({NAME: number})), message)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1" * 5000])
def test_huge_numbers_are_refused(file, text):
    content = forged(file, lambda d: d["parameters"].update({NAME: 123456.5}))
    refused(file, content.replace(b"123456.5", text.encode()), "not a finite number|digits")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": [3, 3]}, "has 21 parameters, but it holds 17"),
        ({"widths": [10_000_000, 10_000_000]}, "parameters, but it holds 17"),
        ({"widths": [3, -2]}, r"'widths' is \[3, -2\]"),
        ({"widths": []}, r"'widths' is \[\]"),
        ({"widths": 3}, "'widths' is 3"),
        ({"n_in": 0}, "'n_in' is 0"),
        ({"n_in": 10**30}, "'n_in' is 1000"),
        ({"n_in": True}, "'n_in' is True"),
        ({"activation": "__import__('os')"}, "unknown activation|'gelu' in the model"),
        ({"activation": ["tanh"]}, r"'activation' is \['tanh'\]|\['tanh'\] in the file"),
        ({"seed": "x"}, "'seed' is 'x'"),
        ({"kind": "Popen"}, "unknown kind of model 'Popen'|'Popen' in the file"),
        ({"kind": ["MLP"]}, r"unknown kind of model \['MLP'\]|\['MLP'\] in the file"),
    ],
)
def test_an_architecture_that_does_not_fit_is_refused(file, settings, message):
    content = forged(file, lambda d: d["architecture"].update(settings))
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("format"), '"format" is missing'),
        (lambda d: d.update(format="other"), '"format" is missing or something else'),
        (lambda d: d.update(version="1"), "its version is '1'"),
        (lambda d: d.update(version=True), "its version is True"),
        (lambda d: d.update(parameters=[1.0]), "'parameters' is missing or no object"),
        (lambda d: d["architecture"].clear(), "unknown kind of model None|None in the file"),
        (lambda d: d["parameters"].pop(NAME), "holds 16 numbers|no parameter"),
        (lambda d: d["parameters"].update(x=d["parameters"].pop(NAME)), f"no parameter '{NAME}'"),
    ],
)
def test_a_forged_document_is_refused(file, change, message):
    refused(file, forged(file, change), message)


@pytest.mark.parametrize("content", [b"", b"42", b"[]", b"null", b"\xff\xfe\x00", b"not json"])
def test_something_else_than_a_saved_model_is_refused(file, content):
    refused(file, content, "not a complete JSON file|not a saved model|not a JSON file")


def test_a_name_that_occurs_twice_is_refused(file):
    text = file.read_text(encoding="utf-8")
    refused(file, text.replace('"format"', '"format": 1, "format"', 1).encode(), "occurs twice")


def test_the_message_names_the_file(file):
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"model\.json: not a saved model"):
        load(file)


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLP(3, [3, 2], seed=0), "n_in is 2 in the file, 3 in the model"),
        (MLP(2, [4, 2], seed=0), r"widths\[0\] is 3 in the file, 4 in the model"),
        (MLP(2, [3, 2, 1], seed=0), r"widths is \[3, 2\] in the file, \[3, 2, 1\] in the model"),
        (MLP(2, [3, 2], seed=0), "activation is 'gelu' in the file, 'tanh' in the model"),
        (Layer(2, 3, seed=0), "kind is 'MLP' in the file"),
        (Own(), "no parameter 'factor'"),
    ],
)
def test_loading_into_another_architecture_names_the_first_mismatch(file, model, message):
    before = model.state_dict()
    with pytest.raises(ValueError, match=message):
        load(file, into=model)
    assert model.state_dict() == before


# --- modules in one another ---------------------------------------------------------------


class Tree(Module):
    """Knows its parent, and may be as deep as memory allows."""

    def __init__(self, depth):
        self.w, node = Value(1.0), self
        for _ in range(depth):
            node.child = Tree(0)
            node.child.parent, node = node, node.child


def test_a_class_of_ones_own_is_saved_however_its_modules_stand_in_one_another(tmp_path):
    tree, other = Tree(100), Tree(100)
    for i, parameter in enumerate(tree.parameters()):
        parameter.data = float(i)
    load(save(tree, tmp_path / "model.json"), into=other)
    assert other.state_dict() == tree.state_dict()
    deep = Tree(0)
    for _ in range(10_000):
        deep = Holder(deep)
    assert load(save(deep, tmp_path / "model.json"), into=deep) is deep


class Holder(Module):
    """One level of many, with no parameter of its own."""

    def __init__(self, inside):
        self.inside = inside


@pytest.mark.parametrize("circle", [True, False])
def test_sequences_that_no_file_can_describe_are_refused_in_words(circle, tmp_path):
    model = Sequential(Layer(1, 1, seed=0))
    if circle:
        model.layers.append(model)
    for _ in range(1500 * (not circle)):
        model = Sequential(model)
    with pytest.raises(ValueError, match="more than 50 Sequentials stand in one another: make"):
        save(model, tmp_path / "model.json")
    file = save(Sequential(Layer(1, 1, seed=0)), tmp_path / "model.json")
    if circle:  # the names of the parameters fit, and they alone decide
        assert load(file, into=model) is model
    else:
        with pytest.raises(ValueError, match="architecture"):
            load(file, into=model)


# --- every field forged -------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        MLP(2, [2, 1], seed=0),
        Sequential(Layer(2, 2, "relu", seed=0), autodiff.softmax),
        RNNCell(2, 2, seed=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_forgery_of_any_field_loads_or_is_told_in_a_sentence(tmp_path, model):
    file, generator = save(model, tmp_path / "model.json"), random.Random(4)
    document, loaded = json.loads(file.read_text(encoding="utf-8")), 0
    for place in places(document):
        for content in generator.sample(FORGERIES, 10):
            changed = forge(document, place, content)
            if place[0] != "sha256" and "architecture" in changed and "parameters" in changed:
                names = ("architecture", "parameters")
                changed["sha256"] = _digest({name: changed[name] for name in names})
            file.write_text(json.dumps(changed), encoding="utf-8")
            try:
                load(file)
            except ValueError as error:
                sentence = str(error)
            else:
                loaded += 1
                continue
            assert re.search(r"model\.json: .{10,}", sentence) and len(sentence) < 500
    assert loaded  # a number may be another number
