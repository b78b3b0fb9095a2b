"""What the REST client writes, and whose word goes before whose."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import (
    Unavailable,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.common.runtime.http.client import Timeouts
from mcpgateway.data_plane.upstreams.request import OVER, Client, UpstreamRequest
from mcpgateway.data_plane.upstreams.rest.answer_reader import MAX_BODY
from mcpgateway.data_plane.upstreams.rest.client import RestClient
from support.http_client import FakeHttp
from support.sinks import RecordingSink

MODERN = Client("modern", "2026-07-28", "")
MADE = Upstream("t", "t", "rest:a", "https://a.example/")
API = Upstream("u", "Api", "api", "https://a.example:8443/v1", "OPENAPI", timeout_ms=2500)


class Rig:
    def __init__(self, url: str = "https://a.example:8443/x", **more: Any) -> None:
        own = {key: more.pop(key) for key in list(more) if key in Tool.__struct_fields__}
        request = msgspec.json.encode(RestRequest(url=url, **more))
        self.tool = Tool("t", own.pop("upstream", ""), "t", "t", request=request, **own)
        self.http = FakeHttp()
        self.counted: list[str] = []
        self.client = RestClient(self.http, Timeouts(idle=7), self.counted.append)
        self.sink = RecordingSink()

    def send(
        self,
        arguments: bytes = b"{}",
        *headers: tuple[bytes, bytes],
        upstream: Upstream = MADE,
    ) -> Any:
        request = UpstreamRequest(
            upstream,
            MODERN,
            7,
            "tools/call",
            {"arguments": msgspec.Raw(arguments)},
            headers=headers,
        )
        return self.client.send(request, self.tool, self.sink)

    @property
    def lines(self) -> list[bytes]:
        return bytes(self.http.sent[-1].head).split(b"\r\n")

    @property
    def result(self) -> Any:
        return self.sink.answered["result"]


def test_a_request_has_its_own_host_and_no_line_of_mcp() -> None:
    rig = Rig(method="GET")
    rig.send(b"{}", (b"mcp-param-a", b"1"), (b"x-key", b"k"))
    assert rig.lines[0] == b"GET /x HTTP/1.1"
    assert b"host: a.example:8443" in rig.lines
    assert b"x-key: k" in rig.lines
    assert not any(line.startswith(b"mcp-") for line in rig.lines)


def test_the_tools_headers_go_before_the_calls_and_those_before_arguments() -> None:
    rig = Rig(headers={"X-A": "tool"}, header_mapping={"b": "X-B", "c": "X-C"})
    rig.send(b'{"b":"argument","c":"argument"}', (b"x-a", b"call"), (b"x-b", b"call"))
    told = sorted(line for line in rig.lines if line.startswith(b"x-"))
    assert told == [b"x-a: tool", b"x-b: call", b"x-c: argument"]


def test_the_tools_time_is_for_the_first_byte_and_for_all_of_it() -> None:
    rig = Rig(timeout_ms=1500)
    rig.send()
    assert rig.http.sent[-1].timeouts == Timeouts(first_byte=1.5, idle=7, total=1.5)


def test_an_answer_that_comes_by_drops_is_over_at_some_time() -> None:
    rig = Rig()
    rig.send()
    timeouts = rig.http.sent[-1].timeouts
    assert timeouts is not None
    assert timeouts.total == timeouts.first_byte + timeouts.idle


@pytest.mark.parametrize("arguments", [b'{"a":1,"a":2}', b"[]"])
async def test_what_can_not_be_sent_is_answered_at_once(arguments: bytes) -> None:
    rig = Rig()
    assert rig.send(arguments) is OVER
    assert rig.http.sent == []
    assert rig.sink.calls == ["answer"]


def test_an_operation_that_can_not_be_called_is_named() -> None:
    rig = Rig(url="https://a.example/", allowlist=("b.example",))
    with pytest.raises(UpstreamUnreachable, match=r"tool 't' can not be called: .*allowlist"):
        rig.send()


@pytest.mark.parametrize(
    ("error", "done"),
    [
        (UpstreamUnreachable("no connection"), False),
        (UpstreamTimeout("no connection", unsent=True), False),
        (UpstreamTimeout("late"), True),
        (UpstreamRejected("cut off", outcome_unknown=True), True),
    ],
)
def test_a_failure_on_the_way_says_whether_it_may_be_done(error: Any, done: bool) -> None:
    rig = Rig()
    rig.send()
    rig.http.sent[-1].receiver.failed(error)
    assert rig.result["isError"] is True
    assert ("may have been carried out" in rig.result["content"][0]["text"]) is done
    assert rig.counted == [error.code]


def test_what_is_ours_and_passes_is_no_result_of_the_tool() -> None:
    rig = Rig()
    rig.send()
    rig.http.sent[-1].receiver.failed(Unavailable("busy"))
    assert isinstance(rig.sink.error, Unavailable)


def test_an_answer_that_is_too_large_is_not_read_on() -> None:
    rig = Rig()
    rig.send()
    receiver = rig.http.sent[-1].receiver
    receiver.head(200, [(b"content-type", b"text/plain")])
    for _ in range(3):
        receiver.chunk(b"x" * (MAX_BODY // 2))
    receiver.done()
    assert rig.sink.calls == ["answer"]
    assert str(MAX_BODY) in rig.result["content"][0]["text"]
    assert rig.counted == ["unusable"]


def test_a_tool_of_an_api_is_called_as_its_upstream_says() -> None:
    rig = Rig(upstream="u")
    rig.send(upstream=API)
    assert rig.http.sent[-1].timeouts == Timeouts(first_byte=2.5, idle=7, total=9.5)
    rig = Rig(upstream="u", timeout_ms=1000)
    rig.send(upstream=API)
    assert rig.http.sent[-1].timeouts == Timeouts(first_byte=1, idle=7, total=1)


def test_another_record_of_an_upstream_counts_at_once() -> None:
    rig = Rig(upstream="u")
    rig.send(upstream=API)
    rig.send(upstream=msgspec.structs.replace(API, timeout_ms=9000))
    assert [sent.timeouts.first_byte for sent in rig.http.sent if sent.timeouts] == [2.5, 9]


@pytest.mark.parametrize(
    "url", ["https://b.example:8443/", "https://a.example/", "http://a.example:8443/"]
)
def test_a_tool_of_an_api_is_never_called_at_another_origin(url: str) -> None:
    rig = Rig(upstream="u")
    with pytest.raises(UpstreamUnreachable, match="not the origin of its upstream"):
        rig.send(upstream=msgspec.structs.replace(API, url=url))
    assert rig.http.sent == []


def test_what_credentials_say_in_the_query_is_on_each_request_and_no_argument_says_it() -> None:
    rig = Rig(method="GET")
    keyed = msgspec.structs.replace(MADE, url="https://a.example/?key=secret")
    rig.send(b'{"q":1}', upstream=keyed)
    assert rig.lines[0] == b"GET /x?q=1&key=secret HTTP/1.1"
    rig.send(b'{"key":"mine"}', upstream=keyed)
    assert "/key: would set" in rig.result["content"][0]["text"]


def test_cookies_of_arguments_go_beside_those_of_credentials_and_replace_none() -> None:
    rig = Rig(cookie_mapping={"s": "session", "t": "theme"})
    rig.send(b'{"s":"mine","t":"a;b"}', (b"cookie", b"session=ours"))
    assert [line for line in rig.lines if line.startswith(b"cookie")] == [
        b"cookie: session=ours; theme=a%3Bb"
    ]


def test_a_body_names_its_type() -> None:
    rig = Rig()
    rig.send(b'{"a":1}')
    assert b"content-type: application/json" in rig.lines
    rig = Rig(method="GET")
    rig.send()
    assert not any(line.startswith(b"content-type") for line in rig.lines)
