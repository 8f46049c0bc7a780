"""What learns: neurons, layers, networks, and how their weights start.

Holds: `module`, what all models share, with `modes`, training and eval; `activations`,
`initialise`, what a layer is made of; `layers`, `recurrent`, `dropout`; and `architecture`, a model
as plain data.

May import: autodiff, chance.
"""
