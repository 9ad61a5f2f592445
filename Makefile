.DEFAULT_GOAL := help
# Hundreds of short processes begin here: if each compiled all that it imports, that were minutes.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup test test-real demo prove lint bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' Makefile

.venv/.stamp: requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh

setup: .venv/.stamp ## Create .venv with the locked dependencies (nothing to do when up to date)

test: setup ## Lint, type-check and run every test
	@scripts/dataplane.sh
	@scripts/test.sh

test-real: setup ## Test against real OpenStack, Kubernetes and Terraform, brought up on this machine
	@scripts/test_real.sh

demo: setup ## Run the demonstration
	@scripts/dataplane.sh
	@.venv/bin/python -m examples.demo

prove: setup ## Prove the operations against each kind of crash; on real packets too where it can
	@scripts/dataplane.sh
	@scripts/prove.sh --quick

lint: setup ## ruff check, ruff format --check, mypy
	@scripts/lint.sh

bench: setup ## Run the benchmarks
	@scripts/dataplane.sh
	@scripts/peers.sh
	@.venv/bin/python -m bench

lock: ## Regenerate requirements.lock from pyproject.toml
	@scripts/lock.sh

clean: ## Remove the virtual environments, caches and build output
	rm -rf .venv .venv-lock build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
