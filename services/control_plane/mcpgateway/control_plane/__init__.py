"""The control plane: registry, REST API, identity, discovery, and the publisher of the routing table."""
