"""Colours and sizes of pictures.

Holds: constants, and the three functions that turn a gradient into a tint, a colour and a width.
Hue says one thing only, the gradient's sign: orange for positive, blue for negative, a pair that
every kind of colour vision tells apart.  Every text stands on an opaque light ground, so a picture
reads the same on a white page and on a black one; lines keep a contrast of 3 on both.

May import: the standard library.  Never knows a node.
"""

import math

INK = "#1b1f24"
MUTED = "#57606a"
CARD = "#ffffff"
CELL = "#eef1f4"
BORDER = "#4a5568"
OPERATION = "#3b4657"
ZERO = "#8b949e"
PLATE = "#d0d7de"
SHADE = "#8b98a8"
POSITIVE = "#d9650b"
NEGATIVE = "#2b7de0"

FONT = "Helvetica"
FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
TEXT = 11.0
SMALL = 8.5
LABEL = 9.5

# The strongest tint keeps a contrast of more than 7 with INK.
_STRONGEST = 0.55


def colour(gradient: float | None) -> str:
    """The line colour of a gradient: by its sign, grey for zero, nan and none."""
    if gradient is None or not gradient or gradient != gradient:
        return ZERO
    return POSITIVE if gradient > 0 else NEGATIVE


def strength(gradient: float | None, largest: float) -> float:
    """How strong a gradient is beside the largest of its picture, from 0 to 1."""
    if gradient is None or not gradient or gradient != gradient:
        return 0.0
    if math.isinf(gradient) or not largest:
        return 1.0
    # Halves first: the quotient of two huge numbers is fine, of two denormals it may not be.
    return min(1.0, math.sqrt(abs(gradient) / largest))


def tint(gradient: float | None, largest: float) -> str:
    """The ground of a gradient's cell; a zero is never tinted."""
    share = strength(gradient, largest)
    if not share:
        return CELL
    return _mix(CARD, colour(gradient), 0.12 + (_STRONGEST - 0.12) * share)


def width(gradient: float | None, largest: float) -> float:
    """The line width of a gradient; a zero stays visible."""
    return 1.0 + 3.4 * strength(gradient, largest)


def _mix(ground: str, hue: str, share: float) -> str:
    parts = [
        round(int(ground[i : i + 2], 16) * (1 - share) + int(hue[i : i + 2], 16) * share)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)
