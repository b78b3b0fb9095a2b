"""Serves a stdio MCP server over HTTP (Streamable HTTP of both eras, and HTTP+SSE), or the
reverse. Carries messages as they are: what the server offers is not read, named or judged here.
"""
