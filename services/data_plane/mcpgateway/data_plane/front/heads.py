"""The heads of what a front passes on: requests with who sent them, responses without what was
meant for one hop. Everything else goes through as it came."""

from mcpgateway.common import edge
from mcpgateway.common.policy.passthrough import HOP_BY_HOP
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.head_prediction import VARYING

Lines = list[tuple[bytes, bytes]]

_HEAD = "head of a front"  # in the notes of an exchange
# The client's framing is not the front's; who the front is nobody else says.
_DROPPED = HOP_BY_HOP | {b"content-length", b"expect", edge.HEADER, edge.PEER}


def request_head(exchange: Exchange, secret: bytes) -> bytes:
    """As `HttpClient.send` takes it."""
    noted: bytes | None = exchange.notes.get(_HEAD)
    if noted is not None:
        return noted
    dropped = _DROPPED | _named_by_connection(exchange.headers)
    target = f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path
    lines = [b"%b %b HTTP/1.1\r\n" % (exchange.method.encode(), target.encode())]
    lines += [b"%b: %b\r\n" % line for line in exchange.headers if line[0] not in dropped]
    told = edge.peer_value(exchange.peer[0], exchange.scheme)
    lines.append(b"%b: %b\r\n%b: %b\r\n" % (edge.HEADER, secret, edge.PEER, told))
    head = b"".join(lines)
    if not any(name in VARYING for name, _ in exchange.headers):
        exchange.notes[_HEAD] = head
    return head


def response_lines(headers: Lines) -> Lines:
    dropped = HOP_BY_HOP
    for name, _ in headers:
        if name == b"connection":
            dropped = HOP_BY_HOP | _named_by_connection(headers)
    return [line for line in headers if line[0] not in dropped]


def declared_length(headers: Lines) -> int | None:
    """Of a response that was read already, so it is a number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None


def _named_by_connection(headers: Lines) -> frozenset[bytes]:
    """Connection may name more headers that are meant for one hop only."""
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    )
