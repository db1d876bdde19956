# Thin names for common commands. ./run and ./test work without make.
python = .venv/bin/python

.PHONY: help setup run test lint docs-parameters docs site bench

help:
	@echo "make setup | run | test | lint | docs | site | bench"

setup:
	@sh -ec '. scripts/environment.sh; prepare test' ./setup

run:
	@./run

test:
	@./test

lint: setup
	$(python) -m ruff check --fix .
	$(python) -m ruff format .
	$(python) -m mypy

docs-parameters: setup
	$(python) -m sim.parameters.document

bench: setup
	@sh benchmarks/references/set-up.sh
	$(python) -m benchmarks

docs: setup
	$(python) -m docs

site: setup
	$(python) -m mkdocs build --strict
