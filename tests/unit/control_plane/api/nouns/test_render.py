"""What answers show: never a secret, always every member."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.registry.model import Auth, Who
from mcpgateway.control_plane.registry.views import UpstreamView

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMON: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "created": Who("ann")}


def upstream(**fields: Any) -> UpstreamView:
    values: dict[str, Any] = {
        "id": "u",
        "name": "a",
        "slug": "a",
        "url": "http://a/",
        "transport": "SSE",
        "era": "legacy",
        "protocol_version": "2025-06-18",
    }
    return UpstreamView(**(COMMON | values | fields))


@pytest.mark.parametrize(
    ("auth", "shown"),
    [
        (Auth("bearer"), {"authToken": "*****", "authPassword": None, "authUsername": None}),
        (Auth("basic", username="u"), {"authPassword": "*****", "authUsername": "u"}),
        (Auth("authheaders", headers=("X",)), {"authHeaderKey": "X", "authHeaderValue": "*****"}),
        (None, {"authType": None, "authValue": None, "authToken": None}),
    ],
)
def test_credentials_are_masked(auth: Auth | None, shown: dict[str, Any]) -> None:
    row = render.gateway(upstream(auth=auth))
    assert {name: row[name] for name in shown} == shown
    assert not [name for name in row if "Unmasked" in name and row[name] is not None]


def test_certificates_are_shown_and_the_key_is_not() -> None:
    row = render.gateway(upstream(ca_certificate="CA", client_cert="CERT"))
    assert [row[name] for name in ("caCertificate", "clientCert", "clientKey")] == [
        "CA",
        "CERT",
        "*****",
    ]
    bare = render.gateway(upstream())
    assert (bare["caCertificate"], bare["clientCert"], bare["clientKey"]) == (None, None, None)


def test_capabilities_are_shown_as_they_were_sent() -> None:
    row = render.gateway(upstream(capabilities='{"tools":{"x":1.50}}'))
    assert b'"capabilities":{"tools":{"x":1.50}}' in msgspec.json.encode(row)
