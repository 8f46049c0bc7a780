"""Which entries of a Jacobian or a Hessian may differ from 0, and how few sweeps give them all.

Holds: `jacobian_pattern` and `hessian_pattern`, which read off a graph which inputs meet;
`jacobian_entries` and `hessian_entries`, which choose the sweeps and take their results apart; and
`as_rows` and `as_csr`.  A pattern is a list of rows, each the list of the places that may differ
from 0, in ascending order.

While a pattern is read off a graph, a row is a set of numbers in blocks of 1024: a dict from the
number of each block that is not empty to an int, whose bits say what is in it.  So small sets stay
small however many inputs there are, and large ones take no more than a bit for each.

Which operands of an operation meet, x and y in x * y but not in x + y, is read off the table: the
rule's partials run on numbers that remember what they were computed from.

May import: rule, rules, ieee, value, sweeps; SciPy when first used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

from autodiff import rules
from autodiff.ieee import FUNCTIONS, Double
from autodiff.rule import IEEE, Rule, follow
from autodiff.sweeps import (
    Carrier,
    Function,
    give_operators,
    partials_as,
    value_of,
)
from autodiff.value import Value, operand_numbers

Entries = dict[tuple[int, int], Any]
Blocks = dict[int, int]
_BITS = 10  # a block holds 2 to this many numbers


def single(number: int) -> Blocks:
    """The set of one number."""
    return {number >> _BITS: 1 << (number & (1 << _BITS) - 1)}


def members(blocks: Blocks) -> Iterator[int]:
    """The numbers in a set, in ascending order."""
    for block in sorted(blocks):
        bits = blocks[block]
        while bits:
            lowest = bits & -bits
            yield (block << _BITS) + lowest.bit_length() - 1
            bits ^= lowest


def add(blocks: Blocks, more: Blocks) -> None:
    """Puts all of `more` into a set."""
    for block, bits in more.items():
        blocks[block] = blocks.get(block, 0) | bits


def union(sets: Iterable[Blocks]) -> Blocks:
    """What is in any of the sets; one of them itself if the others add nothing."""
    total: Blocks = {}
    is_new = False
    for each in sets:
        if not total:
            total = each
        elif each and each is not total:
            if not is_new:
                total, is_new = dict(total), True
            add(total, each)
    return total


# --- which operands of one operation meet -------------------------------------------------


class Marked(Carrier):
    """A number, and the set of operands that it was computed from."""

    __slots__ = ("marks",)

    def __init__(self, value: float, marks: Blocks) -> None:
        self.value, self.marks = value, marks


def _on_marked(function: Function, variadic: bool = False) -> Function:
    """An IEEE function whose result depends on all that its operands depend on."""

    def operation(*operands: Any) -> Any:
        if variadic:
            (operands,) = operands
        xs = [Double(value_of(x)) for x in operands]
        marks = union(x.marks for x in operands if x.__class__ is Marked)
        return Marked(function(xs) if variadic else function(*xs), marks)

    return operation


# The namespace in which rules compute with marked numbers.  Between its jumps floor is constant.
MARKED: dict[str, Function] = {name: _on_marked(function) for name, function in FUNCTIONS.items()}


def _listen(rule: Rule) -> None:
    name = rule.value.__name__
    if rule.name != "where":
        MARKED[name] = _on_marked(IEEE[name], rule.variadic)


follow(_listen)
MARKED["where"] = rules.where
MARKED["floor"] = lambda x: float(FUNCTIONS["floor"](value_of(x)))
give_operators(Marked, MARKED)


def interactions(node: Value, on: set[int]) -> list[Blocks]:
    """For each operand of a node the set of operands that its partial depends on.

    Second derivatives are symmetric, so operands meet only if each is in the other's set.  The
    branch that `where` takes is that of the numbers at hand.  If the partials cannot be computed
    with marked numbers, all operands meet.
    """
    operands = node.operands
    varying = [id(x) in on for x in operands]
    everything = union(single(i) for i, varies in enumerate(varying) if varies)
    marked = tuple(
        [
            Marked(x, single(i)) if varies else x
            for i, (x, varies) in enumerate(zip(operand_numbers(node), varying))
        ]
    )
    found: list[Blocks]
    try:
        partials = partials_as(MARKED, node._rule, Marked(node._z, everything), marked)
        found = [d.marks if d.__class__ is Marked else {} for d in partials]
    except (TypeError, AttributeError):
        found = [everything] * len(operands)
    if not any(found):
        return found
    if all(not each or each == everything for each in found):  # spares n * n steps for n operands
        both = union(single(i) for i, each in enumerate(found) if each and varying[i])
        return [both if each and varies else {} for each, varies in zip(found, varying)]
    sets = [set(members(each)) for each in found]
    return [
        union(single(j) for j in sorted(each) if i in sets[j]) if varies else {}
        for i, (each, varies) in enumerate(zip(sets, varying))
    ]


# --- which inputs meet --------------------------------------------------------------------


def jacobian_pattern(
    path: Sequence[Value], inputs: Sequence[Value], outputs: Sequence[Any]
) -> list[list[int]]:
    """For each output the inputs that it depends on.

    Sets are formed of inputs or of outputs, of whichever there are fewer.
    """
    sets: dict[int, Blocks] = {}
    if len(outputs) < len(inputs):
        for i, y in enumerate(outputs):
            sets[id(y)] = union([sets.get(id(y), {}), single(i)])
        for node in reversed(path):
            reached = sets.get(id(node))
            if reached:
                for x in node.operands:
                    sets[id(x)] = union([sets.get(id(x), {}), reached])
        columns = [list(members(sets.get(id(x), {}))) for x in inputs]
        return transposed(columns, len(outputs))
    sets = {id(x): single(i) for i, x in enumerate(inputs)}
    for node in path:
        sets[id(node)] = union(sets.get(id(x), {}) for x in node.operands)
    return [list(members(sets.get(id(y), {}))) for y in outputs]


def hessian_pattern(
    path: Sequence[Value], on: set[int], inputs: Sequence[Value]
) -> list[list[int]]:
    """For each input the inputs that it meets in a nonlinear operation.

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
    sets = {id(x): single(i) for i, x in enumerate(inputs)}
    for node in path:
        if id(node) in needed:
            sets[id(node)] = union(sets.get(id(x), {}) for x in node.operands)
    rows: list[Blocks] = [{} for _ in inputs]
    done = set()
    for operands, found in meetings:
        met: dict[int, Blocks] = {}  # where all meet all, `found` holds one set many times
        for x, meets in zip(operands, found):
            if meets:
                if id(meets) not in met:
                    met[id(meets)] = union(sets[id(operands[j])] for j in members(meets))
                pair = sets[id(x)], met[id(meets)]
                key = tuple([frozenset(each.items()) for each in pair])
                if key not in done:
                    done.add(key)
                    for i in members(pair[0]):
                        add(rows[i], pair[1])
    return [list(members(row)) for row in rows]


# --- which columns one sweep computes together --------------------------------------------


def disjoint_groups(sets: Sequence[Sequence[int]], limit: float) -> list[list[int]] | None:
    """The places of the sets, in groups within which no two sets meet; empty sets in none.

    First fit: each set joins the first group that it does not meet; None if that takes `limit`
    groups or more.  (Curtis, Powell, Reid, "On the estimation of sparse Jacobian matrices", 1974.)
    """
    groups: list[list[int]] = []
    groups_of: dict[int, int] = {}  # for each number the groups that hold it, as bits
    for place, each in enumerate(sets):
        if each:
            taken = 0
            for number in each:
                taken |= groups_of.get(number, 0)
            bit = ~taken & (taken + 1)
            fit = bit.bit_length() - 1
            if fit == len(groups):
                groups.append([])
            groups[fit].append(place)
            for number in each:
                groups_of[number] = groups_of.get(number, 0) | bit
            if len(groups) >= limit:
                return None
    return groups


def transposed(rows: Sequence[Sequence[int]], width: int) -> list[list[int]]:
    """The columns of a pattern, in the form of its rows."""
    columns: list[list[int]] = [[] for _ in range(width)]
    for i, row in enumerate(rows):
        for j in row:
            columns[j].append(i)
    return columns


def star_colours(rows: Sequence[Sequence[int]]) -> list[int]:
    """A colour for each column of a symmetric pattern, so that one product per colour suffices.

    Columns that meet differ, and no path of four of them has only two colours: then each entry,
    or its mirror image, stands alone in one of the products.  Columns that meet most come first.
    (Gebremedhin, Manne, Pothen, "What color is your Jacobian?", 2005, section 4.)

    Returns:
        Colours from 0; -1 for an empty column.
    """
    n = len(rows)
    around = [[j for j in row if j != i] for i, row in enumerate(rows)]
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


def jacobian_entries(
    rows: Sequence[Sequence[int]], width: int, pull: Function, push: Function
) -> Entries:
    """The entries of a pattern, by as few sweeps as the groups of its rows or columns need.

    Args:
        rows: The pattern.
        width: How many columns it has.
        pull: The sum of some rows, from their places.
        push: The sum of some columns, from their places.
    """
    entries: Entries = {}
    columns = transposed(rows, width)
    # No two rows with an entry in one column share a sweep: at least so many it takes.
    least_rows, least_columns = (max(map(len, sets), default=0) for sets in (columns, rows))
    by_rows: list[list[int]] | None
    if least_rows <= least_columns:
        by_rows = disjoint_groups(rows, inf) or []
        by_columns = (
            disjoint_groups(columns, len(by_rows)) if least_columns < len(by_rows) else None
        )
    else:
        by_columns = disjoint_groups(columns, inf) or []
        few = len(by_columns)
        by_rows = disjoint_groups(rows, few + 1) if least_rows <= few else None
        by_columns = None if by_rows is not None else by_columns
    if by_columns is not None:
        for group in by_columns:
            total = push(group)
            entries.update({(i, j): total[i] for j in group for i in columns[j]})
    else:
        for group in by_rows or []:
            total = pull(group)
            entries.update({(i, j): total[j] for i in group for j in rows[i]})
    return entries


def hessian_entries(rows: Sequence[Sequence[int]], product: Function) -> Entries:
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
        for j in row:
            often |= near & 1 << colours[j]
            near |= 1 << colours[j]
        for j in row:
            if not often >> colours[j] & 1:
                found[i, j] = products[colours[j]][i]
    return {
        (i, j): found[i, j] if (i, j) in found else found[j, i]
        for i, row in enumerate(rows)
        for j in row
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
