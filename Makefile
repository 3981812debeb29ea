# `make run` serves the sample catalog; `make test` runs every check and every test. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.PHONY: run test check tools clean

run: .venv/ready
	$(BIN)/callboard serve sample-catalog --database sqlite://

test: .venv/ready tools check
	$(BIN)/pytest -n 2 --dist loadfile

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What tests need beyond Python packages: Chromium for the pages, PostgreSQL for the store. Named where they cannot be installed.
tools:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	elif [ -n "$$CI" ]; then echo "missing:$$missing (install Debian's packages of these names)" >&2; exit 1; \
	else echo "missing:$$missing; the tests that need them are skipped (install Debian's packages of these names)" >&2; fi

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
