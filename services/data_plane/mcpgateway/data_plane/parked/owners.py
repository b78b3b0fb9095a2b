"""The replicas of a group to each other: requests that another one must answer, notes to all."""

from collections.abc import Callable
from typing import Protocol

from mcpgateway.common.runtime.http.exchange import Exchange

NoteListener = Callable[[bytes], None]
"""Gets the body of a note, in the loop; must be quick."""


class Owners(Protocol):
    """`replica` is the own id."""

    replica: str

    def hand_over(self, exchange: Exchange, owner: str, gone: Callable[[], None]) -> None:
        """Answer this exchange by running it on its owner. `gone` is called instead, before
        anything was answered, when there is no such replica (any more): the caller then answers
        in the words of its protocol. An owner that goes away later breaks the response off."""

    def tell_all(self, kind: str, body: bytes) -> None:
        """To all other replicas, without waiting; lost where NATS is away. `kind` is 1-32 of
        a-z and `-`."""

    def on_note(self, kind: str, listener: NoteListener) -> None:
        """Who hears the other replicas' notes of a kind."""


class Alone:
    """Owners for a replica without NATS: nobody else is there."""

    def __init__(self, replica: str) -> None:
        self.replica = replica

    def hand_over(self, exchange: Exchange, owner: str, gone: Callable[[], None]) -> None:
        gone()

    def tell_all(self, kind: str, body: bytes) -> None:
        pass

    def on_note(self, kind: str, listener: NoteListener) -> None:
        pass
