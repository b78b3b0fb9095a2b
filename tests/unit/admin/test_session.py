import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.admin import session
from mcpgateway.admin.session import Notice


def _token(claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


NOW = 1_000.0


@pytest.mark.parametrize(
    ("claims", "soon"),
    [
        ({"sid": "s", "iat": 900, "exp": 1300}, False),
        ({"sid": "s", "iat": 700.5, "exp": 1200}, True),
        ({"iat": 700, "exp": 1200}, False),  # of no session: there is no next one
        ({"sid": "s", "iat": "x", "exp": 1200}, False),
        ({"sid": "s", "exp": 1200}, False),
    ],
)
def test_the_next_token_is_wanted_when_half_the_time_is_over(
    claims: dict[str, object], soon: bool
) -> None:
    assert session.ends_soon(_token(claims), NOW) is soon


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
