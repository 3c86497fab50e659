# `make` lists what one can do.
.DEFAULT_GOAL := help
.PHONY: help install rehearse test coverage torture lint bench clean

VENV := .venv
BIN := $(VENV)/bin
PDS := tests/pds/node_modules/.installed
# The newest Python that is there, 3.11 or later.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

help: ## list what one can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## make the environment with the program in it

rehearse: $(VENV)/.installed ## rehearse the reference campaign, offline, and say where its gallery is
	@$(BIN)/solidarity rehearse

test: $(VENV)/.tested-with $(PDS) ## install what tests need and run all of them
	@$(BIN)/python -m pytest -n auto --dist worksteal

coverage: $(VENV)/.tested-with $(PDS) ## the same, and which lines no test reaches: half as long again
	@$(BIN)/coverage erase
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

torture: $(VENV)/.tested-with $(PDS) ## every proof at the size of a release, in steps that can be stopped and said again
	@$(BIN)/python -m tests.reliability.torture $(STEPS) $(if $(MINUTES),--minutes $(MINUTES))

lint: $(VENV)/.tested-with ## formatting, lints, types, and which part may import which
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.tested-with ## measure speed and memory beside a peer
	@$(BIN)/python -m bench

clean: ## remove the environment and what tests leave behind
	rm -rf $(VENV) .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info tests/pds/node_modules

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3 python3-venv"; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
		|| { rm -rf $(VENV); $(PYTHON) -m virtualenv -q $(VENV) 2>/dev/null; } \
		|| { rm -rf $(VENV); test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y python3-venv && $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "This Python can't make an environment: apt-get install python3-venv, then say make again"; exit 2; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested-with: pyproject.toml | $(VENV)/bin/python
	@{ command -v exiftool && { command -v chromium || command -v google-chrome; }; } >/dev/null 2>&1 \
		|| test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null 2>&1 \
		|| { apt-get update -q && apt-get install -q -y libimage-exiftool-perl chromium; } >/dev/null 2>&1 || true
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

# A real Bluesky server, where node and npm are there; without them its tests say why they are skipped.
$(PDS): tests/pds/package-lock.json tests/pds/package.json
	@if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then \
		echo "installing the Bluesky server that the tests publish to (a minute or two, once)"; \
		(cd tests/pds && npm ci --no-audit --no-fund --loglevel=error >npm.log 2>&1) && mv tests/pds/npm.log $@ || { \
			tail -n 20 tests/pds/npm.log; \
			printf '\n*** npm could not install the Bluesky server: the tests in tests/pds are skipped (tests/pds/npm.log) ***\n\n'; }; \
	fi
