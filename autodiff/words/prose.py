"""The chain rule in a few words: `dL/da = 2(a - y) = 2; da/dz = 1; dz/dw = x = 2; ...`.

Holds: `Prose`.  The nodes with labels are the stations; what lies between two stations is worked
out in one formula.

May import: algebra, lines, trace.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from autodiff.words.algebra import product, shown, size, total
from autodiff.words.lines import Trace, piece
from autodiff.words.names import term
from autodiff.words.trace import partials

_LARGEST = 120
_MOST_TERMS = 8

Derivative = tuple[ast.expr | None, float]


class Prose:
    """Short explanations of the derivatives of a root.

    Args:
        trace: Both passes of the graph.
        asked: The nodes whose derivatives are asked for; stations too.
    """

    def __init__(self, trace: Trace, asked: Iterable[Any]) -> None:
        self._trace = trace
        self._root = trace.root
        self._stations = {id(node) for node in (trace.root, *asked)} | {
            id(node) for node in trace.nodes if node.label or not node.op
        }
        self._place = {id(node): place for place, node in enumerate(trace.nodes)}
        self._inlined: dict[int, ast.expr] = {}
        for node in trace.nodes:
            self._inlined[id(node)] = self._inline(node)
        # For each station its neighbours towards the leaves, and the derivatives.
        self._below = {
            id(node): self._reach(node) for node in trace.nodes
            if id(node) in self._stations and node.op
        }  # fmt: skip
        self._users: dict[int, list[int]] = {}
        for above, below in self._below.items():
            for each in below:
                self._users.setdefault(each, []).append(above)

    def _inline(self, node: Any) -> ast.expr:
        """A station's name; else its formula, unless that is so long that it needs a name."""
        trace = self._trace
        if id(node) not in self._stations:
            formula = trace.formula(node, self._operands(node), decided=True)
            if size(formula) <= _LARGEST:
                return formula
            self._stations.add(id(node))
        return piece(term(trace.names[id(node)]))

    def _operands(self, node: Any) -> list[ast.expr]:
        return [
            piece(self._trace.show(x)) if x.__class__ is float else self._inlined[id(x)]
            for x in node.operands
        ]

    def _reach(self, station: Any) -> dict[int, Derivative]:
        """d(station)/d(neighbour) for the stations next to it."""
        adjoint: dict[int, Derivative] = {id(station): (ast.Constant(1), 1.0)}
        found: dict[int, Derivative] = {}
        for node in self._between(station):
            formula, number = adjoint[id(node)]
            local = zip(node.operands, partials(node), strict=True)
            for position, (operand, partial) in enumerate(local):
                if operand.__class__ is float:
                    continue
                to = found if id(operand) in self._stations else adjoint
                step = self._step(node, position)
                old = to.get(id(operand), (ast.Constant(0), 0.0))
                to[id(operand)] = (_sum(old[0], formula, step), old[1] + number * partial)
        return found

    def _step(self, node: Any, position: int) -> ast.expr | None:
        """d(node)/d(operand), in stations and what lies between them; None if unknown."""
        formula = self._trace.derivative(node, position)
        if formula is None:
            return None
        operands, z = self._operands(node), self._inlined[id(node)]
        return self._trace.put_in(formula, node, operands, z)

    def _between(self, station: Any) -> list[Any]:
        """The station and the nodes below it down to the next stations, results first."""
        seen = {id(station)}
        stack, reached = [station], []
        while stack:
            node = stack.pop()
            reached.append(node)
            for operand in node.operands:
                if (
                    operand.__class__ is not float
                    and id(operand) not in self._stations
                    and id(operand) not in seen
                ):
                    seen.add(id(operand))
                    stack.append(operand)
        return sorted(reached, key=lambda node: -self._place[id(node)])

    # --- sentences ------------------------------------------------------------------------

    def sentence(self, leaf: Any) -> str:
        """How d(root)/d(leaf) comes about."""
        if leaf is self._root:
            return f"{self._ratio(id(leaf), id(leaf))} = 1"
        way = self._only_way(leaf)
        return self._along(way) if way is not None else self._across(id(leaf))

    def _along(self, way: list[int]) -> str:
        """One way: each derivative on it, then their product."""
        root, leaf = way[0], way[-1]
        pairs: list[Any] = list(pairwise(way))
        if len(pairs) == 1:
            return self._said(root, leaf)
        factors = _told(lambda pair: self._trace.show(self._below[pair[0]][pair[1]][1]), pairs)
        whole = f"{self._ratio(root, leaf)} = {' x '.join(factors)} = {self._gradient(leaf)}"
        return "; ".join(_told(lambda pair: self._said(*pair) if pair else whole, [*pairs, ()]))

    def _across(self, leaf: int) -> str:
        """Several ways: what comes from each result that uses the leaf, then their sum."""
        root, users = id(self._root), self._users.get(leaf, [])
        whole, gradient = self._ratio(root, leaf), self._gradient(leaf)
        if not users:
            return f"{whole} = {gradient}"
        terms = _told(
            lambda a: f"{self._gradient(a)} x {self._trace.show(self._below[a][leaf][1])}", users
        )
        said = [whole, " + ".join(terms), gradient]
        if len(users) <= 2:
            ratios = [f"{self._ratio(root, a)} x {self._ratio(a, leaf)}" for a in users]
            said.insert(1, " + ".join(ratios))
        return "; ".join([*_told(lambda a: self._said(a, leaf), users), " = ".join(said)])

    def _gradient(self, node: int) -> str:
        return self._trace.show(self._trace.grads.get(node, 0.0))

    def _said(self, above: int, below: int) -> str:
        formula, number = self._below[above][below]
        value = self._trace.show(number)
        said = f"{self._ratio(above, below)} = "
        text = shown(formula) if formula is not None else ""
        return f"{said}{value}" if text in ("", value) else f"{said}{text} = {value}"

    def _ratio(self, above: int, below: int) -> str:
        names = self._trace.names
        return f"d{term(names[above])}/d{term(names[below])}"

    def _only_way(self, leaf: Any) -> list[int] | None:
        """The stations from the root to the leaf, if there is only one way."""
        way = [id(leaf)]
        while way[-1] != id(self._root):
            users = self._users.get(way[-1], [])
            if len(users) != 1:
                return None
            way.append(users[0])
        return way[::-1]


def _sum(old: ast.expr | None, factor: ast.expr | None, step: ast.expr | None) -> ast.expr | None:
    """old + factor * step, as long as it can be said and is short."""
    if old is None or factor is None or step is None:
        return None
    made = total(product(factor, step), old)
    return made if size(made) <= _LARGEST else None


def _told(tell: Callable[[Any], str], things: Sequence[Any]) -> list[str]:
    """What is told of each; of many only of the first and the last."""
    if len(things) <= _MOST_TERMS:
        return list(map(tell, things))
    return [*map(tell, things[:2]), "...", *map(tell, things[-2:])]
