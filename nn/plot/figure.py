"""A matplotlib figure that shows itself in a notebook.

Holds: `Figure`.  IPython draws the figures of pyplot, and others only once pyplot has been loaded;
ours are made without pyplot, which keeps every figure it ever made and may open windows.

May import: matplotlib, which is loaded when this module is.
"""

from io import BytesIO

import matplotlib.figure


class Figure(matplotlib.figure.Figure):
    """A figure that brings its picture along, as IPython asks objects to."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows: the same as after `%matplotlib inline`."""
        file = BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()
