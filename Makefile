# duologue: `make demo` and `make test` do all the set-up themselves. They need Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(HOME)/.local/bin:$(PATH)

.PHONY: help install demo test check format lock sim bench clean

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.runtime  ## the duologue command in .venv

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) requirements/dev.txt
	@touch $(VENV)/.runtime $@

lock:  ## recompile requirements/*.txt from pyproject.toml
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" pyproject.toml --extra dev -o requirements/dev.txt
