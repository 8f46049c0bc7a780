"""Random functions with control flow: what a tape must follow, or refuse.

A function is a block of statements.  Like the programs of `tests.programs` it has a list of numbers
that grows: first the inputs, then parameters, then Values that nobody told the tape of, then the
result of each statement.  An operand is the place of an earlier number, or a float for a constant.
Blocks inside statements see the numbers before them and give one number, their last.

The same function runs on Values, where eager mode answers, and in a tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

import autodiff
from autodiff import Value, no_grad
from autodiff.derive import gradients
from autodiff.rule import RULES
from tests.autodiff.references import free
from tests.helpers import COMPARE
from tests.programs import Pick, Step, on_values

Operand = int | float


def _get(numbers: Sequence[Any], operand: Operand) -> Any:
    return numbers[operand] if isinstance(operand, int) else operand


def _step(step: Step, numbers: Sequence[Any]) -> Any:
    return on_values(step.rule, [_get(numbers, each) for each in step.operands])


@dataclass(frozen=True)
class Compare:
    """A comparison; with `bare` the truth of the left number alone."""

    symbol: str
    left: Operand
    right: Operand
    bare: bool = False

    def of(self, numbers: Sequence[Any]) -> Any:
        """What it gives: a bool, or while a tape records a condition."""
        left = _get(numbers, self.left)
        return left if self.bare else COMPARE[self.symbol](left, _get(numbers, self.right))


@dataclass(frozen=True)
class Block:
    """Statements, one after the other; the block gives its last number."""

    statements: tuple[Any, ...]

    def run(self, numbers: Sequence[Any]) -> Any:
        """The last number."""
        mine = list(numbers)
        for statement in self.statements:
            if isinstance(statement, Leave):
                if statement.compare.of(mine):
                    return mine[statement.place]
                continue
            mine.append(
                _step(statement, mine) if isinstance(statement, Step) else statement.run(mine)
            )
        return mine[-1]


@dataclass(frozen=True)
class Leave:
    """An early return of an earlier number."""

    compare: Compare
    place: int


@dataclass(frozen=True)
class Branch:
    """An `if` with both its blocks; two comparisons are joined by `and`, `or` or `&`."""

    compares: tuple[Compare, ...]
    join: str
    then: Block
    other: Block

    def run(self, numbers: Sequence[Any]) -> Any:
        """The number of the block that is taken."""
        first = self.compares[0].of(numbers)
        if len(self.compares) == 1:
            met = first
        elif self.join == "and":
            met = first and self.compares[1].of(numbers)
        elif self.join == "or":
            met = first or self.compares[1].of(numbers)
        else:
            met = bool(first) & bool(self.compares[1].of(numbers))
        return (self.then if met else self.other).run(numbers)


@dataclass(frozen=True)
class Loop:
    """`while` a comparison holds, at most so often, a block on a number that it replaces."""

    symbol: str
    bound: Operand
    start: int
    body: Block
    most: int

    def run(self, numbers: Sequence[Any]) -> Any:
        """The number after the last round."""
        x = numbers[self.start]
        for _ in range(self.most):
            if not COMPARE[self.symbol](x, _get(numbers, self.bound)):
                break
            x = self.body.run([*numbers, x])
        return x


@dataclass(frozen=True)
class Choose:
    """`where` on a comparison, so both sides are recorded."""

    compare: Compare
    yes: Operand
    no: Operand

    def run(self, numbers: Sequence[Any]) -> Any:
        """What is chosen; always a Value, as only a tape that records has one for two numbers."""
        yes, no = _get(numbers, self.yes), _get(numbers, self.no)
        chosen = autodiff.where(self.compare.of(numbers), yes, no)
        return chosen if isinstance(yes, Value) or isinstance(no, Value) else Value(1.0) * chosen


@dataclass(frozen=True)
class Mask:
    """A number times the outcome of a comparison, which Python takes for 1 or 0."""

    compare: Compare
    place: int

    def run(self, numbers: Sequence[Any]) -> Any:
        """The number or 0."""
        outcome = self.compare.of(numbers)
        return numbers[self.place] * outcome


@dataclass(frozen=True)
class Largest:
    """Python's own max of several numbers, or the one in the middle after sorting."""

    places: tuple[int, ...]
    middle: bool

    def run(self, numbers: Sequence[Any]) -> Any:
        """One of the numbers."""
        mine = [numbers[each] for each in self.places]
        return sorted(mine)[len(mine) // 2] if self.middle else max(mine)


@dataclass(frozen=True)
class Cut:
    """A number without its history: `detach`, or one step under `no_grad`."""

    how: str
    step: Step

    def run(self, numbers: Sequence[Any]) -> Any:
        """A leaf."""
        if self.how == "no_grad":
            with no_grad():
                return _step(self.step, numbers)
        x = _step(self.step, numbers)
        return x.detach() if isinstance(x, Value) else x


@dataclass(frozen=True)
class Slope:
    """The derivative of one step by one of its operands, recorded: a derivative of a derivative."""

    step: Step

    def run(self, numbers: Sequence[Any]) -> Any:
        """A Value, or 0.0 if the operands are plain numbers."""
        z = _step(self.step, numbers)
        xs = [numbers[each] for each in self.step.operands if isinstance(each, int)]
        xs = [x for x in xs if isinstance(x, Value)]
        if not isinstance(z, Value) or not xs:
            return 0.0
        return gradients(z, xs[0], create_graph=True) * 1.0


@dataclass(frozen=True)
class Function:
    """A function of `n_inputs` numbers, one at least, of `parameters` and other Values outside."""

    n_inputs: int
    parameters: tuple[float, ...]
    outside: tuple[float, ...]
    body: Block

    def run(self, xs: Sequence[Any], parameters: Sequence[Any], outside: Sequence[Any]) -> Any:
        """A Value: what the body gives, and the first input twice, so that there is a gradient."""
        return self.body.run([*xs, *parameters, *outside]) + xs[0] * 2.0


# --- what makes functions -----------------------------------------------------------------

_CUTS = ("detach", "no_grad")


class Maker:
    """Makes blocks as `pick` chooses.

    Args:
        pick: Chooses one of n.
        names: The rules to choose from.
        constants: The constants to choose from.
        kinds: The statements to choose from besides steps; the more often named the likelier.
        fold: How large operands are made small: "box", into the sample box of their rule, or
            "whole", by a remainder, which is exact for whole numbers.
    """

    def __init__(
        self, pick: Pick, names: Sequence[str], constants: Sequence[float],
        kinds: Sequence[str], fold: str,
    ) -> None:  # fmt: skip
        self.pick, self.names, self.constants = pick, list(names), list(constants)
        self.kinds, self.fold = list(kinds), fold

    def one(self, things: Sequence[Any]) -> Any:
        """One of some things."""
        return things[self.pick(len(things))]

    def block(self, n: int, depth: int, longest: int) -> Block:
        """A block after n numbers."""
        statements: list[Any] = []
        for _ in range(1 + self.pick(longest)):
            n += self.statement(statements, n, depth)
        return Block(tuple(statements))

    def statement(self, into: list[Any], n: int, depth: int) -> int:
        """Appends one statement, and what folds its operands; how many numbers they add."""
        kind = self.one(["step", "step", *self.kinds]) if depth else "step"
        before = len(into)
        if kind in ("step", "slope", "cut"):
            step = self.step(into, n)
            if kind == "cut":
                into.append(Cut(self.one(_CUTS), step))
            else:
                into.append(step if kind == "step" else Slope(step))
        elif kind == "branch":
            compares = tuple(self.compare(n) for _ in range(1 + self.pick(2)))
            then, other = self.block(n, depth - 1, 3), self.block(n, depth - 1, 3)
            into.append(Branch(compares, self.one(("and", "or", "&")), then, other))
        elif kind == "loop":
            symbol, bound = self.one(list(COMPARE)), self.operand(n)
            body = self.block(n + 1, depth - 1, 2)
            into.append(Loop(symbol, bound, self.pick(n), body, 1 + self.pick(4)))
        elif kind == "choose":
            into.append(Choose(self.compare(n), self.operand(n), self.operand(n)))
        elif kind == "mask":
            into.append(Mask(self.compare(n), self.pick(n)))
        elif kind == "largest":
            into.append(
                Largest(tuple(self.pick(n) for _ in range(2 + self.pick(2))), self.pick(2) == 0)
            )
        else:
            into.append(Leave(self.compare(n), self.pick(n)))
        return sum(not isinstance(each, Leave) for each in into[before:])

    def operand(self, n: int) -> Operand:
        """A place, or a constant."""
        return self.one(self.constants) if self.pick(5) == 0 else self.pick(n)

    def compare(self, n: int) -> Compare:
        """A comparison of a number."""
        return Compare(self.one(list(COMPARE)), self.pick(n), self.operand(n), self.pick(8) == 0)

    def step(self, into: list[Any], n: int) -> Step:
        """A rule on earlier numbers; what folds them is appended."""
        rule = RULES[self.one(self.names)]
        boxes = list(rule.sample)
        if rule.variadic:
            width = (1 + self.pick(5)) * (2 if rule.name == "dot" else 1)
            boxes = [rule.sample[0]] * width
        operands: list[Operand] = []
        for i, (low, high) in enumerate(boxes):
            if not rule.variadic and i not in free(rule):
                operands.append(self.one((float(low), float(high), 0.5 * (low + high))))
                continue
            operand = self.operand(n)
            if isinstance(operand, int) and self.pick(3):
                folded = self.folded(operand, n, low, high)
                into += folded
                n += len(folded)
                operand = n - 1
            operands.append(operand)
        if all(isinstance(each, float) for each in operands):
            operands[0] = self.pick(n)
        return Step(rule.name, tuple(operands))

    def folded(self, place: int, n: int, low: float, high: float) -> list[Step]:
        """The steps that make a number small, the first of which is number n."""
        if self.fold == "whole":
            return [Step("mod", (place, 8.0))]
        middle, half = 0.5 * (low + high), 0.49 * (high - low)
        return [Step("sin", (place,)), Step("mul", (n, half)), Step("add", (n + 1, middle))]


FOLLOWED = ("branch", "branch", "loop", "choose", "choose", "largest", "leave", "mask")
ALL = (*FOLLOWED, "cut", "slope")
CONSTANTS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -1.5, 0.3, 3.0)


def build(
    pick: Pick,
    names: Sequence[str] = (),
    constants: Sequence[float] = CONSTANTS,
    kinds: Sequence[str] = ALL,
    fold: str = "box",
    longest: int = 8,
) -> Function:
    """A function as `pick` chooses."""
    maker = Maker(pick, names or list(RULES), constants, kinds, fold)
    n_inputs, n_parameters, n_outside = 1 + pick(3), pick(4), pick(3)
    body = maker.block(n_inputs + n_parameters + n_outside, 2, longest)
    parameters = tuple(_number(pick, fold) for _ in range(n_parameters))
    outside = tuple(_number(pick, fold) for _ in range(n_outside))
    return Function(n_inputs, parameters, outside, body)


def _number(pick: Pick, fold: str) -> float:
    return float(pick(9) - 4) if fold == "whole" else (pick(33) - 16) / 8.0


@st.composite
def functions(draw: Callable[..., Any], **options: Any) -> Function:
    """Functions as `build` makes them, chosen by hypothesis."""
    return build(lambda n: draw(st.integers(0, n - 1)), **options)


# --- what eager mode answers --------------------------------------------------------------


class Eager:
    """A function on a batch in eager mode, one graph for all examples.

    Attributes:
        results: One per example.
        parameters: The gradient of their reduced sum by the parameters.
        inputs: For each example the gradient of its own result by its inputs.
        root: The reduced result.
    """

    def __init__(
        self, function: Function, rows: Sequence[Sequence[float]],
        seeds: Sequence[float] | None = None, theta: Sequence[float] = (),
    ) -> None:  # fmt: skip
        theta = theta or function.parameters
        self.leaves = [Value(x) for x in theta]
        outside = [Value(x) for x in function.outside]
        self.xs = [[Value(x) for x in row] for row in rows]
        self.outputs = [function.run(xs, self.leaves, outside) for xs in self.xs]
        self.results = [y.data for y in self.outputs]
        self.inputs = []
        for xs, y in zip(self.xs, self.outputs, strict=True):
            y.backward()
            self.inputs.append([x.grad for x in xs])
            for x in xs:
                x.grad = 0.0
        for leaf in self.leaves:
            leaf.grad = 0.0
        if len(rows) == 1 and seeds is None:
            self.root = self.outputs[0]
        elif seeds is None:
            self.root = autodiff.mean(self.outputs)
        else:
            self.root = autodiff.dot(self.outputs, list(seeds))
        self.root.backward()
        self.parameters = [leaf.grad for leaf in self.leaves]


def same(a: Any, b: Any) -> bool:
    """Whether two numbers, or nested lists of numbers, are the same to the last bit; nan is nan."""
    return repr(_plain(a)) == repr(_plain(b))


def _plain(x: Any) -> Any:
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [_plain(each) for each in x]
    return float(x)
