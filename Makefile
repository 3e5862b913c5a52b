# Everything here runs in .venv, made on first use from the lock files: python3 (3.11 or newer) and make are enough.
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS_READ := $(VENV)/.tests-read
PIP := -m pip --disable-pip-version-check -qq
SMOKE_REPORT := runs/smoke
SOAK_REPORT := runs/soak
# How long `make soak` takes; its weather has a round of four minutes.
DURATION ?= 20m
# Called twice: what ships may import the declared dependencies alone, tests and benchmarks the extra `dev` too.
DEPTRY := $(BIN)/deptry --no-ansi

# A tool that writes the lock must not stand in it, so it has an environment of its own.
LOCK_VENV := .venv-lock
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(LOCK_VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

.DEFAULT_GOAL := help
.PHONY: help smoke soak test test-long format bench docs docs-site wheel texts lock clean
.PHONY: check check-format check-lint check-types check-dependencies check-house

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

smoke: $(STAMP) ## run scenarios/smoke.yaml on the embedded platform; the report is left in runs/smoke
	@$(BIN)/locust --scenario scenarios/smoke.yaml --headless --report $(SMOKE_REPORT) --overwrite

soak: $(STAMP) ## run scenarios/soak.yaml for 20 minutes (or: make soak DURATION=8h); the report is left in runs/soak
	@$(BIN)/locust --scenario scenarios/soak.yaml --headless -t $(DURATION) --report $(SOAK_REPORT) --overwrite

# Tests start hundreds of processes, and each worker reads all test modules: compiled once, whatever the environment says.
test test-long: export PYTHONDONTWRITEBYTECODE =

test: $(TESTS_READ) ## run all tests
	@$(BIN)/python -m pytest -n 5 --dist worksteal

test-long: $(TESTS_READ) ## judge a platform with each mistake by all cases and by a run, and simulate thousands of seeds (30 minutes)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m long

check: check-format check-lint check-types check-dependencies check-house ## formatting, lint, types, declared dependencies, layers

check-format: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "these files are not formatted: make format" >&2; exit 1; }

check-lint: $(STAMP)
	@$(BIN)/ruff check --quiet .

check-types: $(STAMP)
	@$(BIN)/mypy --no-error-summary

check-dependencies: $(STAMP)
	@$(DEPTRY) . --extend-exclude tests/ --extend-exclude benchmarks/
	@$(DEPTRY) tests benchmarks --ignore DEP002,DEP004

check-house: $(STAMP)
	@$(BIN)/python -m pytest -q --no-header tests/test_layers.py tests/test_house.py

format: $(STAMP) ## put the formatting right
	@$(BIN)/ruff check --quiet --fix --select I . || true
	@$(BIN)/ruff format --quiet .

bench: $(STAMP) ## measure against the usual tools (about an hour); see docs/performance.md
	@$(BIN)/python -m benchmarks

docs: $(STAMP) ## write the generated documents anew
	@$(BIN)/python -m simulator.cli docs

docs-site: $(STAMP) ## build the documentation as a site into build/site; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "build/site/index.html"

wheel: $(STAMP) ## build the wheel and the source distribution into dist
	@log=$$($(BIN)/python -m build --no-isolation --outdir dist . 2>&1) || { echo "$$log" >&2; exit 1; }
	@ls dist/*-$$($(BIN)/best-fleet --version | cut -d' ' -f2)*

texts: $(STAMP) ## write the catalogues of translated texts anew; what is new in them wants a translation
	@$(BIN)/python -m simulator.texts.update

lock: $(LOCK_VENV)/.installed ## resolve pyproject.toml anew; pinned versions stay where they still fit
	@$(LOCK) --output-file requirements.txt pyproject.toml
	@$(LOCK) --extra dev --extra docs --extra otel --all-build-deps --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean: ## remove what the other targets made, the environments included
	@rm -rf $(VENV) $(LOCK_VENV) runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "best-fleet needs Python 3.11 or newer and found %d.%d; another interpreter: make PYTHON=python3.12 ..." % v[:2])'
	@if ! $(BIN)/python -c "" 2>/dev/null; then $(PYTHON) -m venv --clear $(VENV) \
		|| { echo "no virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; fi
	@echo "Installing the pinned requirements into $(VENV) (once) ..."
	@$(BIN)/python $(PIP) install --require-hashes --requirement requirements-dev.txt
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Five workers at once would each rewrite every assertion (10 s of CPU apiece): two processes do it before, half each.
# What they say of a broken module, pytest says again.
$(TESTS_READ): $(STAMP) $(shell find tests simulator reports -name '*.py' 2>/dev/null)
	@$(BIN)/python -m compileall -q simulator reports benchmarks || true
	@$(BIN)/python -m pytest --collect-only -qq tests/[a-i]* >/dev/null 2>&1 & \
		$(BIN)/python -m pytest --collect-only -qq tests/[j-z]* >/dev/null 2>&1; wait
	@touch $@

$(LOCK_VENV)/.installed: Makefile
	@$(PYTHON) -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python $(PIP) install pip-tools==7.6.2
	@touch $@
