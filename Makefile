# Two commands do the work: "make report" and "make test".  Each sets up .venv first, once.
PYTHON ?= python3
comma := ,
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LAB := $(VENV)/.lab
BROWSER := $(VENV)/.browser
# uv is many times as fast where it is there; pip need not compile what may never be imported, but what is
# imported must be compiled once, not by every process anew.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
INSTALL := $(if $(shell command -v uv),uv pip install --quiet --python $(BIN)/python,$(PIP)) -c constraints.txt
EXTRAS := notebooks,photos,test,cluster$(if $(shell command -v java),$(comma)java)
JS := qrlab/readers/js
SOURCES ?= $(wildcard notebooks/*.py)

.PHONY: help report test proofs test-browser data photographs reality lab lint bench notebooks constraints clean javascript zbar
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-13s %s\n", $$1, $$2}'

report: $(READY)  ## run the notebooks and write the report to reports/index.html; FRESH=1: compute all of it anew
	$(BIN)/qrlab report $(if $(FRESH),--fresh)

test: $(READY)  ## run the tests, in about three minutes
	$(BIN)/python -m pytest -m "not proof and not browser"

proofs: $(READY)  ## run what takes longer: each notebook, coverage, all 160 symbols, rows of data/ made again
	$(BIN)/python -m pytest -m proof

test-browser: $(BROWSER)  ## run the notebooks in JupyterLab in a real browser, Chromium
	$(BIN)/python -m pytest -n 0 tests/test_browser.py

data: $(READY)  ## compute the full-size study of data/ again (half an hour); what .study has is not computed again
	$(BIN)/python -m qrlab.study

photographs: $(READY)  ## audit the real photographs in ../shared/photos, if they are there, for data/photographs.csv
	$(BIN)/python tests/audit_photos.py

reality: $(READY)  ## photograph a sheet with another camera, read it and the real photographs, for notebook 08 (4 min)
	$(BIN)/python tests/reality.py

lab: $(LAB)  ## open JupyterLab on the first notebook
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_the_answer.ipynb

lint: $(READY)  ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## measure speed, as ratios to a real reader's
	$(BIN)/python tests/bench.py

notebooks: $(READY)  ## execute the notebooks of notebooks/*.py into the committed *.ipynb, and draw the README's picture
	$(BIN)/jupytext --quiet --update --to ipynb $(SOURCES)
	$(BIN)/ruff format --quiet $(SOURCES:.py=.ipynb)
	$(BIN)/jupytext --quiet --to py:percent $(SOURCES:.py=.ipynb)
	TQDM_DISABLE=1 QRLAB_STILL=1 QRLAB_FIGURES="$(CURDIR)/reports/notebooks" $(BIN)/jupyter nbconvert \
		--to notebook --execute --inplace --ExecutePreprocessor.record_timing=False --log-level=WARN \
		--ExecutePreprocessor.extra_arguments=--IPKernelApp.log_level=40 $(SOURCES:.py=.ipynb)
	cp reports/notebooks/the_answer.svg data/

constraints: $(BROWSER)  ## write the installed versions to constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/ @.*//' > constraints.txt

clean:  ## remove the environment and the reports
	rm -rf $(VENV) reports

$(READY): pyproject.toml constraints.txt $(JS)/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "qrlab needs Python 3.11 or later; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "could not create $(VENV); on Debian or Ubuntu first: apt install python3-venv" >&2; exit 1; }
	$(INSTALL) -e '.[$(EXTRAS)]'
	@$(INSTALL) -e '.[deqr]' || echo "The readers quirc and qrdec are left out, as deqr could not be installed"
	@$(MAKE) --no-print-directory javascript zbar
	@$(BIN)/python -c 'from qrlab.readers import PANELS, unavailable as why; \
		[print(f"{name} is left out: {why(name)}") for name in PANELS["all"] if why(name)]'
	@touch $@

$(LAB): $(READY)
	$(INSTALL) -e '.[lab]'
	@touch $@

$(BROWSER): $(LAB)
	$(INSTALL) -e '.[browser]'
	@touch $@

# The readers in JavaScript, in the versions of the lock file, where there is a node to run them.
javascript:
	@if command -v npm >/dev/null; then \
		npm ci --engine-strict --silent --no-audit --no-fund --ignore-scripts --prefix $(JS) || echo "npm could not fill $(JS)"; \
	fi

# The reader ZBar is a system library: installed where that needs no password.
zbar:
	@found() { $(BIN)/python -c 'from qrlab.readers import unavailable; exit(bool(unavailable("zbar")))'; }; \
	found && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get install -y -qq libzbar0 || { apt-get update -qq && apt-get install -y -qq libzbar0; }; } >/dev/null 2>&1; \
	elif command -v brew >/dev/null; then brew install --quiet zbar; \
	fi; \
	found || true
