# What belongs to `make bench`; see docs/performance.md.
.PHONY: bench-peers bench-profile

bench-peers: setup
	@$(BIN)/python -m bench.peers $(ARGS)
bench-profile: setup
	@$(BIN)/python -m bench.profile $(ARGS)
