"""Learning: from a model, data and a loss to a model that has learned.

Holds: `fit`, the loop, and `arguments`, what it is given; `engine`, one step with Values;
`tape_engine`, the same on a tape, with `recording`, how a loss gets there, and `flat`, parameters
as vectors; `history`, what happened; `stopping`, when it is enough; `diagnostics`, what is wrong;
`progress`, the bar.

May import: autodiff, checks, extras, chance, data, models, losses, metrics, optim.
"""
