"""The last resort: examples computed by the function itself, on Values.

Holds: `call`, the function on fresh Values with the parameters at given numbers, and `replay`,
which does for a tape what its programs would do.

May import: graph, adjoints, foreign, operations, value, results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autodiff import graph
from autodiff.adjoints import gradients
from autodiff.foreign import refuse_node
from autodiff.tape.results import added
from autodiff.value import Value


@contextmanager
def parameters_at(parameters: Sequence[Value], theta: Sequence[float] | None) -> Iterator[None]:
    """The parameters hold the numbers `theta`, and afterwards their own again."""
    if theta is None:
        yield
        return
    with graph.LOCK:
        before = [parameter._data for parameter in parameters]
        try:
            for parameter, number in zip(parameters, theta):
                parameter._data = float(number)
            yield
        finally:
            for parameter, number in zip(parameters, before):
                parameter._data = number


def outputs_of(result: Any) -> tuple[list[Value], bool]:
    """The Values that a function returned, and whether it was a single one.

    Raises:
        TypeError: If it returned no Value.
    """
    if isinstance(result, Value):
        return [result], True
    refuse_node(result, "a tape")
    if isinstance(result, (list, tuple)) or bool(getattr(result, "shape", False)):
        outputs = list(result)
        if any(isinstance(each, Value) for each in outputs):
            numbers = (Value, float, int)
            if all(isinstance(each, numbers) for each in outputs):
                return [x if isinstance(x, Value) else Value(x) for x in outputs], False
    raise TypeError(
        f"a tape records a function that returns a Value or a list of Values; this one returned "
        f"{result!r:.60} ({type(result).__name__})"
    )


def replay(
    parameters: Sequence[Value],
    call: Callable[[Any], tuple[list[Value], list[Value]]],
    rows: Sequence[Any],
    theta: Any,
    work: str,
    seeds: Sequence[float],
) -> tuple[Any, Any]:
    """Results, and gradients if wanted, of examples whose paths no tape holds.

    Args:
        parameters: The tape's parameters.
        call: Runs the function on the numbers of one example: inputs and outputs as Values.
        rows: The numbers of each example.
        theta: The parameters' numbers.
        work: "forward", "gradient" or "input_gradients".
        seeds: What each example's adjoint starts from.
    """
    results, own, total = [], [], [0.0] * len(parameters)
    with parameters_at(parameters, theta):
        for i, row in enumerate(rows):
            inputs, outputs = call(row)
            results.append([float(y.data) for y in outputs])
            if work == "gradient":
                found = gradients(outputs[0], list(parameters), grad_outputs=float(seeds[i]))
                total = added(total, found)
            elif work == "input_gradients":
                own.append(gradients(outputs[0], inputs))
    return results, own if work == "input_gradients" else total
