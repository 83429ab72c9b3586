# `make` lists what there is. Everything is installed into the checkout, and again when a lock file changes.
.DEFAULT_GOAL := help
.PHONY: help demo run test lint types contracts bench format install install-dev static locks clean

PY := .venv/bin/python
export PORT ?= 8000
# Workers of the tests; each has a database of its own.
TEST_WORKERS ?= auto
ARGS ?=
BENCH ?=

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  PORT=8100 chooses the port, ABE_STATE=/some/folder where the data lies."

demo: install static ## Serve the sample company; Ctrl-C stops everything
	@exec $(PY) -m abe.serve --sample

run: install static ## Serve an empty installation, for your own data
	@exec $(PY) -m abe.serve

test: install-dev static ## Run all tests: make test ARGS="-k tokens"
	@. scripts/node.sh && use_node && CHROME="$$(scripts/browser.sh)" && export CHROME && \
	PLAYWRIGHT_NODEJS_PATH="$$(command -v node)" && export PLAYWRIGHT_NODEJS_PATH && \
	ABE_STATE="$${ABE_STATE:-$(CURDIR)/.abe-test}" exec $(PY) -m pytest -n $(TEST_WORKERS) --dist loadgroup $(ARGS)

lint: install-dev contracts ## Check style, templates, the compose file and the layers
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@git ls-files -z 'templates/*.html' '*/templates/*.html' | xargs -0 -r .venv/bin/djade --check
	@.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

types: install-dev ## Check types, strictly
	@$(PY) -m mypy

contracts: install-dev ## Check that imports go down only
	@.venv/bin/lint-imports --no-logo

format: install-dev ## Put code and templates into their one format
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@git ls-files -z 'templates/*.html' '*/templates/*.html' | xargs -0 -r .venv/bin/djade

bench: install-dev static ## Measure against the floors: make bench, or make bench BENCH=sync
	@ABE_STATE="$${ABE_STATE:-$(CURDIR)/.abe-bench}" exec $(PY) -m bench $(BENCH)

install: ## Install what demo and run need
	@PYTHON="$(PYTHON)" scripts/install.sh embedded

install-dev: ## Install what development needs too
	@PYTHON="$(PYTHON)" scripts/install.sh dev

static: install ## Build and collect the static files
	@scripts/static.sh

COMPILE = .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	--python-version 3.11 pyproject.toml

locks: install-dev ## Bring the lock files up to pyproject.toml; UPGRADE=--upgrade takes newer versions
	@$(COMPILE) $(UPGRADE) -o requirements.txt
	@$(COMPILE) $(UPGRADE) --extra embedded -o requirements-embedded.txt
	@$(COMPILE) $(UPGRADE) --extra embedded --extra dev -o requirements-dev.txt

clean: ## Remove what was installed and built; the data in .abe stays
	rm -rf .venv node_modules static/dist staticfiles .abe-test .abe-bench
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
