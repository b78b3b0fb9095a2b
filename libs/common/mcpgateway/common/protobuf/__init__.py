"""gRPC services as tools: what descriptors say of methods and messages, and JSON for both. Pure:
knows protobuf, and neither channels nor servers."""
