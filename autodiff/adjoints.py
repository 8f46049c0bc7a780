"""Derivatives on a graph that exists.

Holds: `gradients`, and `backward_with_graph`, which is `backward(create_graph=True)`.

May import: graph, context, structure, sweeps, value.
"""

from __future__ import annotations

from typing import Any

from autodiff import graph
from autodiff.context import CONTEXT, VARIABLES, enable_grad, refuse_while_recording
from autodiff.structure import flatten
from autodiff.sweeps import constant, partials_with_history, reached, reverse
from autodiff.value import Value, as_float, write


def gradients(
    outputs: Any, inputs: Any, create_graph: bool | None = None, grad_outputs: Any = 1.0
) -> Any:
    """Derivatives of the sum of `outputs` with respect to each of `inputs`, as torch.autograd.grad.

    Args:
        outputs: A Value, or a list of Values whose gradients add up.
        inputs: A Value or a nested list of Values; inner nodes may be among them.
        create_graph: True for Values that can be differentiated again, False for plain numbers.
            Left out, it is plain numbers, but for what depends on a variable of a derivative that
            is being taken: `grad(lambda x: gradients(x**3, x))` is right.
        grad_outputs: What the outputs' adjoints start from; one number, or one for each output.

    Returns:
        Floats (Values with `create_graph`) nested like `inputs`; 0.0 for an input that the outputs
        do not depend on.  No `.grad` is touched.

    Raises:
        RuntimeError: If a Value is asked for, and a `.data` was written since the forward pass.

    >>> from autodiff import Value
    >>> x = Value(3.0)
    >>> dy = gradients(x**3, x, create_graph=True)
    >>> dy, gradients(dy, x)
    (Value(data=27.0, grad=0.0), 18.0)
    """
    if create_graph is False:
        refuse_while_recording("a derivative as a plain number", "leave out create_graph=False")
    ends, _ = flatten(outputs, "gradients(outputs)")
    starts, rebuild = flatten(inputs, "gradients(inputs)")
    for x in starts:
        if not isinstance(x, Value):
            raise TypeError(f"gradients(inputs) takes Values, not the number {x!r}")
    seeds, _ = flatten(grad_outputs, "gradients(grad_outputs)")
    if len(seeds) not in (1, len(ends)):
        raise ValueError(f"gradients got {len(seeds)} grad_outputs for {len(ends)} outputs")
    adjoints: dict[int, Any] = {}
    for end, seed in zip(ends, seeds * (len(ends) if len(seeds) == 1 else 1)):
        if isinstance(end, Value):
            old = adjoints.get(id(end))
            adjoints[id(end)] = seed if old is None else old + seed
    inner, leaves = graph.topological_order(*[end for end in ends if isinstance(end, Value)])
    path, on = reached(inner, {id(x) for x in starts})
    context = CONTEXT.get()
    if create_graph or (create_graph is None and context.recorder is not None):
        alive = {id(node) for node in (*inner, *leaves)}
    elif create_graph is None and context.grad and VARIABLES:
        alive = reached(inner, set(VARIABLES))[1]
    else:
        alive = set()
    # As in PyTorch, a graph that is asked for is recorded under `no_grad` too.
    sweep = enable_grad()(reverse) if create_graph else reverse
    adjoints = sweep(path, on, adjoints, partials_with_history(alive))
    found = [adjoints.get(id(x), 0.0) for x in starts]
    if create_graph:
        found = [x if isinstance(x, Value) else constant(x) for x in found]
    return rebuild(found)


def backward_with_graph(root: Value, gradient: Any = 1.0) -> None:
    """`root.backward(create_graph=True)`: fills every `.grad` below root with a Value."""
    inner, leaves = graph.topological_order(root)
    seed = gradient if isinstance(gradient, Value) else as_float(gradient, "backward(gradient)")
    nodes = leaves + inner
    everything = {id(n) for n in nodes}
    with graph.LOCK, enable_grad():
        adjoints = reverse(inner, everything, {id(root): seed}, partials_with_history(everything))
        found = [adjoints.get(id(node), 0.0) for node in nodes]
        found = [x if isinstance(x, Value) else constant(x) for x in found]
        for i, leaf in enumerate(leaves):
            if leaf._grad.__class__ is not float or leaf._grad != 0.0:
                found[i] = leaf._grad + found[i]
        write("_grad", nodes, found)
