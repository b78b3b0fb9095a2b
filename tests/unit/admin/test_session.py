import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.admin import session
from mcpgateway.admin.session import Notice


def _token(claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


@given(st.text(max_size=100), st.text(max_size=100))
def test_a_form_token_opens_its_own_session_only(one: str, other: str) -> None:
    assert session.same_token(one, session.form_token(one))
    assert session.same_token(one, session.form_token(other)) == (one == other)


@given(st.text())
def test_what_is_no_form_token_opens_nothing(given_token: str) -> None:
    assert not session.same_token("a.b.c", given_token)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://gw:4444"}, True),
        ({"origin": "https://gw:4444"}, True),
        ({"origin": "http://gw:4445"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://evil", "sec-fetch-site": "same-origin"}, True),
    ],
)
def test_only_our_own_pages_send_forms(headers: dict[str, str], own: bool) -> None:
    assert session.own_origin(headers, "gw:4444") == own


@given(st.text(max_size=600), st.sampled_from(["ok", "warning"]))
def test_a_notice_survives_the_cookie(text: str, kind: str) -> None:
    notice = Notice(text, kind)
    assert session.read_notice(session.write_notice(notice)) == notice


@given(st.text())
def test_a_made_up_notice_is_none_or_text(value: str) -> None:
    notice = session.read_notice(value)
    assert notice is None or isinstance(notice.text, str)


def test_the_email_is_read_from_the_token_and_rubbish_names_nobody() -> None:
    assert session.email_of(_token({"sub": "a@b.c"})) == "a@b.c"
    for rubbish in ("", "abc", "a.b.c", "a.é.c", _token([]), _token({"sub": 7}), "a." + "A" * 5):
        assert session.email_of(rubbish) == ""


@pytest.mark.parametrize(
    ("given_path", "taken"),
    [
        ("/admin/ui/tools?q=a", "/admin/ui/tools?q=a"),
        ("/admin", "/admin"),
        ("https://evil.example", "/admin"),
        ("//evil.example/admin/ui/", "/admin"),
        ("/admin/ui/\\evil", "/admin"),
        ("/admin/ui//evil", "/admin"),
        ("/admin/login", "/admin"),
        ("/other", "/admin"),
        ("", "/admin"),
    ],
)
def test_a_login_leads_to_our_own_pages_only(given_path: str, taken: str) -> None:
    assert session.own_path(given_path) == taken
