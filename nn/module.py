"""What every model is: parameters with names, in an order that never changes.

Holds: `Module`, the vectors of parameters (`parameters_to_vector`, `vector_to_parameters`), and
`one_example`, the check of what a model is called with.

May import: autodiff.  Never knows a particular layer, loss or optimizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autodiff import Value


class Module:
    """Something with parameters: derive from it, and set parameters as attributes.

    A parameter is a `Value` without history.  It is found wherever it is an attribute, or stands
    in a list, tuple, dictionary or module that is one; its name is the path to it.  The order is
    that in which the attributes were first set, so it is the same in every run.

    >>> from autodiff import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offsets = Value(2.0), [Value(0.0), Value(1.0)]
    ...     def __call__(self, x):
    ...         return [self.slope * x + offset for offset in self.offsets]
    >>> Line().state_dict()
    {'slope': 2.0, 'offsets.0': 0.0, 'offsets.1': 1.0}
    """

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, under the name "", and every module inside it, each before its own."""
        inner = [
            (f"{name}.{path}" if path else name, module)
            for name, child in _children(self)
            for path, module in child.named_modules()
        ]
        return [("", self), *inner]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its name, `("layers.0.neurons.2.w.1", w1)`; a shared one once."""
        seen: set[int] = set()
        named = []
        for name, value in _walk("", self):
            if id(value) not in seen:
                seen.add(id(value))
                named.append((name, value))
        return named

    def parameters(self) -> list[Value]:
        """Every parameter once, in the order of `named_parameters`."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """The number of every parameter by its name."""
        return {name: value.data for name, value in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Sets every parameter to the number that `state` has for its name.

        Args:
            state: What `state_dict` of a model with the same architecture gave.

        Raises:
            ValueError: If a name is missing or unknown; the first such name is in the message,
                and no parameter has changed.
            TypeError: If something other than a number stands under a name; again no change.
        """
        named = self.named_parameters()
        unknown = state.keys() - dict(named).keys()
        for name, _ in named:
            if name not in state:
                raise ValueError(
                    f"the state has no parameter {name!r}: it belongs to a different architecture "
                    f"({len(state)} parameters; this model has {len(named)})"
                )
        if unknown:
            first = next(name for name in state if name in unknown)
            raise ValueError(
                f"this model has no parameter {first!r}: the state belongs to a different "
                f"architecture ({len(state)} parameters; this model has {len(named)})"
            )
        vector_to_parameters([state[name] for name, _ in named], [value for _, value in named])

    def __repr__(self) -> str:
        return f"{type(self).__name__}, {len(self.parameters())} parameters"


def _inner(thing: Any) -> Iterable[tuple[Any, Any]]:
    """What stands in `thing`, with its names."""
    if isinstance(thing, Module):
        return vars(thing).items()
    if isinstance(thing, dict):
        return thing.items()
    return enumerate(thing) if isinstance(thing, (list, tuple)) else ()


def _walk(path: str, thing: Any) -> Iterator[tuple[str, Value]]:
    """Parameters below `thing`, depth first, in the order written."""
    for key, value in _inner(thing):
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, Value):
            if not value.op:
                yield name, value
        else:
            yield from _walk(name, value)


def _children(thing: Any, path: str = "") -> Iterator[tuple[str, Module]]:
    """The modules that stand in `thing`, in lists too, but not in one another."""
    for key, value in _inner(thing):
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, Module):
            yield name, value
        else:
            yield from _children(value, name)


def parameters_to_vector(parameters: Iterable[Value]) -> list[float]:
    """The numbers of the parameters, in order, as one list.

    >>> from autodiff import Value
    >>> parameters_to_vector([Value(1.0), Value(-2.5)])
    [1.0, -2.5]
    """
    return [parameter.data for parameter in parameters]


def vector_to_parameters(vector: Sequence[float], parameters: Iterable[Value]) -> None:
    """Writes the numbers of `vector` into the parameters, in order.

    Args:
        vector: As many numbers as there are parameters: a list or a NumPy vector.
        parameters: `model.parameters()`.

    Raises:
        ValueError: If the lengths differ.
        TypeError: If an element is not a number.  Nothing has changed then.

    >>> from autodiff import Value
    >>> w, b = Value(0.0), Value(0.0)
    >>> vector_to_parameters([3.0, 4.0], [w, b])
    >>> b.data
    4.0
    """
    parameters = list(parameters)
    if len(vector) != len(parameters):
        raise ValueError(f"{len(vector)} numbers for {len(parameters)} parameters")
    numbers = [Value(number).data for number in vector]  # refuses what is no number, in words
    for parameter, number in zip(parameters, numbers, strict=True):
        parameter.data = number


def one_example(model: Any, inputs: tuple[Any, ...]) -> list[Any]:
    """The one list of `model.n_in` numbers that a model was called with, or an error on how to.

    Raises:
        TypeError: If there is not exactly one argument, if it is a number, or if it holds rows.
        ValueError: If it has another width than `n_in`.
    """
    n_in, module = model.n_in, type(model).__name__
    if len(inputs) != 1:
        raise TypeError(
            f"{module} got {len(inputs)} arguments: pass one list of {n_in} numbers, "
            "as in model([2.0, 3.0])"
        )
    x = inputs[0]
    if x.__class__ is not list:
        if getattr(x, "requires_grad", False):
            raise TypeError(
                f"{module} takes numbers and Values, and the gradient of a "
                f"{type(x).__module__}.{type(x).__name__} would be lost: write x.tolist()"
            )
        if hasattr(x, "tolist"):  # a NumPy row; its floats become Python's, which are quicker
            x = x.tolist()
        if not isinstance(x, Iterable) or isinstance(x, (str, Mapping)):
            raise TypeError(
                f"{module} got a {type(x).__name__}: pass one list of {n_in} numbers, "
                "as in model([2.0, 3.0])"
            )
        x = list(x)
    if x and (x[0].__class__ in (list, tuple) or (hasattr(x[0], "shape") and len(x[0].shape))):
        raise TypeError(
            f"{module} takes one example: [model(x) for x in X] or predict(model, X) "
            f"for all {len(x)} rows"
        )
    if len(x) != n_in:
        raise ValueError(
            f"{module} takes {n_in} inputs but the list has {len(x)}: "
            "its width must be the model's first width"
        )
    return x
