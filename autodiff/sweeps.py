"""The three sweeps over a graph that carry derivatives, each reading the one table of rules.

Holds:
- `reverse` carries adjoints from outputs to inputs.  With numbers it gives gradients; with
  Values, which record what it does, gradients that can be differentiated again.
- `forward` carries tangents from inputs to outputs.
- `forward_over_reverse` carries both through one reverse sweep, with `Dual` numbers.

May import: ieee, rule, rules, graph, context, value, operations.  Never touches `.grad`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from typing import Any

from autodiff import graph, rules
from autodiff.context import CONTEXT, RECORDERS, VARIABLES
from autodiff.ieee import RAISES, Double
from autodiff.operations import VALUES
from autodiff.rule import RULES, Rule, follow
from autodiff.value import Value, operand_numbers

Function = Callable[..., Any]


def reached(nodes: Sequence[Value], seeds: set[int]) -> tuple[list[Value], set[int]]:
    """The nodes that depend on `seeds`, in the same order; their ids, with those of the seeds.

    Args:
        nodes: Inner nodes, operands before results.
        seeds: Ids of nodes.
    """
    found = set(seeds)
    path = []
    for node in nodes:
        if any(id(operand) in found for operand in node.operands):
            found.add(id(node))
            path.append(node)
    return path, found


def constant(x: float) -> Value:
    """A leaf that nobody differentiates by: it stands for a plain number, and says so."""
    leaf = Value(x)
    leaf._z = x
    return leaf


def _is_somebodys(leaf: Value) -> bool:
    """Whether a leaf may still be differentiated by: no constant, or a variable in use."""
    return leaf._z is None or id(leaf) in VARIABLES


class Between:
    """What lies between inputs and outputs of a function that has been run.

    Attributes:
        path: The nodes that carry anything from inputs to outputs, operands first.
        on: Their ids, and those of the inputs.
        alive: The ids of the nodes that depend on a Value other than the inputs.  Somebody may
            differentiate by that one later, so the derivatives that depend on it are to be Values
            with their history; all others can be plain numbers.
    """

    def __init__(self, outputs: Sequence[Any], inputs: Sequence[Value]) -> None:
        ends = [y for y in outputs if isinstance(y, Value)]
        inner, leaves = graph.topological_order(*ends, stop=inputs)
        self.path, self.on = reached(inner, {id(x) for x in inputs})
        if RECORDERS and CONTEXT.get().recorder is not None:
            # What a choice hangs on is in no graph, so a tape has to see every derivative.
            self.alive = {id(node) for node in (*inner, *leaves, *inputs)}
        else:
            # An input that was computed is a stand-in for the Value that the function was given.
            outside = [x for x in leaves if _is_somebodys(x)]
            outside += [x for x in inputs if x._rule is not None]
            self.alive = reached(inner, {id(x) for x in outside})[1]


def float_partials(node: Value) -> tuple[float, ...]:
    """The local derivatives of a node as floats."""
    return node._rule.local_partials(node._z, operand_numbers(node))  # type: ignore[no-any-return]


def partials_as(
    names: dict[str, Function], rule: Rule, z: Any, operands: Sequence[Any]
) -> tuple[Any, ...]:
    """The local derivatives computed with Values or Duals, whose functions `names` holds."""
    function = rule.bound(names)[1]

    def at(xs: Sequence[Any]) -> Any:
        return function(z, xs) if rule.variadic else function(z, *xs)

    try:
        return tuple(at(operands))
    except RAISES:  # by a constant operand, such as 1 / 0
        return tuple(at([Double(x) if isinstance(x, float) else x for x in operands]))


def partials_with_history(alive: Container[int]) -> Function:
    """The local derivatives of a node, as Values where they depend on a node in `alive`.

    Returns:
        A function of a node.  It raises RuntimeError if `.data` of a Value that it needs was
        written since the forward pass.
    """

    def local(node: Value) -> tuple[Any, ...]:
        if id(node) not in alive:
            return float_partials(node)
        if RECORDERS and (recorder := CONTEXT.get().recorder) is not None:
            recorder.differentiate(node)
        operands: list[Value | float] = []
        for operand, x in zip(node.operands, operand_numbers(node)):
            if isinstance(operand, Value) and id(operand) in alive:
                _refuse_written(operand, x, node)
                operands.append(operand)
            else:
                operands.append(x)
        _refuse_written(node, node._z, node)
        return partials_as(VALUES, node._rule, node, operands)

    return local


def _refuse_written(read: Value, x: float, node: Value) -> None:
    """Refuses a Value that no longer holds the number x which the forward pass of `node` used."""
    now = read._data
    if now != x and not (math.isnan(now) and math.isnan(x)):
        raise RuntimeError(
            f"create_graph needs the numbers of the forward pass, but {read!r}, used by "
            f"{node.op!r}, was {x!r} then: compute the output again after writing .data"
        )


def _times(a: Any, b: Any) -> Any:
    """a * b, without a node where a factor is the plain number 1."""
    if a.__class__ is float and a == 1.0:
        return b
    return a if b.__class__ is float and b == 1.0 else a * b


def reverse(
    path: Sequence[Value], on: set[int], adjoints: dict[int, Any], local: Function
) -> dict[int, Any]:
    """Adjoints from outputs to inputs: `adjoint(x) += dz/dx * adjoint(z)`."""
    for node in reversed(path):
        adjoint = adjoints.get(id(node))
        if adjoint is None:
            continue
        for operand, d in zip(node.operands, local(node)):
            if id(operand) in on:
                term = _times(adjoint, d)
                old = adjoints.get(id(operand))
                adjoints[id(operand)] = term if old is None else old + term
    return adjoints


def forward(path: Sequence[Value], tangents: dict[int, Any], local: Function) -> dict[int, Any]:
    """Tangents from inputs to outputs: `tangent(z) = sum of dz/dx * tangent(x)`."""
    for node in path:
        total = tangents.get(id(node))  # an input may itself have been computed from others
        for operand, d in zip(node.operands, local(node)):
            tangent = tangents.get(id(operand))
            if tangent is not None:
                term = _times(d, tangent)
                total = term if total is None else total + term
        tangents[id(node)] = 0.0 if total is None else total
    return tangents


class Carrier:
    """A number that carries something along; compared by its number, so that rules can branch."""

    __slots__ = ("value",)
    value: float

    def __lt__(self, other: Any) -> bool:
        return self.value < value_of(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= value_of(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > value_of(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= value_of(other)

    def __bool__(self) -> bool:
        return self.value != 0.0


def value_of(x: Any) -> float:
    """The number of a Carrier, or a number as it is."""
    return x.value if isinstance(x, Carrier) else float(x)


def give_operators(kind: type[Carrier], names: dict[str, Function]) -> None:
    """Python's operators for a kind of Carrier, from the functions in its namespace."""
    for name in ("neg", "abs"):
        setattr(kind, f"__{name}__", names[name])
    for name in ("add", "sub", "mul", "truediv", "mod", "pow"):
        operation = names[name]
        setattr(kind, f"__{name}__", operation)
        setattr(kind, f"__r{name}__", lambda x, y, operation=operation: operation(y, x))


class Dual(Carrier):
    """A number and its tangent, `value + tangent * e` with e * e = 0 (Clifford, 1873).

    Rules compute with Duals as they do with floats: what an operation does to the tangent is
    looked up in the same table.
    """

    __slots__ = ("tangent",)

    def __init__(self, value: float, tangent: float) -> None:
        self.value, self.tangent = value, tangent


def _on_duals(rule: Rule) -> Function:
    """The operation of a rule on Duals and floats."""

    def operation(*operands: Any) -> Any:
        if rule.variadic:
            (operands,) = operands
        xs = tuple([value_of(x) for x in operands])
        z, tangent = rule.apply(xs), 0.0
        for x, d in zip(operands, rule.local_partials(z, xs)):
            if isinstance(x, Dual):
                tangent += d * x.tangent
        return Dual(z, tangent)

    return operation


# The namespace in which rules compute with Duals.
DUALS: dict[str, Function] = {
    "where": rules.where,
    "floor": lambda x: VALUES["floor"](value_of(x)),
}


def _listen(rule: Rule) -> None:
    if rule.name != "where":
        DUALS[rule.value.__name__] = _on_duals(rule)


follow(_listen)
# As on Values: with a plain number as exponent, x may be negative.
_pow, _pow_const = _on_duals(RULES["pow"]), _on_duals(RULES["pow_const"])
DUALS["pow"] = lambda x, y: (_pow if isinstance(y, Dual) else _pow_const)(x, y)
give_operators(Dual, DUALS)


def forward_over_reverse(
    path: Sequence[Value], on: set[int], output: Value, tangents: dict[int, float]
) -> dict[int, tuple[float, float]]:
    """Adjoints of one output, and their derivatives along `tangents`, carried forward before.

    For each operand x of a node z: `adjoint(x) += dz/dx * adjoint(z)`, and the same differentiated
    (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).
    """

    def dual(x: Any, value: float) -> Any:
        return Dual(value, tangents[id(x)]) if id(x) in on else value

    adjoints = {id(output): (1.0, 0.0)}
    for node in reversed(path):
        if id(node) not in adjoints:
            continue
        adjoint, change = adjoints[id(node)]
        operands = tuple([dual(x, value) for x, value in zip(node.operands, operand_numbers(node))])
        partials = partials_as(DUALS, node._rule, dual(node, node._z), operands)
        for operand, d in zip(node.operands, partials):
            if id(operand) in on:
                slope, bend = (d.value, d.tangent) if isinstance(d, Dual) else (d, 0.0)
                old, old_change = adjoints.get(id(operand), (0.0, 0.0))
                adjoints[id(operand)] = (
                    old + adjoint * slope,
                    old_change + change * slope + adjoint * bend,
                )
    return adjoints
