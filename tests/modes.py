"""Every way to differentiate a random program, and how far apart rounding may lead them.

Each mode gives the first, second or third derivative of a program at its inputs, contracted with
one direction v until a vector is left: the gradient g, the Hessian times v, the third derivative
times v twice.  All modes evaluate the local derivatives at the same numbers, and add and multiply
them in different orders.  So two of them differ by no more than n eps times the same sum with
absolute values, n being the number of operations: `Reference` computes that sum by the same
sweep, with absolute partials.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import autodiff
from autodiff import Value, derive
from autodiff.graph import topological_order
from autodiff.rule import RULES
from autodiff.sweeps import float_partials
from tests.programs import EPS, Program, on_values

Vector = list[float]


def function_of(program: Program) -> Callable[[Sequence[Any]], Any]:
    """The program as a function of a list."""
    return lambda xs: program.run(on_values, list(xs))[-1]


def along(vector: Sequence[Any], v: Sequence[float]) -> Any:
    """Their inner product, of Values by `+` and `*` alone."""
    total: Any = 0
    for x, weight in zip(vector, v, strict=True):
        total = total + x * weight
    return total


class Reference:
    """Reverse over reverse over reverse, recorded; and the bounds that come with it.

    Attributes:
        scalars: The program's result, and its first derivatives along v, as Values.
        vectors: For each order the derivatives by the inputs, contracted with v.
        bounds: For each order how far each entry of its vector may be off.
    """

    def __init__(self, program: Program, v: Sequence[float], orders: int = 3) -> None:
        self.inputs = [Value(x) for x in program.inputs]
        self._program, self._numbers = program, program.run(on_values, self.inputs)
        self.scalars: list[Value] = [self._numbers[-1]]
        self.vectors: list[Vector] = []
        self.bounds: list[Vector] = []
        # What depends on these is an adjoint: its number depends on the order of additions.
        self._seeds = [Value(1.0) for _ in range(orders)]
        for seed in self._seeds:
            self.bounds.append(self._bound(self.scalars[-1]))
            found = derive.gradients(self.scalars[-1], self.inputs, True, seed)
            self.vectors.append([x.data for x in found])
            self.scalars.append(along(found, v))

    def share(self, order: int, vector: Vector) -> float:
        """The largest difference of another mode's answer, as a part of what rounding explains.

        Both sides may be off by the bound.  nan where a difference is nan.
        """
        found = zip(vector, self.vectors[order - 1], self.bounds[order - 1], strict=True)
        parts = [
            abs(a - b) / (2.0 * bound) if bound else math.inf for a, b, bound in found if a != b
        ]
        return max(parts, key=lambda part: (math.isnan(part), part), default=0.0)

    def _bound(self, root: Value) -> Vector:
        """n eps times the sweep from root to the inputs with absolute partials."""
        inner, _ = topological_order(root)
        largest = self._majorants(inner)
        sums = {id(root): 1.0}
        for node in reversed(inner):
            total = sums.get(id(node), 0.0)
            if id(node) in largest:
                partials = _absolute(node, largest)
            else:
                partials = [abs(d) for d in float_partials(node)]
            for operand, d in zip(node.operands, partials, strict=True):
                sums[id(operand)] = sums.get(id(operand), 0.0) + total * d
        n = sum(len(node.operands) for node in inner)
        return [(n + 1) * EPS * sums.get(id(x), 0.0) for x in self.inputs]

    def _majorants(self, inner: Sequence[Value]) -> dict[int, float]:
        """For each adjoint the sum of the absolute values of all that is added up in it."""
        largest = {id(seed): 1.0 for seed in self._seeds}
        for node in inner:
            operands = node.operands
            if any(id(x) in largest for x in operands):
                a, b = [largest.get(id(x), abs(_number(x))) for x in operands]
                largest[id(node)] = a * b if node.op == "*" else a + b
        return largest

    def rounding(self) -> Vector:
        """How far each scalar may be from the truth if every rule is as exact as its test demands.

        One sweep forward: each number's own rounding, plus its operands' errors times absolute
        partials.  Terms of second order are left out; the result is doubled for them.
        """
        error = self._constants()
        for node in topological_order(*self.scalars)[0]:
            error[id(node)] = _rounded(node.data, node.operands, float_partials(node), error)
        return [2.0 * error.get(id(scalar), 0.0) for scalar in self.scalars]

    def _constants(self) -> dict[int, float]:
        """The errors of steps on constants alone, which are in no graph."""
        error: dict[int, float] = {}
        for step, number in zip(
            self._program.steps, self._numbers[len(self.inputs) :], strict=True
        ):
            if not isinstance(number, Value):
                operands = tuple([
                    self._numbers[each] if isinstance(each, int) else each for each in step.operands
                ])  # fmt: skip
                partials = RULES[step.rule].local_partials(number, operands)
                error[id(number)] = _rounded(number, operands, partials, error)
        return error


def _rounded(
    z: float, operands: Sequence[Any], partials: Sequence[float], error: dict[int, float]
) -> float:
    """The error of a number that was computed from operands with errors."""
    total = 4.0 * math.ulp(z)
    for x, d in zip(operands, partials, strict=True):
        total += (2.0 * EPS * abs(_number(x)) + error.get(id(x), 0.0)) * abs(d)
    return total


def _number(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


def _absolute(node: Value, largest: dict[int, float]) -> Vector:
    """The partials of an adjoint, a product or a sum, with majorants for numbers."""
    if node.op == "+":
        return [1.0, 1.0]
    assert node.op == "*", node
    a, b = [largest.get(id(x), abs(_number(x))) for x in node.operands]
    return [b, a]


# --- the modes ----------------------------------------------------------------------------

Mode = Callable[[Program, Vector], Vector]


def backward(program: Program, v: Vector) -> Vector:
    """Reverse mode as a user calls it."""
    leaves = [Value(x) for x in program.inputs]
    function_of(program)(leaves).backward()
    return [leaf.grad for leaf in leaves]


def reverse(program: Program, v: Vector) -> Vector:
    """Reverse mode with numbers, as a function."""
    return derive.grad(function_of(program))(list(program.inputs))


def forward(program: Program, v: Vector) -> Vector:
    """Forward mode, one input after the other."""
    f, x = function_of(program), list(program.inputs)
    units = [[float(i == j) for j in range(len(x))] for i in range(len(x))]
    return [derive.jvp(f, x, unit)[1] for unit in units]


def forward_over_reverse(program: Program, v: Vector) -> Vector:
    """Hessian times vector, with Duals."""
    return derive.hvp(function_of(program), list(program.inputs), v)


def whole_hessian(program: Program, v: Vector) -> Vector:
    """The Hessian, compressed where it is sparse, times the vector."""
    rows = derive.hessian(function_of(program))(list(program.inputs))
    return [along(row, v) for row in rows]


def reverse_over_forward(program: Program, v: Vector) -> Vector:
    """The gradient of a derivative that forward mode recorded."""
    f = function_of(program)
    return derive.grad(lambda x: derive.jvp(f, x, v)[1])(list(program.inputs))


def forward_over_reverse_over_reverse(program: Program, v: Vector) -> Vector:
    """Hessian times vector of the recorded gradient along v."""
    f = function_of(program)
    return derive.hvp(lambda x: along(derive.grad(f)(x), v), list(program.inputs), v)


def reverse_over_forward_over_reverse(program: Program, v: Vector) -> Vector:
    """The gradient of v times Hessian times v."""
    f = function_of(program)
    return derive.grad(lambda x: along(derive.hvp(f, x, v), v))(list(program.inputs))


# --- derivatives inside derivatives, the inner ones at plain numbers ------------------------

# What takes a function of one number, and the number, to its derivative.
Derivative = Callable[[Callable[[Any], Any], Any], Any]


def by_gradients(g: Callable[[Any], Any], t: Any) -> Any:
    """On a graph, with numbers or with whatever an outer derivative needs."""
    variable = autodiff.identity(t if isinstance(t, Value) else Value(t))
    return derive.gradients(g(variable), variable, create_graph=True)


def by_backward(g: Callable[[Any], Any], t: Any) -> Any:
    """By what backward leaves in an inner node; the gradients of leaves add up over calls."""
    variable = autodiff.identity(t if isinstance(t, Value) else Value(t))
    result = g(variable)
    if not isinstance(result, Value):  # a slope that is the same everywhere
        return 0.0
    result.backward(create_graph=True)
    return variable.grad


FIRST: tuple[Derivative, ...] = (
    lambda g, t: derive.grad(g)(t),
    lambda g, t: derive.value_and_grad(g)(t)[1],
    lambda g, t: derive.jacobian(lambda t: [g(t)])(t)[0],
    lambda g, t: derive.jvp(g, t, 1.0)[1],
    lambda g, t: derive.vjp(g, t)[1](1.0),
    lambda g, t: derive.nth_derivative(g, 1)(t),
    by_gradients,
    by_backward,
)
SECOND: tuple[Derivative, ...] = (
    lambda g, t: derive.hessian(g)(t),
    lambda g, t: derive.hvp(g, t, 1.0),
    lambda g, t: derive.nth_derivative(g, 2)(t),
)


def _drawn(program: Program, salt: int, kinds: Sequence[Any]) -> Any:
    """One of several, by the program."""
    return kinds[zlib.crc32(f"{salt} {program}".encode()) % len(kinds)]


def _moved(x: Sequence[Any], t: Any, v: Sequence[float]) -> list[Any]:
    return [a + t * b for a, b in zip(x, v, strict=True)]


def _by_leaves(g: Callable[[Any], Any], x: Vector) -> Vector:
    """The gradient that backward leaves in parameters which nobody passed to `g`."""
    leaves = [Value(each) for each in x]
    root = g(leaves)
    for leaf in leaves:
        leaf.grad = 0.0  # a backward inside has been about them too
    if isinstance(root, Value):
        root.backward()
    return [leaf.grad for leaf in leaves]


GRADIENTS: tuple[Callable[[Any, Vector], Vector], ...] = (
    lambda g, x: derive.grad(g)(x),
    lambda g, x: derive.value_and_grad(g)(x)[1],
    lambda g, x: derive.vjp(g, x)[1](1.0),
    lambda g, x: derive.jacobian(lambda x: [g(x)])(x)[0],
    _by_leaves,
)


def _numbers(vector: Sequence[Any]) -> Vector:
    """As plain numbers: a leaf made inside a function may be somebody's, so its history is kept."""
    return [_number(x) for x in vector]


def _slope(program: Program, v: Vector, salt: int) -> Callable[[Any], Any]:
    """x -> v . gradient at x: d/dt f(x + t v) at the plain number 0."""
    f, d = function_of(program), _drawn(program, salt, FIRST)
    return lambda x: d(lambda t: f(_moved(x, t, v)), 0.0)


def gradient_of_a_slope(program: Program, v: Vector) -> Vector:
    """Reverse mode over a derivative at a number, whose function reads the outer variables."""
    gradient = _drawn(program, 1, GRADIENTS)
    return _numbers(gradient(_slope(program, v, 2), list(program.inputs)))


def slope_of_a_gradient(program: Program, v: Vector) -> Vector:
    """Forward mode over a gradient at numbers, whose function reads the outer variable."""
    f, x = function_of(program), list(program.inputs)
    return derive.jvp(lambda t: derive.grad(lambda x: f(_moved(x, t, v)))(x), 0.0, 1.0)[1]


def gradient_of_a_curvature(program: Program, v: Vector) -> Vector:
    """Reverse mode over v times Hessian times v, as a second derivative or as two at numbers."""
    gradient, f = _drawn(program, 3, GRADIENTS), function_of(program)
    second, first, other = [_drawn(program, 4 + i, x) for i, x in enumerate((SECOND, FIRST, FIRST))]

    def at_once(x: Any) -> Any:
        return second(lambda t: f(_moved(x, t, v)), 0.0)

    def in_turn(x: Any) -> Any:
        return first(lambda s: other(lambda t: f(_moved(_moved(x, s, v), t, v)), 0.0), 0.0)

    curvature = _drawn(program, 7, (at_once, in_turn))
    return _numbers(gradient(curvature, list(program.inputs)))


def tape_over_a_slope(program: Program, v: Vector) -> Vector:
    """A tape of a derivative at a number, whose function reads the tape's input."""
    kinds = [each for each in FIRST if each is not by_backward]  # to read .grad is refused there
    f, d = function_of(program), _drawn(program, 8, kinds)
    # A slope that is the same everywhere is a plain number, and a tape wants a Value.
    return _replayed(lambda x: 0.0 * x[0] + d(lambda t: f(_moved(x, t, v)), 0.0), program)


# --- tapes --------------------------------------------------------------------------------


def tape(program: Program, v: Vector) -> Vector:
    """A recorded program, replayed by generated Python."""
    return _replayed(function_of(program), program)


def tape_over_reverse(program: Program, v: Vector) -> Vector:
    """The recorded gradient along v, replayed and differentiated by the tape."""
    f = function_of(program)
    return _replayed(lambda x: along(derive.gradients(f(x), x, create_graph=True), v), program)


def _replayed(f: Callable[[Any], Any], program: Program) -> Vector:
    from autodiff import Tape

    recorded = Tape.record(f, list(program.inputs))
    recorded.backend = "python"
    return recorded.input_gradients(list(program.inputs))


# For each order the modes that are compared with the reference.
MODES: tuple[tuple[Mode, ...], ...] = (
    (backward, reverse, forward),
    (
        forward_over_reverse,
        whole_hessian,
        reverse_over_forward,
        gradient_of_a_slope,
        slope_of_a_gradient,
    ),
    (
        forward_over_reverse_over_reverse,
        reverse_over_forward_over_reverse,
        gradient_of_a_curvature,
    ),
)
# Those that take longer: recording writes and compiles Python.
SLOW_MODES: tuple[tuple[Mode, ...], ...] = ((tape,), (tape_over_reverse, tape_over_a_slope), ())
