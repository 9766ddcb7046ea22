# Two commands: `make demo` shows a real board, `make test` runs every test. Each makes its own .venv.
PYTHON ?= python3
VENV := .venv
# Named first and by its version, else whatever asks for torch brings the newest build with all of CUDA.
TORCH ?= ==2.13.0
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint docs clean

demo: $(VENV)/installed
	$(BIN)/rewardmeter compare demo --slice task --slice difficulty --out demo-report \
	  --scorer chrf --scorer bleu --scorer rouge-l --scorer ter --scorer exact --scorer numeric \
	  --scorer length --scorer -length --scorer words --scorer markdown --scorer type-token-ratio

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -n 2 $(TESTS)

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed
	$(BIN)/python tools/make_docs.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("rewardmeter needs Python 3.11 or newer, this is " + sys.version.split()[0] \
	  + "; run make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch$(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) demo-report
