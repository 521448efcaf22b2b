# s1: build, test, ship. `make run` is the only command a newcomer needs.
# libtokenizers.a (Rust) is built once into the user's cache; see `make env` for what plain `go build` needs.

SHELL := /bin/bash
GO ?= go
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/s1
TOKENIZERS_VERSION := v1.22.1
LIBTOKENIZERS ?= $(CACHE)/libtokenizers-$(TOKENIZERS_VERSION)
TAGS := sqlite_fts5
export CGO_ENABLED := 1
export CGO_LDFLAGS := -L$(LIBTOKENIZERS)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: run build test env tools

build: tools $(LIBTOKENIZERS)/libtokenizers.a ## build ./s1
	$(GO) build -tags $(TAGS) -ldflags "-X s1/tui/cli.version=$(VERSION)" -o s1 .

run: build ## build everything, then open s1
	./s1

test: tools $(LIBTOKENIZERS)/libtokenizers.a ## every test that needs no big install
	$(GO) test -tags $(TAGS) ./...

env: ## the settings that plain `go build`, `go test` and an editor need
	@echo "export CGO_ENABLED=1"
	@echo "export CGO_LDFLAGS=-L$(LIBTOKENIZERS)"
	@echo "export GOFLAGS='-tags=$(TAGS) $(filter-out -tags=%,$(shell $(GO) env GOFLAGS))'"

# One line for each missing tool, with the package that brings it.
tools:
	@missing=0; need() { command -v $$1 >/dev/null 2>&1 || { echo "s1 needs $$2: $$3" >&2; missing=1; }; }; \
	need $(GO) "Go 1.26 or newer" "https://go.dev/dl or your system's package 'golang'"; \
	need $${CC:-cc} "a C compiler" "install gcc (Debian, Ubuntu: apt-get install gcc)"; \
	if [ ! -f $(LIBTOKENIZERS)/libtokenizers.a ]; then need cargo "cargo (Rust), once, for the tokenizer library" "install rustup, or the package 'cargo'"; fi; \
	exit $$missing

# The tokenizer library: built by cargo once, kept in the user's cache, keyed by version. LIBTOKENIZERS=<dir> overrides.
$(LIBTOKENIZERS)/libtokenizers.a:
	@echo "building the tokenizer library once (about four minutes) into $(LIBTOKENIZERS)" >&2
	@set -e; mkdir -p "$(CACHE)"; exec 9>"$(CACHE)/libtokenizers.lock"; flock 9; \
	if [ -f "$@" ]; then exit 0; fi; \
	$(GO) mod download github.com/daulet/tokenizers; \
	src=$$($(GO) list -m -f '{{.Dir}}' github.com/daulet/tokenizers); \
	tmp=$$(mktemp -d "$(CACHE)/build-XXXXXX"); trap 'rm -rf "$$tmp"' EXIT; \
	cp -r "$$src/." "$$tmp"; chmod -R u+w "$$tmp"; \
	(cd "$$tmp" && cargo build --release --locked --quiet); \
	mkdir -p "$(LIBTOKENIZERS)"; cp "$$tmp/target/release/libtokenizers.a" "$@.part"; mv "$@.part" "$@"
