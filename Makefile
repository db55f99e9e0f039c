# ib-supervisor: `make demo` to see it, `make test` to check it; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check bench clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ib-supervisor needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(STAMP)  ## the daemon on a simulated gateway that plays a week of trouble
	$(BIN)/ib-supervisor demo $(DEMO_ARGS)

test: $(STAMP)  ## everything that needs no root: style, types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not root" $(PYTEST_ARGS)

check: test  ## what CI runs before the labs

bench: $(STAMP)  ## medians against ib_async's Watchdog in the same run
	$(BIN)/python -m tests.bench

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venvs artefacts build dist .pytest_cache .mypy_cache .ruff_cache .coverage
