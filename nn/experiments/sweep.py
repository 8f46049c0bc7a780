"""One sweep: all cases forward and backward at one point of weight space.

Holds: `Sweep`, which replays recordings of one case.

May import: autodiff, extras, models; of its room losses; numpy when first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autodiff
from nn.experiments.losses import CaseError
from nn.extras import need
from nn.models.module import vector_to_parameters

Rows = Sequence[Sequence[float]]

# Up to so many products of a case and a weight the tape's Python replays them sooner than its
# NumPy: 1,150 take it .6 ms and .9 ms, 63,000 take it 20 ms and 1.3 ms.
MOST_FOR_PYTHON = 5_000


class Sweep:
    """From a vector of weights to the error of every case and the gradient of their sum.

    Args:
        model: A module whose `forward` takes a row and returns a list of Values.
        X: One row of inputs per case.
        T: One row of targets per case.
        error: The error of one case.

    Attributes:
        X, T: The cases, as NumPy matrices.
        parameters: Those of the model.

    Raises:
        ImportError: If NumPy is not installed.
    """

    def __init__(self, model: Any, X: Rows, T: Rows, error: CaseError) -> None:
        array = need("numpy", "An experiment").array
        self.X, self.T, self.parameters = array(X), array(T), model.parameters()
        self._errors = autodiff.Tape.record(
            lambda x, t: error(model.forward(x), t), X[0], T[0], parameters=self.parameters
        )
        self._outputs = autodiff.Tape.record(model.forward, X[0], parameters=self.parameters)
        if self.backend == "numpy" and len(X) * len(self.parameters) <= MOST_FOR_PYTHON:
            self.backend = "python"

    @property
    def backend(self) -> str:
        """What replays: a back end of `autodiff.Tape`."""
        return self._errors.backend

    @backend.setter
    def backend(self, name: str) -> None:
        self._errors.backend = self._outputs.backend = name

    def __call__(self, theta: Any) -> tuple[Any, Any]:
        """`(errors, gradient)`, both NumPy vectors."""
        return self._errors.value_and_gradient(theta, self.X, self.T, reduction="sum")

    def outputs(self, theta: Any) -> Any:
        """A NumPy matrix: one row of outputs per case; the model's weights are `theta` then."""
        vector_to_parameters(theta, self.parameters)
        return self._outputs.forward(self.X)
