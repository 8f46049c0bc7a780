"""The last resort: examples computed by the function itself, on Values.

Holds: `with_parameters_at`, a call with the parameters at given numbers; `outputs_of`, what a
function returned; and `replay`, which does for a tape what its programs would do.

May import: graph, adjoints, foreign, operations, value, results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from autodiff import graph
from autodiff.adjoints import gradients
from autodiff.foreign import refuse_node
from autodiff.tape.results import added
from autodiff.value import Value, write

Result = TypeVar("Result")


def with_parameters_at(
    parameters: Sequence[Value], theta: Sequence[float] | None, call: Callable[[], Result]
) -> Result:
    """`call()` while the parameters hold the numbers `theta`; then they hold their own again.

    No `with` block: Ctrl-C as one made by a generator begins or ends would leave them at theta.
    """
    if theta is None:
        return call()
    with graph.LOCK:
        before, numbers = [parameter._data for parameter in parameters], list(map(float, theta))
        try:
            write("_data", parameters, numbers)
            result = call()
            write("_data", parameters, before)
        except BaseException:  # Ctrl-C too, and also as the line above begins
            write("_data", parameters, before)
            raise
        return result


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

    def run() -> tuple[Any, Any]:
        results, own, total = [], [], [0.0] * len(parameters)
        for i, row in enumerate(rows):
            inputs, outputs = call(row)
            results.append([float(y.data) for y in outputs])
            if work == "gradient":
                found = gradients(outputs[0], list(parameters), grad_outputs=float(seeds[i]))
                total = added(total, found)
            elif work == "input_gradients":
                own.append(gradients(outputs[0], inputs))
        return results, own if work == "input_gradients" else total

    return with_parameters_at(parameters, theta, run)
