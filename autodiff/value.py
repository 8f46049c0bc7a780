"""The node of a computation graph, and reverse mode.

Holds: `Value`, and `backward`, which applies the chain rule to its graph in reverse.  The
operators and methods that record the graph are made from the table of rules, in `operations`.

A node refers to its operands and never to its results, so there are no cycles: Python's reference
counting frees a graph as soon as its last result goes.  It keeps the numbers that the forward pass
used, and the local derivatives are computed from those when backward needs them.

May import: ieee, rule, foreign, graph, context.  Never recurses over a graph.
"""

from __future__ import annotations

import numbers
import operator
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from autodiff import foreign, graph
from autodiff.context import (
    CONTEXT,
    RECORDERS,
    VARIABLES,
    describe,
    located,
    refuse_while_recording,
)
from autodiff.ieee import RAISES

_context = CONTEXT.get

_DROPS_GRADIENT = (
    "a Value is not a plain number, and turning it into one would drop its gradient: "
    "write v.exp() or autodiff.exp(v) for mathematics, v.data for the number, "
    "format(v, '.3f') for text"
)


def as_float(x: Any, place: str) -> float:
    """`x` as a float, or a TypeError that says what `place` takes and what to write instead."""
    if isinstance(x, (float, int)):
        try:
            return float(x)
        except OverflowError:
            raise ValueError(
                f"{place} takes a number below 1.8e308, and this integer is larger: write "
                "float('inf') if you mean that"
            ) from None
    if isinstance(x, Value):
        advice = {
            ".data": "p.data = p.data - 0.1 * p.grad, and v.data for the number of a Value v",
            ".grad": "p.grad = g.data",
        }.get(place, "v.data for its number, or v.detach() for a copy without history")
        raise TypeError(f"{place} takes a number, not a Value: write {advice}")
    if isinstance(x, numbers.Complex) and not isinstance(x, numbers.Real):
        raise TypeError(
            f"{place} takes a real number, not a complex one: use two Values, {x.real} and {x.imag}"
        )
    foreign.refuse_node(x, place)
    if hasattr(x, "__float__") and getattr(x, "shape", ()) == ():
        return float(x)
    if isinstance(x, str):
        try:
            float(x)
        except ValueError:
            raise TypeError(f"{place} takes a number, not the string {x!r}") from None
        raise TypeError(f"{place} takes a number, not a string: write Value(float({x!r}))")
    if x is None:
        advice = "p.grad = 0.0 or p.zero_grad()" if place == ".grad" else "0.0 for zero"
        raise TypeError(f"{place} takes a number, not None: write {advice}")
    if (shape := getattr(x, "shape", ())) and all(n == 1 for n in shape):
        raise TypeError(f"{place} takes a number, not an array of shape {shape}: write x.item()")
    if isinstance(x, (list, tuple)) or hasattr(x, "shape"):
        raise TypeError(
            f"{place} takes one number, not a {type(x).__name__}: "
            f"write [Value(x) for x in {x!r:.60}]"
        )
    raise TypeError(f"{place} takes a number, not a {type(x).__name__}")


def as_operand(x: Any) -> Any:
    """`x` as an operand: a Value as it is, a number as a float, else NotImplemented."""
    if isinstance(x, Value):
        return x
    if isinstance(x, (int, float)):  # what most operands are; the questions below cost more
        return as_float(x, "an operation")
    if isinstance(x, numbers.Complex) and not isinstance(x, numbers.Real):
        return NotImplemented
    if isinstance(x, numbers.Number):
        return as_float(x, "an operation")
    foreign.refuse_node(x, "an operation on a Value")
    if getattr(x, "shape", None) == () and hasattr(x, "item"):
        return as_operand(x.item())  # an array of one number, or of one Value
    return NotImplemented


def _comparison(
    symbol: str,
    compare: Callable[[float, float], bool],
    refuse: Callable[[Value, Any], None] | None = None,
) -> Callable[..., Any]:
    """The operator `v < other`: a bool, or to a tape that records a condition.

    Args:
        symbol: The operator.
        compare: What it does with numbers.
        refuse: Asked where the numbers are equal, or one is nan, and the answer may mislead.
    """

    def method(self: Value, other: Any) -> Any:
        b = as_operand(other)
        if b is NotImplemented:
            return NotImplemented
        x, y = self._data, _number(b)
        if refuse is not None and not (x < y or x > y):
            refuse(self, b)
        outcome = compare(x, y)
        return _condition(symbol, self, b, outcome) if RECORDERS else outcome

    return method


class Value:
    """A number that remembers how it was computed.

    Args:
        data: The number, as a Python or NumPy real number.
        label: A name for pictures and explanations.

    Attributes:
        data: The number, assignable.  What was computed from it earlier keeps the old one.
        grad: The derivative of the last root of `backward` with respect to this node; 0.0 before.
        label: The name.
        scope: The names of the `scope` blocks it was made in, `"layer0/neuron2"`.

    Raises:
        TypeError: If `data` is not a real number.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (x * w).tanh() + x
    >>> y.backward()
    >>> print(f"{y.data:.6f} {x.grad:.6f}")
    1.000012 0.999926
    """

    # Raw slots are the engine's own; `data` and `grad` are their checked face.
    #   _rule       the operation's Rule; None for a leaf
    #   _a, _b      the operands, Values or plain floats; for more than two, _a is their tuple
    #   _x, _y, _z  the numbers that the forward pass used: operands (or their tuple) and result;
    #               a leaf has none, but for _z where it only stands for a plain number
    #   _mark       the last walk that came by
    __slots__ = (
        "__weakref__", "_a", "_b", "_data", "_grad", "_mark", "_rule", "_x", "_y", "_z", "label",
        "scope",
    )  # fmt: skip
    _data: float
    _grad: Any  # a Value after backward(create_graph=True)
    _rule: Any  # a Rule, but asking mypy to believe it at every step would hide the algorithm
    _a: Any
    _b: Any
    _x: Any
    _y: Any
    _z: Any
    _mark: object
    label: str
    scope: str
    # Methods that `faces` attaches, because they need what stands after the engine.
    _backward_with_graph: Callable[[Any], None]
    _elementwise: Callable[..., Any]
    _repr_mimebundle_: Callable[..., dict[str, str] | None]
    __array_ufunc__: Callable[..., Any]

    def __init__(
        self, data: Any, label: str = "", _op: Any = None, _label: Any = None, _children: Any = None
    ) -> None:
        self._data = data if data.__class__ is float else as_float(data, "Value")
        self._grad = 0.0
        self._rule = self._a = self._b = self._x = self._y = self._z = self._mark = None
        if label.__class__ is not str or _op is not None or _children is not None:
            label = foreign.leaf_label(label, _op, _label, _children)
        self.label = label
        self.scope = _context().scope

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        foreign.refuse_overrides(cls, Value)

    @property
    def data(self) -> float:
        """The number."""
        if RECORDERS:
            refuse_while_recording("reading .data", "compute with the Value itself")
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if RECORDERS:
            refuse_while_recording("writing .data", "make a new Value")
        self._data = data if data.__class__ is float else as_float(data, ".data")

    @property
    def grad(self) -> Any:
        """The gradient: a float, or a Value after `backward(create_graph=True)`."""
        if RECORDERS:
            refuse_while_recording("reading .grad", "use gradients(y, x, create_graph=True)")
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = grad if grad.__class__ is float else as_float(grad, ".grad")

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that are Values, in the order written; `x * x` has x twice."""
        return tuple([each for each in self.operands if isinstance(each, Value)])

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """All operands in the order written, plain numbers as floats; () for a leaf."""
        if self._rule is None:
            return ()
        if self._a.__class__ is tuple:
            return self._a
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def op(self) -> str:
        """The label of the operation, `"*"` or `"tanh"`; `""` for a leaf."""
        return self._rule.label if self._rule is not None else ""

    def _step(self) -> None:
        """One local step of the chain rule, from this node to its operands."""
        if self._rule is not None:
            chain_rule(self)

    # What code written for micrograd's lectures calls them, `_prev` being a set there, and what it
    # would hang on a node.
    _prev = property(
        lambda self: dict.fromkeys(self.parents).keys(),
        foreign.refuse(),
        doc="The operands that are Values, each once, as a set that keeps their order.",
    )
    _op = property(
        foreign.micrograds_op,
        foreign.refuse("the op of a node is its rule's: write v.label = 'name' to name the node"),
        doc="The label of the operation as micrograd has it: `op`, but ReLU and **2.",
    )
    _backward = property(
        lambda self: self._step,
        foreign.refuse(),
        doc="One local step of the chain rule, from this node to its operands: `v._backward()`.",
    )
    velocity, momentum = foreign.Elsewhere(), foreign.Elsewhere()

    def item(self) -> float:
        """The number, as `data`."""
        return self.data

    def detach(self) -> Value:
        """A new leaf with the same number, cut off from the graph."""
        leaf = Value(self._data)
        if RECORDERS and (recorder := _context().recorder) is not None:
            recorder.detach(leaf, self)
        return leaf

    def zero_grad(self) -> None:
        """Sets the gradient of this node, and of all that it was computed from, to 0.0."""
        with graph.LOCK:
            inner, leaves = graph.topological_order(self)
            write("_grad", inner + leaves, [0.0] * (len(inner) + len(leaves)))

    def backward(self, gradient: Any = 1.0, create_graph: bool = False) -> None:
        """Computes the derivative of this node with respect to every node it was computed from.

        The chain rule in reverse topological order: `x.grad += dz/dx * z.grad` for each operand x
        of each node z.  As in PyTorch the gradients of leaves add up over calls, until
        `zero_grad`; a node in between holds the gradient of the latest call.  An interrupted call
        leaves the gradients of the leaves as they were.

        Args:
            gradient: What this node's own gradient starts from; 1.0 for dz/dz.
            create_graph: Whether to compute with Values, so that every `.grad` is a Value whose
                own derivatives can be taken.

        >>> a = Value(3.0)
        >>> b = a * a
        >>> b.backward()
        >>> b.backward()
        >>> a.grad, b.grad
        (12.0, 1.0)
        """
        if create_graph:
            return self._backward_with_graph(gradient)
        start = as_float(gradient, "backward(gradient)")
        if RECORDERS:
            refuse_while_recording("backward()", "use gradients(y, x, create_graph=True)")
        with graph.LOCK:
            self._accumulate(start)

    def _accumulate(self, start: float) -> None:
        """`backward` from the gradient `start`, all or nothing as far as the leaves go."""
        inner, leaves = graph.topological_order(self)
        if VARIABLES and not VARIABLES.isdisjoint(map(id, [*inner, *leaves])):
            raise RuntimeError(
                "backward() inside a function that is being differentiated would fill .grad with "
                "plain numbers, and the outer derivative would be lost: use gradients(y, x), "
                "grad, or backward(create_graph=True)"
            )
        before = [leaf._grad for leaf in leaves]
        try:
            for node in inner:
                node._grad = 0.0
            for leaf in leaves:
                leaf._grad = 0.0
            self._grad = start
            if _context().anomaly:
                _propagate_checked(reversed(inner))
            else:
                propagate(reversed(inner))
            # Added up apart, then at once: two calls give exactly twice the gradient of one.
            after = [_number(old) + leaf._grad for old, leaf in zip(before, leaves)]
            for leaf, total in zip(leaves, after):
                leaf._grad = total
        except BaseException:  # Ctrl-C too
            for leaf, old in zip(leaves, before):
                leaf._grad = old
            raise

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self._data!r}, grad={self._grad!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    # Comparisons compare numbers, as with PyTorch's tensors; a Value is hashed by identity.
    __eq__ = _comparison("==", operator.eq, foreign.refuse_membership)
    __ne__ = _comparison("!=", operator.ne)
    __lt__ = _comparison("<", operator.lt)
    __le__ = _comparison("<=", operator.le, foreign.refuse_pick)
    __gt__ = _comparison(">", operator.gt)
    __ge__ = _comparison(">=", operator.ge, foreign.refuse_pick)
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        outcome = self._data != 0.0
        return bool(_condition("!=", self, 0.0, outcome)) if RECORDERS else outcome

    def __float__(self) -> float:
        raise TypeError(_DROPS_GRADIENT)

    __int__ = __complex__ = __trunc__ = __floor__ = __ceil__ = __float__

    def __round__(self, digits: int | None = None) -> float:
        raise TypeError(_DROPS_GRADIENT)

    def __floordiv__(self, other: Any) -> Value:
        raise TypeError(
            "x // y and divmod(x, y) are no operations on Values, as a step has no gradient: write "
            "(x - x % y) / y, or x.data // y for the number"
        )

    __rfloordiv__ = __divmod__ = __rdivmod__ = __floordiv__

    def __pos__(self) -> Value:
        return self

    conjugate = __pos__  # asked for by NumPy's var, std, norm and vdot

    def as_integer_ratio(self) -> tuple[int, int]:
        """Refused: what Python's `statistics` and `fractions` ask a number for."""
        raise TypeError(
            "a Value is no fraction, and turning it into one would drop its gradient: write "
            "autodiff.mean(xs) for statistics.mean(xs), and v.data for the number"
        )

    @property
    def dtype(self) -> Any:
        """Refused: where NumPy asks for it, it takes the Value for a number of its own."""
        raise AttributeError(
            "a Value has no dtype, since it is no number of NumPy's: docs/numpy.md says for every "
            "function of NumPy what to write instead"
        )

    if TYPE_CHECKING:
        # Made from the rules in `operations`; written by `python -m autodiff table --write`
        def identity(self) -> Value: ...
        def add(self, y: Value | float) -> Value: ...
        def sub(self, y: Value | float) -> Value: ...
        def mul(self, y: Value | float) -> Value: ...
        def div(self, y: Value | float) -> Value: ...
        def neg(self) -> Value: ...
        def pow(self, y: Value | float) -> Value: ...
        def mod(self, y: Value | float) -> Value: ...
        def abs(self) -> Value: ...
        def exp(self) -> Value: ...
        def expm1(self) -> Value: ...
        def log(self) -> Value: ...
        def log1p(self) -> Value: ...
        def log2(self) -> Value: ...
        def log10(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def asin(self) -> Value: ...
        def acos(self) -> Value: ...
        def atan(self) -> Value: ...
        def atan2(self, x: Value | float) -> Value: ...
        def sinh(self) -> Value: ...
        def cosh(self) -> Value: ...
        def tanh(self) -> Value: ...
        def asinh(self) -> Value: ...
        def acosh(self) -> Value: ...
        def atanh(self) -> Value: ...
        def erf(self) -> Value: ...
        def erfc(self) -> Value: ...
        def hypot(self, y: Value | float) -> Value: ...
        def sigmoid(self) -> Value: ...
        def logsigmoid(self) -> Value: ...
        def softplus(self) -> Value: ...
        def relu(self) -> Value: ...
        def leaky_relu(self, negative_slope: Value | float = ...) -> Value: ...
        def elu(self, alpha: Value | float = ...) -> Value: ...
        def gelu(self) -> Value: ...
        def silu(self) -> Value: ...
        def maximum(self, y: Value | float) -> Value: ...
        def minimum(self, y: Value | float) -> Value: ...
        def clip(self, low: Value | float = ..., high: Value | float = ...) -> Value: ...
        def logaddexp(self, y: Value | float) -> Value: ...
        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __mod__(self, other: Any) -> Value: ...
        def __rmod__(self, other: Any) -> Value: ...
        def __pow__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...

        # end of what was written


def _condition(symbol: str, x: Value, y: Any, outcome: bool) -> Any:
    """What a comparison gives while tapes are recorded: to those who record one, a Condition."""
    recorder = _context().recorder
    return outcome if recorder is None else recorder.compare(symbol, x, y, outcome)


def _number(x: Any) -> float:
    return x if x.__class__ is float else x._data


def write(slot: str, nodes: Iterable[Value], contents: Iterable[Any]) -> None:
    """Writes one slot of many nodes, all or none as far as Ctrl-C can tell.

    Python looks for signals between the instructions of its own code, and here there are none from
    the first node to the last: `deque` draws from `map`, which calls the slot's own `__set__`, all
    of it in C.

    Args:
        slot: "_data" or "_grad".
        nodes: A list.
        contents: A list of the floats, or Values, to write.
    """
    deque(map(vars(Value)[slot].__set__, nodes, contents), maxlen=0)


def operand_numbers(node: Value) -> tuple[float, ...]:
    """The floats that the forward pass used for a node's operands."""
    if node._x.__class__ is tuple:
        return node._x
    return (node._x,) if node._b is None else (node._x, node._y)


def chain_rule(node: Value) -> None:
    """Passes a node's gradient on to its operands: gradient times local derivative.

    Called for each node, results before operands, this is all of reverse mode.
    """
    partials = node._rule.local_partials(node._z, operand_numbers(node))
    for operand, d in zip(node.operands, partials):
        if isinstance(operand, Value):
            operand._grad += node._grad * d


def propagate(nodes: Iterable[Value]) -> None:
    """`chain_rule` for each node, the same to the bit and 1.6 times as fast on a network.

    On a chain of + and * it is 4 times as fast: no tuples, and no question whether a number is
    finite but where Python raises.
    """
    for node in nodes:
        rule, gradient = node._rule, node._grad
        a, b = node._a, node._b
        if b is not None:
            try:
                dx, dy = rule.partials(node._z, node._x, node._y)
            except RAISES:
                dx, dy = rule.local_partials(node._z, (node._x, node._y))
            if a.__class__ is not float:
                a._grad += gradient * dx
            if b.__class__ is not float:
                b._grad += gradient * dy
        elif a.__class__ is tuple:
            for operand, d in zip(a, rule.local_partials(node._z, node._x)):
                if operand.__class__ is not float:
                    operand._grad += gradient * d
        else:
            try:
                (dx,) = rule.partials(node._z, node._x)
            except RAISES:
                (dx,) = rule.local_partials(node._z, (node._x,))
            a._grad += gradient * dx


def _propagate_checked(nodes: Iterable[Value]) -> None:
    """`propagate` under `detect_anomaly`: raises at the first gradient that is inf or nan."""
    for node in nodes:
        chain_rule(node)
        for operand in node.parents:
            if not abs(operand._grad) < float("inf"):
                raise FloatingPointError(
                    f"backward through {describe(node)} gave the gradient {operand._grad} "
                    f"from the incoming gradient {node._grad}{located(node)}"
                )
