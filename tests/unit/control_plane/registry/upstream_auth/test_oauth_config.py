"""The parameters and tokens of grants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import (
    BadAnswer,
    OAuthConfig,
    Token,
)

URL = "https://up.example/mcp?key=x#f"
CODE = OAuthConfig("authorization_code", authorization_params={"prompt": "login", "state": "mine"})


def test_tokens_are_for_one_resource_without_query_and_fragment() -> None:
    params = oauth_config.authorization_params(CODE, URL, "me", "https://gw/cb", "s", "c")
    assert params["resource"] == "https://up.example/mcp"
    assert oauth_config.code_params(CODE, URL, "c", "v", "r")["resource"] == params["resource"]
    assert oauth_config.refresh_params(CODE, URL, "r")["resource"] == params["resource"]
    without = OAuthConfig("authorization_code", omit_resource=True)
    assert "resource" not in oauth_config.refresh_params(without, URL, "r")


def test_what_a_configuration_adds_replaces_no_protection() -> None:
    params = oauth_config.authorization_params(CODE, URL, "me", "https://gw/cb", "s", "c")
    assert params["state"] == "s"
    assert params["code_challenge_method"] == "S256"
    assert params["prompt"] == "login"


def test_an_id_jag_is_for_the_issuer_and_goes_on_as_an_assertion() -> None:
    config = OAuthConfig("id_jag", client_id="me", scopes=("a", "b"))
    asked = oauth_config.id_jag_params(config, URL, "id-token", "https://as.example")
    assert asked["audience"] == "https://as.example"
    assert asked["requested_token_type"] == oauth_config.ID_JAG
    then = oauth_config.assertion_params(config, URL, "jag")
    assert (then["grant_type"], then["assertion"]) == (oauth_config.JWT_BEARER, "jag")
    assert then["scope"] == "a b"


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"{}",
        b'{"access_token":"a\\r\\nX: y"}',
        b'{"access_token":"a","token_type":"mac"}',
        b'{"access_token":"a","expires_in":"soon"}',
    ],
)
def test_an_answer_that_is_no_bearer_token_is_refused_without_what_was_in_it(body: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        oauth_config.token_of(body, 0.0)
    assert "X: y" not in str(caught.value)


def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one() -> None:
    before = Token("a", refresh_token="r", scope="s")
    found = oauth_config.token_of(b'{"access_token":"b","expires_in":10}', 100.0, before)
    assert (found.refresh_token, found.scope, found.expires) == ("r", "s", 110.0)


@given(st.floats(1, 1e6), st.floats(0, 1e9))
def test_a_token_is_renewed_after_now_and_before_its_end(life: float, now: float) -> None:
    token = Token("a", expires=now + life)
    assert now <= oauth_config.renew_at(token, now) <= token.expires
    assert token.expires - oauth_config.renew_at(token, now) <= oauth_config.AHEAD + 1e-3


def test_failures_are_tried_again_ever_later_up_to_a_bound() -> None:
    waits = [oauth_config.try_again_at(attempt, 0.0) for attempt in range(1, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == 300.0
