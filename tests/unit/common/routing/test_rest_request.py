"""The REST operation of a tool as it travels."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.rest_request import (
    RestRequest,
    body_of,
    content_type,
    decode,
    harmless,
)


def test_what_is_encoded_is_decoded() -> None:
    request = RestRequest(
        url="https://api.example.com/users/{id}",
        method="GET",
        headers={"accept": "application/json"},
        query_mapping={"page": "p"},
        allowlist=("api.example.com",),
        private_allowed=False,
    )
    assert decode(msgspec.json.encode(request)) == request


def test_defaults_are_not_sent() -> None:
    assert msgspec.json.encode(RestRequest(url="https://a.example/")) == (
        b'{"url":"https://a.example/"}'
    )


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"url":"x","method":"TRACE"}', b"[]"])
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(raw)


@pytest.mark.parametrize(
    ("method", "twice"),
    [("GET", True), ("PUT", True), ("DELETE", True), ("POST", False), ("PATCH", False)],
)
def test_what_may_run_twice_is_said_by_the_method_or_by_the_tool(method: str, twice: bool) -> None:
    raw = msgspec.json.encode({"url": "https://a.example/", "method": method})
    assert harmless(Tool("t", "", "t", "t", request=raw)) is twice
    assert harmless(Tool("t", "", "t", "t", request=raw, idempotent=True))
    assert harmless(Tool("t", "", "t", "t", request=raw, read_only=True))


@pytest.mark.parametrize("raw", [b"", b"{"])
def test_what_can_not_be_read_is_not_taken_for_harmless(raw: bytes) -> None:
    assert not harmless(Tool("t", "u", "t", "t", request=raw))


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ({}, "json"),
        ({"method": "GET"}, "none"),
        ({"method": "DELETE"}, "none"),
        ({"method": "DELETE", "body": "json"}, "json"),
        ({"headers": {"Content-TYPE": "application/merge-patch+json"}}, "json"),
        ({"headers": {"content-type": "Application/X-WWW-Form-URLEncoded; charset=utf-8"}}, "form"),
        ({"headers": {"content-type": "multipart/form-data"}}, "multipart"),
        ({"headers": {"content-type": "text/csv"}}, "text"),
        ({"headers": {"content-type": "image/png"}}, "binary"),
        ({"headers": {"content-type": "text/csv"}, "body": "binary"}, "binary"),
        ({"body": "none"}, "none"),
    ],
)
def test_a_body_is_what_is_said_else_what_its_content_type_and_method_tell(
    more: Any, body: str
) -> None:
    assert body_of(RestRequest(url="https://a.example/", **more)) == body


def test_the_content_type_is_found_in_any_case() -> None:
    assert content_type(RestRequest(url="https://a.example/", headers={"CONTENT-type": "a/b"})) == (
        "a/b"
    )
    assert content_type(RestRequest(url="https://a.example/")) == ""
