"""Who may open a tunnel at a runner, and who may ask through one."""

import os

import pytest

from mcpgateway.common import edge, keys, tickets
from mcpgateway.common.runtime.http.exchange import BodyPlan
from mcpgateway.common.tickets import Purpose, Ticket
from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import Hello
from mcpgateway.runner.tunnels.hub import Hub
from mcpgateway.runner.tunnels.room import TunnelRoom
from support.exchange import RecordingExchange

RING = keys.runner_ring(("a secret of the test suite",), "local", "default")
SECRET = "of tunnels"
UPGRADE = (
    (b"upgrade", b"websocket"),
    (b"connection", b"Upgrade"),
    (edge.HEADER, SECRET.encode()),
)


def room(*secrets: str) -> TunnelRoom:
    return TunnelRoom(Hub(os.urandom), RING, secrets or (SECRET,), lambda: 0.0)


def ticket(upstream: str = "u1", purpose: Purpose = "tunnel") -> tuple[bytes, bytes]:
    text = tickets.make(RING, purpose, Ticket(upstream, 1.0), os.urandom(12))
    return (tickets.HEADER, text.encode())


def send(
    at: TunnelRoom, method: str, path: str, *headers: tuple[bytes, bytes], body: bytes = b""
) -> RecordingExchange:
    exchange = RecordingExchange(method, path, headers, body)
    if isinstance(at.head(exchange), BodyPlan):
        at.handle(exchange)
    return exchange


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/tunnels/u1", ()),
        ("/tunnels/u1", ((edge.HEADER, b"another"),)),
        ("/tunnels/u1", (ticket(),)),
        ("/tunnels/u1/mcp", ()),
        ("/tunnels/u1/mcp", ((edge.HEADER, SECRET.encode()),)),
        ("/tunnels/u1/mcp", (ticket("u2"),)),
        ("/tunnels/u1/mcp", (ticket(purpose="stdio"),)),
        ("/tunnels/u1/mcp", ((tickets.HEADER, b"no ticket"),)),
    ],
)
def test_who_shows_nothing_or_the_wrong_thing_is_refused(
    path: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    assert send(room(), "GET", path, *headers).status == 401


def test_without_a_secret_nobody_opens_a_tunnel() -> None:
    at = TunnelRoom(Hub(os.urandom), RING, (), lambda: 0.0)
    assert send(at, "GET", "/tunnels/u1", (edge.HEADER, b"")).status == 401


@pytest.mark.parametrize("path", ["/tunnels", "/tunnels/", "/tunnels/u1/x", "/tunnels/../mcp"])
def test_other_paths_are_not_there(path: str) -> None:
    assert send(room(), "GET", path, *UPGRADE).status == 404


def test_a_gateway_that_nobody_serves_is_503_with_when_to_come_again() -> None:
    exchange = send(room(), "POST", "/tunnels/u1/mcp", ticket(), body=b"{}")
    assert exchange.status == 503
    assert exchange.sent_headers[b"retry-after"] == b"5"
    assert b"tunnel is not open" in exchange.answer


def test_what_is_no_handshake_is_told_what_is() -> None:
    exchange = send(room(), "GET", "/tunnels/u1", (edge.HEADER, SECRET.encode()))
    assert exchange.status == 426


async def test_the_far_end_gets_neither_ticket_nor_what_is_of_this_hop() -> None:
    at = room()
    opened = send(at, "GET", "/tunnels/u1", *UPGRADE)
    assert opened.status == 101
    opened.socket.listener.message(greeting.write(Hello("a" * 32)))
    shown = ticket()
    lines = [(b"authorization", b"Bearer passed on"), (b"connection", b"keep-alive"), shown]
    asked = send(at, "POST", "/tunnels/u1/mcp", *lines, body=b'{"jsonrpc":"2.0"}')

    frame = opened.socket.sent[-1]
    assert b"passed on" in frame
    assert b'{"jsonrpc":"2.0"}' in frame
    assert shown[1] not in frame
    assert b"keep-alive" not in frame
    assert not asked.started
    opened.socket.listener.closed()
