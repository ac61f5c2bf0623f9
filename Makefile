# `make demo` shows Ferry at work, `make test` checks it; both set up everything they need.
.DEFAULT_GOAL := help
.PHONY: help setup demo quick test bench soak format
.DELETE_ON_ERROR:

# The first Python that is new enough and can make virtual environments.
PYTHON = $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
CPUS = $(shell .venv/bin/python -c 'import os; print(os.cpu_count() or 1)')
# Tests of the engine wait for WorkOS's limits half of their time.
WORKERS = $(shell echo $$((2 * $(CPUS))))
PYTEST := pytest --dist worksteal --numprocesses
PIP := PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check

help:
	@echo "make demo    preview and apply a sample export against the embedded sandbox"
	@echo "make test    every check: format, lint, types, import rules, tests"
	@echo "make quick   in a minute all checks but of the engine, provider hosts, a browser and what takes seconds"
	@echo "make setup   only what both need: .venv with all packages and the Pulumi engine"
	@echo "make bench   measure a million users, and write the tables in docs/performance.md"
	@echo "make soak    kill the engine and the provider host 20 times in the middle of 20,000 records; nothing is lost"
	@echo "make format  let ruff lay out the code"

setup: .venv/engine.stamp
	$(if $(filter setup,$(MAKECMDGOALS)),@echo "setup: ready; . .venv/bin/activate puts pulumi and ferry on PATH",@:)

.venv/python.stamp:
	@python="$(PYTHON)"; test -n "$$python" || { echo "setup: Python 3.11 or newer with its venv module is needed." \
		"Install it: apt-get install python3 python3-venv, or: brew install python@3.13" >&2; exit 1; }; \
	echo "setup: virtual environment with $$python"; $$python -m venv .venv
	@touch $@

.venv/packages.stamp: .venv/python.stamp requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@echo "setup: Python packages"
	@$(PIP) --constraint constraints.txt --requirement requirements.txt --requirement requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/engine.stamp: .venv/packages.stamp $(wildcard tools/engine/*.py) tools/engine/go.mod tools/engine/go.sum
	@.venv/bin/python -m tools.engine.bring
	@touch $@

.venv/browser.stamp: .venv/packages.stamp tools/browser.py
	@.venv/bin/python -m tools.browser
	@touch $@

# WorkOS's OpenAPI document, which the sandbox is checked against; npm writes the target as its last file.
CONTRACT := tests/contract/node_modules/.package-lock.json

$(CONTRACT): $(addprefix tests/contract/,package.json package-lock.json .npmrc)
	@command -v npm >/dev/null || { echo "test: npm is needed, for WorkOS's OpenAPI document." \
		"Install Node.js 18 or newer: apt-get install npm, or: brew install node" >&2; exit 1; }
	@echo "test: WorkOS's OpenAPI document"
	@npm ci --loglevel=error --prefix tests/contract >/dev/null
	@touch $@

demo: setup
	@.venv/bin/python -m tools.demo

quick: setup $(CONTRACT)
	@.venv/bin/$(PYTEST) $(CPUS) --quick -m "not engine and not browser and not slow" -p no:schemathesis \
		$(addprefix --ignore=tests/sandbox/,page workos/test_contract_fuzz.py)

test: setup .venv/browser.stamp $(CONTRACT)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/coverage erase
	.venv/bin/coverage run -m $(PYTEST) $(WORKERS) -m "not engine and not property"
	@.venv/bin/coverage combine --quiet
	.venv/bin/coverage report
	.venv/bin/$(PYTEST) $(WORKERS) -m "engine or property"

bench: setup
	@.venv/bin/python -m tests.bench.directory
	@.venv/bin/python -m tests.bench.sandbox
	@.venv/bin/python -m tests.bench.pacing
	@.venv/bin/python -m tests.bench.cohorts
	@.venv/bin/python -m tests.bench.cohorts 1000000
	@.venv/bin/python -m tests.bench.cutover

soak: setup
	@.venv/bin/python -m tests.bench.soak
	@DRIFTED_USERS=20000 .venv/bin/pytest tests/walk/test_engine_drifted.py

format: setup
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
