"""The version, in the one place that `autodiff`, `doctor` and the build read it from.

May import: nothing.
"""

__version__ = "0.1.0"
