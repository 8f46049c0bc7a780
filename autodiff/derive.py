"""Derivatives as functions, of every order and in both directions.

Holds: `grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`, `nth_derivative`, from
functions to functions as in JAX and HIPS autograd.

A derivative keeps its history wherever there is one to keep: what depends on a Value other than
the function's own arguments (one of an outer derivative, a network's weight) comes back as a Value
that can be differentiated again, and all else as plain numbers.  Under `no_grad` all are plain.

May import: value, structure, sweeps, sparsity, adjoints, call.  Never touches `.grad`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff import sparsity
from autodiff.adjoints import gradients
from autodiff.call import Argnums, Call, Function, has_history
from autodiff.structure import Structure, array, flatten
from autodiff.sweeps import (
    Between,
    float_partials,
    forward,
    forward_over_reverse,
)
from autodiff.value import Value

# A derivative of more operations is not differentiated again: the next would fill the memory.
_MOST_NODES = 1_000_000


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns `(f(x), grad(f)(x))` from one forward and one reverse sweep.

    Args:
        f: As for `grad`.
        argnums: As for `grad`.
        has_aux: Whether `f` returns a pair `(y, aux)`; the result is then `((y, aux), gradient)`.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, 4.0)
    """

    def both(*args: Any, **named: Any) -> tuple[Any, Any]:
        call = Call(f, args, named, argnums, has_aux)
        slopes = call.rebuild(call.pull({id(call.scalar("grad")): 1.0}))
        return ((call.value, call.aux) if has_aux else call.value), slopes

    return both


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient of `f` as a function of the same arguments.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns one number.
        argnums: The place of the argument to differentiate with respect to; a tuple for several.
            Arguments given by name are passed on.
        has_aux: Whether `f` returns a pair `(y, aux)`, of which y is differentiated and aux, which
            may be anything, passed on; the result is then `(gradient, aux)`.

    Returns:
        A function that returns derivatives nested like that argument, a tuple of them for several
        argnums.  `grad(grad(f))` works.  A derivative that depends on a Value which `f` reads or
        makes is a Value, with its history; all others are plain numbers.

    Raises:
        TypeError: When called, if `f` does not return one number, or `argnums` names an argument
            that is not there.

    >>> import autodiff
    >>> grad(autodiff.tanh)(1.0)
    0.41997434161402614
    >>> grad(lambda xs: xs[0] * xs[1])([3.0, 4.0])
    [4.0, 3.0]
    >>> grad(grad(lambda x, y: x * y), argnums=1)(2.0, 3.0)
    1.0
    >>> w = autodiff.Value(3.0)
    >>> grad(lambda x: w * x**2)(2.0)  # w has a gradient too
    Value(data=12.0, grad=0.0)
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **named: Any) -> Any:
        value, slopes = both(*args, **named)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def _call_at(f: Function, x: Any, argnums: Argnums | None, who: str) -> Call:
    """`f` at its one argument x, or at all of its arguments, which x lists if argnums is given."""
    if argnums is None:
        return Call(f, (x,), {}, 0)
    if not isinstance(x, (tuple, list)):
        raise TypeError(
            f"{who} with argnums takes all arguments of the function in one tuple, as in "
            f"{who}(f, (x, y), ...); got {x!r:.60}"
        )
    return Call(f, x, {}, argnums)


def vjp(f: Function, x: Any, argnums: Argnums | None = None) -> tuple[Any, Function]:
    """`f(x)`, and the function u -> u^T J of vectors nested like the output (reverse mode).

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns such.
        x: Its argument; with `argnums`, the tuple of all its arguments.
        argnums: The place of the argument to differentiate with respect to; a tuple for several.

    >>> value, pull = vjp(lambda xs: [xs[0] * xs[1], xs[0]], [3.0, 4.0])
    >>> value, pull([1.0, 10.0])
    ([12.0, 3.0], [14.0, 3.0])
    """
    call = _call_at(f, x, argnums, "vjp")

    def pull(u: Any) -> Any:
        weights = _like(u, call.rebuild_output, len(call.outputs), "vjp", "outputs")
        seeds: dict[int, Any] = {}
        for y, weight in zip(call.outputs, weights):
            seeds[id(y)] = seeds[id(y)] + weight if id(y) in seeds else weight
        return call.rebuild(call.pull(seeds))

    return call.value, pull


def jvp(f: Function, x: Any, v: Any, argnums: Argnums | None = None) -> tuple[Any, Any]:
    """`(f(x), J v)`: the value, and its derivative in the direction v (forward mode).

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns such.
        x: Its argument; with `argnums`, the tuple of all its arguments.
        v: Nested like the argument; with a tuple of `argnums`, a tuple of directions.
        argnums: The place of the argument to differentiate with respect to; a tuple for several.

    >>> jvp(lambda xs: xs[0] * xs[1], [3.0, 4.0], [1.0, 0.0])
    (12.0, 4.0)
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0), argnums=(0, 1))
    (12.0, 4.0)
    """
    call = _call_at(f, x, argnums, "jvp")
    tangents = _like(v, call.rebuild, len(call.inputs), "jvp", "inputs")
    return call.value, call.rebuild_output(call.push(tangents, call.outputs))


def _like(given: Any, structure: Structure, count: int, who: str, what: str) -> list[Any]:
    """The numbers of a vector that is to be nested like inputs or outputs."""
    flat, own = flatten(given, who)
    if len(flat) != count:
        raise ValueError(f"{who} got a vector of {len(flat)} numbers for {count} {what}")
    if len(own.shapes) == len(structure.shapes) and own.shapes != structure.shapes:
        raise ValueError(
            f"{who} got a vector of shape {own.shapes[0]} for {what} of shape "
            f"{structure.shapes[0]}: nest the one like the other"
            if len(own.shapes) == 1
            else f"{who} got arrays of shapes {own.shapes} for {what} of shapes {structure.shapes}"
        )
    return flat


def jacobian(
    f: Function, argnums: Argnums = 0, sparse: bool = False, has_aux: bool = False
) -> Function:
    """All derivatives of all outputs, nested like the output, each nested like the argument.

    It takes reverse sweeps over one recorded graph or forward sweeps, whichever are fewer: as many
    as there are outputs or inputs, or, where the graph shows that most entries are 0, as few as it
    takes to tell the others apart.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns such.
        argnums: The place of the argument to differentiate with respect to; a tuple for several,
            each entry is then a tuple too.  Arguments given by name are passed on.
        sparse: Whether to return SciPy's `csr_array` of the flat outputs by the flat inputs.
        has_aux: Whether `f` returns a pair `(outputs, aux)`; the result is then a pair as well.

    Returns:
        A function.  Where an output or an argument is an array, so is their block, with the
        output's axes first: for an array of shape (2,) of one of shape (3,) it has shape (2, 3).

    >>> jacobian(lambda xs: [xs[0] * xs[1], xs[0] ** 2])([3.0, 4.0])
    [[4.0, 3.0], [6.0, 0.0]]
    >>> jacobian(lambda x, y: x * y**2, argnums=(0, 1))(3.0, 4.0)
    (16.0, 24.0)
    """

    def jacobian_of(*args: Any, **named: Any) -> Any:
        call = Call(f, args, named, argnums, has_aux)
        n = len(call.inputs)

        def pull(group: Sequence[int]) -> list[Any]:
            return call.pull({id(call.outputs[i]): 1.0 for i in group})

        def push(group: Sequence[int]) -> list[Any]:
            chosen = set(group)
            return call.push([1.0 if j in chosen else 0.0 for j in range(n)], call.outputs)

        pattern = sparsity.jacobian_pattern(call.between.path, call.inputs, call.outputs)
        entries = sparsity.jacobian_entries(pattern, n, pull, push)
        matrix = _matrix(entries, call.rebuild_output, call.rebuild, sparse)
        return (matrix, call.aux) if has_aux else matrix

    return jacobian_of


def _matrix(entries: sparsity.Entries, outer: Structure, inner: Structure, sparse: bool) -> Any:
    """A matrix nested like `outer`, each entry nested like `inner`; blocks of arrays as arrays."""
    row_places, column_places = list(outer.places()), list(inner.places())
    m = row_places[-1][1] if row_places else 0
    n = column_places[-1][1] if column_places else 0
    if sparse:
        return sparsity.as_csr(entries, m, n)
    rows = sparsity.as_rows(entries, m, n)
    return outer.nest([
        inner.nest([
            array([x for row in rows[top:bottom] for x in row[left:right]], down + across)
            for left, right, across in column_places
        ])
        for top, bottom, down in row_places
    ])  # fmt: skip


def hvp(f: Function, x: Any, v: Any, argnums: Argnums | None = None) -> Any:
    """The Hessian of `f` at x times the vector v, forward over reverse.

    One forward sweep and one reverse sweep with Duals: a few times the cost of `f`, never the
    Hessian itself.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns one number.
        x: Its argument; with `argnums`, the tuple of all its arguments.
        v: Nested like the argument; with a tuple of `argnums`, a tuple of vectors.
        argnums: The place of the argument to differentiate with respect to, twice; a tuple for
            several, whose mixed derivatives count as well.

    Returns:
        What has the form of v.

    >>> hvp(lambda xs: xs[0] ** 2 * xs[1], [3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    >>> hvp(lambda x, y: x**2 * y, (3.0, 4.0), 1.0, argnums=0)
    8.0
    """
    call = _call_at(f, x, argnums, "hvp")
    vector = _like(v, call.rebuild, len(call.inputs), "hvp", "inputs")
    return call.rebuild(_times_hessian(call, vector))


def _times_hessian(call: Call, v: Sequence[Any]) -> list[Any]:
    """The Hessian of the one output times v, forward over reverse."""
    y = call.scalar("hvp")
    between = call.between
    if has_history() and (
        not between.alive.isdisjoint(between.on) or any(isinstance(x, Value) for x in v)
    ):
        # An outer derivative may be taken of this one: record the gradient.
        slopes = gradients(y, call.inputs, create_graph=True)
        return call.push(v, slopes, Between(slopes, call.inputs))
    numbers = [x._data if isinstance(x, Value) else x for x in v]
    seeds = {id(x): t for x, t in zip(call.inputs, numbers)}
    tangents = forward(between.path, seeds, float_partials)
    adjoints = forward_over_reverse(between.path, between.on, y, tangents)
    return [adjoints.get(id(x), (0.0, 0.0))[1] for x in call.inputs]


def hessian(
    f: Function, argnums: Argnums = 0, sparse: bool = False, has_aux: bool = False
) -> Function:
    """The matrix of second derivatives of a function, nested like its argument twice.

    One Hessian-vector product for each input, all on one recorded graph; or, where the graph shows
    that most entries are 0, as few as it takes to tell the others apart.

    Args:
        f: A function of numbers, nested lists of numbers or NumPy arrays that returns one number.
        argnums: The place of the argument to differentiate with respect to; a tuple for several,
            the result is then a tuple of tuples, mixed derivatives included.
        sparse: Whether to return SciPy's `csr_array` over the flat inputs.
        has_aux: Whether `f` returns a pair `(y, aux)`; the result is then a pair as well.

    >>> hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda x, y: x**2 * y, argnums=(0, 1))(3.0, 4.0)
    ((8.0, 6.0), (6.0, 0.0))
    """

    def hessian_of(*args: Any, **named: Any) -> Any:
        call = Call(f, args, named, argnums, has_aux)
        call.scalar("hessian")
        between = call.between
        pattern = sparsity.hessian_pattern(between.path, between.on, call.inputs)
        entries = sparsity.hessian_entries(pattern, lambda v: _times_hessian(call, v))
        matrix = _matrix(entries, call.rebuild, call.rebuild, sparse)
        return (matrix, call.aux) if has_aux else matrix

    return hessian_of


def nth_derivative(f: Function, n: int, argnums: int = 0) -> Function:
    """The n-th derivative of a function by one number; n = 0 is `f` itself.

    Each order is the gradient of the one before, whose graph grows severalfold: 1 / x takes 10,000
    operations at order 8.

    Args:
        f: A function that returns one number.
        n: The order, 0 or more.
        argnums: The place of the argument, a number, to differentiate with respect to.

    Raises:
        ValueError: If n is no order; when called, if an order below n takes more than 1,000,000
            operations.

    >>> import autodiff
    >>> [nth_derivative(lambda x: x**4, n)(1.0) for n in range(5)]
    [1.0, 4.0, 12.0, 24.0, 24.0]
    """
    if not hasattr(n, "__index__") or n < 0:
        raise ValueError(f"nth_derivative takes an order of 0 or more, got {n!r}")

    def derivative(*args: Any, **named: Any) -> Any:
        call = Call(f, args, named, argnums)
        y = call.scalar("nth_derivative")
        if len(call.inputs) != 1:
            raise TypeError(
                f"nth_derivative differentiates by one number, and the argument holds "
                f"{len(call.inputs)}: use grad, hessian or jacobian"
            )
        if n == 0:
            return call.kept(y)
        between = call.between
        for order in range(n):
            if order:
                y = gradients(y, call.inputs[0], create_graph=True)
                between = Between([y], call.inputs)
            if id(y) not in between.on:  # the same everywhere, so that all higher ones are 0
                return 0.0
            if len(between.path) > _MOST_NODES:
                raise ValueError(
                    f"nth_derivative of order {n}: order {order} alone takes {len(between.path):,} "
                    "operations, and each next one some times as many; ask for a lower order"
                )
        return call.rebuild(call.pull({id(y): 1.0}, between))

    return derivative
