"""Tapes from files, which may hold anything.

Holds: `load`.

Nothing in a file is evaluated or unpickled.  Operations are known by name, and their formulas must
be those of the file; every field is checked to be of its type, every slot to be in range, and no
operation reads what is computed after it.

May import: rule, archive, files, program, shapes, value.  Imports numpy.
"""

from __future__ import annotations

import json
import math
import os
from array import array
from typing import Any, NoReturn

from autodiff.rule import Rule
from autodiff.tape.archive import require, unpacked
from autodiff.tape.files import (
    ARRAYS,
    FORMAT,
    SYMBOLS,
    VERSION,
    Content,
    identity,
    require_numpy,
)
from autodiff.tape.program import DOT, Program, find_rule
from autodiff.tape.shapes import Nest
from autodiff.value import Value

# Slots are counted in 32 bits; an array has at most so many dimensions.
_END, _DIMENSIONS = 2**31, 64


def load(path: str | os.PathLike[str]) -> Content:
    """Reads a file.

    Raises:
        ValueError: If it is not a tape's file, is damaged, or an operation of it has another
            formula here.
        LookupError: If an operation of it is not registered here.
        OSError: If it cannot be read.
    """
    require_numpy()
    with open(path, "rb") as file:
        try:
            return _content(unpacked(file))
        except _UnknownOperationError:
            raise
        except ValueError as error:
            raise ValueError(f"{path} is not a tape's file: {error}") from None
        except RecursionError:
            raise ValueError(f"{path} is not a tape's file: it is nested too deeply") from None
        except Exception as error:  # whatever a damaged archive leads to: a sentence
            raise ValueError(f"{path} is not a tape's file, or is damaged: {error}") from None


class _UnknownOperationError(LookupError):
    pass


def _content(arrays: dict[str, Any]) -> Content:
    require("tape" in arrays, "it does not describe a tape")
    tape = _parsed(arrays["tape"].tobytes())
    require(isinstance(tape, dict), "what describes the tape is no mapping")
    require(tape.get("format") == FORMAT, "it says that it is something else")
    require(tape.get("version") == VERSION, f"it is of version {tape.get('version')!r:.40}")
    programs = []
    for i, each in enumerate(_field(tape, "programs", list)):
        require(isinstance(each, dict), "what describes a program is no mapping")
        key = tuple(map(_decoded, _field(each, "key", list)))
        programs.append((key, _program(each, arrays, f"program{i}_")))
    shapes = list(map(_decoded, _field(tape, "shapes", list)))
    parameters = list(map(_value, _field(tape, "parameters", list)))
    require(bool(programs), "it holds no program")
    for key, program in programs:
        _check(program, len(parameters))
        require(len(key) == len(shapes), "shapes do not fit")
        require(sum(map(_size, key)) == program.n_inputs, "shapes do not fit the inputs")
    return Content(programs, shapes, parameters)


def _parsed(data: bytes) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"it holds {constant}")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), "a name occurs twice in it")
        return dict(pairs)

    try:
        return json.loads(data.decode(), parse_constant=refuse, object_pairs_hook=once)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("what describes the tape is no complete JSON text") from None


def _field(mapping: dict[str, Any], name: str, kind: type) -> Any:
    """What a mapping has under a name, of exactly this type; a whole number is not below 0."""
    found = mapping.get(name)
    words = {list: "a list", int: "a whole number", bool: "true or false"}[kind]
    require(type(found) is kind, f"{name!r} is {found!r:.40}, not {words}")
    require(not isinstance(found, int) or 0 <= found < _END, f"{name!r} is {found!r:.40}")
    return found


def _row(row: Any, *kinds: type) -> list[Any]:
    """A list with one thing of each of these types."""
    fits = isinstance(row, list) and list(map(type, row)) == list(kinds)
    names = ", ".join(kind.__name__ for kind in kinds)
    require(fits, f"{row!r:.40} stands where [{names}] should")
    return row  # type: ignore[no-any-return]


def _value(leaf: Any) -> Value:
    label, number = _row(leaf, str, str)
    try:
        return Value(float.fromhex(number), label=label)
    except (ValueError, OverflowError):
        raise ValueError(f"{number!r:.40} is no number") from None


def _decoded(shape: Any) -> Any:
    if isinstance(shape, list):
        lengths = all(type(n) is int and 0 <= n < _END for n in shape)
        require(lengths and len(shape) <= _DIMENSIONS, f"{shape!r:.40} is no shape")
        return tuple(shape)
    require(isinstance(shape, dict), f"{shape!r:.40} is no shape")
    keys, parts = shape.get("keys"), tuple(map(_decoded, _field(shape, "parts", list)))
    if keys is None:
        return Nest(None, parts)
    require(
        isinstance(keys, list) and all(isinstance(key, str) for key in keys)
        and len(set(keys)) == len(keys) == len(parts),
        f"{keys!r:.40} are not the keys of a shape",
    )  # fmt: skip
    return Nest(tuple(keys), parts)


def _size(shape: Any) -> int:
    """How many numbers an argument of that shape has."""
    return sum(map(_size, shape.parts)) if isinstance(shape, Nest) else math.prod(shape)


def _program(described: dict[str, Any], arrays: dict[str, Any], prefix: str) -> Program:
    """A program as the file has it, not yet checked."""
    flat: dict[str, Any] = {}
    for name, (kind, in_file) in ARRAYS.items():
        numbers = arrays.get(prefix + name)
        if name == "reverse" and numbers is None:
            flat[name] = None
            continue
        fits = numbers is not None and numbers.dtype == in_file
        require(fits, f"{name!r} is missing or of the wrong type")
        assert numbers is not None
        flat[name] = array(kind, numbers.astype(kind).tobytes())
    program = Program(
        n_inputs=_field(described, "n_inputs", int),
        n_parameters=_field(described, "n_parameters", int),
        captured=list(map(_value, _field(described, "captured", list))),
        rules=list(map(_rule, _field(described, "rules", list))),
        first_constant=-1,
        outputs=[_row([slot], int)[0] for slot in _field(described, "outputs", list)],
        single=_field(described, "single", bool),
        guards=list(map(_guard, _field(described, "guards", list))),
        inert={_row([slot], int)[0] for slot in _field(described, "inert", list)},
        labels=dict(tuple(_row(each, int, str)) for each in _field(described, "labels", list)),
        **flat,
    )
    program.first_constant = program.first + len(program.code)
    return program


def _guard(row: Any) -> tuple[str, int, int, bool]:
    symbol, a, b, met = _row(row, int, int, int, bool)
    require(symbol in range(len(SYMBOLS)), "a comparison is none")
    return SYMBOLS[symbol], a, b, met


def _rule(described: Any) -> Rule:
    texts = isinstance(described, list) and all(isinstance(each, str) for each in described)
    require(texts and len(described) > 1, f"{described!r:.40} describes no operation")
    name, *formulas = described
    try:
        rule = find_rule(name)
    except LookupError as error:
        raise _UnknownOperationError(str(error)) from None
    require(
        identity(rule) == formulas,
        f"the operation {name!r:.40} is {formulas[0]!r:.80} there, and {rule.formula!r} here",
    )
    return rule


def _check(program: Program, n_parameters: int) -> None:
    """Refuses a program that would read what is not there."""
    n, start, first = len(program.code), program.start, program.first
    require(program.n_slots < _END, "it has more slots than there can be")
    require(program.n_inputs >= 0 and program.n_parameters == n_parameters, "parameters differ")
    require(len(start) == n + 1 and start[0] == 0, "operations and operands do not fit")
    require(start[-1] == len(program.operands), "operations and operands do not fit")
    require(all(i < len(program.rules) for i in program.code), "an operation has no rule")
    _check_operands(program)
    results = range(first + n)
    places = [*program.outputs, *(s for _, a, b, _ in program.guards for s in (a, b))]
    constants = range(program.first_constant, program.n_slots)
    require(all(s in results or s in constants for s in places), "a result is not there")
    operations = range(first, first + n)
    require(all(s in operations for s in program.inert), "what is no operation passes nothing on")
    require(all(0 <= s < program.n_slots for s in program.labels), "a label of nothing")
    many = len(program.outputs)
    require(many == 1 or (many > 1 and not program.single), "it has no result")
    _check_reverse(program)


def _check_reverse(program: Program) -> None:
    """Refuses an order of adjoints that is not one of computing."""
    first, n, order = program.first, len(program.code), program.reverse
    if order is None:
        require(not program.inert, "an operation has no adjoint")
        return
    left = set(range(first, first + n)) - program.inert
    require(sorted(order) == sorted(left), "some adjoints are missing or are there twice")
    for slot in order:
        left.remove(slot)
        operands = program.operands_of(slot - first)
        require(left.isdisjoint(operands), "adjoints are in an order in which none can be")


def _check_operands(program: Program) -> None:
    """Refuses operations with the wrong number of operands, or that read what comes later."""
    numpy = require_numpy()
    slots = numpy.frombuffer(program.operands, dtype=numpy.int32) if program.operands else []
    slots = numpy.asarray(slots, dtype=numpy.int64)
    # In 64 bits: in 32 the differences of forged numbers come round to what looks right.
    widths = numpy.diff(numpy.array(program.start, dtype=numpy.int64))
    require(bool((widths > 0).all()), "an operation has no operands")
    dots = [i for i, rule in enumerate(program.rules) if rule is DOT]
    code = numpy.array(program.code, dtype=numpy.int64)
    arity = numpy.array([rule.arity for rule in program.rules] or [0])[code]
    require(bool(((arity == widths) | (arity == 0)).all()), "an operation has too many operands")
    odd = numpy.isin(code, dots) & (widths % 2 == 1)
    require(not odd.any(), "a dot has factors without partners")
    before = program.first + numpy.repeat(numpy.arange(len(widths)), widths)
    constant = (slots >= program.first_constant) & (slots < program.n_slots)
    computed = (slots >= 0) & (slots < before)
    require(bool((constant | computed).all()), "an operation reads what is not yet computed")
