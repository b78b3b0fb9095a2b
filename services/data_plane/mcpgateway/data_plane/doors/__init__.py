"""Doors turn bytes into exchanges; they know nothing of MCP."""
