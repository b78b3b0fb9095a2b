"""Calls of REST tools on their shortcut: whatever comes of them, clients, services and books are
told what they are told on the long way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.routing.model import Credential, Tool
from mcpgateway.common.routing.rest_request import RestRequest
from support.endpoint import wire_sealed
from support.exchange import RecordingExchange
from support.http_client import Sent
from support.shortcuts import Connection, Kind, RecordingTurn, Rig
from support.wait import until

KINDS = (Kind("modern", "modern"), Kind("session", "modern"), Kind("lone", "modern"))
DEFINITION = b"""{"inputSchema":{"type":"object","properties":{"n":{"type":"integer"}}},
"outputSchema":{"type":"object","required":["id"]}}"""


def rest(definition: bytes = DEFINITION, **more: Any) -> Tool:
    own = {key: more.pop(key) for key in list(more) if key in Tool.__struct_fields__}
    request = RestRequest(**{"url": "https://a.example/items", **more})
    raw = msgspec.json.encode(request)
    made = Tool("t", "", "u-one", "u-one", definition, request=raw, validation="both")
    return replace(made, **own)


def rig_of(kind: Kind, *records: Any) -> Rig:
    """After calls on the long way."""
    rig = Rig(*(records or (rest(),)), kind=kind)
    for _ in range(3):
        rig.send(rig.call())
        rig.http.sent[-1].json({"id": 1})
    rig.http.sent.clear()
    return rig


async def patient(kind: Kind, tool: Tool) -> Rig:
    """The same of a tool whose calls are tasks."""
    rig = Rig(tool, kind=kind)
    for _ in range(3):
        exchange = rig.send(rig.call())
        await until(lambda: bool(rig.http.sent), "the service is asked")
        rig.http.sent.pop().json({"id": 1})
        await until(partial(answered, exchange), "the call is answered")
    return rig


def answered(exchange: RecordingExchange) -> bool:
    return bool(exchange.answer)


class Ways:
    """The same call by both ways, each in a rig of its own."""

    def __init__(
        self,
        kind: Kind,
        body: Callable[[Rig], bytes] = Rig.call,
        long: Rig | None = None,
        short: Rig | None = None,
    ) -> None:
        self.long, self.short = long or rig_of(kind), short or rig_of(kind)
        self.exchange = self.long.send(body(self.long))
        self.turn = RecordingTurn()
        self.taken = self.short.take(body(self.short), self.turn)
        assert self.taken is not None

    @property
    def sent(self) -> list[Sent]:
        return [self.long.http.sent[-1], self.short.http.sent[-1]]

    def alike(self) -> None:
        became = self.turn.became
        if became is None:
            answered = (200, b"".join(self.turn.answers))
        else:
            assert self.turn.answers == []
            answered = (became.status, became.answer)
        assert answered == (self.exchange.status, self.exchange.answer)
        written = [[(each.head, each.body) for each in rig.http.sent] for rig in self.rigs]
        assert written[0] == written[1]
        assert self.short.outcomes() == self.long.outcomes()
        assert self.short.under_way() == self.long.under_way()
        received = [
            [each.received.value for each in rig.calls._series.values()] for rig in self.rigs
        ]
        assert received[0] == received[1]

    @property
    def rigs(self) -> tuple[Rig, Rig]:
        return self.long, self.short


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    "play",
    [
        lambda sent: sent.json({"id": 1}),
        lambda sent: sent.json({"other": 1}),
        lambda sent: sent.json([1]),
        lambda sent: sent.respond(200, "text/html", b"<html>no</html>"),
        lambda sent: sent.respond(404, "application/json", b'{"error":"no"}'),
        lambda sent: sent.respond(200, "application/json", b'{"id":1,"id":2}'),
        lambda sent: sent.respond(204, ""),
        lambda sent: sent.fail(UpstreamTimeout("late")),
    ],
)
async def test_whatever_the_service_says_is_told_as_on_the_long_way(
    kind: Kind, play: Callable[[Sent], None]
) -> None:
    ways = Ways(kind)
    for sent in ways.sent:
        play(sent)
    ways.alike()
    assert ways.turn.became is None


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("arguments", [b'{"n":"x"}', b'{"n":1,"n":2}', b"[]", b'{"n":7}'])
async def test_whatever_the_arguments_are_they_are_taken_as_on_the_long_way(
    kind: Kind, arguments: bytes
) -> None:
    ways = Ways(
        kind, lambda rig: rig.call().replace(b'{"n":1}', arguments).replace(b'{"n": 1}', arguments)
    )
    for rig in ways.rigs:
        for sent in rig.http.sent:
            sent.json({"id": 1})
    ways.alike()


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_client_that_leaves_does_what_it_does_on_the_long_way(kind: Kind) -> None:
    """A modern one cancels its call, that of a legacy one runs to its end."""
    ways = Ways(kind)
    ways.exchange.leave()
    ways.turn.lost = True
    assert ways.taken is not None
    ways.taken.left()
    assert [sent.cancelled for sent in ways.sent] == [kind.client == "modern"] * 2
    assert ways.short.under_way() == ways.long.under_way()
    if kind.client != "modern":
        for sent in ways.sent:
            sent.json({"id": 1})
    assert ways.short.outcomes() == ways.long.outcomes()
    assert ways.short.under_way() == ways.long.under_way() == (0, 0, 0)


async def test_a_call_of_a_session_is_cancelled_by_message() -> None:
    ways = Ways(Kind("session", "modern"))
    for rig in ways.rigs:
        rig.send(jsonrpc.notification("notifications/cancelled", b'{"requestId":7}'))
    assert [sent.cancelled for sent in ways.sent] == [True, True]
    assert ways.short.under_way() == ways.long.under_way()
    assert ways.short.outcomes() == ways.long.outcomes()


async def test_a_large_result_is_judged_beside_other_calls_and_answered() -> None:
    ways = Ways(Kind("modern", "modern"))
    for sent in ways.sent:
        sent.json({"id": "x" * 100_000})
    assert ways.turn.answers == []
    await until(lambda: bool(ways.turn.answers and ways.exchange.answer), "both are answered")
    ways.alike()


async def test_credentials_go_along() -> None:
    sealed = wire_sealed("credential", "c", b'[["x-key","secret"]]')
    rig = rig_of(Kind("modern", "modern"), rest(credential="c"), Credential("c", sealed))
    assert rig.take(rig.call()) is not None
    assert rig.http.sent[-1].headers["x-key"] == "secret"


async def test_arguments_that_are_mirrored_in_headers_go_the_long_way() -> None:
    schema = b'{"inputSchema":{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}'
    rig = Rig(rest(schema))
    rig.lines.append((b"mcp-param-n", b"1"))
    for _ in range(3):
        rig.send(rig.call())
        rig.http.sent[-1].json({"id": 1})
    assert Connection.shortcut is None


@pytest.mark.parametrize("more", [{"max_concurrency": 1}, {"timeout_ms": 50}])
async def test_a_tool_that_is_judged_otherwise_is_so_on_its_shortcut(more: dict[str, Any]) -> None:
    kind, tool = Kind("modern", "modern"), rest(**more)
    ways = Ways(kind, long=await patient(kind, tool), short=await patient(kind, tool))
    await until(lambda: bool(ways.short.http.sent and ways.long.http.sent), "both are asked")
    for sent in ways.sent:
        sent.json({"id": 1})
    await until(lambda: bool(ways.turn.answers and ways.exchange.answer), "both are answered")
    ways.alike()
