"""Ctrl-C at any moment of an action, for the tests of what it may leave behind."""

import linecache
import sys
import threading

from autodiff import graph
from autodiff.context import CONTEXT, RECORDERS


def interrupted(action, event):
    """Calls `action` with Ctrl-C at one line event inside our packages; the events that it took.

    A tracer also strikes as a `with` statement begins or ends, and at a `try:`, where no signal is
    ever handled: such lines do not count.  Nor do those of `__exit__`: no Python code can protect
    itself there.
    A line that a frame stays on counts once: from Python 3.12 on a tracer strikes again between
    the end of a comprehension and what follows it on the line, which no signal does either.
    """
    count = 0
    lines = {}

    def trace(frame, kind, _):
        nonlocal count
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("autodiff", "nn"):
            return None
        if kind == "line" and lines.get(frame) != frame.f_lineno:
            lines[frame] = frame.f_lineno
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            quiet = line.lstrip().startswith(("with ", "try:"))
            if not quiet and frame.f_code.co_name != "__exit__":
                count += 1
                if count == event:
                    raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return count


def spread(action, most):
    """Events of an action at which to interrupt it: all, or `most` of them, evenly spread."""
    total = interrupted(action, 0)
    assert total > 10
    return sorted({1 + k * total // most for k in range(most)}) if total > most else range(1, total)


def is_usable():
    """Nothing is left locked, and no mode is left on."""
    free = threading.Thread(target=lambda: graph.LOCK.acquire(timeout=1.0) and graph.LOCK.release())
    free.start()
    free.join()
    context = CONTEXT.get()
    modes = (context.scope, context.special, RECORDERS)
    return not graph.LOCK._is_owned() and modes == ("", False, [])
