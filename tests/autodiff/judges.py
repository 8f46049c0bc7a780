"""What gradcheck and PyTorch's gradcheck say of right and wrong gradients with known slopes.

    python -m tests.autodiff.judges

asks both about every function of `tests.autodiff.slopes`: its exact gradient, and the same with one
entry 1 % too large, and 0.  It writes what PyTorch says into `tests/data/gradcheck.json`, and the
table of both into `docs/gradcheck.md`.  With a number, as in `... judges 1000`, it asks gradcheck
about so many random functions instead.
"""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autodiff import Value, gradcheck, no_grad
from autodiff.operations import record
from autodiff.rule import Rule
from autodiff.table import renewed
from tests.autodiff.slopes import (
    CASES,
    KINDS,
    ON_VALUES,
    Case,
    Operations,
    exact_slopes,
    random_case,
)
from tests.programs import in_torch

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "data" / "gradcheck.json"
PAGE = ROOT / "docs" / "gradcheck.md"
START = "written by `python -m tests.autodiff.judges`"

Claims = dict[str, list[float]]
Function = Callable[..., Any]


def claims(case: Case, slopes: Sequence[float]) -> Claims:
    """Gradients to be judged: the right one, and wrong ones that differ from it in one entry."""
    known = case in CASES
    i = (
        CASES.index(case) % len(slopes)
        if known
        else next((i for i, x in enumerate(slopes) if x), 0)
    )

    def instead(new: float) -> list[float]:
        return [*slopes[:i], new, *slopes[i + 1 :]]

    found = {"right": list(slopes)}
    if slopes[i]:
        found |= {"1 % off": instead(1.01 * slopes[i]), "zero": instead(0.0)}
    elif known:  # of a random function nobody knows whether 0.01 is much
        found["1 % off"] = instead(0.01)
    return found


def outcome(claim: str, verdict: str) -> str:
    """`"right"`, `"refused"` or `"misjudged"`."""
    if verdict == "refused":
        return verdict
    return "right" if (verdict == "agrees") is (claim == "right") else "misjudged"


# --- our gradcheck ------------------------------------------------------------------------


def _rule(value: Function, partials: Function, derivatives: tuple[str, ...]) -> Rule:
    """A rule that nobody else knows: it is not registered."""
    return Rule(
        value, partials, "?", derivatives, name="planted", label="planted",
        variadic=not derivatives, sample=[], edges=[], smooth=True,
    )  # fmt: skip


BLIND = _rule(lambda x: x, lambda z, x: (0.0,), ("0",))
CARRY = _rule(lambda x, slope: 0.0, lambda z, x, slope: (slope, 0.0), ("slope", "0"))


def planted(case: Case, gradient: Sequence[float]) -> Function:
    """The function of a case, in operations on Values, but with this gradient."""

    def f(*xs: Value) -> Any:
        y = record(BLIND, (case.f(ON_VALUES, *xs),))
        for x, slope in zip(xs, gradient, strict=True):
            y = y + record(CARRY, (x, slope))
        return y

    return f


def planted_whole(case: Case, gradient: Sequence[float]) -> Function:
    """The same as one operation: nobody sees what is inside."""

    def value(xs: Sequence[float]) -> float:
        with no_grad():
            return case.f(ON_VALUES, *map(Value, xs))._data

    whole = object.__new__(Rule)  # a new Rule would be tried on another point
    whole.__dict__ |= vars(_rule(lambda xs: 0.0, lambda z, xs: (0.0,) * len(xs), ()))
    whole.value, whole.partials = value, lambda z, xs: tuple(gradient)
    return lambda *xs: record(whole, xs)


def verdicts(case: Case, slopes: Sequence[float], plant: Function = planted) -> dict[str, str]:
    """What gradcheck says of each gradient."""
    return {
        claim: gradcheck(plant(case, gradient), list(case.at)).worst.verdict
        for claim, gradient in claims(case, slopes).items()
    }


# --- PyTorch's ----------------------------------------------------------------------------


def _on_tensors(name: str, operands: list[Any]) -> Any:
    import torch

    return in_torch(name, [torch.as_tensor(each, dtype=torch.float64) for each in operands])


def torch_verdicts(case: Case, slopes: Sequence[float]) -> dict[str, str]:
    """What `torch.autograd.gradcheck` says of each gradient, with its own steps and tolerances."""
    import torch

    on_tensors = Operations(_on_tensors)

    def says(gradient: Sequence[float]) -> bool:
        class Planted(torch.autograd.Function):
            @staticmethod
            def forward(context: Any, *xs: Any) -> Any:
                return torch.as_tensor(case.f(on_tensors, *xs), dtype=torch.float64) + 0.0

            @staticmethod
            def backward(context: Any, incoming: Any) -> Any:
                return tuple(incoming * slope for slope in gradient)

        point = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in case.at]
        return bool(torch.autograd.gradcheck(Planted.apply, point, raise_exception=False))

    return {
        claim: "agrees" if says(gradient) else "differs"
        for claim, gradient in claims(case, slopes).items()
    }


# --- the table ----------------------------------------------------------------------------


@functools.cache
def ours() -> list[dict[str, str]]:
    """What gradcheck says, case by case."""
    return [
        verdicts(case, each["slopes"])
        for case, each in zip(CASES, recorded()["cases"], strict=True)
    ]


@functools.cache
def recorded() -> Any:
    """What stands in the file: the exact slopes of each case, and PyTorch's verdicts."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def table() -> str:
    """How often each judge was right, kind by kind, as Markdown."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in [*KINDS, "all"]}
    for case, mine, theirs in zip(CASES, ours(), recorded()["cases"], strict=True):
        for kind in (case.kind, "all"):
            counts[kind]["functions"] += 1
            for claim, verdict in mine.items():
                counts[kind]["gradients"] += 1
                counts[kind]["ours " + outcome(claim, verdict)] += 1
                counts[kind]["PyTorch's " + outcome(claim, theirs["pytorch"][claim])] += 1
    columns = ["functions", "gradients"]
    columns += ["ours right", "ours refused", "ours misjudged", "PyTorch's right"]
    columns += ["PyTorch's misjudged"]
    lines = ["| kind of function | " + " | ".join(columns) + " |"]
    lines.append("| --- |" + " ---: |" * len(columns))
    for kind, count in counts.items():
        lines.append(f"| {kind} | " + " | ".join(str(count[each]) for each in columns) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page of the documentation, with the table as it is now."""
    return renewed(PAGE, table(), START)


def record_answers() -> None:
    """Writes the file and the page."""
    import torch

    cases = []
    for case in CASES:
        slopes = exact_slopes(case.f, case.at)
        cases.append({"slopes": slopes, "pytorch": torch_verdicts(case, slopes)})
    text = json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":"))
    FILE.write_text(text.replace('{"slopes"', '\n{"slopes"') + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def held_out(seeds: range, plant: Function = planted) -> Iterator[tuple[int, str, str]]:
    """Random functions, and what comes of asking gradcheck: the seed, the claim, the outcome."""
    for seed in seeds:
        case = random_case(seed)
        for claim, verdict in verdicts(case, exact_slopes(case.f, case.at), plant).items():
            yield seed, claim, outcome(claim, verdict)


def main(arguments: Sequence[str]) -> None:
    """Records, or asks about random functions."""
    if not arguments:
        record_answers()
        return
    counts: Counter[tuple[str, str]] = Counter()
    for plant in (planted, planted_whole):
        for seed, claim, came_of_it in held_out(range(int(arguments[0])), plant):
            counts[claim, came_of_it] += 1
            if came_of_it == "misjudged":
                print(f"misjudged: {claim} of random_case({seed}), {plant.__name__}")
    print(*(f"{' '.join(key)}: {count}" for key, count in sorted(counts.items())), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
