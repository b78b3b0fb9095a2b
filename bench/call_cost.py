"""Microseconds of CPU that one `tools/call` costs, and where: `python -m bench.call_cost`.

The real listener, edge, pipeline, upstream clients and pool in one process, on transports that are
no sockets: what the kernel and the event loop cost is not in these figures. Each is the least of
many batches, which other load on the machine hardly moves. Asserts nothing.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
import uvloop
from joserfc import jwt
from joserfc.jwk import OctKey
from typing_extensions import override

from mcpgateway.common import jsonrpc, seal
from mcpgateway.common.keys import DataPlaneKeys, public_bytes, routing_signer
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Principal, SigningKey, Tool, Upstream
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.common.runtime.http.client import Receiver
from mcpgateway.common.runtime.http.exchange import Application, BodyPlan, Exchange, ServerLimits
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.request_url import split
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.http.shortcut_connection import ShortcutConnection
from mcpgateway.common.runtime.settings import load
from mcpgateway.data_plane.edge.health import Health, TableStatus
from mcpgateway.data_plane.front.app import Front
from mcpgateway.data_plane.front.counts import FrontCounts
from mcpgateway.data_plane.front.passing import Way
from mcpgateway.data_plane.front.replicas import Replicas
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.wiring.calls import make_conversations, make_edge
from mcpgateway.data_plane.wiring.outward import make_forwarder

CONNECTIONS = 32
TURNS = 50  # of the loop; dialing and opening a session take some
SECRET = b"a-signing-secret-of-some-length!"
META = (
    b'{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}'
)
MODERN_LINES = (
    b"mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: %b\r\n"  # the tool
)
MODERN_RESULT = b'{"resultType":"complete","content":[{"type":"text","text":"0123456789"}]}'
LEGACY_RESULT = b'{"content":[{"type":"text","text":"0123456789"}]}'
INITIALIZED = (
    b'{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},'
    b'"serverInfo":{"name":"u","version":"1"}}'
)
INITIALIZE = (
    b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}'
)


REST_ANSWER = b'{"id":"item-0123456789","text":"0123456789","size":10}'
REST_TOOL = (
    b'{"inputSchema":{"type":"object","properties":{"text":{"type":"string","maxLength":100}}},'
    b'"outputSchema":{"type":"object","required":["id"]}}'
)
OK = (
    b"HTTP/1.1 200 OK\r\nServer: u\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, written: "list[tuple[Any, bytes]]", protocol: Any) -> None:
        super().__init__()
        self._written = written
        self._protocol = protocol
        self.closed = False

    @override
    def write(self, data: Any) -> None:
        self._written.append((self._protocol, bytes(data)))

    @override
    def writelines(self, parts: Iterable[Any]) -> None:
        self.write(b"".join(parts))

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 40000) if name == "peername" else default

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.closed = True

    @override
    def pause_reading(self) -> None:
        pass

    @override
    def resume_reading(self) -> None:
        pass

    @override
    def can_write_eof(self) -> bool:
        return False


class Loop(uvloop.Loop):
    """Connects to nothing: what clients write is collected in `sent`."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Any, bytes]] = []

    @override
    async def create_connection(  # type: ignore[override]  # the one form of it that is used
        self, factory: Callable[[], Any], *_: Any, **__: Any
    ) -> Any:
        protocol = factory()
        transport = Wire(self.sent, protocol)
        protocol.connection_made(transport)
        return transport, protocol


class Cost(NamedTuple):
    """Microseconds of one call: until the upstream was written to, and from its answer on."""

    request: float
    response: float


def http_answer(result: bytes, request: bytes) -> bytes:
    """What a small HTTP server says to a JSON-RPC message, and a REST service to any."""
    if result is REST_ANSWER:
        return OK % (b"", len(result), result)
    frame = jsonrpc.decode_frame(request.partition(b"\r\n\r\n")[2])
    if not isinstance(frame.id, int | str):
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    body = jsonrpc.response(frame.id, INITIALIZED if frame.method == "initialize" else result)
    session = b"Mcp-Session-Id: s\r\n" if frame.method == "initialize" else b""
    return OK % (session, len(body), body)


class Bench:
    """Clients' connections to one application, and the upstream behind it."""

    def __init__(self, app: Application, loop: Loop, result: bytes) -> None:
        self._loop = loop
        self._result = result
        self.received: list[tuple[Any, bytes]] = []
        loop.sent.clear()  # what another has sent is answered
        home = Listener(app, ServerLimits(), loop)
        self.connections = [ShortcutConnection(home, loop, "http") for _ in range(CONNECTIONS)]
        for connection in self.connections:
            connection.connection_made(Wire(self.received, connection))

    async def settle(self) -> None:
        """Answer whatever was sent, until nothing is."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
            sent, self._loop.sent[:] = list(self._loop.sent), []
            for connection, data in sent:
                connection.data_received(http_answer(self._result, data))

    async def ask(self, request: bytes) -> bytes:
        """One response, for setting up."""
        self.received.clear()
        self.connections[0].data_received(request)
        await self.settle()
        return self.received[-1][1]

    async def cost(self, requests: list[bytes], batches: int, *, traced: bool = False) -> Cost:
        """Each batch is one request on each connection, then all the answers. `traced`: no two
        heads of a connection are the same, as with clients that send a trace context."""
        costs = []
        for number in range(20 + batches):
            sent = [with_trace(one, number) for one in requests] if traced else requests
            costs.append(await self._batch(sent))
            if number == 20:
                gc.collect()
        return Cost(min(one.request for one in costs), min(one.response for one in costs))

    async def _batch(self, requests: list[bytes]) -> Cost:
        self.received.clear()
        self._loop.sent.clear()
        pairs = list(zip(self.connections, requests, strict=True))
        begun = time.perf_counter()
        for connection, request in pairs:
            connection.data_received(request)
        asked = time.perf_counter()
        await self.settle_dials()
        answers = [(to, http_answer(self._result, data)) for to, data in self._loop.sent]
        answering = time.perf_counter()
        for connection, answer in answers:
            connection.data_received(answer)
        done = time.perf_counter()
        if len(self.received) != CONNECTIONS or any(b" 200 " not in r for _, r in self.received):
            raise SystemExit(f"not answered: {self.received[:1]}")
        scale = 1e6 / CONNECTIONS
        return Cost((asked - begun) * scale, (done - answering) * scale)

    async def settle_dials(self) -> None:
        """Until every request went somewhere. Dials take turns of the loop, which are not timed."""
        for _ in range(TURNS):
            if len(self.received) + len(self._loop.sent) >= CONNECTIONS:
                return
            await asyncio.sleep(0)


class Constant:
    """The cheapest application: what the server's own part costs."""

    def head(self, exchange: Exchange) -> BodyPlan:
        return BodyPlan(65536)

    def handle(self, exchange: Exchange) -> None:
        body = jsonrpc.response(1, MODERN_RESULT)
        exchange.respond(200, ((b"content-type", b"application/json"),), body)


class Hop:
    """An application that sends constant bytes to the upstream: server and pool, no policy."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._origin, _ = split("http://127.0.0.1:9/mcp")

    def head(self, exchange: Exchange) -> BodyPlan:
        return BodyPlan(65536)

    def handle(self, exchange: Exchange) -> None:
        head = b"POST /mcp HTTP/1.1\r\nhost: u\r\n"
        self._pool.send(self._origin, head, exchange.body, _Back(exchange))


class _Back(Receiver):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._body = b""

    @override
    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        pass

    @override
    def chunk(self, data: bytes) -> None:
        self._body += data

    @override
    def done(self) -> None:
        self._exchange.respond(200, ((b"content-type", b"application/json"),), self._body)

    @override
    def failed(self, error: Exception) -> None:
        raise error


def front(pool: Pool, holder: TableHolder) -> Front:
    """With one replica, which is where every upstream is."""
    replicas = Replicas(asyncio.get_running_loop(), lambda: None)
    replicas.replace(["127.0.0.1:9"])
    for each in replicas:
        replicas.seen(each, True)
    way = Way(pool, replicas, holder, FrontCounts(), SECRET)
    return Front(way, lambda: TableStatus(True, 1))


def token(now: int) -> bytes:
    claims = {"sub": "ann@example.com", "iss": "mcpgateway", "aud": "mcpgateway-api", "jti": "1"}
    times = {"iat": now, "exp": now + 3600}
    key = OctKey.import_key(SECRET)
    return jwt.encode({"alg": "HS256"}, claims | times, key, algorithms=["HS256"]).encode()


def settings() -> Settings:
    routing_key = public_bytes(routing_signer("secret", "local", "default"))
    keys = DataPlaneKeys.derive(("secret",), "local", "default")
    return load(
        Settings,
        {
            "MCPGATEWAY_DATA_PLANE_KEY": keys.text(),
            "MCPGATEWAY_ROUTING_PUBLIC_KEY": seal.to_text(routing_key),
            "MCPGATEWAY_EDGE_SECRET": "edge",
        },
    )


def tables() -> TableHolder:
    """One caller, one tool of an upstream of each era, and one that is a REST operation."""
    holder = TableHolder()
    ann = Principal("ann@example.com", admin=True)
    key = SigningKey("k", "HS256", SECRET, issuer="mcpgateway", audience="mcpgateway-api")
    url = "http://127.0.0.1:9/mcp"
    modern = Upstream("m", "m", "m", url, protocol_version="2026-07-28")
    legacy = Upstream("l", "l", "l", url, era="legacy", protocol_version="2025-11-25")
    found = [
        Tool(f"{up.id}-echo", up.id, f"{up.id}-echo", "echo", b'{"inputSchema":{"type":"object"}}')
        for up in (modern, legacy)
    ]
    operation = msgspec.json.encode(RestRequest(url="http://127.0.0.1:9/v1", loopback_allowed=True))
    rest = Tool("r", "", "r-echo", "r-echo", REST_TOOL, request=operation, validation="both")
    holder.swap(build("r", 1, (ann, key, modern, legacy, *found, rest)), None)
    return holder


def request(head: bytes, body: bytes) -> bytes:
    """As wrk and most clients write it."""
    return (
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:4444\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\n%bContent-Length: %d\r\n\r\n%b"
    ) % (head, len(body), body)


def modern_request(tool: bytes, authorization: bytes) -> bytes:
    params = b'{"name":"%b","arguments":{"text":"hello"},"_meta":%b}' % (tool, META)
    return request(MODERN_LINES % tool + authorization, jsonrpc.request(1, "tools/call", params))


def legacy_request(tool: bytes, head: bytes) -> bytes:
    params = b'{"name":"%b","arguments":{"text":"hello"}}' % tool
    lines = b"MCP-Protocol-Version: 2025-11-25\r\n" + head
    return request(lines, jsonrpc.request(1, "tools/call", params))


async def main(batches: int) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    gc.set_threshold(20_000, 50, 100)
    holder, pool, inner = tables(), Pool(), Pool()
    chosen = settings()
    upstreams = UpstreamClients(pool)
    health = Health(lambda: TableStatus(True, 1), None)
    alone = Alone("bench")
    states = SessionStates(OwnStore(), alone, time.monotonic)
    conversations = make_conversations(chosen, alone, states)
    forwarder = make_forwarder(chosen, inner)
    edge = make_edge(chosen, holder, upstreams, conversations, forwarder, health)
    auth = b"Authorization: Bearer " + token(int(time.time())) + b"\r\n"

    async def show(name: str, app: Application, result: bytes, one: bytes, keep: bool) -> None:
        bench = Bench(app, loop, result)
        requests = [one] * CONNECTIONS
        if keep:  # a session for each connection, as clients have
            requests = [await with_session(bench, one, auth) for _ in range(CONNECTIONS)]
        await bench.ask(requests[0])
        await bench.ask(requests[0])
        cost = await bench.cost(requests, batches, traced="traced" in name)
        total = cost.request + cost.response
        print(f"| {name} | {cost.request:.1f} | {cost.response:.1f} | {total:.1f} |")

    print("| call | request us | response us | both us |\n|---|---|---|---|")
    for name, app, result, one, keep in (
        ("server alone, constant answer", Constant(), MODERN_RESULT, b"m", False),
        ("server and pool, no policy", Hop(pool), MODERN_RESULT, b"m", False),
        ("a front, alone", front(pool, holder), MODERN_RESULT, b"m", False),
        ("modern client, modern upstream", edge, MODERN_RESULT, b"m", False),
        ("modern client (traced), modern upstream", edge, MODERN_RESULT, b"m", False),
        ("legacy session, legacy upstream", edge, LEGACY_RESULT, b"l", True),
        ("legacy, no session, legacy upstream", edge, LEGACY_RESULT, b"l", False),
        ("modern client, legacy upstream", edge, LEGACY_RESULT, b"l", False),
        ("legacy session, modern upstream", edge, MODERN_RESULT, b"m", True),
        ("modern client, REST tool with both checks", edge, REST_ANSWER, b"r", False),
        ("modern client (traced), REST tool with both checks", edge, REST_ANSWER, b"r", False),
    ):
        make = legacy_request if name.startswith("legacy") else modern_request
        await show(name, app, result, make(one + b"-echo", auth), keep)


def with_trace(request: bytes, number: int) -> bytes:
    line = b"Traceparent: 00-%032x-%016x-01\r\n" % (number + 1, number + 1)
    return request.replace(b"Content-Length", line + b"Content-Length")


async def with_session(bench: Bench, call: bytes, auth: bytes) -> bytes:
    """The call in a session of its own, which it opens."""
    answer = await bench.ask(request(auth, jsonrpc.request(0, "initialize", INITIALIZE)))
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    session = next(line for line in lines if line.lower().startswith(b"mcp-session-id:"))
    call = call.replace(b"Content-Length", session + b"\r\nContent-Length")
    await bench.ask(call)
    return call


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.call_cost", description=__doc__)
    parser.add_argument("--batches", type=int, default=400)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main(parser.parse_args().batches))
