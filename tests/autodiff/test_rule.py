"""Operations of one's own: one registration, and every feature picks them up."""

import math
import operator

import pytest

import autodiff
from autodiff import Value, check_rule, detect_anomaly, gradcheck, rule
from autodiff.rule import RULES

pytestmark = pytest.mark.usefixtures("own_rules")


def register_cube(error=0.0, **options):
    def cube(x):
        return x * x * x

    @rule(cube, "x ** 3", "3 * x ** 2", **options)
    def d_cube(z, x):
        """Third power."""
        return (3.0 * x * x * (1.0 + error),)

    return d_cube


def everything_registered():
    names = {name for name in vars(Value) if not name.startswith("__")}
    return dict(RULES), set(dir(autodiff)), names


# --- what a rule brings -------------------------------------------------------------------


def test_a_rule_becomes_a_method_and_a_function():
    register_cube(label="^3")
    x = Value(2.0)
    for z in (x.cube(), autodiff.cube(x)):
        assert (z.op, z.data) == ("^3", 8.0)
        x.grad = 0.0
        z.backward()
        assert x.grad == 12.0
    assert autodiff.cube(2.0) == 8.0
    assert type(autodiff.cube(2)) is float


def test_a_rule_stands_in_the_table_with_all_that_is_known():
    register_cube()
    made = RULES["cube"]
    assert (made.name, made.label, made.arity, made.operands) == ("cube", "cube", 1, ("x",))
    assert (made.formula, made.derivatives, made.doc) == ("x ** 3", ("3 * x ** 2",), "Third power.")
    assert "cube" in dir(autodiff)
    assert "Third power." in autodiff.cube.__doc__


def test_the_decorated_function_stays_a_function():
    assert register_cube()(8.0, 2.0) == (12.0,)


def test_a_rule_without_formulas_gets_a_placeholder():
    def square_plus(x):
        return x * x + 1.0

    @rule(square_plus)
    def d_square_plus(z, x):
        return (2.0 * x,)

    z = Value(3.0).square_plus()
    z.backward()
    assert (z.data, z.parents[0].grad, RULES["square_plus"].formula) == (
        10.0,
        6.0,
        "square_plus(...)",
    )


def test_gradcheck_and_the_rule_checker_judge_it():
    register_cube()
    assert gradcheck(lambda x: x.cube(), [1.2])
    assert check_rule("cube")


def test_gradcheck_and_the_rule_checker_find_it_wrong():
    register_cube(error=1e-5)
    assert not gradcheck(lambda x: x.cube(), [1.2])
    assert not check_rule("cube")


def test_a_rule_of_two_with_a_default():
    def power_law(x, exponent=2.0):
        return math.pow(x, exponent)

    @rule(power_law, "x ** exponent", "exponent * z / x", "z * log(x)", sample=[(1, 2), (1, 3)])
    def d_power_law(z, x, exponent):
        return exponent * z / x, z * math.log(x)

    x = Value(3.0)
    assert [x.power_law().data, x.power_law(3).data, autodiff.power_law(3.0, exponent=1)] == [
        9,
        27,
        3,
    ]
    x.power_law().backward()
    assert x.grad == 6.0
    assert check_rule("power_law")


def test_a_rule_of_three():
    def blend(x, y, t):
        return x * (1.0 - t) + y * t

    @rule(blend, "x * (1 - t) + y * t", "1 - t", "t", "y - x")
    def d_blend(z, x, y, t):
        return 1.0 - t, t, y - x

    x, y, t = Value(2.0), Value(6.0), Value(0.25)
    z = x.blend(y, t)
    z.backward()
    assert (z.data, [v.grad for v in (x, y, t)]) == (3.0, [0.75, 0.25, 4.0])
    assert len(z.parents) == 3
    assert check_rule("blend")


def test_a_rule_of_any_number():
    def norm(xs):
        return math.hypot(*xs)

    @rule(norm, "sqrt(x1 ** 2 + ...)", "x / z", variadic=True, sample=[(0.5, 2)] * 3)
    def d_norm(z, xs):
        return tuple([x / z for x in xs])

    xs = [Value(2.0), Value(3.0), Value(6.0)]
    z = autodiff.norm(xs)
    z.backward()
    assert (z.data, [x.grad for x in xs]) == (7.0, [2 / 7, 3 / 7, 6 / 7])
    assert autodiff.norm([3, 4]) == 5.0
    assert check_rule("norm")


def test_a_rule_made_of_a_function_of_math():
    @rule(math.cbrt if hasattr(math, "cbrt") else math.sqrt, name="root", sample=[(1, 2)])
    def d_root(z, x):
        return (z / (3.0 * x) if hasattr(math, "cbrt") else 0.5 / z,)

    assert check_rule("root")


def test_a_rule_may_be_named_otherwise_than_its_function():
    @rule(lambda x: x * x, "x ** 2", "2 * x", name="squared")
    def d_squared(z, x):
        return (2.0 * x,)

    assert Value(3.0).squared().data == 9.0


def test_detect_anomaly_names_it():
    def pole(x):
        return 1.0 / x

    @rule(pole, "1 / x", "-z / x", sample=[(1, 2)])
    def d_pole(z, x):
        return (-z / x,)

    assert Value(0.0).pole().data == math.inf
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"pole\(x=0\.0\) gave inf"):
        Value(0.0, label="x").pole()


# --- numbers as IEEE 754 has them ---------------------------------------------------------


def register_slow(value, **options):
    options = {"sample": [(1, 2)], **options}

    @rule(value, name="slow", **options)
    def d_slow(z, x):
        return (z * 0.0,)


@pytest.mark.parametrize(
    "value",
    [
        lambda x: math.exp(x) + 1.0,
        lambda x: math.pi * math.exp(x),
        lambda x: x**300,
        lambda x: 2.0 ** (x * 2.0),
        lambda x: math.exp(+x),
        lambda x: math.fabs(math.exp(x)),
        lambda x: math.exp(x) if math.isfinite(x) else x,
        lambda x: 1.0 / (x - 1000.0) + math.tau,
        lambda x: 1.0 / abs(x - 1000.0),
        lambda x: 1.0 // (x - 1000.0) if x < 1000.0 else math.inf,
    ],
)
def test_a_rule_that_overflows_or_meets_a_pole_gives_infinity(value):
    register_slow(value)
    assert Value(1000.0).slow().data == math.inf
    assert autodiff.slow(1000.0) == math.inf


def test_a_rule_outside_its_domain_gives_nan():
    register_slow(lambda x: math.log(x) + math.e)
    assert math.isnan(Value(-1.0).slow().data)


def test_a_rule_may_use_other_rules():
    from autodiff.rules import sigmoid, softplus

    def own_mish(x):
        return x * math.tanh(softplus(x))

    @rule(own_mish, "x * tanh(softplus(x))", "...", sample=[(-3, 3)])
    def d_own_mish(z, x):
        t = math.tanh(softplus(x))
        return (t + x * (1.0 - t * t) * sigmoid(x),)

    assert check_rule("own_mish")
    assert gradcheck(lambda x: x.own_mish() * x, [0.3])


def test_data_is_a_float_even_if_a_rule_returns_a_whole_number():
    def step(x):
        return 1 if x > 0 else 0

    @rule(step, "1 if x > 0 else 0", "0", smooth=False)
    def d_step(z, x):
        return (0,)

    x = Value(2.0)
    z = x.step()
    z.backward()
    assert type(z.data) is type(x.grad) is float
    assert (z.data, x.grad) == (1.0, 0.0)


# --- what is refused, and nothing changed -------------------------------------------------


def refused(error, words, register):
    before = everything_registered()
    with pytest.raises(error, match=words):
        register()
    assert everything_registered() == before


def test_a_rule_registered_twice_is_refused():
    register_cube()
    refused(
        ValueError,
        "rule 'cube' is registered already: choose another name, or pass replace=True",
        lambda: register_cube(error=1.0),
    )
    assert check_rule("cube")


def test_a_rule_of_ours_is_not_replaced_by_accident():
    refused(ValueError, "rule 'tanh' is registered already", lambda: register_cube(name="tanh"))
    assert Value(0.5).tanh().data == math.tanh(0.5)


def test_a_wrong_number_of_partials_is_refused():
    def register():
        @rule(lambda x, y: x * y, "x * y", "y", "x", name="product")
        def d_product(z, x, y):
            return (y,)

    words = "the partials of rule 'product' returned 1 numbers for 2 operands: return a tuple"
    refused(ValueError, words, register)


def test_a_wrong_number_of_partials_of_a_wide_rule_is_refused():
    def register():
        @rule(sum, name="total", variadic=True, sample=[(0, 1)] * 3)
        def d_total(z, xs):
            return 1.0, 1.0

    refused(ValueError, "rule 'total' returned 2 numbers for 3 operands", register)


def test_partials_that_are_no_tuple_are_refused():
    def register():
        @rule(lambda x: 2.0 * x, name="double")
        def d_double(z, x):
            return 2.0

    refused(
        TypeError, r"rule 'double' returned float, expected a tuple: write `return \(", register
    )


def test_a_wrong_number_of_formulas_is_refused():
    def register():
        @rule(lambda x, y: x * y, "x * y", "y", name="product")
        def d_product(z, x, y):
            return y, x

    words = (
        r"rule 'product' has 2 operands \(x, y\) but 1 derivative formulas: give one per operand"
    )
    refused(ValueError, words, register)


def test_a_wrong_number_of_sample_boxes_is_refused():
    words = "rule 'cube' has 1 operands but a sample of 2 boxes"
    refused(ValueError, words, lambda: register_cube(sample=[(0, 1), (0, 1)]))


@pytest.mark.parametrize(
    "name", [name for name in dir(Value) if not name.startswith("__") and name not in RULES]
)
def test_a_name_that_a_value_uses_otherwise_is_refused(name):
    refused(ValueError, f"{name!r}", lambda: register_cube(name=name))


@pytest.mark.parametrize("name", ["softmax", "Value"])
def test_a_name_that_the_package_uses_otherwise_is_refused(name):
    refused(ValueError, f"{name!r}", lambda: register_cube(name=name))


@pytest.mark.parametrize("name", ["two words", "lambda"])
def test_a_name_that_nobody_could_write_is_refused(name):
    refused(ValueError, "name", lambda: register_cube(name=name))


# --- replacing ----------------------------------------------------------------------------


def slope(function, *xs):
    leaves = [Value(x) for x in xs]
    function(*leaves).backward()
    return leaves[0].grad


def test_a_replaced_rule_of_one_is_used_everywhere():
    register_cube(error=1.0)
    register_cube(replace=True)
    assert slope(lambda x: x.cube(), 2.0) == slope(lambda x: autodiff.cube(x), 2.0) == 12.0


USES = {
    "mul": [
        operator.mul,
        lambda x, y: autodiff.mul(x, y),
        lambda x, y: x.mul(y),
        lambda x, y: 3.0 * x,
    ],
    "pow": [
        operator.pow,
        lambda x, y: autodiff.pow(x, y),
        lambda x, y: x.pow(y),
        lambda x, y: 2.0**x,
    ],
    "pow_const": [
        lambda x, y: x**3.0,
        lambda x, y: x.pow(3.0),
        lambda x, y: autodiff.pow(x, 3.0),
    ],
    "add": [operator.add, lambda x, y: autodiff.add(x, y), lambda x, y: 3.0 + x],
    "maximum": [lambda x, y: autodiff.maximum(x, y), lambda x, y: x.maximum(y)],
}


@pytest.mark.parametrize("name", USES)
def test_a_replaced_operator_is_used_everywhere(name):
    @rule(RULES[name].value, name=name, sample=[(1, 2)] * 2, replace=True)
    def replacement(z, x, y):
        return 77.0, 77.0

    slopes = [slope(use, 2.0, 3.0) for use in USES[name]]
    assert slopes == [77.0] * len(USES[name])


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_a_replaced_rule_of_any_number_is_used_everywhere(name):
    @rule(RULES[name].value, name=name, variadic=True, sample=[(1, 2)] * 3, replace=True)
    def replacement(z, xs):
        return (77.0,) * len(xs)

    assert slope(lambda x, y: getattr(autodiff, name)([x, y]), 2.0, 3.0) == 77.0
