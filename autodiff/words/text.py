"""Text for people: labels and numbers as they are shown in explanations and pictures.

Holds: `printable` and `shortened` for labels, which may hold anything a user typed; `number` and
`exact` for numbers, and `check_format` for the format of `number`.  What comes out of `printable`
has no control character, no line break and nothing that turns the reading direction round; escaping
for a format (SVG, DOT, LaTeX) comes on top.

May import: the standard library.  Never knows a node.
"""

import math
import re

# Joins the parts of one emoji; not printable by itself, harmless in a label.
_JOINER = "\u200d"
# A format asks for at most this width, and as many digits: a double has no more than 17.
_WIDEST = 100


def printable(text: object) -> str:
    r"""`text` on one line, with every character that cannot be shown as its Python escape.

    >>> printable("loss\n\x00")
    'loss\\n\\x00'
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(
        each if each.isprintable() or each == _JOINER else ascii(each)[1:-1] for each in shown
    )


def shortened(text: object, limit: int) -> str:
    """`printable` of the first `limit` characters, with `...` if there are more.

    >>> shortened("x" * 10_000, 6)
    'xxx...'
    """
    shown = str(text)
    if len(shown) > limit:  # cut first: a label may be a whole book
        shown = shown[: limit - 3] + "..."
    shown = printable(shown)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def check_format(spec: object) -> None:
    """Refuses what is no format of a number, and one that asks for more than a line can hold.

    The width and the digits are read, not tried: `format` would write them all.

    Raises:
        ValueError: If it is no format, or its width or its number of digits is above 100.

    >>> check_format(".999999999f")
    Traceback (most recent call last):
    ValueError: a number has at most 100 digits, and a width of at most 100; not '.999999999f'
    """
    if isinstance(spec, str) and (
        len(spec) > _WIDEST or any(int(digits) > _WIDEST for digits in re.findall(r"\d+", spec))
    ):
        raise ValueError(
            f"a number has at most {_WIDEST} digits, and a width of at most {_WIDEST}; "
            f"not {spec!r:.40}"
        )
    try:
        format(1.0, spec)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"number is a format such as '.3f' or '.4g', not {spec!r:.40}") from None


def number(x: float, spec: str = ".4g") -> str:
    """`x` in the format `spec`, in ASCII; whole numbers without a fraction.

    >>> number(-3.0), number(0.70710678), number(float("nan"))
    ('-3', '0.7071', 'nan')
    """
    if x != x or math.isinf(x):
        return repr(x)
    text = format(x, spec)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def exact(x: float) -> str:
    """`x` with all its digits, whole numbers without a fraction.

    >>> exact(-3.0), exact(0.1 + 0.2)
    ('-3', '0.30000000000000004')
    """
    text = repr(x)
    return text[:-2] if text.endswith(".0") else text
