"""A stdio MCP server that is a remote one: reads JSON-RPC lines, asks the remote over HTTP.

Knows MCP only as far as a transport must; starts fast and needs no secret of a server.
"""
