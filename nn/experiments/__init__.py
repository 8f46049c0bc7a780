"""Experiments that made back-propagation known, to be run again.

Holds: `table`, all of them by name, and how one is run; `bits`, `encoder`, `family` and `mirror`,
their recipes and what is measured; `learn`, with `sweep` and `losses`, learning as it was then;
`report` and `picture`, what was found.

May import: autodiff, checks, extras, data, models, losses, optim, train, plot.
"""
