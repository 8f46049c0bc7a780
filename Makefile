# Every target is one line of Python, set-up included.  On Windows, or without make, type the line
# itself, with `py` or `python` for $(PYTHON).  Another interpreter: make test PYTHON=python3.13

PYTHON ?= python3

.PHONY: help demo test quick check format table bench fuzz mutants accuracy notebook html doctor clean

help:      ## this list
	@$(PYTHON) -m tools
demo:      ## train on real measurements; results go into out/
	$(PYTHON) -m tools.venv draw,train -m nn demo
test:      ## all tests, with the examples in docstrings and README
	$(PYTHON) -m tools.venv dev -m pytest -n auto
quick:     ## all but the tests that are slow, that build, or that open a browser
	$(PYTHON) -m tools.venv dev -m pytest -n auto -m "not slow and not browser and not packaging"
check:     ## formatter, lint, types, tests, doctests, README examples
	$(PYTHON) -m tools.venv dev -m tools.check
format:    ## let the formatter have its way
	$(PYTHON) -m tools.venv dev -m tools.format
table:     ## write the table of operations into the README
	$(PYTHON) -m tools.venv dev -m autodiff table --write
bench:     ## speed and memory, side by side with peers, which get an environment of their own
	$(PYTHON) -m tools.bench
fuzz:      ## 100,000 random programs, every way of differentiating them compared
	$(PYTHON) -m tools.venv dev -m tests.fuzz
mutants:   ## plant bugs in every rule, count what the tests catch
	$(PYTHON) -m tools.venv dev -m tests.mutants
accuracy:  ## the largest error of every operation, beside PyTorch and JAX
	$(PYTHON) -m tools.venv dev -m benchmarks.accuracy
notebook:  ## the course, in JupyterLab
	$(PYTHON) -m tools.venv draw,train,fast,notebook -m jupyterlab notebooks
html:      ## the course as pages, in out/html
	$(PYTHON) -m tools.venv draw,train,fast,notebook -m tools.notebooks html
doctor:    ## what is installed, what is missing, what to do about it
	$(PYTHON) -m tools.venv draw,train -m autodiff doctor
clean:     ## remove all that these commands made, environments included
	$(PYTHON) -m tools.clean
