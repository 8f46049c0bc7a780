"""Random numbers: a stream of one's own, and putting back what a function has drawn from others.

Holds: `generator`, which turns a seed into a stream, and `Streams`.

A model is called once to see what its outputs are like, and again to record it.  Whoever trains it
should not notice: the numbers that it draws then are those that it would have drawn anyway.

May import: autodiff.  Never touches the global random state but for the one draw that a missing
seed is replaced with, and to put it back.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import index
from types import CodeType, FunctionType, ModuleType
from typing import Any

from autodiff import Value

# Nothing is behind these.
_ATOMS = frozenset((int, float, complex, str, bytes, bool, type(None), Value))
# Whose functions are not looked into: they draw from what they are given, or from the global
# streams, which are always among those found.
_KNOWN = frozenset((*sys.stdlib_module_names, "autodiff", "nn", "numpy", "scipy"))
_MOST = 200_000  # things looked at; whoever refers to more is not looked through to the end


def generator(seed: int | None) -> tuple[int, random.Random]:
    """`(seed, stream)`: a stream of random numbers of its own, and the seed that repeats it.

    Args:
        seed: Any integer; None takes one draw from Python's `random`, so that `random.seed(1337)`
            before it reproduces everything after.

    >>> generator(7)[1].random() == generator(7)[1].random()
    True
    """
    if seed is None:
        seed = random.getrandbits(32)
    try:
        seed = index(seed)
    except TypeError:
        raise TypeError(f"a seed is an integer or None, not {seed!r:.80}") from None
    return seed, random.Random(seed)


class Streams:
    """The streams of random numbers that a function may draw from, and where each stands.

    They are looked for in what the function refers to, at any depth: attributes, closures,
    defaults, and the globals that its code names; and so on from there.  Found are Python's
    generators and NumPy's.

    Args:
        *things: Models and functions.

    Attributes:
        read: Whether an iterator is among what was found: what it gave cannot be put back.

    >>> source = random.Random(1)
    >>> streams = Streams([source.random])
    >>> drawn = source.random()
    >>> streams.put_back(), source.random() == drawn, Streams(sum).put_back()
    (True, True, False)
    """

    def __init__(self, *things: Any) -> None:
        self.read = False
        found: list[Any] = [random]
        for thing in _behind(things):
            if isinstance(thing, Iterator):
                self.read = True
            elif isinstance(thing, random.Random) or _is_of_numpy(thing):
                found.append(thing)
        if numpy_random := sys.modules.get("numpy.random"):
            found.append(numpy_random)
        pairs = [_access(each) for each in found if not isinstance(each, random.SystemRandom)]
        self._streams = [(get, put, get()) for get, put in pairs]

    def put_back(self) -> bool:
        """Puts every stream where it stood; whether numbers had been drawn."""
        drawn = False
        for get, put, state in self._streams:
            if repr(get()) != repr(state):  # in NumPy's there are arrays
                drawn = True
                put(state)
        return drawn


def _is_of_numpy(thing: Any) -> bool:
    return type(thing).__module__.startswith("numpy.random") and (
        hasattr(thing, "bit_generator") or hasattr(thing, "get_state")
    )


def _access(stream: Any) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    """How to read and set the state of a stream."""
    if hasattr(stream, "getstate"):
        return stream.getstate, stream.setstate
    if hasattr(stream, "get_state"):
        return stream.get_state, stream.set_state
    bits = stream.bit_generator
    return partial(getattr, bits, "state"), partial(setattr, bits, "state")


def _behind(things: Iterable[Any]) -> Iterator[Any]:
    """What these things refer to, at any depth, and the things."""
    stack = list(things)
    seen: dict[int, Any] = {}
    while stack and len(seen) < _MOST:
        thing = stack.pop()
        if thing.__class__ in _ATOMS or id(thing) in seen:
            continue
        seen[id(thing)] = thing  # kept, so that no other thing gets its id meanwhile
        if isinstance(thing, ModuleType):
            continue
        yield thing
        if isinstance(thing, (FunctionType, type)):
            if str(thing.__module__).partition(".")[0] not in _KNOWN:
                stack.extend(_of_function(thing) if isinstance(thing, FunctionType)
                             else [*vars(thing).values(), *thing.__bases__])  # fmt: skip
        elif not (isinstance(thing, random.Random) or _is_of_numpy(thing)):
            stack.extend(gc.get_referents(thing))


def _of_function(function: FunctionType) -> list[Any]:
    """Closure, defaults, and those globals that the code names."""
    found = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        found.extend(gc.get_referents(cell))
    names: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(each for each in code.co_consts if isinstance(each, CodeType))
    spaces = [function.__globals__]
    known: set[str] = set()
    while spaces:
        space = spaces.pop()
        for each in (space[name] for name in names & space.keys()):
            if not isinstance(each, ModuleType):
                found.append(each)
            elif each.__name__ not in known:  # numpy.random.rand: the module of a module
                known.add(each.__name__)
                spaces.append(vars(each))
    return found
