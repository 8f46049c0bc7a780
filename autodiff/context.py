"""Modes: what is switched on while a `with` block runs, seen by this thread alone.

Holds: `no_grad`, `enable_grad`, `detect_anomaly`, `scope`, and the `Context` that operations read.
Modes live in one context variable, so neither threads nor asyncio tasks see each other's.

May import: the standard library.  Knows of a node only its slots.
"""

import math
import os
import sys
import warnings
from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import Any

_PACKAGES = ("autodiff", "nn")
# Characters in the path of a scope: every block inside holds the path of all around it.
_LONGEST = 10_000


class Context:
    """The modes in force: an immutable record that every new node is made under.

    Attributes:
        scope: The path of names, `"layer0/neuron2"`, or `""`.
        grad: Whether operations record a graph.
        anomaly: Whether the first inf or nan raises.
        recorder: What a tape records with, told of whatever a graph does not show; else None.
        outer: The context that this one is inside of, and that comes back after it.
        maker: What made it: the mode, or the name of the scope.
        special: Whether a new node needs `finish` at all.
    """

    __slots__ = ("_inner", "anomaly", "grad", "maker", "outer", "recorder", "scope", "special")

    def __init__(
        self,
        scope: str = "",
        grad: bool = True,
        anomaly: bool = False,
        outer: "Context | None" = None,
        maker: object = None,
        recorder: Any = None,
    ) -> None:
        self.scope, self.grad, self.anomaly, self.recorder = scope, grad, anomaly, recorder
        self.outer, self.maker = outer, maker
        self.special = anomaly or not grad
        self._inner: dict[str, Context] = {}

    def inside(self, name: str) -> "Context":
        """This context with `name` added to its scope; the same object for the same name."""
        inner = self._inner.get(name)
        if inner is None:
            if len(self.scope) + len(name) >= _LONGEST:
                raise ValueError(
                    f"a scope and those around it have at most {_LONGEST:,} characters in their "
                    f"names, {name!r:.40} would be one too many: leave a block before the next one"
                )
            path = f"{self.scope}/{name}" if self.scope else name
            if self.recorder is not None:
                path = self.recorder.marked(path)
            inner = Context(path, self.grad, self.anomaly, self, name, self.recorder)
            if len(self._inner) < 1000:  # names without end, one per sample, must not pile up
                self._inner[name] = inner
        return inner

    def finish(self, node: Any) -> Any:
        """A new node, checked if anomalies are looked for, and a leaf if no graph is wanted."""
        if self.anomaly:
            node.scope = Located(node.scope, source_line())
            if not math.isfinite(node._z):
                raise FloatingPointError(f"{describe(node)} gave {node._z}{located(node)}")
        if not self.grad:
            if self.recorder is not None:
                self.recorder.derive(node, node._rule, node.operands)
            node._rule = node._a = node._b = node._x = node._y = node._z = None
        return node


# Every recording under way, in any thread.  While it is empty, what only a recorder wants to know
# is told to nobody, and costs nothing.
RECORDERS: list[Any] = []
# The ids of the variables of all derivatives that are being taken, in any thread: what depends on
# one of them is wanted with its history.
VARIABLES: set[int] = set()
CONTEXT: ContextVar[Context] = ContextVar("autodiff", default=Context())  # noqa: B039 (immutable)


def _forget_recorders() -> None:
    """In a forked child: no thread but this one is there to record."""
    RECORDERS[:] = [each for each in RECORDERS if each is CONTEXT.get().recorder]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_recorders)


def refuse_while_recording(what: str, instead: str) -> None:
    """Refuses `what` inside a function that a tape records, because no replay could repeat it.

    Raises:
        RuntimeError: If this thread is recording; the sentence says what to write instead.
    """
    if CONTEXT.get().recorder is not None:
        raise RuntimeError(
            f"{what} inside a function that a tape records would be frozen: every replay would "
            f"repeat what it was while recording; {instead}"
        )


class Located(str):
    """A scope that also remembers the source line of the operation, under `detect_anomaly`."""

    __slots__ = ("line", "path")
    line: str
    path: str

    def __new__(cls, scope: str, line: str) -> "Located":
        """The scope `scope`, made at `line`; `path` is what was given, with a recorder's mark."""
        self = super().__new__(cls, scope)
        self.path, self.line = scope, line
        return self


def _calling_frame() -> tuple[Any, int]:
    """The innermost frame that runs neither the engine's code nor nn's; how far up it is."""
    frame, level = sys._getframe(2), 1
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _PACKAGES:
            break
        frame, level = frame.f_back, level + 1
    return frame, level


def source_line() -> str:
    """`file.py:12` of the innermost frame that runs neither the engine's code nor nn's."""
    frame, _ = _calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(message: str) -> None:
    """A RuntimeWarning at the line that called us."""
    warnings.warn(message, RuntimeWarning, stacklevel=_calling_frame()[1] + 1)


def describe(node: Any) -> str:
    """`log(p=0.0)`: an operation and its inputs, for a message."""
    operands = node._a if node._a.__class__ is tuple else (node._a, node._b)
    names = [getattr(each, "label", "") for each in operands if each is not None]
    numbers = node._x if node._x.__class__ is tuple else (node._x, node._y)
    shown = [f"{name}={x!r}" if name else repr(x) for name, x in zip(names, numbers, strict=False)]
    label = f" {node.label!r}" if node.label else ""
    more = ", ..." if len(shown) > 6 else ""
    return f"{node._rule.name}({', '.join(shown[:6])}{more}){label}"


def located(node: Any) -> str:
    """`, in layer0, at file.py:12`: where a node was made, as far as it is known."""
    line = getattr(node.scope, "line", "")
    return (f", in scope {str(node.scope)!r}" if node.scope else "") + (line and f", at {line}")


class _Mode(ContextDecorator):
    """A `with` block, or a decorator, that changes the context and puts it back.

    It never changes, so that several threads, and blocks inside one another, may use one object.
    """

    def __init__(self) -> None:
        self._maker: object = object()  # by which `__exit__` knows the context of this block

    def _changed(self, context: Context) -> Context:
        raise NotImplementedError

    def __enter__(self) -> None:
        CONTEXT.set(self._changed(CONTEXT.get()))

    def __exit__(self, *exception: object) -> None:
        context = CONTEXT.get()
        # A block inside that Ctrl-C struck as it ended may have left its own context behind.
        while context.outer is not None and context.maker != self._maker:
            context = context.outer
        if context.outer is not None:
            CONTEXT.set(context.outer)


class no_grad(_Mode):  # noqa: N801 (PyTorch's name)
    """Inside, operations give plain leaves: no graph is recorded, nothing can flow back.

    Works as `with no_grad():` and as the decorator `@no_grad()`.

    >>> from autodiff import Value, no_grad
    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y, y.parents
    (Value(data=6.0, grad=0.0), ())
    """

    def _changed(self, context: Context) -> Context:
        return Context(
            context.scope, False, context.anomaly, context, self._maker, context.recorder
        )


class enable_grad(_Mode):  # noqa: N801 (PyTorch's name)
    """Inside, operations record a graph again, although `no_grad` is on around it.

    A function that is being differentiated runs under this, so that `grad(f)` is right under
    `no_grad` too: it is then the derivative that has no history.
    """

    def _changed(self, context: Context) -> Context:
        return Context(context.scope, True, context.anomaly, context, self._maker, context.recorder)


class detect_anomaly(_Mode):  # noqa: N801 (PyTorch's name)
    """Inside, the first inf or nan raises FloatingPointError, forward and backward.

    The message names the operation, its inputs, labels, scope and the line of source that made
    it.  For `backward` to know that line, the forward pass must have run inside too.

    >>> from autodiff import Value, detect_anomaly
    >>> with detect_anomaly():
    ...     Value(0.0, label="p").log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: log(p=0.0) gave -inf, at ...
    """

    def _changed(self, context: Context) -> Context:
        return Context(context.scope, context.grad, True, context, self._maker, context.recorder)


class scope(_Mode):  # noqa: N801 (used as a function)
    """Inside, every new node carries this name; blocks inside one another make a path.

    Pictures fold by these names, explanations and error messages print them.

    Args:
        name: The name, not empty: `"layer0"`.

    Raises:
        TypeError: If it is no such name.
        ValueError: When the block begins, if the names on the path have 10,000 characters or more.

    >>> from autodiff import Value, scope
    >>> with scope("layer0"), scope("neuron2"):
    ...     Value(1.0).tanh().scope
    'layer0/neuron2'
    """

    def __init__(self, name: str) -> None:
        if name.__class__ is not str or not name:
            raise TypeError(f"scope takes a name, a string that is not empty; got {name!r}")
        self._name = name
        self._maker = name

    def _changed(self, context: Context) -> Context:
        return context.inside(self._name)
