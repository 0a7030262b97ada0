SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Debian has haproxy and ip in sbin, which is not in a user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
BIN := bin/giftimbiz
SHOP := bin/storefront
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# There is no C in the product: what lint, builds and releases compile is the same, with a C compiler and without one. Only the race
# detector needs C; see scripts/gotest.sh.
export CGO_ENABLED := 0
# Arguments for the program: make run ARGS="--listen 127.0.0.1:8090"
ARGS ?=

# What differs between operating systems; checking rooms that use libraries would build those anew for each.
SYSTEM_ROOMS := ./internal/child

# Tests of these rooms begin first, so that none of them is left to run alone in the end.
LONGEST := ./internal/storage ./internal/faults ./cmd/giftimbiz

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build, and serve the sample catalogue (giftimbiz demo) with a partner's storefront beside it
	$(GO) build -buildvcs=false -trimpath -o $(SHOP) ./examples/storefront
	scripts/run.sh $(BIN) $(SHOP) $(ARGS)

.PHONY: build
build: ## Build bin/giftimbiz
	$(GO) build -buildvcs=false -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/giftimbiz

.PHONY: test
test: ## Install what the tests can use, lint, and run all tests with the race detector
	$(MAKE) -j2 --output-sync=target --no-print-directory prepare lint
	scripts/gotest.sh $(LONGEST) ./...

.PHONY: test-faults
test-faults: prepare prepare-faults ## All rounds of the tests that kill, cut, fill and fail; prints one table (half an hour)
	scripts/test-faults.sh

# For how long each target is fuzzed.
FUZZTIME ?= 10m

.PHONY: fuzz
fuzz: ## Fuzz every decoder for FUZZTIME each (10m); findings stay in testdata/fuzz: make fuzz FUZZTIME=1m ONLY=sheet
	FUZZTIME=$(FUZZTIME) ONLY="$(ONLY)" scripts/fuzz.sh

.PHONY: bench
bench: prepare build ## Measure against the yardsticks; publish with ARGS="--page docs/performance.md"
	$(BIN) bench $(ARGS)

.PHONY: bench-quick
bench-quick: prepare build ## The same in two minutes: shorter runs, smaller databases
	$(BIN) bench --quick $(ARGS)

.PHONY: soak
soak: prepare build ## Mixed traffic at 80 % of the peak for ten minutes: does anything grow?
	$(BIN) bench --only soak --soak 10m $(ARGS)

.PHONY: lint
lint: ## go vet (the rooms that know of operating systems on macOS and Windows too), staticcheck, gofumpt
	$(GO) vet ./...
	GOOS=darwin $(GO) vet $(SYSTEM_ROOMS)
	GOOS=windows $(GO) vet $(SYSTEM_ROOMS)
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	scripts/gofumpt.sh

.PHONY: prepare
prepare: ## Install PostgreSQL, Chromium, PHP, Node, curl and a C compiler for the tests (Debian; root or sudo)
	scripts/prepare.sh

.PHONY: prepare-faults
prepare-faults: ## Install Patroni, etcd and HAProxy for the tests of failover; their services are not started
	scripts/prepare-faults.sh
.PHONY: third-party
third-party: ## Write THIRD_PARTY.md: what is built in, under which licences
	scripts/third-party.sh

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what the program calls (asks vuln.go.dev); before each release
	$(GO) tool -modfile=tools/release/go.mod govulncheck ./...

.PHONY: release
release: ## Build dist/ for all platforms, with a bill of materials (CycloneDX) and checksums: make release VERSION=v1.0.0
	VERSION=$(VERSION) TARGETS="$(TARGETS)" scripts/release.sh

.PHONY: reproducible
reproducible: ## Build twice from nothing in two places and compare the bytes
	scripts/reproducible.sh

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist
