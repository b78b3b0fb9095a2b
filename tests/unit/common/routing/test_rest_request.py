"""The REST operation of a tool as it travels."""

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.rest_request import (
    FORM,
    JSON,
    RestRequest,
    body_type,
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


def test_the_type_of_a_body_is_that_of_its_header() -> None:
    assert body_type(RestRequest(url="https://a.example/")) == JSON
    form = {"content-TYPE": "Application/X-WWW-Form-URLEncoded; charset=utf-8"}
    assert body_type(RestRequest(url="https://a.example/", headers=form)) == FORM
