# `make run` serves the sample catalog; `make test` runs every check and every test. Both set up what they need.
# `make clients` and `make schemathesis` are parts of `make test`; `make stock-app STOCK_APP=folder` is not.
PYTHON ?= python3
BIN := .venv/bin
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.PHONY: run test check clients schemathesis screens stock-app tools clean

run: .venv/ready
	$(BIN)/callboard serve sample-catalog --database sqlite://

# What failed beside the others is tried again alone, so that a busy machine does not decide; what fails twice has failed.
test: .venv/ready tools check
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder || $(BIN)/pytest --last-failed --last-failed-no-failures none

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Other people's clients, through all their methods: @backstage/catalog-client and backstage_catalog_client.
clients: .venv/ready tools
	$(BIN)/pytest tests/clients/test_npm_client.py tests/clients/test_pypi_client.py

# Thousands of requests made from Backstage's own OpenAPI documents and from ours.
schemathesis: .venv/ready tools
	$(BIN)/pytest tests/clients/test_schema.py

# Pictures of every page, wide and on a phone, light and dark, in .github/screens (smaller where pngquant is installed).
screens: .venv/ready
	$(BIN)/python -m tests.browser.screens

# The real Backstage web app in Chromium; STOCK_APP is the folder with its run.sh, STEPS may be options for that.
stock-app: .venv/ready tools
	@test -x "$(STOCK_APP)/run.sh" || { echo "say where the stock app is: make stock-app STOCK_APP=path/to/stock-app" >&2; exit 2; }
	tests/clients/stock-app.sh "$(STOCK_APP)" $(STEPS)

# What tests need beyond Python packages: Chromium for the pages, PostgreSQL for the store, Node and npm for Backstage's
# packages, git and OpenLDAP's server for the sources, Prometheus and Alertmanager for what is true right now.
# Named where they cannot be installed. The servers among them are not started: tests start their own.
tools:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	command -v node >/dev/null || missing="$$missing nodejs"; \
	command -v npm >/dev/null || missing="$$missing npm"; \
	command -v git >/dev/null || missing="$$missing git"; \
	PATH="$$PATH:/usr/sbin" command -v slapd >/dev/null || missing="$$missing slapd"; \
	command -v ldapadd >/dev/null || missing="$$missing ldap-utils"; \
	command -v prometheus >/dev/null || missing="$$missing prometheus"; \
	command -v prometheus-alertmanager >/dev/null || missing="$$missing prometheus-alertmanager"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  policy=/usr/sbin/policy-rc.d; \
	  [ -e $$policy ] || { trap "rm -f $$policy" EXIT; printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	elif [ -n "$$CI" ]; then echo "missing:$$missing (install Debian's packages of these names)" >&2; exit 1; \
	else echo "missing:$$missing; the tests that need them are skipped (install Debian's packages of these names)" >&2; fi

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info tests/*/node_modules tests/clients/python_modules
