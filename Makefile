# Two commands matter: `make demo` and `make test`. `make` alone lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON ?= python3
unexport ANSIBLE_CONFIG

BIN := $(CURDIR)/.venv/bin
REPORTS := .build/reports
# The steps of `make test`, cheapest first: the first that fails ends the run. Those joined by + run at the same time.
STEPS := prerequisites venv-dev lint+sanity+importer unit integration molecule+rehearse+matrix rehearse-several
# More arguments for the playbook or pytest at hand: make demo ARGS=-v, make unit ARGS='-k plan'
ARGS ?=
# How many integration tests run at once: most of the time of each is waiting for a server.
WORKERS ?= 3

# Hundreds of modules are processes of their own: they share byte code, which some machines do not let Python write.
CACHED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.build/pycache

INTEGRATION := $(CACHED) pytest tests/integration --numprocesses=$(WORKERS) --dist=loadscope

.PHONY: help venv venv-dev prerequisites compose demo clean-demo test lint sanity importer unit matrix integration campaigns molecule rehearse rehearse-several bench soak docs format release-notes clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: venv ## A working environment on this machine: dev, on localhost
	@cd playbooks && "$(BIN)/ansible-playbook" deploy.yml -e env=dev $(ARGS)

clean-demo: venv ## Remove the demo; VOLUMES=yes removes its data too
	@cd playbooks && "$(BIN)/ansible-playbook" teardown.yml -e env=dev -e confirm=dev $(if $(filter yes,$(VOLUMES)),-e volumes=true) $(ARGS)

test: ## All tests: lint, unit, sanity, importer, matrix, integration, molecule, rehearse, rehearse-several
	@MATRIX=quick scripts/test.sh $(STEPS)

lint: venv-dev ## ruff, mypy, vermin, yamllint, ansible-lint, changelog fragments, shellcheck
	@scripts/lint.sh

sanity: venv-dev ## ansible-test sanity on a copy of the tree, with no ignore file
	@scripts/sanity.sh

importer: venv-dev ## galaxy-importer on the built artifact, no warning; the context of the execution environment
	@scripts/importer.sh

unit: venv-dev ## Unit tests and the rules of the tree
	@$(CACHED) pytest tests/unit --numprocesses=2 --dist=loadfile --junitxml=$(REPORTS)/unit.xml $(ARGS)

matrix: venv-dev compose ## Unit tests and the law's cases on newer versions of ansible-core, in Debian 13; MATRIX=quick for a part
	@scripts/matrix.sh $(ARGS)

integration: venv-dev compose ## Real ansible-playbook runs against real services
	@$(INTEGRATION) -m 'not campaign' --durations=30 --junitxml=$(REPORTS)/integration.xml $(ARGS)

campaigns: venv-dev compose ## What make test leaves out: kills, full disks, an upgrade of the last release, other placements
	@$(INTEGRATION) -m campaign --junitxml=$(REPORTS)/campaigns.xml $(ARGS)
	@$(CACHED) pytest tests/rehearsal/several -m campaign --junitxml=$(REPORTS)/placements.xml $(ARGS)

molecule: venv-dev ## Every role scenario under extensions/molecule
	@scripts/molecule.sh $(ARGS)

rehearse: venv-dev ## deploy.yml -e env=prod, twice, on a disposable host reached over SSH
	@$(CACHED) pytest tests/rehearsal --ignore=tests/rehearsal/several --junitxml=$(REPORTS)/rehearsal.xml $(ARGS)

rehearse-several: venv-dev ## The same over four hosts: a first, an unchanged, a failed deploy, an upgrade under load, a rollback
	@$(CACHED) pytest tests/rehearsal/several -m 'not campaign' --junitxml=$(REPORTS)/several.xml $(ARGS)

bench: venv-dev compose ## Medians and ratios of whole runs, compared with today's practice
	@python tests/bench/run.py $(ARGS)

soak: venv-dev compose ## Events of an environment under load, and the requests that failed; takes ten minutes
	@python tests/soak/run.py $(ARGS)

docs: venv-dev ## Check the documentation and build the site in .build/docsite/html; a warning is an error
	@scripts/docsite.sh

format: venv-dev ## Let ruff sort imports and format
	@ruff check --select I --fix . && ruff format .

release-notes: venv-dev ## Turn the changelog fragments into CHANGELOG.md for the version in galaxy.yml
	@antsibull-changelog release $(ARGS)

prerequisites: ## Install and start the requirements of the tests on Debian: the engine, mmdebstrap, clients
	@scripts/prerequisites.sh

compose: venv-dev ## Docker's Compose plugin, in a place that no test removes
	@docker compose version >/dev/null 2>&1 || ansible-playbook --inventory localhost, tests/hosts/compose.yml

venv: ## .venv with the requirements of the demo
	@scripts/venv.sh run

venv-dev: ## .venv with the requirements of the tests
	@scripts/venv.sh dev

clean: ## Remove the output of the tools (not the demo: see clean-demo)
	@rm -rf .build .mypy_cache .pytest_cache .ruff_cache tests/output
