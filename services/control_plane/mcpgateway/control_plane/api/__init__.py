"""The REST API of the control plane: requests to use cases, values to JSON."""
