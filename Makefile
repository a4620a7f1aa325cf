# Everything a person does with this tree. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Two cargo builds at once would only wait for each other.
.NOTPARALLEL:

step := .tools/step
# Where the server listens: make run LISTEN=0.0.0.0:9898
LISTEN ?= 127.0.0.1:9898
# With all of the workspace, so that crates have the features that the tests gave them: alone, half of
# them would be built again.
debug_server := cargo build --workspace --bin dormer
args := --listen $(LISTEN) $(if $(DATA),--data $(DATA))

# Folders are among them, so that a file that goes counts as a change too.
page_sources := $(shell find app/src api/src style public) app/build.rs app/Cargo.toml \
	api/Cargo.toml Cargo.toml Cargo.lock rust-toolchain.toml Trunk.toml index.html

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: setup target/page-built ## Build for release and start the server on port 9898
	@$(step) 'Build the server' 'about 4 minutes the first time, seconds later' \
		cargo build --release -p dormer
	@echo
	@exec target/release/dormer serve $(args)

.PHONY: dev
dev: setup ## Start the server in debug, and the page with hot reload in front of it
	@$(step) 'Build the server' 'about 3 minutes the first time' $(debug_server)
	@.tools/dev $(args)

.PHONY: test
# The page is built before the lints: the server takes it in, and would be checked twice.
test: setup-tests fmt-check target/page-built lint-rust lint-types ## Check formatting and lints, and run every test
	@mkdir -p target/logs
	@$(step) 'Kubernetes for the tests' 'a second when it is there, about 6 minutes the first time' \
		.tools/kubernetes
	@DORMER_KUBERNETES_BIN="$$(.tools/kubernetes 2>/dev/null)" \
		$(step) 'Unit, property and integration tests' 'about 6 minutes the first time' \
		cargo test --workspace --no-fail-fast 2>&1 | tee target/logs/cargo-test.log
	@$(step) 'Build the server for the browser tests' 'seconds' $(debug_server)
	@$(step) 'Browser tests' 'about 3 minutes' \
		npm test --prefix end2end --silent 2>&1 | tee target/logs/end2end.log
	@.tools/tally target/logs/cargo-test.log target/logs/end2end.log

.PHONY: test-browser
test-browser: setup-tests target/page-built ## Run the browser tests alone: make test-browser ONLY=connect
	@$(step) 'Build the server' 'seconds when it is built' $(debug_server)
	@$(step) 'Browser tests' 'about 3 minutes' npm test --prefix end2end --silent -- $(ONLY)

.PHONY: lint
lint: setup-tests fmt-check lint-rust lint-types ## Check formatting, and lint Rust for both targets and the browser tests

.PHONY: fmt
fmt: ## Format all Rust
	@cargo fmt --all

.PHONY: bench
bench: setup-bench target/page-built ## Measure the page, the server, and the ways to a virtual cluster
	@$(step) 'Build the server' 'about 4 minutes the first time' \
		cargo build --release -p dormer --bin dormer --bench ways
	@DORMER_BINARY=$(CURDIR)/target/release/dormer $(step) 'Benchmarks' 'about a minute' \
		npm run bench --prefix end2end --silent
	@$(step) 'The ways to a virtual cluster' 'about 3 minutes' \
		cargo bench --quiet -p dormer --bench ways

.PHONY: screenshots
screenshots: setup-tests target/page-built ## Make the pictures of the README from the running product
	@$(step) 'Build the server' 'seconds when it is built' $(debug_server)
	@$(step) 'Screenshots' 'about a minute' npm run screenshots --prefix end2end --silent

.PHONY: clean
clean: ## Remove what was built here (the tools in the cache stay)
	@rm -rf dist end2end/node_modules end2end/test-results target

.PHONY: setup setup-tests setup-bench
setup:
	@$(step) 'Tools' 'seconds when they are there, about 5 minutes on a new machine' .tools/setup
setup-tests:
	@$(step) 'Tools' 'seconds when they are there, about 6 minutes on a new machine' .tools/setup tests
setup-bench:
	@$(step) 'Tools' 'seconds when they are there, about 6 minutes on a new machine' .tools/setup bench

.PHONY: fmt-check lint-rust lint-types
fmt-check:
	@$(step) 'Format' 'a second' cargo fmt --all --check
lint-rust:
	@$(step) 'Lint, for this machine' 'about 3 minutes the first time' \
		cargo clippy --workspace --all-targets -- -D warnings
	@$(step) 'Lint, for the browser' 'about a minute the first time' \
		cargo clippy -p dormer-app --target wasm32-unknown-unknown -- -D warnings

lint-types:
	@$(step) 'Types of the browser tests' 'seconds' npm run types --prefix end2end --silent

# The page for release, in dist/. What `trunk build` alone puts there is another one, and newer.
target/page-built: $(page_sources) dist/index.html
	@$(step) 'Build the page' 'about 2 minutes the first time, 20 seconds later' .tools/page
dist/index.html: ;
