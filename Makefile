# Thin names for common commands. ./run and ./test work without make.
python = .venv/bin/python

.PHONY: help setup run test fuzz parity mutants every-report lint docs-parameters docs site bench bench-r level-of-tests

help:
	@echo "make setup | run | test | fuzz | parity | mutants | every-report | lint | docs | site | bench | bench-r | level-of-tests | study-NAME"
	@echo "studies (long; their tables are committed):"
	@ls benchmarks/studies/*.py | sed 's|.*/|  study-|; s|\.py$$||' | grep -v __init__ || true

setup:
	@sh -ec '. scripts/environment.sh; prepare test' ./setup

run:
	@./run

test:
	@./test

# Random tests with many examples, from a seed that is printed.
fuzz: setup
	@seed=$${SEED:-$$(date +%s)}; echo "SEED=$$seed make fuzz"; \
	HYPOTHESIS_PROFILE=thorough $(python) -m pytest -n logical -m "not slow" --hypothesis-seed $$seed

# The third executor against the compiled week: every scenario for three years (minutes).
parity: setup
	EVERY_SCENARIO=1 $(python) -m pytest -q tests/test_javascript_parity.py

# Which mistakes do the tests of a file notice? A quarter of an hour for 100 mutants with JOBS=2 on two cores.
mutants: setup
	$(python) -m scripts.mutants --count $${COUNT:-100} --seed $${SEED:-1} --jobs $${JOBS:-1} --out mutants.txt

# A report of every scenario over every horizon and source of draws: 40 minutes of one processor.
every-report: setup
	EVERY_REPORT=1 $(python) -m pytest -q -n logical tests/report/test_every_scenario.py

# A long study: benchmarks/studies/NAME.py writes benchmarks/studies/NAME.csv, which is committed.
study-%: setup
	$(python) -m benchmarks.studies.$*

lint: setup
	$(python) -m ruff check --fix .
	$(python) -m ruff format .
	$(python) -m mypy
	$(python) -m scripts.typed_rules
	! [ -x .venv/bin/biome ] || .venv/bin/biome lint --error-on-warnings

docs-parameters: setup
	$(python) -m docs

level-of-tests: setup
	$(python) -m benchmarks.level_of_tests

bench: setup
	@sh benchmarks/set-up.sh
	$(python) -m benchmarks

# Fits beside those of R, where lmerTest, pbkrtest and geepack are installed.
bench-r: setup
	$(python) -m benchmarks.against_r

docs: setup
	$(python) -m docs

site: setup
	$(python) -m sim.cli site --out site
	$(python) -m scripts.narrow_pages site
