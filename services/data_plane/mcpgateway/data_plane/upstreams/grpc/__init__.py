"""Calls of gRPC services: `door` is what the rest of the data plane knows. All that imports grpcio
is behind `client`, which the door loads with the first call."""
