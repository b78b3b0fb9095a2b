"""Serves stdio MCP servers over HTTP: children, their sessions, the doors to them."""
