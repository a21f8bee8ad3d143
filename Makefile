# make demo   set up, make up a file of incidents, answer the five questions, say where the report lies
# make test   set up every extra and run the tests that are not slow, two at a time
# make test-core  set up the core alone, in .venv-core, and run its quick tests; all of them: CORE_TESTS='not slow'
# make test-slow  the slow tests: whole runs through the local cloud, the feed, workers from the wheel
# make test-all  all tests, the slow ones too
# make dev    everything for work on the project, every extra included, in .venv
# make lint   style, types, which package may import which, and nothing committed that is ignored
# make functions  the source folder of the Cloud Run functions, build/functions.zip
# make check-terraform  the cloud's configuration: format, validity, plans, policies
# make test-terraform   and that it agrees with the code
# make permissions  who needed which permission in the local cloud, held against what Terraform grants; needs check-terraform
# make calls  the calls of terraform/permissions/ recorded anew, in the local cloud
# make audit  known vulnerabilities of all that is installed from a list, and a bill of materials, build/sbom.json
# make declared  what Terraform takes from the code, terraform/declared/, made anew
# make prism  the portable Beam runner, build/prism; needs Go
# make test-spark4  the Spark engine's conformance and properties on PySpark 4, in an environment of its own
# make stream  100,000 real incidents as messages in every order, and 20,000 through Pub/Sub, held against the batch
# make pages  every command of README.md and of the other pages, in a fresh clone of the last commit
# make docs   the documentation as a site, build/site, checked strictly; make docs-generated writes the reference from the code
# make pictures  the documentation's pictures, from real runs; needs Chromium
# make bench  ratios against other programs that do the same job, side by side in one run
# make bench-forecasts  forecasts of the real fifth against their aims, beside statsforecast in an environment of its own

PYTHON ?= python3
BIN := .venv/bin
# What is installed is what the lists of requirements/ name, by the hashes of its files: first what builds packages, then
# the list, then this folder itself, which has no hash.
HASHED := --quiet --disable-pip-version-check --no-deps --require-hashes
HERE := --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
# $(call install,ENVIRONMENT,LIST)
install = $(1)/bin/python -m pip install $(HASHED) --requirement requirements/build.txt && \
	$(1)/bin/python -m pip install $(HASHED) --no-build-isolation --requirement requirements/$(2).txt && \
	$(1)/bin/python -m pip install $(HERE)
DEMO_ROWS ?= 200000
# Tests start hundreds of processes that import the package: without its bytecode, each would compile it again.
export PYTHONDONTWRITEBYTECODE :=
# Files of tests stay together, and those that share what they start (tests/scheduling.py).
PYTEST := -m pytest -n 2 --dist loadfile
# More of pytest's options: make test OPTIONS='-k spark'
OPTIONS ?=
CORE_TESTS ?= not slow and not long

.PHONY: demo test test-core test-slow test-all pages check-terraform dev lint format bench bench-forecasts functions test-terraform test-spark4 permissions calls audit declared docs docs-generated pictures prism lock clean

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/base: .venv/python pyproject.toml requirements/base.txt requirements/build.txt
	@echo "Installing crime-pipelines (a minute on a slow line) ..."
	@$(call install,.venv,base)
	@touch $@

.venv/test: .venv/base requirements/dev.txt
	@echo "Installing what the tests need ..."
	@$(call install,.venv,dev)
	@touch $@

.venv/dev: .venv/test requirements/all.txt
	@echo "Installing every extra ..."
	@$(call install,.venv,all)
	@touch $@

demo: .venv/base
	@mkdir -p demo
	@$(BIN)/crime-pipelines generate demo/crimes.csv.gz --rows $(DEMO_ROWS) --defects 0.005 --force
	@$(BIN)/crime-pipelines run demo/crimes.csv.gz --out demo/out
	@printf '\nGo on with a file of your own:\n  source .venv/bin/activate    # or write .venv/bin/ before the command\n  crime-pipelines run crimes.csv.gz --out out --dry-run\n  crime-pipelines serve demo/out --open\n'

test: .venv/dev
	@$(BIN)/python $(PYTEST) -m 'not slow' $(OPTIONS)

test-slow: .venv/dev
	@$(BIN)/python $(PYTEST) -m slow $(OPTIONS)

test-all: .venv/dev
	@$(BIN)/python $(PYTEST) $(OPTIONS)

.venv-core/test: pyproject.toml requirements/dev.txt requirements/build.txt
	@echo "Setting up .venv-core ..."
	@$(PYTHON) -m venv .venv-core
	@$(call install,.venv-core,dev)
	@touch $@

test-core: .venv-core/test
	@.venv-core/bin/python $(PYTEST) -m '$(CORE_TESTS)' --ignore tests/browser --ignore tests/terraform $(OPTIONS)

stream: .venv/dev
	@CRIME_STREAM_MESSAGES=100000 $(BIN)/python -m pytest -q -s tests/integration/test_stream_equals_batch.py
	@CRIME_FEED_MESSAGES=20000 CRIME_FEED_FILE=$${CRIME_PIPELINES_DATA:-../shared/data}/chicago/crimes_2012_2018_fifth.csv.gz \
		$(BIN)/python -m pytest -q -s tests/integration/test_feed.py -k whatever

pages: .venv/dev
	@$(BIN)/python -m tests.page_commands

dev: .venv/dev

lint: .venv/dev
	@ignored=$$(git ls-files --cached --ignored --exclude-standard | head -5) && \
	if [ -n "$$ignored" ]; then echo "committed though .gitignore names it: $$ignored"; exit 1; fi
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@git ls-files -z ':!:crime_pipelines/spark' ':!:crime_pipelines/beam' | xargs -0 $(BIN)/codespell
	@if command -v go >/dev/null; then go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.7; \
	else echo "workflows are not checked: that needs Go"; fi
	@$(BIN)/mypy --package crime_pipelines
	@$(BIN)/lint-imports --no-cache

format: .venv/test
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/dev
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.beam
	@$(BIN)/python -m benchmarks.spark
	@$(BIN)/python -m benchmarks.trend

# statsforecast brings numba and older versions of common libraries: it gets an environment of its own.
build/statsforecast/done: requirements/statsforecast.txt
	@echo "Installing statsforecast ..."
	@$(PYTHON) -m venv build/statsforecast
	@build/statsforecast/bin/python -m pip install $(HASHED) --requirement requirements/statsforecast.txt
	@touch $@

bench-forecasts: .venv/dev build/statsforecast/done
	@$(BIN)/python -m benchmarks.forecasts --peer build/statsforecast/bin/python

prism: .venv/dev
	@version=$$($(BIN)/python -c 'from importlib.metadata import version; print(version("apache-beam"))') && \
	GOBIN=$(CURDIR)/build go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$$version"

functions: .venv/dev
	@$(BIN)/crime-pipelines functions build build/functions.zip

# checkov pins other versions of common libraries than the project has: it gets an environment of its own.
build/checkov/bin/checkov: requirements/checkov.txt
	@echo "Installing checkov ..."
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/python -m pip install $(HASHED) --requirement requirements/checkov.txt
	@touch $@

check-terraform: .venv/dev build/checkov/bin/checkov
	@PATH=$(CURDIR)/$(BIN):$$PATH CHECKOV=$(CURDIR)/build/checkov/bin/checkov terraform/check.sh

test-terraform: check-terraform
	@$(BIN)/python -m pytest -q tests/terraform

permissions: .venv/dev
	@$(BIN)/python -m tests.terraform.permissions

calls: .venv/dev
	@CRIME_PIPELINES_WRITE_CALLS=terraform/permissions $(BIN)/python -m pytest -q tests/integration/test_calls.py

build/tools/done: requirements/tools.txt
	@echo "Installing uv, pip-audit and cyclonedx-bom ..."
	@$(PYTHON) -m venv build/tools
	@build/tools/bin/python -m pip install $(HASHED) --requirement requirements/tools.txt
	@touch $@

audit: build/tools/done
	@build/tools/bin/python requirements/audit.py build/sbom.json

# The extra `spark` is what Dataproc's image has; this is what comes after it.
build/spark4/done: pyproject.toml requirements/dev.txt requirements/spark4.txt requirements/build.txt
	@echo "Installing PySpark 4 ..."
	@$(PYTHON) -m venv build/spark4
	@$(call install,build/spark4,dev)
	@build/spark4/bin/python -m pip install $(HASHED) --no-build-isolation --requirement requirements/spark4.txt
	@touch $@

test-spark4: build/spark4/done
	@build/spark4/bin/python -m pytest -n 2 tests/conformance/test_spark.py tests/properties/test_faces_spark.py

# MkDocs pins other versions of common libraries than the project has: it gets an environment of its own.
build/docs/done: requirements/docs.txt
	@echo "Installing MkDocs ..."
	@$(PYTHON) -m venv build/docs
	@build/docs/bin/python -m pip install $(HASHED) --requirement requirements/docs.txt
	@touch $@

docs: .venv/dev build/docs/done
	@$(BIN)/python docs/pictures.py --check
	@$(BIN)/python -m pytest -q tests/unit/test_docs.py
	@NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build --strict --quiet
	@echo "build/site/index.html"

docs-generated: .venv/dev
	@$(BIN)/python docs/generate.py

pictures: .venv/dev
	@$(BIN)/python docs/pictures.py

declared: .venv/dev
	@$(BIN)/python terraform/declare.py

LOCK := build/tools/bin/uv pip compile --quiet --no-annotate --no-header --generate-hashes
LOCK_CLOUD := $(LOCK) --python-version 3.11 --python-platform x86_64-manylinux_2_28 --constraint requirements/constraints.txt
LOCK_HERE := $(LOCK) --universal --python-version 3.11 --constraint requirements/constraints.txt

lock: build/tools/done
	@build/tools/bin/uv pip compile --quiet --universal --all-extras --no-annotate --no-header --python-version 3.11 \
		--upgrade pyproject.toml --output-file requirements/constraints.txt
	@$(LOCK_HERE) requirements/build.in --output-file requirements/build.txt
	@$(LOCK_HERE) pyproject.toml --output-file requirements/base.txt
	@$(LOCK_HERE) --extra excel pyproject.toml --output-file requirements/image.txt
	@$(LOCK_HERE) --extra dev pyproject.toml --output-file requirements/dev.txt
	@$(LOCK_HERE) --all-extras pyproject.toml --output-file requirements/all.txt
	@$(LOCK_CLOUD) requirements/dataproc.in --output-file requirements/dataproc.txt
	@$(LOCK_CLOUD) --extra gcp pyproject.toml --output-file requirements/functions.txt
	@$(LOCK_CLOUD) --extra beam pyproject.toml --output-file requirements/stream.txt
	@$(LOCK) --universal --python-version 3.11 requirements/spark4.in --output-file requirements/spark4.txt
	@$(LOCK) --python-platform linux --python-version 3.11 requirements/statsforecast.in --output-file requirements/statsforecast.txt
	@$(LOCK) --universal --python-version 3.11 requirements/tools.in --output-file requirements/tools.txt
	@$(LOCK) --universal --python-version 3.11 requirements/bqemulator.in --output-file crime_pipelines/localcloud/bqemulator.txt
	@$(LOCK) --universal --python-version 3.11.5 --no-deps requirements/checkov.in --output-file requirements/checkov.txt
	@$(LOCK) --universal --python-version 3.11.5 --no-deps requirements/docs.in --output-file requirements/docs.txt

clean:
	@rm -rf .venv .venv-core build demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
