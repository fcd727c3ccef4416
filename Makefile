# `make help` lists the targets. `make demo` shows the whole way once, `make demo-course` the course.

PYTHON ?= python3
BIN := .venv/bin

unexport PYTHONDONTWRITEBYTECODE  # otherwise each process compiles the kit and its tests again

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-course data test style types test-quick test-slow test-all versions check docs pictures commands dist format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# -- set-up: everything is installed into .venv, with the versions and hashes of requirements-dev.lock

setup: .venv/ready  ## install everything into .venv; the other targets do this first

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "Could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

COMPILE := $(BIN)/uv pip compile pyproject.toml $(wildcard source/*/requirements.txt) --universal \
  --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

lock:  ## renew requirements.lock and requirements-dev.lock from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra dev -o requirements-dev.lock
	$(COMPILE) --upgrade --constraint requirements-dev.lock -o requirements.lock

# -- the whole way once

demo: setup  ## grade five hand-ins and make their pages: the whole way once
	@$(BIN)/python docs/demo.py

demo-course: setup  ## the same for all three homeworks, released from their sources
	@$(BIN)/python docs/demo_course.py

data: setup  ## fetch and verify the data sets
	$(BIN)/kit data

# -- the project's own checks

STAGES := style types test-quick test-slow
# two tests for each core: half of a test is a wait, for a process or for a deadline
PYTEST := $(BIN)/pytest -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --dist worksteal
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

versions: setup  ## try the students' check with each Python on the path and many versions of NumPy
	$(BIN)/python -m tests.support.student_versions

check: setup  ## prove that the committed releases are right; without training: make check QUICK=--quick
	for each in $(notdir $(wildcard source/*)); do $(BIN)/kit release $$each --check $(QUICK) || exit 1; done

docs: setup  ## build the documentation into build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/python docs/pictures.py build/site/pictures
	@echo "Open build/site/index.html."

pictures: setup  ## renew docs/pictures and the output in the README
	$(BIN)/python docs/pictures.py docs/pictures README.md

commands: setup  ## write docs/commands.md from the help of the commands
	$(BIN)/typer kit.cli utils docs --name kit --output docs/commands.md

dist: setup  ## build sdist and wheel into build/dist; prove that the wheel grades
	$(BIN)/python tests/support/dist.py build/dist

format: setup  ## correct the style with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what the tools made, except data/ and .venv
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
