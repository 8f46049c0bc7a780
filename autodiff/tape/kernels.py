"""Compiling: the machine's source, with loops made from the rules, as a file that numba caches.

Holds: `machine_kernels` and `assembler_kernels`, the compiled functions, and where their files
stand.

numba caches what it compiles beside the file that it compiles, but it neither notices that a
function called from there has changed, nor caches what was never in a file.  So all that is
compiled together stands in one file, whose name is a hash of its text, which has in it every rule
that it knows, and of numba's and of Python's version: another rule, another file.  All other rules
reach the machine as instructions.

May import: rule, symbols, listing, program, templates, schedule, instructions, loops, machine,
assembler.  Imports numba.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from autodiff.tape import assembler, instructions, loops, machine, program, schedule
from autodiff.tape.listing import literal
from autodiff.tape.symbols import Ref, Steps, partial_steps, value_steps
from autodiff.tape.templates import BINARY, FUSED, FUSED_ADJOINTS, UNARY

_MARK = ".compiled"
_HEAD = f'''"""Written and compiled by autodiff.tape; may be deleted, and comes again."""

from __future__ import annotations

import math
import os

import numba
import numpy as np

inf, nan = math.inf, math.nan
COMPILED_BEFORE = os.path.exists(__file__ + "{_MARK}")


def part(signature, **options):
    """Compiles what is called from other functions here, unless those come from the cache."""

    def decorate(function):
        options.update(no_cfunc_wrapper=True, no_cpython_wrapper=True)
        dispatcher = numba.njit(**options)(function)
        if not COMPILED_BEFORE:
            dispatcher.compile(signature)
            dispatcher.disable_compile()
        return dispatcher

    return decorate

'''
# Sums over the examples of a batch, and nothing else, may be added in any order.
_ANY_ORDER = ("total", "product", "products")
# What is called from outside, and so cached.
_ENTRIES = ("replay", "assemble", "find_levels", "find_wanted")
# The types that annotations stand for.  Every function is compiled for these alone.
_TYPES = {
    "Int": "int64", "float": "float64", "bool": "boolean", "None": "void", "Place": "uint64",
    "Ints": "int32[::1]", "Longs": "int64[::1]", "Table": "int32[:, ::1]", "Bytes": "uint8[::1]",
    "Floats": "float64[::1]",
}  # fmt: skip

_FORMATS = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "mod": "{} % {}",
    "neg": "-{}", "where": "{1} if {0} else {2}", "lt": "{} < {}", "le": "{} <= {}",
    "gt": "{} > {}", "ge": "{} >= {}", "abs": "abs({})", "floor": "np.floor({})",
    "hypot": "np.hypot({}, {})",
}  # fmt: skip


def formula(operation: str, *operands: str) -> str:
    """An elementary operation in the compiler's words."""
    if operation in _FORMATS:
        return _FORMATS[operation].format(*operands)
    return f"math.{operation}({', '.join(operands)})"


def decorator(function: Any) -> str:
    """How a function is compiled: for the types that its annotations name."""
    types = dict(function.__annotations__)
    returned = types.pop("return")
    result = _TYPES.get(returned, "")
    if not result:  # a tuple of one type
        inside = returned[len("tuple[") : -1].split(", ")
        result = f"UniTuple({_TYPES[inside[0]]}, {len(inside)})"
    signature = f"{result}({', '.join(_TYPES[each] for each in types.values())})"
    options = 'error_model="numpy"'
    if function.__name__ in _ANY_ORDER:
        options += ', fastmath={"reassoc"}'
    if function.__name__ in _ENTRIES:
        return f'@numba.njit("{signature}", {options}, cache=True)'
    return f'@part("{signature}", {options})'


def _choice(stub: Any, functions: list[str]) -> Iterator[str]:
    """A function that applies the elementary function of a given number."""
    names = list(inspect.signature(stub).parameters)
    yield f"{decorator(stub)}\ndef {stub.__name__}({', '.join(names)}):"
    for i, function in enumerate(functions[:-1]):
        yield f"    if function == {i}:"
        yield f"        return {formula(function, *names[1:])}"
    yield f"    return {formula(functions[-1], *names[1:])}\n"


def _loop(steps: Steps, result: Ref, store: str) -> Iterator[str]:
    """The lines of one loop over a group: steps, then `store` with the result in it."""
    yield "        for i in range(n):"
    yield "            x0 = z = V[x + i]"
    for name, (operation, refs) in steps.needed_for(result):
        yield f"            {name} = {formula(operation, *map(_text, refs))}"
    yield f"            {store.format(_text(result))}"


def _text(ref: Ref) -> str:
    return ref if isinstance(ref, str) else f"({literal(ref)[0]})"


def _fused() -> Iterator[str]:
    """The functions with a loop for each rule that has its own."""
    yield f"{decorator(machine.fused)}\ndef fused(which, n, d, x, V):"
    for i, (name, rule) in enumerate(FUSED.items()):
        steps = value_steps(rule, (None,))
        assert steps is not None
        yield f"    if which == {i}:  # {name}"
        yield from _loop(steps, steps.results[0], "V[d + i] = {}")
    yield f"    return\n\n{decorator(machine.fused_adjoint)}"
    yield "def fused_adjoint(which, n, d, g, x, V, A):"
    for i, (name, rule) in enumerate(FUSED_ADJOINTS.items()):
        steps = partial_steps(rule, (None,))
        assert steps is not None
        yield f"    if which == {i}:  # {name}"
        yield from _loop(steps, steps.results[0], "A[d + i] += A[g + i] * ({})")
    yield "    return\n"


def _sources(module: ModuleType, prefix: str = "") -> Iterator[str]:
    """Every function of a module whose name begins so, to be compiled."""
    made = ("unary", "binary", "fused", "fused_adjoint")
    for name, function in vars(module).items():
        here = inspect.isfunction(function) and function.__module__ == module.__name__
        if here and name.startswith(prefix) and name not in made:
            yield f"{decorator(function)}\n{inspect.getsource(function)}"


def _head() -> str:
    constants = [f"{name} = {i}" for name, i in instructions.OPCODES.items()]
    constants += [f"LENGTHS = {instructions.LENGTHS}", f"WORDS = {instructions.WORDS}"]
    return "\n".join([_HEAD, *constants, "\n"])


def machine_source() -> str:
    """The text of the machine's file."""
    return "\n".join([
        _head(), *_choice(machine.unary, UNARY), *_choice(machine.binary, BINARY), *_fused(),
        *_sources(loops), *_sources(machine),
    ])  # fmt: skip


def assembler_source() -> str:
    """The text of the assembler's file."""
    finders = [*_sources(schedule, "find_"), *_sources(program, "find_wanted")]
    return "\n".join([_head(), *_sources(assembler), *finders])


def directory() -> Path:
    """Where compiled code is kept: the user's cache, else a folder for this process alone."""
    if chosen := os.environ.get("AUTODIFF_CACHE_DIR"):
        base = Path(chosen)
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "valuegrad"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "valuegrad"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "valuegrad"
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=base):
            return base
    except OSError:
        return Path(tempfile.mkdtemp(prefix="valuegrad-"))


def fingerprint(text: str) -> str:
    """A name for everything that compiled code depends on."""
    import numba

    known = [text, numba.__version__, sys.version, platform.machine()]
    return hashlib.sha256("\0".join(known).encode()).hexdigest()[:24]


def compiled(kind: str, text: str) -> Any:
    """The module of a source text, compiled here once or read from the cache."""
    name = f"{kind}_{fingerprint(text)}"
    path = directory() / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        # Another process may write the same file: each writes its own, and renames it.
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".py", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        os.replace(file.name, path)
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    path.with_name(path.name + _MARK).touch()
    return module


@cache
def machine_kernels() -> Any:
    """The module with the compiled `replay`."""
    return compiled("machine", machine_source())


@cache
def assembler_kernels() -> Any:
    """The module with the compiled `assemble`, `find_levels` and `find_wanted`."""
    return compiled("assembler", assembler_source())
