"""The REST operation of a tool as it travels."""

import msgspec
import pytest

from mcpgateway.common.routing.rest_request import RestRequest, decode


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
