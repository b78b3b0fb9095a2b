"""What data planes get of the registry's resources."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common.routing.model import Access, Origin
from mcpgateway.control_plane.registry.model import Auth, Upstream, Who
from mcpgateway.control_plane.registry.routing_records import Routes

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def upstream(**fields: Any) -> Upstream:
    values: dict[str, Any] = {
        "id": "u",
        "revision": 7,
        "name": "a",
        "slug": "a",
        "url": "http://a/",
        "transport": "SSE",
        "era": "legacy",
        "protocol_version": "2025-06-18",
        "created_at": NOW,
        "updated_at": NOW,
        "created": Who("ann"),
    }
    return Upstream(**(values | fields))


@pytest.mark.parametrize("auth", [None, Auth("bearer")])
def test_an_upstream_names_its_credential_only_when_it_has_one(auth: Auth | None) -> None:
    record = Routes("here", False, True).upstream(upstream(auth=auth))
    assert record.credential == ("u" if auth else "")


@pytest.mark.parametrize("cert", [None, "a certificate"])
def test_an_upstream_names_the_key_of_the_certificate_that_it_has(cert: str | None) -> None:
    record = Routes("here", False, True).upstream(upstream(client_cert=cert, ca_certificate="ca"))
    assert record.client_key == ("u:key" if cert else "")
    assert (record.client_cert, record.ca_certificate) == (cert or "", "ca")


def test_an_upstream_carries_origin_access_and_the_address_policy() -> None:
    row = upstream(visibility="team", team_id="red", owner_email="ann")
    record = Routes("here", True, False).upstream(row)
    assert record.origin == Origin("here", "u", 7)
    assert record.access == Access("team", "red", "ann")
    assert (record.loopback_allowed, record.private_allowed) == (True, False)
