# Every target does its own set-up: it finds a Python that runs, makes a virtual environment, installs what it needs, and
# does none of that again while pyproject.toml and the interpreter stay the same (tools/bootstrap).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help serve test fuzz check format bench wheel clean distclean

# PYTHON=python3.12 chooses an interpreter (with an environment of its own, .venv-3.12); otherwise the newest that runs.
export PYTHON
export WORKBENCH_CHROMIUM
unexport PYTHONHOME PYTHONPATH
ARGS ?=

# In the order of the folders: those that share a server and a browser follow on each other, and small files end the run.
PYTEST_PARALLEL := -n logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  %s\n  %s\n  %s\n' \
		'PYTHON=python3.12   choose the interpreter; without it the newest that runs is taken' \
		'ARGS="…"            options for the command, e.g. make serve ARGS="--port 15190 ~/src"' \
		'                    or make test ARGS="-k ports"; SKIP_BROWSER=1 tests without a browser'

serve: ## serve the sample fleet, or with ARGS any folders, on http://localhost:15180
	@bin=$$(tools/bootstrap run) && exec "$$bin/workbench" serve $(or $(ARGS),--demo)

test: ## run the tests (ARGS go to pytest)
	@bin=$$(tools/bootstrap test) || exit 1; \
	if [ "$(SKIP_BROWSER)" = 1 ]; then \
		echo "Browser tests are skipped (SKIP_BROWSER=1)."; \
		set -- -m "not soak and not browser"; \
	else \
		WORKBENCH_CHROMIUM=$$("$$bin/python" -I tools/chromium.py) || exit 1; \
		echo "Browser tests use $$WORKBENCH_CHROMIUM."; \
		set --; \
	fi; \
	export WORKBENCH_CHROMIUM; \
	exec "$$bin/python" -m pytest $(PYTEST_PARALLEL) "$$@" $(ARGS)

fuzz: ## try the API with many made-up requests (ARGS go to pytest)
	@bin=$$(tools/bootstrap test) || exit 1; \
	WORKBENCH_FUZZ_EXAMPLES=$${WORKBENCH_FUZZ_EXAMPLES:-500} exec "$$bin/python" -m pytest $(PYTEST_PARALLEL) \
		--timeout 3600 tests/api/test_fuzz.py $(ARGS)

check: ## formatting, lint and types
	@bin=$$(tools/bootstrap dev) || exit 1; set -ex; \
	"$$bin/ruff" format --check .; \
	"$$bin/ruff" check .; \
	"$$bin/mypy"

format: ## format the code and mend what lint can mend
	@bin=$$(tools/bootstrap dev) || exit 1; set -ex; \
	"$$bin/ruff" format .; \
	"$$bin/ruff" check --fix .

bench: ## run the comparisons
	@bin=$$(tools/bootstrap test) && exec "$$bin/python" -m benchmarks $(ARGS)

wheel: ## build the source distribution, and from it the wheel, into dist/
	@bin=$$(tools/bootstrap dev) && rm -rf dist && exec "$$bin/python" -m build .

clean: ## remove caches and build output
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -not -path './.venv*' -not -path './data/fleet/*' -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environments too; the next make takes the newest Python anew
	rm -rf .venv .venv-*
