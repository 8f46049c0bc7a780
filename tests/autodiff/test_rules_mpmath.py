"""Every rule of the table against mpmath: values, partials, formulas, decided edges, slow path.

The bound for a value is 4 ulp + 2 eps |x f'(x)|, summed over the operands: what correct rounding of
every step leaves open.  For a partial it is the same with f'' in place of f', and what the rounding
of z does to it.  Inside the sample box a rule may also lose what rounding its own steps loses;
near hard points it may not.  mpmath's derivatives are differences of its values, so no formula of a
derivative is written twice.
"""

import functools
import math
import random

import mpmath
import pytest
from mpmath import mpf

from autodiff import Value
from autodiff.ieee import Double
from autodiff.operations import record
from autodiff.rule import IEEE, RULES
from tests.autodiff.references import (
    evaluate,
    formula_value,
    free,
    own_rounding,
    slope,
    ulp,
)

EPS = 2.0**-52
EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)

# Where formulas written without care lose digits.
HARD = {
    "expm1": [(1e-20,), (-1e-10,), (1e-5,), (-40.0,), (700.0,)],
    "log1p": [(1e-20,), (-1e-10,), (1e-5,), (-1.0 + 2.0**-53,), (1e20,)],
    "exp": [(-745.0,), (-700.0,), (709.7,), (1e-20,)],
    "log": [(1.0 + 2.0**-52,), (1.0 - 2.0**-53,), (1e-10,), (1e300,)],
    "log2": [(1.0 + 2.0**-52,), (1.0 - 2.0**-53,), (1e-10,), (1024.0,)],
    "log10": [(1.0 + 2.0**-52,), (1.0 - 2.0**-53,), (1e-10,), (1000.0,)],
    "sqrt": [(1e-10,), (1e300,), (1.0 + 2.0**-52,)],
    "sin": [(1e-20,), (3.141592653589793,), (1e5,)],
    "cos": [(1e-20,), (1.5707963267948966,), (1e5,)],
    "tan": [(1e-20,), (1.5707963267948966,), (3.141592653589793,)],
    "asin": [(1e-20,), (1.0 - 2.0**-53,), (-1.0 + 2.0**-53,)],
    "acos": [(1e-20,), (1.0 - 2.0**-53,), (-1.0 + 2.0**-53,)],
    "atan": [(1e-20,), (1e10,), (-1e10,)],
    "atan2": [(1e-10, -1.0), (-1e-10, -1.0), (3e5, 4e5), (1e-10, 2e-10)],
    "sinh": [(1e-20,), (1e-5,), (700.0,), (-700.0,)],
    "cosh": [(1e-20,), (1e-5,), (700.0,), (-700.0,)],
    "tanh": [(1e-20,), (-1e-10,), (1e-5,), (0.01,), (20.0,), (-20.0,), (400.0,)],
    "asinh": [(1e-20,), (-1e-5,), (1e10,), (-1e10,)],
    "acosh": [(1.0 + 2.0**-52,), (1.0 + 1e-10,), (1e10,)],
    "atanh": [(1e-20,), (1e-5,), (1.0 - 2.0**-53,), (-1.0 + 2.0**-53,), (0.999999,)],
    "erf": [(1e-20,), (1e-5,), (6.0,), (-6.0,)],
    "erfc": [(1e-20,), (6.0,), (20.0,), (26.0,), (-6.0,)],
    "hypot": [(3e5, 4e5), (1e-10, 1.0), (-3e-8, 4e-8)],
    "sigmoid": [(-745.0,), (-700.0,), (-40.0,), (37.0,), (40.0,), (745.0,), (1e-20,)],
    "logsigmoid": [(-745.0,), (-40.0,), (20.0,), (40.0,), (700.0,), (1e-20,)],
    "softplus": [(-745.0,), (-700.0,), (-40.0,), (20.0,), (20.1,), (40.0,), (745.0,), (1e-20,)],
    "elu": [(-1e-20, 1.0), (-1e-5, 1.0), (-40.0, 0.5), (-700.0, 1.5), (1e-20, 1.0)],
    "gelu": [(-30.0,), (-37.0,), (-8.0,), (-0.75,), (1e-20,), (8.0,), (39.0,), (41.0,)],
    "silu": [(-700.0,), (-40.0,), (-1.2784645427610738,), (1e-20,), (40.0,),
             (745.0,)],
    "pow": [(1.0 + 2.0**-52, 1e15), (10.0, -300.0), (0.5, 1000.0), (1e-8, 0.5)],
    "pow_const": [(1.0 + 2.0**-52, 1e15), (10.0, -300.0), (0.5, 1000.0), (1e-8, 0.5)],
    "logaddexp": [(1000.0, 0.0), (-1000.0, 0.5), (1e6, 1e6 + 0.5), (40.0, 0.0), (1e-20, -40.0)],
    "logsumexp": [
        (1000.0, 0.0), (-1000.0, -1000.5), (1e6, 1e6 + 0.5, -1e6), (40.0, 0.0, 0.0),
        (0.0, -40.0, -41.0), (-1e-20, -50.0),
    ],
}  # fmt: skip


def sampled(rule):
    """Seeded points of the sample box; few where there are many operands."""
    generator = random.Random(rule.name)
    count = {1: 200, 2: 100, 3: 60}.get(len(rule.sample), 30)
    for _ in range(count):
        yield tuple([generator.uniform(low, high) for low, high in rule.sample])


def ours(rule, xs):
    """Value and partials as a graph computes them."""
    operands = tuple([Value(x) for x in xs])
    z = record(rule, operands)
    z.backward()
    return z.data, [operand.grad for operand in operands]


def faults(rule, xs, digits=100, hard=False):
    """What is further from mpmath than the bound, in words; an empty list if nothing is."""
    found = []

    def judge(name, number, truth, bound, place=None):
        gap = abs(mpf(number) - truth)
        if not gap <= bound and not gap <= bound + own_rounding(rule, xs, place, of_z=hard):
            found.append(
                f"{name}{xs} = {number!r}, exactly {mpmath.nstr(truth, 20)}, "
                f"{mpmath.nstr(gap / bound, 3)} times the bound {mpmath.nstr(bound, 3)} away"
                if bound
                else f"{name}{xs} = {number!r}, which takes no gradient"
            )

    value, partials = ours(rule, xs)
    with mpmath.workdps(digits):
        step, point = mpf(10) ** -30 * (1 + max(map(abs, xs))), [mpf(x) for x in xs]
        exact = functools.partial(evaluate, rule)
        places = range(len(xs)) if rule.variadic else free(rule)
        z, firsts = exact(point), {i: slope(exact, point, i, step) for i in places}
        spread = sum(abs(point[i] * firsts[i]) for i in places)
        judge(rule.name, value, z, 4 * ulp(z) + 2 * EPS * spread)
        for i, partial in enumerate(partials):
            if i not in firsts:
                judge(f"partial {i} of {rule.name}", partial, 0, 0)
                continue
            first = functools.partial(slope, exact, i=i, step=step)
            spread = sum(abs(point[k] * slope(first, point, k, step)) for k in places)
            bound = 4 * ulp(firsts[i]) + 2 * EPS * spread
            judge(f"partial {i} of {rule.name}", partial, firsts[i], bound, i)
    return found


@EVERY_RULE
def test_value_and_partials_are_exact_over_the_sample_box(rule):
    for xs in sampled(rule):
        assert faults(rule, xs) == []


@pytest.mark.parametrize("name", HARD)
def test_value_and_partials_are_exact_near_hard_points(name):
    for xs in HARD[name]:
        assert faults(RULES[name], xs, digits=1100, hard=True) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("tanh", lambda z, x: (1.0 - z * z + 1e-14,)), ("log", lambda z, x: ((1 + 5e-15) / x,))],
)
def test_a_partial_wrong_by_a_few_rounding_errors_is_found(name, wrong, monkeypatch):
    monkeypatch.setattr(RULES[name], "partials", wrong)
    found = [fault for xs in sampled(RULES[name]) for fault in faults(RULES[name], xs)]
    assert any(fault.startswith(f"partial 0 of {name}") for fault in found)


# --- formulas as text ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if not rule.variadic], ids=lambda rule: rule.name
)
def test_the_formulas_say_what_the_rule_computes(rule):
    with mpmath.workdps(60):
        exact = functools.partial(evaluate, rule)
        for xs in list(sampled(rule))[:20]:
            point = [mpf(x) for x in xs]
            names = {**dict(zip(rule.operands, point, strict=True)), "z": exact(point)}
            value = formula_value(rule.formula, names)
            assert abs(value - names["z"]) <= 1e-50 * (1 + abs(names["z"]))
            for i in free(rule):
                first = slope(exact, point, i, mpf(10) ** -20)
                told = formula_value(rule.derivatives[i], names)
                assert abs(told - first) <= 1e-30 * (1 + abs(first)), rule.derivatives[i]


# --- decided edges, and the two paths -----------------------------------------------------


def same(x, y):
    return x == y or (math.isnan(x) and math.isnan(y))


@pytest.mark.parametrize(
    ("rule", "case"),
    [(rule, case) for rule in RULES.values() for case in rule.edges],
    ids=lambda each: getattr(each, "name", None) or str(each[0]),
)
def test_the_edges_that_a_rule_decides_hold_exactly(rule, case):
    xs, expected, expected_partials = case
    value, partials = ours(rule, xs)
    assert same(value, expected)
    assert len(partials) == len(expected_partials)
    assert all(map(same, partials, expected_partials)), partials


@EVERY_RULE
def test_the_slow_path_computes_what_the_fast_path_does(rule):
    value, partials = rule.bound(IEEE)
    for xs in sampled(rule):
        doubles = tuple(map(Double, xs))
        fast = rule.value(xs) if rule.variadic else rule.value(*xs)
        slow = value(doubles) if rule.variadic else value(*doubles)
        assert float(fast).hex() == float(slow).hex()
        z = Double(fast)
        fast = rule.partials(fast, xs) if rule.variadic else rule.partials(fast, *xs)
        slow = partials(z, doubles) if rule.variadic else partials(z, *doubles)
        assert [float(d).hex() for d in fast] == [float(d).hex() for d in slow]


@EVERY_RULE
def test_no_rule_raises_at_any_combination_of_awkward_numbers(rule):
    awkward = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-320, 1e308, -1e308, 1000.0, math.inf,
               -math.inf, math.nan]  # fmt: skip
    generator = random.Random(rule.name)
    width = len(rule.sample)
    for _ in range(400):
        xs = tuple(generator.choices(awkward, k=width))
        z = rule.apply(xs)
        partials = rule.local_partials(z, xs)
        assert type(z) is float
        assert [type(d) for d in partials] == [float] * width
