# One virtual environment serves every target; the stamp files in it remember what was
# installed, so that only a change of pyproject.toml or constraints.txt installs again.

PYTHON ?= python3
MUSIC ?=
SONGS ?=

VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := pyproject.toml constraints.txt
# Constraints hold for every install: they alone decide which torch it is.
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

# As it was given, for folder names may hold spaces, quotes and dollar signs.
QUOTED_MUSIC := $(if $(value MUSIC),'$(subst ','\'',$(value MUSIC))')
QUOTED_SONGS := $(if $(value SONGS),--songs '$(subst ','\'',$(value SONGS))')

# Scripts import their neighbours, which this variable would forbid.
unexport PYTHONSAFEPATH

.DEFAULT_GOAL := help
.PHONY: help demo test style types suite lint format bench docs clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "Variables: MUSIC=folder or file for the demo, SONGS=folder for the benchmark,"
	@echo "PYTHON=interpreter (python3)."

demo: $(VENV)/.base ## tag MUSIC, or composed pieces, in a throwaway beets library
	@$(BIN)/python scripts/demo.py $(QUOTED_MUSIC)

# Types are checked beside the suite, which waits for files and processes now and then.
test: style ## everything that must pass: lint, types, the whole suite
	@$(MAKE) --no-print-directory --jobs 2 types suite

lint: style types ## ruff check, ruff format --check, mypy

style: $(VENV)/.all
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.all
	$(BIN)/mypy

suite: $(VENV)/.all
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

format: $(VENV)/.all ## let ruff fix and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.bench ## speed beside the cost of decoding and other ways, on SONGS or composed music
	$(BIN)/python benchmarks/speed.py $(QUOTED_SONGS) --into docs/performance.md

# Not with --quiet, which swallows the very warnings that --strict counts.
docs: $(VENV)/.docs ## build docs/ into site/, warnings are errors
	$(BIN)/mkdocs build --strict

clean: ## remove everything that make made
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache
	find beetsplug genre_model scripts tests -name __pycache__ -prune -exec rm -rf {} +

# Pip is upgraded because older ones cannot read dependency groups.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed; name one with PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.base: $(VENV)/.created $(REQUIREMENTS)
	@echo "Installing the base package into $(VENV), about 500 MB ..."
	@$(INSTALL) --editable .
	@touch $@

# It holds the base package, too, so a later demo need not install it again.
$(VENV)/.all: $(VENV)/.created $(REQUIREMENTS)
	@echo "Installing everything into $(VENV), gigabytes where torch brings CUDA ..."
	@$(INSTALL) --editable '.[train]' --group test --group lint
	@touch $(VENV)/.base $@

$(VENV)/.bench: $(VENV)/.all
	@$(INSTALL) --group bench
	@touch $@

$(VENV)/.docs: $(VENV)/.created $(REQUIREMENTS)
	$(INSTALL) --group docs
	@touch $@
