"""Sessions with legacy upstreams: opened, shared, followed, ended."""
