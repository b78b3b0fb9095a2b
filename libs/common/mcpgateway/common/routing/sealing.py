"""Contexts under which secrets of the table are sealed: at rest, and on the wire to one group."""

from mcpgateway.common import seal


def store_context(kind: str, id: str) -> bytes:
    """For secrets in the registry (keys.store_sealer)."""
    return seal.context("store", kind, id)


def wire_context(kind: str, cluster: str, group: str, id: str) -> bytes:
    """For secrets in a published table (DataPlaneKeys.wire)."""
    return seal.context("wire", kind, cluster, group, id)
