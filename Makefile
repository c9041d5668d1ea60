# `make` lists the targets. Each sets up the environment by itself, and only when needed.
#
#   VENV    where the environment lives; empty (`make test VENV=`) takes the one that is active
#   PYTHON  what creates it

VENV   ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
CORES  ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
SNAKEMAKE_ARGS ?=

BIN := $(if $(VENV),$(VENV)/bin/,)
ENV := $(if $(VENV),$(VENV)/.stamp,)
# Every page that _toc.yml names.
PAGES = $(shell sed -nE 's/^[ -]*(root|file): *([^ \#]+).*/\2/p' _toc.yml)
HTML = book/_build/html
HASHED = $(VENV)/bin/python -m pip install -qq --no-deps --require-hashes -r

.DEFAULT_GOAL := help
.PHONY: help book browser pdf test lint data paper bench fuzz chaos lock clean

help:  ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

LOCKS = requirements.lock requirements-cpu.lock requirements-cuda.lock

$(VENV)/.stamp: $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
	  || { echo "wormgnn needs Python 3.11 or 3.12: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(VENV)/bin/pip || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); }
	@echo "Setting up $(VENV) from requirements.lock (a few minutes the first time)"
	@$(HASHED) requirements-cpu.lock 2> /dev/null || true  # where pip has an index of CPU wheels
	@$(HASHED) requirements.lock
	@if $(VENV)/bin/python -m pip show torch | grep -q cuda; then $(HASHED) requirements-cuda.lock; fi
	@$(VENV)/bin/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

book: $(ENV)  ## run every chapter and build the book into book/_build/html
	$(BIN)jupyter-book build book/ -W -n --keep-going --all
	@for page in $(PAGES); do test -s $(HTML)/$$page.html \
	  || { echo "book: $(HTML)/$$page.html is missing"; exit 1; }; done
	@echo "The book: $(HTML)/index.html"

browser: $(ENV)  ## what a browser makes of the built book: wide, narrow, dark (needs Chromium)
	WORMGNN_BOOK=$(HTML) $(BIN)python -m pytest -q tests/test_browser.py

pdf: $(ENV)  ## print the built book into book/_build/book.pdf (needs Chromium)
	$(BIN)python docs/pdf.py $(HTML) book/_build/book.pdf

# One pytest run for tests and notebooks, so that its closing line, the last, counts both. What
# tests compute is small: threads would only wait for each other, and on a busy machine for long.
test: lint  ## lint, tests, and every chapter at the smoke profile
	OMP_NUM_THREADS=1 WORMGNN_JOBS=1 WORMGNN_PROFILE=smoke $(BIN)python -m pytest --nbval-lax tests/ book/

lint: $(ENV)  ## ruff, mypy, and which module may import which
	$(BIN)ruff check --quiet .
	$(BIN)ruff format --check --quiet .
	$(BIN)mypy --no-error-summary
	@said=$$($(BIN)lint-imports --no-logo --no-cache) || { echo "$$said"; exit 1; }

data: $(ENV)  ## download the recordings of the paper, with checksums
	$(BIN)wormgnn data fetch

paper: $(ENV)  ## the paper's protocol: SNAKEMAKE_ARGS="--workflow-profile workflow/slurm" on a cluster
	$(BIN)snakemake --cores $(CORES) $(SNAKEMAKE_ARGS)

bench: $(ENV)  ## run every benchmark
	@for script in benchmarks/bench_*.py; do test -e $$script || continue; \
	  echo "== $$script"; MPLBACKEND=Agg $(BIN)python $$script || exit 1; done

fuzz: $(ENV)  ## read N=10000 damaged files, of real recordings too if WORMGNN_DATA has some
	OMP_NUM_THREADS=1 $(BIN)python tests/fuzz.py $(or $(N),10000)

chaos: $(ENV)  ## kill a run N=50 times at random moments, and finish it
	CHAOS=$(or $(N),50) OMP_NUM_THREADS=1 $(BIN)python -m pytest -q -s tests/test_chaos.py

lock:  ## resolve requirements.lock and requirements-cuda.lock anew from pyproject.toml, with hashes
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install -qq uv
	.venv-lock/bin/python docs/lock.py && rm -rf .venv-lock

clean:  ## remove built pages and caches; the environment and results/runs stay
	rm -rf book/_build build .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info
	find src tests book benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
