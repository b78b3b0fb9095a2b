"""Revisions: which are known, and what is agreed on."""

from mcp_types import version

from mcpgateway.common.mcp import revisions


def test_we_speak_every_revision_that_the_official_sdk_speaks() -> None:
    assert set(version.KNOWN_PROTOCOL_VERSIONS) == set(revisions.SUPPORTED)
    assert set(version.MODERN_PROTOCOL_VERSIONS) == set(revisions.MODERN)


def test_initialize_agrees_on_a_known_legacy_revision_and_else_offers_the_latest() -> None:
    for known in revisions.LEGACY:
        assert revisions.negotiate(known) == known
    for other in ("2026-07-28", "1999-01-01", ""):
        assert revisions.negotiate(other) == revisions.V2025_11_25
