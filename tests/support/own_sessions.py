"""Shared upstream sessions for tests of replicas in one loop."""

from collections.abc import Callable

from mcpgateway.data_plane.upstreams.sessions.shared_sessions import (
    NOTHING,
    Heard,
    Kept,
    News,
    SharedKey,
    SharedSession,
    Told,
)


class OwnSessions:
    """Implements SharedSessions in memory. What one replica tells, it hears itself too."""

    def __init__(self) -> None:
        self._heard: dict[SharedKey, list[Heard]] = {}
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

    def tell(self, key: SharedKey, news: News) -> None:
        for heard in list(self._heard.get(key, ())):
            heard(news)

    def hear(self, key: SharedKey, heard: Heard) -> Callable[[], None]:
        self._heard.setdefault(key, []).append(heard)
        return lambda: self._heard[key].remove(heard)
