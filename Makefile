# Every target sets up what it needs; `make setup` alone creates .venv.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
# Hundreds of processes are started by the tests: what one has compiled the next ones read.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup run test test-fast test-html month check format coverage docs bench bench-long fuzz simulate soak flips lock clean

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# A NATS server, a paper venue and the daemon; Ctrl-C ends them.
run: setup
	$(BIN)/oms demo

# A file's tests stay together, for they share what they start; in their order, so that what is long begins early.
# Four at a time: many of them wait for processes more than they compute.
test: setup
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -rs

test-fast: setup
	$(BIN)/pytest -n 2 -m "not slow"

# Explanations opened in headless Chromium (Debian's package `chromium`); make test skips them where it is not
# installed, says so, and skips nothing else.
test-html: setup
	OMS_CHROMIUM=required $(BIN)/pytest tests/explain tests/report

# Thirty days, twenty symbols, four accounts: books against the venue's truth, in about three minutes.
month: setup
	OMS_MONTH=whole $(BIN)/pytest tests/month

# What .ci/run runs before the tests: format, lint, types, docs that match the code.
# (Layering is held by tests/test_layering.py, run here too so that a wrong import is told early.)
check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_layering.py
	$(BIN)/python -m tests.docs_main --check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: setup
	$(BIN)/pytest --cov --cov-report=term-missing:skip-covered tests/protocol tests/machines tests/cli/wire

docs: setup
	$(BIN)/python -m tests.docs_main

bench: setup
	$(BIN)/python -m tests.bench --daemon

# Memory, long starts, 50 sessions, the limits of the instruments.
bench-long: setup
	$(BIN)/python -m tests.bench --long

fuzz: setup
	$(BIN)/python -m tests.fuzz $(if $(DURATION),--seconds $(DURATION)) $(if $(SEED),--seed $(SEED))

# Every byte of a log flipped, one after the other: half an hour (OMS_FLIPS=1000: so many of each file).
flips: setup
	OMS_FLIPS=$(or $(OMS_FLIPS),all) $(BIN)/pytest tests/verify/test_flips.py

# Runs of the whole in one process and told time, one a seed (tests/simulation).
simulate: setup
	$(BIN)/python -m tests.simulation $(or $(SEEDS),1-1000)

# Kill, cut, restart for so many seconds, then compare log, stream, replies and the venue's truth.
soak: setup
	$(BIN)/python -m tests.crash $(if $(DURATION),--seconds $(DURATION)) $(if $(SEED),--seed $(SEED))

lock:
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis bench-results.json bench-long-results.json \
	    soak-results.json soak-data
