"""Operations on Values, made from the table of rules.

Holds: one maker for each number of operands; what they make becomes Value's operators and methods
and the functions of `autodiff` (`autodiff.exp(v)`, `autodiff.exp(2.0)`), also for rules that a
user registers later; and the compositions `softmax` and `log_softmax`.

May import: ieee, rule, rules, context, value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autodiff import rules
from autodiff.context import CONTEXT, RECORDERS
from autodiff.ieee import FUNCTIONS as IEEE_FUNCTIONS
from autodiff.ieee import RAISES
from autodiff.rule import RESERVED, RULES, Rule, follow
from autodiff.value import Value, as_float, as_operand

_new = object.__new__
_context = CONTEXT.get

# The rules that are operators of Python, and the one that Python names otherwise.
_OPERATORS = ("add", "sub", "mul", "div", "mod", "neg", "abs")
_DUNDERS = {"div": "truediv"}
# Methods that Value has by NumPy's names too: `np.arcsin` of an array calls each element's.
NUMPY_NAMES = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan",
    "arctan2": "atan2", "arctanh": "atanh", "fabs": "abs",
}  # fmt: skip

# name -> the function of that name, for Values and numbers; `autodiff.NAME` looks here.
FUNCTIONS: dict[str, Callable[..., Any]] = {}
# The namespace in which a rule's partials compute with Values (see `rule.bind`): the functions
# by the names that rules know them under.  There `where` picks a branch and records nothing.
VALUES: dict[str, Callable[..., Any]] = {}


def _node(rule: Rule, z: float, a: Any, b: Any, x: Any, y: Any) -> Value:
    context = _context()
    node = _new(Value)
    if z.__class__ is not float:  # a user's rule may return a whole number
        z = float(z)
    node._data = node._z = z
    node._grad = 0.0
    node._rule = rule
    node._a, node._b, node._x, node._y = a, b, x, y
    node._mark = None
    node.label, node.scope = "", context.scope
    return context.finish(node) if context.special else node


def _unary(rule: Rule) -> Callable[..., Any]:
    """The method `v.exp()`."""
    value = rule.value

    def method(self: Value) -> Value:
        x = self._data
        try:
            z = value(x)
        except RAISES:
            z = rule.apply((x,))
        return _node(rule, z, self, None, x, None)

    return method


def _binary(rule: Rule) -> Callable[..., Any]:
    """The operator `v * other`, or the method `v.maximum(other)`."""
    value = rule.value

    def method(self: Value, other: Any) -> Any:
        kind = other.__class__
        if kind is Value:
            y = other._data
        elif kind is float:
            y = other
        else:
            other = as_operand(other)
            if other is NotImplemented:
                return NotImplemented
            y = other if other.__class__ is float else other._data
        x = self._data
        try:
            z = value(x, y)
        except RAISES:
            z = rule.apply((x, y))
        return _node(rule, z, self, other, x, y)

    return method


def _reflected(rule: Rule) -> Callable[..., Any]:
    """The operator `other * v`, where other is a number."""

    def method(self: Value, other: Any) -> Any:
        first = as_operand(other)
        return NotImplemented if first is NotImplemented else record(rule, (first, self))

    return method


def record(rule: Rule, operands: tuple[Any, ...]) -> Value:
    """The node of an operation on any number of operands that are Values or floats."""
    xs = tuple([each if each.__class__ is float else each._data for each in operands])
    try:
        z = rule.value(xs) if rule.variadic else rule.value(*xs)
    except RAISES:
        z = rule.apply(xs)
    if rule.arity == 1:
        return _node(rule, z, operands[0], None, xs[0], None)
    if rule.arity == 2:
        return _node(rule, z, *operands, *xs)
    return _node(rule, z, operands, None, xs, None)


# --- the table becomes methods, operators and functions -----------------------------------


def _operands(name: str, given: Iterable[Any]) -> tuple[Any, ...]:
    """`given` checked: Values and floats."""
    if not isinstance(given, Iterable):
        raise TypeError(f"{name} takes lists of numbers and Values, not a {type(given).__name__}")
    operands = []
    for each in given:
        if each.__class__ is not Value and each.__class__ is not float:
            operand = as_operand(each)
            if operand is NotImplemented and getattr(each, "shape", None):
                raise TypeError(
                    f"{name} takes numbers and Values, not the rows of an array: write "
                    f"{name}(array.ravel()), or call it once for each row"
                )
            each = operand if operand is not NotImplemented else as_float(each, name)
        operands.append(each)
    return tuple(operands)


def _apply(rule: Rule, operands: tuple[Any, ...]) -> Any:
    """A Value if any operand is one, else a float: functions work on plain numbers too."""
    if rule.name == "pow" and operands[1].__class__ is float:
        rule = RULES["pow_const"]  # then x may be negative
    for each in operands:
        if each.__class__ is not float:
            return record(rule, operands)
    return rule.apply(operands)


def _function(rule: Rule) -> Callable[..., Any]:
    """The function `autodiff.maximum(x, y)`, which is the method `v.maximum(y)` too."""

    def function(*given: Any, **named: Any) -> Any:
        if named or len(given) != rule.arity:
            bound = rule.signature.bind(*given, **named)
            bound.apply_defaults()
            given = bound.args
        if any(getattr(each, "shape", ()) for each in given):
            return Value._elementwise(function, given)
        return _apply(rule, _operands(rule.name, given))

    return function


def _variadic(rule: Rule) -> Callable[..., Any]:
    """The function `autodiff.sum(xs)` of a list."""
    return lambda xs: _apply(rule, _listed(rule.name, xs))


def _listed(name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    """The operands of the function `name` of one list, or an error."""
    if isinstance(xs, Value) or not isinstance(xs, Iterable):
        raise TypeError(
            f"{name} takes one list of numbers and Values, not a {type(xs).__name__}: "
            f"write {name}([x, y])"
        )
    operands = _operands(name, xs)
    if not operands:
        raise ValueError(f"{name} of an empty list: give at least one number or Value")
    return operands


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """Sum of products `x1*y1 + x2*y2 + ...`, one node, added from the left.

    Args:
        xs: Numbers and Values.
        ys: As many.

    Raises:
        ValueError: If the lengths differ or are 0.

    >>> from autodiff import Value, dot
    >>> w = [Value(2.0), Value(-1.0)]
    >>> dot(w, [3.0, 4.0])
    Value(data=2.0, grad=0.0)
    """
    rule = RULES["dot"]
    first, second = _operands("dot", xs), _operands("dot", ys)
    if len(first) != len(second):
        raise ValueError(
            f"dot takes two lists of one length, got {len(first)} and {len(second)} numbers"
        )
    if not first:
        raise ValueError("dot of two empty lists: give at least one pair of numbers")
    return _apply(rule, first + second)


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(x_i) / sum of exp(x_j) for each i: positive, adding up to 1, without overflow.

    Args:
        xs: Numbers and Values, at least one.

    >>> from autodiff import Value, softmax
    >>> softmax([Value(0.0), Value(0.0)])
    [Value(data=0.5, grad=0.0), Value(data=0.5, grad=0.0)]
    """
    return [FUNCTIONS["exp"](x) for x in _log_softmax("softmax", xs)]


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """The logarithms of `softmax`, x_i - logsumexp(x), without overflow.

    >>> from autodiff import log_softmax
    >>> log_softmax([1000.0, 0.0])
    [0.0, -1000.0]
    """
    return _log_softmax("log_softmax", xs)


def _log_softmax(name: str, xs: Iterable[Any]) -> list[Any]:
    operands = _listed(name, xs)
    total = _apply(RULES["logsumexp"], operands)
    return [x - total for x in operands]


FUNCTIONS.update(dot=dot, softmax=softmax, log_softmax=log_softmax)
VALUES["dot"] = dot
# What a rule may not be called, because Value uses the name otherwise.
RESERVED.update(name for name in dir(Value) if not name.startswith("__"))
RESERVED.update(("softmax", "log_softmax", *NUMPY_NAMES))


def _named(function: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    """`function` with the name, text and signature that `help()` shows."""
    function.__name__ = function.__qualname__ = rule.name
    derivatives = ", ".join(
        f"dz/d{name} = {text}" for name, text in zip(rule.operands, rule.derivatives)
    )
    function.__doc__ = f"{rule.doc}\n\nz = {rule.formula};  {derivatives}."
    function.__signature__ = rule.signature  # type: ignore[attr-defined]
    return function


def _attach(rule: Rule) -> None:
    """Gives `autodiff` the function, and Value the method and the operator, of a rule."""
    name = rule.name
    if name == "dot":  # takes two lists: the function above
        return
    if name != "pow_const":  # the function `pow` finds it
        function = _named(_variadic(rule) if rule.variadic else _function(rule), rule)
        if name == "where":
            function = _named(_choice(function), rule)
        FUNCTIONS[name] = VALUES[rule.value.__name__] = function
    if name not in ("where", "pow_const") and not rule.variadic:
        setattr(Value, name, _named(_unary(rule), rule) if rule.arity == 1 else function)
    for alias in (alias for alias, ours in NUMPY_NAMES.items() if ours == name):
        setattr(Value, alias, getattr(Value, name))
    if name in _OPERATORS:
        dunder = f"{_DUNDERS.get(name, name)}__"
        setattr(Value, "__" + dunder, getattr(Value, name) if rule.arity == 1 else _binary(rule))
        if rule.arity == 2:
            setattr(Value, "__r" + dunder, _reflected(rule))
    if name in _SPECIAL:
        _SPECIAL[name]()
    VALUES.update(where=rules.where, floor=_floor)


def _set(name: str, method: Callable[..., Any]) -> None:
    """Value's method `name`, which the class declares for type checkers alone."""
    setattr(Value, name, method)


def _attach_add() -> None:
    reflected = _reflected(RULES["add"])

    def right_add(self: Value, other: Any) -> Any:
        if other.__class__ is int and other == 0:
            return self  # Python's sum starts from the integer 0: no phantom node for it
        return reflected(self, other)

    _set("__radd__", right_add)


def _attach_pow() -> None:
    power, with_constant = _binary(RULES["pow"]), _binary(RULES["pow_const"])

    def chosen(self: Value, other: Any) -> Any:
        return (power if isinstance(other, Value) else with_constant)(self, other)

    _set("__pow__", chosen)
    _set("__rpow__", _reflected(RULES["pow"]))


def _choice(function: Callable[..., Any]) -> Callable[..., Any]:
    """`where`; a tape that records is told by what it chose."""

    def where(*given: Any, **named: Any) -> Any:
        if RECORDERS and (recorder := _context().recorder) is not None:
            return recorder.where(function, *given, **named)
        return function(*given, **named)

    return where


def _floor(x: Any) -> Any:
    """A constant between its jumps: no gradient, so a number."""
    z = float(IEEE_FUNCTIONS["floor"](x._data if isinstance(x, Value) else x))
    if RECORDERS and isinstance(x, Value) and (recorder := _context().recorder) is not None:
        return recorder.floor(z, x)
    return z


# Two operators need a look at what they are given.
_SPECIAL = {"add": _attach_add, "pow": _attach_pow, "pow_const": _attach_pow}
follow(_attach)
