"""What several tests of nn share."""

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="session")
def pytorch():
    """What PyTorch answered, recorded by `python -m tests.nn.pytorch_answers`."""
    return json.loads((DATA / "pytorch_training.json").read_text(encoding="utf-8"))
