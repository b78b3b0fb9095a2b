"""What replicas share of the sessions that legacy clients have with legacy upstreams.

A client's next request may reach another replica, which goes on with the same upstream session:
its id is kept under (client session, upstream). Here are the port and the record; the store is
given by the composition root.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec


class SharedKey(NamedTuple):
    """`client` is the id of the client's session, `upstream` the upstream's."""

    client: str
    upstream: str


class SharedSession(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A session as an upstream knows it. `url`: where it was opened; it is worth nothing at
    another. `id` is the header value, `revision` the one that was agreed on."""

    id: bytes
    revision: str
    url: str


class Kept(NamedTuple):
    """`version` names what is stored, for `replace` and `drop`; 0 when nothing is."""

    session: SharedSession | None
    version: int


NOTHING = Kept(None, 0)


class News(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Many upstreams have one stream that belongs to no call (GET) for each session, and the
    replica that has it need not be the one that follows resources. `updated` is what it heard of,
    "" for nothing; `free`: it has the stream no more."""

    updated: str = ""
    free: bool = False


Heard = Callable[[News], None]

Told = Callable[[Kept], None]
"""Called once, in the loop, perhaps before the method that was given it returns."""


class SharedSessions(Protocol):
    """The first to create or replace wins; who comes later is told the winner's session and ends
    its own. With the store out of reach everybody goes on alone: nothing is found, and every
    writer wins, with version 0."""

    def find(self, key: SharedKey, found: Told) -> None:
        """NOTHING when there is none, or the store did not answer within a second."""

    def create(self, key: SharedKey, session: SharedSession, done: Told) -> None:
        """Tells which session is stored now: this one, or the one of who was first."""

    def replace(self, key: SharedKey, session: SharedSession, version: int, done: Told) -> None:
        """As `create`, in the place of a lost session that was found under that version."""

    def drop(self, key: SharedKey, version: int) -> None:
        """The session has ended. No effect when another version is stored by now."""

    def tell(self, key: SharedKey, news: News) -> None:
        """To the other replicas, without waiting; lost where they are out of reach."""

    def hear(self, key: SharedKey, heard: Heard) -> Callable[[], None]:
        """What others tell of a session, until what is returned is called. Of several the last
        one hears."""
