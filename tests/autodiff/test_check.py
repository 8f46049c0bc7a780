"""The checker itself: it fails wrong rules, passes right ones, and says when it cannot judge."""

import doctest
import itertools
import math
import random
from collections import Counter

import pytest

import autodiff
from autodiff import Value, check_rule, detect_anomaly, gradcheck
from autodiff.check.slope import slope_of
from autodiff.check.texts import false_texts, is_expression
from autodiff.rule import RULES, rule
from tests.autodiff import judges
from tests.autodiff.slopes import CASES, KINDS, Case, exact_slopes


@pytest.fixture
def spoiled():
    """Registers x**3 with its derivative off by a relative error, and forgets it afterwards."""

    def register(error):
        def spoiled_cube(x):
            return x * x * x

        @rule(spoiled_cube, "x ** 3", "3 * x ** 2", sample=[(0.5, 2.0)], replace=True)
        def d_spoiled_cube(z, x):
            return (3.0 * (1.0 + error) * x * x,)

    yield register
    RULES.pop("spoiled_cube")
    autodiff.operations.FUNCTIONS.pop("spoiled_cube")
    del Value.spoiled_cube


@pytest.mark.parametrize("name", [name for name in RULES if name != "spoiled_cube"])
def test_every_rule_passes_over_its_sample_box(name):
    assert check_rule(name), str(check_rule(name))


@pytest.mark.parametrize("error", [1e-5, -1e-5, 1e-3, -2.0])
def test_a_rule_wrong_by_a_hundred_thousandth_fails(spoiled, error):
    spoiled(error)
    report = gradcheck(lambda x: x.spoiled_cube(), [1.2])
    assert not report
    assert report.worst.verdict == "differs"
    assert str(report).startswith("gradcheck FAILED for 1 of 1 inputs; worst: input 0 = 1.2: ")
    assert not check_rule("spoiled_cube")


def test_a_rule_that_is_right_to_a_ten_millionth_passes(spoiled):
    spoiled(1e-7)
    assert gradcheck(lambda x: x.spoiled_cube(), [1.2])


def test_the_report_names_the_worst_input_with_both_numbers(spoiled):
    spoiled(1e-3)
    x, y = Value(1.0, label="good"), Value(2.0, label="bad")
    report = gradcheck(lambda x, y: x.tanh() + y.spoiled_cube(), [x, y])
    assert report.worst.name == "bad"
    assert report.worst.analytic == pytest.approx(12.012)
    assert report.worst.numeric == pytest.approx(12.0)
    assert "bad = 2: analytic 12.012, numeric 12, relative difference 1.0e-03" in str(report)


# --- the formulas of rules ----------------------------------------------------------------


EXPRESSIONS = [rule for rule in RULES.values() if is_expression(rule, rule.formula)]


@pytest.mark.parametrize(
    "wrong", ["({}) + 1e-4", "-({}) - 1", "({", "({}) + nobody", "nothing({})"]
)
@pytest.mark.parametrize("rule", EXPRESSIONS, ids=lambda rule: rule.name)
def test_a_false_formula_of_any_rule_is_found(rule, wrong, monkeypatch):
    xs = tuple([low + 0.37 * (high - low) for low, high in rule.sample])
    assert not list(false_texts(rule, xs, 1e-6))
    texts = [rule.formula, *rule.derivatives]
    for i, text in enumerate(texts):
        spoiled = [*texts[:i], wrong.replace("{}", text), *texts[i + 1 :]]
        monkeypatch.setattr(rule, "formula", spoiled[0])
        monkeypatch.setattr(rule, "derivatives", tuple(spoiled[1:]))
        (found,) = false_texts(rule, xs, 1e-6)
        assert f"{spoiled[i]!r}, " in str(found)


def test_only_rules_of_any_number_have_formulas_that_are_not_evaluated():
    left_out = {rule.name for rule in RULES.values()} - {rule.name for rule in EXPRESSIONS}
    assert left_out == {rule.name for rule in RULES.values() if rule.variadic}
    for each in EXPRESSIONS:
        assert all(is_expression(each, text) for text in each.derivatives)


@pytest.mark.parametrize(
    ("formula", "derivative", "sentence"),
    [
        ("x ** 3", "2 * x", "the formula of rule 'own_square', 'x ** 3', gives -1.176673899 at "
         "x = -1.05573, where the rule computes 1.11456161"),
        ("x ** 2", "x", "the formula of dz/dx of rule 'own_square', 'x', gives "),
        ("x ** ", "2 * x", "'x ** ', cannot be evaluated, invalid syntax: write an expression of "
         "the operands, or '...'"),
        ("x ** 2", "2 * w", "'2 * w', cannot be evaluated, 'w' is neither an operand nor a "
         "constant: write an expression of z and the operands, or '...'"),
    ],
)  # fmt: skip
def test_a_rule_that_says_something_else_than_it_computes_fails(
    formula, derivative, sentence, own_rules
):
    @rule(lambda x: x * x, formula, derivative, name="own_square")
    def d_own_square(z, x):
        return (2.0 * x,)

    report = check_rule("own_square")
    assert not report
    assert sentence in str(report)


@pytest.mark.parametrize("text", ["x * x - 1e9 + 1e9", "x * x if x == x else nan", "cbrt(x ** 6)"])
def test_a_formula_may_be_less_exact_than_the_rule(text, own_rules):
    if "cbrt" in text and not hasattr(math, "cbrt"):
        pytest.skip("math.cbrt came with Python 3.11")

    @rule(lambda x: x * x, text, "...", name="own_square")
    def d_own_square(z, x):
        return (2.0 * x,)

    assert check_rule("own_square")


# --- where there is no derivative ---------------------------------------------------------


def no_root(x):
    """The third root, which rises straight up at 0."""
    return x ** (1.0 / 3.0) if x >= 0.0 else -((-x) ** (1.0 / 3.0))


def wave(x):
    """x sin(1 / x), which swings ever faster as x goes to 0."""
    return x * (1.0 / x).sin() if x else x * 0.0


@pytest.mark.parametrize(
    ("f", "at", "reason"),
    [
        (lambda x: x.relu(), 0.0, "at a kink: the slope is 0 to the left and 1 to the right"),
        (abs, 0.0, "at a kink: the slope is -1 to the left and 1 to the right"),
        (lambda x: (x * 0.1 - 0.3).relu(), 3.0, "at a kink"),
        (lambda x: abs(x.exp() - math.e), 1.0, "is -2.72 to the left and 2.72 to the right"),
        (lambda x: x + 1e-4 * abs(x), 0.0, "is 0.9999 to the left and 1.0001 to the right"),
        (lambda x: x % 1.0, 2.0, "at a jump"),
        (lambda x: (x * 0.5) % 1.0, 2.0, "at a jump"),
        (lambda x: (x / 3.0) % 1.0, 3.0, "at a jump"),
        (lambda x: x * 0.0 + (x.data > 0.0) - (x.data < 0.0), 0.0, "at a jump"),
        (lambda x: abs(x) ** 0.5, 0.0, "the slope grows without bound"),
        (no_root, 0.0, "the slope grows without bound"),
        (wave, 0.0, "the function is rough"),
        (lambda x: x.sin(), 1e17, "the function is rough"),
        (lambda x: x - x % 1.0, 100.5, "on one tread of a staircase, with a jump of 1 at"),
        (lambda x: x.sqrt(), 0.0, "the function is not finite on both sides of it"),
        (lambda x: x.asin(), 1.0, "the function is not finite on both sides of it"),
        (lambda x: x.log(), 0.0, "the function is -inf at it"),
        (lambda x: x.log(), -1.0, "the function is nan at it"),
        (lambda x: x * 1.0, math.nan, "the input is nan"),
        (lambda x: x * 1.0, -math.inf, "the input is -inf"),
        (lambda x: x.sin() + 1e13, 1.0, "rounding hides the change: it moves the function by 0.0"),
        (lambda x: x.sin() + 1e16, 1.0, "rounding hides the change"),
        (lambda x: (x * 1e9).sin(), 1.0, "; a tolerance of 1e-05 would do"),
    ],
)
def test_where_there_is_no_derivative_it_refuses_to_judge_and_names_the_true_reason(f, at, reason):
    report = gradcheck(f, [at])
    assert not report
    assert report.worst.verdict == "refused"
    assert reason in str(report)
    assert report.worst.reason[:12] in judges.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("at", [1e-12, -1e-9, 0.3, 1.0, 120.0, -7e5, 1e9, 1e12])
@pytest.mark.parametrize("width", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize("trend", [0.0, 1.0, -30.0])
def test_kinks_and_jumps_are_seen_at_every_scale(at, width, trend):
    width *= abs(at)
    bent = gradcheck(lambda x: abs((x - at) / width) + trend * (x / width), [at])
    assert "at a kink" in str(bent)
    torn = gradcheck(lambda x: (x >= at) + trend * (x / width - at / width), [at])
    assert "at a jump" in str(torn)


@pytest.mark.parametrize("at", [0.0, 1e-9, 1.0, -1e9])
def test_a_function_that_gives_something_else_each_time_is_called_so(at):
    source, calls = random.Random(1), itertools.count()
    for f in (
        lambda x: x + source.random(),
        lambda x: x * (1.0 + 1e-12 * source.random()),
        lambda x: x * (source.random() < 0.5),  # dropout
        lambda x: x * next(calls),
    ):
        report = gradcheck(f, [at or 0.5])
        assert "the function is not deterministic: two calls at the same point gave" in str(report)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: x.relu(), 1e-4),  # beside the kink
        (lambda x: x.relu(), -1e-8),
        (lambda x: x.relu(), 1e-13),
        (lambda x: 1e13 + x, 1.0),
        (lambda x: (x + 1e12) - 1e12, 1.0),
        (lambda x: (x * 1e3).sin() ** 2 + (x * 1e3).cos() ** 2, 0.8),
        (lambda x: (x - 5.0).relu() + 5.0, 1.0),
        (lambda x: x.log(), 1e-8),
        (lambda x: x.exp(), 300.0),
        (lambda x: x.cos(), 1e-8),
        (lambda x: x.sin() * 1e-20, 1.0),
        (lambda x: (x * 1e6).tanh(), 1e-6),
        (lambda x: x * 0.0, 3.0),
        (lambda x: x / 3.0, -1e-300),
    ],
)
def test_steps_fit_functions_of_any_scale(f, at):
    assert gradcheck(f, [at]), str(gradcheck(f, [at]))


def test_rounding_inside_the_function_is_no_false_alarm():
    """The result is 1e-6, but differences of numbers near 10 go into it, and their last digits."""
    for k in range(20):
        at = 0.7 + 0.01 * k
        assert gradcheck(lambda x: ((x.exp() * 5.0 + 10.0) - x.exp() * 5.0 - 10.0) + 1e-6 * x, [at])


def test_values_that_were_passed_in_are_put_back():
    w, other = Value(0.3, label="w"), Value(2.0)
    w.grad, other.grad = 7.0, 8.0
    assert gradcheck(lambda w: w * other, [w])
    assert (w.data, w.grad, other.grad) == (0.3, 7.0, 8.0)


def test_values_are_put_back_when_the_function_raises():
    w = Value(0.3)
    calls = []

    def f(w):
        calls.append(w)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return w * w

    with pytest.raises(KeyboardInterrupt):
        gradcheck(f, [w])
    assert (w.data, w.grad) == (0.3, 0.0)


def test_where_the_function_raises_for_a_number_that_does_not_exist_it_is_not_finite():
    assert gradcheck(lambda x: x * (1.0 / x.data) * x, [1.0]).worst.verdict == "differs"
    at_pole = gradcheck(lambda x: x * math.exp(x.data * 709.7827), [1.0])
    assert "the function is not finite on both sides of it" in str(at_pole)
    with detect_anomaly():
        assert gradcheck(lambda x, y: x.exp() + (y - 9.0).relu() * x.exp().exp(), [1.0, 0.5])


def test_lists_of_inputs_and_of_outputs_are_checked():
    assert gradcheck(lambda xs: autodiff.softmax(xs), [[0.1, -2.0, 3.0]])
    assert gradcheck(lambda x, y: [x * y, y, 3.0], [1.0, 2.0])


def test_a_gradient_that_is_nan_is_never_taken_for_right(spoiled):
    spoiled(math.nan)
    assert not gradcheck(lambda x: x.spoiled_cube(), [1.2])


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_no_gradient_that_is_not_finite_ever_passes(wrong):
    for case, each in zip(CASES[::8], judges.recorded()["cases"][::8], strict=True):
        gradient = [wrong, *each["slopes"][1:]]
        report = gradcheck(judges.planted(case, gradient), list(case.at))
        assert not report
        assert report.inputs[0].verdict in ("differs", "refused")


@pytest.mark.parametrize("one", [2.0, 2, Value(2.0), (2.0,), iter([2.0])])
def test_a_single_number_is_an_input_too(one):
    assert gradcheck(lambda x: x * x, one)


def test_a_single_number_of_numpy_is_an_input_too():
    numpy = pytest.importorskip("numpy")
    assert gradcheck(lambda x: x * x, numpy.float64(2.0))
    assert gradcheck(lambda x: x * x, numpy.array(2.0))


def test_each_output_is_judged_however_small_beside_the_others(spoiled):
    spoiled(0.01)
    report = gradcheck(lambda x: [1e12 * x, 1e-12 * x.spoiled_cube()], [1.2])
    assert report.worst.name == "output 1 by input 0"
    assert report.worst.verdict == "differs"
    lost = gradcheck(lambda x: [x * 2.0, x.data * 3.0], [1.2])
    assert "output 1 by input 0 = 1.2: analytic 0, numeric 3" in str(lost)


def test_bad_arguments_are_refused_with_a_sentence():
    with pytest.raises(TypeError, match="takes the function first, then its inputs"):
        gradcheck([1.0], lambda x: x)
    for tolerance in (0.0, 1.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="a tolerance between 0 and 1, say 1e-6; not"):
            gradcheck(lambda x: x, [1.0], tolerance)
    with pytest.raises(TypeError, match=r"gradcheck\(tolerance\) takes a number, not a string"):
        gradcheck(lambda x: x, [1.0], "1e-6")
    with pytest.raises(
        ValueError, match="as many outputs every time; this one returned 1 and then"
    ):
        gradcheck(lambda x: [x] * (1 if x.data == 1.0 else 2), [1.0])


def test_a_function_without_values_is_refused_with_a_sentence():
    with pytest.raises(TypeError, match="function that returns a Value, computed from its arg"):
        gradcheck(lambda x: 3.0, [1.0])
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: Value(1.0), [])


# --- functions with known slopes ----------------------------------------------------------


def test_a_hat_of_radius_1_is_judged_on_the_hat():
    hat = Case("hat", lambda m, x: m.relu(1.0 - abs(x - 120.0)), (120.3,))
    said = {slope: str(gradcheck(judges.planted(hat, [slope]), 120.3)) for slope in (-1.0, 0.0)}
    assert said[-1.0].startswith("gradcheck passed")
    assert said[0.0].startswith("gradcheck FAILED")


def test_there_are_200_different_functions_of_many_kinds():
    assert len(CASES) == 200
    assert {case.kind for case in CASES} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_is_misjudged(kind):
    for case, said in zip(CASES, judges.ours(), strict=True):
        if case.kind == kind:
            for claim, verdict in said.items():
                assert judges.outcome(claim, verdict) != "misjudged", (claim, case)


def test_at_most_every_tenth_gradient_is_refused():
    for claim in ("right", "1 % off", "zero"):
        said = Counter(verdicts.get(claim) for verdicts in judges.ours())
        assert said["refused"] <= 0.1 * len(CASES)


def test_no_gradient_of_a_function_in_one_piece_is_misjudged():
    for case, each in zip(CASES[::5], judges.recorded()["cases"][::5], strict=True):
        for claim, verdict in judges.verdicts(case, each["slopes"], judges.planted_whole).items():
            assert judges.outcome(claim, verdict) != "misjudged", (claim, case)


@pytest.mark.parametrize("plant", [judges.planted, judges.planted_whole])
def test_no_gradient_of_a_random_function_is_misjudged(plant):
    found = Counter(came_of_it for _, _, came_of_it in judges.held_out(range(10), plant))
    assert found["misjudged"] == 0
    assert found["right"] >= 0.85 * found.total() > 20


def test_the_recorded_slopes_are_exact():
    for case, each in zip(CASES, judges.recorded()["cases"], strict=True):
        assert each["slopes"] == pytest.approx(exact_slopes(case.f, case.at), rel=1e-15, abs=0.0)


def test_the_error_bound_holds():
    for case, each in zip(CASES[::4], judges.recorded()["cases"][::4], strict=True):
        report = gradcheck(judges.planted(case, each["slopes"]), list(case.at))
        for found, slope in zip(report.inputs, each["slopes"], strict=True):
            if found.verdict != "refused":
                bound = found.uncertainty + 4.0 * math.ulp(slope)
                assert abs(found.numeric - slope) <= bound, case


def test_pytorch_says_what_is_recorded():
    torch = pytest.importorskip("torch", reason="asks PyTorch: pip install torch")
    if torch.__version__.split("+")[0] != judges.recorded()["torch"].split("+")[0]:
        pytest.skip("recorded with another PyTorch")
    for case, each in zip(CASES, judges.recorded()["cases"], strict=True):
        assert judges.torch_verdicts(case, each["slopes"]) == each["pytorch"], case


def test_the_page_of_the_documentation_is_up_to_date():
    said = judges.PAGE.read_text(encoding="utf-8")
    assert said == judges.page(), "run: python -m tests.autodiff.judges, with PyTorch installed"


def test_the_examples_of_the_page_are_true():
    found = doctest.testfile(
        str(judges.PAGE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert found.failed == 0 < found.attempted


def test_it_calls_the_function_a_bounded_number_of_times():
    counts = []
    for case, each in zip(CASES[::4], judges.recorded()["cases"][::4], strict=True):
        calls, f = itertools.count(), judges.planted(case, each["slopes"])

        def counted(*xs, f=f, calls=calls):
            next(calls)
            return f(*xs)

        gradcheck(counted, list(case.at))
        counts.append((next(calls) - 1) / len(case.at))
    assert max(counts) <= 160
    assert sorted(counts)[len(counts) // 2] <= 60


@pytest.mark.parametrize("x", [0.0, 5e-324, 1e-300, -1e-150, 1e-25, 1e-12, 1.0, -1e12, 1e300])
def test_no_function_takes_more_than_150_evaluations(x):
    source = random.Random(2)
    for f in (
        math.sin,
        abs,
        lambda t: 5.0,
        lambda t: t,
        math.floor,
        lambda t: source.random(),
        lambda t: math.tanh((t - x) / (abs(x) or 1.0) * 1e6),
        lambda t: (t + 1e12) - 1e12,
        lambda t: math.sin(t) + 1e6,
        lambda t: 1.0 / t if t else math.inf,
        lambda t: math.sqrt(t) if t >= 0.0 else math.nan,
    ):
        calls = itertools.count()

        def counted(t, f=f, calls=calls):
            next(calls)
            return float(f(t))

        slope_of(counted, x)
        assert next(calls) <= 150
