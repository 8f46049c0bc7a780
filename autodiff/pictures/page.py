"""SVG on a page: in a notebook, and in a file of its own.

Holds: `image`, HTML that shows an SVG wherever HTML is shown, `page`, a whole document, and
`letter`, an SVG that holds text where no picture could be made, in `lines`.

An `<img>` with a data URI shows even in an untrusted notebook, where scripts are taken out.  Where
scripts run, one replaces it by the SVG itself, so that tooltips work and text can be selected.
Nothing is ever fetched.

May import: palette, metrics, words.  Never runs Graphviz.
"""

import base64
import hashlib
import re
import textwrap
from html import escape

from autodiff.pictures import palette
from autodiff.pictures.metrics import text_width
from autodiff.words.text import printable

# Works on the element just before it; the number of runs does not matter.
_UPGRADE = (
    "(function(){var s=document.currentScript;var box=s&&s.parentNode;"
    "var img=box&&box.querySelector('img');if(!img)return;"
    "var raw=atob(img.src.split(',')[1]);"
    "var text=decodeURIComponent(Array.prototype.map.call(raw,function(c){"
    "return '%'+('0'+c.charCodeAt(0).toString(16)).slice(-2)}).join(''));"
    "var svg=new DOMParser().parseFromString(text,'image/svg+xml').documentElement;"
    "if(svg.nodeName!=='svg')return;svg.style.cssText=img.style.cssText+';height:auto';"
    "img.replaceWith(document.importNode(svg,true))})()"
)


def prefix_of(source: str) -> str:
    """The beginning of every id of a picture: made of its content, so it never changes."""
    return "g" + hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:10]


# Labels may hold dollar signs, which notebooks would take for mathematics.
NO_MATH = 'class="mathjax_ignore tex2jax_ignore"'


def fitting(svg: str) -> str:
    """CSS for an SVG: as wide as the page, but never so small that it cannot be read."""
    match = re.search(r' width="([\d.]+)"', svg)
    least = 0.6 * float(match[1]) if match else 0.0
    return f"max-width:100%;min-width:{least:.0f}px"


def image(svg: str, alt: str) -> str:
    """HTML that shows the SVG, in trusted and untrusted notebooks."""
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    return (
        f'<div {NO_MATH} style="overflow-x:auto"><img alt="{escape(printable(alt))}" '
        f'style="{fitting(svg)}" '
        f'src="data:image/svg+xml;base64,{data}"><script>{_UPGRADE}</script></div>'
    )


def page(body: str, title: str) -> str:
    """A document that needs nothing but itself, in light and in dark."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(printable(title))}</title>"
        f"<style>body{{font-family:{palette.FONTS};margin:1.5em}}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def lines(text: str) -> list[str]:
    """The lines of a text, those that no page is wide enough for broken between words."""
    return [part for line in text.split("\n") for part in textwrap.wrap(line, 110) or [""]]


def letter(text: str, title: str) -> str:
    """An SVG with lines of text, for when there is no layout."""
    shown_lines = lines(text)
    width = max(max(map(len, shown_lines)) * 7.3, text_width(title, 12)) + 24
    height = 16 * len(shown_lines) + 20
    shown = "".join(
        f'<text x="12" y="{22 + 16 * i}">{escape(printable(line))}</text>'
        for i, line in enumerate(shown_lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" role="img">'
        f"<title>{escape(printable(title))}</title>"
        f'<rect width="100%" height="100%" rx="6" fill="{palette.CARD}"/>'
        f'<g font-family="Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="12" '
        f'fill="{palette.INK}" style="white-space:pre">{shown}</g></svg>\n'
    )
