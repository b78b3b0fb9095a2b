"""A refused sender hears why: what it still sends is read before the answer goes out."""

from starlette.types import Message, Receive, Scope, Send

from mcpgateway.common.runtime import asgi

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
CHUNK = b"x" * 1024


class Peer:
    """Sends a body in chunks; keeps in order what happened."""

    def __init__(self, chunks: int) -> None:
        self._left = chunks
        self.seen: list[str] = []

    async def receive(self) -> Message:
        self._left -= 1
        self.seen.append("chunk")
        return {"type": "http.request", "body": CHUNK, "more_body": self._left > 0}

    async def send(self, message: Message) -> None:
        self.seen.append(message["type"])


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def take(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["more_body"]:
        pass
    await refuse(scope, receive, send)


ANSWER = ["http.response.start", "http.response.body"]


async def test_an_unread_body_is_read_before_the_answer_goes_out() -> None:
    peer = Peer(3)
    await asgi.reading_bodies(refuse)(SCOPE, peer.receive, peer.send)
    assert peer.seen == ["chunk"] * 3 + ANSWER


async def test_a_body_that_was_read_is_not_waited_for_again() -> None:
    peer = Peer(2)
    await asgi.reading_bodies(take)(SCOPE, peer.receive, peer.send)
    assert peer.seen == ["chunk"] * 2 + ANSWER


async def test_an_endless_body_is_read_up_to_the_limit() -> None:
    peer = Peer(10**9)
    await asgi.reading_bodies(refuse)(SCOPE, peer.receive, peer.send)
    assert peer.seen.count("chunk") == asgi.DISCARD // len(CHUNK)
    assert peer.seen[-2:] == ANSWER


async def test_a_sender_that_left_is_not_waited_for() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    peer = Peer(0)
    await asgi.reading_bodies(refuse)(SCOPE, gone, peer.send)
    assert peer.seen == ANSWER
