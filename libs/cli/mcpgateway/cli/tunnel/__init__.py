"""`mcpgateway tunnel`: serves a stdio MCP server of this machine at a gateway elsewhere."""
