"""Compiling: the machine's source, with loops made from the rules, as a module that numba compiles.

Holds: `machine_kernels` and `assembler_kernels`, the compiled functions.

All that is compiled together stands in one text, in which is every rule that it knows, and is kept
under a hash of that text, of numba's and Python's versions and of the processor: another rule,
another entry.  All other rules reach the machine as instructions.

numba can keep what it compiles by itself, but in folders that anybody may write to, and it does not
survive a damaged file there; so it is handed a cache of ours, whose content `autodiff.cache` keeps.

May import: forks, cache, rule, symbols, listing, program, templates, schedule, instructions, loops,
machine, assembler.  Imports numba.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from threading import RLock
from types import ModuleType
from typing import Any

from autodiff import cache
from autodiff.forks import outlive_forks
from autodiff.tape import assembler, instructions, loops, machine, program, schedule
from autodiff.tape.listing import literal
from autodiff.tape.symbols import Ref, Steps, partial_steps, value_steps
from autodiff.tape.templates import BINARY, FUSED, FUSED_ADJOINTS, UNARY

_HEAD = '''"""Written and compiled by autodiff.tape."""

from __future__ import annotations

import math

import numba
import numpy as np

inf, nan = math.inf, math.nan


def part(signature, **options):
    """Compiles what is called from other functions here, unless those have been kept."""

    def decorate(function):
        options.update(no_cfunc_wrapper=True, no_cpython_wrapper=True)
        dispatcher = numba.njit(**options)(function)
        if not KEPT:
            dispatcher.compile(signature)
            dispatcher.disable_compile()
        return dispatcher

    return decorate


def entry(signature, **options):
    """Compiles what is called from outside, or takes what has been kept."""

    def decorate(function):
        dispatcher = numba.njit(**options)(function)
        dispatcher._cache = cache_of(function.__name__)
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return decorate

'''
# Sums over the examples of a batch, and nothing else, may be added in any order.
_ANY_ORDER = ("total", "product", "products")
# What is called from outside, and so kept.
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
        return f'@entry("{signature}", {options})'
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


class _Kept:
    """What numba asks for one function's compiled code, and gives it to: its interface of a cache.

    Args:
        name: The function's name.
        kept: What there is, by name.
        new: Where what is compiled goes, by name.
    """

    cache_path = ""

    def __init__(self, name: str, kept: dict[str, bytes], new: dict[str, bytes]) -> None:
        self.name, self.kept, self.new = name, kept, new

    def load_overload(self, signature: Any, target: Any) -> Any:
        """What has been kept, or None."""
        from numba.core.compiler import CompileResult

        target.refresh()
        if self.name not in self.kept:
            return None
        rebuild: Any = CompileResult._rebuild
        return rebuild(target, *pickle.loads(self.kept[self.name]))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Told of what has been compiled."""
        from numba.core import serialize

        dumps: Any = serialize.dumps
        self.new[self.name] = dumps(result._reduce())


class _Text(InspectLoader):
    """Makes a module of a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, fullname: str) -> str:
        return self.text


def fingerprint(text: str) -> str:
    """A name for everything that compiled code depends on."""
    import llvmlite
    import numba
    from numba.core.registry import cpu_target

    processor = repr(cpu_target.target_context.codegen().magic_tuple())
    known = [text, numba.__version__, llvmlite.__version__, sys.version, processor]
    return hashlib.sha256("\0".join(known).encode()).hexdigest()[:24]


def compiled(kind: str, text: str) -> Any:
    """The module of a source text, compiled here or by an earlier process."""
    name = f"{kind}_{fingerprint(text)}"
    data = cache.read(name)
    if data is not None:
        try:
            return _module(name, text, pickle.loads(data))[0]
        except Exception:  # of another numba, whatever it calls itself: compiled anew
            pass
    module, new = _module(name, text, {})
    _MODULES[kind] = module
    cache.keep(name, pickle.dumps(new))
    return module


def _module(name: str, text: str, kept: dict[str, bytes]) -> tuple[Any, dict[str, bytes]]:
    """The module of a text, with what of it has been kept; and what was compiled for it."""
    new: dict[str, bytes] = {}
    spec = spec_from_loader(name, _Text(text))
    assert spec is not None and spec.loader is not None
    module: Any = module_from_spec(spec)
    module.KEPT, module.cache_of = bool(kept), lambda function: _Kept(function, kept, new)
    sys.modules[name] = module  # numba looks there for where compiled code belongs
    spec.loader.exec_module(module)
    return module, new


LOCK = RLock()  # numba compiles for one thread at a time; a child must not find it at work
outlive_forks(globals(), "LOCK")
_MODULES: dict[str, Any] = {}


def _kernels(kind: str, source: Callable[[], str]) -> Any:
    with LOCK:
        if kind not in _MODULES:
            _MODULES[kind] = compiled(kind, source())
        return _MODULES[kind]


def machine_kernels() -> Any:
    """The module with the compiled `replay`."""
    return _kernels("machine", machine_source)


def assembler_kernels() -> Any:
    """The module with the compiled `assemble`, `find_levels` and `find_wanted`."""
    return _kernels("assembler", assembler_source)
