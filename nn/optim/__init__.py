"""How parameters move: optimizers, learning rates that change, and second-order methods.

Holds: `base`, what optimizers share, and SGD; `adaptive`, `adam` and `classic`, the others; `clip`,
for gradients that are too large; `schedules`, `phases` and `watching`, learning rates; `minimize`,
SciPy's methods.

May import: autodiff, checks, extras, models.
"""
