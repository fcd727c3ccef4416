# `make help` lists what can be done; `make demo` shows the whole way once, on real data.

PYTHON ?= python3
BIN := .venv/bin
DEMO := build/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo data test test-quick check docs commands format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# -- set-up: everything lands in .venv, from the versions and hashes in requirements.lock

setup: .venv/ready  ## install everything into .venv

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "Could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --quiet -o requirements.lock

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

test: setup  ## everything that CI runs: style, types, tests (the slow ones train on CIFAR-10)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadfile

test-quick: setup  ## the tests that need neither the data set nor minutes
	$(BIN)/pytest -n auto --dist loadfile -m "not cifar10 and not slow"

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
