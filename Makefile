# Every target sets up what it needs. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PROTO_OUT := libs/common/mcpgateway/common/gen
include make/compat.mk make/bench.mk
unexport PYTHONDONTWRITEBYTECODE # compiling the tests anew takes longer than collecting them

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' Makefile

setup: ## make .venv and install everything, tools included
	@scripts/bootstrap.sh dev

run: ## start the whole suite on this machine (ARGS="--port 4555 --replicas 2")
	@scripts/bootstrap.sh run
	@$(BIN)/mcpgateway up --data-dir .data $(ARGS)

dev: setup ## the same, restarting services when their source changes
	@$(BIN)/mcpgateway up --data-dir .data --reload $(ARGS)

test: setup ## unit, integration and browser tests on real parts, at once (ARGS="-k name", "-n0")
	@$(BIN)/pytest -q -n auto $(ARGS)

soak: setup ## the long tests: kills at random, sessions of all eras
	@TEST_FUZZ_EXAMPLES=60 $(BIN)/pytest -q tests/soak tests/integration/control_plane/test_openapi_fuzz.py $(ARGS)

conformance: setup ## the official MCP suite, directly and through the gateway (ARGS="client")
	@cd tests && ../$(BIN)/python -m conformance $(ARGS)

check: setup ## formatting, lint, types, import rules, generated files, locks
	@scripts/check.sh

fmt: setup ## format and mend what can be mended
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

proto: setup ## generate the code of proto/
	@$(BIN)/python -m grpc_tools.protoc -I proto --python_out=$(PROTO_OUT) --pyi_out=$(PROTO_OUT) proto/gateway/v1/*.proto

golden: setup ## rewrite the golden files and docs/bridge-matrix.md; review the diff
	@UPDATE_GOLDEN=1 $(BIN)/pytest -q tests/unit -k "golden or matrix"

bench: setup ## measure everything against nginx (bench-profile: where time goes; bench-peers)
	@$(BIN)/python -m bench $(ARGS)

docs: setup ## rewrite what is generated: .env.example and docs/reference
	@$(BIN)/python -m scripts.generate_docs

lock: setup ## resolve the dependencies again
	@scripts/lock.sh

build: setup ## the wheel and the source distribution, into dist/ (ACCELERATE=1: compiled)
	@MCPGATEWAY_ACCELERATE=$(ACCELERATE) $(BIN)/uv build -q --no-build-isolation --python $(BIN)/python

.PHONY: help setup run dev test soak conformance check fmt proto golden bench docs lock build
