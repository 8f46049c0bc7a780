"""A whole run on one of the data sets: train by its recipe, measure, check, draw, save.

Holds: `run`, which prints what it does and writes its results.

May import: autodiff, checks, extras, data, models, losses, metrics, train, persist, plot; of its
room recipes.  Prints ASCII only, which every console can show.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autodiff import Value, draw, gradcheck
from nn.checks import check_folder
from nn.command.recipes import LOSS_OF_TASK, build, load_data, prepare, recipe_of, score, train_on
from nn.data.cases import Data
from nn.extras import need
from nn.losses.table import LOSSES
from nn.metrics.measures import mean_absolute_error, predict
from nn.models.layers import MLP
from nn.persist.document import save
from nn.plot.pictures import plot_decision, plot_history, plot_weights, save_figure
from nn.train.history import History


def run(
    name: str,
    hidden: Sequence[int] | None = None,
    epochs: int | None = None,
    out: str | Path = "out",
    seed: int = 1,
    progress: bool = True,
) -> tuple[MLP, History]:
    """Trains a network on a data set, prints how good it is, writes model and pictures.

    Args:
        name: One of `RECIPES`.
        hidden: Widths of the hidden layers; the recipe's if left out.
        epochs: Passes over the training part; the recipe's if left out.
        out: The folder for the results.
        seed: Of the split, the initial weights and the order of cases.
        progress: Whether to show a bar.

    Returns:
        The model and its history.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
        OSError: If nothing can be written into the folder.
        ImportError: If a package is missing.  What can be told before the work is.
    """
    start = time.perf_counter()
    recipe = recipe_of(name, hidden=hidden and tuple(hidden), epochs=epochs)
    need("matplotlib.figure", "A picture")
    folder = check_folder(out)
    data = load_data(name, recipe)
    print(f"{data.name}: {len(data)} cases, {len(data.X[0])} features, {data.source}")
    train, test, unit = prepare(data, recipe, seed)
    held_out = f", {len(test)} held out" if test else ""
    print(f"{len(train)} to learn from{held_out}; inputs standardised on the training part")
    model = build(data, recipe, seed)
    print(model)
    print(check_gradient(model, train))
    history = train_on(model, train, test, recipe, seed, progress)
    for part, cases in (("training", train), ("held-out", test)):
        if cases:
            print(f"{part} {quality(model, cases, unit)}")
    print(f"computed by: {history.engine}")
    written = results(model, train, history, folder)
    print(f"{time.perf_counter() - start:.1f} s; written:")
    for path in written:
        print(f"  {path}")
    return model, history


def quality(model: MLP, cases: Data, unit: float) -> str:
    """How good the model is on these cases, in words."""
    if cases.task == "regression":
        error = mean_absolute_error(predict(model, cases.X), cases.y) * unit
        return f"R^2 {score(model, cases):.3f}, mean absolute error {error:.3g}"
    return f"accuracy {score(model, cases):.1%} of {len(cases)} cases"


def check_gradient(model: MLP, cases: Data) -> str:
    """The gradient that reaches the very first neuron against finite differences, in words."""
    rows = range(min(2, len(cases)))
    loss = LOSSES[LOSS_OF_TASK[cases.task]]

    def total(*parameters: Any) -> Any:
        return loss([model(cases.X[i]) for i in rows], [cases.y[i] for i in rows])

    return str(gradcheck(total, model.layers[0].neurons[0].parameters()))


def results(model: MLP, train: Data, history: History, out: Path) -> list[Path]:
    """Writes the model and its pictures; says so if the graph cannot be drawn on this machine."""
    out.mkdir(parents=True, exist_ok=True)
    first = model.layers[0]
    figures = {"loss": plot_history(history)}
    if first.n_in == 2:
        figures["decision"] = plot_decision(model, train.X, train.y)
    figures["weights"] = plot_weights(first, (8, 8) if train.name == "digits" else None)
    written = [
        save_figure(made, out / f"{train.name}-{name}.svg") for name, made in figures.items()
    ]
    path = out / f"{train.name}-neuron.svg"
    try:
        draw(neuron_graph(model, train.X[0])).save(path)
        written.append(path)
    except (ImportError, OSError, RuntimeError) as error:
        print(f"no picture of the neuron's graph: {error}")
    return [*written, save(model, out / f"{train.name}-model.json")]


def neuron_graph(model: MLP, x: list[float]) -> Value:
    """The graph of the first output neuron for one case, after backward, its inputs as leaves."""
    outputs: list[Any] = x
    for layer in model.layers[:-1]:
        outputs = [output.data for output in layer.forward(outputs)]
    inputs = [Value(number, label=f"o{i}") for i, number in enumerate(outputs)]
    model.zero_grad()
    root = model.layers[-1].forward(inputs)[0]
    root.backward()
    return root
