# Run make to see the targets.

SHELL := bash

# Every go.mod below this directory is a module; all but tools hold code of ours.
MODULES := $(sort $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path '*/.*' -not -path '*/testdata/*')))
CODE    := $(filter-out ./tools,$(MODULES))
TOOL    := go tool -modfile='$(CURDIR)/tools/go.mod'

export GOWORK := off

BENCH      ?= .
BENCHFLAGS ?=
FUZZTIME   ?= 30s

# What make check does, in this order: the quick ones first.
CHECKS := format length vet tidy-check lint race consumer fuzz

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## run the tests
	go test ./...

.PHONY: race
race: ## run the tests in random order under the race detector
	go test -race -shuffle=on ./...

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME (30s)
	.ci/fuzz '$(FUZZTIME)' $(CODE)

.PHONY: end-to-end
end-to-end: ## run a real Puppet on this machine, end to end (Debian, as root; installs packages)
	e2e/setup
	go test -tags e2e -p 1 -timeout 20m -v ./e2e ./puppet/ssh ./puppetdb

.PHONY: bench
bench: ## measure the goals of performance beside their peers, and write docs/performance.md
	cd bench && go build -o out/ . && ./services out/bench -docs ../docs -save out/results.json $(BENCHFLAGS)

.PHONY: benchmarks
benchmarks: ## run the Go benchmarks that match BENCH (all)
	go test -run='^$$' -bench='$(BENCH)' -benchmem ./...

.PHONY: lint
lint: ## run the linters
	@for module in $(CODE); do (set -x; cd "$$module" && $(TOOL) golangci-lint run ./...) || exit 1; done

.PHONY: vet
vet: ## compile everything and run go vet
	@for module in $(CODE); do (set -x; cd "$$module" && go build ./... && go vet ./...) || exit 1; done

.PHONY: format
format: ## fail if a file is not formatted
	.ci/format

.PHONY: length
length: ## fail if a file is too long
	.ci/length

.PHONY: tidy
tidy: ## bring each go.mod and go.sum up to date
	@for module in $(MODULES); do (set -x; go -C "$$module" mod tidy) || exit 1; done

.PHONY: tidy-check
tidy-check: ## fail if make tidy would change anything
	@for module in $(MODULES); do (set -x; go -C "$$module" mod tidy -diff) || exit 1; done

.PHONY: consumer
consumer: ## fail if the root package brings its users more than it may
	.ci/consumer

.PHONY: vuln
vuln: ## look for known vulnerabilities (asks the Go vulnerability database)
	@for module in $(CODE); do (set -x; cd "$$module" && $(TOOL) govulncheck ./...) || exit 1; done

.PHONY: check
check: export FUZZTIME := 5s
check: ## do all that has to pass before a change is merged
	@for step in $(CHECKS); do \
		printf '\n==> %s\n' "$$step"; \
		began=$$SECONDS; \
		$(MAKE) --no-print-directory "$$step" || { printf '\n==> %s FAILED\n' "$$step" >&2; exit 1; }; \
		printf '==> %s passed in %d s\n' "$$step" $$((SECONDS - began)); \
	done
	@printf '\n==> all passed: %s\n' '$(CHECKS)'
