"""The machine: what runs an assembled program.  This file is text for the compiler.

Holds: `run`, in the part of Python that numba compiles; `kernels` takes its source from here and
that of the `loops`, adds the functions that it makes from the rules, and compiles all of it once.

A program is a row of numbers: `instructions` says what each means.  A row of the memory holds one
number per example, `width` of them, and a group's rows stand side by side, so an instruction is one
loop over `n = members * width` numbers that the processor does several at a time.  There are four
arrays of numbers:

    V, A    values and adjoints of what varies from example to example, a row for each
    S, G    values and adjoints of what does not: parameters, constants and what they alone lead to

In lists of rows (`index`) a row of V is its number r, and a number of S is ~r, which is negative.
With `width` 1 everything may stand in V and A: then one example is replayed, and sums are added in
the order of eager's backward, to the last bit.

May import: instructions, loops; numpy, for the names that numba compiles.
"""

from __future__ import annotations

import numpy as np

from autodiff.tape.instructions import (
    ADD,
    ADD_CONSTANT,
    ADJOINT,
    ADJOINT_CONSTANT,
    ADJOINT_TIMES,
    BINARY,
    DIV,
    DOT,
    DOT_FIXED,
    DOT_FIXED_A,
    DOT_FIXED_G,
    DOT_ONE,
    DOT_ONE_ADJOINT,
    DOT_RUN,
    DOT_RUN_ADJOINT,
    FILL,
    FUSED,
    FUSED_ADJOINT,
    GATHER,
    GUARD,
    IF_LESS,
    IF_LESS_EQUAL,
    LENGTHS,
    LOAD,
    MUL,
    MUL_CONSTANT,
    SCATTER,
    SCATTER_TIMES,
    SEED,
    START,
    STORE,
    SUB,
    SUM,
    TAKE,
    UNARY,
    WHERE,
    WORDS,
)
from autodiff.tape.loops import (
    Bytes,
    Floats,
    Int,
    Ints,
    Place,
    add_product,
    add_row,
    add_times,
    dot,
    dot_adjoint,
    dot_fixed,
    dot_fixed_numbers,
    dot_fixed_rows,
    dot_one,
    dot_one_adjoint,
    dot_run,
    dot_run_adjoint,
    fill,
    gather,
    move,
    scatter,
    scatter_times,
    sums,
)


def unary(function: Int, x: float) -> float:
    """An elementary function of one number; made from the table of operations."""
    raise NotImplementedError


def binary(function: Int, x: float, y: float) -> float:
    """An elementary function of two numbers; made from the table of operations."""
    raise NotImplementedError


def fused(which: Int, n: Place, d: Place, x: Place, V: Floats) -> None:
    """The value of a rule in one loop; made from the rules."""
    raise NotImplementedError


def fused_adjoint(which: Int, n: Place, d: Place, g: Place, x: Place, V: Floats, A: Floats) -> None:
    """Adjoint times partial of a rule in one loop; made from the rules."""
    raise NotImplementedError


def dot_adjoint_of(
    op: Int, V: Floats, A: Floats, S: Floats, G: Floats, index: Ints, m: Int, g: Place, p: Int,
    w: Int, to: Int, n: Place,
) -> None:  # fmt: skip
    """The reverse step of dots, of whatever sort."""
    if op == DOT_ONE_ADJOINT:
        dot_one_adjoint(V, A, index, m, g, p, w, to)
    elif op == DOT_RUN_ADJOINT:
        dot_run_adjoint(V, A, index, m, g, p, w, to)
    elif op == DOT_FIXED_G:
        dot_fixed_numbers(V, A, G, index, m, g, p, w, n)
    elif op == DOT_FIXED_A:
        dot_fixed_rows(A, S, index, m, g, p, w, n)
    else:
        dot_adjoint(V, A, S, G, index, m, g, p, w, to, n)


def guard(V: Floats, a: Place, b: Place, outcome: Int, broken: Bytes, first: Int, n: Place) -> None:
    """Marks the examples whose comparison does not come out as `outcome` says."""
    kind = outcome >> 1
    for e in range(n):
        x, y = V[a + e], V[b + e]
        met = x < y if kind == 0 else x <= y if kind == 1 else x == y
        if met != (outcome & 1 == 1):
            broken[first + e] = 1


def load(V: Floats, X: Floats, first: Int, m: Int, w: Int) -> None:
    """The inputs of some examples, as rows."""
    for e in range(w):
        for i in range(m):
            V[np.uintp(i * w + e)] = X[np.uintp((first + e) * m + i)]


def take(A: Floats, X: Floats, first: Int, m: Int, w: Int) -> None:
    """The adjoints of the inputs of some examples."""
    for e in range(w):
        for i in range(m):
            X[np.uintp((first + e) * m + i)] = A[np.uintp(i * w + e)]


def store(
    V: Floats, S: Floats, results: Floats, first: Int, m: Int, r: Int, j: Int, w: Int
) -> None:
    """Result number j of m, of some examples."""
    for e in range(w):
        results[(first + e) * m + j] = V[r * w + e] if r >= 0 else S[~r]


def seed(A: Floats, G: Floats, seeds: Floats, first: Int, r: Int, w: Int) -> None:
    """What the result's adjoint starts from."""
    for e in range(w):
        if r >= 0:
            A[r * w + e] += seeds[first + e]
        else:
            G[~r] += seeds[first + e]


def run(
    code: Ints, index: Ints, C: Floats, V: Floats, A: Floats, S: Floats, G: Floats, X: Floats,
    seeds: Floats, results: Floats, gradients: Floats, broken: Bytes, first: Int, width: Int,
) -> None:  # fmt: skip
    """Runs instructions on `width` examples, the one with number `first` first; see `replay`."""
    end = len(code) - WORDS
    w = np.uintp(width)
    k = 0
    while k < end:
        op = np.int64(code[k]) & 255
        m = np.int64(code[k]) >> 8
        p, q = np.int64(code[k + 1]), np.int64(code[k + 2])
        r, s, t = np.int64(code[k + 3]), np.int64(code[k + 4]), np.int64(code[k + 5])
        n = np.uintp(m) * w
        d, a, b = np.uintp(p) * w, np.uintp(q) * w, np.uintp(r) * w
        k += LENGTHS[op]
        if op == ADJOINT_TIMES:
            add_product(A, d, A, a, V, b, n)
        elif op == ADJOINT:
            add_row(A, d, a, n)
        elif op == ADJOINT_CONSTANT:
            add_times(A, d, A, a, C[r], n)
        elif op == ADD:
            for i in range(n):
                V[d + i] = V[a + i] + V[b + i]
        elif op == MUL:
            for i in range(n):
                V[d + i] = V[a + i] * V[b + i]
        elif op == SUB:
            for i in range(n):
                V[d + i] = V[a + i] - V[b + i]
        elif op == DIV:
            for i in range(n):
                V[d + i] = V[a + i] / V[b + i]
        elif op == ADD_CONSTANT:
            c = C[r]
            for i in range(n):
                V[d + i] = V[a + i] + c
        elif op == MUL_CONSTANT:
            c = C[r]
            for i in range(n):
                V[d + i] = V[a + i] * c
        elif op == IF_LESS:
            x, y = np.uintp(s) * w, np.uintp(t) * w
            for i in range(n):
                V[d + i] = V[x + i] if V[a + i] < V[b + i] else V[y + i]
        elif op == IF_LESS_EQUAL:
            x, y = np.uintp(s) * w, np.uintp(t) * w
            for i in range(n):
                V[d + i] = V[x + i] if V[a + i] <= V[b + i] else V[y + i]
        elif op == WHERE:
            x = np.uintp(s) * w
            for i in range(n):
                V[d + i] = V[b + i] if V[a + i] != 0.0 else V[x + i]
        elif op == UNARY:
            for i in range(n):
                V[d + i] = unary(r, V[a + i])
        elif op == BINARY:
            for i in range(n):
                V[d + i] = binary(s, V[a + i], V[b + i])
        elif op == FUSED:
            fused(r, n, d, a, V)
        elif op == FUSED_ADJOINT:
            fused_adjoint(s, n, d, a, b, V, A)
        elif op == FILL:
            fill(V, d, C[q], n)
        elif op == GATHER:
            gather(V, S, index, m, d, q, w)
        elif op == SUM:
            sums(V, S, index, m, d, q, r, w)
        elif op == DOT:
            dot(V, S, index, m, d, q, r, w)
        elif op == DOT_ONE:
            dot_one(V, index, m, d, q, r)
        elif op == DOT_RUN:
            dot_run(V, index, m, d, q, r)
        elif op == DOT_FIXED:
            dot_fixed(V, S, index, m, d, q, r, w)
        elif op == SCATTER:
            scatter(A, G, index, m, d, q, r, w)
        elif op == SCATTER_TIMES:
            scatter_times(V, A, G, index, m, d, q, b, w)
        elif op == LOAD:
            load(V, X, first, m, width)
        elif op == STORE:
            store(V, S, results, first, m, p, q, width)
        elif op == GUARD:
            guard(V, a, b, s, broken, first, w)
        elif op == START:
            fill(A, np.uintp(0), 0.0, np.uintp(p) * w)
        elif op == SEED:
            seed(A, G, seeds, first, p, width)
        elif op == TAKE:
            take(A, gradients, first, m, width)
        else:
            dot_adjoint_of(op, V, A, S, G, index, m, d, q, r, s, w)


def replay(
    fixed: Ints, forward: Ints, backward: Ints, after: Ints, index: Ints, C: Floats, V: Floats,
    A: Floats, S: Floats, G: Floats, X: Floats, p: Floats, c: Floats, seeds: Floats,
    results: Floats, adjoints: Floats, gradients: Floats, broken: Bytes, examples: Int, width: Int,
    start: Int, one: bool,
) -> None:  # fmt: skip
    """Replays a program on a batch, some examples at a time.

    Args:
        fixed: The instructions for what does not vary, and after them at least `WORDS` zeros.
        forward: Those for each block of examples.
        backward: Their reverse steps.
        after: The reverse steps of what does not vary.
        index: Lists of rows.
        C: Constants that instructions name.
        V: Values that vary.
        A: Their adjoints.
        S: Values that do not vary.
        G: Their adjoints.
        X: The inputs, example after example.
        p: The parameters.
        c: Other numbers that are read.
        seeds: For each example what the result's adjoint starts from; none without adjoints.
        results: Filled in, example after example.
        adjoints: Filled in with the adjoints of the parameters.
        gradients: Filled in with the adjoints of the inputs.
        broken: For each example, becomes 1 where a guard does not hold.
        examples: How many there are.
        width: How many are computed at a time.
        start: Where the parameters stand in S, or in V.
        one: Whether everything stands in V and A.
    """
    given, added = (V, A) if one else (S, G)
    zero, at, n_p, n_c = np.uintp(0), np.uintp(start), np.uintp(len(p)), np.uintp(len(c))
    move(given, at, p, zero, n_p)
    move(given, at + n_p, c, zero, n_c)
    fill(G, zero, 0.0, np.uintp(len(G)))
    run(fixed, index, C, S, G, S, G, X, seeds, results, gradients, broken, 0, 1)
    for first in range(0, examples, width):
        n = min(width, examples - first)
        run(forward, index, C, V, A, S, G, X, seeds, results, gradients, broken, first, n)
        run(backward, index, C, V, A, S, G, X, seeds, results, gradients, broken, first, n)
    run(after, index, C, S, G, S, G, X, seeds, results, gradients, broken, 0, 1)
    move(adjoints, zero, added, at, np.uintp(len(adjoints)))
