"""Derivatives as functions, of every order and in both directions.

Holds: `grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`, `nth_derivative`, from
functions to functions as in JAX and HIPS autograd; and on a graph that exists, `gradients`.

May import: graph, context, value, operations, structure, sweeps, sparsity.  Never touches `.grad`,
but for `backward_with_graph`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import graph, sparsity
from autodiff.context import refuse_while_recording
from autodiff.operations import FUNCTIONS
from autodiff.structure import flatten
from autodiff.sweeps import (
    float_partials,
    forward,
    forward_over_reverse,
    path_between,
    reverse,
    value_partials,
)
from autodiff.value import Value, as_float

Function = Callable[..., Any]


# --- on a graph that exists ---------------------------------------------------------------


def gradients(
    outputs: Any, inputs: Any, create_graph: bool = False, grad_outputs: Any = 1.0
) -> Any:
    """Derivatives of the sum of `outputs` with respect to each of `inputs`, as torch.autograd.grad.

    Args:
        outputs: A Value, or a list of Values whose gradients add up.
        inputs: A Value or a nested list of Values; inner nodes may be among them.
        create_graph: Whether the results are Values that can be differentiated again.
        grad_outputs: What the outputs' adjoints start from; one number, or one for each output.

    Returns:
        Floats (Values with `create_graph`) nested like `inputs`; 0.0 for an input that the outputs
        do not depend on.  No `.grad` is touched.

    Raises:
        RuntimeError: With `create_graph`, if a `.data` was written since the forward pass.

    >>> from autodiff import Value
    >>> x = Value(3.0)
    >>> dy = gradients(x**3, x, create_graph=True)
    >>> dy, gradients(dy, x)
    (Value(data=27.0, grad=0.0), 18.0)
    """
    if not create_graph:
        refuse_while_recording("a derivative as a plain number", "pass create_graph=True")
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
    path, on = path_between([end for end in ends if isinstance(end, Value)], starts)
    adjoints = reverse(path, on, adjoints, value_partials if create_graph else float_partials)
    found = [adjoints.get(id(x), 0.0) for x in starts]
    if create_graph:
        found = [x if isinstance(x, Value) else Value(x) for x in found]
    return rebuild(found)


def backward_with_graph(root: Value, gradient: Any = 1.0) -> None:
    """`root.backward(create_graph=True)`: fills every `.grad` below root with a Value."""
    inner, leaves = graph.topological_order(root)
    seed = gradient if isinstance(gradient, Value) else as_float(gradient, "backward(gradient)")
    nodes = leaves + inner
    adjoints = reverse(inner, {id(n) for n in nodes}, {id(root): seed}, value_partials)
    found = [adjoints.get(id(node), 0.0) for node in nodes]
    found = [x if isinstance(x, Value) else Value(x) for x in found]
    for leaf, x in zip(leaves, found):
        leaf._grad = x if leaf._grad.__class__ is float and leaf._grad == 0.0 else leaf._grad + x
    for node, x in zip(inner, found[len(leaves) :]):
        node._grad = x


# --- functions of functions ---------------------------------------------------------------


class _Call:
    """One call of `f` on fresh variables in place of the arguments `argnums`.

    A number becomes a leaf.  A Value, which an outer derivative is about, becomes a node of its
    own, so that the same Value reaching `f` by another way is not mistaken for the argument.
    """

    def __init__(self, f: Function, args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> None:
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for i in numbers:
            if not -len(args) <= i < len(args):
                raise TypeError(f"argnums names argument {i}, but the call has {len(args)}")
        chosen: Any = (
            args[numbers[0]] if isinstance(argnums, int) else tuple(args[i] for i in numbers)
        )
        given, self.rebuild = flatten(chosen, "a function to be differentiated")
        self.nested = any(isinstance(x, Value) for x in given)
        if not self.nested:
            refuse_while_recording("a derivative as a plain number", "give the function a Value")
        self.inputs: list[Value] = [
            FUNCTIONS["identity"](x) if isinstance(x, Value) else Value(x) for x in given
        ]
        fresh, variables = list(args), self.rebuild(self.inputs)
        for i, argument in zip(numbers, (variables,) if isinstance(argnums, int) else variables):
            fresh[i] = argument
        output = f(*fresh)
        self.outputs, self.rebuild_output = flatten(output, "the result of the function")
        self.local = value_partials if self.nested else float_partials
        self.path, self.on = path_between(
            [y for y in self.outputs if isinstance(y, Value)], self.inputs
        )

    @property
    def value(self) -> Any:
        """What `f` returned; plain numbers unless an outer derivative needs Values."""
        if self.nested:
            return self.rebuild_output(self.outputs)
        return self.rebuild_output([y.data if isinstance(y, Value) else y for y in self.outputs])

    def scalar(self, who: str) -> Value:
        """The one output."""
        if len(self.outputs) != 1:
            raise TypeError(
                f"{who} needs a function that returns one number, this one returns "
                f"{len(self.outputs)}: use jacobian"
            )
        y = self.outputs[0]
        return y if isinstance(y, Value) else Value(y)

    def pull(self, seeds: dict[int, Any]) -> list[Any]:
        """Adjoints of the inputs from adjoints of the outputs."""
        adjoints = reverse(self.path, self.on, seeds, self.local)
        return [adjoints.get(id(x), 0.0) for x in self.inputs]

    def push(self, tangents: Sequence[Any]) -> dict[int, Any]:
        """Tangents of all nodes on the path from tangents of the inputs."""
        seeds = {id(x): t for x, t in zip(self.inputs, tangents)}
        return forward(self.path, seeds, self.local)

    def tangents_of_outputs(self, tangents: Sequence[Any]) -> list[Any]:
        """Tangents of the outputs alone."""
        pushed = self.push(tangents)
        return [pushed.get(id(y), 0.0) for y in self.outputs]


def value_and_grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that returns `(f(x), grad(f)(x))` from one forward and one reverse sweep.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, 4.0)
    """

    def both(*args: Any) -> tuple[Any, Any]:
        call = _Call(f, args, argnums)
        y = call.scalar("grad")
        return call.value, call.rebuild(call.pull({id(y): 1.0}))

    return both


def grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The gradient of `f` as a function of the same arguments.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns one number.
        argnums: Which argument to differentiate with respect to; a tuple for several.

    Returns:
        A function that returns derivatives nested like that argument; `grad(grad(f))` works.

    Raises:
        TypeError: When called, if `f` does not return one number.

    >>> import autodiff
    >>> grad(autodiff.tanh)(1.0)
    0.41997434161402614
    >>> grad(lambda xs: xs[0] * xs[1])([3.0, 4.0])
    [4.0, 3.0]
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def vjp(f: Function, x: Any) -> tuple[Any, Function]:
    """`f(x)`, and the function u -> u^T J of vectors nested like the output (reverse mode).

    >>> value, pull = vjp(lambda xs: [xs[0] * xs[1], xs[0]], [3.0, 4.0])
    >>> value, pull([1.0, 10.0])
    ([12.0, 3.0], [14.0, 3.0])
    """
    call = _Call(f, (x,), 0)

    def pull(u: Any) -> Any:
        weights = _like(u, call.outputs, "vjp", "outputs")
        seeds: dict[int, Any] = {}
        for y, weight in zip(call.outputs, weights):
            seeds[id(y)] = seeds[id(y)] + weight if id(y) in seeds else weight
        return call.rebuild(call.pull(seeds))

    return call.value, pull


def jvp(f: Function, x: Any, v: Any) -> tuple[Any, Any]:
    """`(f(x), J v)`: the value, and its derivative in the direction v (forward mode).

    >>> jvp(lambda xs: xs[0] * xs[1], [3.0, 4.0], [1.0, 0.0])
    (12.0, 4.0)
    """
    call = _Call(f, (x,), 0)
    tangents = _like(v, call.inputs, "jvp", "inputs")
    return call.value, call.rebuild_output(call.tangents_of_outputs(tangents))


def _like(given: Any, nodes: Sequence[Any], who: str, what: str) -> list[Any]:
    flat, _ = flatten(given, who)
    if len(flat) != len(nodes):
        raise ValueError(f"{who} got a vector of {len(flat)} numbers for {len(nodes)} {what}")
    return flat


def jacobian(f: Function, argnums: int = 0, sparse: bool = False) -> Function:
    """All derivatives of all outputs, nested like the output, each nested like the argument.

    It takes reverse sweeps over one recorded graph or forward sweeps, whichever are fewer: as many
    as there are outputs or inputs, or, where the graph shows that most entries are 0, as few as it
    takes to tell the others apart.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns such.
        argnums: Which argument to differentiate with respect to.
        sparse: Whether to return SciPy's `csr_array` of the flat outputs by the flat inputs.

    >>> jacobian(lambda xs: [xs[0] * xs[1], xs[0] ** 2])([3.0, 4.0])
    [[4.0, 3.0], [6.0, 0.0]]
    """

    def jacobian_of(*args: Any) -> Any:
        call = _Call(f, args, argnums)
        n = len(call.inputs)

        def pull(group: Sequence[int]) -> list[Any]:
            return call.pull({id(call.outputs[i]): 1.0 for i in group})

        def push(group: Sequence[int]) -> list[Any]:
            chosen = set(group)
            return call.tangents_of_outputs([1.0 if j in chosen else 0.0 for j in range(n)])

        pattern = sparsity.jacobian_pattern(call.path, call.inputs, call.outputs)
        entries = sparsity.jacobian_entries(pattern, n, pull, push)
        return _matrix(entries, len(pattern), call.rebuild_output, call, sparse)

    return jacobian_of


def _matrix(
    entries: sparsity.Entries, m: int, rebuild_rows: Function, call: _Call, sparse: bool
) -> Any:
    """Rows nested like the outputs; where both are arrays, one array of both shapes."""
    n = len(call.inputs)
    if sparse:
        return sparsity.as_csr(entries, m, n)
    rows = [call.rebuild(row) for row in sparsity.as_rows(entries, m, n)]
    shape = getattr(rows[0], "shape", None) if rows else None
    outer = getattr(rebuild_rows([0.0] * m), "shape", None)
    if shape is None or outer is None:
        return rebuild_rows(rows)
    import numpy

    return numpy.stack(rows).reshape(outer + shape)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The Hessian of `f` at x times the vector v, forward over reverse.

    One forward sweep and one reverse sweep with Duals: a few times the cost of `f`, never the
    Hessian itself.

    >>> hvp(lambda xs: xs[0] ** 2 * xs[1], [3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    call = _Call(f, (x,), 0)
    return call.rebuild(_hvp(call, _like(v, call.inputs, "hvp", "inputs")))


def _hvp(call: _Call, v: Sequence[Any]) -> list[Any]:
    y = call.scalar("hvp")
    if call.nested or any(isinstance(each, Value) for each in v):
        # An outer derivative is taken of this one: record everything.
        slopes = gradients(y, call.inputs, create_graph=True)
        path, _ = path_between(slopes, call.inputs)
        tangents = forward(path, {id(x): t for x, t in zip(call.inputs, v)}, value_partials)
        return [tangents.get(id(slope), 0.0) for slope in slopes]
    adjoints = forward_over_reverse(call.path, call.on, y, call.push(v))
    return [adjoints.get(id(x), (0.0, 0.0))[1] for x in call.inputs]


def hessian(f: Function, sparse: bool = False) -> Function:
    """The matrix of second derivatives of a function of one argument, nested like it twice.

    One Hessian-vector product for each input, all on one recorded graph; or, where the graph shows
    that most entries are 0, as few as it takes to tell the others apart.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns one number.
        sparse: Whether to return SciPy's `csr_array` over the flat inputs.

    >>> hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """

    def hessian_of(x: Any) -> Any:
        call = _Call(f, (x,), 0)
        call.scalar("hessian")
        pattern = sparsity.hessian_pattern(call.path, call.on, call.inputs)
        entries = sparsity.hessian_entries(pattern, lambda v: _hvp(call, v))
        return _matrix(entries, len(pattern), call.rebuild, call, sparse)

    return hessian_of


def nth_derivative(f: Function, n: Any) -> Function:
    """The n-th derivative of a function of one number; n = 0 is `f` itself.

    >>> import autodiff
    >>> [nth_derivative(lambda x: x**4, n)(1.0) for n in range(5)]
    [1.0, 4.0, 12.0, 24.0, 24.0]
    """
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"nth_derivative takes an order of 0 or more, got {n!r}")

    def derivative(x: Any) -> Any:
        call = _Call(f, (x,), 0)
        y: Any = call.scalar("nth_derivative")
        for order in range(n):
            y = gradients(y, call.inputs[0], create_graph=call.nested or order < n - 1)
        return y if call.nested or not isinstance(y, Value) else y.data

    return derivative
