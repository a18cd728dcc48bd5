# `make run` and `make test` do all set-up themselves.
PYTHON ?= python3
BIN := .venv/bin
# Tests run so many at a time; 0 runs them in one process, for a debugger.
JOBS ?= 2

.PHONY: run test check format bench parity screens lock setup setup-develop clean texts bench-engine eval reader composer kiosk-monkey installer installer-test sbom

run: setup
	@$(BIN)/python packaging/run.py

# Compiled Python is kept beside the source, whatever the environment says: the tests start the
# product some thousand times, and it would be compiled each time.
test check: export PYTHONDONTWRITEBYTECODE :=

test: setup-develop
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

check: setup-develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

format: setup-develop
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-develop
	$(BIN)/python -m tests.benchmarks

# On your own data: make eval BEIR=folder SQUAD=file.json HOSPITAL=folder ARGS="--queries 200"
# (docs/evaluation.md). Without any, on what lies in ../shared/data.
eval: setup-develop
	@$(BIN)/python -m tests.evaluation $(if $(BEIR),--beir "$(BEIR)") \
		$(if $(SQUAD),--squad "$(SQUAD)") $(if $(HOSPITAL),--hospital "$(HOSPITAL)") $(ARGS)

# In an environment of its own: torch and transformers are no part of the product or its tests.
parity:
	@test -x .cache/parity/venv/bin/python || $(PYTHON) -m venv .cache/parity/venv
	@.cache/parity/venv/bin/python -m pip install -q -r packaging/parity.txt
	.cache/parity/venv/bin/python packaging/parity.py

# Against llama.cpp and onnxruntime, which are built into an environment of their own.
# `make bench-engine SECTIONS="chat encoder"` measures only those and writes nothing.
bench-engine: setup-develop
	@$(BIN)/python packaging/bench_engine.py $(SECTIONS)

# Trains the reader from the public collections in DATA and puts it into the product: two hours on
# two cores, in an environment of its own (torch). What was begun goes on.
reader: setup-develop
	@$(BIN)/python packaging/models/reader/build.py $(or $(DATA),../shared/data)

# Trains the composer from them and builds the bundle that ships: three quarters of an hour.
composer: setup-develop
	@$(BIN)/python packaging/models/composer/build.py $(or $(DATA),../shared/data)

# Every screen of the product itself, and of the kiosk, in each look; to be looked at, every one.
screens: setup-develop
	rm -f docs/screens/*/*.png
	for theme in light dark contrast; do \
		xvfb-run -a -s "-screen 0 1440x900x24" $(BIN)/python packaging/screens.py docs/screens/$$theme --theme $$theme && \
		xvfb-run -a -s "-screen 0 1280x800x24" $(BIN)/python packaging/screens_kiosk.py docs/screens/kiosk --size 1280x800 --theme $$theme \
		|| exit 1; \
	done

# A kiosk on an X display of its own, and 20,000 real key presses, clicks and requests of a window
# manager: openbox where it is installed, else one of the tests' own. More: make kiosk-monkey ARGS="--inputs 200000 --seed 7"
kiosk-monkey: setup-develop
	xvfb-run -a -s "-screen 0 1280x800x24" $(BIN)/python -m tests.gui.kiosk_under_x $(ARGS)

# The program frozen, and packages of it in dist/ (docs/installing.md): a Debian package, a
# self-extracting file, and a folder for a stick with everything on it.
# make installer ARGS="--models ../models/NAME@VERSION --part deb"
installer: setup
	@$(PYTHON) packaging/bootstrap.py installer
	@build/installer/venv/bin/python packaging/build.py $(ARGS)

# The Debian package in a clean Debian without a network, and the rest of what is in dist/.
installer-test: setup-develop
	@test -f dist/medium/install.sh || $(MAKE) installer
	@$(BIN)/python -m tests.installer $(ARGS)

# Texts that a language has not got, and those it has got for nothing.
texts: setup-develop
	@$(BIN)/python -m tests.gui.marked_texts

# What the product is made of (CycloneDX), and the notices that go with it: into build/.
sbom: setup
	cd packaging && PYTHONPATH=.. ../$(BIN)/python -m supply.sbom $(ARGS)
	cd packaging && PYTHONPATH=.. ../$(BIN)/python -m supply.notices

lock:
	bash packaging/locks/lock.sh

setup:
	@$(PYTHON) packaging/bootstrap.py product

setup-develop:
	@$(PYTHON) packaging/bootstrap.py develop

clean:
	rm -rf .venv .cache build dist *.egg-info
