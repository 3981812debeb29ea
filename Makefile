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

# What tests need beyond Python packages: git, and Chromium for the browser tests.
tools:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  elif [ -n "$$CI" ]; then echo "chromium is missing: install Debian's package chromium" >&2; exit 1; \
	  else echo "chromium is missing: browser tests are skipped (install Debian's package chromium)" >&2; fi; }

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
