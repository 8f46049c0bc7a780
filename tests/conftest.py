"""Settings of all tests: how hypothesis searches, and that no window opens."""

import os

from hypothesis import settings

# Everyone sees the same examples, so a failure on one machine is a failure on all; nothing times.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
# The wide search: pytest --hypothesis-profile=explore
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")

os.environ["MPLBACKEND"] = "agg"
