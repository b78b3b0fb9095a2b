"""One handled call, with a test that plays the upstream."""

import asyncio
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.handling.handled_call import Tools
from mcpgateway.data_plane.pipeline.handling.handled_upstreams import HandledUpstreams
from mcpgateway.data_plane.upstreams.request import Client, UpstreamRequest
from support.upstreams import RecordingUpstreams

DEFINITION = b'{"inputSchema":{"required":["a"]},"outputSchema":{"maximum":5}}'
FINE = b'{"content":[{"type":"text","text":"3"}]}'


class Heard:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.response: Any = None
        self.status = 0
        self.error: GatewayError | None = None
        self.messages: list[bytes] = []
        self.answered: Any = None

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        raise AssertionError("what is judged is read")

    def relay_chunk(self, data: bytes) -> None:
        raise AssertionError("what is judged is read")

    def relay_end(self) -> None:
        raise AssertionError("what is judged is read")

    def message(self, message: bytes) -> None:
        self.messages.append(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self.response, self.status = msgspec.json.decode(response), status
        self.over.set()

    def failed(self, error: GatewayError) -> None:
        self.error = error
        self.over.set()

    def ask(self, questions: Any, answered: Any) -> None:
        self.answered = answered


class Rig:
    """Calls of one tool. `begin` returns when the upstream was asked, or it is over."""

    def __init__(self, **more: Any) -> None:
        fields = {"definition": DEFINITION, "original_name": "t"} | more
        self.tool = Tool("t", "u", "t", **fields)
        self.inner = RecordingUpstreams()
        self.refused: list[str] = []
        self.gates = Gates()
        tools = Tools(self.gates, Bounded(), self.refused.append)
        self.upstreams = HandledUpstreams(self.inner, tools)
        self.sink = Heard()

    async def begin(self, arguments: bytes = b'{"a":1}') -> None:
        request = UpstreamRequest(
            Upstream("u", "u", "u", "http://u.example/"),
            Client("legacy", "2025-11-25", ""),
            1,
            "tools/call",
            {"name": msgspec.Raw(b'"t"'), "arguments": msgspec.Raw(arguments)},
            tool=self.tool,
            reads=True,
        )
        self.ticket = self.upstreams.send(request, self.sink)
        for _ in range(5):
            await asyncio.sleep(0)

    async def ends(self, result: bytes = FINE) -> Any:
        self.inner.calls[-1].sink.answer(jsonrpc.response(1, result))
        return await self.result()

    async def result(self) -> Any:
        async with asyncio.timeout(20):
            await self.sink.over.wait()
        return self.sink.response


async def test_a_call_that_is_well_is_answered_as_its_upstream_did() -> None:
    rig = Rig(validation="both")
    await rig.begin()
    assert (await rig.ends())["result"] == msgspec.json.decode(FINE)
    assert rig.refused == []


async def test_a_call_without_a_tool_of_note_goes_straight_to_its_upstream() -> None:
    rig = Rig()
    request = UpstreamRequest(
        Upstream("u", "u", "u", "http://u.example/"), Client("legacy", "", ""), 1, "tools/call", {}
    )
    ticket = rig.upstreams.send(request, rig.sink)
    assert rig.inner.calls[0].sink is rig.sink
    assert rig.inner.calls[0].ticket is ticket


async def test_wrong_arguments_reach_no_upstream() -> None:
    rig = Rig(validation="input")
    await rig.begin(b"{}")
    answer = await rig.result()
    assert answer["result"]["isError"] is True
    assert rig.inner.calls == []
    assert rig.refused == ["input"]


async def test_duplicate_keys_are_a_fault_of_the_call_itself() -> None:
    rig = Rig(validation="input")
    await rig.begin(b'{"a":{"b":1,"b":1}}')
    answer = await rig.result()
    assert answer["error"]["code"] == -32602
    assert answer["error"]["message"].startswith("params.arguments at /a/b: duplicate key")
    assert rig.sink.status == 400


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (b'{"content":[{"type":"text","text":"6"}]}', "6 is greater than the maximum of 5"),
        (b'{"content":[{"type":"text","text":"hello"}]}', "has no structured content"),
    ],
)
async def test_a_result_that_breaks_its_promise_is_an_error_of_the_tool(
    result: bytes, said: str
) -> None:
    rig = Rig(validation="output")
    await rig.begin()
    answer = await rig.ends(result)
    assert answer["result"]["isError"] is True
    assert said in answer["result"]["content"][0]["text"]
    assert rig.refused == ["output"]


@pytest.mark.parametrize(
    "result",
    [
        b'{"content":[{"type":"text","text":"no"}],"isError":true}',
        b'{"resultType":"input_required","inputRequests":{},"requestState":"s"}',
    ],
)
async def test_what_is_no_result_of_work_done_is_passed_on(result: bytes) -> None:
    rig = Rig(validation="output", result_filter="$.nothing")
    await rig.begin()
    assert (await rig.ends(result))["result"] == msgspec.json.decode(result)


async def test_an_error_of_the_upstream_is_passed_on() -> None:
    rig = Rig(validation="both")
    await rig.begin()
    rig.inner.calls[0].sink.answer(jsonrpc.error(1, -32603, "broken"), status=500)
    assert (await rig.result())["error"]["message"] == "broken"
    assert rig.sink.status == 500


async def test_a_failure_is_passed_on_and_gives_the_place_back() -> None:
    rig = Rig(max_concurrency=1)
    await rig.begin()
    rig.inner.calls[0].sink.failed(UpstreamUnreachable("gone"))
    await rig.result()
    assert isinstance(rig.sink.error, UpstreamUnreachable)
    assert rig.gates._gates == {}


async def test_a_cancelled_call_cancels_its_request_and_is_heard_of_no_more() -> None:
    rig = Rig(max_concurrency=1)
    await rig.begin()
    rig.ticket.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert rig.inner.calls[0].ticket.asked == ["cancel"]
    assert not rig.sink.over.is_set()
    assert rig.gates._gates == {}


async def test_a_tool_has_its_own_time() -> None:
    rig = Rig(timeout_ms=10)
    await rig.begin()
    await rig.result()
    assert isinstance(rig.sink.error, UpstreamTimeout)
    assert "within 0.01 s" in rig.sink.error.message
    assert rig.inner.calls[0].ticket.asked == ["cancel"]


async def test_no_time_passes_while_the_client_is_asked() -> None:
    rig = Rig(timeout_ms=30)
    await rig.begin()
    replies: list[Any] = []
    rig.inner.calls[0].sink.ask({"q": Question("elicitation/create", b"{}")}, replies.append)
    loop = asyncio.get_running_loop()
    later = loop.create_future()
    loop.call_later(0.1, later.set_result, None)
    await later
    assert rig.sink.error is None
    rig.sink.answered({})
    assert replies == [{}]
    await rig.result()
    assert isinstance(rig.sink.error, UpstreamTimeout)


async def test_messages_before_the_answer_go_through() -> None:
    rig = Rig(validation="both")
    await rig.begin()
    rig.inner.calls[0].sink.message(b"{}")
    rig.ticket.pause()
    rig.ticket.resume()
    assert rig.sink.messages == [b"{}"]
    assert rig.inner.calls[0].ticket.asked == ["pause", "resume"]
    await rig.ends()
