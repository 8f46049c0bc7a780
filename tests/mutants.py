"""Planted bugs: every rule spoiled in five ways, and which of them the checks of rules let pass.

    python -m tests.mutants

A mutant is a rule whose source has one fault: a sign, a factor of 1.001, two operands (or two
results) swapped, one comparison turned round (`>` for `<`) or moved onto its bound (`<=` for `<`).
It is killed if one of the suite's own tests of rules fails: decided edges, PyTorch's answers at
awkward points, finite differences, mpmath.  What survives must stand in `PROOFS`, with the proof
that it computes what the rule does.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from autodiff import rules
from autodiff.rule import RULES, Rule
from tests.autodiff import test_check, test_edges, test_rules_mpmath

WAYS = ("sign", "factor", "swap", "turned", "bound")
FACTOR = 1.001
COMPARISONS: dict[str, dict[type[ast.cmpop], type[ast.cmpop]]] = {
    "turned": {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE},
    "bound": {ast.Lt: ast.LtE, ast.Gt: ast.GtE, ast.LtE: ast.Lt, ast.GtE: ast.Gt},
}


class Mutant(NamedTuple):
    """One fault in one rule.

    Attributes:
        rule: The rule's name.
        way: One of `WAYS`.
        where: `"value"` or `"partials"`, and what was changed there.
        function: The spoiled function.
    """

    rule: str
    way: str
    where: str
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        return f"{self.rule}, {self.way}: {self.where}"


# The rules of the table itself, not those that somebody has added.
TABLE = [rule for rule in RULES.values() if rule.partials.__module__ == rules.__name__]
# Equivalent mutants by the proof that no test can tell them from the rule; zeros of either sign are
# one number.
PROOFS = {
    "the function is symmetric in these operands": """
        add, swap: operands 0 and 1 of value
        mul, swap: operands 0 and 1 of value
        hypot, swap: operands 0 and 1 of value
        maximum, swap: operands 0 and 1 of value
        minimum, swap: operands 0 and 1 of value
        logaddexp, swap: operands 0 and 1 of value
        sum, swap: operands 0 and 1 of value
        sum, swap: operands 2 and 3 of value
        mean, swap: operands 0 and 1 of value
        mean, swap: operands 2 and 3 of value
        prod, swap: operands 0 and 1 of value
        max, swap: operands 0 and 1 of value
        min, swap: operands 0 and 1 of value
        logsumexp, swap: operands 0 and 1 of value""",
    "the partials do not look at these operands": """
        add, swap: operands 0 and 1 of partials
        sub, swap: operands 0 and 1 of partials
        where, swap: operands 1 and 2 of partials
        sum, swap: operands 0 and 1 of partials
        sum, swap: operands 2 and 3 of partials
        mean, swap: operands 0 and 1 of partials
        mean, swap: operands 2 and 3 of partials""",
    "the two partials are the same constant": """
        add, swap: partials 0 and 1
        sum, swap: partials 0 and 1
        sum, swap: partials 2 and 3
        mean, swap: partials 0 and 1
        mean, swap: partials 2 and 3""",
    "the partial is 0 everywhere": """
        pow_const, sign: partial 1
        pow_const, factor: partial 1
        where, sign: partial 0
        where, factor: partial 0""",
    "at x = 0 both branches are 0": """
        logsigmoid, bound: value, x < 0.0, comparison 0
        softplus, bound: value, x > 0.0, comparison 0
        relu, bound: value, x <= 0.0, comparison 0
        leaky_relu, bound: value, x > 0.0, comparison 0
        leaky_relu, bound: partials, x > 0.0, comparison 1
        elu, bound: value, x > 0.0, comparison 0
        elu, bound: value, x > 0.0, comparison 1
        elu, bound: partials, x > 0.0, comparison 0
        elu, bound: partials, x > 0.0, comparison 2""",
    "at x = 0 both branches are 1: exp(-abs(0))": """
        sigmoid, bound: value, x < 0.0, comparison 0""",
    "on the bound both branches are the same number, x": """
        maximum, bound: value, x < y, comparison 0
        minimum, bound: value, x > y, comparison 0
        clip, bound: value, x > high, comparison 0
        clip, bound: value, x < low, comparison 1""",
    "at |x| = 40 erfc and exp have long underflowed to 0, and at |x| = 800 exp": """
        gelu, bound: value, x < -40.0, comparison 0
        gelu, bound: partials, abs(x) > 40.0, comparison 0
        silu, bound: value, x < -800.0, comparison 0
        silu, bound: partials, abs(x) > 800.0, comparison 0""",
    "it is asked only where |x| > 800": """
        silu, bound: partials, x > 0.0, comparison 1""",
    "no tie at all means nan, and 0 / 0 is nan as well": """
        max, bound: partials, ties > 0.0, comparison 0
        min, bound: partials, ties > 0.0, comparison 0""",
    "inf or -inf plus the finite log1p(ties) is what it was": """
        logsumexp, bound: value, abs(largest) < inf, comparison 0""",
}
EQUIVALENT = {
    name: proof
    for proof, names in PROOFS.items()
    for name in textwrap.dedent(names).split("\n")[1:]
}


# --- how to spoil -------------------------------------------------------------------------


def source(rule: Rule, part: str) -> str:
    """The source of a rule's value or partials as one plain function."""
    function = getattr(rule, part)
    if isinstance(function, FunctionType):
        return textwrap.dedent(inspect.getsource(function))
    operands = ", ".join(rule.operands)  # a function written in C
    return f"def spoiled({operands}):\n    return {function.__name__}({operands})\n"


def compiled(tree: ast.Module) -> Callable[..., Any]:
    """The function that `tree` defines, in the scope of the table of rules."""
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    definition.name = "spoiled"
    scope = {**vars(rules), "changed": changed}
    exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), scope)
    return scope["spoiled"]


def changed(results: tuple[Any, ...], way: str, i: int, j: int) -> tuple[Any, ...]:
    """The partials with entry i negated or scaled, or entries i and j swapped."""
    new = list(results)
    if way == "swap":
        new[i], new[j] = new[j], new[i]
    else:
        new[i] = -new[i] if way == "sign" else FACTOR * new[i]
    return tuple(new)


def with_return(text: str, pattern: str) -> Callable[..., Any]:
    """The function whose returned expression is put into `pattern` in place of `$`."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Return):
            assert node.value is not None
            written = pattern.replace("$", f"({ast.unparse(node.value)})")
            node.value = ast.parse(written, mode="eval").body
    return compiled(tree)


def with_operands_swapped(text: str, variadic: bool, i: int, j: int) -> Callable[..., Any]:
    """The function that takes its operands i and j for one another."""
    tree = ast.parse(text)
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    if variadic:
        (line,) = ast.parse(f"xs = changed(xs, 'swap', {i}, {j})").body
        definition.body.insert(0, line)
    else:
        args = definition.args.args
        first = len(args) - sum(1 for arg in args if arg.arg != "z")
        args[first + i], args[first + j] = args[first + j], args[first + i]
    return compiled(tree)


def with_one_comparison_changed(text: str, way: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """For each comparison the function with that one turned or moved, and its text."""
    count = sum(isinstance(node, ast.Compare) for node in ast.walk(ast.parse(text)))
    for k in range(count):
        tree = ast.parse(text)
        node = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)][k]
        said = f"{ast.unparse(node)}, comparison {k}"
        node.ops = [COMPARISONS[way][type(node.ops[0])]()]
        yield said, compiled(tree)


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every mutant of a rule."""
    width = len(rule.sample)
    pairs = [(0, 1), (width - 2, width - 1)] if width > 2 else [(0, 1)] * (width == 2)
    value, partials = source(rule, "value"), source(rule, "partials")

    yield Mutant(rule.name, "sign", "value", with_return(value, "-$"))
    yield Mutant(rule.name, "factor", "value", with_return(value, f"{FACTOR} * $"))
    for way in ("sign", "factor"):
        for i in range(width) if not rule.variadic else (0, width - 1):
            function = with_return(partials, f"changed($, '{way}', {i}, 0)")
            yield Mutant(rule.name, way, f"partial {i}", function)
    for i, j in pairs:
        function = with_operands_swapped(value, rule.variadic, i, j)
        yield Mutant(rule.name, "swap", f"operands {i} and {j} of value", function)
        function = with_operands_swapped(partials, rule.variadic, i, j)
        yield Mutant(rule.name, "swap", f"operands {i} and {j} of partials", function)
        function = with_return(partials, f"changed($, 'swap', {i}, {j})")
        yield Mutant(rule.name, "swap", f"partials {i} and {j}", function)
    for part, text in (("value", value), ("partials", partials)):
        for way in COMPARISONS:
            for said, function in with_one_comparison_changed(text, way):
                yield Mutant(rule.name, way, f"{part}, {said}", function)


@contextlib.contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """While this runs, the rule is the mutant."""
    rule = RULES[mutant.rule]
    part = "value" if "value" in mutant.where else "partials"
    sound = getattr(rule, part)
    try:
        setattr(rule, part, mutant.function)
        rule._bound.clear()
        yield
    finally:
        setattr(rule, part, sound)
        rule._bound.clear()


# --- how to catch -------------------------------------------------------------------------


def checks(rule: Rule) -> Iterator[tuple[str, Callable[[], None]]]:
    """The suite's tests of one rule, quick ones first, each with what it is."""
    for case in rule.edges:
        yield (
            "decided edge",
            lambda case=case: test_rules_mpmath.test_the_edges_that_a_rule_decides_hold_exactly(
                rule, case
            ),
        )
    for key in test_edges.ROWS:
        if json.loads(key)[0].removesuffix("_exponent") == rule.name:
            test = (
                test_edges.test_a_better_answer_is_exactly_the_listed_one
                if key in test_edges.DIFFERENCES
                else test_edges.test_the_answer_is_that_of_pytorch
            )
            yield "PyTorch's edges", lambda test=test, key=key: test(key)
    yield (
        "finite differences",
        lambda: test_check.test_every_rule_passes_over_its_sample_box(rule.name),
    )
    yield (
        "mpmath",
        lambda: test_rules_mpmath.test_value_and_partials_are_exact_over_the_sample_box(rule),
    )
    if rule.name in test_rules_mpmath.HARD:
        yield (
            "mpmath at hard points",
            lambda: test_rules_mpmath.test_value_and_partials_are_exact_near_hard_points(rule.name),
        )


def killer(mutant: Mutant) -> str:
    """What catches a mutant; "" if nothing does."""
    with planted(mutant):
        for name, check in checks(RULES[mutant.rule]):
            try:
                check()
            except Exception:
                return name
    return ""


class Outcome(NamedTuple):
    """What became of all mutants.

    Attributes:
        ways: How many there are of each way.
        caught: How many each check has killed.
        equivalent: Names of survivors with a proof.
        at_large: Names of survivors without.
        mistaken: Names with a proof that were killed, or do not exist.
    """

    ways: Counter[str]
    caught: Counter[str]
    equivalent: list[str]
    at_large: list[str]
    mistaken: list[str]


def hunt(table: Iterable[Rule]) -> Outcome:
    """Plants every mutant of the rules and asks the checks."""
    found = Outcome(Counter(), Counter(), [], [], [])
    for rule in table:
        for mutant in mutants(rule):
            found.ways[mutant.way] += 1
            if by := killer(mutant):
                found.caught[by] += 1
            else:
                (found.equivalent if mutant.name in EQUIVALENT else found.at_large).append(
                    mutant.name
                )
    found.mistaken.extend(sorted(EQUIVALENT.keys() - set(found.equivalent)))
    return found


def main() -> int:
    """Prints how many mutants there are of each way and what caught them; 1 if one is at large."""
    found = hunt(TABLE)
    ways = ", ".join(f"{count} {way}" for way, count in found.ways.items())
    print(f"{found.ways.total()} mutants of {len(TABLE)} rules: {ways}")
    for by, count in found.caught.most_common():
        print(f"{count:6} killed by {by}")
    print(f"{len(found.equivalent):6} proved equivalent:")
    for proof, count in Counter(EQUIVALENT[name] for name in found.equivalent).items():
        print(f"{count:10} {proof}")
    print(f"{len(found.at_large):6} at large")
    for name in found.at_large:
        print(f"           {name}")
    for name in found.mistaken:
        print(f"has a proof, but was killed or does not exist: {name}")
    return 1 if found.at_large or found.mistaken else 0


if __name__ == "__main__":
    sys.exit(main())
