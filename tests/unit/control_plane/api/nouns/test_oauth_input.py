"""What bodies of gateways say of OAuth, query parameters and tokens of users."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.registry.drafts import NewAuth

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BASE = {"name": "up", "url": "https://up.example/mcp"}
GOOD = {
    "grant_type": "client_credentials",
    "client_id": "me",
    "client_secret": "s3cret",
    "token_url": "https://as.example/token",
    "scopes": "read write",
}


def auth(new: bool = True, **members: Any) -> NewAuth:
    found = read_gateway(BASE | members, new=new, now=NOW).auth
    assert isinstance(found, NewAuth)
    return found


def problems(**members: Any) -> dict[str, str]:
    with pytest.raises(InvalidCall) as caught:
        read_gateway(BASE | members, new=True, now=NOW)
    return {each.field: each.problem for each in caught.value.errors}


@pytest.mark.parametrize("members", [{"auth_type": "oauth"}, {}])
def test_a_configuration_says_what_is_shown_and_apart_from_it_the_secrets(
    members: dict[str, Any],
) -> None:
    found = auth(oauth_config=GOOD, **members)
    assert found.shown.type == "oauth"
    assert found.secrets == {"client_secret": "s3cret"}
    assert found.headers == ()
    assert found.shown.oauth is not None
    assert found.shown.oauth.scopes == ("read", "write")
    assert found.shown.oauth.secrets == ("client_secret",)
    assert "s3cret" not in repr(found.shown)


def test_a_masked_secret_stays_the_one_that_there_is() -> None:
    found = auth(False, oauth_config=GOOD | {"client_secret": "*****"})
    assert found.secrets == {}
    assert found.kept == {"client_secret"}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"grant_type": "implicit"}, "oauth_config.grant_type"),
        ({}, "oauth_config.grant_type"),
        (GOOD | {"token_url": "ftp://x"}, "oauth_config.token_url"),
        (GOOD | {"token_url": None}, "oauth_config.token_url"),
        (GOOD | {"client_id": ""}, "oauth_config.client_id"),
        (GOOD | {"authorization_params": {"state": "x"}}, "oauth_config.authorization_params"),
        (GOOD | {"authorization_params": {"a": 1}}, "oauth_config.authorization_params"),
        (GOOD | {"private_key": "s3cret"}, "oauth_config.private_key"),
        (GOOD | {"token_endpoint_auth_method": "private_key_jwt"}, "oauth_config.private_key"),
    ],
)
def test_a_configuration_that_can_not_work_is_refused_by_field(
    config: dict[str, Any], field: str
) -> None:
    found = problems(auth_type="oauth", oauth_config=config)
    assert set(found) == {field}
    assert "s3cret" not in str(found)


def test_a_name_of_the_standard_is_a_grant_too() -> None:
    urn = "urn:ietf:params:oauth:grant-type:token-exchange"
    config = auth(oauth_config=GOOD | {"grant_type": urn}).shown.oauth
    assert config is not None
    assert config.grant_type == "token_exchange"


def test_a_query_parameter_is_no_header_line() -> None:
    found = auth(auth_type="query_param", auth_query_param_key="k", auth_query_param_value="v")
    assert found.headers == (("?k", "v"),)
    assert found.shown.query_param == "k"


def test_a_token_of_each_user_is_sent_in_a_header_that_may_be_set() -> None:
    assert auth(auth_type="vault").shown.headers == ("Authorization",)
    assert auth(auth_type="vault", auth_header_key="X-Key").shown.headers == ("X-Key",)
    assert set(problems(auth_type="vault", auth_header_key="Host")) == {"auth_header_key"}


def test_how_callers_are_named_is_said_or_left_to_the_settings() -> None:
    said = {"enabled": True, "headersPrefix": "X-Caller"}
    found = read_gateway(BASE | {"identity_propagation": said}, new=True, now=NOW)
    assert found.identity_propagation == {"enabled": True, "headers_prefix": "X-Caller"}
    assert read_gateway(BASE, new=True, now=NOW).identity_propagation is UNSET
    bad = problems(identity_propagation={"headers_prefix": "Authorization"})
    assert set(bad) == {"identity_propagation.headers_prefix"}
