# Two commands for a newcomer: `make demo` and `make test`. Both set up everything they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

# Random lives for as long as one likes: steps add up over sessions in .soak.
SOAK_MINUTES ?= 30

.PHONY: demo test docs pictures soak faults bad-input fuzz hostile mutation duckdb2 lint types layers security contracts bench bench-trial bench-risk bench-effect lock clean

demo: $(STAMP)
	@$(BIN)/smartstart demo demo

test: $(DEV_STAMP)
	@$(BIN)/python -m pytest

# The documentation as a site in site/, to open from its folder: the generated pages first, then MkDocs. No network.
docs: $(DEV_STAMP)
	@$(BIN)/python tools/make_reference.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file tools/mkdocs.yml
	@echo "The documentation is in site/index.html."

# The council's page as a telephone, a laptop and paper show it, in pictures/, and the list that the documents show; needs
# Chromium and poppler.
pictures: $(DEV_STAMP)
	@$(BIN)/python tools/pictures.py pictures

soak: $(DEV_STAMP)
	@SOAK_MINUTES=$(SOAK_MINUTES) $(BIN)/python tests/properties/soak.py

# What speaks SQL, under DuckDB 2 as well: the version that users have is pinned until a signed cipher comes for the next.
# The environment has DuckDB 2, the tests' own cipher, and all else from .venv. The whole suite: make duckdb2 DUCKDB2=tests
DUCKDB2 ?= tests/duckdb2 tests/spec tests/unit/test_warehouse.py tests/unit/test_register.py \
  tests/unit/test_register_predictors.py tests/unit/test_as_sql.py tests/unit/test_cohort.py tests/unit/test_sorting.py \
  tests/functional/test_large_files.py tests/functional/test_reading_copy.py tests/functional/test_erasing.py \
  tests/functional/test_reruns.py
duckdb2: $(VENV)-duckdb2/.installed
	@$(VENV)-duckdb2/bin/python -m pytest $(DUCKDB2)

lint: $(DEV_STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(DEV_STAMP)
	@$(BIN)/mypy

layers: $(DEV_STAMP)
	@$(BIN)/lint-imports

# Faults in system calls, through strace, in every command that writes; results add up over runs with other seeds.
FAULTS_EACH ?= 250
FAULTS_SEED ?= 1
faults: $(DEV_STAMP)
	@$(BIN)/python tests/faults/run.py --each $(FAULTS_EACH) --seed $(FAULTS_SEED) --results tests/faults/results.json
	@$(BIN)/python tools/make_reliability.py

# Every labelled defect in every contract and format, every odd file, and files damaged at every byte; minutes.
bad-input: $(DEV_STAMP)
	@$(BIN)/python tests/bad_input/run.py --step 1 --results tests/bad_input/results.json

# Whatever reads what others make, under a fuzzer that is guided by coverage (atheris).
FUZZ_RUNS ?= 100000
fuzz: $(DEV_STAMP)
	@$(BIN)/python tests/fuzz/run.py --runs $(FUZZ_RUNS) --results tests/fuzz/results.json

# Every hostile text and file at every place where a stranger can write; `make test` tries one in a few.
hostile: $(DEV_STAMP)
	@$(BIN)/python tests/hostile/run.py

# Small faults in what everything stands on, one at a time, and the branches that the tests take; an hour and more.
MUTATIONS ?= 1000
mutation: $(DEV_STAMP)
	@$(BIN)/python tests/mutation/run.py --most $(MUTATIONS)
	@$(BIN)/python tests/mutation/run.py --coverage

# What attackers look for in code: no finding, but for the two rules that pyproject.toml names with their reasons.
security: $(DEV_STAMP)
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src tools

# The public linter of the Open Data Contract Standard, in an environment of its own: it pins an older typer.
contracts: $(VENV)-contracts/.installed
	@for file in data_contracts/*.yaml; do $(VENV)-contracts/bin/datacontract lint $$file > /dev/null || exit 1; done
	@echo "every contract is valid against ODCS 3.2"

# Intake, start-up and workbooks against the floor and what people use; peers that are not installed are said to be absent.
bench: $(VENV)-bench/.installed
	@$(VENV)-bench/bin/python benchmarks/bench.py

# The draw measured beside its peers, in an environment of its own: about two minutes, and not part of `make test`.
bench-trial: $(VENV)-bench/.installed
	@$(VENV)-bench/bin/python benchmarks/trial.py

# Our risk models beside peers on real pregnancies of another cycle, about five minutes; needs ../shared/data.
# Threads wait asleep: where other work runs, spinning ones make the trees several times slower, ours and the peers'.
bench-risk: $(VENV)-bench/.installed
	@OMP_WAIT_POLICY=passive $(VENV)-bench/bin/python benchmarks/risk.py

# The intervals and tests of the comparison, minutes; the trial without treatment needs ../shared/data.
bench-effect: $(VENV)-bench/.installed
	@$(VENV)-bench/bin/python benchmarks/effect.py

# Resolve anew what pyproject.toml asks for; hashes for every platform, and no registry's address.
lock:
	@for name in "" -spark -dev; do \
	  case "$$name" in -spark) extra="--extra spark";; -dev) extra="--extra spark --extra dev";; *) extra=;; esac; \
	  uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --no-header --quiet --extra build $$extra \
	    --output-file requirements$$name.lock; \
	done
	@echo "duckdb>=2" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements-duckdb2.lock
	@uv pip compile pyproject.toml benchmarks/peers.in --extra build --constraint requirements.lock --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
	  --output-file benchmarks/peers.lock

clean:
	rm -rf $(VENV) $(VENV)-contracts $(VENV)-bench $(VENV)-duckdb2 demo site .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo "smartstart needs Python 3.11, 3.12 or 3.13: install it, or name one with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "smartstart needs Python 3.11, 3.12 or 3.13: name one with make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || \
	  { echo "This Python lacks 'venv': install it (on Debian: apt install python3-venv), then try again."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing smartstart from requirements.lock ..."
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $(STAMP)

$(DEV_STAMP): $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@echo "Installing smartstart and its development tools from requirements-dev.lock ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $(STAMP) $(DEV_STAMP)

$(VENV)-contracts/.installed: $(VENV)/bin/python requirements-contracts.lock
	@$(PYTHON) -m venv $(VENV)-contracts
	@$(VENV)-contracts/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements-contracts.lock
	@touch $@

$(VENV)-duckdb2/.installed: $(DEV_STAMP) requirements-duckdb2.lock tests/duckdb2/join.py
	@$(BIN)/python -m venv $(VENV)-duckdb2
	@$(VENV)-duckdb2/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements-duckdb2.lock
	@$(VENV)-duckdb2/bin/python tests/duckdb2/join.py $(VENV)
	@$(VENV)-duckdb2/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# smartstart as it is installed for use, and the peers beside it; without them only our own numbers are measured.
$(VENV)-bench/.installed: $(VENV)/bin/python requirements.lock requirements-spark.lock benchmarks/peers.lock pyproject.toml
	@$(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements.lock
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --no-index --editable .
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement benchmarks/peers.lock || \
	  echo "The peers could not be installed: only our own numbers are measured."
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements-spark.lock || \
	  echo "PySpark could not be installed: Spark is not measured."
	@touch $@
