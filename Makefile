# Needs only Python 3.11+ and make. `make serve` runs the graph, `make test` proves it.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/installed
FRONTEND := $(filter-out %/node_modules,$(wildcard hrc_graph/web/frontend/* hrc_graph/web/frontend/src/*))

.PHONY: setup serve test test-all lint docs words lock bench pages soak runaway exports accepting

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml hatch_build.py $(FRONTEND)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

serve: setup
	$(RUN)/hrc serve

test: setup
	$(RUN)/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder -m "not slow"

test-all: setup
	$(RUN)/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder

lint: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/python hatch_build.py check

docs: setup
	$(RUN)/python docs/generate.py

words: setup  # what pages say, for translators: hrc_graph/web/locales/<language>.po
	$(RUN)/pybabel --quiet extract --mapping pyproject.toml --no-location --sort-output --omit-header --output $(VENV)/words.pot hrc_graph
	for language in id es fr; do $(RUN)/pybabel --quiet update --omit-header --no-fuzzy-matching --ignore-obsolete --input-file $(VENV)/words.pot --locale $$language --output-file hrc_graph/web/locales/$$language.po; done

bench: $(VENV)/peers
	$(RUN)/python -m benchmarks

pages: setup
	$(RUN)/python -m benchmarks.pages

soak: setup
	$(RUN)/python -m benchmarks.soak

runaway: setup
	$(RUN)/python -m benchmarks.runaway

exports: setup
	$(RUN)/python -m benchmarks.exports

accepting: setup
	$(RUN)/python -m benchmarks.accepting

$(VENV)/peers: $(STAMP)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[bench]'
	touch $@

lock:
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --extra test --no-header --no-annotate --no-emit-index-url --output-file requirements.lock pyproject.toml
