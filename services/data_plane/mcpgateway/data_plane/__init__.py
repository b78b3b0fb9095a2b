"""The data plane: client-facing MCP traffic, served from the routing table alone."""
