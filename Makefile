# Every task of the project. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Many tests wait for servers rather than for a core; files stay whole, so that they share theirs.
WORKERS ?= 2
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check bench lock clean

help: ## list the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/uv: requirements.lock
	@echo "==> creating $(VENV) (once; Python 3.11 or newer)"
	@sh .ci/venv "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.runtime: $(BIN)/uv pyproject.toml requirements.lock
	@echo "==> installing what the server needs"
	@$(BIN)/uv pip install --python $(BIN)/python -r pyproject.toml -c requirements.lock
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	@echo "==> installing what the tests need"
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

setup: $(VENV)/.runtime ## make .venv with everything the server needs

setup-dev: $(VENV)/.development ## the same with everything the tests and checks need
	@sh tests/servers/install.sh

run: setup ## start the server on http://localhost:3000
	@exec $(BIN)/python -m edge serve

test: setup-dev ## run every test (starts its own servers)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: setup-dev ## formatting, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup-dev ## measure, side by side, as ratios
	@$(BIN)/python -m tests.bench $(ARGS)

lock: $(BIN)/uv ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock

clean: ## remove what the tasks made, but never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/.run
