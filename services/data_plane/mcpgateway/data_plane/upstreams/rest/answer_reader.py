"""Reads the answers of a REST service whole, up to a bound."""

from abc import abstractmethod

from typing_extensions import override

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.rest.results import Answer
from mcpgateway.common.runtime.http.client import Receiver
from mcpgateway.data_plane.upstreams.message_reader import encoded

MAX_BODY = 8 * 1024 * 1024  # bytes of all answers to one call
_READ = frozenset(
    (
        b"content-type",
        b"content-encoding",
        b"location",
        b"retry-after",
        b"link",
        b"www-authenticate",
    )
)


class AnswerReader(Receiver):
    """Of one request after another; each answer ends in one of the methods below. `over` makes it
    deaf."""

    def __init__(self) -> None:
        self.over = False
        self._room = MAX_BODY
        self._status = 0
        self._headers: dict[bytes, str] = {}
        self._parts: list[bytes] = []

    @abstractmethod
    def answered(self, answer: Answer) -> None: ...

    @abstractmethod
    def lost(self, error: GatewayError) -> None:
        """There was no answer."""

    @abstractmethod
    def broken(self, said: str) -> None:
        """The answer can not be used, and is read no more."""

    @override
    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        self._parts.clear()
        found: dict[bytes, str] = {}
        for name, value in headers:
            if name not in _READ:
                continue
            text = value.decode("latin-1")
            if name == b"link" and name in found:
                found[name] += f", {text}"
            else:
                found.setdefault(name, text)
        self._headers = found
        if encoded(headers):
            kind = found[b"content-encoding"][:40]
            self._break_off(f"answered in the content encoding {kind!r}, asked for identity")

    @override
    def chunk(self, data: bytes) -> None:
        if self.over:
            return
        self._room -= len(data)
        if self._room < 0:
            self._break_off(f"answered with over {MAX_BODY} bytes; ask for less at once")
        else:
            self._parts.append(data)

    @override
    def done(self) -> None:
        if self.over:
            return
        header = self._headers.get
        body = b"".join(self._parts)
        self._parts.clear()
        self.answered(
            Answer(
                self._status,
                header(b"content-type", ""),
                body,
                header(b"location", ""),
                header(b"retry-after", ""),
                header(b"link", ""),
                header(b"www-authenticate", ""),
            )
        )

    @override
    def failed(self, error: GatewayError) -> None:
        if not self.over:
            self.lost(error)

    def _break_off(self, said: str) -> None:
        self.over = True
        self._parts.clear()
        self.broken(said)
