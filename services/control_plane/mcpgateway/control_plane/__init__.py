"""The control plane: registry, REST API, identity, discovery, and publishing the table."""
