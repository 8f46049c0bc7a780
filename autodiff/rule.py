"""What a derivative rule is, and the register that holds them all.

Holds: `Rule`, the decorator `rule` that makes and registers one, `RULES`, and `bind`, which lets
one source serve floats, IEEE doubles, Values, arrays and compiled code.

May import: ieee.  Never holds a rule itself: those stand in `rules`.
"""

import inspect
import keyword
import math
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, SimpleNamespace
from typing import Any

from autodiff import ieee

Function = Callable[..., Any]
Box = tuple[float, float]

# Every rule by name, in the order of registration: the one place that all features read.
RULES: dict[str, "Rule"] = {}
# Called with each rule as it is registered: see `follow`.
_LISTENERS: list[Callable[["Rule"], None]] = []
# Names that mean something else already; `operations` and `autodiff` add theirs.
RESERVED: set[str] = set()
# The namespace of the slow path: IEEE functions, and every registered value bound to them.
IEEE: dict[str, Function] = dict(ieee.FUNCTIONS)


def bind(function: Function, names: dict[str, Function]) -> Function:
    """`function` again, with its free names looked up in `names` first.

    A rule is written with free names: `exp`, `where`, `sigmoid`.  Where it was written they mean
    Python's float functions.  The same code object with another dictionary of globals computes
    with whatever functions that dictionary holds, say those of Values, which record a graph.
    A built-in function has no code to rebind and is itself looked up by its name.
    """
    if not isinstance(function, FunctionType):
        return names.get(function.__name__, function)
    scope = {
        **function.__globals__,
        **names,
        "math": SimpleNamespace(**{**vars(math), **names}),
    }
    bound = FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
    )
    bound.__kwdefaults__ = function.__kwdefaults__
    return bound


class Rule:
    """One operation: its value, its local derivatives, and what else is known about it.

    Attributes:
        name: The function's and the method's name, `"sigmoid"`.
        label: What a picture shows and `Value.op` holds, `"*"`; ASCII.
        arity: How many operands; 0 if any number, then `value` and `partials` take one sequence.
        operands: The operands' names, `("x", "y")`.
        value: `value(*operands)` on floats.
        partials: `partials(z, *operands)` on floats: the tuple of dz/d(operand), z the value.
        defaults: The values of trailing operands that may be left out.
        signature: The operands and defaults, as `inspect` has them.
        formula: The value as a Python expression of the operands.
        derivatives: One Python expression of z and the operands for each operand.
        sample: One box `(low, high)` per operand, inside the domain, for tests and plots.
        edges: Exact cases `(operands, value, partials)`: what was decided at kinks and limits.
        smooth: False if the operation has a kink or a jump.
        doc: What the operation is, in words.
    """

    def __init__(
        self,
        value: Function,
        partials: Function,
        formula: str,
        derivatives: tuple[str, ...],
        *,
        name: str,
        label: str,
        variadic: bool,
        sample: Sequence[Box],
        edges: Sequence[tuple[Any, ...]],
        smooth: bool,
    ) -> None:
        names = tuple(inspect.signature(partials).parameters)[1:]
        self.name, self.label, self.formula, self.derivatives = name, label, formula, derivatives
        self.value, self.partials = value, partials
        self.operands = names
        self.variadic = variadic
        self.arity = 0 if variadic else len(names)
        self.defaults: tuple[float, ...] = getattr(value, "__defaults__", None) or ()
        first = len(names) - len(self.defaults)
        self.signature = inspect.Signature(
            [
                inspect.Parameter(
                    each,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=self.defaults[i - first] if i >= first else inspect.Parameter.empty,
                )
                for i, each in enumerate(names)
            ]
        )
        self.sample = tuple(sample) or ((-2.0, 2.0),) * max(1, self.arity)
        self.edges, self.smooth = tuple(edges), smooth
        self.doc = inspect.getdoc(partials) or ""
        self._bound: dict[int, tuple[Function, Function]] = {}
        self._check()

    def __repr__(self) -> str:
        return f"Rule({self.name}: {self.formula})"

    def _check(self) -> None:
        """Refuses a rule whose parts do not fit together, before anything has been registered."""
        if len(self.derivatives) != len(self.operands) and not self.variadic:
            raise ValueError(
                f"rule {self.name!r} has {len(self.operands)} operands "
                f"({', '.join(self.operands)}) but {len(self.derivatives)} derivative formulas: "
                "give one per operand"
            )
        if len(self.sample) != self.arity and not self.variadic:
            raise ValueError(
                f"rule {self.name!r} has {self.arity} operands but a sample of "
                f"{len(self.sample)} boxes: give one (low, high) per operand"
            )
        middle = tuple((low + high) / 2 for low, high in self.sample)
        partials = self.local_partials(self.apply(middle), middle)
        if len(partials) != len(middle):
            raise ValueError(
                f"the partials of rule {self.name!r} returned {len(partials)} numbers for "
                f"{len(middle)} operands: return a tuple with one derivative per operand"
            )

    def bound(self, names: dict[str, Function]) -> tuple[Function, Function]:
        """`(value, partials)` bound to the namespace `names`, made once per namespace."""
        pair = self._bound.get(id(names))
        if pair is None:
            pair = bind(self.value, names), bind(self.partials, names)
            self._bound[id(names)] = pair
        return pair

    def apply(self, xs: Sequence[float]) -> float:
        """The value on a sequence of floats, IEEE where Python would raise."""
        try:
            return float(self.value(xs) if self.variadic else self.value(*xs))
        except ieee.RAISES:
            doubles = tuple(map(ieee.Double, xs))
            value = self.bound(IEEE)[0]
            return float(value(doubles) if self.variadic else value(*doubles))

    def local_partials(self, z: float, xs: Sequence[float]) -> tuple[float, ...]:
        """The local derivatives at a sequence of floats, IEEE where Python would raise."""
        try:
            partials = self.partials(z, xs) if self.variadic else self.partials(z, *xs)
        except ieee.RAISES:
            z, doubles = ieee.Double(z), tuple(map(ieee.Double, xs))
            function = self.bound(IEEE)[1]
            partials = function(z, doubles) if self.variadic else function(z, *doubles)
            partials = tuple(map(float, partials))
        if partials.__class__ is not tuple:
            raise TypeError(
                f"the partials of rule {self.name!r} returned {type(partials).__name__}, "
                "expected a tuple: write `return (derivative,)`"
            )
        return partials


def rule(
    value: Function,
    formula: str = "",
    *derivatives: str,
    name: str | None = None,
    label: str | None = None,
    variadic: bool = False,
    sample: Sequence[Box] = (),
    edges: Sequence[tuple[Any, ...]] = (),
    smooth: bool = True,
    replace: bool = False,
) -> Callable[[Function], Function]:
    """Decorates `partials(z, *operands)` and registers it, with `value`, as an operation.

    Args:
        value: The operation on floats, `value(*operands)`.
        formula: The value as a Python expression of the operands, for pictures and words.
        *derivatives: dz/d(operand) as Python expressions of z and the operands, one each.
        name: The operation's name; the value function's if left out.
        label: What pictures show; the name if left out.
        variadic: Whether `value` and `partials` take one sequence of any length.
        sample: One box `(low, high)` per operand inside the domain; (-2, 2) if left out.
        edges: Exact cases `(operands, value, partials)` for the tests.
        smooth: Whether every derivative exists everywhere in the domain.
        replace: Whether a registered rule of this name may be replaced.

    Raises:
        ValueError: If the name is taken or cannot be one, or partials, formulas and sample do
            not fit together.
    """
    title = name or value.__name__.rstrip("_")

    def register(partials: Function) -> Function:
        if not title.isidentifier() or keyword.iskeyword(title):
            raise ValueError(
                f"a rule needs a name that can be written as v.NAME(); {title!r} cannot: pass name="
            )
        if title in RESERVED:
            raise ValueError(f"the name {title!r} means something else here: choose another one")
        if title in RULES and not replace:
            raise ValueError(
                f"rule {title!r} is registered already: choose another name, or pass "
                "replace=True to redefine it"
            )
        formulas = derivatives or ("?",) * (len(inspect.signature(partials).parameters) - 1)
        made = Rule(
            value, partials, formula or f"{title}(...)", formulas, name=title,
            label=label or title, variadic=variadic, sample=sample, edges=edges, smooth=smooth,
        )  # fmt: skip
        for each in RULES.values():
            each._bound.clear()  # a function bound earlier does not know the new name
        RULES[title] = made
        IEEE[value.__name__] = made.bound(IEEE)[0]
        for listen in _LISTENERS:
            listen(made)
        return partials

    return register


def follow(listen: Callable[[Rule], None]) -> None:
    """Calls `listen` with every rule there is, and from now on with each as it is registered.

    So a user's rule reaches whatever is made from the table, each thing in its own room: operators
    and methods (`operations`), dual numbers (`sweeps`), sparsity patterns, and tapes.
    """
    for each in tuple(RULES.values()):
        listen(each)
    _LISTENERS.append(listen)


def smooth_rules() -> Iterator[Rule]:
    """The rules that have derivatives of every order throughout their domain."""
    return (each for each in RULES.values() if each.smooth)
