"""What stands behind the targets of the Makefile; standard library only, never installed."""

import sys

# Imported before the modules beside it, and written so that any Python can read it.
if sys.version_info < (3, 10):
    sys.exit(
        "This project needs Python 3.10 or newer; %s is %d.%d. "
        "Name another one, for example: make test PYTHON=python3.13"
        % ((sys.executable,) + tuple(sys.version_info[:2]))
    )
