"""Requests that repeat their head on one kept-alive connection, while the table changes."""

import asyncio
import re
import time

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Principal, Rule
from support.data_plane import data_plane
from support.endpoint import USER, signing_key, token
from support.http import BadServer, RawClient, raw_client, read_request
from support.registries import tool, upstream

META = (
    b'{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}'
)
AGREED = b'{"protocolVersion":"2025-11-25","capabilities":{"tools":{}}}'
RESULT = b'{"resultType":"complete","content":[]}'
LIST = b'{"jsonrpc":"2.0","id":%d,"method":"tools/list"}'


def request(id: int, bearer: str) -> bytes:
    body = LIST % id
    return (
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (bearer.encode(), len(body), body)


async def test_each_request_is_judged_by_the_table_of_its_moment() -> None:
    bearer = token(now=time.time())
    async with (
        data_plane(upstream("u"), tool("one", "u")) as plane,
        raw_client(plane.door.own_port) as client,
    ):
        for id in (1, 2, 30):
            client.send(request(id, bearer))
            answer = msgspec.json.decode((await client.response()).body)
            assert (answer["id"], [t["name"] for t in answer["result"]["tools"]]) == (
                id,
                ["u-one"],
            )
        plane.put(upstream("u"), tool("two", "u"))
        client.send(request(4, bearer))
        answer = msgspec.json.decode((await client.response()).body)
        assert [t["name"] for t in answer["result"]["tools"]] == ["u-two"]
        plane.put(Principal(USER.id, active=False), signing_key())
        client.send(request(5, bearer))
        assert (await client.response()).status == 401


def modern_call(id: int, bearer: str, trace: int) -> bytes:
    params = b'{"name":"u-one","arguments":{"n":%d},"_meta":%b}' % (trace, META)
    body = jsonrpc.request(id, "tools/call", params)
    return (
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: u-one\r\n"
        b"Traceparent: %d\r\nAuthorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (trace, bearer.encode(), len(body), body)


def legacy_call(id: int, bearer: str, session: bytes, method: bytes = b"POST") -> bytes:
    body = jsonrpc.request(id, "tools/call", b'{"name":"u-one","arguments":{"n":%d}}' % id)
    return (
        b"%b /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"MCP-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: %b\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (method, session, bearer.encode(), len(body), body)


class Upstream:
    """Answers each call under its id, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
            self.asked.append(head + body)
            writer.write(self.response(head, body))

    def response(self, _head: bytes, body: bytes) -> bytes:
        return answered(jsonrpc.decode_frame(body).id, RESULT)


def answered(id: object, result: bytes, lines: bytes = b"") -> bytes:
    assert isinstance(id, int | str)
    answer = jsonrpc.response(id, result)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
    return head % (lines, len(answer)) + answer


class LegacyUpstream(Upstream):
    """Has sessions, named by number; `lost` ones are answered 404."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0
        self.lost: set[int] = set()

    @override
    def response(self, head: bytes, body: bytes) -> bytes:
        if not body:
            return b"HTTP/1.1 405 Not Allowed\r\nContent-Length: 0\r\n\r\n"
        frame = jsonrpc.decode_frame(body)
        if frame.method == "initialize":
            self.opened += 1
            return answered(frame.id, AGREED, b"Mcp-Session-Id: %d\r\n" % self.opened)
        if frame.is_notification:
            return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
        if any(b"mcp-session-id: %d\r\n" % lost in head for lost in self.lost):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        return answered(frame.id, RESULT)


async def test_calls_by_a_shortcut_are_answered_until_their_caller_is_switched_off() -> None:
    bearer, asked = token(now=time.time()), Upstream()
    async with BadServer(asked) as server:
        url = f"http://127.0.0.1:{server.port}/mcp"
        known = upstream("u", url=url, protocol_version="2026-07-28", loopback_allowed=True)
        async with (
            data_plane(known, tool("one", "u")) as plane,
            raw_client(plane.door.own_port) as client,
        ):
            for id in (1, 2, 3, 4, 50, 600):
                client.send(modern_call(id, bearer, id))
                response = await client.response()
                assert (response.status, response.body) == (200, jsonrpc.response(id, RESULT))
            plane.put(Principal(USER.id, active=False), signing_key(), known, tool("one", "u"))
            client.send(modern_call(7, bearer, 7))
            assert (await client.response()).status == 401
        sent = [jsonrpc.decode_frame(each[each.index(b"{") :]) for each in asked.asked]
        assert [frame.id for frame in sent] == [1, 2, 3, 4, 50, 600]
        heads = [each[: each.index(b"{")] for each in asked.asked]
        alike = {re.sub(rb"content-length: .*", b"", head) for head in heads}
        assert len(alike) == 1


async def test_a_rule_over_arguments_judges_each_call_that_repeats_the_one_before() -> None:
    bearer, asked = token(now=time.time()), Upstream()
    few = Rule("x", "few", "deny", b'{"actions":["*"],"condition":"args.n % 5 == 0"}')
    async with BadServer(asked) as server:
        url = f"http://127.0.0.1:{server.port}/mcp"
        known = upstream("u", url=url, protocol_version="2026-07-28", loopback_allowed=True)
        async with (
            data_plane(known, tool("one", "u"), few) as plane,
            raw_client(plane.door.own_port) as client,
        ):
            statuses = []
            for id in (1, 2, 3, 4, 5, 6, 7, 10):
                client.send(modern_call(id, bearer, id))
                statuses.append((await client.response()).status)
            assert statuses == [200, 200, 200, 200, 403, 200, 200, 403]
            plane.put(known, tool("one", "u"))
            client.send(modern_call(20, bearer, 20))
            assert (await client.response()).status == 200
    sent = [jsonrpc.decode_frame(each[each.index(b"{") :]) for each in asked.asked]
    assert [frame.id for frame in sent] == [1, 2, 3, 4, 6, 7, 20]


async def test_calls_of_a_session_are_answered_until_it_ends_wherever_its_upstream_lost_it() -> (
    None
):
    bearer, asked = token(now=time.time()), LegacyUpstream()
    async with BadServer(asked) as server:
        url = f"http://127.0.0.1:{server.port}/mcp"
        known = upstream("u", url=url, era="legacy", loopback_allowed=True)
        async with (
            data_plane(known, tool("one", "u")) as plane,
            raw_client(plane.door.own_port) as client,
            raw_client(plane.door.own_port) as other,
        ):
            session = await open_session(other, bearer)
            for id in (1, 2, 3, 4, 50, 600):
                if id == 50:
                    asked.lost.add(1)
                client.send(legacy_call(id, bearer, session))
                response = await client.response()
                assert (response.status, response.body) == (200, jsonrpc.response(id, RESULT))
            assert asked.opened == 2
            other.send(legacy_call(7, bearer, session, b"DELETE"))
            assert (await other.response()).status == 204
            client.send(legacy_call(8, bearer, session))
            assert (await client.response()).status == 404
    calls = [each for each in asked.asked if b"tools/call" in each]
    ids = [jsonrpc.decode_frame(each[each.index(b"{") :]).id for each in calls]
    assert ids == [1, 2, 3, 4, 50, 50, 600]


async def open_session(client: RawClient, bearer: str) -> bytes:
    params = b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{}}'
    body = jsonrpc.request(0, "initialize", params)
    client.send(
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
        % (bearer.encode(), len(body), body)
    )
    session = (await client.response()).header("mcp-session-id")
    assert session is not None
    return session.encode()
