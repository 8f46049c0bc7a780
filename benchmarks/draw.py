"""How long pictures take: a neuron, a network, 20,000 nodes folded, a chain of a million nodes.

    python -m benchmarks.draw

Prints, for each graph, its nodes, the boxes of its picture, and seconds to fold and to draw.  The
bars: 20,000 nodes in at most 150 boxes in under 2 s; a million nodes in words in under 10 s.
"""

import time
from collections.abc import Callable

from autodiff import Value, draw, explain
from autodiff.words.trace import order
from nn import MLP


def neuron() -> Value:
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(1.0, "b")
    return (x * w + b).tanh()


def network(sizes: list[int], n_in: int, samples: int) -> Value:
    model = MLP(n_in, sizes, seed=1)
    losses = []
    for sample in range(samples):
        y = model([Value(0.01 * (i + sample), f"x{i}") for i in range(n_in)])
        losses += [(each - 1.0) ** 2 for each in (y if isinstance(y, list) else [y])]
    return sum(losses[1:], losses[0])


def chain(length: int) -> Value:
    y = Value(0.5, "x")
    for _ in range(length // 2):
        y = (y * 1.0001).sin()
    return y


GRAPHS: dict[str, Callable[[], Value]] = {
    "neuron": neuron,
    "MLP(3, [4, 4, 1]), 1 sample": lambda: network([4, 4, 1], 3, 1),
    "MLP(3, [4, 4, 1]), 61 samples": lambda: network([4, 4, 1], 3, 61),
    "MLP(30, [64, 64, 10]), 50 samples": lambda: network([64, 64, 10], 30, 50),
    "MLP(64, [100, 100, 10]), 1 sample": lambda: network([100, 100, 10], 64, 1),
    "chain": lambda: chain(1_000_000),
}


def main() -> None:
    print(f"{'graph':<36}{'nodes':>9}{'boxes':>7}{'fold s':>9}{'draw s':>9}{'explain s':>11}")
    for name, make in GRAPHS.items():
        root = make()
        root.backward()
        nodes = len(order(root))
        start = time.perf_counter()
        picture = draw(root)
        folded = time.perf_counter()
        bundle = picture._repr_mimebundle_()
        drawn = time.perf_counter()
        explain(root).text  # noqa: B018 (worked out when asked for)
        explained = time.perf_counter()
        print(
            f"{name:<36}{nodes:>9,}{picture.boxes:>7}{folded - start:>9.2f}"
            f"{drawn - start:>9.2f}{explained - drawn:>11.2f}"
        )
        if not picture.boxes:
            print(f"    {bundle['text/plain'].splitlines()[1]}")


if __name__ == "__main__":
    main()
