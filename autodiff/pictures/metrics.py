"""How wide a text is.

Holds: `text_width`, the width of a text in the widest of the usual sans-serif fonts.  Cells are
sized by it, so a picture has the same layout on every machine and no text outgrows its cell in a
reader's font.

May import: the standard library.
"""

import unicodedata

# The larger of the advance widths of DejaVu Sans and Helvetica, in em, for printable ASCII.
_WIDTHS = {
    0.28: "'ijl", 0.32: "I ,.", 0.34: "/:;\\|", 0.37: "f-", 0.42: "()[]t!r", 0.46: '"',
    0.5: "*J`", 0.55: "szc", 0.6: "?L_kvxy", 0.64: "FTaeo$0123456789bdghnpqu{}",
    0.69: "EKPSYABVXZ", 0.74: "CRU", 0.79: "NHD&GOQ", 0.84: "w#+<=>^~", 0.87: "M", 0.98: "%m",
    1.02: "W@",
}  # fmt: skip
_ASCII = {each: width for width, group in _WIDTHS.items() for each in group}
_ASCII |= {"−": 0.84, "×": 0.84, "·": 0.32, "–": 0.56, "…": 1.0, "σ": 0.67}
_BOLD = 1.14


def known(text: str) -> bool:
    """Whether every width in the text is known, not guessed."""
    return all(each in _ASCII for each in text)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text in points at a font size in points."""
    total = sum(_ASCII.get(each) or _guess(each) for each in text)
    return total * size * (_BOLD if bold else 1.0)


def _guess(each: str) -> float:
    if unicodedata.combining(each):
        return 0.0
    return 1.4 if unicodedata.east_asian_width(each) in "WF" or ord(each) > 0xFFFF else 1.05
