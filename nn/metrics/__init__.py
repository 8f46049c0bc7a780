"""What outputs mean, and how good they are.

Holds: `classes`, which class an output means; `measures`, what is measured of a model.

May import: autodiff, checks, data, models, losses.
"""
