"""The tape itself, as its users see it.

Holds: `Tape`.

May import: value, and the other rooms of the tape.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from operator import add
from typing import Any

from autodiff import graph
from autodiff.context import refuse_while_recording
from autodiff.tape import backends, files, loading, text
from autodiff.tape.backends import Path
from autodiff.tape.paths import Paths
from autodiff.tape.results import as_list, as_vector, seeds_of, theta_of
from autodiff.tape.shapes import Arguments
from autodiff.value import Value, write


class Tape:
    """A function recorded once on Values, replayed on numbers at machine speed.

    Make one with `Tape.record` or `Tape.load`.  A replay gives what the function would give, with
    the gradients that eager `backward` would: where a comparison of the function goes another way
    than before, the tape records that path too.

    Attributes:
        parameters: The Values that the tape was told of; replays read their `.data`.

    >>> from autodiff import Tape, Value
    >>> w, b = Value(2.0), Value(1.0)
    >>> tape = Tape.record(lambda x: (w * x + b).relu(), 3.0, parameters=[w, b])
    >>> tape.forward(5.0), tape.forward(-5.0)
    (11.0, 0.0)
    >>> tape.backward(5.0), w.grad, b.grad
    (11.0, 5.0, 1.0)
    """

    def __init__(
        self, function: Callable[..., Any] | None, parameters: Sequence[Value], arguments: Arguments
    ) -> None:
        self.parameters = list(parameters)
        self._arguments = arguments
        self._paths = Paths(function, self.parameters, arguments)

    @classmethod
    def record(
        cls,
        function: Callable[..., Any],
        *example: Any,
        parameters: Iterable[Value] = (),
        check: bool = False,
    ) -> Tape:
        """Runs `function` once on Values made from `example`, and keeps what it did.

        Args:
            function: Called with Values in place of the numbers; returns a Value or a list of
                Values.  It must do the same each time it is called on the same numbers, and in
                this thread: what another thread does meanwhile is not seen.
            *example: Numbers, nested lists, dicts or arrays of numbers.
            parameters: The Values that gradients are wanted of, `model.parameters()`.
            check: Whether to record twice and compare.

        Raises:
            TypeError: If the function returns no Value, or a parameter is no Value.
            ValueError: If a parameter was computed, or is listed twice.
            RuntimeError: If the function reads `.data` or `.grad` or calls `backward`, uses a
                Value computed before, or, with `check`, did not do the same twice.
        """
        if not callable(function):
            raise TypeError(f"Tape.record takes a function first, not a {type(function).__name__}")
        arguments = Arguments(example)
        tape = cls(function, _checked_parameters(parameters), arguments)
        batch = arguments.take(example)
        path = tape._paths.add(batch, 0, None)
        if check:
            again = tape._paths.record(batch, 0, None)
            if difference := path.program.differs_from(again):
                raise RuntimeError(
                    "the function is not deterministic: recorded twice on the same example, it "
                    f"gave {difference}"
                )
        return tape

    # --- replay ---------------------------------------------------------------------------

    def forward(self, *inputs: Any) -> Any:
        """The function's results.

        Args:
            *inputs: Numbers like the example's, or with one more leading axis: a batch.

        Returns:
            For one example a float, or a list if the function returns a list; for a batch an
            array with one result, or one row of results, per example.

        Raises:
            TypeError, ValueError: If number, shapes or kinds of the inputs do not fit.
            RuntimeError: If a tape from a file would need another path.

        >>> from autodiff import Tape
        >>> tape = Tape.record(lambda x, y: x / y, 1.0, 2.0)
        >>> tape.forward(1.0, 0.0)
        inf
        """
        batch = self._arguments.take(inputs)
        rows, _ = self._paths.sweep(batch, None, "forward", None)
        return self._paths.shaped(batch, rows)

    def backward(
        self, *inputs: Any, reduction: str = "mean", weights: Sequence[float] | None = None
    ) -> Any:
        """Runs forward and backward, and adds the gradient into each parameter's `.grad`.

        What is added is what `backward` on the mean (or sum) of the results would add: to all
        parameters or, if Ctrl-C comes before, to none.

        Args:
            *inputs: As of `forward`.
            reduction: "mean" over the examples of a batch, or "sum".
            weights: One weight per example: the mean is sum of w_i y_i / sum of w_i.

        Returns:
            The results, as `forward`.

        Raises:
            ValueError: If the tape has no parameters, the function returns several results, or
                weights or reduction make no sense; else as `forward`.
            RuntimeError: If a tape is recording; else as `forward`.
        """
        refuse_while_recording("Tape.backward()", "call it outside of what is recorded")
        if not self.parameters:
            raise ValueError(
                "this tape has no parameters: pass parameters=model.parameters() to Tape.record, "
                "or use input_gradients"
            )
        results, gradient = self._value_and_gradient(None, inputs, reduction, weights)
        with graph.LOCK:
            before = [float(getattr(p._grad, "_data", p._grad)) for p in self.parameters]
            write("_grad", self.parameters, list(map(add, before, as_list(gradient))))
        return results

    def value_and_gradient(
        self,
        theta: Sequence[float],
        *inputs: Any,
        reduction: str = "mean",
        weights: Sequence[float] | None = None,
    ) -> tuple[Any, Any]:
        """Results, and the gradient of their mean or sum by the parameters, touching no Value.

        Args:
            theta: The parameters' numbers, in order, as one flat vector.
            *inputs: As of `forward`.
            reduction: As of `backward`.
            weights: As of `backward`.

        Returns:
            `(results, gradient)`, the gradient a vector like theta.

        Raises:
            ValueError: If theta has not one number per parameter; else as `backward`.

        >>> from autodiff import Tape, Value
        >>> w = Value(2.0)
        >>> tape = Tape.record(lambda x: w * x, 3.0, parameters=[w])
        >>> results, gradient = tape.value_and_gradient([10.0], [1.0, 2.0])
        >>> list(map(float, results)), list(map(float, gradient))
        ([10.0, 20.0], [1.5])
        """
        numbers = theta_of(theta, len(self.parameters))
        return self._value_and_gradient(numbers, inputs, reduction, weights)

    def input_gradients(self, *inputs: Any) -> Any:
        """The derivatives of each example's result by its own inputs.

        Args:
            *inputs: As of `forward`.

        Returns:
            What has the same structure as the inputs: for one argument like it, for several a
            tuple; for a batch arrays.

        Raises:
            ValueError: If the function returns several results; else as `forward`.

        >>> from autodiff import Tape
        >>> Tape.record(lambda x: x[0] * x[1], [1.0, 2.0]).input_gradients([3.0, 4.0])
        [4.0, 3.0]
        """
        batch = self._arguments.take(inputs)
        self._paths.require_one_output(batch)
        _, gradients = self._paths.sweep(batch, None, "input_gradients", None)
        return self._arguments.nest(inputs, batch, gradients)

    def _value_and_gradient(
        self, theta: Any, inputs: tuple[Any, ...], reduction: str, weights: Any
    ) -> tuple[Any, Any]:
        batch = self._arguments.take(inputs)
        seeds = seeds_of(len(batch), reduction, weights)
        self._paths.require_one_output(batch)
        rows, gradient = self._paths.sweep(batch, theta, "gradient", seeds)
        return self._paths.shaped(batch, rows), as_vector(gradient)

    # --- looking at it, and keeping it -----------------------------------------------------

    def source(self) -> str:
        """The tape's programs, forward and adjoint, as straight-line Python with labels.

        x0, x1, ... are the inputs' numbers, p0, ... the parameters, c0, ... other Values that
        were read, v1, v2, ... what was computed, and d1 is the derivative of the result by v1.

        >>> from autodiff import Tape, log, sin
        >>> tape = Tape.record(lambda x: log(x[0]) + x[0] * x[1] - sin(x[1]), [2.0, 5.0])
        >>> print(tape.source())
        from math import cos, log, sin
        <BLANKLINE>
        def path0(x):
            x0, x1 = x
        <BLANKLINE>
            v1 = log(x0)
            v2 = x0 * x1
            v3 = v1 + v2
            v4 = sin(x1)
            v5 = v3 - v4
        <BLANKLINE>
            d5 = 1.0
            d4 = d5 * -1.0
            d3 = d5
            d2 = d3
            d1 = d3
            dx0 = d2 * x1 + d1 * (1.0 / x0)
            dx1 = d4 * cos(x1) + d2 * x0
            return v5, [dx0, dx1]
        <BLANKLINE>
        """
        programs = [path.program for path in self._paths]
        return "\n\n".join(text.source(each, f"path{i}") for i, each in enumerate(programs))

    def __str__(self) -> str:
        return text.summary(list(self._paths), self.backend)

    def __repr__(self) -> str:
        n = sum(len(path.program.code) for path in self._paths)
        return f"<Tape of {n} operations, backend={self.backend!r}>"

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Writes the tape to an .npz file: every path, and the parameters' numbers.

        The function itself is not kept: what needs another path raises after `load`.

        Returns:
            The path of the file; one that was there is replaced at once, never half.

        Raises:
            ImportError: If NumPy is not installed.
            OSError: If the file cannot be written.
        """
        known = self._paths.by_key.items()
        programs = [(key, each.program) for key, paths in known for each in paths]
        content = files.Content(programs, list(self._arguments.shapes), self.parameters)
        return files.save(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str], parameters: Iterable[Value] | None = None) -> Tape:
        """The tape in a file.

        Args:
            path: A file that `save` wrote.
            parameters: The Values to read and to add gradients to, `model.parameters()`; None
                makes new ones with the numbers of the file.

        Raises:
            ValueError: If it is no tape's file or damaged, an operation of it is defined otherwise
                here, or there are more or fewer parameters than in the file.
            LookupError: If an operation of it is not registered here.
            OSError: If the file cannot be read.

        >>> import tempfile
        >>> from autodiff import Tape, Value
        >>> tape = Tape.record(lambda x, w=Value(3.0): w * x, 2.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Tape.load(tape.save(f"{folder}/tape.npz")).forward(5.0)
        15.0
        """
        content = loading.load(path)
        given = content.parameters if parameters is None else _checked_parameters(parameters)
        if len(given) != len(content.parameters):
            raise ValueError(
                f"the tape in {path} has {len(content.parameters)} parameters, not {len(given)}"
            )
        tape = cls(None, given, Arguments.of_shapes(content.shapes))
        for key, program in content.programs:
            tape._paths.by_key.setdefault(key, []).append(Path(program))
        return tape

    @property
    def backend(self) -> str:
        """What replays: "numba", "numpy" (one example: generated Python) or "python"; assignable.

        "auto" takes the fastest that is installed.
        """
        return self._paths.backend

    @backend.setter
    def backend(self, name: str) -> None:
        self._paths.backend = backends.check(name)


def _checked_parameters(parameters: Iterable[Value]) -> list[Value]:
    """Parameters as a list: leaves, each once."""
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"parameters is a list of Values, not {parameters!r:.40}: pass model.parameters()"
        )
    found = list(parameters)
    for i, parameter in enumerate(found):
        if not isinstance(parameter, Value):
            raise TypeError(
                f"parameters are Values, but number {i} is {parameter!r:.40}: pass "
                "model.parameters()"
            )
        if parameter._rule is not None:
            raise ValueError(
                f"parameter number {i} was computed, by {parameter.op!r}: parameters are Values "
                "made from numbers"
            )
    if len(set(map(id, found))) < len(found):
        raise ValueError("a Value is listed twice among the parameters: list each once")
    return found
