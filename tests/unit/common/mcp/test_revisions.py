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


def test_initialize_agrees_on_nothing_that_is_not_offered() -> None:
    offered = ("2026-07-28", "2025-06-18", "2025-03-26")
    assert revisions.negotiate("2025-03-26", offered) == "2025-03-26"
    assert revisions.negotiate("2025-11-25", offered) == "2025-06-18"


def test_named_revisions_are_offered_newest_first_and_none_named_means_all() -> None:
    assert revisions.offered(()) == revisions.SUPPORTED
    assert revisions.offered(("2025-03-26", "2026-07-28")) == ("2026-07-28", "2025-03-26")
    assert revisions.offered(("2099-01-01",)) == ()  # of a newer control plane
