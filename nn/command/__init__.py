"""The command line: `python -m nn`.

Holds: `recipes`, how each data set is learned; `run`, a whole run on one of them; `experiment`, the
commands of the experiments.

May import: autodiff, checks, extras, data, models, losses, metrics, optim, train, persist, plot,
experiments.
"""
