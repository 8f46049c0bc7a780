"""Tapes in files: the programs of every path as arrays, in one .npz file.

Holds: `save` and `load`.

The file is NumPy's: the arrays of program number i are `program<i>_code` and so on, and `tape` is
a JSON text of everything else.  Nothing in it is evaluated or unpickled.  Operations are known by
name, and their formulas must be those of the file; every slot is checked to be in range, and no
operation reads what is computed after it.

May import: rule, program, shapes, value, writing.  Imports numpy.
"""

from __future__ import annotations

import io
import json
import math
import os
from array import array
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from autodiff.rule import Rule
from autodiff.tape.program import COMPARISONS, DOT, Program, find_rule
from autodiff.tape.shapes import Nest
from autodiff.value import Value
from autodiff.writing import write_file

FORMAT, VERSION = "valuegrad tape", 1
# Program's arrays of numbers, and their types.
_ARRAYS = {"code": "H", "start": "i", "operands": "i", "constants": "d", "reverse": "i"}
_SYMBOLS = list(COMPARISONS)


@dataclass
class Content:
    """What a file holds.

    Attributes:
        programs: Each with the key of its inputs' shapes.
        shapes: The shapes of the example's arguments.
        parameters: Label and number of each parameter.
    """

    programs: list[tuple[Any, Program]]
    shapes: list[Any]
    parameters: list[Value]


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError(
            'Files of tapes need numpy: %pip install "valuegrad[train]"', name="numpy"
        ) from error
    return numpy


def save(path: str | os.PathLike[str], content: Content) -> Path:
    """Writes a file: all of it or, if anything goes wrong, nothing."""
    numpy = _numpy()
    arrays: dict[str, Any] = {}
    programs = [(key, _without_gap(program)) for key, program in content.programs]
    for i, (_, program) in enumerate(programs):
        for name, kind in _ARRAYS.items():
            numbers = getattr(program, name)
            if numbers is not None:
                arrays[f"program{i}_{name}"] = numpy.array(numbers, dtype=kind)
    text = json.dumps({
        "format": FORMAT,
        "version": VERSION,
        "shapes": list(map(_encoded, content.shapes)),
        "parameters": list(map(_leaf, content.parameters)),
        "programs": [_described(*each) for each in programs],
    })  # fmt: skip
    arrays["tape"] = numpy.frombuffer(text.encode(), dtype=numpy.uint8)
    data = io.BytesIO()
    numpy.savez_compressed(data, **arrays)
    return write_file(path, data.getvalue())


def _without_gap(program: Program) -> Program:
    """The program with its first constant right behind its last result."""
    numpy = _numpy()
    end, first = program.first + len(program.code), program.first_constant

    def moved(slot: int) -> int:
        return slot - first + end if slot >= first else slot

    slots = numpy.frombuffer(program.operands, dtype=numpy.int32) if program.operands else []
    slots = numpy.asarray(slots, dtype=numpy.int32)
    operands = numpy.where(slots >= first, slots - (first - end), slots).astype(numpy.int32)
    return replace(
        program,
        operands=array("i", operands.tobytes()),
        first_constant=end,
        outputs=list(map(moved, program.outputs)),
        guards=[(symbol, moved(a), moved(b), met) for symbol, a, b, met in program.guards],
    )


def _leaf(x: Value) -> list[str]:
    return [x.label, x._data.hex()]


def _described(key: Any, program: Program) -> dict[str, Any]:
    return {
        "key": list(map(_encoded, key)),
        "n_inputs": program.n_inputs,
        "n_parameters": program.n_parameters,
        "captured": list(map(_leaf, program.captured)),
        "rules": [[rule.name, *_identity(rule)] for rule in program.rules],
        "outputs": program.outputs,
        "single": program.single,
        "guards": [[_SYMBOLS.index(s), a, b, met] for s, a, b, met in program.guards],
        "inert": sorted(program.inert),
        "labels": sorted(program.labels.items()),
    }


def _identity(rule: Rule) -> list[str]:
    """What tells one definition of an operation from another."""
    return [rule.formula, *rule.derivatives]


def _encoded(shape: Any) -> Any:
    """A shape as JSON: a list of lengths, or a dict for a Nest."""
    if not isinstance(shape, Nest):
        return list(shape)
    if shape.keys is not None and not all(isinstance(key, str) for key in shape.keys):
        raise ValueError("a tape to save takes dicts whose keys are strings")
    return {"keys": shape.keys, "parts": list(map(_encoded, shape.parts))}


def load(path: str | os.PathLike[str]) -> Content:
    """Reads a file.

    Raises:
        ValueError: If it is not a tape's file, is damaged, or an operation of it has another
            formula here.
        LookupError: If an operation of it is not registered here.
        OSError: If it cannot be read.
    """
    numpy = _numpy()
    with open(path, "rb") as file:
        try:
            _require(is_zipfile(file), "it is no .npz file")
            file.seek(0)
            with numpy.load(file, allow_pickle=False) as arrays:
                tape = json.loads(bytes(arrays["tape"]))
                _require(tape["format"] == FORMAT, "it says that it is something else")
                _require(tape["version"] == VERSION, f"it is of version {tape['version']}")
                programs = [
                    (tuple(map(_decoded, each["key"])), _program(each, arrays, f"program{i}_"))
                    for i, each in enumerate(tape["programs"])
                ]
            content = Content(
                programs, list(map(_decoded, tape["shapes"])), list(map(_value, tape["parameters"]))
            )
            for key, program in programs:
                _check(program, len(content.parameters))
                _require(len(key) == len(content.shapes), "shapes do not fit")
                numbers = sum(map(_size, key))
                _require(numbers == program.n_inputs, "shapes do not fit the inputs")
            _require(bool(programs), "it holds no program")
        except (LookupError, OSError) as error:
            if isinstance(error, _UnknownOperationError):
                raise
            raise ValueError(f"{path} is not a tape's file: {error}") from None
        except Exception as error:  # whatever a damaged file leads to: a sentence
            raise ValueError(f"{path} is not a tape's file or is damaged: {error}") from None
    return content


class _UnknownOperationError(LookupError):
    pass


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _value(leaf: Any) -> Value:
    label, number = leaf
    _require(isinstance(label, str), "a label is no text")
    return Value(float.fromhex(number), label=label)


def _decoded(shape: Any) -> Any:
    if isinstance(shape, list):
        _require(all(type(n) is int and n >= 0 for n in shape), "a shape is none")
        return tuple(shape)
    keys = shape["keys"]
    _require(keys is None or all(isinstance(key, str) for key in keys), "a key is no string")
    return Nest(keys if keys is None else tuple(keys), tuple(map(_decoded, shape["parts"])))


def _size(shape: Any) -> int:
    """How many numbers an argument of that shape has."""
    return sum(map(_size, shape.parts)) if isinstance(shape, Nest) else math.prod(shape)


def _program(described: dict[str, Any], arrays: Any, prefix: str) -> Program:
    """A program as the file has it, not yet checked."""
    flat: dict[str, Any] = {}
    for name, kind in _ARRAYS.items():
        if name == "reverse" and prefix + name not in arrays:
            flat[name] = None
            continue
        numbers = arrays[prefix + name]
        _require(numbers.dtype == kind and numbers.ndim == 1, f"{name} has the wrong type")
        flat[name] = array(kind, numbers.tobytes())
    program = Program(
        n_inputs=int(described["n_inputs"]),
        n_parameters=int(described["n_parameters"]),
        captured=list(map(_value, described["captured"])),
        rules=[_rule(name, identity) for name, *identity in described["rules"]],
        first_constant=-1,
        outputs=list(map(int, described["outputs"])),
        single=bool(described["single"]),
        guards=[_guard(*each) for each in described["guards"]],
        inert=set(map(int, described["inert"])),
        labels={int(slot): str(label) for slot, label in described["labels"]},
        **flat,
    )
    program.first_constant = program.first + len(program.code)
    return program


def _guard(symbol: int, a: int, b: int, met: bool) -> tuple[str, int, int, bool]:
    _require(symbol in range(len(_SYMBOLS)), "a comparison is none")
    return _SYMBOLS[symbol], int(a), int(b), bool(met)


def _rule(name: str, identity: list[str]) -> Rule:
    try:
        rule = find_rule(name)
    except LookupError as error:
        raise _UnknownOperationError(str(error)) from None
    _require(
        _identity(rule) == identity,
        f"the operation {name!r} is {identity[0]} there, and {rule.formula} here",
    )
    return rule


def _check(program: Program, n_parameters: int) -> None:
    """Refuses a program that would read what is not there."""
    n, start, first = len(program.code), program.start, program.first
    _require(program.n_inputs >= 0 and program.n_parameters == n_parameters, "parameters differ")
    _require(len(start) == n + 1 and start[0] == 0, "operations and operands do not fit")
    _require(start[-1] == len(program.operands), "operations and operands do not fit")
    _require(all(i < len(program.rules) for i in program.code), "an operation has no rule")
    _check_operands(program)
    results = range(first + n)
    places = [*program.outputs, *(s for _, a, b, _ in program.guards for s in (a, b))]
    constants = range(program.first_constant, program.n_slots)
    _require(all(s in results or s in constants for s in places), "a result is not there")
    many = len(program.outputs)
    _require(many == 1 or (many > 1 and not program.single), "it has no result")
    _check_reverse(program)


def _check_reverse(program: Program) -> None:
    """Refuses an order of adjoints that is not one of computing."""
    first, n, order = program.first, len(program.code), program.reverse
    if order is None:
        _require(not program.inert, "an operation has no adjoint")
        return
    left = set(range(first, first + n)) - program.inert
    _require(sorted(order) == sorted(left), "some adjoints are missing or are there twice")
    for slot in order:
        left.remove(slot)
        operands = program.operands_of(slot - first)
        _require(left.isdisjoint(operands), "adjoints are in an order in which none can be")


def _check_operands(program: Program) -> None:
    """Refuses operations with the wrong number of operands, or that read what comes later."""
    numpy = _numpy()
    slots = numpy.frombuffer(program.operands, dtype=numpy.int32) if program.operands else []
    slots = numpy.asarray(slots, dtype=numpy.int64)
    widths = numpy.diff(numpy.frombuffer(program.start, dtype=numpy.int32))
    _require(bool((widths > 0).all()), "an operation has no operands")
    dots = [i for i, rule in enumerate(program.rules) if rule is DOT]
    code = numpy.array(program.code, dtype=numpy.int64)
    arity = numpy.array([rule.arity for rule in program.rules] or [0])[code]
    _require(bool(((arity == widths) | (arity == 0)).all()), "an operation has too many operands")
    odd = numpy.isin(code, dots) & (widths % 2 == 1)
    _require(not odd.any(), "a dot has factors without partners")
    before = program.first + numpy.repeat(numpy.arange(len(widths)), widths)
    constant = (slots >= program.first_constant) & (slots < program.n_slots)
    computed = (slots >= 0) & (slots < before)
    _require(bool((constant | computed).all()), "an operation reads what is not yet computed")
