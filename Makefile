# `make help` lists the targets. Everything lives in .venv; nothing is installed elsewhere but the system packages
# that a test names.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PACKAGES := redis-server chromium prometheus prometheus-alertmanager
TRIAL_PACKAGES := buildah podman runc conmon netavark aardvark-dns iptables debootstrap debian-archive-keyring

.PHONY: help serve test lint docs screenshots bench try-image lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

serve: $(BIN)/.runtime ## migrate and serve on http://127.0.0.1:8000 (settings: RFT_*, see README)
	@exec $(BIN)/rft-graders serve

test: $(BIN)/.test ## every test, on real PostgreSQL, Redis, uvicorn and processes
	@scripts/system-packages $(TEST_PACKAGES)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/rft-graders docs --check
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(BIN)/.test ## format, then ruff and mypy
	$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/mypy

docs: $(BIN)/.runtime ## write the generated parts of the READMEs
	$(BIN)/rft-graders docs

screenshots: $(BIN)/.test ## write the pictures of the page in docs/ anew
	@scripts/system-packages chromium
	SCREENSHOTS=docs $(BIN)/pytest tests/browser

bench: $(BIN)/.test ## the numbers that the README claims; takes minutes
	@scripts/system-packages wrk redis-server
	$(BIN)/python -m bench

try-image: $(BIN)/.test ## build the image and run it for real, alone and by compose (as root; deploy/README.md)
	@scripts/system-packages $(TRIAL_PACKAGES)
	$(BIN)/python -m deploy.trial

lock: ## pin the dependencies again, with hashes (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes pyproject.toml --group test -o requirements/test.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes pyproject.toml requirements/build.in \
		-c requirements/test.txt -o requirements/runtime.txt

clean: ## remove the environment and what tests leave behind
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@scripts/system-packages --venv $(PYTHON)
	$(PYTHON) -m venv $(VENV)

$(BIN)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.test: requirements/test.txt $(BIN)/.runtime
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@
