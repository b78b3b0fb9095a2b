"""One legacy client's session with one upstream, which goes on wherever that client's next request
arrives. Says what is stored; knows no upstream."""

from collections.abc import Callable

from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import (
    Heard,
    Kept,
    News,
    SharedKey,
    SharedSession,
    SharedSessions,
)


def continued(store: SharedSessions | None, key: SessionKey | None, url: str) -> "Continued | None":
    """None for a session that is no client's own, and where there are no other replicas."""
    if store is None or key is None or key.shared:
        return None
    return Continued(store, SharedKey(key.client, key.upstream), url)


class Continued:
    """`url` is where the upstream is now: a session that was opened elsewhere is not gone on
    with."""

    def __init__(self, store: SharedSessions, key: SharedKey, url: str) -> None:
        self._store = store
        self._key = key
        self._url = url
        self._version = 0
        self._lost = b""
        self._deaf: Callable[[], None] | None = None

    def succeed(self, lost: bytes) -> None:
        """The upstream does not know this session id any more."""
        self._lost = lost

    def find(self, found: Callable[[SharedSession | None], None]) -> None:
        """The session to go on with, None when there is none (any more)."""

        def looked_up(kept: Kept) -> None:
            self._version = kept.version
            session = kept.session
            if session is not None and (session.url != self._url or session.id == self._lost):
                session = None
            found(session)

        self._store.find(self._key, looked_up)

    def keep(self, id: bytes, revision: str, stored: Callable[[SharedSession], None]) -> None:
        """Store a session that was just opened; tells which one to go on with: this one, or that
        of who was quicker."""
        own = SharedSession(id, revision, self._url)

        def done(kept: Kept) -> None:
            self._version = kept.version
            stored(kept.session or own)

        if self._version:
            self._store.replace(self._key, own, self._version, done)
        else:
            self._store.create(self._key, own, done)

    def tell(self, news: News) -> None:
        """To the replicas that have this session too."""
        self._store.tell(self._key, news)

    def hear(self, heard: Heard) -> None:
        """From them, until `leave`."""
        self.leave()
        self._deaf = self._store.hear(self._key, heard)

    def leave(self) -> None:
        """Nothing of it is heard any more."""
        deaf, self._deaf = self._deaf, None
        if deaf is not None:
            deaf()

    def drop(self) -> None:
        """The session has ended."""
        self._store.drop(self._key, self._version)
