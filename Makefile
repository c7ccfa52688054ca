# Everything runs in .venv, made here from the hashed lock files; Python 3.11+ and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo run check types test databases story faults simulate year shapes claims bench mutants lint fmt lock sbom audit words clean
.DELETE_ON_ERROR:

demo: .venv/.runtime
	$(BIN)/tierbot demo

run: .venv/.runtime
	$(BIN)/tierbot run

# Two test files at a time, the longest first; ARGS="-n 0 tests/grading" runs some of them one after the other.
# Bytecode is kept even where a container says otherwise: without it each worker compiles for 6 s more.
test: lint
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# Every case of every test on SQLite and on PostgreSQL; `make test` runs most of them there with their first case.
databases: .venv/.dev
	DATABASES=all PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# What a change needs before a commit, in less than a minute: linters, and the tests of what changed. BASE=HEAD~3 looks further back.
BASE ?= HEAD
check: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile $$($(BIN)/python -m tests.changed $(BASE))

# Strict types of the tests too.
types: .venv/.dev
	$(BIN)/mypy tests

# The whole story in real processes, over Socket Mode and signed HTTP, on SQLite and PostgreSQL; some minutes.
story: .venv/.dev
	STORY=all $(BIN)/python -m pytest tests/e2e/test_story.py $(ARGS)

# Thousands of histories of crashes, clock jumps and Slack faults, from a fixed seed. ARGS="--histories 200 --seed 7"
simulate: .venv/.dev
	$(BIN)/python -m tests.simulation $(ARGS)

# A year of care under every shipped plan, with people who answer at once, slowly or never. ARGS="--customers 100 --plan retail"
year: .venv/.dev
	$(BIN)/python -m tests.simulation.year $(ARGS)

# Kills, pauses and misleads real processes on both databases; takes some minutes. FAULTS="--quick --only F01"
faults: .venv/.dev
	$(BIN)/python -m tests.faults $(FAULTS)

# Drawn books in drawn shapes of files: each import asks, or stores what the plain file stores. SHAPES=200 draws fewer.
SHAPES ?= 2000
shapes: .venv/.dev
	SHAPES=$(SHAPES) $(BIN)/python -m pytest -n 0 -s tests/services/imports/file_check/test_shapes.py $(ARGS)

# What is said of customers is acted out under every preset: acts, missing facts, printed figures. CLAIMS=200 draws more.
CLAIMS ?= 70
claims: .venv/.dev
	CLAIMS=$(CLAIMS) $(BIN)/python -m pytest -n 0 -s tests/services/ways tests/services/ask/test_printed.py \
	  tests/grading/explain/test_missing_facts_acted.py $(ARGS)

# Ratios beside named peers, measured in one run. BENCH="tier claims" runs some, BENCH="--small" only sees that they run.
bench: .venv/.dev
	$(BIN)/python -m tests.bench $(BENCH)

# Removes each guard in a copy of the product and runs the tests that must fail then. MUTANTS="--only yaml --jobs 4"
mutants: .venv/.dev
	$(BIN)/python -m tests.mutants $(MUTANTS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

fmt: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock files hold versions and hashes only, no addresses. Needs uv. LOCK=--upgrade takes the newest releases.
LOCKED := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q
lock:
	$(LOCKED) $(LOCK) pyproject.toml --extra build --extra postgres -o requirements.lock
	$(LOCKED) $(LOCK) pyproject.toml --extra build --extra postgres --extra dev -o requirements-dev.lock -c requirements.lock
	$(LOCKED) $(LOCK) --group audit -o requirements-audit.lock

# What the product consists of, as CycloneDX 1.6 in sbom.json: every locked package with its hashes, licence and what it needs.
sbom: .venv/.dev
	$(BIN)/python -m tests.supply sbom

# Known weaknesses of the locked packages. Needs the public advisories; where they cannot be reached it says so and fails.
audit: .venv/.audit
	$(BIN)/python -m tests.supply audit .venv/audit/bin/pip-audit

# Brings the catalogues up to date with the words in templates and code; then translate what is empty in zh.
words: .venv/.dev
	$(BIN)/pybabel -q extract -F babel.cfg --add-location=file --sort-by-file --omit-header --width=110 -o tierbot.pot .
	$(BIN)/pybabel -q update -i tierbot.pot -d templates/locale -D tierbot --omit-header --no-fuzzy-matching \
	  --ignore-obsolete --width=110
	rm tierbot.pot
	for words in templates/locale/*/LC_MESSAGES/tierbot.po; do \
	  printf 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n' | cat - $$words > $$words.new \
	  && mv $$words.new $$words; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tierbot needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Its 28 packages stay apart from those of the tests.
.venv/.audit: requirements-audit.lock .venv/.dev
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-audit.lock
	touch $@
