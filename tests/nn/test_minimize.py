"""minimize: SciPy's minima in SciPy's own number of evaluations; nothing is lost when it fails."""

import random
from itertools import pairwise

import pytest

import autodiff
from autodiff import Tape, Value
from nn import MLP, minimize, parameters_to_vector
from tests.helpers import rosenbrock

optimize = pytest.importorskip("scipy.optimize")

LM = "least_squares"
# The start of SciPy's tutorial on Rosenbrock's function; the minimum is 0 at (1, ..., 1).
START = [1.3, 0.7, 0.8, 1.9, 1.2]


def residuals(parameters):
    pairs = pairwise(parameters)
    return [r for a, b in pairs for r in (10.0 * (b - a**2), 1.0 - a)]


# --- SciPy's published minima -------------------------------------------------------------


@pytest.mark.parametrize(("method", "error"), [("L-BFGS-B", 1e-5), ("Newton-CG", 1e-3)])
def test_rosenbrocks_minimum_is_reached_in_as_many_evaluations_as_with_scipys_own_derivatives(
    method, error
):
    theirs = optimize.minimize(
        optimize.rosen, START, jac=optimize.rosen_der, method=method,
        **({"hessp": optimize.rosen_hess_prod} if method == "Newton-CG" else {}),
    )  # fmt: skip
    parameters = [Value(x) for x in START]
    found = minimize(lambda: rosenbrock(parameters), parameters, method)
    assert found.success
    assert parameters_to_vector(parameters) == found.parameters
    assert found.parameters == pytest.approx([1.0] * 5, abs=error)
    assert found.parameters == pytest.approx(theirs.x.tolist(), abs=1e-7)
    assert (found.evaluations, found.gradient_evaluations) == (theirs.nfev, theirs.njev)
    if method == "Newton-CG":
        assert found.hessian_products == theirs.nhev > 0


def test_least_squares_reaches_scipys_published_rosenbrock_exactly():
    """SciPy's reference of least_squares: from (2, 2) to (1, 1), cost about 1e-29."""
    theirs = optimize.least_squares(
        lambda p: [10.0 * (p[1] - p[0] ** 2), 1.0 - p[0]], [2.0, 2.0],
        lambda p: [[-20.0 * p[0], 10.0], [-1.0, 0.0]], method="lm", x_scale="jac",
    )  # fmt: skip
    parameters = [Value(2.0), Value(2.0)]
    found = minimize(lambda: residuals(parameters), parameters, LM)
    assert found.success
    assert found.loss < 1e-28
    assert found.parameters == pytest.approx([1.0, 1.0], abs=1e-14)
    assert found.parameters == pytest.approx(theirs.x.tolist(), abs=1e-14)
    assert found.evaluations == theirs.nfev


def test_least_squares_works_with_fewer_residuals_than_parameters():
    a, b, c = parameters = [Value(1.0), Value(2.0), Value(3.0)]
    found = minimize(lambda: [a * b - c], parameters, LM)
    assert found.success
    assert a.data * b.data == pytest.approx(c.data, abs=1e-6)


# --- a network ----------------------------------------------------------------------------


def test_a_network_needs_fifty_times_fewer_evaluations_than_gradient_descent():
    """Measured: 30 evaluations and 21 Jacobians; gradient descent at its best rate, .027: 7,916."""
    numpy = pytest.importorskip("numpy")
    X = [[-1.0 + 0.1 * i] for i in range(21)]
    y = [autodiff.sin(3.0 * x[0]) for x in X]
    fast, slow = (MLP(1, [3, 1], seed=1) for _ in range(2))
    found = minimize(
        lambda: [fast(x) - t for x, t in zip(X, y)], fast.parameters(), LM,
        tolerance=1e-3,
    )  # fmt: skip
    assert found.success
    assert found.loss < 5e-4
    tape = Tape.record(
        lambda x, t: 0.5 * (slow(x) - t) ** 2, X[0], y[0], parameters=slow.parameters()
    )
    tape.backend = "python"  # the quickest for 21 cases
    best = float("inf")
    cases = numpy.array(X), numpy.array(y)
    for lr in (0.01, 0.02, 0.027, 0.03):  # from .028 on it no longer settles
        theta = numpy.array(parameters_to_vector(slow.parameters()))
        for _ in range(50 * (found.evaluations + found.gradient_evaluations)):
            losses, gradient = tape.value_and_gradient(theta, *cases, reduction="sum")
            best = min(best, losses.sum())
            theta = theta - lr * gradient
    assert best > 10.0 * found.loss


def test_all_methods_find_the_same_line():
    """Ordinary least squares of 4 points: slope 1.4, intercept 3.5, by hand."""
    points = [(1.0, 6.0), (2.0, 5.0), (3.0, 7.0), (4.0, 10.0)]
    for method in ("L-BFGS-B", "Newton-CG", LM):
        slope, offset = Value(0.0), Value(0.0)

        def differences(slope=slope, offset=offset):
            return [slope * x + offset - y for x, y in points]

        def total(differences=differences):
            return 0.5 * autodiff.sum([d * d for d in differences()])

        loss = differences if method == LM else total
        found = minimize(loss, [slope, offset], method)
        assert found.success, found.message
        assert (slope.data, offset.data) == pytest.approx((1.4, 3.5), abs=1e-5)
        assert found.loss == pytest.approx(2.1, abs=1e-8)


# --- failure ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", LM])
def test_at_the_limit_the_parameters_come_back_and_the_message_says_what_to_do(method):
    parameters = [Value(x) for x in START]
    loss = residuals if method == LM else rosenbrock
    found = minimize(lambda: loss(parameters), parameters, method, max_iterations=3)
    assert not found.success
    assert parameters_to_vector(parameters) == START
    assert found.parameters != START
    assert found.loss < rosenbrock(START)
    for parameter, x in zip(parameters, found.parameters):
        parameter.data = x
    total = 0.5 * sum(r.data**2 for r in residuals(parameters))
    expected = total if method == LM else rosenbrock(parameters).data
    assert found.loss == pytest.approx(expected, rel=1e-12)
    assert "limit" in found.message and "raise max_iterations" in found.message
    assert "SciPy: " in found.message


def test_a_kink_is_told_in_plain_words():
    x = Value(1.0)
    found = minimize(lambda: abs(x) + 0.5 * abs(x - 3.0), [x])
    assert not found.success
    assert x.data == 1.0
    assert "failed: " in found.message


class Interrupted:
    """A loss that is interrupted in its fourth evaluation."""

    def __init__(self, parameters, loss, error):
        self.parameters, self.loss, self.error, self.calls = parameters, loss, error, 0

    def __call__(self):
        self.calls += 1
        if self.calls == 4:
            raise self.error
        return self.loss(self.parameters)


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", LM])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_is_raised_the_parameters_are_those_from_before(method, error):
    parameters = [Value(x) for x in START]
    loss = residuals if method == LM else rosenbrock
    with pytest.raises(error):
        minimize(Interrupted(parameters, loss, error), parameters, method)
    assert parameters_to_vector(parameters) == START


def test_no_gradient_of_the_users_is_touched():
    x = Value(3.0)
    x.grad = 7.0
    assert minimize(lambda: (x - 1.0) ** 2, [x], "Newton-CG").success
    assert x.data == pytest.approx(1.0)
    assert x.grad == 7.0


def test_a_tolerance_is_passed_on():
    loose, tight = [Value(x) for x in START], [Value(x) for x in START]
    first = minimize(lambda: rosenbrock(loose), loose, tolerance=1e-1)
    second = minimize(lambda: rosenbrock(tight), tight, tolerance=1e-12)
    assert first.evaluations < second.evaluations
    assert second.loss < 1e-9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: minimize(lambda: x * x, [x], "BFGS"), ValueError, "the known ones are L-BFGS-B"),
        (lambda x: minimize(lambda: x * x, []), ValueError, "no parameters"),
        (lambda x: minimize(lambda: x * x, [x, x]), ValueError, "one parameter twice"),
        (lambda x: minimize(lambda: x * x, x), TypeError, "pass model.parameters"),
        (lambda x: minimize(x * x, [x]), TypeError, "a function that computes the loss, not a V"),
        (lambda x: minimize(lambda: [x], [x]), TypeError, "returns a Value .*, not .Value"),
        (lambda x: minimize(lambda: 3.0, [x]), TypeError, "returns a Value .*, not 3.0"),
        (lambda x: minimize(lambda: x, [x], LM), TypeError, "a list of Values, the residuals"),
        (lambda x: minimize(lambda: [1.0], [x], LM), TypeError, "a list of Values, the residuals"),
        (lambda x: minimize(lambda: [], [x], LM), TypeError, "a list of Values, the residuals"),
        (lambda x: minimize(lambda: Value(1.0) * 2.0, [x]), ValueError, "does not depend on any"),
        (lambda x: minimize(lambda: (x - 2.0).log(), [x]), FloatingPointError, "at the start"),
        (lambda x: minimize(lambda: [1e200 * x], [x], LM), FloatingPointError, "at the start"),
        (lambda x: minimize(lambda: x * x, [x], tolerance=-1.0), ValueError, "from 0 on, not -1"),
        (lambda x: minimize(lambda: x * x, [x], max_iterations=0), ValueError, "from 1 on, not 0"),
        (lambda x: minimize(lambda: x * x, [x], max_iterations=2.5), ValueError, "not 2.5"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused_and_nothing_moves(call, error, message):
    x = Value(2.0 - 1e-9 * random.Random(0).random())
    before = x.data
    with pytest.raises(error, match=message):
        call(x)
    assert x.data == before


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", LM])
def test_a_loss_that_was_computed_once_is_refused(method):
    x = Value(2.0)
    loss = [x * x - 1.0, x] if method == LM else x**4
    with pytest.raises(ValueError, match="pass a function that computes it anew"):
        minimize(lambda: loss, [x], method)
    assert x.data == 2.0


def test_a_minimum_at_minus_infinity_is_a_failure():
    x = Value(1.0)
    found = minimize(lambda: -x * x, [x])
    assert not found.success
    assert x.data == 1.0
    assert found.message.startswith("failed: the loss became -inf (SciPy: ")


def test_newton_says_so_where_the_loss_does_not_bend():
    """SciPy takes the missing step for convergence."""
    x = Value(2.0)
    found = minimize(lambda: abs(x - 1.0), [x], "Newton-CG")
    assert not found.success
    assert x.data == 2.0
    assert "take L-BFGS-B" in found.message
    assert minimize(lambda: (x - 1.0) ** 2, [x], "Newton-CG").success
    again = minimize(lambda: (x - 1.0) ** 2, [x], "Newton-CG")  # from the minimum itself
    assert again.success and x.data == pytest.approx(1.0)


def test_a_failure_tells_the_smallest_loss_that_was_seen():
    """Here the last one is nan: the square root's argument has become negative."""
    x = Value(4.0)
    found = minimize(lambda: x.sqrt() + 1.0, [x])
    assert not found.success
    assert 1.0 <= found.loss < 3.0
    assert found.loss == autodiff.sqrt(*found.parameters) + 1.0


def test_a_loss_that_overflows_on_the_way_warns_of_nothing():
    x = Value(1.0)
    found = minimize(lambda: (500.0 * x).exp() - 1e9 * x, [x], "Newton-CG")
    assert not found.success
    assert x.data == 1.0


def test_no_limit_of_evaluations_comes_before_that_of_iterations(monkeypatch):
    """SciPy stops L-BFGS-B after 15,000 evaluations, whatever its limit of iterations is."""
    told, run = {}, optimize.minimize

    def spy(*given, **named):
        told.update(named["options"])
        return run(*given, **named)

    monkeypatch.setattr(optimize, "minimize", spy)
    x = Value(2.0)
    assert minimize(lambda: x**4, [x], max_iterations=20_000).success
    assert told == {"maxiter": 20_000, "maxfun": 420_000}


def test_residuals_may_come_in_an_array():
    numpy = pytest.importorskip("numpy")
    parameters = [Value(2.0), Value(2.0)]
    assert minimize(lambda: numpy.array(residuals(parameters)), parameters, LM).success
    assert parameters_to_vector(parameters) == pytest.approx([1.0, 1.0], abs=1e-14)


def test_a_parameter_that_is_not_used_stays_where_it_is():
    x, unused = Value(2.0), Value(5.0)
    for method in ("L-BFGS-B", "Newton-CG"):
        assert minimize(lambda: (x - 1.0) ** 2, [x, unused], method).success
        assert unused.data == 5.0
