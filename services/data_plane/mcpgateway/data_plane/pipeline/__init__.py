"""One MCP call from its caller's credentials to its answer, decided under one pinned table."""
