"""Runs stdio MCP servers, and ends tunnels, for the data planes of one group.

It keeps no configuration: what to run, for whom and how comes with each request, sealed by the
control plane. What may be run at all is decided here.
"""
