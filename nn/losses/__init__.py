"""How far predictions are from their targets, as one number to make small.

Holds: `reduction`, from the losses of single outputs to one number; `errors`, `entropy` and
`likelihood`, the losses; `table`, all of them by name.

All take predictions and targets alike: one number each, a list of one number per example, or a
list of one list of outputs per example.  All weigh examples i alike:

    weighted mean = sum_i w_i l_i / sum_i w_i      weighted sum = sum_i w_i l_i

May import: autodiff.
"""
