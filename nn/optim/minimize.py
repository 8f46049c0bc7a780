"""Minimisation with SciPy's algorithms and our derivatives.

Holds: `minimize` and `Minimum`, what it returns.

SciPy decides where to go; the loss, its gradient, products with its Hessian and the Jacobian of
its residuals come from the graph of Values, exact to rounding.

May import: autodiff, extras, models; of its room base; numpy and scipy when first used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import isfinite
from operator import is_
from typing import Any

from autodiff import Value, gradients
from nn.extras import need
from nn.models.module import parameters_to_vector, vector_to_parameters
from nn.optim.base import in_range, parameter_list

METHODS = ("L-BFGS-B", "Newton-CG", "least_squares")


@dataclass(frozen=True)
class Minimum:
    """What `minimize` found.  An example stands at `minimize`.

    Attributes:
        success: Whether the method converged; the model has the parameters of the minimum then,
            and those from before the call if not.
        loss: The loss of the minimum, or the smallest one seen if there is no success; with
            "least_squares" half the sum of squared residuals.
        parameters: Where that was, in the order of the parameters.
        evaluations: How often the loss was computed.
        gradient_evaluations: How often its gradient, or the Jacobian of the residuals, was.
        hessian_products: How often the Hessian was multiplied by a vector.
        message: Why it ended, in words, and SciPy's own message.
    """

    success: bool
    loss: float
    parameters: list[float] = field(repr=False)
    evaluations: int
    gradient_evaluations: int
    hessian_products: int
    message: str


def minimize(
    loss: Callable[[], Any],
    parameters: Iterable[Value],
    method: str = "L-BFGS-B",
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> Minimum:
    """Moves the parameters to a minimum of the loss, with second-order methods of SciPy.

    - "L-BFGS-B": quasi-Newton with the curvature of the last steps (Liu, Nocedal, Mathematical
      Programming 45, 1989; Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16, 1995).
    - "Newton-CG": truncated Newton; solves H s = -g by conjugate gradients, from products H v
      (Dembo, Steihaug, Mathematical Programming 26, 1983).
    - "least_squares": Gauss-Newton damped as by Levenberg and Marquardt, from the Jacobian J of
      residuals r whose half sum of squares is the loss: solves (J^T J + damping) s = -J^T r (More,
      "The Levenberg-Marquardt algorithm", 1978); by trust regions if there are fewer residuals
      than parameters.

    Args:
        loss: A function without arguments that computes the loss anew from the parameters, as a
            Value; for "least_squares" the list of the residuals.
        parameters: `model.parameters()`.
        method: One of the three.
        tolerance: SciPy's `tol`, of "least_squares" `ftol`, `xtol` and `gtol`, from 0; None for
            SciPy's own.
        max_iterations: At most so many iterations, of "least_squares" evaluations; None for
            SciPy's limit.

    Returns:
        The minimum, or how far it came.

    Raises:
        ValueError: If the method is unknown, a setting is out of range, there are no parameters or
            one occurs twice, or the loss does not depend on them or is the same Value in every
            call.
        TypeError: If the loss is not what the method takes.
        FloatingPointError: If the loss is nan or infinite at the start.
        ImportError: If SciPy is not installed.

    Whatever is raised, Ctrl-C included, the parameters are those from before the call.

    >>> from autodiff import Value
    >>> x, y = Value(-1.2), Value(1.0)
    >>> found = minimize(lambda: [10.0 * (y - x**2), 1.0 - x], [x, y], "least_squares")
    >>> print(f"{x:.6f} {y:.6f}")
    1.000000 1.000000
    >>> found.message
    'converged: the gradient is as good as zero (SciPy: `gtol` termination condition is satisfied.)'
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: the known ones are {', '.join(METHODS)}")
    tolerance = None if tolerance is None else in_range("tolerance", tolerance)
    if max_iterations is not None and (max_iterations < 1 or max_iterations != int(max_iterations)):
        raise ValueError(f"max_iterations is a whole number from 1 on, not {max_iterations}")
    graph = _Graph(loss, parameter_list(parameters, "minimize"), method)
    start = parameters_to_vector(graph.parameters)
    moved = False
    try:
        graph.check_start(start)
        minimum = _search(graph, start, tolerance, max_iterations)
        if minimum.success:
            vector_to_parameters(minimum.parameters, graph.parameters)
            moved = True
    finally:
        if not moved:
            vector_to_parameters(start, graph.parameters)
    return minimum


def _search(
    graph: _Graph, start: list[float], tolerance: float | None, limit: int | None
) -> Minimum:
    """SciPy's search, and what came of it in words."""
    run = _least_squares if graph.residuals else _descend
    with need("numpy", "minimize").errstate(all="ignore"):  # inf and nan are told in words
        result = run(graph, start, tolerance, limit)
    end, loss = [float(x) for x in result.x], float(result.cost if graph.residuals else result.fun)
    text = str(result.message).strip()
    flaw = _flaw(graph, start, end, loss) if result.success else meaning(text)
    message = f"{flaw or meaning(text)} (SciPy: {text})"
    if flaw:
        loss, end = graph.best
        message += (
            "; the parameters are those from before, "
            "vector_to_parameters(found.parameters, parameters) sets the best found"
        )
    return Minimum(not flaw, loss, end, **graph.counts, message=message)


def _flaw(graph: _Graph, start: list[float], end: list[float], loss: float) -> str:
    """Why what SciPy takes for a minimum is none; "" if it may be one."""
    if not isfinite(loss):
        return f"failed: the loss became {loss}"
    if graph.method == "Newton-CG" and end == start:
        slopes = graph.gradient(end)
        if any(slopes) and not any(graph.product(end, slopes)):
            return "failed: the loss is straight here, which gives Newton no step: take L-BFGS-B"
    return ""


# What SciPy's messages have in common over its versions, and what they mean.
_MEANINGS = {
    "both `ftol` and `xtol`": "converged: neither loss nor parameters change any more",
    "ftol": "converged: the loss no longer falls",
    "reduction of f": "converged: the loss no longer falls",
    "gtol": "converged: the gradient is as good as zero",
    "projected gradient": "converged: the gradient is as good as zero",
    "xtol": "converged: further steps are too small to matter",
    "terminated successfully": "converged: further steps are too small to matter",
    "evaluations": "stopped at the limit of evaluations: raise max_iterations or tolerance",
    "cg iterations": "failed: the Hessian is not positive definite enough to find a direction",
    "iterations": "stopped at the limit of iterations: raise max_iterations or tolerance",
    "abnormal": "failed: no step downhill lowers the loss, which may have a kink here",
    "precision": "failed: rounding hides any further progress",
    "nan result": "failed: the loss became nan",
}


def meaning(message: str) -> str:
    """What a message of SciPy's means.

    >>> meaning("`gtol` termination condition is satisfied.")
    'converged: the gradient is as good as zero'
    >>> meaning("CONVERGENCE: REL_REDUCTION_OF_F_<=_FACTR*EPSMCH")  # as SciPy 1.14 had it
    'converged: the loss no longer falls'
    """
    text = message.lower().replace("_", " ")
    return next((words for part, words in _MEANINGS.items() if part in text), "ended")


def _descend(graph: _Graph, start: list[float], tolerance: float | None, limit: int | None) -> Any:
    """What SciPy's `minimize` returns."""
    more = {"hessp": graph.product} if graph.method == "Newton-CG" else {}
    options = {} if limit is None else {"maxiter": limit}
    if limit is not None and graph.method == "L-BFGS-B":
        options["maxfun"] = 21 * limit  # a line search takes 20 evaluations at most
    return need("scipy.optimize", "minimize").minimize(
        graph.value, start, jac=graph.gradient, method=graph.method, tol=tolerance,
        options=options, **more,
    )  # fmt: skip


def _least_squares(
    graph: _Graph, start: list[float], tolerance: float | None, limit: int | None
) -> Any:
    """What SciPy's `least_squares` returns."""
    tolerances = {} if tolerance is None else dict.fromkeys(("ftol", "xtol", "gtol"), tolerance)
    if len(graph.at(start)) >= len(start):
        way = {"method": "lm", "x_scale": "jac"}  # More's scaling, SciPy's own from 1.16 on
    else:
        way = {"method": "trf"}
    return need("scipy.optimize", "minimize").least_squares(
        graph.value, start, graph.jacobian, max_nfev=limit, **way, **tolerances
    )


class _Graph:
    """The loss as functions of a vector, all from the graph of the point last asked about.

    Attributes:
        parameters: The Values that the vector stands for.
        method: Of `minimize`.
        residuals: Whether the loss is half the sum of squares of the Values it is computed from.
        counts: How often loss, gradient and products were computed, as `Minimum` names them.
        best: The smallest loss so far, and where.
    """

    def __init__(self, loss: Callable[[], Any], parameters: list[Value], method: str) -> None:
        if not callable(loss):
            raise TypeError(
                f"minimize takes a function that computes the loss, not a {type(loss).__name__}: "
                "lambda: mse_loss([model(x) for x in X], y)"
            )
        self.loss, self.parameters, self.method = loss, parameters, method
        self.residuals = method == "least_squares"
        names = ("evaluations", "gradient_evaluations", "hessian_products")
        self.counts = dict.fromkeys(names, 0)
        self.best = float("inf"), parameters_to_vector(parameters)
        self._point: list[float] = []
        self._ends: list[Value] = []
        self._slopes: list[Value] = []

    def at(self, point: Any) -> list[Value]:
        """The residuals at this point, or the loss as the only one in the list."""
        point = [float(x) for x in point]
        if point != self._point or not self._ends:
            vector_to_parameters(point, self.parameters)
            self._ends, self._point, self._slopes = self._checked(self.loss()), point, []
            self.counts["evaluations"] += 1
            numbers = [end.data for end in self._ends]
            loss = 0.5 * sum(r * r for r in numbers) if self.residuals else numbers[0]
            self.best = min(self.best, (loss, point))
        return self._ends

    def value(self, point: Any) -> Any:
        """The loss, or the residuals."""
        numbers = [end.data for end in self.at(point)]
        return numbers if self.residuals else numbers[0]

    def gradient(self, point: Any) -> list[float]:
        """The gradient of the loss."""
        return self.jacobian(point)[0]

    def jacobian(self, point: Any) -> list[list[float]]:
        """One row per residual: its gradient."""
        ends = self.at(point)
        self.counts["gradient_evaluations"] += 1
        return [gradients(end, self.parameters) for end in ends]

    def product(self, point: Any, v: Any) -> list[float]:
        """Hessian times v: the derivative of the gradient, itself a graph, along v."""
        (root,) = self.at(point)
        if not self._slopes:
            self._slopes = gradients(root, self.parameters, create_graph=True)
        self.counts["hessian_products"] += 1
        weights = [float(x) for x in v]
        return gradients(self._slopes, self.parameters, grad_outputs=weights)  # type: ignore[no-any-return]

    def check_start(self, start: list[float]) -> None:
        """Raises if there is nothing to minimise; the evaluation is not lost, it is kept."""
        ends = self.at(start)
        if not isfinite(self.best[0]):
            raise FloatingPointError("the loss is nan or infinite at the start: begin elsewhere")
        if not _reaches(ends, self.parameters):
            raise ValueError(
                "the loss does not depend on any of the parameters: compute it from them, as in "
                "lambda: mse_loss([model(x) for x in X], y), and not under no_grad"
            )

    def _checked(self, root: Any) -> list[Value]:
        """The Values that were computed; raises if they are not what the method takes."""
        several = self.residuals and isinstance(root, Iterable)
        ends = list(root) if several else [root]
        if several != self.residuals or not ends or not all(isinstance(e, Value) for e in ends):
            one, many = "a Value (least_squares takes a list)", "a list of Values, the residuals"
            wanted = many if self.residuals else one
            raise TypeError(f"{self.method} takes a loss that returns {wanted}, not {root!r:.60}")
        if self._ends and all(map(is_, ends, self._ends)):
            raise ValueError(
                "the loss is the same Value in every call: pass a function that computes it anew"
            )
        return ends


def _reaches(ends: list[Value], parameters: list[Value]) -> bool:
    """Whether any of the parameters stands below the ends."""
    wanted, seen, stack = {id(p) for p in parameters}, set(), list(ends)
    while stack:
        node = stack.pop()
        if id(node) in wanted:
            return True
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.parents)
    return False
