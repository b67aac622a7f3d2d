# Every target installs what it needs. On a bare Debian 12, as root, nothing has to be prepared;
# a second run finds it all in place. What an ordinary user cannot install, it says so.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready
export KEEP FAULT CALLS RUNS RATE SEED TIME_SCALE
# Where it is set, every start of every process compiles every module anew: seconds of each restart, a third of the tests' time.
unexport PYTHONDONTWRITEBYTECODE
# What only some drills need: the clock that lies, and the peer we are compared with.
DRILL_TOOLS := libfaketime keepalived

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements-dev.txt pyproject.toml .ci/venv
	@bash .ci/venv

.PHONY: lint
lint: $(READY) ## style, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: check
check: lint ## lint and the quick tests that need neither root nor the lab; under a minute on two cores
	$(BIN)/pytest -q -n 2 -m "not lab and not slow"

.PHONY: test
test: lint ## everything; what this machine cannot run is skipped and the reason printed
	@source .ci/lab && $(BIN)/pytest -n 2 -m "not lab" && $(BIN)/pytest -m lab

.PHONY: demo
demo: $(READY) ## real PBXs, live calls, the primary is killed; KEEP=1 leaves it all running
	@bash lab/bootstrap.sh
	@$(BIN)/python -m lab.demo

.PHONY: lab-up
lab-up: $(READY) ## start the lab by hand
	@bash lab/bootstrap.sh
	@$(BIN)/python -m lab up

.PHONY: lab-down
lab-down: $(READY) ## stop it and leave nothing behind
	@$(BIN)/python -m lab down

.PHONY: drill
drill: $(READY) ## faults on the lab, NAME="kill freeze …", RUNS=5; results in build/drills/NAME.json
	@test -n "$(NAME)" || { echo "which one? make drill NAME=…" >&2; exit 2; }
	@bash lab/bootstrap.sh $(DRILL_TOOLS)
	@$(BIN)/python -m lab.drill $(NAME)

.PHONY: drills
drills: $(READY) ## every drill RUNS=5 times, about four hours, and the table of docs/drills.md from what is in build/drills
	@bash lab/bootstrap.sh $(DRILL_TOOLS)
	@$(BIN)/python -m lab.drill all; status=$$?; $(BIN)/python -m lab.sheet; exit $$status

.PHONY: drift
drift: $(READY) ## mixed calls (CALLS=1000, RATE=8 a second, SEED=1) against ground truth; result in build/drift.json
	@bash lab/bootstrap.sh
	@$(BIN)/python -m lab.drift

.PHONY: wheel
wheel: $(READY) ## source package and wheel, in dist/
	@$(BIN)/python -m deb.wheel

.PHONY: deb
deb: wheel ## Debian package with an environment of its own, in build/deb/
	@$(BIN)/python -m deb

.PHONY: service-test
service-test: deb ## the package on a clean Debian under a real systemd, beside the lab's PBXs; result in build/service.json
	@bash lab/bootstrap.sh && bash lab/service/root.sh || true
	@$(BIN)/python -m lab.service

.PHONY: bench
bench: $(READY) ## speed and size beside peers (panoramisk, pyst2, npm yana) and limits; figures in build/bench.json
	@bash lab/bootstrap.sh
	@nice -n -5 $(BIN)/python -m bench

SEEDS ?= 1000
.PHONY: sim
sim: $(READY) ## seeded faults in virtual time around the real core, SEEDS=…; a broken seed is printed and can be replayed
	$(BIN)/python -m tests.sim --seeds $(SEEDS)

.PHONY: sim-restarts
sim-restarts: $(READY) ## the daemon is killed at every point of a failover, in virtual time, and started again
	$(BIN)/python -m tests.sim --restarts

.PHONY: dashboards
dashboards: $(READY) ## write config/grafana anew from dashboards/
	@$(BIN)/python -m dashboards

.PHONY: docs
docs: $(READY) ## write docs/commands.md and docs/configuration.md anew from the code
	@$(BIN)/python -m reference

.PHONY: pictures
pictures: $(READY) ## draw docs/pictures anew: `top` and the dashboards while the lab's primary dies
	@bash lab/bootstrap.sh
	@$(BIN)/python -m lab.show

.PHONY: lock
lock: ## compile the locks anew after a change in requirements*.in
	@bash .ci/lock
