"""Sliders that move the leaves of a graph.

Holds: `interact`.

May import: pictures, foreign, value; ipywidgets when it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from autodiff.foreign import refuse_node
from autodiff.pictures import Picture, draw
from autodiff.value import Value, as_float

_ADVICE = "Sliders need ipywidgets. Run: %pip install ipywidgets"


def interact(function: Callable[..., Value], /, **values: Any) -> Any:
    """A picture of `function`'s graph, with a slider for each argument.

    When a slider moves, the function is computed again, and picture, data and gradients follow.

    Args:
        function: Takes Values by name and returns the Value at the end.
        **values: For each argument a number, to start from; or `(low, high)`, or
            `(low, high, start)`.

    Returns:
        A widget to end a notebook's cell with; without ipywidgets the picture at the start, after
        one line of advice.

    Raises:
        TypeError: If `function` does not return a Value, or a value is neither a number nor such
            a tuple.
        ValueError: If there are no values, or `low` is not below `high`, or `start` not between.

    Example:
        In a notebook, `interact(lambda x, w: (x * w).tanh(), x=2.0, w=(-3, 3))`.
    """
    if not values:
        raise ValueError("interact needs at least one number to move: interact(f, x=2.0)")
    ranges = {name: _range(name, given) for name, given in values.items()}
    starts = {name: start for name, (_, _, start) in ranges.items()}
    picture = _picture(function, starts)  # what is wrong with the function shows up here
    try:
        import ipywidgets  # type: ignore[import-untyped]
    except ImportError:
        print(_ADVICE)
        return picture
    return _widget(ipywidgets, function, ranges, picture)


def _range(name: str, given: Any) -> tuple[float, float, float]:
    """`(low, high, start)`."""
    if not isinstance(given, tuple | list):
        start = as_float(given, f"{name}=")
        reach = max(2.0, 2.0 * abs(start))
        return start - reach, start + reach, start
    if len(given) not in (2, 3):
        raise TypeError(f"{name} takes a number, (low, high) or (low, high, start), not {given!r}")
    low, high, *rest = (as_float(each, f"{name}=") for each in given)
    start = rest[0] if rest else (low + high) / 2
    if not low < high or not low <= start <= high:
        raise ValueError(f"{name} takes low < high, and a start between: not {given!r}")
    return low, high, start


def _picture(function: Callable[..., Value], numbers: dict[str, float]) -> Picture:
    root = function(**{name: Value(number, label=name) for name, number in numbers.items()})
    refuse_node(root, "interact")
    if not isinstance(root, Value):
        raise TypeError(f"the function must return a Value, not a {type(root).__name__}")
    root.backward()
    return draw(root)


def _widget(
    ipywidgets: Any, function: Callable[..., Value],
    ranges: dict[str, tuple[float, float, float]], picture: Picture,
) -> Any:  # fmt: skip
    sliders = {
        name: ipywidgets.FloatSlider(
            value=start, min=low, max=high, step=(high - low) / 200, description=name,
            readout_format=".4g", style={"description_width": "initial"},
        )
        for name, (low, high, start) in ranges.items()
    }  # fmt: skip
    shown = ipywidgets.HTML(picture.svg)

    def follow(change: Any) -> None:
        try:
            numbers = {name: slider.value for name, slider in sliders.items()}
            shown.value = _picture(function, numbers).svg
        except Exception as error:  # a slider went where the function has no value
            shown.value = f"<pre>{escape(type(error).__name__)}: {escape(str(error))}</pre>"

    for slider in sliders.values():
        slider.observe(follow, "value")
    return ipywidgets.VBox([*sliders.values(), shown])
