"""A server whose operator names the revisions that it offers, asked in each way there is."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import SUPPORTED
from support.endpoint import Endpoint, answer_of, bearer, token
from support.exchange import RecordingExchange
from support.registries import server, tool, upstream

UNSUPPORTED = jsonrpc.UNSUPPORTED_PROTOCOL_VERSION


def endpoint(*revisions: str) -> Endpoint:
    offering = server("s", tools=("t1",), protocol_versions=revisions)
    return Endpoint([upstream(), tool(), offering])


def hello(revision: str) -> dict[str, Any]:
    info = {"name": "c", "version": "1"}
    return {"protocolVersion": revision, "capabilities": {}, "clientInfo": info}


def agreed(gateway: Endpoint, revision: str) -> str:
    answer = answer_of(gateway.legacy("initialize", hello(revision), "s"))
    return str(answer["result"]["protocolVersion"])


def refused(exchange: RecordingExchange) -> list[str]:
    """The revisions that the refusal offers instead."""
    error = answer_of(exchange)["error"]
    assert error["code"] == UNSUPPORTED
    return list(error["data"]["supported"])


def version(revision: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"mcp-protocol-version", revision.encode()),)


def test_without_names_all_are_offered() -> None:
    gateway = endpoint()
    assert gateway.modern("tools/list", server="s").status == 200
    for revision in SUPPORTED[1:]:
        assert agreed(gateway, revision) == revision


def test_initialize_agrees_on_one_of_those_that_are_named() -> None:
    gateway = endpoint("2026-07-28", "2025-06-18", "2025-03-26")
    assert agreed(gateway, "2025-03-26") == "2025-03-26"
    assert agreed(gateway, "2025-11-25") == "2025-06-18"
    assert gateway.modern("tools/list", server="s").status == 200


@pytest.mark.parametrize("method", ["tools/list", "server/discover", "tools/call"])
def test_a_modern_request_is_refused_where_the_modern_revision_is_not_named(method: str) -> None:
    gateway = endpoint("2025-11-25", "2025-06-18")
    exchange = gateway.modern(method, {"name": "u1-t1"} if method == "tools/call" else {}, "s")
    assert exchange.status == 400
    assert refused(exchange) == ["2025-11-25", "2025-06-18"]
    assert gateway.upstreams.calls == []


def test_a_legacy_handshake_is_refused_where_no_legacy_revision_is_named() -> None:
    gateway = endpoint("2026-07-28")
    assert refused(gateway.legacy("initialize", hello("2025-11-25"), "s")) == ["2026-07-28"]
    assert refused(gateway.legacy("tools/list", {}, "s")) == ["2026-07-28"]


def test_a_request_without_a_session_needs_a_revision_that_is_named() -> None:
    gateway = endpoint("2025-06-18")
    good = gateway.legacy("tools/list", {}, "s", version("2025-06-18"))
    assert "result" in answer_of(good)
    for lines in (version("2025-11-25"), ()):
        assert refused(gateway.legacy("tools/list", {}, "s", lines)) == ["2025-06-18"]


def test_a_session_of_a_revision_that_is_withdrawn_has_to_begin_anew() -> None:
    gateway = endpoint()
    opened = gateway.legacy("initialize", hello("2025-06-18"), "s")
    lines = ((b"mcp-session-id", opened.sent_headers[b"mcp-session-id"]),)
    assert "result" in answer_of(gateway.legacy("tools/list", {}, "s", lines))
    gateway.change(server("s", tools=("t1",), protocol_versions=("2025-11-25",)))
    assert gateway.legacy("tools/list", {}, "s", lines).status == 404
    for more in ((), ((b"last-event-id", b"gw1.x.1"),)):
        assert gateway.send(b"", "s", (*lines, *more), method="GET").status == 404
    assert agreed(gateway, "2025-06-18") == "2025-11-25"


def test_batches_are_of_one_revision_too() -> None:
    body = b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]'
    (answer,) = answer_of(endpoint("2025-11-25").send(body, "s"))
    assert answer["error"]["code"] == UNSUPPORTED
    (answer,) = answer_of(endpoint("2025-03-26").send(body, "s"))
    assert "result" in answer


@pytest.mark.parametrize(
    ("revisions", "stream", "socket"),
    [
        (("2024-11-05",), 200, 101),
        (("2025-06-18",), 404, 101),
        (("2026-07-28",), 404, 404),
        ((), 200, 101),
    ],
)
async def test_transports_are_there_where_their_revisions_are(
    revisions: tuple[str, ...], stream: int, socket: int
) -> None:
    gateway = endpoint(*revisions)
    lines = [bearer(token()), (b"upgrade", b"websocket")]
    answers = []
    for serve in (gateway.channels.stream, gateway.channels.socket):
        exchange = RecordingExchange("GET", "/servers/s/sse", lines)
        serve(exchange, "s")
        answers.append(exchange.status)
    assert answers == [stream, socket]


async def test_a_socket_agrees_on_a_revision_that_is_named() -> None:
    gateway = endpoint("2026-07-28", "2025-03-26")
    exchange = RecordingExchange("GET", "/ws", [bearer(token()), (b"upgrade", b"websocket")])
    gateway.channels.socket(exchange, "s")
    raw = jsonrpc.request(1, "initialize", msgspec.json.encode(hello("2025-11-25")))
    exchange.socket.listener.message(raw)
    answer = msgspec.json.decode(exchange.socket.sent[0])
    assert answer["result"]["protocolVersion"] == "2025-03-26"


def test_plain_http_is_of_no_revision() -> None:
    id = "5" * 32
    offering = server(id, tools=("t1",), protocol_versions=("2026-07-28",))
    gateway = Endpoint([upstream(), tool(), offering])
    params = {"server_id": id}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
    assert "result" in answer_of(gateway.plain("POST", "/rpc", call))


def test_the_endpoint_of_everything_offers_all() -> None:
    gateway = endpoint("2025-06-18")
    assert gateway.modern("tools/list").status == 200
