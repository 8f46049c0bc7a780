"""The back ends of a tape that can be tested here."""

import pytest

from autodiff.tape.backends import BACKENDS as NEEDS
from autodiff.tape.backends import usable

# As parameters of a test; those that are not installed are skipped, and numba compiles slowly.
BACKENDS = [
    pytest.param(
        name,
        marks=[
            pytest.mark.skipif(not usable(name), reason=f"needs {' and '.join(needs)}"),
            *([pytest.mark.slow] if name == "numba" else []),
        ],
    )
    for name, needs in NEEDS.items()
]
# Those that compute what eager computes, to the last bit.
EXACT = [each for each in BACKENDS if each.values[0] != "numpy"]
# numba's hypot rounds otherwise than Python's, and the partials of atan2 call it.
ROUNDED = {"numba": ("hypot", "atan2")}
