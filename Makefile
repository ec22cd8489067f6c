# The two commands of the README, and what a developer needs. Everything is installed into .venv from constraints.txt.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMP  := $(VENV)/.installed

.PHONY: investigate test engines lint format types check notebooks docs clean help
.DEFAULT_GOAL := help

help:            ## show this
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rca needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt pip

$(STAMP)-user: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[pdf]"
	@touch $@

$(STAMP)-test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[protobuf,notebook,pdf]" --group test --group lint --group docs --group lab
	@touch $@ $(STAMP)-user

investigate: $(STAMP)-user   ## the whole investigation of the recorded incident: verdict, ranked changes, figures, postmortem
	$(BIN)/rca investigate data/checkout-incident --out investigation

test: $(STAMP)-test          ## set up and run the tests
	$(BIN)/python -m pytest -q

$(STAMP)-engines: $(STAMP)-test
	$(PIP) install --quiet --constraint constraints.txt --group engines
	$(PIP) install --quiet --constraint constraints.txt --no-deps --upgrade --target $(VENV)/spark --group cluster
	@touch $@

engines: $(STAMP)-engines    ## the same analyses on ClickHouse's engine, Sail and a cluster of Apache Spark (Java 17): 1.2 GB
	SPARK_HOME=$(CURDIR)/$(VENV)/spark/pyspark $(BIN)/python -m pytest -q tests/engines

lint: $(STAMP)-test          ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

format: $(STAMP)-test        ## lay out the code
	$(BIN)/ruff format .

types: $(STAMP)-test         ## types
	$(BIN)/mypy rca

check: lint types test       ## all of it

docs: $(STAMP)-test          ## build the documentation site into site/: pages, commands, functions, the notebooks as they run
	$(BIN)/python docs/build.py

notebooks: $(STAMP)-test     ## open the notebooks
	$(BIN)/jupyter lab notebooks

clean:
	rm -rf $(VENV) investigation .pytest_cache .mypy_cache .ruff_cache
