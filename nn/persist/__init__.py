"""Models in files, and trainings that go on in another process.

Holds: `document`, the file; `resume`, where a training stands.

May import: autodiff, models, metrics, optim.
"""
