"""Bodies of /gateways: what is understood and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.registry.drafts import NewAuth, UpstreamDraft

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = {"name": "a", "url": "http://a.example/mcp"}


def read(new: bool = True, **members: Any) -> UpstreamDraft:
    return read_gateway(GOOD | members, new=new, now=NOW)


def problems(**members: Any) -> dict[str, str]:
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return {problem.field: problem.problem for problem in error.value.errors}


def test_a_name_and_a_url_are_enough() -> None:
    draft = read()
    assert (draft.name, draft.url, draft.transport, draft.auth) == (
        "a",
        "http://a.example/mcp",
        UNSET,
        UNSET,
    )


def test_a_wrapped_body_means_the_same() -> None:
    assert read_gateway({"gateway": GOOD}, new=True, now=NOW) == read()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("SSE", "SSE"),
        ("sse", "SSE"),
        ("STREAMABLEHTTP", "STREAMABLEHTTP"),
        ("streamable_http", "STREAMABLEHTTP"),
        ("streamable-http", "STREAMABLEHTTP"),
        ("http", "STREAMABLEHTTP"),
        ("auto", None),
        (None, UNSET),
    ],
)
def test_transports_are_understood_as_people_write_them(given: str | None, meant: object) -> None:
    assert read(transport=given).transport == meant


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "http://",
        "http://a:99999/",
        "a.example",
        "http://u:p@a/",
        "http://a/#x",
        "http://a/b c",
        "x" * 3000,
        7,
    ],
)
def test_a_url_that_can_not_be_called_is_refused(url: object) -> None:
    assert problems(url=url).keys() == {"url"}


@pytest.mark.parametrize("name", ["", "   ", "___", "a\x00b", "x" * 101, None, 5])
def test_a_name_that_gives_no_prefix_is_refused(name: object) -> None:
    assert problems(name=name).keys() == {"name"}


@pytest.mark.parametrize(
    ("members", "header"),
    [
        ({"auth_type": "bearer", "auth_token": "t"}, ("Authorization", "Bearer t")),
        ({"authType": "bearer", "authToken": "t"}, ("Authorization", "Bearer t")),
        (
            {"auth_type": "basic", "auth_username": "u", "auth_password": "p"},
            ("Authorization", "Basic dTpw"),
        ),
        (
            {"auth_type": "authheaders", "auth_headers": [{"key": "X-Key", "value": "v"}]},
            ("X-Key", "v"),
        ),
        (
            {"auth_type": "authheaders", "auth_header_key": "X-Key", "auth_header_value": "v"},
            ("X-Key", "v"),
        ),
    ],
)
def test_credentials_become_header_lines(members: dict[str, Any], header: tuple[str, str]) -> None:
    auth = read(**members).auth
    assert isinstance(auth, NewAuth)
    assert auth.headers == (header,)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"auth_type": "bearer"}, "auth_token"),
        ({"auth_type": "bearer", "auth_token": "a\r\nX: y"}, "auth_token"),
        ({"auth_type": "kerberos"}, "auth_type"),
        ({"auth_type": "oauth"}, "oauth_config"),
        ({"auth_type": "query_param", "auth_query_param_key": "k"}, "auth_query_param_value"),
        (
            {"auth_type": "authheaders", "auth_headers": [{"key": "a b", "value": "v"}]},
            "auth_headers",
        ),
        (
            {"auth_type": "authheaders", "auth_headers": [{"key": "Host", "value": "v"}]},
            "auth_headers",
        ),
        ({"auth_type": "authheaders", "auth_headers": []}, "auth_headers"),
        (
            {"auth_type": "authheaders", "auth_header_key": "Host", "auth_header_value": "v"},
            "auth_header_key",
        ),
    ],
)
def test_credentials_that_make_no_header_are_refused(members: dict[str, Any], field: str) -> None:
    assert problems(**members).keys() == {field}


@pytest.mark.parametrize(
    "members",
    [
        {"auth_type": "bearer", "auth_token": "*****"},
        {"auth_type": "basic", "auth_username": "u", "auth_password": "*****"},
        {"auth_type": "authheaders", "auth_headers": [{"key": "X", "value": "*****"}]},
        {"auth_type": "bearer"},
        {},
    ],
)
def test_a_masked_or_absent_secret_keeps_the_one_there_is(members: dict[str, Any]) -> None:
    assert read(False, **members).auth is UNSET


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"auth_type": "bearer", "auth_token": "*****"}, "auth_token"),
        ({"authType": "basic", "authUsername": "u", "authPassword": "*****"}, "authPassword"),
        (
            {"auth_type": "authheaders", "auth_headers": [{"key": "X", "value": "*****"}]},
            "auth_headers",
        ),
    ],
)
def test_a_masked_secret_is_none_for_a_new_gateway(members: dict[str, Any], field: str) -> None:
    assert problems(**members).keys() == {field}


def test_a_user_name_that_would_move_the_password_is_refused() -> None:
    members = {"auth_type": "basic", "auth_username": "a:b", "auth_password": "p"}
    assert problems(**members).keys() == {"auth_username"}


@pytest.mark.parametrize("word", ["", "none"])
def test_no_authentication_drops_the_one_there_is(word: str) -> None:
    assert read(False, auth_type=word).auth is None


@pytest.mark.parametrize(
    "field", ["oauth_config", "ca_certificate_sig", "one_time_auth", "oauthConfig"]
)
def test_what_would_change_a_call_and_is_not_supported_is_refused(field: str) -> None:
    assert problems(**{field: "x"}).keys() == {field}


def test_unknown_members_and_empty_ones_are_passed_over() -> None:
    assert read(somethingNew=1, oauth_config=None, clientKey="", one_time_auth=False) == read()


def test_tags_are_read_in_every_form_and_kept_once() -> None:
    assert read(tags=["A", {"id": "b", "label": "B"}, "a", " "]).tags == ("a", "b")
    assert read(tags="a, b").tags == ("a", "b")
    assert problems(tags=[1]).keys() == {"tags[0]"}


def test_passthrough_headers_that_would_never_go_out_are_refused_by_name() -> None:
    assert read(passthrough_headers=["X-Tenant", "Accept-Language"]).passthrough_headers == (
        "X-Tenant",
        "Accept-Language",
    )
    with pytest.raises(InvalidCall) as error:
        read(passthrough_headers=["X-Tenant", "Authorization", "Mcp-Session-Id", "a b"])
    assert [problem.field for problem in error.value.errors] == ["passthrough_headers"] * 3
    for name in ("'Authorization' is never", "'Mcp-Session-Id' is never", "'a b' is no"):
        assert name in error.value.message
    assert "X-Tenant" not in error.value.message
