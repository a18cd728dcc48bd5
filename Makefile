# `make run` and `make test` do all set-up themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format bench bench-engine screens lock setup setup-develop clean

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

# Against llama.cpp and onnxruntime, which are built into an environment of their own.
# `make bench-engine SECTIONS="chat encoder"` measures only those and writes nothing.
bench-engine: setup-develop
	@$(BIN)/python packaging/bench_engine.py $(SECTIONS)

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
