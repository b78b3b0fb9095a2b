"""Requests at a constant rate, which `wrk` can not send, and how long each was on its way.

Every request has a moment at which it is due, and its time runs from that moment, whether or not
a connection was free to send it then. So a pause of the server counts for all requests that it
held up, and not only for those that were under way (no coordinated omission).

Plain sockets and `select`, whose timeout is exact to the microsecond where the timers of event
loops are not.
"""

import gc
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.contract import Trouble
from bench.messages import NUMBER
from bench.wrk import Load


class Broken(Trouble):
    """The server closed a connection or answered something else than 200."""


@dataclass
class _Connection:
    sock: socket.socket
    due: float = 0.0  # when the request under way was to be sent
    received: bytearray = field(default_factory=bytearray)


def request(load: Load, port: int) -> bytes:
    """The bytes of one request."""
    body = load.body.encode()
    verb = "POST" if body else "GET"
    lines = [f"{verb} {load.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in load.headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(port: int, load: Load, rate: float, seconds: float, connections: int = 32) -> list[float]:
    """Microseconds of each request. Raises Broken."""
    text = request(load, port)
    idle = deque(_Connection(_dial(port)) for _ in range(connections))
    every = list(idle)
    gc.disable()
    try:
        with _first_in_line():
            return _Generator(text, idle, rate, round(rate * seconds)).run()
    finally:
        gc.enable()
        for one in every:
            one.sock.close()


@contextmanager
def _first_in_line() -> Iterator[None]:
    """Who shares our core gives way when something is due, where we may ask for that: waiting for
    the processor would count as the server's time."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (PermissionError, AttributeError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class _Generator:
    def __init__(self, text: bytes, idle: "deque[_Connection]", rate: float, total: int) -> None:
        self._parts = text.split(str(NUMBER).encode())  # what differs stood in between
        self._sent = 0
        self._idle = idle
        self._busy: dict[int, _Connection] = {}
        self._interval = 1 / rate
        self._total = total

    def run(self) -> list[float]:
        took: list[float] = []
        begun, sent = time.perf_counter() + 0.01, 0
        while len(took) < self._total:
            now = time.perf_counter()
            while sent < self._total and self._idle and begun + sent * self._interval <= now:
                self._send(begun + sent * self._interval)
                sent += 1
            due = begun + sent * self._interval if sent < self._total and self._idle else now + 1
            readable, _, _ = select.select(list(self._busy), [], [], max(0.0, due - now))
            for number in readable:
                self._read(number, took)
        return took

    def _send(self, due: float) -> None:
        connection = self._idle.popleft()
        connection.due = due
        self._sent += 1
        connection.sock.sendall((b"%d" % (NUMBER + self._sent)).join(self._parts))
        self._busy[connection.sock.fileno()] = connection

    def _read(self, number: int, took: list[float]) -> None:
        connection = self._busy[number]
        data = connection.sock.recv(65536)
        if not data:
            raise Broken("the server closed a connection")
        connection.received += data
        if complete(connection.received):
            took.append((time.perf_counter() - connection.due) * 1e6)
            connection.received.clear()
            del self._busy[number]
            self._idle.append(connection)


def complete(received: bytearray) -> bool:
    """Whether it is a whole answer, which has to have a Content-Length. Raises Broken."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    if not received.startswith(b"HTTP/1.1 200 "):
        raise Broken(f"answered {bytes(received[:200])!r}")
    lower = bytes(received[:head]).lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        raise Broken("answered without a Content-Length")
    length = int(lower[at + 17 :].partition(b"\r\n")[0])
    return len(received) >= head + 4 + length


def _dial(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
