"""Assembling: groups and templates become the instructions that the machine runs.

Holds: `assemble`, which lays out one pass over some groups.  Like the machine it is text for the
compiler, because a long chain of operations has as many groups as operations.

May import: instructions, loops for types; numpy, for the names that numba compiles.
"""

from __future__ import annotations

import numpy as np

from autodiff.tape.instructions import (
    ADJOINT,
    ADJOINT_CONSTANT,
    ADJOINT_TIMES,
    DOT,
    DOT_ADJOINT,
    DOT_FIXED,
    DOT_FIXED_A,
    DOT_FIXED_G,
    DOT_ONE,
    DOT_ONE_ADJOINT,
    DOT_RUN,
    DOT_RUN_ADJOINT,
    FILL,
    FUSED_ADJOINT,
    GATHER,
    LENGTHS,
    SCATTER,
    SCATTER_TIMES,
    SUM,
)
from autodiff.tape.loops import Int, Ints, Longs, Table


def base_of(
    rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, j: Int
) -> Int:
    """The first row of operand j of some members, if their rows stand side by side; else -1."""
    first = np.int64(rows[operands[start[members[lo]] + j]])
    if first < 0:
        return -1
    for i in range(lo + 1, hi):
        if rows[operands[start[members[i]] + j]] != first + i - lo:
            return -1
    return first


def list_rows(
    rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, j: Int, width: Int,
    index: Ints, end: Int,
) -> Int:  # fmt: skip
    """Appends the rows of `width` operands from number j of each member; the new end."""
    if end + (hi - lo) * width <= len(index):
        p = end
        for i in range(lo, hi):
            k = start[members[i]] + j
            for each in range(k, k + width):
                index[p] = rows[operands[each]]
                p += 1
    return end + (hi - lo) * width


def list_pairs(
    rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, half: Int, swap: bool,
    index: Ints, end: Int,
) -> Int:  # fmt: skip
    """Appends the rows of both halves of each member's operands, the second first if `swap`."""
    for i in range(lo, hi):
        end = list_rows(rows, operands, start, members, i, i + 1, half if swap else 0, half,
                        index, end)  # fmt: skip
        end = list_rows(rows, operands, start, members, i, i + 1, 0 if swap else half, half,
                        index, end)  # fmt: skip
    return end


def emit(code: Ints, end: Int, op: Int, m: Int, words: Longs) -> Int:
    """Appends one instruction; the new end."""
    n = LENGTHS[op]
    if end + n <= len(code):
        code[end] = op | m << 8
        for i in range(n - 1):
            code[end + 1 + i] = words[i]
    return end + n


def emit_four(code: Ints, end: Int, op: Int, m: Int, words: Longs, a: Int, b: Int, c: Int,
              d: Int) -> Int:  # fmt: skip
    """Appends one instruction with its numbers given one by one."""
    words[0], words[1], words[2], words[3] = a, b, c, d
    return emit(code, end, op, m, words)


def side_of(rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, j: Int,
            half: Int) -> Int:  # fmt: skip
    """0 if none of `half` operands from number j varies, 1 if all do, 2 if some."""
    n = 0
    for i in range(lo, hi):
        k = start[members[i]] + j
        for each in range(k, k + half):
            n += 1 if rows[operands[each]] >= 0 else 0
    return 0 if n == 0 else 1 if n == (hi - lo) * half else 2


def are_runs(index: Ints, p: Int, m: Int, w: Int) -> bool:
    """Whether in each of 2 m lists of w rows the rows stand side by side."""
    if len(index) < p + 2 * m * w:  # the pass that only counts
        return False
    for first in range(p, p + 2 * m * w, w):
        for i in range(1, w):
            if index[first + i] != index[first] + i:
                return False
    return True


def assemble_dot(
    rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, half: Int, z: Int,
    one: bool, wants: Int, p: Int, words: Longs, code: Ints, end: Int, index: Ints, index_end: Int,
) -> tuple[Int, Int]:  # fmt: skip
    """Appends a group of dots, or with `wants` (1, 2: which half; 3: both) its reverse step.

    The reverse step finds the pairs in `index` from p, where the forward pass has put them.
    """
    m = hi - lo
    left = right = 1
    if not one:
        left = side_of(rows, operands, start, members, lo, hi, 0, half)
        right = side_of(rows, operands, start, members, lo, hi, half, half)
    swap = left == 1 and right == 0
    fixed = swap or (left == 0 and right == 1)
    if wants == 0:
        p = index_end
        index_end = list_pairs(rows, operands, start, members, lo, hi, half, swap, index, p)
        op = DOT_FIXED if fixed else DOT
        if one:
            op = DOT_RUN if are_runs(index, p, m, half) else DOT_ONE
        return emit_four(code, end, op, m, words, z, p, half, 0), index_end
    for which in range(2):
        if not wants & (1 << which):
            continue
        if one:
            op = DOT_RUN_ADJOINT if are_runs(index, p, m, half) else DOT_ONE_ADJOINT
            end = emit_four(code, end, op, m, words, z, p, half, which * half)
        elif not fixed:
            end = emit_four(code, end, DOT_ADJOINT, m, words, z, p, half, which * half)
        elif swap == (which == 1):
            end = emit_four(code, end, DOT_FIXED_G, m, words, z, p, half, 0)
        else:
            end = emit_four(code, end, DOT_FIXED_A, m, words, z, p, half, 0)
    return end, index_end


def assemble_lines(
    rows: Ints, operands: Ints, start: Ints, members: Ints, lo: Int, hi: Int, width: Int, z: Int,
    lines: Table, first: Int, last: Int, uses: Ints, base: Longs, words: Longs, spare: Int,
    code: Ints, end: Int, index: Ints, index_end: Int,
) -> tuple[Int, Int, Int]:  # fmt: skip
    """Appends a template for one group; also how many rows of intermediate results it needs."""
    m = hi - lo
    free = spare
    for use in uses:
        j = np.int64(use)
        base[j] = base_of(rows, operands, start, members, lo, hi, j)
        if base[j] < 0:
            base[j] = free
            end = emit_four(code, end, GATHER, m, words, free, index_end, 0, 0)
            index_end = list_rows(rows, operands, start, members, lo, hi, j, 1, index, index_end)
            free += m
    most = free
    for line in range(first, last):
        op = np.int64(lines[line, 0])
        for i in range(5):
            ref = np.int64(lines[line, i + 1])
            if ref < 0:
                words[i] = ~ref
            elif ref < width:
                words[i] = base[ref]
            elif ref == width:
                words[i] = z
            else:
                words[i] = free + (ref - width - 1) * m
                most = max(most, words[i] + m)
        if op in (ADJOINT, ADJOINT_CONSTANT, ADJOINT_TIMES, FUSED_ADJOINT):
            j = np.int64(lines[line, 1])
            target = base_of(rows, operands, start, members, lo, hi, j)
            if target < 0:
                p = index_end
                index_end = list_rows(rows, operands, start, members, lo, hi, j, 1, index, p)
                if op == ADJOINT:
                    end = emit_four(code, end, SCATTER, m, words, z, p, 1, 0)
                    continue
                row = words[2]
                if op == ADJOINT_CONSTANT:
                    row = most
                    most += m
                    end = emit_four(code, end, FILL, m, words, row, words[2], 0, 0)
                end = emit_four(code, end, SCATTER_TIMES, m, words, z, p, row, 0)
                continue
            words[0] = target
        end = emit(code, end, op, m, words)
    return end, index_end, most


def assemble(
    groups: Ints, bounds: Ints, members: Ints, types: Ints, widths: Ints, templates: Ints,
    fused: Ints, template_lines: Ints, lines: Table, template_uses: Ints, uses: Ints,
    start: Ints, operands: Ints, rows: Ints, first: Int, spare: Int, one: bool, reverse: bool,
    base: Longs, words: Longs, lists: Longs, code: Ints, index: Ints, index_end: Int,
) -> tuple[Int, Int, Int]:  # fmt: skip
    """Lays out one pass.

    Args:
        groups: The groups, in order.
        bounds: Where each starts in `members`, and the end.
        members: Numbers of operations.
        types: For each group 0 if it has a template, 1 for sums, 2 for dots.
        widths: How many operands each member of a group has.
        templates: For each group its template; for dots in reverse which halves are wanted.
            Negative: nothing is to be done.
        fused: For each group a template that can be used if the first operand's rows stand side
            by side, or -1.
        template_lines: Where each template's lines start in `lines`, and the end.
        lines: Lines of templates.
        template_uses: Where each template's operands start in `uses`, and the end.
        uses: The operands that templates read.
        start: Where each operation's operands start.
        operands: Slots.
        rows: The row of each slot; ~number if it does not vary.
        first: The slot of the first operation.
        spare: The first row for intermediate results.
        one: Whether a row holds one number only.
        reverse: Whether this is a reverse pass.
        base: Room for one number per operand.
        words: Room for five numbers.
        lists: For each group of sums or dots where its rows stand in `index`; filled in by the
            forward pass, read by the reverse pass.
        code: Filled in, as far as there is room.
        index: Filled in from `index_end`, as far as there is room.
        index_end: Where to start.

    Returns:
        Where code and index end, or would, and one past the last row used.
    """
    end = 0
    most = spare
    for g in groups:
        t = np.int64(templates[g])
        if t < 0:
            continue
        lo, hi = np.int64(bounds[g]), np.int64(bounds[g + 1])
        width = np.int64(widths[g])
        z = np.int64(rows[first + members[lo]])
        if types[g] == 1:
            if not reverse:
                lists[g] = index_end
                index_end = list_rows(rows, operands, start, members, lo, hi, 0, width,
                                      index, index_end)  # fmt: skip
            op = SCATTER if reverse else SUM
            end = emit_four(code, end, op, hi - lo, words, z, lists[g], width, 0)
        elif types[g] == 2:
            if not reverse:
                lists[g] = index_end
            end, index_end = assemble_dot(
                rows, operands, start, members, lo, hi, width // 2, z, one, t, lists[g], words,
                code, end, index, index_end,
            )  # fmt: skip
        else:
            if fused[g] >= 0 and base_of(rows, operands, start, members, lo, hi, 0) >= 0:
                t = np.int64(fused[g])
            first_line, last_line = np.int64(template_lines[t]), np.int64(template_lines[t + 1])
            end, index_end, used = assemble_lines(
                rows, operands, start, members, lo, hi, width, z, lines, first_line, last_line,
                uses[template_uses[t] : template_uses[t + 1]], base, words, spare, code, end,
                index, index_end,
            )  # fmt: skip
            most = max(most, used)
    return end, index_end, most
