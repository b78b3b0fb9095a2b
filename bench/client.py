"""The few requests that set a measurement up, or are measured one by one. Blocking."""

import http.client
import json
import socket
from typing import Any, NamedTuple

from bench.contract import Trouble


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Failed(Trouble):
    """Another status than was asked for; the message holds the body."""


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int,
    path: str,
    headers: dict[str, str] | None = None,
    body: str | None = None,
    method: str = "",
) -> Answer:
    """On a connection of its own. Raises OSError and http.client.HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        verb = method or ("GET" if body is None else "POST")
        connection.request(verb, path, None if body is None else body.encode(), headers or {})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


def wanted(answer: Answer, *statuses: int) -> Any:
    """The JSON of it. Raises Failed for another status."""
    if answer.status not in (statuses or (200,)):
        raise Failed(f"{answer.status}: {answer.body[:500].decode(errors='replace')}")
    return json.loads(answer.body) if answer.body else None
