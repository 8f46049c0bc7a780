"""Which entries of a Jacobian or a Hessian may differ from 0, and how few sweeps give them all.

Holds: `jacobian_pattern` and `hessian_pattern`, which read off a graph which inputs meet;
`jacobian_entries` and `hessian_entries`, which choose the sweeps and take their results apart; and
`as_rows` and `as_csr`.  A pattern is a list of rows, each an int whose bit j says that entry j may
differ from 0: Python's ints are sets of numbers, united by `|` and intersected by `&`.

Which operands of an operation meet, x and y in x * y but not in x + y, is read off the table: the
rule's partials run on numbers that remember what they were computed from.

May import: rule, rules, ieee, value, sweeps; SciPy when first used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autodiff import rules
from autodiff.ieee import FUNCTIONS, Double
from autodiff.rule import IEEE, LISTENERS, RULES, Rule
from autodiff.sweeps import (
    Carrier,
    Function,
    give_operators,
    operand_numbers,
    partials_as,
    value_of,
)
from autodiff.value import Value

Entries = dict[tuple[int, int], Any]


def members(bits: int) -> Iterator[int]:
    """The numbers in a set, in ascending order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def union(sets: Iterable[int]) -> int:
    """What is in any of the sets."""
    total = 0
    for each in sets:
        total |= each
    return total


# --- which operands of one operation meet -------------------------------------------------


class Marked(Carrier):
    """A number, and the set of operands that it was computed from."""

    __slots__ = ("marks",)

    def __init__(self, value: float, marks: int) -> None:
        self.value, self.marks = value, marks


def _on_marked(function: Function, variadic: bool = False) -> Function:
    """An IEEE function whose result depends on all that its operands depend on."""

    def operation(*operands: Any) -> Any:
        if variadic:
            (operands,) = operands
        xs, marks = [], 0
        for x in operands:
            if x.__class__ is Marked:
                marks |= x.marks
            xs.append(Double(value_of(x)))
        return Marked(function(xs) if variadic else function(*xs), marks)

    return operation


# The namespace in which rules compute with marked numbers.  Between its jumps floor is constant.
MARKED: dict[str, Function] = {name: _on_marked(function) for name, function in FUNCTIONS.items()}


def _listen(rule: Rule) -> None:
    name = rule.value.__name__
    if rule.name != "where":
        MARKED[name] = _on_marked(IEEE[name], rule.variadic)


for _rule in RULES.values():
    _listen(_rule)
LISTENERS.append(_listen)
MARKED["where"] = rules.where
MARKED["floor"] = lambda x: float(FUNCTIONS["floor"](value_of(x)))
give_operators(Marked, MARKED)


def interactions(node: Value, on: set[int]) -> list[int]:
    """For each operand of a node the set of operands that its partial depends on.

    Second derivatives are symmetric, so operands meet only if each is in the other's set.  The
    branch that `where` takes is that of the numbers at hand.  If the partials cannot be computed
    with marked numbers, all operands meet.
    """
    operands = node.operands
    varying = [id(x) in on for x in operands]
    everything = union(1 << i for i, varies in enumerate(varying) if varies)
    marked = tuple(
        [
            Marked(x, 1 << i) if varies else x
            for i, (x, varies) in enumerate(zip(operand_numbers(node), varying))
        ]
    )
    try:
        partials = partials_as(MARKED, node._rule, Marked(node._z, everything), marked)
        found = [d.marks if d.__class__ is Marked else 0 for d in partials]
    except (TypeError, AttributeError):
        found = [everything] * len(operands)
    if not any(found):
        return found
    if all(each in (0, everything) for each in found):  # spares n * n steps for n operands
        both = union(1 << i for i, each in enumerate(found) if each) & everything
        return [both if each and varies else 0 for each, varies in zip(found, varying)]
    return [
        union(1 << j for j in members(each) if found[j] >> i & 1) if varies else 0
        for i, (each, varies) in enumerate(zip(found, varying))
    ]


# --- which inputs meet --------------------------------------------------------------------


def jacobian_pattern(
    path: Sequence[Value], inputs: Sequence[Value], outputs: Sequence[Any]
) -> list[int]:
    """For each output the set of inputs that it depends on."""
    sets = {id(x): 1 << i for i, x in enumerate(inputs)}
    for node in path:
        sets[id(node)] = union(sets.get(id(x), 0) for x in node.operands)
    return [sets.get(id(y), 0) for y in outputs]


def hessian_pattern(path: Sequence[Value], on: set[int], inputs: Sequence[Value]) -> list[int]:
    """For each input the set of inputs that it meets in a nonlinear operation.

    (Walther, "Computing sparse Hessians with automatic differentiation", 2008.)  Sets of inputs
    are formed only for nodes below a nonlinear operation, so a long sum of terms costs nothing.
    """
    meetings = []
    needed: set[int] = set()
    for node in reversed(path):
        found = interactions(node, on)
        if any(found):
            meetings.append((node.operands, found))
        for x, meets in zip(node.operands, found):
            if meets or id(node) in needed:
                needed.add(id(x))
    sets = {id(x): 1 << i for i, x in enumerate(inputs)}
    for node in path:
        if id(node) in needed:
            sets[id(node)] = union(sets.get(id(x), 0) for x in node.operands)
    rows = [0] * len(inputs)
    done = set()
    for operands, found in meetings:
        for x, meets in zip(operands, found):
            if meets:
                pair = sets[id(x)], union(sets[id(operands[j])] for j in members(meets))
                if pair not in done:
                    done.add(pair)
                    for i in members(pair[0]):
                        rows[i] |= pair[1]
    return rows


# --- which columns one sweep computes together --------------------------------------------


def disjoint_groups(sets: Sequence[int], limit: int) -> list[list[int]] | None:
    """The places of the sets, in groups within which no two sets meet; empty sets in none.

    First fit: each set joins the first group that it does not meet; None if that takes `limit`
    groups or more.  (Curtis, Powell, Reid, "On the estimation of sparse Jacobian matrices", 1974.)
    """
    groups: list[list[int]] = []
    taken: list[int] = []
    for place, each in enumerate(sets):
        if each:
            fit = next((k for k, used in enumerate(taken) if not used & each), len(taken))
            if fit == len(taken):
                groups.append([])
                taken.append(0)
            groups[fit].append(place)
            taken[fit] |= each
            if len(groups) >= limit:
                return None
    return groups


def transposed(rows: Sequence[int], width: int) -> list[int]:
    """The columns of a pattern, in the form of its rows."""
    columns = [0] * width
    for i, row in enumerate(rows):
        for j in members(row):
            columns[j] |= 1 << i
    return columns


def star_colours(rows: Sequence[int]) -> list[int]:
    """A colour for each column of a symmetric pattern, so that one product per colour suffices.

    Columns that meet differ, and no path of four of them has only two colours: then each entry,
    or its mirror image, stands alone in one of the products.  Columns that meet most come first.
    (Gebremedhin, Manne, Pothen, "What color is your Jacobian?", 2005, section 4.)

    Returns:
        Colours from 0; -1 for an empty column.
    """
    n = len(rows)
    around = [[j for j in members(row) if j != i] for i, row in enumerate(rows)]
    colours = [-1] * n
    # Sets of colours: those next to a column, those next to it more than once, and those that
    # a path of four through a column that has its colour already would repeat.
    near, often, closed = [0] * n, [0] * n, [0] * n
    first: list[dict[int, int]] = [{} for _ in rows]  # the first column near that has a colour
    for v in sorted(range(n), key=lambda i: -len(around[i])):
        if not rows[v]:
            continue
        taken = near[v]
        for w in around[v]:
            taken |= near[w] if colours[w] < 0 else closed[w]
        bit = ~taken & (taken + 1)
        colours[v] = bit.bit_length() - 1
        for w in around[v]:
            if near[w] & bit:
                often[w] |= bit
                if colours[w] >= 0:
                    closed[v] |= 1 << colours[w]
                    closed[first[w][colours[v]]] |= 1 << colours[w]
            else:
                near[w] |= bit
                first[w][colours[v]] = v
            if colours[w] >= 0 and often[v] >> colours[w] & 1:
                closed[w] |= bit
    return colours


# --- the entries --------------------------------------------------------------------------


def jacobian_entries(rows: Sequence[int], width: int, pull: Function, push: Function) -> Entries:
    """The entries of a pattern, by as few sweeps as the groups of its rows or columns need.

    Args:
        rows: The pattern.
        width: How many columns it has.
        pull: The sum of some rows, from their places.
        push: The sum of some columns, from their places.
    """
    entries: Entries = {}
    columns = transposed(rows, width)
    by_rows = disjoint_groups(rows, limit=width + 1)
    by_columns = disjoint_groups(columns, len(rows) if by_rows is None else len(by_rows))
    if by_columns is not None:
        for group in by_columns:
            total = push(group)
            entries.update({(i, j): total[i] for j in group for i in members(columns[j])})
    else:
        for group in by_rows or []:
            total = pull(group)
            entries.update({(i, j): total[j] for i in group for j in members(rows[i])})
    return entries


def hessian_entries(rows: Sequence[int], product: Function) -> Entries:
    """The entries of a symmetric pattern, by one product for each colour of its columns.

    Args:
        rows: The pattern.
        product: The matrix times a vector of floats.
    """
    colours = star_colours(rows)
    products = [
        product([1.0 if each == colour else 0.0 for each in colours])
        for colour in range(1 + max(colours, default=-1))
    ]
    found: Entries = {}
    for i, row in enumerate(rows):
        often = near = 0
        for j in members(row):
            often |= near & 1 << colours[j]
            near |= 1 << colours[j]
        for j in members(row):
            if not often >> colours[j] & 1:
                found[i, j] = products[colours[j]][i]
    return {
        (i, j): found[i, j] if (i, j) in found else found[j, i]
        for i, row in enumerate(rows)
        for j in members(row)
    }


def as_rows(entries: Entries, m: int, n: int) -> list[list[Any]]:
    """The matrix as a list of rows, zeros included."""
    rows: list[list[Any]] = [[0.0] * n for _ in range(m)]
    for (i, j), x in entries.items():
        rows[i][j] = x
    return rows


def as_csr(entries: Entries, m: int, n: int) -> Any:
    """The matrix as SciPy's `csr_array`.

    Raises:
        ImportError: If SciPy is not installed.
        TypeError: If an entry is a Value.
    """
    try:
        from scipy.sparse import csr_array
    except ImportError as error:
        raise ImportError('sparse=True needs SciPy: pip install "valuegrad[train]"') from error
    if any(isinstance(x, Value) for x in entries.values()):
        raise TypeError(
            "a sparse matrix holds numbers, but an outer derivative needs Values: leave out "
            "sparse=True there"
        )
    places = list(zip(*entries)) or [(), ()]
    return csr_array((list(entries.values()), places), shape=(m, n), dtype=float)
