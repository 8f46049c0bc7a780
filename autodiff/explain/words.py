"""Text for people: labels and numbers as they are shown in explanations and pictures.

Holds: `printable` and `shortened` for labels, which may hold anything a user typed, and `number`
for numbers.  What comes out of `printable` has no control character, no line break and nothing
that turns the reading direction round; escaping for a format (SVG, DOT, LaTeX) comes on top.

May import: the standard library.  Never knows a node.
"""

import math

# Joins the parts of one emoji; not printable by itself, harmless in a label.
_JOINER = "\u200d"


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
