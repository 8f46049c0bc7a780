"""Tapes in files: the programs of every path as arrays, in one .npz file.

Holds: `save`, and `Content`, what a file holds.

The file is NumPy's: the arrays of program number i are `program<i>_code` and so on, and `tape` is
a JSON text of everything else.

May import: rule, archive, program, shapes, value, writing.  Imports numpy.
"""

from __future__ import annotations

import json
import os
from array import array
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autodiff.rule import Rule
from autodiff.tape.archive import packed
from autodiff.tape.program import COMPARISONS, Program
from autodiff.tape.shapes import Nest
from autodiff.value import Value
from autodiff.writing import write_file

FORMAT, VERSION = "valuegrad tape", 1
# Program's arrays of numbers, their types in memory and in a file.
ARRAYS = {
    "code": ("H", "<u2"), "start": ("i", "<i4"), "operands": ("i", "<i4"),
    "constants": ("d", "<f8"), "reverse": ("i", "<i4"),
}  # fmt: skip
SYMBOLS = list(COMPARISONS)


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


def require_numpy() -> Any:
    """NumPy, or an ImportError that says how to get it."""
    try:
        import numpy
    except ImportError as error:
        raise ImportError(
            'Files of tapes need numpy: %pip install "valuegrad[train]"', name="numpy"
        ) from error
    return numpy


def save(path: str | os.PathLike[str], content: Content) -> Path:
    """Writes a file: all of it or, if anything goes wrong, nothing."""
    numpy = require_numpy()
    arrays: dict[str, Any] = {}
    programs = [(key, _without_gap(program)) for key, program in content.programs]
    for i, (_, program) in enumerate(programs):
        for name, (_, kind) in ARRAYS.items():
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
    return write_file(path, packed(arrays))


def _without_gap(program: Program) -> Program:
    """The program with its first constant right behind its last result."""
    numpy = require_numpy()
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
        "rules": [[rule.name, *identity(rule)] for rule in program.rules],
        "outputs": program.outputs,
        "single": program.single,
        "guards": [[SYMBOLS.index(s), a, b, met] for s, a, b, met in program.guards],
        "inert": sorted(program.inert),
        "labels": sorted(program.labels.items()),
    }


def identity(rule: Rule) -> list[str]:
    """What tells one definition of an operation from another."""
    return [rule.formula, *rule.derivatives]


def _encoded(shape: Any) -> Any:
    """A shape as JSON: a list of lengths, or a dict for a Nest."""
    if not isinstance(shape, Nest):
        return list(shape)
    if shape.keys is not None and not all(isinstance(key, str) for key in shape.keys):
        raise ValueError("a tape to save takes dicts whose keys are strings")
    return {"keys": shape.keys, "parts": list(map(_encoded, shape.parts))}
