"""Scalar reverse-mode automatic differentiation: a Value remembers how it was computed.

>>> from autodiff import Value
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> y.data, x.grad
(15.0, 8.0)

Every operation of the table in README is here as a function too, for Values and for plain numbers:
`autodiff.exp(v)`, `autodiff.exp(2.0)`, `autodiff.maximum(a, b)`, `autodiff.sum([a, b, c])`.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autodiff import copying, faces  # noqa: F401 (they give Value methods)
from autodiff._version import __version__ as __version__
from autodiff.context import detect_anomaly, no_grad, scope
from autodiff.operations import FUNCTIONS, dot, log_softmax, softmax
from autodiff.rule import RESERVED, RULES, rule
from autodiff.value import Value

if TYPE_CHECKING:
    from autodiff.adjoints import gradients
    from autodiff.check import check_rule, gradcheck
    from autodiff.derive import (
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        nth_derivative,
        value_and_grad,
        vjp,
    )
    from autodiff.doctor import show_versions
    from autodiff.pictures import draw, draw_dot
    from autodiff.sliders import interact
    from autodiff.tape import Tape
    from autodiff.words import explain
    from autodiff.writing import write_file

__all__ = [
    # the node, its modes, and rules
    "Value", "no_grad", "detect_anomaly", "scope", "rule", "RULES",
    # functions of several numbers; all other operations are found by their names
    "dot", "softmax", "log_softmax",
    # derivatives as functions
    "grad", "value_and_grad", "jacobian", "hessian", "jvp", "vjp", "hvp", "nth_derivative",
    "gradients",
    # looking and checking
    "draw", "draw_dot", "explain", "interact", "gradcheck", "check_rule", "show_versions",
    # recording once, replaying fast
    "Tape",
    # files
    "write_file",
]  # fmt: skip

RESERVED.update(__all__)

# Loaded when first used, so that `import autodiff` stays quick.
_LAZY = {
    "autodiff.check": "check_rule gradcheck",
    "autodiff.adjoints": "gradients",
    "autodiff.derive": "grad hessian hvp jacobian jvp nth_derivative value_and_grad vjp",
    "autodiff.doctor": "show_versions",
    "autodiff.pictures": "draw draw_dot",
    "autodiff.sliders": "interact",
    "autodiff.tape": "Tape",
    "autodiff.words": "explain",
    "autodiff.writing": "write_file",
}
_MODULES = {name: module for module, names in _LAZY.items() for name in names.split()}


def __getattr__(name: str) -> Callable[..., Any]:
    """The operations of the table, a user's own included, and what is loaded on first use."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)  # type: ignore[no-any-return]
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise AttributeError(f"module 'autodiff' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    """What is public, loaded or not, and Python's own names of a module."""
    own = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *FUNCTIONS, *own})
