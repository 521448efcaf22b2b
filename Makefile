# s1: build, test, ship. `make run` is the only command a newcomer needs; `make help` lists the rest.
# libtokenizers.a (Rust) is built by cargo once into the user's cache; `make env` prints what plain `go build` needs.

SHELL := /bin/bash
GO ?= go
CC ?= cc
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/s1
TOKENIZERS_VERSION := v1.22.1
LIBTOKENIZERS ?= $(CACHE)/libtokenizers-$(TOKENIZERS_VERSION)
ARCHIVE := $(LIBTOKENIZERS)/libtokenizers.a
LINT_VERSION := v2.15.0
LINT := $(CACHE)/tools/golangci-lint-$(LINT_VERSION)
PEERS := $(CACHE)/peers
TAGS := sqlite_fts5
MINI_COMMIT ?= $(VERSION)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
export CGO_ENABLED := 1
export CGO_LDFLAGS := -L$(LIBTOKENIZERS)

.PHONY: help run build test test-race test-real test-c fuzz check lint fmt docs bench bench-peer bench-train mini mini-provenance env tools clean

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## build everything, open s1 on its built-in model (ARGS="..." are its flags)
	@./s1 $(ARGS)

build: tools $(ARCHIVE) ## build ./s1
	$(GO) build -tags $(TAGS) -ldflags "-X s1/tui/cli.version=$(VERSION)" -o s1 .

test: build ## every test that needs no big install
	$(GO) test -tags $(TAGS) ./...

test-race: build ## the same under the race detector
	$(GO) test -race -tags $(TAGS) ./...

test-c: tools ## the C kernels under sanitizers, and the AVX-512 ones emulated (libsimde-dev), on any machine
	S1_SANITIZE=1 S1_SIMDE=$$(echo '#include <simde/x86/avx512.h>' | $(CC) -E - >/dev/null 2>&1 && echo 1) \
	$(GO) test -tags $(TAGS) -count=1 -run 'Kernels|Emulated' -v -timeout 40m ./kernels/cpu
	$(MAKE) -C kernels/cpu -f sanitize.mk

# Real peers, installed by package name into the cache: torch, transformers and peft (5 GB), a llama.cpp server, its tokenizer
# suite, huggingface_hub, SmolLM2. TRL and datatrove beside them; a SLURM of one machine where root has the packages slurm-wlm and munge.
test-real: build $(PEERS)/.done $(PEERS)/.trl $(PEERS)/.datatrove ## the tests against transformers, llama.cpp, Jinja and a real model
	./s1 models pull smollm2
	S1_TRAINED=$(CACHE)/trained S1_SMOLLM2=$$(./s1 models path smollm2) $(GO) test -tags $(TAGS) -count=1 -timeout 45m -run SmolLM2Learns ./train
	S1_PYTHON=$(PEERS)/venv/bin/python S1_PEERS=$$(echo $(PEERS)/llama_cpp_python-*/vendor/llama.cpp/models) S1_TRAINED=$(CACHE)/trained \
	S1_SMOLLM2=$$(./s1 models path smollm2) $(GO) test -tags $(TAGS) -count=1 -timeout 60m ./...
	S1_DATATROVE=$(PEERS)/datatrove/bin/python $(GO) test -tags $(TAGS) -count=1 -v -run Datatrove ./curate/datatrove
	S1_TRL=$(PEERS)/venv/bin/python S1_SLURM=$$([ "$$(id -u)" = 0 ] && command -v slurmctld >/dev/null && command -v munged >/dev/null && echo 1) \
	$(GO) test -tags $(TAGS) -count=1 -timeout 40m -v -run 'TRL|RealQueue' ./train/launch

$(PEERS)/.done:
	mkdir -p $(PEERS)
	python3 -m venv $(PEERS)/venv
	$(PEERS)/venv/bin/pip install -q torch transformers safetensors gguf peft jinja2 huggingface_hub xllamacpp scikit-build-core
	cd $(PEERS) && venv/bin/pip download -q --no-deps --no-binary :all: --no-build-isolation llama-cpp-python==0.3.36 && tar xzf llama_cpp_python-0.3.36.tar.gz
	touch $@

$(PEERS)/.trl: $(PEERS)/.done
	$(PEERS)/venv/bin/pip install -q trl accelerate datasets
	touch $@

$(PEERS)/.datatrove:
	mkdir -p $(PEERS)
	python3 -m venv $(PEERS)/datatrove
	$(PEERS)/datatrove/bin/pip install -q datatrove==0.10.1 orjson regex
	touch $@

FUZZTIME ?= 60s
fuzz: $(ARCHIVE) ## each fuzz target for FUZZTIME
	@set -e; for f in $$(grep -rlE '^func Fuzz' --include=*_test.go .); do \
	  for t in $$(grep -oE '^func Fuzz[A-Za-z0-9]+' $$f | cut -c6-); do \
	    echo "== $$(dirname $$f) $$t"; $(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x ./$$(dirname $$f); \
	  done; done

check: build lint ## format, vet, lint, import rules, stale documentation
	@out=$$(gofmt -l .); [ -z "$$out" ] || { echo "not formatted (make fmt):"; echo "$$out"; exit 1; }
	$(GO) vet -tags $(TAGS) ./...
	$(GO) test -tags $(TAGS) -run 'Imports|Markdown|README' ./tui/cli

lint: $(LINT) $(ARCHIVE)
	$(LINT) run --allow-parallel-runners --build-tags $(TAGS) ./...

$(LINT):
	mkdir -p $(CACHE)/tools
	GOBIN=$(CACHE)/tools CGO_LDFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(CACHE)/tools/golangci-lint $@

fmt: $(LINT) ## format the Go code
	$(LINT) fmt ./...

docs: build ## write the generated parts of the README again
	S1_UPDATE=1 $(GO) test -tags $(TAGS) -count=1 -run README ./tui/cli

bench: build ## the benchmarks of every package, each with its budget in a comment
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchtime 0.5s ./...

bench-peer: build ## paired speed against node-llama-cpp 3.22.1 (llama.cpp), A/B/A/B, median ratios
	mkdir -p $(PEERS)/node && cd $(PEERS)/node && { [ -d node_modules/node-llama-cpp ] || npm install --silent --no-fund --no-audit node-llama-cpp@3.22.1; }
	./s1 models pull smollm2
	S1_PEER_NODE=$(PEERS)/node S1_SMOLLM2=$$(./s1 models path smollm2) $(GO) run -tags $(TAGS) ./engine/bench/peer

mini: build ## train the built-in model again, measure it, and put it into the program (a hundred minutes on two cores; resumes)
	./s1 train mini --out $(CACHE)/mini --resume
	./s1 train mini-finish -m $(CACHE)/mini/model --out $(CACHE)/mini-finish --resume
	./s1 train probe -m $(CACHE)/mini-finish/model | tee $(CACHE)/mini/probe.txt
	cp $(CACHE)/mini-finish/model/model.safetensors engine/builtin/mini/
	{ cat $(CACHE)/mini-finish/model/README.md && printf '\n## Measured\n\n```\n' && cat $(CACHE)/mini/probe.txt && echo '```' && \
	  $(MAKE) -s mini-provenance MINI_COMMIT=$(VERSION); } > $(CACHE)/mini/card.md
	cp $(CACHE)/mini/card.md engine/builtin/mini/README.md

# The end of mini's card: what it was made of and what came out, by hash. A test holds the card to the files.
mini-provenance:
	@printf '\n## Provenance\n\nTrained with the code of commit `%s`. Code whose kernels sum in another way gives other bits from the same recipes and seeds\n' "$(MINI_COMMIT)"
	@printf 'and, within the spread of trainings, the same behaviour.\n\n| file | SHA-256 |\n|---|---|\n'
	@for f in $(addprefix engine/builtin/mini/,model.safetensors tokenizer.json) $(addprefix train/recipes/,mini.toml mini-finish.toml); do \
	  printf '| `%s` | `%s` |\n' "$$f" "$$(sha256sum "$$f" | cut -d' ' -f1)"; done

bench-train: build $(PEERS)/.done ## paired speed of training against torch, A/B/A/B, median ratios, and what a token costs as steps and models grow
	$(GO) build -tags $(TAGS) -o $(PEERS)/bench-train ./train/peer
	$(PEERS)/bench-train -python $(PEERS)/venv/bin/python $(ARGS)

env: ## the settings that plain go build, go test and an editor need: eval "$(make -s env)"
	@echo "export CGO_ENABLED=1"
	@echo "export CGO_LDFLAGS=-L$(LIBTOKENIZERS)"
	@echo "export GOFLAGS='-tags=$(TAGS) $(filter-out -tags=%,$(shell $(GO) env GOFLAGS))'"

clean: ## remove what make built here (the cache stays)
	rm -f s1

# One line for each missing tool, with the package that brings it.
tools:
	@missing=0; need() { command -v $$1 >/dev/null 2>&1 || { echo "s1 needs $$2: $$3" >&2; missing=1; }; }; \
	need $(GO) "Go 1.26 or newer" "https://go.dev/dl, or your system's package golang"; \
	need $(CC) "a C compiler" "install gcc (Debian, Ubuntu: apt-get install gcc)"; \
	[ -f $(ARCHIVE) ] || need cargo "cargo, once, for the tokenizer library" "install rustup, or your system's package cargo"; \
	exit $$missing

$(ARCHIVE):
	@echo "building the tokenizer library once, two to four minutes, into $(LIBTOKENIZERS)" >&2
	@set -e; mkdir -p "$(CACHE)" "$(LIBTOKENIZERS)"; exec 9>"$(CACHE)/libtokenizers.lock"; flock 9; \
	if [ -f "$@" ]; then exit 0; fi; \
	$(GO) mod download github.com/daulet/tokenizers; \
	src=$$($(GO) list -m -f '{{.Dir}}' github.com/daulet/tokenizers); \
	tmp=$$(mktemp -d "$(CACHE)/build-XXXXXX"); trap 'rm -rf "$$tmp"' EXIT; \
	cp -r "$$src/." "$$tmp"; chmod -R u+w "$$tmp"; \
	(cd "$$tmp" && cargo build --release --locked --quiet); \
	cp "$$tmp/target/release/libtokenizers.a" "$@.part"; mv "$@.part" "$@"
