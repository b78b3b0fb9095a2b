"""A connection whose bytes an application takes as they come, after an upgrade (RFC 9110 7.8) that
somebody else has agreed to: see `Exchange.pass_on`."""

from typing import Protocol


class PassageListener(Protocol):
    """What an application gives to the connection."""

    def data(self, data: bytes) -> None:
        """Bytes of the peer."""

    def writable(self, writable: bool) -> None:
        """Whether the peer takes what is written as fast as it comes."""

    def closed(self) -> None:
        """Once; nothing comes after it, whoever ended the connection."""


class Passage(Protocol):
    """The open connection."""

    def write(self, data: bytes) -> None:
        """Sent on at once. Never blocks: see `PassageListener.writable`."""

    def read(self, wanted: bool) -> None:
        """Whether bytes are to come."""

    def close(self) -> None:
        """When what is written is out. `closed` follows at once."""
