"""Looks at gRPC services: their descriptors by server reflection or as given, their health, and the
tools that their methods are."""
