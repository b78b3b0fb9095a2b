"""Calls of tools that wait for nothing but their upstream: sent and answered where they stand."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Tool, Transport, Upstream
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.handling.handled_call import Tools
from mcpgateway.data_plane.pipeline.handling.handled_upstreams import HandledUpstreams
from mcpgateway.data_plane.pipeline.handling.judging import AT_ONCE
from mcpgateway.data_plane.upstreams.request import OVER, UpstreamRequest
from support.sinks import LEGACY, RecordingSink
from support.upstreams import RecordingUpstreams

DEFINITION = b'{"inputSchema":{"required":["a"]},"outputSchema":{"type":"object"}}'


class Rig:
    def __init__(self, transport: Transport = "OPENAPI", **more: Any) -> None:
        self.tool = Tool("t", "u", "t", "t", DEFINITION, **more)
        self.upstream = Upstream("u", "u", "u", "http://u.example/", transport)
        self.inner = RecordingUpstreams()
        self.refused: list[str] = []
        self.upstreams = HandledUpstreams(
            self.inner, Tools(Gates(), Bounded(), self.refused.append)
        )
        self.sink = RecordingSink()

    def send(self, arguments: bytes = b'{"a":1}') -> Any:
        params = {"name": msgspec.Raw(b'"t"'), "arguments": msgspec.Raw(arguments)}
        return self.upstreams.send(
            UpstreamRequest(
                self.upstream, LEGACY, 1, "tools/call", params, tool=self.tool, reads=True
            ),
            self.sink,
        )

    def answer(self, structured: bytes) -> None:
        result = b'{"content":[],"structuredContent":%b}' % structured
        self.inner.calls[-1].sink.answer(jsonrpc.response(1, result))


def test_it_goes_out_and_is_answered_in_the_turns_of_those() -> None:
    rig = Rig(validation="both")
    rig.send()
    assert rig.inner.calls[-1].request.arguments == {"a": 1}
    rig.answer(b'{"b":2}')
    assert rig.sink.answered["result"]["structuredContent"] == {"b": 2}


def test_where_no_result_is_checked_nothing_stands_between() -> None:
    rig = Rig(validation="input")
    rig.send()
    assert rig.inner.calls[-1].sink is rig.sink


@pytest.mark.parametrize(
    ("arguments", "said"), [(b"{}", "is a required property"), (b'{"a":1,"a":2}', "duplicate")]
)
def test_arguments_that_are_wrong_are_answered_at_once(arguments: bytes, said: str) -> None:
    rig = Rig(validation="both")
    assert rig.send(arguments) is OVER
    assert rig.inner.calls == []
    assert said in rig.sink.raw.decode()


def test_a_result_that_breaks_its_promise_is_an_error_of_the_tool() -> None:
    rig = Rig(validation="output")
    rig.send()
    rig.answer(b"[1]")
    assert rig.sink.answered["result"]["isError"] is True
    assert rig.refused == ["output"]


async def test_a_large_result_is_checked_beside_other_calls() -> None:
    rig = Rig(validation="both")
    rig.send()
    rig.answer(b'{"b":"%b"}' % (b"x" * AT_ONCE))
    assert rig.sink.calls == []
    await rig.sink.over.wait()
    assert len(rig.sink.answered["result"]["structuredContent"]["b"]) == AT_ONCE


async def test_a_large_result_can_still_be_given_up() -> None:
    rig = Rig(validation="both")
    ticket = rig.send()
    rig.answer(b'{"b":"%b"}' % (b"x" * AT_ONCE))
    ticket.cancel()
    assert rig.sink.calls == []


def test_who_gives_up_ends_the_request() -> None:
    rig = Rig(validation="both")
    rig.send().cancel()
    assert rig.inner.calls[-1].ticket.asked == ["cancel"]


@pytest.mark.parametrize(
    "more",
    [
        {"max_concurrency": 1},
        {"result_filter": "$.a"},
        {"transport": "STREAMABLEHTTP", "timeout_ms": 50},
    ],
)
async def test_what_has_to_wait_for_more_is_a_task(more: dict[str, Any]) -> None:
    rig = Rig(**more)
    rig.send()
    assert rig.inner.calls == []


def test_a_time_that_is_kept_by_who_sends_it_is_no_reason_to_wait() -> None:
    rig = Rig(timeout_ms=50)
    rig.send()
    assert rig.inner.calls
