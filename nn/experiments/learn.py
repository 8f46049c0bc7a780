"""Learning as in 1986: whole sweeps, one recipe, many starting points.

Holds: `Equation9`, the momentum of 1986; `logistic`, its networks; `Recipe`; `Trial`, one run of a
recipe; `learn`, which makes it; `run`, which makes many; and `median_sweeps`.

May import: autodiff, extras, models, losses, optim; of its room losses, sweep; numpy when first
used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from autodiff import Value
from nn.experiments.losses import CaseError
from nn.experiments.sweep import Rows, Sweep
from nn.extras import need
from nn.losses.errors import half_squared_error
from nn.models.initialise import uniform
from nn.models.layers import MLP
from nn.models.module import Module, vector_to_parameters
from nn.optim.base import Optimizer, State, in_range


class Equation9(Optimizer):
    """Momentum as in 1986: step_t = -lr g + momentum step_(t-1).

    Rumelhart, Hinton, Williams, Nature 323, 1986, eq. 9.  It is `SGD` with momentum as long as the
    learning rate stays the same; when that changes, the last step is kept as it was.

    Args:
        parameters: `model.parameters()`.
        lr: Learning rate (epsilon), from 0.
        momentum: alpha, from 0.
        shrink: By which part every weight shrinks after each change, from 0.
    """

    first = (0.0,)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        momentum: float = 0.0,
        shrink: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self.shrink = in_range("momentum", momentum), in_range("shrink", shrink)

    def update(self, x: Any, g: Any, state: State) -> tuple[Any, State]:
        """x + step, shrunk."""
        step = self.momentum * state[0] - self.lr * g
        return (x + step) * (1.0 - self.shrink), (step,)


@dataclass(frozen=True)
class Recipe:
    """How something was learned.

    Attributes:
        name: For tables: the algorithm and its numbers.
        X: One row of inputs per case.
        T: One row of targets per case.
        model: The network, from a seed.
        optimizer: What moves the weights of a network.
        tolerances: It is solved when every error |t - y| is below this: from the widest to the
            narrowest, with which learning ends.  Empty: it ends after `limit` sweeps.
        limit: Sweeps at most.
        error: The error of one case.
        schedule: Called before every change with the optimizer and the number of sweeps so far.
        learned: From a seed the numbers of the cases to learn; all of them if left out.
    """

    name: str
    X: Rows
    T: Rows
    model: Callable[[int], Any]
    optimizer: Callable[[Module], Optimizer]
    tolerances: tuple[float, ...]
    limit: int
    error: CaseError = half_squared_error
    schedule: Callable[[Any, int], None] | None = None
    learned: Callable[[int], Sequence[int]] | None = None


@dataclass
class Trial:
    """One run of a recipe.

    Attributes:
        seed: Of the initial weights.
        model: The network, with its last weights.
        solved: For each tolerance that was reached, after how many sweeps.
        errors: The error of all cases before each sweep's change, and at the end.
        backend: What replayed the sweeps.
    """

    seed: int
    model: Any
    solved: dict[float, int] = field(default_factory=dict)
    errors: list[float] = field(default_factory=list)
    backend: str = ""


def logistic(
    n_in: int, widths: Sequence[int], start: float, unit: Any = "sigmoid"
) -> Callable[[int], MLP]:
    """From a seed to a net of these units that starts in [-start, start]."""
    return lambda seed: MLP(
        n_in, widths, activation=unit, output_activation=unit, init=uniform(start), seed=seed
    )


def learn(recipe: Recipe, seed: int, tell: Callable[[str], object] = lambda text: None) -> Trial:
    """Runs a recipe once.

    Args:
        recipe: What to do.
        seed: Of the initial weights.
        tell: Called every few hundred sweeps with how far it is.

    Raises:
        ImportError: If NumPy is not installed.
    """
    model = recipe.model(seed)
    optimizer = recipe.optimizer(model)
    rows = range(len(recipe.X)) if recipe.learned is None else recipe.learned(seed)
    sweep = Sweep(model, [recipe.X[i] for i in rows], [recipe.T[i] for i in rows], recipe.error)
    bounds = _bounds(recipe)
    trial = Trial(seed, model, backend=sweep.backend)
    array = need("numpy", "An experiment").array
    theta = array([parameter.data for parameter in sweep.parameters])
    state: State = tuple(array(optimizer.states, dtype=float).T)
    for count in range(recipe.limit + 1):
        errors, gradient = sweep(theta)
        trial.errors.append(float(errors.sum()))
        if _ends(trial, bounds, sweep, theta, errors) or count == recipe.limit:
            break
        if recipe.schedule is not None:
            recipe.schedule(optimizer, count)
        optimizer.steps += 1
        theta, state = optimizer.advance(theta, gradient, state)
        if count % 250 == 249:
            tell(f"seed {seed}, sweep {count + 1}, error {trial.errors[-1]:.3g}")
    vector_to_parameters(theta, sweep.parameters)
    return trial


def _bounds(recipe: Recipe) -> dict[float, float]:
    """For each tolerance the error of a case with all its outputs at the tolerance."""
    targets = [0.0] * len(recipe.T[0])
    return {
        tolerance: recipe.error([tolerance] * len(targets), targets)
        for tolerance in recipe.tolerances
    }


def _ends(trial: Trial, bounds: dict[float, float], sweep: Sweep, theta: Any, errors: Any) -> bool:
    """Notes the tolerances that hold now; whether the last one does.

    Errors grow with |t - y|: while one case has more than its bound, the outputs need not be
    looked at.
    """
    for tolerance, bound in bounds.items():
        if tolerance not in trial.solved:
            near = errors.max() < bound and abs(sweep.outputs(theta) - sweep.T).max() < tolerance
            if not near:  # nor if it is nan
                return False
            trial.solved[tolerance] = len(trial.errors) - 1
    return bool(bounds)


def run(recipe: Recipe, seeds: Iterable[int], bar: Any) -> list[Trial]:
    """A trial for every seed; the bar moves one step with each."""
    trials = []
    for seed in seeds:
        trials.append(learn(recipe, seed, bar.set_postfix_str))
        bar.update()
    return trials


def median_sweeps(trials: Sequence[Trial], tolerance: float) -> float:
    """The median over all trials; one that did not solve it counts as infinite."""
    return float(median(trial.solved.get(tolerance, float("inf")) for trial in trials))
