"""Pictures of learning, with matplotlib.

Holds: `pictures`, those that users ask for; `panels`, their parts; `figure`, a figure that shows
itself in a notebook.

May import: autodiff, checks, extras, metrics, train.
"""
