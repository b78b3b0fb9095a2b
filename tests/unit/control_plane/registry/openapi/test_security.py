"""What a document says of credentials, as members of a gateway."""

from typing import Any

import pytest

from mcpgateway.control_plane.registry.openapi.parts import Api, Scheme
from mcpgateway.control_plane.registry.openapi.security import wanted

FLOW = {"tokenUrl": "https://a.example/t", "scopes": {"read": "", "write": ""}}


def api(raw: dict[str, Any], *ways: tuple[str, ...]) -> Api:
    return Api("3.1.0", "", "", "", (), (Scheme("key", raw),), ways, {})


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"type": "http", "scheme": "Bearer"}, {"auth_type": "bearer"}),
        ({"type": "http", "scheme": "basic"}, {"auth_type": "basic"}),
        ({"type": "basic"}, {"auth_type": "basic"}),
        ({"type": "http", "scheme": "digest"}, {"auth_type": "authheaders"}),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"auth_type": "authheaders", "auth_headers": [{"key": "X-Key"}]},
        ),
        (
            {"type": "apiKey", "in": "query", "name": "k"},
            {"auth_type": "query_param", "auth_query_param_key": "k"},
        ),
        ({"type": "apiKey", "in": "cookie", "name": "s"}, {"auth_type": "authheaders"}),
        ({"type": "oauth2", "flows": {"clientCredentials": FLOW}}, {"auth_type": "oauth"}),
        ({"type": "oauth2", "flow": "accessCode", **FLOW}, {"auth_type": "oauth"}),
        ({"type": "oauth2", "flows": {"implicit": FLOW}}, {"auth_type": "bearer"}),
        ({"type": "mutualTLS"}, {"client_cert": ""}),
        ({"type": "smoke signals"}, {}),
        ({}, {}),
    ],
)
def test_each_scheme_is_told_as_a_gateway_takes_it(
    raw: dict[str, Any], told: dict[str, Any]
) -> None:
    [found] = wanted(api(raw))
    assert told.items() <= found.gateway.items()
    assert bool(found.gateway) is bool(told)


def test_oauth_says_where_tokens_are_and_for_what() -> None:
    [found] = wanted(api({"type": "oauth2", "flow": "application", **FLOW}))
    config = found.gateway["oauth_config"]
    assert (config["grant_type"], config["token_url"]) == (
        "client_credentials",
        "https://a.example/t",
    )
    assert config["scopes"] == ["read", "write"]


def test_a_scheme_is_required_when_there_is_no_way_around_it() -> None:
    raw = {"type": "http", "scheme": "bearer"}
    assert wanted(api(raw, ("key",), ("key", "other")))[0].required
    assert not wanted(api(raw, ("key",), ()))[0].required
    assert not wanted(api(raw))[0].required
