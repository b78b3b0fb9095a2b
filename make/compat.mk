# What ContextForge's users type, as thin aliases of the targets in the Makefile.
.PHONY: venv install install-dev serve serve-ssl lint doctest coverage
.PHONY: compose-up compose-down compose-logs

venv install:
	@scripts/bootstrap.sh run
install-dev: setup
serve: run
serve-ssl:
	@scripts/bootstrap.sh run
	@$(BIN)/mcpgateway up --data-dir .data --tls-self-signed $(ARGS)
lint: check
doctest: setup
	@$(BIN)/pytest -q --doctest-modules libs services $(ARGS)
coverage: setup
	@$(BIN)/pytest -q --cov=mcpgateway --cov-report=term tests/unit $(ARGS)
compose-up:
	docker compose -p mcpgateway -f deploy/compose/compose.yaml up -d --build
compose-down:
	docker compose -p mcpgateway -f deploy/compose/compose.yaml down
compose-logs:
	docker compose -p mcpgateway -f deploy/compose/compose.yaml logs -f
