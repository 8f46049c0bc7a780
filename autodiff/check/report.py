"""What a check of gradients says: a verdict for each input, and the worst of them in words.

Holds: `Comparison`, `Report`, and `worst`.

May import: nothing of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One input: both derivatives, and the verdict `"agrees"`, `"differs"` or `"refused"`.

    Attributes:
        name: The input's label, else `input 0`, `input 1`, ...
        at: The input's value.
        analytic: The derivative that backward gives.
        numeric: The derivative by finite differences; nan if there is none.
        uncertainty: How far rounding and finite steps may have moved the one from the other.
        verdict: `"agrees"`, `"differs"`, or `"refused"` where finite differences cannot judge.
        reason: Why it was refused; of a formula's text that differs, the whole finding.
    """

    name: str
    at: float
    analytic: float
    numeric: float
    uncertainty: float
    verdict: str
    reason: str = ""

    @property
    def difference(self) -> float:
        """|analytic - numeric|, relative to the larger of the two."""
        gap = abs(self.analytic - self.numeric)
        size = max(abs(self.analytic), abs(self.numeric))
        if not gap < math.inf:
            return math.inf
        return gap / size if size else 0.0

    def __str__(self) -> str:
        if self.verdict == "differs" and self.reason:
            return self.reason
        if self.verdict == "refused":
            return f"{self.name} = {self.at:.6g}: cannot judge, {self.reason}"
        difference = f"relative difference {self.difference:.1e}"
        if max(abs(self.analytic), abs(self.numeric)) <= self.uncertainty:
            difference = f"both 0 to within {self.uncertainty:.1e}"
        return (
            f"{self.name} = {self.at:.6g}: analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, {difference}"
        )


def worst(found: Iterable[Comparison]) -> Comparison:
    """The one that differs most; one that was refused if none differs."""
    ranks = {"differs": 2, "refused": 1, "agrees": 0}
    return max(found, key=lambda each: (ranks[each.verdict], each.difference, each.name))


@dataclass(frozen=True)
class Report:
    """The outcome of a check; true if every input was judged and agrees.

    Attributes:
        inputs: One Comparison per input.
    """

    inputs: tuple[Comparison, ...]

    def _having(self, verdict: str) -> list[Comparison]:
        return [each for each in self.inputs if each.verdict == verdict]

    @property
    def worst(self) -> Comparison:
        """The input that differs most; one that was refused if none differs."""
        return worst(self.inputs)

    def __bool__(self) -> bool:
        return all(each.verdict == "agrees" for each in self.inputs)

    def __str__(self) -> str:
        total, worst = len(self.inputs), self.worst
        if worst.verdict == "differs":
            count = len(self._having("differs"))
            return f"gradcheck FAILED for {count} of {total} inputs; worst: {worst}"
        if worst.verdict == "refused":
            count = len(self._having("refused"))
            return f"gradcheck refused to judge {count} of {total} inputs; {worst}"
        return f"gradcheck passed for {total} of {total} inputs; worst: {worst}"

    __repr__ = __str__
