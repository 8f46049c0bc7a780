"""A graph as numbered atoms: what boxes are made of.

Holds: `Atoms`, the Values and constants of a graph in the order of the forward pass with the
operands of each as numbers, and what kind each is.

May import: graph, words.  Never decides what is shown.
"""

import functools
import re
from collections.abc import Iterable
from typing import Any

from autodiff.graph import topological_order
from autodiff.words.trace import plain

OPERATION, INPUT, PARAMETER, CONSTANT = "operation", "input", "parameter", "constant"

# Labels that weights and biases usually have: w, w1, b, bias, W2_3, weight.
_PARAMETER_LABEL = re.compile(r"(w|b|weight|bias)s?[\d_,]*", re.IGNORECASE)


# Names on a path: frames in one another beyond this show nothing.
_DEEPEST = 30


class Atoms:
    """All nodes and constants below a root.

    Attributes:
        items: Values and floats, operands before results.
        operands: For each the numbers of its operands, in the order written.
        first_use: For each leaf and constant the number of the first result that uses it.
        scopes: For each the path of names it belongs to, `("layer0", "neuron2")`; of a very deep
            one the first 30 names.
        kinds: For each OPERATION, INPUT, PARAMETER or CONSTANT.
        grads: For each its gradient; 0.0 for a constant.
        before_backward: Whether no gradient has arrived anywhere.

    Args:
        root: The Value at the end.
        parameters: Values to be marked as parameters; if none, labels decide.
        grads: The gradients to show, by `id`; those of the nodes if left out.
    """

    def __init__(
        self, root: Any, parameters: Iterable[Any] = (), grads: dict[int, float] | None = None
    ) -> None:
        self.items: list[Any] = []
        self.operands: list[tuple[int, ...]] = []
        self.first_use: dict[int, int] = {}
        self._walk(root)
        known = {id(each) for each in parameters}
        self.kinds = [
            CONSTANT if item.__class__ is float
            else OPERATION if item._rule is not None
            else self._leaf_kind(item, known)
            for item in self.items
        ]  # fmt: skip
        self._paths: dict[str, tuple[str, ...]] = {"": ()}
        self.scopes = self._all_scopes()
        self.grads = [
            0.0 if item.__class__ is float
            else item._grad if grads is None else grads.get(id(item), 0.0)
            for item in self.items
        ]  # fmt: skip
        if any(grad.__class__ is not float for grad in self.grads):
            self.grads = list(map(plain, self.grads))
        self.before_backward = not any(self.grads)

    def __len__(self) -> int:
        return len(self.items)

    def _walk(self, root: Any) -> None:
        """Numbers all nodes and constants, a leaf just before its first use."""
        inner, _ = topological_order(root)
        items, operands, numbers = self.items, self.operands, dict[int, int]()
        for node in inner or [root]:
            below: list[int] = []
            new: list[int] = []
            for operand in node.operands:
                constant = operand.__class__ is float
                # Neurons that read one list of inputs hold the same float objects: one box each.
                shared = not constant or node._rule.variadic
                number = numbers.get(id(operand)) if shared else None
                if number is None:
                    number = len(items)
                    new.append(number)
                    items.append(operand)
                    operands.append(())
                    if shared:
                        numbers[id(operand)] = number
                below.append(number)
            for leaf in new:
                self.first_use[leaf] = len(items)
            numbers[id(node)] = len(items)
            items.append(node)
            operands.append(tuple(below))

    @functools.cached_property
    def users(self) -> list[list[int]]:
        """For each atom the numbers of its results, one per use."""
        users: list[list[int]] = [[] for _ in self.items]
        for result, below in enumerate(self.operands):
            for operand in below:
                users[operand].append(result)
        return users

    def _all_scopes(self) -> list[tuple[str, ...]]:
        if not any(item.scope for item in self.items if item.__class__ is not float):
            return [()] * len(self.items)
        return [self._scope(i) for i in range(len(self.items))]

    @staticmethod
    def _leaf_kind(item: Any, known: set[int]) -> str:
        if id(item) in known or (not known and _PARAMETER_LABEL.fullmatch(item.label[:40])):
            return PARAMETER
        return INPUT

    def _path(self, scope: str) -> tuple[str, ...]:
        path = self._paths.get(scope)
        if path is None:
            path = self._paths[scope] = tuple(str(scope).split("/", _DEEPEST)[:_DEEPEST])
        return path

    def _scope(self, number: int) -> tuple[str, ...]:
        """Its own scope; weights and constants without one belong where they are used."""
        item, kind = self.items[number], self.kinds[number]
        own = () if kind == CONSTANT else self._path(item.scope)
        if kind in (OPERATION, INPUT):
            return own
        used = {self.items[user].scope for user in self.users[number]}
        if len(used) != 1:
            return own
        # A model inside another is made without the outer one's name, and used under it.
        place = self._path(used.pop())
        return place if place[len(place) - len(own) :] == own else own
