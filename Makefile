# duologue: `make demo` and `make test` do all the set-up themselves. They need Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install demo test check types units-from-agent units-below-agent once-more format lock sim fuzz bench clean

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.runtime  ## the duologue command in .venv

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) requirements/dev.txt
	@touch $(VENV)/.runtime $@

demo: install  ## hear it: a recorded caller, an agent, one barge-in; leaves out/demo.wav and out/demo.html
	@$(BIN)/duologue demo --out out

# Pure code, no process and no socket: `make check`. Whole servers, worker processes and simulations come with `make test`, and last, one at
# a time, what listens to real speech and what runs the vendors' own clients.
BELOW_AGENT := $(addprefix tests/,audio listen speak think)
FROM_AGENT := tests/test_*.py $(addprefix tests/,agent conversations protocols wire auth usage console fuzz)
WHOLES := $(addprefix tests/,runtime server bridge cli sim bench)
LIVE := $(addprefix tests/,real sdk browser)
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
# Remembers what failed. Several at once would write into one file.
REMEMBERING_PYTEST := $(BIN)/python -m pytest

test: check  ## everything: checks, whole servers, simulation, real engines, the vendors' own clients
	@$(PYTEST) $(WHOLES) -n 2 --durations=10
	@$(REMEMBERING_PYTEST) $(LIVE) --durations=10 || $(MAKE) --no-print-directory once-more

# Real time, other people's programs and package indexes can fail by chance, which says nothing about a change. What fails twice is no chance.
once-more:
	@echo "What failed is tried once more, alone."
	@$(REMEMBERING_PYTEST) $(LIVE) --last-failed --last-failed-no-failures none

check: $(VENV)/.dev  ## format, lint, types and unit tests, in under a minute
	@$(MAKE) --no-print-directory -j3 types units-from-agent units-below-agent

types: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

units-from-agent: $(VENV)/.dev  # two processes that collect a half each, which is less work than two that collect all
	@$(PYTEST) $(FROM_AGENT)

units-below-agent: $(VENV)/.dev
	@$(PYTEST) $(BELOW_AGENT)

format: $(VENV)/.dev  ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sim: $(VENV)/.dev  ## 10,000 random hostile conversations in virtual time, and the planted mutants
	@$(BIN)/duologue simulate --explore 10000

fuzz: $(VENV)/.dev  ## hostile input for everything that reads what others wrote, ten seconds each (SECONDS=60 SEED=7)
	@$(BIN)/python -m fuzz --seconds $(or $(SECONDS),10) --seed $(or $(SEED),1)

bench: $(VENV)/.dev  ## latency, density and memory as ratios to a bare floor measured in the same run
	@$(BIN)/python bench/run.py

COMPILE := uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock"

lock:  ## recompile requirements/*.txt from pyproject.toml and requirements/sdk/*.txt from requirements/sdk/releases (needs uv)
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	@grep -v '^#' requirements/sdk/releases | while read -r name wanted; do echo $$name; \
		printf '%s\n' $$wanted | $(COMPILE) - -o requirements/sdk/$$name.txt || exit 1; done

clean:  ## forget the environment and everything made
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
