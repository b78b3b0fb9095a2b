"""A WebSocket (RFC 6455) as an application sees it: whole text messages, both ways.

How it comes about is the door's: an application asks its exchange to become one
(`Exchange.websocket`).
"""

from collections.abc import Callable
from typing import Protocol

NORMAL, GOING_AWAY, POLICY, TOO_BIG, FAILED = 1000, 1001, 1008, 1009, 1011


class WebSocketListener(Protocol):
    """What an application gives to its socket."""

    def message(self, text: bytes) -> None:
        """A whole message, UTF-8. A binary message comes as its bytes."""

    def closed(self) -> None:
        """Once; nothing comes after it, whoever ended the connection."""


class WebSocket(Protocol):
    """The open socket. Pings and their answers are its own business. `said`: with which code and
    reason the peer closed it; None when it did not, or went without a word."""

    @property
    def said(self) -> tuple[int, str] | None: ...

    def send(self, text: bytes) -> None:
        """One text message. Never blocks: see `writable`. No effect once it is closed. A peer for
        which too much waits unsent is cut off."""

    def send_binary(self, data: bytes) -> None:
        """One binary message, otherwise as `send`."""

    def close(self, code: int, reason: str = "") -> None:
        """Say why and go; `closed` follows at once. `reason` is at most 123 bytes."""

    @property
    def writable(self) -> bool:
        """False while the peer reads too slowly."""

    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        """Be told when `writable` changes."""
