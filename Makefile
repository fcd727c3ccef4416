# `make help` lists what can be done; `make demo` shows the whole way once, on real data.

PYTHON ?= python3
BIN := .venv/bin
DEMO := build/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo data test style types test-quick test-slow test-all check docs commands format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# -- set-up: everything lands in .venv, from the versions and hashes in requirements-dev.lock

setup: .venv/ready  ## install everything into .venv

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "Could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

COMPILE := $(BIN)/uv pip compile pyproject.toml $(wildcard source/*/requirements.txt) --universal \
  --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

lock:  ## resolve anew: requirements.lock grades, requirements-dev.lock adds what the project is made with
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra dev -o requirements-dev.lock
	$(COMPILE) --upgrade --constraint requirements-dev.lock -o requirements.lock

# -- the main job, once through

demo: setup  ## data, release, two submissions graded, their points and pages
	$(BIN)/kit data
	$(BIN)/kit release optimization
	@rm -rf $(DEMO) && mkdir -p $(DEMO)/submitted
	@cp -r release/optimization $(DEMO)/submitted/untouched
	@cp -r release/optimization $(DEMO)/submitted/reference
	@cp -r solutions/optimization/. $(DEMO)/submitted/reference
	$(BIN)/kit grade optimization $(DEMO)/submitted --out $(DEMO)/results
	$(BIN)/kit report optimization --results $(DEMO)/results --out $(DEMO)/report

data: setup  ## fetch and verify the data sets
	$(BIN)/kit data

# -- the project's own checks

STAGES := style types test-quick test-slow
PYTEST := $(BIN)/pytest -n auto --dist worksteal
GUARD ?=  # what runs a stage, such as timeout

test: setup  ## everything that CI runs: style, types, tests, and at the end those that take minutes
	@for stage in $(STAGES); do \
	  echo "== $$stage"; \
	  $(GUARD) $(MAKE) --no-print-directory $$stage || { echo "== $$stage failed"; exit 1; }; \
	done
	@echo "== all passed: $(STAGES)"

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

test-quick: setup  ## the tests that need neither the data set nor minutes
	$(PYTEST) -m "not cifar10 and not slow"

test-slow: setup  ## the others: they train on CIFAR-10, start clusters and notebooks
	$(PYTEST) -m "cifar10 or slow"

test-all: setup  ## all tests, with every case of what is drawn from in the others: for the night
	$(PYTEST) --all-cases

check: setup  ## prove the committed release
	$(BIN)/kit release optimization --check

docs: setup  ## build the documentation into build/site, warnings are errors
	$(BIN)/mkdocs build --strict
	@echo "Open build/site/index.html."

commands: setup  ## write docs/commands.md from the commands themselves
	$(BIN)/typer kit.cli utils docs --name kit --output docs/commands.md

format: setup  ## let ruff mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what the tools made; data/ and .venv stay
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
