"""The stepper: a picture in HTML with a slider for the backward pass.

Holds: `stepper`.  Where scripts are taken out, in an untrusted notebook, the animated image is
left, which plays by itself.

May import: page, palette, words; reads stepper.js.
"""

import base64
import functools
import json
from html import escape
from importlib.resources import files

from autodiff.pictures import palette
from autodiff.pictures.page import fitting
from autodiff.words.text import printable

# The script makes the controls: where it is taken out, nothing is left that does nothing.
_FONT = f"font:13px {palette.FONTS};background:{palette.CARD};color:{palette.INK}".replace("'", "")
_BUTTON = f"{_FONT};border:1px solid {palette.BORDER};border-radius:5px;padding:3px 10px;margin:0"
_LINE = f"{_FONT};border-radius:5px;padding:4px 8px;margin:6px 0;width:fit-content;min-height:1.2em"


@functools.cache
def _script() -> str:
    # Not beside __file__: the package may lie in a zip file.
    text = files(__package__).joinpath("stepper.js").read_text(encoding="utf-8")
    return text.replace("BUTTON_STYLE", json.dumps(_BUTTON)).replace(
        "LINE_STYLE", json.dumps(_LINE)
    )


def stepper(svg: str, sentences: list[str], title: str) -> str:
    """HTML with the picture, a slider, buttons and the sentence of the moment."""
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    name = f"{escape(printable(title))}, step by step"
    return (
        '<div class="autodiff-steps mathjax_ignore tex2jax_ignore" tabindex="0" role="group" '
        f'data-sentences="{escape(json.dumps(sentences))}" aria-label="{name}" '
        'data-lm-suppress-shortcuts="true" style="padding:4px;overflow-x:auto">'
        f'<img alt="{name}" style="{fitting(svg)}" src="data:image/svg+xml;base64,{data}">'
        f"<script>{_script()}</script></div>"
    )
