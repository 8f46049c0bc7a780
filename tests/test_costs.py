"""Whatever a user can make large costs linear time: steps are counted, never time.

A step is a line of Python, a call, or a call into C, so what happens inside one call into C (a
search in a list, a copy of a slice) counts as one.  To see those as well, the table is timed by
hand, here what has "explain" in its name at 10^3, 10^4 and 10^5:

    python -m tests.test_costs explain 5
"""

import contextlib
import copy
import functools
import pickle
import sys
import time

import pytest

import autodiff
import nn
from autodiff import Tape, Value, draw, draw_dot, explain, scope
from autodiff.graph import topological_order
from tests.helpers import rosenbrock

# --- graphs of n operations or operands ---------------------------------------------------


def leaves(n):
    return [Value(1.0 + i / n) for i in range(n)]


def wide(name):
    return lambda n: getattr(autodiff, name)(leaves(n))


def chain(n):
    y = Value(0.5)
    for _ in range(n):
        y = y + 1.0
    return y


def powers(n):
    x = y = Value(1.0, "x")
    for _ in range(n):
        y = y * x
    return y


def diamonds(n):
    """2^n ways from the root to the leaf."""
    y = Value(1.0)
    for _ in range(n):
        y = (y + 0.5) * (y - 0.5)
    return y


def doubled(n):
    y = Value(1.0, "x")
    for _ in range(n):
        y = y + y
    return y


def named_chain(n):
    y = Value(1.0, "x")
    for i in range(n):
        y = y * Value(1.0, f"w{i}")
        y.label = f"y{i}"
    return y


def namesakes(n):
    y = Value(1.0, "x")
    for _ in range(n):
        y = y + Value(2.0, "x")
    return y


def shared_leaf(n):
    x = Value(2.0, "x")
    return autodiff.sum([x * 1.5 for _ in range(n)])


def one_leaf(n):
    return autodiff.sum([Value(2.0, "x")] * n)


def scopes_beside(n):
    x, parts = Value(1.0, "x"), []
    for i in range(n):
        with scope(f"s{i}"):
            parts.append((x * 2.0).tanh())
    return autodiff.sum(parts)


def scopes_inside(n):
    y = Value(1.0, "x")
    with contextlib.ExitStack() as stack:
        for _ in range(n):
            stack.enter_context(scope("a"))
            y = y + 1.0
    return y


def softmax(n):
    return autodiff.dot(autodiff.softmax(leaves(n)), leaves(n))


def network(n):
    return nn.MLP(2, [n, 1], seed=0)([1.0, -2.0])


def samples(n):
    model = nn.MLP(2, [2, 1], seed=0)
    return autodiff.sum([model([float(i), 2.0]) ** 2 for i in range(n // 10 + 1)])


def long_names(n):
    x = Value(1.0, "1" * n + "x")
    y = x * Value(2.0, "1" * n + "y")
    y.label = "\n" * n
    return y + x


GRAPHS = {
    **{name: wide(name) for name in "sum mean max prod logsumexp".split()},
    "dot": lambda n: autodiff.dot(leaves(n), leaves(n)),
    **{
        graph.__name__: graph
        for graph in (
            chain, powers, diamonds, doubled, named_chain, namesakes, shared_leaf, one_leaf,
            scopes_beside, scopes_inside, softmax, network, samples, long_names,
        )
    },
}  # fmt: skip
EVERYTHING = 10**9

# What is done with graphs: with which, and how large the smaller of two is in the test.
ALL = list(GRAPHS)
SOME = "sum dot diamonds named_chain shared_leaf scopes_beside scopes_inside network".split()
READERS = {
    "backward": (lambda y: y.backward(), ALL, 100),
    "backward(create_graph)": (lambda y: y.backward(create_graph=True), ALL, 40),
    "gradients": (lambda y: autodiff.gradients(y, topological_order(y)[1]), ALL, 60),
    "copy": (copy.deepcopy, SOME, 60),
    "pickle": (lambda y: pickle.loads(pickle.dumps(y)), SOME, 60),
    "explain": (lambda y: (explain(y).text, explain(y).latex), ["sum", "network"], 120),
    "explain(lines)": (
        lambda y: explain(y, lines=EVERYTHING).text,
        "dot named_chain scopes_inside".split(),
        40,
    ),
    "draw": (lambda y: draw(y).dot, ALL, 200),
    "draw(boxes)": (lambda y: draw(y, boxes=EVERYTHING).dot, SOME[:-1], 30),
    "draw(steps)": (
        lambda y: draw(y, steps=True, boxes=EVERYTHING).dot,
        ["dot", "named_chain", "scopes_inside"],
        70,
    ),
    "draw(fold)": (lambda y: draw(y, fold=1).dot, SOME, 25),
    "draw_dot": (lambda y: draw_dot(y).source, SOME, 60),
    "display": (lambda y: y._repr_mimebundle_(), ALL, 100),
}


# --- functions, tapes and models of size n ------------------------------------------------


def numbers(n):
    return [0.3 + 0.1 * i / n for i in range(n)]


def nested(n):
    """Lists in lists, as deep as may be, with all n numbers at the bottom."""
    tree = numbers(n)
    for _ in range(100):
        tree = [tree]
    return tree


def replayed(function, n, **options):
    """Records, replays, prints and checks a function of n numbers."""

    def work():
        tape = Tape.record(function, numbers(n), check=True, **options)
        tape.backend = "python"
        tape.forward(numbers(n))
        tape.input_gradients(numbers(n))
        return tape.source(), str(tape)

    return work


def guarded(x):
    """As many comparisons as numbers, all on one path."""
    y = x[0]
    for each in x:
        y = y + (each if each > 0.25 else -each)
    return y


def parameters(n):
    model = nn.MLP(1, [n, 1], seed=0)

    def work():
        model.load_state_dict(model.state_dict())
        model.zero_grad()
        model.named_modules()
        nn.gradient_norms(model)
        nn.saturation(model, [[1.0]])
        return repr(model)

    return work


def unknown_names(n):
    model = nn.MLP(1, [1], seed=0)
    state = model.state_dict() | {f"extra{i}": 0.0 for i in range(n)}

    def work():
        with contextlib.suppress(ValueError):
            model.load_state_dict(state)

    return work


def trained(n, epochs):
    def work():
        nn.fit(
            nn.MLP(1, [1], seed=0), [[x] for x in numbers(n)], numbers(n), epochs=epochs, seed=0,
            batch_size=1, engine="eager", progress=False, metrics="mean_absolute_error",
        )  # fmt: skip

    return work


def steady(n):
    """A history of n epochs."""
    return trained(2, n)


# Each makes from a size the work that is counted; beside it the smaller of the two sizes.
WORKS = {
    "grad": (lambda n: lambda: autodiff.grad(rosenbrock)(numbers(n)), 40),
    "grad of nested lists": (
        lambda n: lambda: autodiff.grad(lambda t: autodiff.sum(_bottom(t)))(nested(n)), 100,
    ),
    "jvp": (lambda n: lambda: autodiff.jvp(rosenbrock, numbers(n), numbers(n)), 30),
    "hvp": (lambda n: lambda: autodiff.hvp(rosenbrock, numbers(n), numbers(n)), 20),
    "jacobian of a band": (
        lambda n: lambda: autodiff.jacobian(lambda x: list(map(_times, x, x[1:])), sparse=True)(
            numbers(n)
        ), 40,
    ),
    "jacobian of outputs that share an input": (
        lambda n: lambda: autodiff.jacobian(lambda x: [x[0] * each for each in x], sparse=True)(
            numbers(n)
        ), 100,
    ),
    "jacobian of inputs that share an output": (
        lambda n: lambda: autodiff.jacobian(
            lambda x: [each * 2.0 for each in x] + [functools.reduce(_times, x)], sparse=True
        )(numbers(n)), 40,
    ),
    "jacobian of one output": (
        lambda n: lambda: autodiff.jacobian(lambda x: [functools.reduce(_times, x)])(numbers(n)),
        100,
    ),
    "jacobian of one input": (
        lambda n: lambda: autodiff.jacobian(lambda x: [x * each for each in numbers(n)])(1.0), 60,
    ),
    "hessian of a band": (
        lambda n: lambda: autodiff.hessian(rosenbrock, sparse=True)(numbers(n)), 12,
    ),
    "hessian of an arrow": (
        lambda n: lambda: autodiff.hessian(
            lambda x: autodiff.sum([(x[0] * each).sin() for each in x]), sparse=True
        )(numbers(n)), 30,
    ),
    "hessian of a wide operation": (
        lambda n: lambda: autodiff.hessian(
            lambda p: autodiff.logsumexp([p[0] * x + p[1] for x in numbers(n)])
        )([1.0, 2.0]), 20,
    ),
    "tape, wide": (lambda n: replayed(lambda x: autodiff.dot(x, x[::-1]), n), 50),
    "tape, deep": (lambda n: replayed(lambda x: functools.reduce(_times, x), n), 50),
    "tape, guards": (lambda n: replayed(guarded, n), 30),
    "model": (parameters, 20),
    "unknown names": (unknown_names, 300),
    "fit, cases": (lambda n: trained(n, 1), 8),
    "fit, epochs": (steady, 8),
    "one_hot": (lambda n: lambda: nn.one_hot([i % 3 for i in range(n)]), 200),
    "split": (lambda n: lambda: nn.split(nn.moons(n)), 100),
    "standardise": (lambda n: lambda: nn.standardise([[x] for x in numbers(n)]), 200),
}  # fmt: skip


def _times(x, y):
    return x * y


def _bottom(tree):
    while isinstance(tree[0], list):
        (tree,) = tree
    return tree


# --- counting -----------------------------------------------------------------------------


def steps(work):
    """How many lines, calls and calls into C `work()` takes."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += 1
        return trace

    def profile(frame, event, argument):
        nonlocal count
        count += event == "c_call"

    old = sys.gettrace(), sys.getprofile()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.settrace(old[0])
        sys.setprofile(old[1])
    return count


def grows_linearly(work_of, small):
    """Whether work of four times the size takes at most four times the steps, and a fifth more."""
    work_of(small)()  # what is loaded and remembered on first use
    first, second = (steps(work_of(n)) for n in (small, 4 * small))
    return second <= 1.2 * 4 * first


def reading(name, graph):
    """From a size the work of one reader on one graph."""
    read = READERS[name][0]

    def work_of(n):
        y = GRAPHS[graph](n)
        return lambda: read(y)

    return work_of


@pytest.mark.parametrize(
    ("reader", "graph"),
    [(name, graph) for name, (_, graphs, _) in READERS.items() for graph in graphs],
)
def test_steps_grow_with_the_graph(reader, graph):
    assert grows_linearly(reading(reader, graph), READERS[reader][2])


@pytest.mark.parametrize("name", WORKS)
def test_steps_grow_with_the_size(name):
    assert grows_linearly(*WORKS[name])


def test_the_counter_sees_a_square_behind_a_hundred_linear_steps():
    def work_of(n, square):
        def work():
            for _ in range(100 * n):
                pass
            for _ in range(n * n if square else 0):
                pass

        return work

    assert grows_linearly(lambda n: work_of(n, False), 100)
    assert not grows_linearly(lambda n: work_of(n, True), 100)


def main():
    """Times what has a word in its name, at 10^3 up to a power of ten."""
    word, most = sys.argv[1], int(sys.argv[2])
    table = {
        f"{name} {graph}": reading(name, graph) for name in READERS for graph in READERS[name][1]
    }
    for name, work_of in {**table, **{name: each[0] for name, each in WORKS.items()}}.items():
        if word not in name:
            continue
        taken = []
        for power in range(3, most + 1):
            try:
                work = work_of(10**power)
            except ValueError:  # as scopes in scopes are, beyond 10,000 characters
                taken.append("  refused")
                break
            start = time.process_time()
            work()
            taken.append(f"{time.process_time() - start:9.2f}")
        print(f"{name:<45}{''.join(taken)}", flush=True)


if __name__ == "__main__":
    main()
