"""Calls to upstream MCP servers, one client per kind, over one pool of connections."""
