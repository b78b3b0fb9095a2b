"""Calls whose results are fetched later: tasks of upstreams, and those that the gateway keeps."""
