import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import (
    Denied,
    GatewayError,
    Unauthenticated,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.runtime.stdio.lines import LineTooLong
from mcpgateway.wrapper.bridge import Bridge
from mcpgateway.wrapper.remote import Remote, error_body, refusal
from support.wait import until

_META = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}


class _Scripted(Remote):
    """Answers `echo`; `hang` waits for ever; `fail` raises what `error` holds."""

    def __init__(self) -> None:
        self.out: list[Any] = []
        self.seen: list[str] = []
        self.hanging = 0
        self.cancelled = 0
        self.closed = False
        self.error: GatewayError = UpstreamUnreachable("no connection to h")

    async def emit(self, line: bytes) -> None:
        assert b"\n" not in line
        self.out.append(json.loads(line))

    @override
    async def exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        self.seen.append(str(frame.method))
        if frame.method == "fail":
            raise self.error
        if frame.method in ("hang", "subscriptions/listen"):
            await self._hang()
        elif frame.is_request and isinstance(frame.id, int | str):
            await self.emit(jsonrpc.response(frame.id, b"{}"))

    async def _hang(self) -> None:
        self.hanging += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.hanging -= 1

    @override
    async def aclose(self) -> None:
        self.closed = True


def _line(method: str, id: Any = None, **params: Any) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if id is not None:
        message["id"] = id
    return json.dumps(message).encode()


class _Client:
    """Types lines; `close` is the end of input."""

    def __init__(self, remote: _Scripted, concurrency: int = 10) -> None:
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        bridge = Bridge(remote, remote.emit, concurrency)
        self.done = asyncio.create_task(bridge.run(self._read()))

    async def _read(self) -> AsyncIterator[bytes]:
        while (line := await self._lines.get()) is not None:
            yield line

    def type(self, *lines: bytes) -> None:
        for line in lines:
            self._lines.put_nowait(line)

    async def close(self) -> None:
        self._lines.put_nowait(None)
        await asyncio.wait_for(self.done, 5)


async def test_every_request_is_answered_under_its_own_id_and_then_the_remote_is_closed() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(_line("initialize", 1), _line("notifications/initialized"), _line("echo", "1"))
    await client.close()
    assert [answer["id"] for answer in remote.out] == [1, "1"]
    assert remote.seen == ["initialize", "notifications/initialized", "echo"]
    assert remote.closed


async def test_what_failed_becomes_an_error_that_says_why() -> None:
    cases = (
        (UpstreamUnreachable("no connection to h"), jsonrpc.UPSTREAM_FAILED),
        (UpstreamTimeout("too slow"), jsonrpc.UPSTREAM_TIMED_OUT),
        (Unauthenticated("401"), jsonrpc.UNAUTHENTICATED),
        (Denied("403"), jsonrpc.DENIED),
        (UpstreamRejected("broke off", outcome_unknown=True), jsonrpc.OUTCOME_UNKNOWN),
    )
    for error, code in cases:
        remote = _Scripted()
        remote.error = error
        client = _Client(remote)
        client.type(_line("fail", 4), _line("fail"))  # a notification gets no answer
        await client.close()
        assert [(a["id"], a["error"]) for a in remote.out] == [
            (4, {"code": code, "message": error.message})
        ]


async def test_what_is_no_message_is_answered_and_the_next_line_is_read() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(b"{", b'{"jsonrpc":"2.0","id":3}', _line("echo", 5))
    await client.close()
    assert [(a["id"], a.get("error", {}).get("code")) for a in remote.out] == [
        (None, -32700),
        (3, -32600),
        (5, None),
    ]


async def test_a_cancelled_modern_request_is_dropped_without_an_answer() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(_line("hang", 1, **_META))
    await until(lambda: remote.hanging == 1, "the request is under way")
    client.type(_line("notifications/cancelled", requestId=1))
    await until(lambda: remote.cancelled == 1, "the request was cancelled")
    await client.close()
    assert remote.out == []
    assert remote.seen == ["hang"]


async def test_the_cancel_of_a_legacy_request_is_passed_on() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(_line("hang", 1))
    await until(lambda: remote.hanging == 1, "the request is under way")
    client.type(_line("notifications/cancelled", requestId=1))
    await until(lambda: "notifications/cancelled" in remote.seen, "the cancel was passed on")
    assert remote.hanging == 1
    client.done.cancel()
    await asyncio.wait([client.done])


async def test_only_so_many_requests_run_at_once_and_a_long_subscription_counts_not() -> None:
    remote = _Scripted()
    client = _Client(remote, concurrency=2)
    client.type(_line("subscriptions/listen", "s", **_META))
    client.type(*(_line("hang", id, **_META) for id in range(3)), _line("notifications/x"))
    await until(lambda: "notifications/x" in remote.seen, "all lines were read")
    await until(lambda: remote.hanging == 3, "the subscription and two requests")
    client.type(_line("notifications/cancelled", requestId=0))
    await until(lambda: remote.seen.count("hang") == 3, "the third had its turn")
    client.done.cancel()
    await asyncio.wait([client.done])


async def test_the_end_of_input_ends_subscriptions_and_waits_for_answers() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(_line("subscriptions/listen", "s", **_META))
    await until(lambda: remote.hanging == 1, "the subscription is open")
    client.type(_line("echo", 1))
    await client.close()
    assert remote.cancelled == 1
    assert [answer["id"] for answer in remote.out] == [1]


async def test_an_id_that_is_still_open_is_refused() -> None:
    remote = _Scripted()
    client = _Client(remote)
    client.type(_line("hang", 1, **_META))
    await until(lambda: remote.hanging == 1, "the request is under way")
    client.type(_line("echo", 1))
    await until(lambda: len(remote.out) == 1, "the refusal")
    assert "still open" in remote.out[0]["error"]["message"]
    client.done.cancel()
    await asyncio.wait([client.done])


async def test_a_line_without_end_is_answered_and_ends_the_bridge() -> None:
    async def lines() -> AsyncIterator[bytes]:
        yield _line("echo", 1)
        raise LineTooLong("a line is over 16 bytes")

    remote = _Scripted()
    await Bridge(remote, remote.emit, 1).run(lines())
    assert {"code": -32700, "message": "a line is over 16 bytes"} in [
        answer.get("error") for answer in remote.out
    ]


def test_an_error_body_is_passed_on_under_the_requests_own_id() -> None:
    frame = jsonrpc.decode_frame(_line("echo", 7))
    body = b'{"jsonrpc":"2.0",\n"id":null,"error":{"code":-32022,"message":"m","data":{"a":1}}}'
    found = error_body(frame, body)
    assert found is not None
    assert json.loads(found) == {
        "jsonrpc": "2.0",
        "id": 7,
        "error": {"code": -32022, "message": "m", "data": {"a": 1}},
    }
    assert error_body(frame, b"<html>") is None
    assert error_body(frame, b'{"error":"x"}') is None


def test_an_http_error_says_url_status_and_what_to_do() -> None:
    error = refusal("http://h/mcp", 401, b"no\ntoken")
    assert isinstance(error, Unauthenticated)
    assert error.message.startswith("http://h/mcp answered 401: no token")
    assert "MCP_AUTH" in error.message
    assert len(refusal("u", 500, b"x" * 10_000).message) < 400
