"""What several tests of the engine share."""

import pytest

from autodiff import Value
from autodiff.operations import FUNCTIONS, VALUES
from autodiff.rule import IEEE, RULES
from autodiff.sparsity import MARKED
from autodiff.sweeps import DUALS

TABLES = (RULES, IEEE, FUNCTIONS, VALUES, DUALS, MARKED)


@pytest.fixture
def own_rules():
    """What a test registers is forgotten after it, and what it replaces is put back."""
    tables = [dict(table) for table in TABLES]
    attributes = dict(vars(Value))
    yield
    for table, before in zip(TABLES, tables, strict=True):
        table.clear()
        table.update(before)
    for name in set(vars(Value)) - set(attributes):
        delattr(Value, name)
    for name, before in attributes.items():
        if vars(Value)[name] is not before:
            setattr(Value, name, before)
