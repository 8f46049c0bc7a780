"""THE table: every operation, its value and its local derivatives, each in one place.

Holds: for each operation a function of its value, and below it the function of its partial
derivatives, decorated with the rest that is known: formulas, a box of sample points, the answers
decided at kinks.  Engine, tape, forward mode, higher orders, pictures, words and tests read this
table and nothing else.

A rule computes with floats here, and with IEEE doubles, Values, dual numbers and the symbols of
which arrays and compiled code are made elsewhere (see `rule.bind`). So it keeps to one form: it
branches with `where`, never with `if`; it compares with `<`, `<=`, `>` and `>=`, never with `==`; a
smooth partial contains no kink; and free names are those of `math` and of this table. Stable forms
are the definition.

May import: rule, and the standard library.
"""

from math import (
    acos, acosh, asin, asinh, atan, atan2, atanh, cos, cosh, erf, erfc, exp, expm1, floor, hypot,
    inf, log, log1p, log2, log10, pi, pow, sin, sinh, sqrt, tan, tanh,
)  # fmt: skip
from operator import add, mod, mul, neg, sub, truediv

from autodiff.rule import rule

LN2, LN10 = log(2.0), log(10.0)
SQRT_HALF = sqrt(0.5)
TWO_OVER_SQRT_PI = 2.0 / sqrt(pi)
ONE_OVER_SQRT_2PI = 1.0 / sqrt(2.0 * pi)


def where(c, a, b):
    return a if c else b


# --- arithmetic ---------------------------------------------------------------------------


def identity(x):
    return x


@rule(identity, "x", "1", label="=")
def d_identity(z, x):
    """x itself as a node of its own, torch's clone."""
    return (1.0,)


@rule(add, "x + y", "1", "1", label="+")
def d_add(z, x, y):
    """Sum of two."""
    return 1.0, 1.0


@rule(sub, "x - y", "1", "-1", label="-")
def d_sub(z, x, y):
    """Difference."""
    return 1.0, -1.0


@rule(mul, "x * y", "y", "x", label="*")
def d_mul(z, x, y):
    """Product of two."""
    return y, x


@rule(truediv, "x / y", "1 / y", "-z / y", name="div", label="/", sample=[(-2, 2), (0.5, 3)])
def d_div(z, x, y):
    """Quotient."""
    return 1.0 / y, -z / y


@rule(neg, "-x", "-1")
def d_neg(z, x):
    """Negation."""
    return (-1.0,)


@rule(pow, "x ** y", "y * x ** (y - 1)", "z * log(x)", label="**", sample=[(0.2, 3), (-3, 3)],
      edges=[((0.0, 0.0), 1.0, (0.0, 0.0)), ((0.0, 2.0), 0.0, (0.0, 0.0))])  # fmt: skip
def d_pow(z, x, y):
    """Power.  dz/dx is 0 where y = 0, and dz/dy is 0 where x = 0 and y >= 0."""
    dx = where(abs(y) <= 0.0, 0.0, y * pow(x, y - 1.0))
    dy = where(abs(x) <= 0.0, where(y >= 0.0, 0.0, z * log(x)), z * log(x))
    return dx, dy


def pow_const(x, n):
    return pow(x, n)


@rule(pow_const, "x ** n", "n * x ** (n - 1)", "0", label="**", sample=[(0.2, 3), (-3, 3)],
      edges=[((0.0, 0.0), 1.0, (0.0, 0.0)), ((-2.0, 3.0), -8.0, (12.0, 0.0))])  # fmt: skip
def d_pow_const(z, x, n):
    """Power with a plain number as exponent: n takes no gradient, so x may be negative."""
    return where(abs(n) <= 0.0, 0.0, n * pow(x, n - 1.0)), 0.0


@rule(mod, "x % y", "1", "-floor(x / y)", label="%", sample=[(-0.9, -0.1), (1, 2)], smooth=False,
      edges=[((5.5, 2.0), 1.5, (1.0, -2.0)), ((4.0, 2.0), 0.0, (1.0, -2.0))])  # fmt: skip
def d_mod(z, x, y):
    """Remainder with the sign of y.  It jumps where x / y is whole; there too dz/dx = 1."""
    return 1.0, -1.0 * floor(x / y)


@rule(abs, "abs(x)", "1 if x > 0 else -1 if x < 0 else 0", smooth=False,
      edges=[((0.0,), 0.0, (0.0,))])  # fmt: skip
def d_abs(z, x):
    """Absolute value; its derivative at 0 is 0."""
    return (where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0)),)


# --- exponentials, logarithms, roots ------------------------------------------------------


@rule(exp, "exp(x)", "z")
def d_exp(z, x):
    """Exponential."""
    return (z,)


@rule(expm1, "expm1(x)", "exp(x)")
def d_expm1(z, x):
    """exp(x) - 1, exact near 0."""
    return (exp(x),)


@rule(log, "log(x)", "1 / x", sample=[(0.1, 9)])
def d_log(z, x):
    """Natural logarithm."""
    return (1.0 / x,)


@rule(log1p, "log1p(x)", "1 / (1 + x)", sample=[(-0.9, 9)])
def d_log1p(z, x):
    """log(1 + x), exact near 0."""
    return (1.0 / (1.0 + x),)


@rule(log2, "log2(x)", "1 / (x * log(2))", sample=[(0.1, 9)])
def d_log2(z, x):
    """Logarithm to base 2."""
    return (1.0 / (x * LN2),)


@rule(log10, "log10(x)", "1 / (x * log(10))", sample=[(0.1, 9)])
def d_log10(z, x):
    """Logarithm to base 10."""
    return (1.0 / (x * LN10),)


@rule(sqrt, "sqrt(x)", "1 / (2 * z)", sample=[(0.1, 9)], edges=[((0.0,), 0.0, (inf,))])
def d_sqrt(z, x):
    """Square root; its derivative at 0 is inf."""
    return (0.5 / z,)


# --- circular and hyperbolic functions ----------------------------------------------------


@rule(sin, "sin(x)", "cos(x)")
def d_sin(z, x):
    """Sine; x in radians."""
    return (cos(x),)


@rule(cos, "cos(x)", "-sin(x)")
def d_cos(z, x):
    """Cosine; x in radians."""
    return (-sin(x),)


@rule(tan, "tan(x)", "1 + z ** 2", sample=[(-1.4, 1.4)])
def d_tan(z, x):
    """Tangent; x in radians."""
    return (1.0 + z * z,)


@rule(asin, "asin(x)", "1 / sqrt(1 - x ** 2)", sample=[(-0.9, 0.9)],
      edges=[((1.0,), pi / 2, (inf,))])  # fmt: skip
def d_asin(z, x):
    """Inverse sine, in radians."""
    return (1.0 / sqrt((1.0 - x) * (1.0 + x)),)


@rule(acos, "acos(x)", "-1 / sqrt(1 - x ** 2)", sample=[(-0.9, 0.9)],
      edges=[((1.0,), 0.0, (-inf,))])  # fmt: skip
def d_acos(z, x):
    """Inverse cosine, in radians."""
    return (-1.0 / sqrt((1.0 - x) * (1.0 + x)),)


@rule(atan, "atan(x)", "1 / (1 + x ** 2)")
def d_atan(z, x):
    """Inverse tangent, in radians."""
    return (1.0 / (1.0 + x * x),)


@rule(atan2, "atan2(y, x)", "x / (x ** 2 + y ** 2)", "-y / (x ** 2 + y ** 2)",
      sample=[(0.5, 2), (-2, 2)], edges=[((0.0, 0.0), 0.0, (0.0, 0.0))])  # fmt: skip
def d_atan2(z, y, x):
    """Angle of the point (x, y), in radians; at the origin both derivatives are 0."""
    r = hypot(x, y)
    return where(r <= 0.0, 0.0, x / r / r), where(r <= 0.0, 0.0, -y / r / r)


@rule(sinh, "sinh(x)", "cosh(x)")
def d_sinh(z, x):
    """Hyperbolic sine."""
    return (cosh(x),)


@rule(cosh, "cosh(x)", "sinh(x)")
def d_cosh(z, x):
    """Hyperbolic cosine."""
    return (sinh(x),)


@rule(tanh, "tanh(x)", "1 - z ** 2", sample=[(-4, 4)])
def d_tanh(z, x):
    """Hyperbolic tangent."""
    return (1.0 - z * z,)


@rule(asinh, "asinh(x)", "1 / sqrt(x ** 2 + 1)")
def d_asinh(z, x):
    """Inverse hyperbolic sine."""
    return (1.0 / sqrt(x * x + 1.0),)


@rule(acosh, "acosh(x)", "1 / sqrt(x ** 2 - 1)", sample=[(1.1, 9)],
      edges=[((1.0,), 0.0, (inf,))])  # fmt: skip
def d_acosh(z, x):
    """Inverse hyperbolic cosine."""
    return (1.0 / sqrt((x - 1.0) * (x + 1.0) + 0.0),)  # + 0.0 turns -0.0 at x = -1 into 0.0


@rule(atanh, "atanh(x)", "1 / (1 - x ** 2)", sample=[(-0.9, 0.9)],
      edges=[((1.0,), inf, (inf,))])  # fmt: skip
def d_atanh(z, x):
    """Inverse hyperbolic tangent."""
    return (1.0 / ((1.0 - x) * (1.0 + x)),)


@rule(erf, "erf(x)", "2 / sqrt(pi) * exp(-x ** 2)")
def d_erf(z, x):
    """Error function."""
    return (TWO_OVER_SQRT_PI * exp(-x * x),)


@rule(erfc, "erfc(x)", "-2 / sqrt(pi) * exp(-x ** 2)")
def d_erfc(z, x):
    """1 - erf(x), exact for large x."""
    return (-TWO_OVER_SQRT_PI * exp(-x * x),)


@rule(hypot, "hypot(x, y)", "x / z", "y / z", sample=[(0.2, 2), (-2, 2)],
      edges=[((0.0, 0.0), 0.0, (0.0, 0.0))])  # fmt: skip
def d_hypot(z, x, y):
    """sqrt(x**2 + y**2) without overflow; at the origin both derivatives are 0."""
    return where(z <= 0.0, 0.0, x / z), where(z <= 0.0, 0.0, y / z)


# --- activation functions -----------------------------------------------------------------


def sigmoid(x):
    e = exp(-abs(x))
    return where(x < 0.0, e, 1.0) / (1.0 + e)


@rule(sigmoid, "1 / (1 + exp(-x))", "z * (1 - z)", sample=[(-9, 9)])
def d_sigmoid(z, x):
    """Logistic function."""
    return (z * (1.0 - z),)


def logsigmoid(x):
    return where(x < 0.0, x, 0.0) - log1p(exp(-abs(x)))


@rule(logsigmoid, "-log1p(exp(-x))", "1 / (1 + exp(x))", sample=[(-9, 9)])
def d_logsigmoid(z, x):
    """Logarithm of the logistic function, exact for large |x|."""
    return (sigmoid(-x),)


def softplus(x):
    return where(x > 0.0, x, 0.0) + log1p(exp(-abs(x)))


@rule(softplus, "log1p(exp(x))", "1 / (1 + exp(-x))", sample=[(-9, 9)])
def d_softplus(z, x):
    """A smooth relu, exact for large |x|."""
    return (sigmoid(x),)


def relu(x):
    return where(x <= 0.0, 0.0, x)


@rule(relu, "x if x > 0 else 0", "1 if x > 0 else 0", smooth=False,
      edges=[((0.0,), 0.0, (0.0,))])  # fmt: skip
def d_relu(z, x):
    """Rectified linear unit; its derivative at 0 is 0."""
    return (where(x <= 0.0, 0.0, 1.0),)


def leaky_relu(x, negative_slope=0.01):
    return where(x > 0.0, x, negative_slope * x)


@rule(leaky_relu, "x if x > 0 else negative_slope * x", "1 if x > 0 else negative_slope",
      "0 if x > 0 else x", sample=[(-2, 2), (0.01, 0.3)], smooth=False,
      edges=[((0.0, 0.01), 0.0, (0.01, 0.0))])  # fmt: skip
def d_leaky_relu(z, x, negative_slope):
    """relu with a slope below 0; its derivative at 0 is that slope."""
    return where(x > 0.0, 1.0, negative_slope), where(x > 0.0, 0.0, x)


def elu(x, alpha=1.0):
    return where(x > 0.0, x, alpha * expm1(where(x > 0.0, 0.0, x)))


@rule(elu, "x if x > 0 else alpha * expm1(x)", "1 if x > 0 else alpha * exp(x)",
      "0 if x > 0 else expm1(x)", sample=[(-2, 2), (0.5, 1.5)], smooth=False,
      edges=[((0.0, 1.0), 0.0, (1.0, 0.0)), ((0.0, 0.5), 0.0, (0.5, 0.0))])  # fmt: skip
def d_elu(z, x, alpha):
    """Exponential linear unit (Clevert et al., 2016); its derivative at 0 is alpha."""
    negative = where(x > 0.0, 0.0, x)
    return where(x <= 0.0, alpha * exp(negative), 1.0), where(x > 0.0, 0.0, expm1(negative))


def gelu(x):
    return where(x < -40.0, -0.0, x * (0.5 * erfc(-x * SQRT_HALF)))


@rule(gelu, "x * erfc(-x / sqrt(2)) / 2",
      "erfc(-x / sqrt(2)) / 2 + x * exp(-x ** 2 / 2) / sqrt(2 * pi)")  # fmt: skip
def d_gelu(z, x):
    """x times the normal distribution function (Hendrycks, Gimpel, 2016).

    Beyond |x| = 40 the bell curve is 0 in doubles; saying so keeps inf * 0 out.
    """
    bell = where(abs(x) > 40.0, 0.0, x * exp(-0.5 * (x * x)))
    return (0.5 * erfc(-x * SQRT_HALF) + ONE_OVER_SQRT_2PI * bell,)


def silu(x):
    return where(x < -800.0, -0.0, x * sigmoid(x))


@rule(silu, "x / (1 + exp(-x))", "(1 + x / (1 + exp(x))) / (1 + exp(-x))", sample=[(-9, 9)])
def d_silu(z, x):
    """x times its logistic function, also called swish; its limits at ±inf are kept."""
    return (where(abs(x) > 800.0, where(x > 0.0, 1.0, 0.0), sigmoid(x) * (1.0 + x * sigmoid(-x))),)


# --- choices ------------------------------------------------------------------------------


def maximum(x, y):
    return where(x < y, y, where(x >= y, x, x + y))


@rule(maximum, "x if x > y else y", "1 if x > y else 0 if x < y else 0.5",
      "1 if y > x else 0 if y < x else 0.5", smooth=False,
      edges=[((1.0, 1.0), 1.0, (0.5, 0.5))])  # fmt: skip
def d_maximum(z, x, y):
    """The larger of two; equals share the gradient by halves.  nan if either is nan."""
    return (
        where(x < y, 0.0, where(x <= y, 0.5, 1.0)),
        where(y < x, 0.0, where(y <= x, 0.5, 1.0)),
    )


def minimum(x, y):
    return where(x > y, y, where(x <= y, x, x + y))


@rule(minimum, "x if x < y else y", "1 if x < y else 0 if x > y else 0.5",
      "1 if y < x else 0 if y > x else 0.5", smooth=False,
      edges=[((1.0, 1.0), 1.0, (0.5, 0.5))])  # fmt: skip
def d_minimum(z, x, y):
    """The smaller of two; equals share the gradient by halves.  nan if either is nan."""
    return (
        where(x > y, 0.0, where(x >= y, 0.5, 1.0)),
        where(y > x, 0.0, where(y >= x, 0.5, 1.0)),
    )


def clip(x, low=-inf, high=inf):
    return where(x > high, high, where(x < low, low, x))


@rule(clip, "high if x > high else low if x < low else x", "1 if low <= x <= high else 0",
      "1 if x < low else 0", "1 if x > high else 0", sample=[(-2, 2), (-1.5, -0.5), (0.5, 1.5)],
      smooth=False, edges=[((0.0, 0.0, 1.0), 0.0, (1.0, 0.0, 0.0)),
      ((1.0, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0))])  # fmt: skip
def d_clip(z, x, low, high):
    """x kept between two bounds; its derivative on a bound is 1."""
    inside = where(x >= low, where(x <= high, 1.0, 0.0), 0.0)
    above = where(x > high, 1.0, 0.0)
    return inside, where(x < low, 1.0 - above, 0.0), above


@rule(where, "a if c else b", "0", "1 if c else 0", "0 if c else 1", smooth=False,
      sample=[(0, 1), (-2, 2), (-2, 2)], edges=[((0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
      ((-1.0, 0.0, 3.0), 0.0, (0.0, 1.0, 0.0))])  # fmt: skip
def d_where(z, c, a, b):
    """a where the condition c holds, else b; the one not chosen gets the gradient 0."""
    return 0.0, where(c, 1.0, 0.0), where(c, 0.0, 1.0)


def logaddexp(x, y):
    larger = maximum(x, y)
    gap = abs(x - y)
    return where(gap >= 0.0, larger + log1p(exp(-gap)), larger)


@rule(logaddexp, "log(exp(x) + exp(y))", "1 / (1 + exp(y - x))", "1 / (1 + exp(x - y))")
def d_logaddexp(z, x, y):
    """log(exp(x) + exp(y)) without overflow."""
    return sigmoid(x - y), sigmoid(y - x)


# --- operations on any number of operands: value and partials take one sequence -----------


def sum_(xs):
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


@rule(sum_, "x1 + x2 + ...", "1", label="sum", variadic=True, sample=[(-2, 2)] * 4)
def d_sum(z, xs):
    """Sum, added from the left."""
    return (1.0,) * len(xs)


def mean(xs):
    return sum_(xs) / len(xs)


@rule(mean, "(x1 + x2 + ...) / n", "1 / n", variadic=True, sample=[(-2, 2)] * 4)
def d_mean(z, xs):
    """Arithmetic mean."""
    return (1.0 / len(xs),) * len(xs)


def prod(xs):
    product = xs[0]
    for x in xs[1:]:
        product = product * x
    return product


@rule(prod, "x1 * x2 * ...", "product of the others", variadic=True, sample=[(-2, 2)] * 4,
      edges=[((0.0, 2.0, 3.0), 0.0, (6.0, 0.0, 0.0))])  # fmt: skip
def d_prod(z, xs):
    """Product; the derivative is the product of the others, also where some are 0."""
    n = len(xs)
    before, after = [1.0] * n, [1.0] * n
    for i in range(1, n):
        before[i] = before[i - 1] * xs[i - 1]
        after[n - 1 - i] = after[n - i] * xs[n - i]
    return tuple([before[i] * after[i] for i in range(n)])


def dot(xs):
    n = len(xs) // 2
    total = 0.0
    for x, y in zip(xs[:n], xs[n:]):
        total = total + x * y
    return total


@rule(dot, "x1*y1 + x2*y2 + ...", "the other factor", variadic=True, sample=[(-2, 2)] * 6)
def d_dot(z, xs):
    """Sum of products, added from the left; the operands are x1, x2, ..., y1, y2, ..."""
    n = len(xs) // 2
    return xs[n:] + xs[:n]


def max_(xs):
    largest = xs[0]
    for x in xs[1:]:
        largest = maximum(largest, x)
    return largest


@rule(max_, "max(x1, x2, ...)", "1 / ties if x == z else 0", variadic=True, smooth=False,
      sample=[(-2, 2)] * 4, edges=[((3.0, 1.0, 3.0), 3.0, (0.5, 0.0, 0.5))])  # fmt: skip
def d_max(z, xs):
    """The largest; equals share the gradient.  nan if any is nan."""
    chosen = [where(x >= z, 1.0, 0.0) for x in xs]
    ties = sum_(chosen)
    count = where(ties > 0.0, ties, z)  # none is chosen if z is nan: then nan for all
    return tuple([c / count for c in chosen])


def min_(xs):
    smallest = xs[0]
    for x in xs[1:]:
        smallest = minimum(smallest, x)
    return smallest


@rule(min_, "min(x1, x2, ...)", "1 / ties if x == z else 0", variadic=True, smooth=False,
      sample=[(-2, 2)] * 4, edges=[((3.0, 1.0, 1.0), 1.0, (0.0, 0.5, 0.5))])  # fmt: skip
def d_min(z, xs):
    """The smallest; equals share the gradient.  nan if any is nan."""
    chosen = [where(x <= z, 1.0, 0.0) for x in xs]
    ties = sum_(chosen)
    count = where(ties > 0.0, ties, z)  # none is chosen if z is nan: then nan for all
    return tuple([c / count for c in chosen])


def logsumexp(xs):
    largest = max_(xs)
    rest, ties = 0.0, -1.0  # what is not the largest is added apart, to keep its small digits
    for x in xs:
        rest = rest + where(x < largest, exp(x - largest), 0.0)
        ties = ties + where(x < largest, 0.0, 1.0)
    return where(abs(largest) < inf, largest + log1p(ties + rest), largest)


@rule(logsumexp, "log(exp(x1) + exp(x2) + ...)", "exp(x - z)", variadic=True,
      sample=[(-2, 2)] * 4)  # fmt: skip
def d_logsumexp(z, xs):
    """log of a sum of exponentials, without overflow."""
    return tuple([exp(x - z) for x in xs])
