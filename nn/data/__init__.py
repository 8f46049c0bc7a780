"""Cases to learn from: made here, bundled with scikit-learn, or of the first experiments.

Holds: `cases`, what a data set is and what prepares it; `datasets`, all by name; `historic`, those
of 1986.

May import: checks, extras, chance.
"""
