"""One call of a function that is being differentiated.

Holds: `Call`, which runs a function on fresh variables in place of its arguments, keeps what lies
between them and the results, and sweeps over that in both directions; for `derive`.

May import: context, structure, sweeps, operations, value.  Never touches `.grad`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.context import CONTEXT, VARIABLES, enable_grad
from autodiff.operations import FUNCTIONS
from autodiff.structure import flatten, map_values
from autodiff.sweeps import Between, constant, forward, partials_with_history, reverse
from autodiff.value import Value

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def _chosen(argnums: Argnums, count: int) -> tuple[int, ...]:
    """`argnums` as places from 0, checked against the number of arguments."""
    given = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    try:
        numbers = tuple(operator.index(i) for i in given)
    except TypeError:
        raise TypeError(
            f"argnums is the number of an argument, or a tuple of such numbers; got {argnums!r}"
        ) from None
    for i in numbers:
        if not -count <= i < count:
            raise TypeError(
                f"argnums names argument {i}, but the call has {count} by position: an argument "
                "to differentiate by is given by position"
            )
    places = tuple(i % count for i in numbers)
    if len(set(places)) < len(places):
        raise ValueError(f"argnums={argnums!r} names an argument twice: name each once")
    return places


def has_history() -> bool:
    """Whether results may be Values: outside `no_grad`, and always while a tape records."""
    context = CONTEXT.get()
    return context.grad or context.recorder is not None


class Call:
    """One call of `f` on fresh variables in place of the arguments `argnums`.

    A number becomes a leaf.  A Value, which an outer derivative is about, becomes a node of its
    own, so that the same Value reaching `f` by another way is not mistaken for the argument.

    Attributes:
        inputs: The variables, in one flat list.
        outputs: What `f` returned, in one flat list.
        aux: What it returned besides, with `has_aux`.
    """

    def __init__(
        self,
        f: Function,
        args: Sequence[Any],
        named: dict[str, Any],
        argnums: Argnums,
        has_aux: bool = False,
    ) -> None:
        places = _chosen(argnums, len(args))
        several = isinstance(argnums, (tuple, list))
        chosen = tuple(args[i] for i in places) if several else args[places[0]]
        given, self.rebuild = flatten(chosen, "a function to be differentiated")
        with enable_grad():  # for `no_grad` around a derivative does not mean that it is 0
            self.inputs: list[Value] = [
                FUNCTIONS["identity"](x) if isinstance(x, Value) else constant(x) for x in given
            ]
            fresh, variables = list(args), self.rebuild(self.inputs)
            for i, argument in zip(places, variables if several else (variables,)):
                fresh[i] = argument
            ids = {id(x) for x in self.inputs}
            try:
                VARIABLES.update(ids)
                output = f(*fresh, **named)
            finally:
                VARIABLES.difference_update(ids)
        output, aux = _with_aux(output) if has_aux else (output, None)
        self.outputs, self.rebuild_output = flatten(output, "the result of the function")
        beside: list[Value] = []
        map_values(aux, beside.append)
        self.between = Between([*self.outputs, *beside], self.inputs)
        self.aux = map_values(aux, self.kept)

    def kept(self, y: Any) -> Any:
        """A result of `f` as it is given back: a Value only if it has a history to keep."""
        if not isinstance(y, Value):
            return y
        return y if id(y) in self.between.alive and has_history() else y._data

    @property
    def value(self) -> Any:
        """What `f` returned."""
        return self.rebuild_output([self.kept(y) for y in self.outputs])

    def scalar(self, who: str) -> Value:
        """The one output."""
        if len(self.outputs) != 1:
            raise TypeError(
                f"{who} needs a function that returns one number, this one returns "
                f"{len(self.outputs)}: use jacobian"
            )
        y = self.outputs[0]
        return y if isinstance(y, Value) else constant(y)

    def pull(self, seeds: dict[int, Any], between: Between | None = None) -> list[Any]:
        """Adjoints of the inputs from adjoints of the outputs."""
        between = between or self.between
        local = partials_with_history(between.alive if has_history() else ())
        return _carried(reverse(between.path, between.on, seeds, local), self.inputs)

    def push(
        self, tangents: Sequence[Any], outputs: Sequence[Any], between: Between | None = None
    ) -> list[Any]:
        """Tangents of the outputs from tangents of the inputs."""
        between = between or self.between
        seeds = {id(x): t for x, t in zip(self.inputs, tangents)}
        local = partials_with_history(between.alive if has_history() else ())
        return _carried(forward(between.path, seeds, local), outputs)


def _carried(carried: dict[int, Any], nodes: Sequence[Any]) -> list[Any]:
    """What a sweep has carried to each of `nodes`; as plain numbers under `no_grad`."""
    found = [carried.get(id(x), 0.0) for x in nodes]
    if has_history():
        return found
    return [x._data if isinstance(x, Value) else x for x in found]


def _with_aux(output: Any) -> tuple[Any, Any]:
    """What a function returned as the pair that `has_aux` promises."""
    if not isinstance(output, (tuple, list)) or len(output) != 2:
        raise TypeError(
            "with has_aux=True the function returns a pair, what is differentiated and what is "
            f"only passed on; this one returned {output!r:.60}"
        )
    return output[0], output[1]
