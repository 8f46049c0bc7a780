"""Record a function once, replay it fast: results and gradients without any graph of objects.

Holds: `Tape`.  In reading order: `program` is what a recording is; `recorder` watches a function
run, and `reader` makes a program of what it left.  `symbols` writes a rule down in steps; `listing`
makes Python of a program and its rules, and `python` runs that.  `schedule` finds which operations
can be done side by side, and `vectors`, with `elementwise`, does them so with NumPy.  `machine`, of
`loops` and `instructions`, is what `kernels` compiles; `templates`, `assembler` and `layout` make
its programs, and `compiled` runs them.  `backends` and `paths` choose who replays what, `eager` is
the last resort, `tape` is what users see, with `shapes`, `results`, `text`, `files`, `loading` and
`archive` for what goes in and out.

May import: everything up to derive; forks, writing, cache.  numpy and numba only where first used.
"""

from autodiff.tape.tape import Tape

__all__ = ["Tape"]
