"""OpenAPI documents as tools: read, chosen from, named, and made definitions and REST operations.
Pure; what fetches documents and where they are read is `discovery/openapi`."""
