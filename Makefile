# Short names for what one does all day. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CODE := api controller sdk/playground_sdk tests bench scripts
export ONCE

.PHONY: help
help: ## List these names
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

.PHONY: setup
setup: ## Everything: .venv with both distributions, a Docker Engine, the Gradio base image (again and again is fine)
	@scripts/setup

.PHONY: demo
demo: setup ## A served Gradio playground and a prediction through it, until Ctrl-C (ONCE=1: ends by itself)
	@.venv/bin/python scripts/demo.py

.PHONY: test-images
test-images: setup
	@.venv/bin/python -m tests.images.build

.PHONY: test
test: test-images ## All tests, on the real engine too (ARGS="-k word" picks some)
	@scripts/ensure_test_tools
	.venv/bin/pytest $(ARGS)

.PHONY: chaos
chaos: test-images ## All pairs of faults; then kill, hang and rob a Docker Engine of its own, and print figures (root)
	.venv/bin/pytest -q -m chaos tests/faults
	.venv/bin/python -m tests.chaos $(ARGS)

.PHONY: fuzz
fuzz: ## Requests that nobody would send, FUZZ_REQUESTS=100000 of them: no 5xx, no hang, no leak; the figures
	@scripts/setup venv
	@.venv/bin/python -m tests.fuzz.run

.PHONY: bench
bench: test-images ## Ours and its peers side by side: tables, .bench/results.json, plots (ONLY="create-one heal" picks; root)
	.venv/bin/python -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

.PHONY: lint
lint: ## Format, rules, walls between packages, types
	@scripts/setup venv
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/mypy $(CODE)

.PHONY: check
check: lint test ## lint and test: what must hold before a commit

.PHONY: format
format: ## Put the code into its form
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: base-image
base-image: setup ## Build the Gradio base image anew
	@.venv/bin/python -m controller.baseimage --rebuild

.PHONY: lock
lock: ## Write the lock files anew (ARGS=--upgrade takes newer versions)
	requirements/compile.sh $(ARGS)

.PHONY: clean
clean: ## Remove what was made here: .venv, caches, the demo's data (the images stay)
	rm -rf .venv .demo build *.egg-info sdk/build sdk/*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
