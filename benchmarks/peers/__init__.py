"""Who takes part in the benchmark, each in a module of its own.

A module has a class per way of working; its methods are named by the works (`benchmarks.work`)
that it can do.  A method prepares, and returns `step` and `read`: `step()` does the work once and
returns the value, `read()` gives the gradient, or the parameters after the update, as one vector in
the order of `Work.theta`.
"""

from typing import NamedTuple


class Peer(NamedTuple):
    """One row of the table.

    Attributes:
        title: Its name in the table.
        module: The module in this package.
        make: The class in it, and the argument of the class, if any.
        packages: What is needed, as packages are called when they are installed.
        limit: Seconds after which its first step is given up.
    """

    title: str
    module: str
    make: tuple[str, ...]
    packages: tuple[str, ...] = ()
    limit: float = 60.0


PEERS = {
    "numba": Peer("ours: tape, numba", "ours", ("Replayed", "numba"), ("numba", "numpy"), 120.0),
    "values": Peer(
        "ours: backward() into Values", "ours", ("WithValues",), ("numba", "numpy"), 120.0
    ),
    "vectors": Peer("ours: tape, NumPy", "ours", ("Replayed", "numpy"), ("numpy",)),
    "python": Peer("ours: tape, Python", "ours", ("Replayed", "python")),
    "eager": Peer("ours: eager", "ours", ("Eager",)),
    "numpy": Peer("NumPy by hand", "numpy", ("ByHand",), ("numpy",)),
    "autograd": Peer("autograd", "autograd", ("Arrays",), ("autograd", "numpy")),
    "casadi": Peer("CasADi", "casadi", ("Symbolic",), ("casadi", "numpy"), 120.0),
    "jax": Peer("JAX, jit", "jax", ("Compiled",), ("jax", "numpy"), 120.0),
    "unrolled": Peer("JAX, jit, no loop", "jax", ("Unrolled",), ("jax", "numpy"), 120.0),
    "jax_eager": Peer("JAX, eager", "jax", ("Eager",), ("jax", "numpy")),
    "micrograd": Peer("micrograd", "micrograd", ("Values",), ("micrograd",)),
    "torch": Peer("PyTorch tensors", "torch", ("Tensors",), ("torch",)),
    "scalars": Peer("PyTorch scalars", "torch", ("Numbers",), ("torch",)),
    "xad": Peer("XAD", "xad", ("Reals",), ("xad",)),
}
