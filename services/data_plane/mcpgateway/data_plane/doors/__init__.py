"""Doors open, publish and drain the addresses where clients come in, one module a protocol; they
know nothing of MCP."""
