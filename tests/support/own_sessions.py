"""Shared upstream sessions for tests of replicas in one loop."""

from mcpgateway.data_plane.upstreams.shared_sessions import (
    NOTHING,
    Kept,
    SharedKey,
    SharedSession,
    Told,
)


class OwnSessions:
    """Implements SharedSessions in memory."""

    def __init__(self) -> None:
        self._kept: dict[SharedKey, Kept] = {}
        self._version = 0

    def find(self, key: SharedKey, found: Told) -> None:
        found(self._kept.get(key, NOTHING))

    def create(self, key: SharedKey, session: SharedSession, done: Told) -> None:
        self.replace(key, session, 0, done)

    def replace(self, key: SharedKey, session: SharedSession, version: int, done: Told) -> None:
        if self._kept.get(key, NOTHING).version in (0, version):
            self._version += 1
            self._kept[key] = Kept(session, self._version)
        done(self._kept[key])

    def drop(self, key: SharedKey, version: int) -> None:
        if self._kept.get(key, NOTHING).version == version:
            self._kept.pop(key, None)
