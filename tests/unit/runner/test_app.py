"""Which path is which room."""

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.runner.app import App
from support.exchange import RecordingExchange


class Room:
    def __init__(self) -> None:
        self.heads: list[str] = []
        self.handled: list[str] = []

    def head(self, exchange: Exchange) -> BodyPlan | None:
        self.heads.append(exchange.path)
        return BodyPlan(10)

    def handle(self, exchange: Exchange) -> None:
        self.handled.append(exchange.path)


async def test_a_room_has_what_begins_with_its_name() -> None:
    room, other = Room(), Room()
    app = App({"stdio": room, "tunnels": other})
    exchange = RecordingExchange(path="/stdio/u/mcp")
    assert app.head(exchange) == BodyPlan(10)
    app.handle(exchange)
    assert (room.heads, room.handled, other.heads) == (["/stdio/u/mcp"], ["/stdio/u/mcp"], [])


async def test_what_belongs_to_no_room_is_not_there() -> None:
    app = App({"stdio": Room()})
    for path in ("/", "/stdiox/u", "//stdio", "/other"):
        exchange = RecordingExchange(path=path)
        assert app.head(exchange) is None
        assert exchange.status == 404


async def test_it_says_that_it_lives() -> None:
    for path in ("/health", "/ready"):
        exchange = RecordingExchange("GET", path)
        assert App({}).head(exchange) is None
        assert exchange.status == 200
