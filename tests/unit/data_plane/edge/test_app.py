"""How much body each room takes, and who is turned away before it is read."""

import pytest

from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.common.runtime.http.exchange import BodyPlan
from mcpgateway.data_plane.edge.app import FORWARDED_BODY, MCP_BODY, SMALL_BODY, Edge
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.edge.cors import Cors, make_cors
from mcpgateway.data_plane.edge.forward import Forwarder, Trust
from mcpgateway.data_plane.edge.health import Health, TableStatus
from mcpgateway.data_plane.edge.origin import make_policy
from mcpgateway.data_plane.edge.protected_resources import ResourceMetadata
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.http_client import UnreachableClient

HOST = (b"host", b"localhost")


@pytest.fixture
def edge() -> Edge:
    forwarder = Forwarder(UnreachableClient(), {"control-plane": "http://cp"}, Trust("secret"))
    health = Health(lambda: TableStatus(held=True), None)
    return Edge(Endpoint().endpoints, forwarder, health, make_policy("127.0.0.1", ()))


def plan(edge: Edge, path: str, *headers: tuple[bytes, bytes]) -> BodyPlan | None:
    return edge.head(RecordingExchange("POST", path, [HOST, *headers]))


def length(size: int) -> tuple[bytes, bytes]:
    return (b"content-length", str(size).encode())


def test_an_mcp_body_is_taken_whole(edge: Edge) -> None:
    assert plan(edge, "/mcp", length(10)) == BodyPlan(MCP_BODY)


def test_a_small_forwarded_body_is_taken_whole_and_any_other_streamed(edge: Edge) -> None:
    streamed = BodyPlan(FORWARDED_BODY, stream=True)
    assert plan(edge, "/gateways", length(SMALL_BODY)) == BodyPlan(SMALL_BODY)
    assert plan(edge, "/gateways", length(SMALL_BODY + 1)) == streamed
    assert plan(edge, "/gateways", (b"transfer-encoding", b"chunked")) == streamed
    assert plan(edge, "/gateways") == BodyPlan(0)


def test_an_oversized_mcp_body_is_refused_from_its_head(edge: Edge) -> None:
    exchange = RecordingExchange("POST", "/mcp", [HOST, length(MCP_BODY + 1)])
    assert edge.head(exchange) is None
    assert exchange.status == 413
    assert str(MCP_BODY) in answer_of(exchange)["error"]["message"]


def test_a_foreign_host_is_refused_in_every_room(edge: Edge) -> None:
    for path in ("/mcp", "/gateways", "/admin", "/health"):
        exchange = RecordingExchange("POST", path, [(b"host", b"evil.example")])
        assert edge.head(exchange) is None
        assert exchange.status == 403


@pytest.mark.parametrize("path", ["*", "@evil.example/", "evil.example:80", ""])
def test_a_target_that_is_no_path_is_never_forwarded(edge: Edge, path: str) -> None:
    exchange = RecordingExchange("GET", path, [HOST])
    assert edge.head(exchange) is None
    assert exchange.status == 400


async def test_a_service_that_can_not_be_reached_is_503(edge: Edge) -> None:
    exchange = RecordingExchange("GET", "/gateways", [HOST])
    edge.handle(exchange)
    await exchange.finished()
    assert exchange.status == 503
    assert exchange.sent_headers[b"retry-after"]


FRONTED = ((b"x-mcpgateway-edge", b"front"), (b"x-mcpgateway-peer", b"https 192.0.2.7"))


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        (FRONTED, (("192.0.2.7", 0), "https")),
        (FRONTED[1:], (("10.0.0.1", 5), "http")),
        (((b"x-mcpgateway-edge", b"wrong"), FRONTED[1]), (("10.0.0.1", 5), "http")),
        ((FRONTED[0], (b"x-mcpgateway-peer", b"nonsense")), (("10.0.0.1", 5), "http")),
        ((*FRONTED, FRONTED[1]), (("10.0.0.1", 5), "http")),
    ],
)
async def test_only_a_front_is_believed_who_it_heard(
    lines: tuple[tuple[bytes, bytes], ...], seen: tuple[tuple[str, int], str]
) -> None:
    forwarder = Forwarder(UnreachableClient(), {"control-plane": "http://cp"}, Trust("secret"))
    health = Health(lambda: TableStatus(held=True), None)
    origins = make_policy("127.0.0.1", ())
    edge = Edge(Endpoint().endpoints, forwarder, health, origins, ("old", "front"))
    exchange = RecordingExchange("GET", "/gateways", [HOST, *lines], peer=("10.0.0.1", 5))
    edge.handle(exchange)
    await exchange.finished()
    assert (exchange.peer, exchange.scheme) == seen
    believed = seen[0][1] == 0
    assert any(name == b"x-mcpgateway-peer" for name, _ in exchange.headers) is not believed


PAGE = (b"origin", b"https://app.example.com")
ASKS = (b"access-control-request-method", b"POST")


@pytest.fixture
def open_edge() -> Edge:
    """Of a gateway whose pages are listed."""
    forwarder = Forwarder(UnreachableClient(), {"control-plane": "http://cp"}, Trust("secret"))
    health = Health(lambda: TableStatus(held=True), None)
    origins = make_policy("0.0.0.0", [PAGE[1].decode()])
    made = Edge(Endpoint().endpoints, forwarder, health, origins)
    cors = make_cors([PAGE[1].decode()], credentials=True, loopback=False)
    made.open(cors, ResourceMetadata(lambda _: None, Seen()))
    return made


@pytest.mark.parametrize("path", ["/mcp", "/servers/s/mcp", "/tools"])
def test_a_preflight_is_answered_at_the_edge(open_edge: Edge, path: str) -> None:
    exchange = RecordingExchange("OPTIONS", path, [HOST, PAGE, ASKS])
    assert open_edge.head(exchange) is None
    assert exchange.status == 204
    assert exchange.sent_headers[b"access-control-allow-origin"] == PAGE[1]


def test_any_answer_says_that_a_listed_page_may_read_it(open_edge: Edge) -> None:
    exchange = RecordingExchange("GET", "/health", [HOST, PAGE])
    open_edge.head(exchange)
    open_edge.handle(exchange)
    assert exchange.sent_headers[b"access-control-allow-origin"] == PAGE[1]


def test_a_page_that_is_not_listed_is_refused_before_it_is_read(open_edge: Edge) -> None:
    foreign = (b"origin", b"https://evil.example")
    for method in ("OPTIONS", "POST"):
        exchange = RecordingExchange(method, "/mcp", [HOST, foreign, ASKS])
        assert open_edge.head(exchange) is None
        assert exchange.status == 403
        assert b"access-control-allow-origin" not in exchange.sent_headers


def test_what_a_room_says_of_who_may_read_stands(open_edge: Edge) -> None:
    path = "/.well-known/oauth-protected-resource/mcp"
    exchange = RecordingExchange("GET", path, [HOST, PAGE])
    open_edge.head(exchange)
    open_edge.handle(exchange)
    assert exchange.sent_headers[b"access-control-allow-origin"] == b"*"


def test_the_plan_of_a_page_is_not_kept_for_the_head(open_edge: Edge) -> None:
    """Else the second answer on a connection would not say who may read it."""
    exchange = RecordingExchange("POST", "/mcp", [HOST, PAGE, length(10)])
    open_edge.head(exchange)
    again = RecordingExchange("POST", "/mcp", exchange.headers)
    again.notes = exchange.notes
    open_edge.head(again)
    assert again.added == exchange.added != []


CAREFUL = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
}


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/prompts/p", "/gateways"])
async def test_browsers_are_told_to_be_careful_with_answers_beside_mcp(
    edge: Edge, path: str
) -> None:
    exchange = RecordingExchange("GET", path, [HOST])
    edge.handle(exchange)
    await exchange.finished()
    assert exchange.sent_headers.items() >= CAREFUL.items()


def test_what_is_refused_unread_tells_browsers_the_same(edge: Edge) -> None:
    exchange = RecordingExchange("GET", "/health", [(b"host", b"evil.example")])
    edge.head(exchange)
    assert exchange.sent_headers.items() >= CAREFUL.items()


def test_an_answer_of_mcp_does_not_pay_for_browsers(edge: Edge) -> None:
    exchange = RecordingExchange("POST", "/mcp", [HOST], body=b"{}")
    edge.handle(exchange)
    assert exchange.status
    assert not exchange.added


def test_an_operator_says_what_browsers_are_told(edge: Edge) -> None:
    security = SecurityHeaders(frame="", nosniff=False)
    edge.open(Cors(), ResourceMetadata(lambda _: None, Seen()), security)
    exchange = RecordingExchange("GET", "/health", [HOST])
    edge.handle(exchange)
    assert not exchange.sent_headers.keys() & {b"x-frame-options", b"x-content-type-options"}
    assert exchange.sent_headers[b"referrer-policy"] == b"same-origin"
