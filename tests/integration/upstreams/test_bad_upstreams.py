"""Upstreams that break HTTP: each misdeed has its status, its code and its words, and costs nobody
else a connection, not even another caller of the same upstream."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Record
from mcpgateway.common.runtime.http import wire
from support.data_plane import DataPlane, data_plane
from support.endpoint import META, mirrored
from support.hostile import BODY, GOOD, Hostile, response
from support.http import DEADLINE, Script, read_request
from support.registries import server, tool, upstream

FIRST_BYTE, IDLE = 0.5, 0.4  # seconds that the gateway waits here
NAMES = ("bad", "held", "good")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MOVED = b"307 Temporary Redirect"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass
class Rig:
    """A data plane before one upstream, registered under three paths."""

    plane: DataPlane
    upstream: Hostile

    async def ask(self, name: str, era: str = "modern") -> Any:
        """The HTTP response to one call of the tool behind a path."""
        params: dict[str, Any] = {"name": f"{name}-do", "arguments": {}}
        headers = {
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        if era == "modern":
            params["_meta"] = META
            lines = mirrored("tools/call", params)
            headers |= {key.decode(): value.decode() for key, value in lines}
        body = jsonrpc.request(1, "tools/call", json.dumps(params).encode())
        async with self.plane.http() as http:
            return await http.post("/servers/s1/mcp", content=body, headers=headers)

    async def call(self, name: str, era: str = "modern") -> tuple[int, Any]:
        """Its status and message."""
        answer = await self.ask(name, era)
        return answer.status_code, _message(answer)


def _message(answer: Any) -> Any:
    """The one message of a JSON body, or the last of an event stream."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        datas = re.findall(r"^data: ?(.+)$", answer.text, re.M)
        return json.loads(datas[-1])
    return answer.json()


@asynccontextmanager
async def rig(misdeed: Script, **settings: str) -> AsyncIterator[Rig]:
    async with Hostile(misdeed) as hostile:
        records: list[Record] = []
        for name in NAMES:
            timeout = int(FIRST_BYTE * 1000) if name == "bad" else 30_000
            url = f"http://127.0.0.1:{hostile.port}/{name}"
            more = {"loopback_allowed": True, "timeout_ms": timeout}
            records.append(upstream(name, url=url, capabilities=b'{"tools":{}}', **more))
            records.append(tool(f"{name}-do", name, name=f"{name}-do"))
        served = server("s1", tools=tuple(f"{name}-do" for name in NAMES))
        chosen = {"HTTPX_READ_TIMEOUT": str(IDLE), **settings}
        async with data_plane(*records, served, **chosen) as plane:
            yield Rig(plane, hostile)


def sends(*pieces: bytes, then_close: bool = True) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if not then_close:
            await reader.read()

    return script


def drips(head: bytes, piece: bytes) -> Script:
    """Never silent for long, and never done."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        left = asyncio.ensure_future(reader.read())
        while not left.done():
            writer.write(piece)
            await asyncio.wait([left], timeout=0.05)

    return script


class Expected(NamedTuple):
    """What a modern client gets: status, JSON-RPC code, and the words after the upstream's name. A
    legacy one gets 200, and code and words all the same."""

    misdeed: Script
    status: int
    code: int
    says: str


UNKNOWN, FAILED, LATE = jsonrpc.OUTCOME_UNKNOWN, jsonrpc.UPSTREAM_FAILED, jsonrpc.UPSTREAM_TIMED_OUT
NO_HTTP = "sent what is not valid HTTP/1.1: "
MISDEEDS = {
    "garbage": Expected(sends(b"SSH-2.0-OpenSSH_9.6\r\n"), 502, UNKNOWN, NO_HTTP),
    "closes unanswered": Expected(
        sends(), 502, UNKNOWN, "closed the connection without answering$"
    ),
    "closes within the head": Expected(
        sends(HEAD), 502, UNKNOWN, "closed the connection within the response head$"
    ),
    "closes within the body": Expected(
        sends(HEAD + b"Content-Length: 100\r\n\r\n{}"),
        502,
        UNKNOWN,
        "closed the connection after 2 of 100 body bytes$",
    ),
    "closes within the chunks": Expected(
        sends(CHUNKED + b"2\r\n{}\r\n"),
        502,
        UNKNOWN,
        "closed the connection within the body, after 2 bytes$",
    ),
    "announces more than it sends": Expected(
        sends(HEAD + b"Content-Length: 1000\r\n\r\n" + BODY, then_close=False),
        504,
        LATE,
        f"was silent for {IDLE:g} s within its answer$",
    ),
    "announces less than it sends": Expected(
        sends(HEAD + b"Content-Length: 20\r\n\r\n" + BODY, then_close=False),
        502,
        UNKNOWN,
        "(answered with cut off JSON|something else than JSON-RPC)",
    ),
    "announces both length and chunks": Expected(
        sends(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        502,
        UNKNOWN,
        NO_HTTP,
    ),
    "announces two lengths": Expected(
        sends(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), 502, UNKNOWN, NO_HTTP
    ),
    "bad chunk size": Expected(sends(CHUNKED + b"zz\r\n{}\r\n"), 502, UNKNOWN, NO_HTTP),
    "header block over the limit": Expected(
        sends(HEAD + b"X-Y: z\r\n" * 20_000),
        502,
        UNKNOWN,
        "sent a response head of over 65536 bytes$",
    ),
    "never answers": Expected(
        sends(then_close=False), 504, LATE, f"did not answer within {FIRST_BYTE:g} s$"
    ),
    "falls silent within the head": Expected(
        sends(HEAD, then_close=False), 504, LATE, f"was silent for {IDLE:g} s within its answer$"
    ),
    "no content": Expected(
        sends(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}"),
        502,
        FAILED,
        "answered 204 No Content with no content type, expected application/json or",
    ),
    "not modified, with a body": Expected(
        sends(response(BODY, status=b"304 Not Modified")), 502, FAILED, "answered 304 Not Modified"
    ),
    "a redirect": Expected(
        sends(response(b"", b"Location: http://127.0.0.1:1/else", status=MOVED)),
        502,
        FAILED,
        "answered 307 Temporary Redirect to 'http://127.0.0.1:1/else'; redirects are not followed",
    ),
    "a content encoding": Expected(
        sends(response(b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip")),
        502,
        UNKNOWN,
        "answered in a content encoding, asked for identity$",
    ),
    "a switch of protocols": Expected(
        sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        502,
        UNKNOWN,
        "sent status 101, to a request that asked for no other protocol$",
    ),
    "an empty body": Expected(
        sends(response(b"")), 502, UNKNOWN, "(answered with an empty body|something else than)"
    ),
    "an event stream without an answer": Expected(
        sends(EVENTS + b": nothing\n\n"), 502, UNKNOWN, ""
    ),
}


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize("expected", MISDEEDS.values(), ids=MISDEEDS.keys())
async def test_a_misdeed_is_told_precisely_and_disturbs_nobody_else(
    expected: Expected, era: str
) -> None:
    async with rig(expected.misdeed) as made:
        await made.call("good")
        held = asyncio.create_task(made.call("held"))
        await asyncio.wait_for(made.upstream.holding.wait(), DEADLINE)
        status, body = await made.call("bad", era)
        assert status == (expected.status if era == "modern" else 200)
        assert body["id"] == 1
        assert body["error"]["code"] == expected.code
        message = body["error"]["message"]
        assert re.match(r"upstream 'bad'(: http://127.0.0.1:\d+)? ", message)
        assert re.search(expected.says, message)
        unknown = expected.code == UNKNOWN
        assert body["error"].get("data") == ({"outcome": "unknown"} if unknown else None)
        made.upstream.answer()
        assert (await held)[1]["result"]["content"][0]["text"] == "ok"
        assert made.upstream.connections == 2, "the held call kept its own"


# An event stream passes as it comes, however it ends: its head has gone out.
AGAIN = {name: each for name, each in MISDEEDS.items() if not name.startswith("an event stream")}


@asynccontextmanager
async def learnt(misdeed: Script, **settings: str) -> AsyncIterator[Rig]:
    """As `rig`, and the gateway has seen that `bad` names its results: answers are relayed."""
    calls = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            writer.write(GOOD)
            await read_request(reader)
        await misdeed(reader, writer)

    async with rig(script, **settings) as made:
        assert (await made.call("bad"))[0] == 200
        yield made


@pytest.mark.parametrize("expected", AGAIN.values(), ids=AGAIN.keys())
async def test_so_it_is_on_the_way_of_answers_that_are_passed_on_untouched(
    expected: Expected,
) -> None:
    async with learnt(expected.misdeed) as made:
        status, body = await made.call("bad")
        assert (status, body["error"]["code"]) == (expected.status, expected.code)
        assert re.search(expected.says, body["error"]["message"])


def spelt(text: bytes) -> Script:
    return sends(*(bytes([byte]) for byte in text), then_close=False)


FINE = {
    "one byte at a time": spelt(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "interim responses first": sends(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + GOOD
    ),
    "delimited by the end": sends(HEAD.replace(b"1.1", b"1.0") + b"\r\n" + BODY),
    "with more behind it": sends(GOOD + b"HTTP/1.1 200 OK\r\n", then_close=False),
    "in chunks of unknown number": sends(
        CHUNKED, *[wire.chunk(BODY[n : n + 7]) for n in range(0, len(BODY), 7)], wire.LAST_CHUNK
    ),
}


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize("answer", FINE.values(), ids=FINE.keys())
async def test_what_is_odd_and_allowed_is_an_answer(answer: Script, era: str) -> None:
    async with rig(answer) as made:
        status, body = await made.call("bad", era)
        assert (status, body["result"]["content"][0]["text"]) == (200, "ok")


@pytest.mark.parametrize("answer", FINE.values(), ids=FINE.keys())
async def test_and_so_it_is_where_answers_are_passed_on_untouched(answer: Script) -> None:
    async with learnt(answer) as made:
        status, body = await made.call("bad")
        assert (status, body["result"]["content"][0]["text"]) == (200, "ok")


async def test_a_connection_that_brought_more_than_the_answer_is_not_used_again() -> None:
    async with rig(FINE["with more behind it"]) as made:
        assert (await made.call("bad"))[0] == 200
        assert (await made.call("good"))[0] == 200
        assert made.upstream.connections == 2


async def test_an_answer_over_the_limit_is_given_up() -> None:
    async with rig(sends(CHUNKED, *[b"100000\r\n" + b" " * 0x100000 + b"\r\n"] * 17)) as made:
        status, body = await made.call("bad")
        assert (status, body["error"]["code"]) == (502, UNKNOWN)
        assert "answered with over 16777216 bytes" in body["error"]["message"]


@pytest.mark.parametrize("kind", ["first", "learnt"])
@pytest.mark.parametrize(
    "misdeed",
    [drips(HEAD + b"Content-Length: 9000\r\n\r\n", b" "), drips(EVENTS, b": alive\n\n")],
    ids=["a body", "an event stream"],
)
async def test_an_answer_that_drips_is_ended_by_the_total_time(misdeed: Script, kind: str) -> None:
    total = {"MCPGATEWAY_UPSTREAM_TOTAL_TIMEOUT": "1"}
    make: Callable[..., Any] = rig if kind == "first" else learnt
    async with make(misdeed, **total) as made:
        _, body = await made.call("bad")
        assert body["error"]["code"] == LATE
        said = body["error"]["message"]
        assert re.search("did not finish its answer within 1 s|no message for 0.5 s within", said)


async def test_bytes_between_two_calls_are_not_taken_for_the_second_ones_answer() -> None:
    unasked, sent = asyncio.Event(), asyncio.Event()
    first = True

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if not first:
            writer.write(GOOD)
            return
        first = False
        writer.write(GOOD)
        await unasked.wait()
        writer.write(GOOD.replace(b"ok", b"no"))
        await writer.drain()
        assert await reader.read() == b""  # the gateway left
        sent.set()

    async with rig(script) as made:
        await made.call("bad")
        unasked.set()
        await asyncio.wait_for(sent.wait(), DEADLINE)
        _, body = await made.call("bad")
        assert body["result"]["content"][0]["text"] == "ok"
        assert made.upstream.connections == 2


async def test_when_all_connections_are_busy_calls_wait_in_a_queue_that_has_an_end() -> None:
    """The one that finds it full, and the one that waited in vain, are told when to come back."""
    limits = {
        "MCPGATEWAY_UPSTREAM_CONNECTIONS": "1",
        "MCPGATEWAY_UPSTREAM_WAITERS": "1",
        "HTTPX_CONNECT_TIMEOUT": "0.1",
        "HTTPX_POOL_TIMEOUT": "0.5",
    }

    async with rig(sends(), **limits) as made:
        held = asyncio.create_task(made.call("held"))
        await asyncio.wait_for(made.upstream.holding.wait(), DEADLINE)
        refused, late = await asyncio.gather(made.ask("good"), made.ask("good"))
        said = {each.json()["error"]["message"] for each in (refused, late)}
        assert [each.status_code for each in (refused, late)] == [503, 503]
        assert all(each.headers["retry-after"] for each in (refused, late))
        assert any("calls wait for http" in message for message in said)
        assert any("none was free within 0.5 s" in message for message in said)
        made.upstream.answer()
        assert (await held)[0] == 200
