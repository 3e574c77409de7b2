# Everything a person types here. Each target brings what it needs first (tools/bootstrap.py), and
# says so before it does.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help run build dev test check bench dist format bootstrap headers-review tidy clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: build ## build sluice, then show it: examples/shop on a first and on a second machine
	@$(PYTHON) tools/bootstrap.py run
	@$(PYTHON) tools/demo.py

build: ## the release binary, at build/sluice
	@$(PYTHON) tools/bootstrap.py build
	@$(PYTHON) tools/build.py release

dev: ## a debug build with all unit tests, in build/dev
	@$(PYTHON) tools/bootstrap.py test
	@$(PYTHON) tools/build.py dev

test: ## everything that must pass before a change is handed in
	@$(PYTHON) tools/bootstrap.py test
	@$(PYTHON) tools/run_tests.py

check: ## test, and what is slow: sanitizers, clang, fuzzing, clang-tidy, reproducibility, all Go versions
	@$(PYTHON) tools/bootstrap.py check
	@$(PYTHON) tools/run_tests.py --all

bench: build ## measure against go alone, tarballs and other caches (BENCH="--quick": a short look)
	@$(PYTHON) tools/bootstrap.py bench
	@$(PYTHON) tools/with_tools.py $(PYTHON) tests/bench/bench.py $(BENCH)

dist: build ## tarballs and debs for amd64 and arm64, SHA256SUMS and install.sh, in build/dist
	@$(PYTHON) tools/bootstrap.py dist
	@$(PYTHON) tools/build.py release-arm64 sluice
	@$(PYTHON) tools/dist.py

tidy: ## the house rules alone: seconds
	@$(PYTHON) tools/tidy.py

headers-review: ## public headers and what their comments say, for a reader
	@$(PYTHON) tools/header_review.py

format: ## clang-format over every C++ file
	@$(PYTHON) tools/bootstrap.py format
	@$(PYTHON) tools/format.py

bootstrap: ## everything that any target needs
	@$(PYTHON) tools/bootstrap.py check

clean: ## remove what was built; .cache stays
	rm -rf build
