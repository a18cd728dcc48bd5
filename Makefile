# `make run` and `make test` do all set-up themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format bench parity screens lock setup setup-develop clean

run: setup
	@$(BIN)/python packaging/run.py

test: setup-develop
	$(BIN)/python -m pytest $(TESTS)

check: setup-develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(TESTS)

format: setup-develop
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-develop
	$(BIN)/python -m tests.benchmarks

# In an environment of its own: torch and transformers are no part of the product or its tests.
parity:
	@test -x .cache/parity/venv/bin/python || $(PYTHON) -m venv .cache/parity/venv
	@.cache/parity/venv/bin/python -m pip install -q -r packaging/parity.txt
	.cache/parity/venv/bin/python packaging/parity.py

screens: setup-develop
	xvfb-run -a -s "-screen 0 1440x900x24" $(BIN)/python packaging/screens.py docs/screens

lock:
	bash packaging/locks/lock.sh

setup:
	@$(PYTHON) packaging/bootstrap.py product

setup-develop:
	@$(PYTHON) packaging/bootstrap.py develop

clean:
	rm -rf .venv .cache build dist *.egg-info
