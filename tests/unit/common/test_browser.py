"""A request that a cookie speaks for: from our pages only, bound to its session."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.browser import claims_said, csrf_token, own_origin, same_csrf

HOST = "gateway.example:4444"


def token(**claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def test_a_refreshed_session_keeps_its_token_and_another_session_has_another() -> None:
    first, refreshed = token(sid="s1", jti="1"), token(sid="s1", jti="2")
    assert csrf_token(first) == csrf_token(refreshed)
    assert csrf_token(first) != csrf_token(token(sid="s2", jti="1"))
    assert csrf_token(token(jti="1")) != csrf_token(token(jti="2"))


@given(st.text(max_size=100), st.text(max_size=300))
def test_only_the_token_of_the_session_is_the_same(session: str, given_token: str) -> None:
    assert same_csrf(session, csrf_token(session))
    assert same_csrf(session, given_token) == (given_token == csrf_token(session))


@given(st.text(max_size=60) | st.just("e30.AAAA.x") | st.just("e30.W10.x"))
def test_what_is_no_jwt_says_nothing(text: str) -> None:
    assert dict(claims_said(text)) == {} or text.count(".") == 2


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),  # no browser says nothing
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": f"https://{HOST}"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://[evil"}, False),
        ({"referer": f"https://{HOST}/admin"}, True),
        ({"referer": "https://evil.example/"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://app.example"}, True),
    ],
)
def test_a_request_of_another_site_is_told_by_what_its_browser_says(
    headers: dict[str, str], ours: bool
) -> None:
    assert own_origin(headers, HOST, {"https://app.example"}) is ours
