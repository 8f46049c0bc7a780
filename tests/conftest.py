"""Settings of all tests, and what several share: rules of their own are forgotten after them."""

import os

import pytest
from hypothesis import settings

from autodiff import Value
from autodiff.operations import FUNCTIONS, VALUES
from autodiff.rule import IEEE, RULES
from autodiff.sparsity import MARKED
from autodiff.sweeps import DUALS

# Everyone sees the same examples, so a failure on one machine is a failure on all; nothing times.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
# The wide search: pytest --hypothesis-profile=explore
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")

os.environ["MPLBACKEND"] = "agg"

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
