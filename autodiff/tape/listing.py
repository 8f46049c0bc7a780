"""A Program as Python: straight-line code, forward and adjoint, one statement per number.

Holds: `Listing`, which writes it.  The same statements are what runs where no compiler is
installed, and what `Tape.source` prints, there with labels as comments and without the 0.0 that
every sum of eager's backward starts from.  No name or label that a user chose ever becomes code.

    v1 = w * x                each operation of the forward pass
    d1 = 0.0 + d2 * b + d3    each adjoint: what arrives from every result that used the number

May import: rule, program, symbols.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from autodiff.rule import Rule
from autodiff.tape.program import Program
from autodiff.tape.symbols import Ref, Steps, partial_steps, value_steps

_ATOM, _SIGN, _PRODUCT, _SUM, _COMPARISON, _CHOICE = 6, 5, 4, 3, 2, 1
_FORMATS = {
    "add": ("{} + {}", _SUM), "sub": ("{} - {}", _SUM),
    "mul": ("{} * {}", _PRODUCT), "div": ("{} / {}", _PRODUCT), "mod": ("{} % {}", _PRODUCT),
    "lt": ("{} < {}", _COMPARISON), "le": ("{} <= {}", _COMPARISON),
    "gt": ("{} > {}", _COMPARISON), "ge": ("{} >= {}", _COMPARISON),
    "eq": ("{} == {}", _COMPARISON), "ne": ("{} != {}", _COMPARISON),
}  # fmt: skip
_LONGEST = 80  # characters of a label
_DEEP = 40  # operations in one expression; Python's own compiler is recursive

Text = tuple[str, int, int]  # an expression, how tightly it binds, how deep it is


def literal(x: float) -> Text:
    """A constant as an expression."""
    if math.isfinite(x):
        return (repr(x), _ATOM if math.copysign(1.0, x) > 0 else _SIGN, 0)
    return ("nan", _ATOM, 0) if x != x else ("inf", _ATOM, 0) if x > 0 else ("-inf", _SIGN, 0)


def bound(text: Text, at_least: int) -> str:
    """An expression as an operand, in parentheses if it binds less tightly than `at_least`."""
    return text[0] if text[1] >= at_least else f"({text[0]})"


def apply(operation: str, operands: Sequence[Text]) -> Text:
    """The expression of one elementary operation."""
    depth = 1 + max(text[2] for text in operands)
    if operation in _FORMATS:
        form, binding = _FORMATS[operation]
        x, y = operands
        left = binding if binding > _COMPARISON else binding + 1
        return (form.format(bound(x, left), bound(y, binding + 1)), binding, depth)
    if operation == "neg":
        return ("-" + bound(operands[0], _SIGN + 1), _SIGN, depth)
    if operation == "where":
        c, a, b = (bound(text, _CHOICE + 1) for text in operands)
        return (f"{a} if {c} else {b}", _CHOICE, depth)
    return (f"{operation}({', '.join(text[0] for text in operands)})", _ATOM, depth)


class Listing:
    """The text of one Program.

    Args:
        program: The program.
        readable: Whether it is for people.

    Attributes:
        lines: The statements so far.
        sections: The letters of what a program is given, and how many numbers that is.
        opaque: Rules that cannot be written down; `rule0_value(...)` and so on call them.
    """

    def __init__(self, program: Program, readable: bool = False) -> None:
        self.program, self.readable = program, readable
        self.lines: list[str] = []
        self.opaque: list[Rule] = []
        self._fresh = 0
        n, m = program.n_inputs, program.n_parameters
        self.sections = (("x", n), ("p", m), ("c", len(program.captured)))

    def name(self, slot: int) -> str:
        """The name of the number in a slot."""
        for letter, count in self.sections:
            if slot < count:
                return f"{letter}{slot}"
            slot -= count
        return f"v{slot + 1}"

    def text(self, slot: int) -> Text:
        """A slot as an expression."""
        program = self.program
        if slot >= program.first_constant:
            return literal(program.constants[slot - program.first_constant])
        return (self.name(slot), _ATOM, 0)

    def adjoint(self, slot: int) -> str:
        """The name of the adjoint of a slot."""
        name = self.name(slot)
        return f"d{name[1:]}" if name[0] == "v" else f"d{name}"

    def say(self, name: str, expression: str, slot: int | None = None) -> None:
        """One statement."""
        label = self.program.labels.get(slot, "") if self.readable and slot is not None else ""
        # A label is shown, never obeyed: it stays on its line, and a book is cut.
        cut = label if len(label) <= _LONGEST else label[: _LONGEST - 3] + "..."
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)
        comment = f"  # {shown}" if label else ""
        self.lines.append(f"{name} = {expression}{comment}")

    def _temporary(self) -> str:
        self._fresh += 1
        return f"t{self._fresh}"

    def known(self, slots: Iterable[int]) -> tuple[float | None, ...]:
        """The constants among operands, None for the rest."""
        program = self.program
        first, constants = program.first_constant, program.constants
        return tuple([None if s < first else constants[s - first] for s in slots])

    def expressions(
        self, steps: Steps, results: Sequence[Ref], names: dict[str, Text]
    ) -> list[Text]:
        """The results of some steps as expressions; what is used twice becomes a statement."""
        needed = list(steps.needed_for(*results))
        uses: dict[Ref, int] = {}
        for ref in [*(ref for _, (_, refs) in needed for ref in refs), *results]:
            uses[ref] = uses.get(ref, 0) + 1
        texts: dict[str, Text] = dict(names)

        def text(ref: Ref) -> Text:
            return texts[ref] if isinstance(ref, str) else literal(ref)

        for step, (operation, refs) in needed:
            operands = [text(ref) for ref in refs]
            if operation == "sum":
                written = self._fold(operands[0], operands[1:])
            else:
                written = apply(operation, operands)
            if uses[step] > 1 or written[2] > _DEEP:
                name = self._temporary()
                self.say(name, written[0])
                written = (name, _ATOM, 0)
            texts[step] = written
        return [text(ref) for ref in results]

    def _fold(self, first: Text, terms: Sequence[Text]) -> Text:
        """first + term + term + ..., added from the left."""
        total = first
        for term in terms:
            if total[2] > _DEEP:
                name = self._temporary()
                self.say(name, total[0])
                total = (name, _ATOM, 0)
            total = apply("add", (total, term))
        return total

    def unpack(self) -> None:
        """The statements that take the arguments apart."""
        for letter, count in self.sections:
            if count:
                names = ", ".join(f"{letter}{i}" for i in range(count))
                comma = "," if count == 1 else ""
                self.lines.append(f"{names}{comma} = {letter}")

    def forward(self) -> None:
        """The statements of the forward pass."""
        program = self.program
        for k in range(len(program.code)):
            rule, operands = program.rule_of(k), program.operands_of(k)
            steps = value_steps(rule, self.known(operands))
            texts = list(map(self.text, operands))
            if steps is None:
                names = ", ".join(text[0] for text in texts)
                arguments = f"({names},)" if rule.variadic else names
                written = f"{self._rule(rule)}_value({arguments})"
            else:
                named = {f"x{i}": text for i, text in enumerate(texts)}
                written = self.expressions(steps, steps.results, named)[0][0]
            slot = program.first + k
            self.say(self.name(slot), written, slot)

    def _rule(self, rule: Rule) -> str:
        if rule not in self.opaque:
            self.opaque.append(rule)
        return f"rule{self.opaque.index(rule)}"

    def backward(self, leaves: range, seeds: Sequence[str]) -> None:
        """The statements of the reverse pass; adjoints of the slots `leaves` are wanted."""
        program = self.program
        wanted = program.wanted(leaves)
        terms: dict[int, list[Text]] = {}
        for slot, seed in zip(program.outputs, seeds):
            terms.setdefault(slot, []).append((seed, _ATOM, 0))
        started = set(program.outputs)

        def total(slot: int) -> str:
            arrived = terms.pop(slot, [])
            started_from = slot in started or (self.readable and arrived)
            first = arrived.pop(0) if started_from else ("0.0", _ATOM, 0)
            return self._fold(first, arrived)[0]

        for k in program.reversed_operations():
            slot = program.first + k
            if not wanted[slot] or slot not in terms:
                continue
            name = self.adjoint(slot)
            self.say(name, total(slot))
            operands = program.operands_of(k)
            kept = [i for i, s in enumerate(operands) if wanted[s]]
            for i, d in zip(kept, self._partials(k, operands, kept)):
                own: Text = (name, _ATOM, 0)
                term = own if d[0] == "1.0" else apply("mul", (own, d))
                terms.setdefault(operands[i], []).append(term)
        for slot in leaves:
            self.say(self.adjoint(slot), total(slot), slot)

    def _partials(self, k: int, operands: Sequence[int], kept: Sequence[int]) -> list[Text]:
        """The local derivatives of operation number k by the operands number `kept`."""
        program = self.program
        rule, slot = program.rule_of(k), program.first + k
        steps = partial_steps(rule, self.known(operands))
        texts = list(map(self.text, operands))
        if steps is not None:
            named = {"z": self.text(slot), **{f"x{i}": text for i, text in enumerate(texts)}}
            return self.expressions(steps, [steps.results[i] for i in kept], named)
        names = ", ".join(text[0] for text in texts)
        arguments = f"({names},)" if rule.variadic else names
        name = self._temporary()
        self.say(name, f"{self._rule(rule)}_partials({self.name(slot)}, {arguments})")
        return [(f"{name}[{i}]", _ATOM, 0) for i in kept]

    def results(self) -> str:
        """The outputs, with commas between."""
        return ", ".join(self.text(slot)[0] for slot in self.program.outputs)

    def guards(self) -> str:
        """What must hold for the results to be those of the function."""
        conditions = []
        for symbol, a, b, outcome in self.program.guards:
            written = f"{bound(self.text(a), _SUM)} {symbol} {bound(self.text(b), _SUM)}"
            conditions.append(written if outcome else f"not {written}")
        return " and ".join(conditions) or "True"
