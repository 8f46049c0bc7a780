"""The machine's loops over rows of numbers.  This file is text for the compiler.

Holds: one small function for each thing that is done to rows, in the part of Python that numba
compiles.  `machine` calls them, and says what the arrays are.

Only `total`, `product` and `products`, which add over the examples of a batch, may be compiled so
that they add in any order.

May import: numpy, for the names that numba compiles.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

# What the compiler is told of arguments: numbers, places in memory, and arrays of either.
Int: TypeAlias = Any
Place: TypeAlias = Any
Ints: TypeAlias = Any
Floats: TypeAlias = Any
Longs: TypeAlias = Any
Table: TypeAlias = Any
Bytes: TypeAlias = Any


def total(A: Floats, a: Place, n: Place) -> float:
    """The sum of n numbers."""
    s = 0.0
    for i in range(n):
        s += A[a + i]
    return s


def product(A: Floats, a: Place, V: Floats, x: Place, n: Place) -> float:
    """The sum of n products."""
    s = 0.0
    for i in range(n):
        s += A[a + i] * V[x + i]
    return s


def products(
    A: Floats, a: Place, V: Floats, x: Place, y: Place, z: Place, w: Place, n: Place
) -> tuple[float, float, float, float]:
    """Four sums of n products with one factor in common."""
    s = t = u = v = 0.0
    for i in range(n):
        g = A[a + i]
        s += g * V[x + i]
        t += g * V[y + i]
        u += g * V[z + i]
        v += g * V[w + i]
    return s, t, u, v


def add_row(A: Floats, d: Place, a: Place, n: Place) -> None:
    """A row added to another."""
    for i in range(n):
        A[d + i] += A[a + i]


def add_times(A: Floats, d: Place, B: Floats, b: Place, x: float, n: Place) -> None:
    """A row times a number, added to a row."""
    for i in range(n):
        A[d + i] += B[b + i] * x


def add_product(A: Floats, d: Place, B: Floats, b: Place, V: Floats, v: Place, n: Place) -> None:
    """The product of two rows, added to a row."""
    for i in range(n):
        A[d + i] += B[b + i] * V[v + i]


def fill(V: Floats, d: Place, x: float, n: Place) -> None:
    """One number throughout a row."""
    for i in range(n):
        V[d + i] = x


def move(D: Floats, d: Place, B: Floats, b: Place, n: Place) -> None:
    """A row of one array becomes a row of another."""
    for i in range(n):
        D[d + i] = B[b + i]


def copy(V: Floats, d: Place, a: Place, n: Place) -> None:
    """A row copied."""
    move(V, d, V, a, n)


def gather(V: Floats, S: Floats, index: Ints, m: Int, d: Place, p: Int, n: Place) -> None:
    """Rows brought side by side; a number fills its row."""
    for i in range(p, p + m):
        if index[i] >= 0:
            copy(V, d, np.uintp(index[i]) * n, n)
        else:
            fill(V, d, S[~index[i]], n)
        d += n


def scatter(A: Floats, G: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int, n: Place) -> None:
    """Each row added to the w adjoints that the list names for it, the last row first."""
    d += n * np.uintp(m)
    p += w * m
    for _ in range(m):
        d -= n
        p -= w
        for i in range(p, p + w):
            if index[i] >= 0:
                add_row(A, np.uintp(index[i]) * n, d, n)
            else:
                G[~index[i]] += total(A, d, n)


def scatter_times(
    V: Floats, A: Floats, G: Floats, index: Ints, m: Int, d: Place, p: Int, b: Place, n: Place
) -> None:
    """The same for products of an adjoint's row and a partial's."""
    d += n * np.uintp(m)
    b += n * np.uintp(m)
    for i in range(p + m - 1, p - 1, -1):
        d -= n
        b -= n
        if index[i] >= 0:
            add_product(A, np.uintp(index[i]) * n, A, d, V, b, n)
        else:
            G[~index[i]] += product(A, d, V, b, n)


def sums(V: Floats, S: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int, n: Place) -> None:
    """Sums of w rows and numbers each."""
    for _ in range(m):
        gather(V, S, index, 1, d, p, n)
        for i in range(p + 1, p + w):
            if index[i] >= 0:
                add_row(V, d, np.uintp(index[i]) * n, n)
            else:
                s = S[~index[i]]
                for e in range(n):
                    V[d + e] += s
        p += w
        d += n


def dot(V: Floats, S: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int, n: Place) -> None:
    """Dots of rows and numbers in any mixture."""
    for _ in range(m):
        fill(V, d, 0.0, n)
        for i in range(p, p + w):
            x, y = index[i], index[i + w]
            if x < 0:
                x, y = y, x
            if x < 0:
                s = S[~x] * S[~y]
                for e in range(n):
                    V[d + e] += s
            elif y < 0:
                add_times(V, d, V, np.uintp(x) * n, S[~y], n)
            else:
                add_product(V, d, V, np.uintp(x) * n, V, np.uintp(y) * n, n)
        p += 2 * w
        d += n


def dot_adjoint(
    V: Floats,
    A: Floats,
    S: Floats,
    G: Floats,
    index: Ints,
    m: Int,
    g: Place,
    p: Int,
    w: Int,
    to: Int,
    n: Place,
) -> None:
    """The adjoints of one half of the factors, that which starts `to` after p, from the other."""
    p += 2 * w * m
    g += n * np.uintp(m)
    for _ in range(m):
        p -= 2 * w
        g -= n
        for i in range(w):
            x, y = index[p + to + i], index[p + w - to + i]
            if x >= 0 and y >= 0:
                add_product(A, np.uintp(x) * n, A, g, V, np.uintp(y) * n, n)
            elif x >= 0:
                add_times(A, np.uintp(x) * n, A, g, S[~y], n)
            elif y >= 0:
                G[~x] += product(A, g, V, np.uintp(y) * n, n)
            else:
                G[~x] += total(A, g, n) * S[~y]


def dot_one(V: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int) -> None:
    """Dots of single numbers."""
    for _ in range(m):
        s = 0.0
        for i in range(p, p + w):
            s += V[np.uintp(index[i])] * V[np.uintp(index[i + w])]
        V[d] = s
        d += np.uintp(1)
        p += 2 * w


def dot_run(V: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int) -> None:
    """The same where each half of a member's factors stands side by side.

    Four members at a time, because each has to wait for its own sum.
    """
    while m >= 4:
        a, b = np.uintp(index[p]), np.uintp(index[p + w])
        a2, b2 = np.uintp(index[p + 2 * w]), np.uintp(index[p + 3 * w])
        c, x = np.uintp(index[p + 4 * w]), np.uintp(index[p + 5 * w])
        c2, x2 = np.uintp(index[p + 6 * w]), np.uintp(index[p + 7 * w])
        s = t = u = v = 0.0
        for i in range(np.uintp(w)):
            s += V[a + i] * V[b + i]
            t += V[a2 + i] * V[b2 + i]
            u += V[c + i] * V[x + i]
            v += V[c2 + i] * V[x2 + i]
        V[d], V[d + np.uintp(1)], V[d + np.uintp(2)], V[d + np.uintp(3)] = s, t, u, v
        d += np.uintp(4)
        p += 8 * w
        m -= 4
    dot_one(V, index, m, d, p, w)


def dot_one_adjoint(
    V: Floats, A: Floats, index: Ints, m: Int, g: Place, p: Int, w: Int, to: Int
) -> None:
    """The adjoints of one half of the factors, for single numbers."""
    p += 2 * w * m
    g += np.uintp(m)
    for _ in range(m):
        p -= 2 * w
        g -= np.uintp(1)
        s = A[g]
        for i in range(p + to, p + to + w):
            A[np.uintp(index[i])] += s * V[np.uintp(index[i + w - 2 * to])]


def dot_run_adjoint(
    V: Floats, A: Floats, index: Ints, m: Int, g: Place, p: Int, w: Int, to: Int
) -> None:
    """The same where each half of a member's factors stands side by side."""
    p += 2 * w * m
    g += np.uintp(m)
    for _ in range(m):
        p -= 2 * w
        g -= np.uintp(1)
        x, y = np.uintp(index[p + to]), np.uintp(index[p + w - to])
        add_times(A, x, V, y, A[g], np.uintp(w))


def dot_fixed(
    V: Floats, S: Floats, index: Ints, m: Int, d: Place, p: Int, w: Int, n: Place
) -> None:
    """Dots of numbers with rows, eight pairs at a time, each added in turn."""
    for _ in range(m):
        fill(V, d, 0.0, n)
        i = p
        while i + 8 <= p + w:
            s, t = S[~index[i]], S[~index[i + 1]]
            u, v = S[~index[i + 2]], S[~index[i + 3]]
            s2, t2 = S[~index[i + 4]], S[~index[i + 5]]
            u2, v2 = S[~index[i + 6]], S[~index[i + 7]]
            j = i + w
            a, b = np.uintp(index[j]) * n, np.uintp(index[j + 1]) * n
            c, x = np.uintp(index[j + 2]) * n, np.uintp(index[j + 3]) * n
            a2, b2 = np.uintp(index[j + 4]) * n, np.uintp(index[j + 5]) * n
            c2, x2 = np.uintp(index[j + 6]) * n, np.uintp(index[j + 7]) * n
            for e in range(n):
                z = V[d + e] + s * V[a + e]
                z = z + t * V[b + e]
                z = z + u * V[c + e]
                z = z + v * V[x + e]
                z = z + s2 * V[a2 + e]
                z = z + t2 * V[b2 + e]
                z = z + u2 * V[c2 + e]
                V[d + e] = z + v2 * V[x2 + e]
            i += 8
        while i < p + w:
            add_times(V, d, V, np.uintp(index[i + w]) * n, S[~index[i]], n)
            i += 1
        p += 2 * w
        d += n


def dot_fixed_numbers(
    V: Floats, A: Floats, G: Floats, index: Ints, m: Int, g: Place, p: Int, w: Int, n: Place
) -> None:
    """The adjoints of the numbers: sums over the examples."""
    for _ in range(m):
        i = p
        while i + 4 <= p + w:
            j = i + w
            s, t, u, v = products(
                A, g, V, np.uintp(index[j]) * n, np.uintp(index[j + 1]) * n,
                np.uintp(index[j + 2]) * n, np.uintp(index[j + 3]) * n, n,
            )  # fmt: skip
            G[~index[i]] += s
            G[~index[i + 1]] += t
            G[~index[i + 2]] += u
            G[~index[i + 3]] += v
            i += 4
        while i < p + w:
            G[~index[i]] += product(A, g, V, np.uintp(index[i + w]) * n, n)
            i += 1
        p += 2 * w
        g += n


def is_shared(index: Ints, m: Int, p: Int, w: Int) -> bool:
    """Whether all members have the same rows: neurons of a layer."""
    for j in range(1, m):
        for i in range(p + w, p + 2 * w):
            if index[i + 2 * w * j] != index[i]:
                return False
    return True


def add_eight(
    A: Floats, x: Place, a: Place, n: Place, s: float, t: float, u: float, v: float, s2: float,
    t2: float, u2: float, v2: float,
) -> None:  # fmt: skip
    """Eight rows from a on, times a number each, added to row x, the last first."""
    b = a + n
    c, d = b + n, b + n + n
    a2, b2 = d + n, d + n + n
    c2, d2 = b2 + n, b2 + n + n
    for e in range(n):
        z = A[x + e] + v2 * A[d2 + e]
        z = z + u2 * A[c2 + e]
        z = z + t2 * A[b2 + e]
        z = z + s2 * A[a2 + e]
        z = z + v * A[d + e]
        z = z + u * A[c + e]
        z = z + t * A[b + e]
        A[x + e] = z + s * A[a + e]


def shared_rows(
    A: Floats, S: Floats, index: Ints, m: Int, g: Place, p: Int, w: Int, n: Place
) -> None:
    """The adjoints of rows that all members share; eight members at a time, the last first."""
    for i in range(p, p + w):
        x = np.uintp(index[i + w]) * n
        j = m
        while j >= 8:
            j -= 8
            k = i + 2 * w * j
            add_eight(
                A, x, g + n * np.uintp(j), n, S[~index[k]], S[~index[k + 2 * w]],
                S[~index[k + 4 * w]], S[~index[k + 6 * w]], S[~index[k + 8 * w]],
                S[~index[k + 10 * w]], S[~index[k + 12 * w]], S[~index[k + 14 * w]],
            )  # fmt: skip
        while j > 0:
            j -= 1
            add_times(A, x, A, g + n * np.uintp(j), S[~index[i + 2 * w * j]], n)


def dot_fixed_rows(
    A: Floats, S: Floats, index: Ints, m: Int, g: Place, p: Int, w: Int, n: Place
) -> None:
    """The adjoints of the rows."""
    if is_shared(index, m, p, w):
        shared_rows(A, S, index, m, g, p, w, n)
        return
    p += 2 * w * m
    g += n * np.uintp(m)
    for _ in range(m):
        p -= 2 * w
        g -= n
        for i in range(p, p + w):
            add_times(A, np.uintp(index[i + w]) * n, A, g, S[~index[i]], n)
