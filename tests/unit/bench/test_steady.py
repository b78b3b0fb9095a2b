"""Requests at a constant rate: what is sent, when an answer is whole, and from when time runs."""

import socket
import threading

import pytest

from bench.messages import NUMBER
from bench.steady import Broken, complete, request, run
from bench.wrk import Load

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


def test_a_request_names_its_host_and_length() -> None:
    text = request(Load("/mcp", {"Accept": "a/b"}, "ä"), 4444)
    assert text == (
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:4444\r\nAccept: a/b\r\nContent-Length: 2\r\n\r\n"
        b"\xc3\xa4"
    )


@pytest.mark.parametrize("size", range(len(ANSWER)))
def test_a_part_of_an_answer_is_not_complete(size: int) -> None:
    assert not complete(bytearray(ANSWER[:size]))


def test_a_whole_answer_is_complete() -> None:
    assert complete(bytearray(ANSWER))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_answer_that_can_not_be_measured_is_an_error(answer: bytes) -> None:
    with pytest.raises(Broken):
        complete(bytearray(answer))


class Server:
    """Answers one connection, the first request only after a pause (seconds)."""

    def __init__(self, pause: float = 0.0) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.answered = 0
        self.received: list[bytes] = []
        self._pause = pause
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)
        self.listening.close()

    def _serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            while request := connection.recv(65536):
                self.received.append(request)
                if not self.answered:
                    threading.Event().wait(self._pause)
                self.answered += 1
                connection.sendall(ANSWER)


def test_every_request_is_sent_and_timed() -> None:
    with Server() as server:
        took = run(server.port, Load("/", {}), 1000, 0.05, connections=1)
    assert len(took) == server.answered == 50
    assert all(microseconds > 0 for microseconds in took)


def test_no_two_requests_are_the_same_where_the_load_says_so() -> None:
    with Server() as server:
        run(server.port, Load("/", {}, f'{{"id":{NUMBER}}}'), 1000, 0.02, connections=1)
    bodies = {request.partition(b"\r\n\r\n")[2] for request in server.received}
    assert bodies == {b'{"id":%d}' % (NUMBER + n) for n in range(1, 21)}


def test_a_pause_of_the_server_counts_for_all_requests_that_it_held_up() -> None:
    """On one connection, 50 requests are due within 0.05 s; the first is answered 0.1 s late."""
    with Server(pause=0.1) as server:
        took = run(server.port, Load("/", {}), 1000, 0.05, connections=1)
    assert sum(microseconds > 49_000 for microseconds in took) == 50


def test_a_server_that_closes_is_an_error() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    closing = threading.Thread(target=lambda: listening.accept()[0].close())
    closing.start()
    with pytest.raises((Broken, ConnectionError)):
        run(listening.getsockname()[1], Load("/", {}), 100, 0.1, connections=1)
    closing.join(30)
    listening.close()
