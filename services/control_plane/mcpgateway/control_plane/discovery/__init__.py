"""Looks at upstreams: handshake and lists over MCP, and keeps what was found up to date."""
