"""What every model is: parameters with names, in an order that never changes.

Holds: `Module`, the vectors of parameters (`parameters_to_vector`, `vector_to_parameters`),
`write_all`, and `one_example`, the check of what a model is called with.

Modules may stand in one another in any way, in circles too, and as deep as memory allows.

May import: autodiff; of its room modes.  Never knows a particular layer, loss or optimizer.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from autodiff import Value
from nn.models.modes import evaluating

_M = TypeVar("_M", bound="Module")


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

    # What `train` and `eval` have set last.
    _training = True

    @property
    def training(self) -> bool:
        """Whether it is in training mode, as it is made; never so within `evaluation()`."""
        return self._training and not evaluating()

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = bool(mode)

    def train(self: _M, mode: bool = True) -> _M:
        """Puts it, and every module inside it, in training mode, or with False in eval mode.

        Only `Dropout`, and modules of your own that ask `self.training`, care; `fit` and `predict`
        see to it themselves.

        Raises:
            TypeError: If `mode` is not True or False.
        """
        if not isinstance(mode, bool):
            kind = type(mode).__name__
            raise TypeError(f"train takes True or False, not a {kind}: fit(model, X, y) trains")
        for module in _modules(self):
            module._training = mode
        return self

    def eval(self: _M) -> _M:
        """Puts it, and every module inside it, in eval mode."""
        return self.train(False)

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, under the name "", and every module inside it once, each before its own."""
        inner = [(_name(trail), each) for trail, each in _walk(self) if isinstance(each, Module)]
        return [("", self), *inner]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its name, `("layers.0.neurons.2.w.1", w1)`; a shared one once."""
        return [(_name(trail), each) for trail, each in _walk(self) if isinstance(each, Value)]

    def parameters(self) -> list[Value]:
        """Every parameter once, in the order of `named_parameters`."""
        return [each for _, each in _walk(self) if isinstance(each, Value)]

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

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A copy of all that it holds, module by module, so that no depth is too deep.

        Every module has its empty copy before the first is filled: where one stands in another,
        the copy is found, and nothing is copied inside of anything else.
        """
        made = []
        for module in _modules(self):
            if type(module).__deepcopy__ is Module.__deepcopy__ and id(module) not in memo:
                parts: Any = module.__reduce_ex__(4)
                create, arguments, *rest = parts
                memo[id(module)] = new = create(*copy.deepcopy(arguments, memo))
                made.append((new, rest))
        for new, (state, items, pairs) in ((new, (*rest, None, None)[:3]) for new, rest in made):
            _fill(new, copy.deepcopy(state, memo))
            for item in items or ():
                new.append(copy.deepcopy(item, memo))
            for key, value in pairs or ():
                new[copy.deepcopy(key, memo)] = copy.deepcopy(value, memo)
        return memo[id(self)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}, {len(self.parameters())} parameters"


def _inner(thing: Any) -> Iterable[tuple[Any, Any]]:
    """What stands in `thing`, with its names."""
    if isinstance(thing, Module):
        return vars(thing).items()
    if isinstance(thing, dict):
        return thing.items()
    return enumerate(thing) if isinstance(thing, (list, tuple)) else ()


# The way to something: the way to what holds it, and its key there.
_Trail = tuple[Any, Any]


def _walk(root: Module) -> Iterator[tuple[_Trail, Any]]:
    """Modules and parameters below `root`, depth first, in the order written, each once."""
    seen = {id(root)}
    stack: list[tuple[Any, Iterator[tuple[Any, Any]]]] = [(None, iter(_inner(root)))]
    while stack:
        trail, things = stack[-1]
        for key, thing in things:
            is_parameter = isinstance(thing, Value)
            if is_parameter and thing.op:  # a result that is kept
                continue
            if is_parameter or isinstance(thing, (Module, dict, list, tuple)):
                if id(thing) in seen:
                    continue
                seen.add(id(thing))
                if is_parameter:
                    yield (trail, key), thing
                    continue
                if isinstance(thing, Module):
                    yield (trail, key), thing
                stack.append(((trail, key), iter(_inner(thing))))
                break
        else:
            stack.pop()


def _name(trail: Any) -> str:
    """The keys of a trail, with dots between them."""
    keys = []
    while trail is not None:
        trail, key = trail
        keys.append(str(key))
    return ".".join(reversed(keys))


def _modules(root: Module) -> list[Module]:
    """`root` and every module inside it, once."""
    return [root, *[each for _, each in _walk(root) if isinstance(each, Module)]]


def _fill(new: Any, state: Any) -> None:
    """Gives a copy its state, as `copy.deepcopy` does."""
    if state is None:
        return
    if hasattr(new, "__setstate__"):
        new.__setstate__(state)
        return
    state, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    vars(new).update(state or {})
    for name, value in (slots or {}).items():
        setattr(new, name, value)


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
    write_all(parameters, "data", numbers)


def write_all(parameters: Sequence[Value], name: str, numbers: Sequence[float]) -> None:
    """Sets `data` or `grad` of all parameters, also where Ctrl-C comes in between: it waits.

    >>> from autodiff import Value
    >>> w, b = Value(0.0), Value(0.0)
    >>> write_all([w, b], "grad", [3.0, 4.0])
    >>> b.grad
    4.0
    """
    try:
        for parameter, number in zip(parameters, numbers, strict=True):
            setattr(parameter, name, number)
    except BaseException:  # half of a model, or of a gradient, would be none
        for parameter, number in zip(parameters, numbers, strict=True):
            setattr(parameter, name, number)
        raise


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
