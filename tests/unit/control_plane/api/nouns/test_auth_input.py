"""Credentials in bodies: header lines come of them, and no secret in a problem."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import read_auth, read_nested_auth
from mcpgateway.control_plane.registry.drafts import NewAuth
from mcpgateway.control_plane.registry.model import Auth

SECRET = "very-secret"
BEARER = NewAuth(Auth("bearer"), (("Authorization", f"Bearer {SECRET}"),))
BASIC = NewAuth(Auth("basic", username="u"), (("Authorization", "Basic dTpwOnE="),))
HEADERS = NewAuth(Auth("authheaders", headers=("X-Key",)), (("X-Key", SECRET),))


def lines(*items: Any) -> dict[str, Any]:
    return {"auth_type": "authheaders", "auth_headers": list(items)}


def refused(members: dict[str, Any], *, nested: bool = False) -> list[tuple[str, str]]:
    """Fields and rules."""
    fields = Fields(members)
    read = read_nested_auth if nested else read_auth
    read(fields, True)
    assert SECRET not in str(fields.problems)
    return [(each.field, each.rule) for each in fields.problems]


@pytest.mark.parametrize(
    ("members", "auth"),
    [
        ({"auth_type": "bearer", "auth_token": SECRET}, BEARER),
        ({"authType": "bearer", "authToken": f" {SECRET}\n"}, BEARER),
        ({"auth_type": "basic", "auth_username": "u", "auth_password": "p:q"}, BASIC),
        (lines({"key": "X-Key", "value": SECRET}), HEADERS),
        (
            {"authType": "authheaders", "authHeaderKey": "X-Key", "authHeaderValue": SECRET},
            HEADERS,
        ),
        ({"auth_type": "none"}, None),
        ({"auth_type": ""}, None),
        ({"auth_token": SECRET}, UNSET),
        ({}, UNSET),
    ],
)
def test_credentials_become_header_lines_and_show_no_secret(
    members: dict[str, Any], auth: object
) -> None:
    fields = Fields(members)
    found = read_auth(fields, True)
    assert found == auth
    assert fields.problems == []
    assert not isinstance(found, NewAuth) or SECRET not in str(found.shown)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"auth_type": "digest"}, ("auth_type", "enum")),
        ({"authType": 1}, ("authType", "enum")),
        ({"auth_type": "bearer", "auth_token": ""}, ("auth_token", "string")),
        ({"auth_type": "bearer", "auth_token": SECRET + "\nX: y"}, ("auth_token", "header")),
        ({"auth_type": "bearer", "auth_token": SECRET + "ü"}, ("auth_token", "header")),
        ({"auth_type": "bearer", "auth_token": "x" * 16385}, ("auth_token", "string")),
        ({"auth_type": "basic", "auth_password": SECRET}, ("auth_username", "missing")),
        ({"auth_type": "basic", "auth_username": "u"}, ("auth_password", "missing")),
        (
            {"auth_type": "basic", "auth_username": "u:v", "auth_password": SECRET},
            ("auth_username", "basic"),
        ),
        (lines(), ("auth_headers", "list")),
        (lines(*[{"key": "X", "value": SECRET}] * 51), ("auth_headers", "list")),
        (lines(SECRET), ("auth_headers", "header")),
        (lines({"key": "X", "value": 1}), ("auth_headers", "header")),
        (lines({"key": "X", "value": SECRET + "\r"}), ("auth_headers", "header")),
        (lines({"key": "X Y", "value": SECRET}), ("auth_headers", "header")),
        (lines({"key": "Host", "value": SECRET}), ("auth_headers", "header")),
        (
            {"auth_type": "authheaders", "auth_header_value": SECRET},
            ("auth_header_key", "missing"),
        ),
        (
            {
                "auth_type": "authheaders",
                "auth_header_key": "Content-Length",
                "auth_header_value": SECRET,
            },
            ("auth_header_key", "header"),
        ),
    ],
)
def test_what_makes_no_header_is_refused_by_name(
    members: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert refused(members) == [problem]


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"auth_type": "bearer", "auth_token": "*****"}, "auth_token"),
        ({"auth_type": "basic", "auth_username": "u", "auth_password": "*****"}, "auth_password"),
        (lines({"key": "X", "value": "*****"}), "auth_headers"),
        (
            {"auth_type": "authheaders", "auth_header_key": "X", "auth_header_value": "*****"},
            "auth_header_value",
        ),
    ],
)
def test_a_masked_secret_keeps_what_there_is_and_is_none_for_a_new_thing(
    members: dict[str, Any], field: str
) -> None:
    kept = Fields(members)
    assert read_auth(kept, False) is UNSET
    assert kept.problems == []
    assert refused(members) == [(field, "masked")]


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        ({"auth_type": "bearer"}, ("auth.token", "missing")),
        ({"authType": "digest"}, ("auth.authType", "enum")),
        (
            {"auth_type": "basic", "username": "u:v", "password": SECRET},
            ("auth.username", "basic"),
        ),
        (lines({"key": "Host", "value": SECRET}), ("auth.auth_headers", "header")),
        ({"auth_type": "bearer", "token": "*****"}, ("auth.token", "masked")),
        ("bearer", ("auth", "object")),
    ],
)
def test_problems_in_an_object_are_named_inside_it(auth: object, problem: tuple[str, str]) -> None:
    assert refused({"auth": auth}, nested=True) == [problem]


def test_an_object_counts_before_the_fields_beside_it() -> None:
    beside = {"auth_type": "none"}
    inside = {"auth": {"authType": "bearer", "token": SECRET}}
    assert read_nested_auth(Fields(beside | inside), True) == BEARER
    assert read_nested_auth(Fields(beside), True) is None
