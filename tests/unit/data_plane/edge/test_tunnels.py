"""Who may open the tunnel of a gateway, where it is handed to, and when it is cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest

from mcpgateway.common import edge, runners
from mcpgateway.common.policy.access.grants import Grant
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.model import Access, Principal, Role
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.runtime.http.websocket import NORMAL
from mcpgateway.common.runtime.http.websocket_client import NoWebSocket, Opening, open_websocket
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from mcpgateway.data_plane.edge.tunnels import Tunnels, Way
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from support.endpoint import KEYS, NOW, Endpoint, bearer, token
from support.http import ScriptedApp
from support.registries import upstream
from support.wait import until
from support.websockets import Ear

BOB = "bob@example.com"
SERVER = Role("r1", "server of labs", ("gateways.serve",))
GRANTED = msgspec.json.encode([Grant("r1", "global")])
LIMITS = SocketLimits()


def bob(**fields: Any) -> Principal:
    return Principal(**({"id": BOB, "grants": GRANTED} | fields))


class Place:
    """A data plane's room for tunnels, and a runner behind it."""

    def __init__(self, runner: Listener, ear: Ear, app: ScriptedApp, most: int) -> None:
        self.runner, self.ear, self.asked = runner, ear, app.handled
        self.url = f"http://127.0.0.1:{runner.port}"
        self.endpoint = Endpoint([bob(), SERVER, self.lab()])
        self.hints: list[str] = []
        loop = asyncio.get_running_loop()
        self.dialer = Dialer(lambda _: AddressPolicy(loopback=True), profile(), loop)
        authenticator = Authenticator(Unsealer(KEYS.wire, "local", "default"), self.endpoint.clock)
        way = Way(self.dialer, "s3cret", lambda: NOW, lambda each: each.peer[0], self.hints.append)
        self.tunnels = Tunnels(self.endpoint.callers, authenticator, way, most)
        self.endpoint.tables.on_change(self.tunnels.table_changed)
        self.port = 0

    def lab(self, id: str = "lab", **fields: Any) -> Any:
        url = runners.tunnel_url(self.url, id)
        return upstream(id, **({"url": url, "credential": f"{id}:ticket"} | fields))

    async def open(self, name: str = "lab", subject: str = BOB, **claims: Any) -> Ear:
        ear = Ear(echo=False)
        lines = [bearer(token(subject, **claims))]
        at = Origin("http", "127.0.0.1", self.port)
        opening = Opening(at, f"/tunnels/{name}", lines, "mcp")
        ear.socket = await open_websocket(self.dialer, opening, ear, LIMITS, 5.0)
        return ear

    async def refused(self, name: str = "lab", subject: str = BOB, **claims: Any) -> int:
        with pytest.raises(NoWebSocket) as refusal:
            await self.open(name, subject, **claims)
        return refusal.value.answered.status


@asynccontextmanager
async def place(most: int = 1024) -> AsyncIterator[Place]:
    ear = Ear()
    app = ScriptedApp(ear.take)
    beside = Beside(sockets=partial(WebSocketConnection, limits=LIMITS))
    runner = await Listener.open(app, "127.0.0.1", 0, beside=beside)
    made = Place(runner, ear, app, most)
    front = ScriptedApp(lambda each: made.tunnels.handle(each, each.path.rsplit("/", 1)[-1]))
    door = await Listener.open(front, "127.0.0.1", 0)
    made.port = door.port
    try:
        yield made
    finally:
        await made.tunnels.aclose()
        await door.close()
        await runner.close()


async def test_it_is_handed_to_the_runner_with_the_secret_and_without_the_token() -> None:
    async with place() as at:
        ear = await at.open()
        ear.open_socket.send(b"hello")
        assert await ear.next() == b"hello"

        (asked,) = at.asked
        assert asked.path == "/tunnels/lab"
        assert asked.header(edge.HEADER) == b"s3cret"
        assert asked.header(b"authorization") is None
        assert at.hints == ["lab"]
        ear.open_socket.close(NORMAL)
        await at.ear.ended()
        await until(lambda: len(at.tunnels) == 0, "it is forgotten")
        assert at.hints == ["lab", "lab"]


async def test_a_gateway_is_found_by_its_name_too() -> None:
    async with place() as at:
        at.endpoint.change(at.lab("0123456789abcdef0123456789abcdef", slug="the-lab"))
        await at.open("The-Lab")
        assert at.asked[0].path == "/tunnels/0123456789abcdef0123456789abcdef"


async def test_who_may_not_serve_it_is_refused() -> None:
    async with place() as at:
        at.endpoint.change(Principal("eve@example.com"))
        at.endpoint.change(at.lab("hidden", access=Access("private", owner="ann@example.com")))
        assert await at.refused(subject="eve@example.com") == 403
        assert await at.refused(subject="nobody@example.com") == 401
        assert await at.refused("hidden") == 404
        assert await at.refused("not-there") == 404
        assert not at.asked


async def test_who_owns_it_may_serve_it() -> None:
    async with place() as at:
        at.endpoint.change(bob(grants=b"[]"))
        assert await at.refused() == 403
        at.endpoint.change(at.lab(access=Access(owner=BOB)))
        await at.open()


@pytest.mark.parametrize(
    "fields",
    [
        {"credential": ""},
        {"credential": "lab"},
        {"credential": "other:ticket"},
        {"url": "http://127.0.0.1:1/stdio/lab/mcp"},
        {"url": "http://evil.example/mcp"},
    ],
)
async def test_no_upgrade_goes_to_what_is_no_tunnel(fields: dict[str, str]) -> None:
    async with place() as at:
        at.endpoint.change(at.lab(**fields))
        assert await at.refused() == 404
        assert not at.asked


async def test_what_takes_the_right_away_cuts_the_tunnel() -> None:
    async with place() as at:
        for taken, given in (
            (bob(grants=b"[]"), bob()),
            (bob(active=False), bob()),
            (Role("r1", "server of labs", ("tools.read",)), SERVER),
            (at.lab(credential="", url="http://127.0.0.1:1"), at.lab()),
        ):
            ear = await at.open()
            at.endpoint.change(taken)
            await ear.ended()
            assert len(at.tunnels) == 0
            at.endpoint.change(given)


async def test_what_takes_nothing_away_leaves_it_open() -> None:
    async with place() as at:
        ear = await at.open()
        at.endpoint.change(at.lab(tags=("new",)))
        at.endpoint.change(Principal("eve@example.com"))
        ear.open_socket.send(b"still here")
        assert await ear.next() == b"still here"


async def test_a_tunnel_ends_with_the_token_of_who_opened_it() -> None:
    async with place() as at:
        ear = await at.open(exp=int(NOW) + 1)
        await ear.ended()


async def test_a_runner_that_is_away_is_told_and_what_it_speaks_is_passed_on() -> None:
    async with place() as at:
        away = upstream(
            "lab", url=runners.tunnel_url("http://127.0.0.1:9", "lab"), credential="lab:ticket"
        )
        at.endpoint.change(away)
        assert await at.refused() == 503
        at.endpoint.change(at.lab())
        opening = Opening(
            Origin("http", "127.0.0.1", at.port), "/tunnels/lab", [bearer(token(BOB))], "other"
        )
        with pytest.raises(NoWebSocket, match="does not speak other"):
            await open_websocket(at.dialer, opening, Ear(), LIMITS, 5.0)


async def test_a_replica_that_stops_closes_them() -> None:
    async with place() as at:
        ear = await at.open()
        at.tunnels.close()
        await ear.ended()


async def test_one_caller_does_not_take_the_last_from_the_others() -> None:
    """Even with connections that say nothing, of one gateway."""
    async with place(most=4) as at:
        at.endpoint.change(bob(id="ann@example.com"))
        ears = [await at.open() for _ in range(3)]
        assert await at.refused() == 503
        other = await at.open(subject="ann@example.com")
        assert await at.refused(subject="ann@example.com") == 503
        for ear in (*ears, other):
            ear.open_socket.close(NORMAL)
        await until(lambda: len(at.tunnels) == 0, "they are forgotten")
        await at.open()
