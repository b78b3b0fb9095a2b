"""The list of public MCP servers that can be registered."""
