"""Declarative configuration: documents in YAML or JSON, compared with and applied to a gateway."""
