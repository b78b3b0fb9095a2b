"""MCP as values and pure functions: revisions, envelope, names, sessions. No I/O, no clock."""
