"""Tapes in files: what is saved is loaded; what is no tape's file is refused with a sentence."""

import contextlib
import io
import json
import random
import re
import tracemalloc
import zipfile

import pytest

import autodiff
from autodiff import Tape, Value
from tests.autodiff.tape.backends import BACKENDS
from tests.autodiff.tape.functions import same
from tests.forgeries import FORGERIES, forge, places

np = pytest.importorskip("numpy")


def example_tape():
    """A tape with two paths, a select, labels, a Value outside and two parameters."""
    w, b, k = Value(2.0, label="w"), Value(-1.0, label='b"\n# x'), Value(0.25, label="k")

    def function(x, d):
        y = (w * x[0]).tanh() + b * d["k"]
        y = autodiff.where(x[1] < 0.0, y + autodiff.dot(x, [w, b]), y * k.detach())
        return y * y if y > 0 else -y + w.maximum(x[1]) % 3.0

    tape = Tape.record(function, [1.0, 2.0], {"k": -0.5}, parameters=[w, b])
    tape.forward([-1.0, 2.0], {"k": 0.5})
    return tape


CALLS = [([1.0, 2.0], {"k": -0.5}), ([0.3, -1.0], {"k": 0.5}), ([-1.0, 2.0], {"k": 2.5})]


def answers(tape):
    """All that a tape says to some calls."""
    found = []
    for call in CALLS:
        x, d = call
        found += [tape.forward(*call), tape.forward([x] * 3, [d] * 3)]
        results, gradient = tape.value_and_gradient([0.5, -1.5], *call)
        gx, gd = tape.input_gradients(*call)
        found += [results, gradient, gx, gd["k"]]
        for parameter in tape.parameters:
            parameter.grad = 0.0
        tape.backward(*call)
        found.append([parameter.grad for parameter in tape.parameters])
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loaded_tape_gives_the_same_numbers_to_the_last_bit(tmp_path, backend):
    tape = example_tape()
    loaded = Tape.load(tape.save(tmp_path / "tape.npz"))
    tape.backend = loaded.backend = backend
    assert same(answers(loaded), answers(tape))
    assert [(p.data, p.label) for p in loaded.parameters] == [(2.0, "w"), (-1.0, 'b"\n# x')]
    assert loaded.source() == tape.source()
    assert str(loaded) == str(tape)
    # Once more through a file, it is the same file's content.
    again = Tape.load(loaded.save(str(tmp_path / "again.npz")))
    again.backend = backend
    assert same(answers(again), answers(tape))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loaded_tape_raises_where_it_would_need_its_function(tmp_path, backend):
    tape = Tape.record(lambda x: x[0] * x[1] if x[0] > 0 else x[1], [1.0, 2.0])
    loaded = Tape.load(tape.save(tmp_path / "tape.npz"))
    loaded.backend = backend
    assert loaded.forward([3.0, 4.0]) == 12.0
    sentence = "this tape comes from a file and does not hold what the call needs"
    for inputs in ([-3.0, 4.0], [[3.0, 4.0], [-3.0, 4.0]], [1.0, 2.0, 3.0]):
        for act in (loaded.forward, loaded.input_gradients):
            with pytest.raises(RuntimeError, match=sentence):
                act(inputs)
    assert loaded.forward([[3.0, 4.0]] * 2).tolist() == [12.0, 12.0]


def test_a_loaded_tape_fills_the_parameters_it_is_given(tmp_path):
    path = example_tape().save(tmp_path / "tape.npz")
    w, b = Value(1.0), Value(0.0)
    loaded = Tape.load(path, parameters=[w, b])
    assert loaded.parameters == [w, b]
    loaded.backward(*CALLS[0])
    assert w.grad != 0.0
    with pytest.raises(ValueError, match="has 2 parameters, not 1"):
        Tape.load(path, parameters=[w])
    with pytest.raises(ValueError, match="listed twice"):
        Tape.load(path, parameters=[w, w])


def test_special_constants_survive_a_file(tmp_path):
    inf, nan = float("inf"), float("nan")
    tape = Tape.record(
        lambda x: [x / -0.0, x / 0.0, x + inf, x * nan, x * 5e-324, x * 0.1, x - -1e308], 1.0
    )
    loaded = Tape.load(tape.save(tmp_path / "tape.npz"))
    for x in (1.0, -1.0, 0.0, nan):
        assert same(loaded.forward(x), tape.forward(x))


def test_an_operation_that_is_not_registered_is_named(tmp_path, own_rules):
    autodiff.rule(lambda x: x * 3.0, "3 * x", "3", name="thrice")(lambda z, x: (3.0,))
    tape = Tape.record(lambda x: x.thrice(), 1.0)
    path = tape.save(tmp_path / "tape.npz")
    assert Tape.load(path).forward(2.0) == 6.0
    del autodiff.RULES["thrice"]
    with pytest.raises(LookupError, match="'thrice', which is not registered here"):
        Tape.load(path)


# --- files that are none ------------------------------------------------------------------


def parts(path):
    """Arrays and description in a file."""
    with np.load(path) as file:
        arrays = dict(file)
    return arrays, json.loads(bytes(arrays.pop("tape")))


def write(path, arrays, description):
    np.savez(path, tape=np.frombuffer(json.dumps(description).encode(), dtype=np.uint8), **arrays)


def test_what_is_no_file_of_a_tape_at_all(tmp_path):
    with pytest.raises(FileNotFoundError):
        Tape.load(tmp_path / "nothing.npz")
    path = tmp_path / "file.npz"
    for content in (b"", b"text", b"\x80\x04K\x01.", b"PK\x03\x04", b"\x93NUMPY"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a tape's file"):
            Tape.load(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ValueError, match="not a tape's file"):
        Tape.load(path)
    np.savez(path, tape=np.array([print], dtype=object))  # a pickle, which is never unpacked
    with pytest.raises(ValueError, match="not a tape's file"):
        Tape.load(path)
    np.save(tmp_path / "file.npy", np.zeros(3))
    with pytest.raises(ValueError, match="not a tape's file"):
        Tape.load(tmp_path / "file.npy")


def test_a_file_cut_short_or_with_a_flipped_byte(tmp_path):
    path = example_tape().save(tmp_path / "tape.npz")
    whole, right = path.read_bytes(), answers(Tape.load(path))
    for k in range(0, len(whole), 97):
        path.write_bytes(whole[:k])
        with pytest.raises(ValueError, match="not a tape's file"):
            Tape.load(path)
        flipped = bytearray(whole)
        flipped[k] ^= 0x55
        path.write_bytes(flipped)
        try:
            loaded = Tape.load(path)
        except ValueError:
            continue
        assert same(answers(loaded), right)  # a byte that nobody reads


def _set(array, i, value):
    def change(arrays, description):
        arrays[array] = arrays[array].copy()
        arrays[array][i] = value

    return change


def _array(name, change):
    return lambda arrays, description: arrays.update({name: change(arrays[name])})


def _first(key, value):
    return lambda arrays, description: description["programs"][0].update({key: value})


def _parameter(i, value):
    return lambda arrays, description: description["parameters"][0].__setitem__(i, value)


FORGED = {
    "an operand before the first slot": _set("program0_operands", 0, -1),
    "an operand far away": _set("program0_operands", 0, 2**30),
    "an operand computed later": _set("program0_operands", 0, 9),
    "an operation without a rule": _set("program0_code", 0, 999),
    "operands that start nowhere": _set("program0_start", 1, 2**30),
    "operands that start before": _set("program0_start", 1, -5),
    "one operand less": _array("program0_operands", lambda a: a[:-1]),
    "one operation more": _array("program0_code", lambda a: np.append(a, a[:1])),
    "floats for slots": _array("program0_operands", lambda a: a.astype(float)),
    "longer integers": _array("program0_start", lambda a: a.astype(np.int64)),
    "a matrix": _array("program0_code", lambda a: a.reshape(1, -1)),
    "objects": _array("program0_code", lambda a: a.astype(object)),
    "text": _array("program0_constants", lambda a: a.astype("U9")),
    "complex constants": _array("program0_constants", lambda a: a.astype(complex)),
    "no constants": lambda arrays, description: arrays.pop("program0_constants"),
    "fewer constants": _array("program0_constants", lambda a: a[:0]),
    "adjoints missing": _array("program0_reverse", lambda a: a[:-1]),
    "adjoints turned round": _array("program0_reverse", lambda a: a[::-1].copy()),
    "an adjoint twice": _array("program0_reverse", lambda a: np.append(a, a[-1:])),
    "an adjoint that there is not": _set("program0_reverse", 0, 2**30),
    "more inputs": _first("n_inputs", 4),
    "fewer inputs": _first("n_inputs", -1),
    "more parameters": _first("n_parameters", 3),
    "a result that there is not": _first("outputs", [10**6]),
    "a result before the first slot": _first("outputs", [-1]),
    "no result": _first("outputs", []),
    "two results of a single one": _first("outputs", [8, 8]),
    "a guard on nothing": _first("guards", [[0, 0, 10**6, True]]),
    "an unknown comparison": _first("guards", [[17, 0, 0, True]]),
    "a comparison from the end": _first("guards", [[-1, 0, 0, True]]),
    "a rule with another formula": _first("rules", [["mul", "x + y", "1", "1"]] * 9),
    "rules that are none": _first("rules", 3),
    "another shape": _first("key", [[3], {"keys": ["k"], "parts": [[]]}]),
    "a shape below zero": _first("key", [[-2], {"keys": ["k"], "parts": [[]]}]),
    "a shape that is no shape": _first("key", [[[2]], {"keys": [["k"]], "parts": [[]]}]),
    "a key that is a list": _first("key", [[2], {"keys": [["k"]], "parts": [[]]}]),
    "outside Values without numbers": _first("captured", [["k"]]),
    "a label that is none": _parameter(0, 7),
    "a number that is none": _parameter(1, "1;2"),
    "another format": lambda arrays, description: description.update(format="other"),
    "a later version": lambda arrays, description: description.update(version=99),
    "no programs": lambda arrays, description: description.update(programs=[]),
    "a program too many": lambda arrays, description: description["programs"].append({}),
    "nothing": lambda arrays, description: description.clear(),
    "operands that come round in 32 bits": lambda arrays, description: arrays.update(
        program0_start=np.cumsum([0, 2**30, 2**30, 2**30, 2**30 + 2]).astype(np.int32),
        program0_code=np.zeros(4, dtype=np.uint16),
        program0_operands=np.zeros(2, dtype=np.int32),
    ),
    "an inert operation far away": _first("inert", [10**6]),
    "an inert operation before the first": _first("inert", [-1]),
    "an inert operation that is an input": _first("inert", [0]),
    "a label of no slot": _first("labels", [[10**6, "x"]]),
    "inputs beyond 32 bits": _first("n_inputs", 2**31 - 1),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_file_is_refused(tmp_path, what):
    path = example_tape().save(tmp_path / "tape.npz")
    arrays, description = parts(path)
    write(path, arrays, description)
    Tape.load(path).forward(*CALLS[0])  # that alone is well
    FORGED[what](arrays, description)
    write(path, arrays, description)
    with pytest.raises(ValueError, match=r"not a tape's file|2 parameters"):
        Tape.load(path)


def test_a_dot_with_a_factor_too_few_is_refused(tmp_path):
    path = Tape.record(lambda x: autodiff.dot([x, x, x], [x, x, x]), 1.0).save(tmp_path / "t.npz")
    arrays, description = parts(path)
    arrays["program0_operands"] = arrays["program0_operands"][:-1]
    arrays["program0_start"] = arrays["program0_start"] - np.array([0, 1], dtype=np.int32)
    write(path, arrays, description)
    with pytest.raises(ValueError, match="not a tape's file"):
        Tape.load(path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_random_changes_lead_to_a_sentence_or_to_one_answer_on_every_back_end(tmp_path, backend):
    """A file may say something else that makes sense; then all back ends say the same."""
    path = example_tape().save(tmp_path / "tape.npz")
    generator = random.Random(0)
    survived = 0
    for _ in range(150):
        arrays, description = parts(path)
        name = generator.choice(sorted(arrays))
        array = arrays[name] = arrays[name].copy()
        if len(array):
            i = generator.randrange(len(array))
            array[i] = generator.choice([0, 1, 2, 3, 7, int(array[i]) + 1, abs(int(array[i]) - 1)])
        write(tmp_path / "changed.npz", arrays, description)
        try:
            changed = Tape.load(tmp_path / "changed.npz")
        except ValueError:
            continue
        outcomes = []
        for name in ("python", backend):
            changed.backend = name
            try:
                outcomes.append(changed.input_gradients(*CALLS[0]))
            except RuntimeError as error:  # another path
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1] or same_numbers(*outcomes), name
        survived += 1
    assert survived > 5


def same_numbers(a, b):
    """Gradients by both inputs, to rounding."""
    return a[0] == pytest.approx(b[0], rel=1e-12, nan_ok=True) and a[1] == pytest.approx(
        b[1], rel=1e-12, nan_ok=True
    )


# --- every field forged -------------------------------------------------------------------


def loads_or_says_why(data, path, watched=True):
    """A forged file loads, or one sentence says what is wrong, in little memory."""
    path.write_bytes(data)
    if watched:
        tracemalloc.start()
    try:
        loaded = Tape.load(path)
    except (ValueError, LookupError) as error:
        sentence = str(error)
        words = r"not a tape's file(, or is damaged)?: .{3,}|is not registered here"
        assert re.search(words, sentence) and len(sentence) < 500, sentence
        return None
    finally:
        peak = tracemalloc.get_traced_memory()[1] if watched else 0
        tracemalloc.stop()
        assert peak < 200_000 + 100 * len(data), peak
    return loaded


def packed(arrays, text):
    data = io.BytesIO()
    np.savez(data, tape=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)
    return data.getvalue()


def test_a_forgery_of_any_field_loads_or_is_told_in_a_sentence(tmp_path):
    path = example_tape().save(tmp_path / "tape.npz")
    arrays, description = parts(path)
    loads_or_says_why(packed(arrays, json.dumps(description)), path)  # what is made only once
    outcomes, generator = set(), random.Random(3)
    for place in places(description):
        field = len(place) == 1 or (len(place) == 3 and place[:2] == ("programs", 0))
        for content in generator.sample(FORGERIES, 14 if field else 1):
            text = json.dumps(forge(description, place, content))
            loaded = loads_or_says_why(packed(arrays, text), path, watched=False)
            outcomes.add(loaded is None)
            if loaded is not None:
                loaded.backend = "python"
                with contextlib.suppress(RuntimeError, ValueError):  # another path, other shapes
                    loaded.forward(*CALLS[0])
    assert outcomes == {True, False}


def test_a_forgery_of_any_array_loads_or_is_told_in_a_sentence(tmp_path):
    path = example_tape().save(tmp_path / "tape.npz")
    arrays, description = parts(path)
    text, generator = json.dumps(description), random.Random(2)
    for name, array in arrays.items():
        limits = [0, 1] if array.dtype == float else [np.iinfo(array.dtype).min, 2**15, 2**16 - 1]
        for value in limits:
            for _ in range(3):
                if not len(array):
                    continue
                changed = array.copy()
                changed[generator.randrange(len(array)) :] = value
                loads_or_says_why(packed(arrays | {name: changed}, text), path)
        for other in (array[:0], np.zeros(1000, array.dtype), array.astype(complex), array[None]):
            loads_or_says_why(packed(arrays | {name: other}, text), path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "what describes the tape is no mapping"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": "a", "format": "b"}', "a name occurs twice in it"),
        ('{"format": NaN}', "it holds NaN"),
        ('{"format": "valuegrad ta', "no complete JSON text"),
        ('{"format": ' + "9" * 5000 + "}", "."),
        ("{}", "it says that it is something else"),
    ],
)
def test_a_text_that_describes_no_tape_is_told_in_a_sentence(tmp_path, text, message):
    path = tmp_path / "tape.npz"
    with pytest.raises(ValueError, match=f"not a tape's file: .*{message}"):
        raise_what_loading_says(packed({}, text), path)


def raise_what_loading_says(data, path):
    path.write_bytes(data)
    Tape.load(path)


def test_what_unpacks_to_far_more_than_the_file_is_refused_before_that(tmp_path):
    path, data = tmp_path / "tape.npz", io.BytesIO()
    np.savez_compressed(data, tape=np.zeros(10**8, dtype=np.uint8))
    assert len(data.getvalue()) < 110_000
    assert loads_or_says_why(data.getvalue(), path) is None
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("tape.npy", bytes(10**7))
    assert loads_or_says_why(path.read_bytes(), path) is None
    # An array that says it is larger than it is; and one that is, of a file that says it is not.
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999,), }\n"
    lying = io.BytesIO()
    with zipfile.ZipFile(lying, "w") as archive:
        archive.writestr("tape.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
    assert loads_or_says_why(lying.getvalue(), path) is None
    size = (10**8 + 128).to_bytes(4, "little")
    assert data.getvalue().count(size) >= 1
    small = data.getvalue().replace(size, (1000).to_bytes(4, "little"))
    assert loads_or_says_why(small, path) is None


def test_a_tape_that_compresses_to_next_to_nothing_comes_back(tmp_path):
    tape = Tape.record(lambda x: autodiff.sum([x] * 10_000), 1.0)
    assert Tape.load(tape.save(tmp_path / "tape.npz")).forward(2.0) == 20_000.0
