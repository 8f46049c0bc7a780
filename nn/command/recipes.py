"""How each data set is learned: network, loss, optimizer, split, in one table.

Holds: `Recipe`, `RECIPES`, and `learn`, which follows one and says how good the result is.

May import: data, models, metrics, optim, train.  Never prints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nn.data.cases import Data, mean_and_deviation, split, standardise
from nn.data.datasets import DATA_SETS
from nn.metrics.measures import accuracy, predict, r_squared
from nn.models.layers import MLP
from nn.optim.adam import AdamW
from nn.train.fit import fit
from nn.train.history import History


@dataclass(frozen=True)
class Recipe:
    """How to learn a data set.

    Attributes:
        hidden: Widths of the hidden layers.
        epochs: Passes over the training part.
        batch_size: Cases per step.
        lr: Learning rate of AdamW.
        weight_decay: Of AdamW.
        held_out: Share of the cases that is held out; 0 for sets that are complete.
        cases: How many cases to make; None for sets that have their number.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    lr: float = 0.01
    weight_decay: float = 0.01
    held_out: float = 0.25
    cases: int | None = None


RECIPES = {
    "xor": Recipe((4,), 200, 4, lr=0.05, held_out=0.0),
    "parity": Recipe((8,), 300, 16, lr=0.03, held_out=0.0),
    "encoder": Recipe((3,), 300, 8, lr=0.03, held_out=0.0),
    "moons": Recipe((16,), 60, 16, lr=0.05, cases=200),
    "circles": Recipe((16,), 40, 16, lr=0.02, cases=200),
    "spirals": Recipe((16, 16), 120, 16, cases=300),
    "breast_cancer": Recipe((8,), 8, 16),
    "iris": Recipe((8,), 60, 16),
    "digits": Recipe((32,), 8, 32),
    "wine": Recipe((8,), 25, 16),
    "diabetes": Recipe((4,), 40, 32, lr=0.003),
}
# By task; the models end in raw scores, as these losses want them.
LOSS_OF_TASK = {
    "binary": "binary_cross_entropy_with_logits",
    "classes": "cross_entropy",
    "vector": "binary_cross_entropy_with_logits",
    "regression": "mse_loss",
}


@dataclass(frozen=True)
class Learned:
    """What came out of following a recipe.

    Attributes:
        model: The network, and what it learned from and was tested on:
        train: The training part, standardised; targets of a regression too.
        test: The held-out part, transformed as the training part; None for a complete set.
        unit: What one unit of the targets was before: their standard deviation in a regression.
        history: How the training went.
    """

    model: MLP
    train: Data
    test: Data | None
    unit: float
    history: History

    @property
    def held_out(self) -> float:
        """Accuracy, or R^2 of a regression, on the held-out part; on all cases without one."""
        return score(self.model, self.test or self.train)


def recipe_of(name: str, **changes: Any) -> Recipe:
    """The recipe of a data set, with those changes that are not None.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
    """
    if name not in RECIPES:
        raise ValueError(f"unknown data set {name!r}: the known ones are {', '.join(RECIPES)}")
    return replace(RECIPES[name], **{key: x for key, x in changes.items() if x is not None})


def load_data(name: str, recipe: Recipe) -> Data:
    """The data set of that name, with as many cases as the recipe says."""
    make: Any = DATA_SETS[name]
    return make() if recipe.cases is None else make(recipe.cases)  # type: ignore[no-any-return]


def build(data: Data, recipe: Recipe, seed: int) -> MLP:
    """The network of a recipe: tanh units, one raw score per class, or one output."""
    n_out = {"classes": len(data.classes), "vector": len(data.X[0])}.get(data.task, 1)
    return MLP(len(data.X[0]), [*recipe.hidden, n_out], seed=seed)


def prepare(data: Data, recipe: Recipe, seed: int) -> tuple[Data, Data | None, float]:
    """Training part, held-out part, unit of the targets; see `Learned`."""
    train, test = split(data, recipe.held_out, seed) if recipe.held_out else (data, None)
    sets = standardise(*[part.X for part in (train, test) if part])
    train = replace(train, X=sets[0])
    test = replace(test, X=sets[1]) if test else None
    if data.task != "regression":
        return train, test, 1.0
    mean, unit = mean_and_deviation(train.y)
    train = replace(train, y=[(t - mean) / unit for t in train.y])
    return train, replace(test, y=[(t - mean) / unit for t in test.y]) if test else None, unit


def train_on(
    model: MLP, train: Data, test: Data | None, recipe: Recipe, seed: int, progress: bool
) -> History:
    """Follows the recipe; the held-out part is watched and never learned from."""
    return fit(
        model, train.X, train.y, loss=LOSS_OF_TASK[train.task], epochs=recipe.epochs,
        optimizer=lambda p: AdamW(p, lr=recipe.lr, weight_decay=recipe.weight_decay),
        batch_size=recipe.batch_size, seed=seed, progress=progress,
        validation=(test.X, test.y) if test else None,
    )  # fmt: skip


def learn(name: str, seed: int = 1, progress: bool = False, **changes: Any) -> Learned:
    """Learns a data set by its recipe.

    Args:
        name: One of `RECIPES`.
        seed: Of the split, the initial weights and the order of cases.
        progress: Whether to show a bar.
        **changes: Settings of the recipe to replace.

    >>> learn("xor", seed=1).held_out
    1.0
    """
    recipe = recipe_of(name, **changes)
    data = load_data(name, recipe)
    train, test, unit = prepare(data, recipe, seed)
    model = build(data, recipe, seed)
    return Learned(model, train, test, unit, train_on(model, train, test, recipe, seed, progress))


def score(model: MLP, cases: Data) -> float:
    """Accuracy, or R^2 in a regression."""
    if cases.task == "regression":
        return r_squared(predict(model, cases.X), cases.y)
    return accuracy(model, cases.X, cases.y)
