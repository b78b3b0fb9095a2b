"""What an upstream says, as an HTTP status and our error body."""

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout, UpstreamUnreachable
from support.endpoint import Endpoint, answer_of, signing_key
from support.exchange import RecordingExchange
from support.registries import resource, upstream
from support.upstreams import RecordedCall


def asked() -> tuple[RecordingExchange, RecordedCall]:
    endpoint = Endpoint([upstream(), resource()])
    exchange = endpoint.plain("GET", "/resources/r1")
    return exchange, endpoint.upstreams.last


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (jsonrpc.INVALID_PARAMS, 400),
        (jsonrpc.METHOD_NOT_FOUND, 404),
        (jsonrpc.RESOURCE_NOT_FOUND, 404),
        (jsonrpc.INTERNAL_ERROR, 502),
        (7, 502),
    ],
)
def test_an_error_of_the_upstream_keeps_its_words_and_gets_a_status(code: int, status: int) -> None:
    exchange, call = asked()
    call.sink.answer(jsonrpc.error(1, code, "no such thing"))
    assert exchange.status == answer_of(exchange)["status"] == status
    assert answer_of(exchange)["message"] == "no such thing"


@pytest.mark.parametrize(
    ("error", "status"), [(UpstreamUnreachable("no way"), 502), (UpstreamTimeout("late"), 504)]
)
def test_a_failure_on_the_way_has_its_own_status_and_code(error: GatewayError, status: int) -> None:
    exchange, call = asked()
    call.sink.failed(error)
    assert (exchange.status, answer_of(exchange)["code"]) == (status, error.code)


@pytest.mark.parametrize(
    "response", [b"", b"<html>", b'{"jsonrpc":"2.0","id":1}', jsonrpc.response(1, b"7")]
)
def test_what_is_no_answer_is_the_upstreams_fault(response: bytes) -> None:
    exchange, call = asked()
    call.sink.answer(response)
    assert (exchange.status, answer_of(exchange)["code"]) == (502, "upstream_rejected")


def test_before_the_first_table_it_is_unavailable() -> None:
    endpoint = Endpoint()
    endpoint.tables.swap(type(endpoint.tables.current).empty(), None)
    exchange = endpoint.plain("GET", "/resources/r1")
    assert exchange.status == 503
    assert exchange.sent_headers[b"retry-after"]


def test_a_credential_that_can_not_be_opened_is_said_before_anything_is_sent() -> None:
    endpoint = Endpoint([upstream(credential="c1"), resource(), signing_key()])
    exchange = endpoint.plain("GET", "/resources/r1")
    assert (exchange.status, endpoint.upstreams.calls) == (503, [])
    assert "credentials" in answer_of(exchange)["message"]
