"""The resources that several listeners follow at one upstream in one auth context, as one watch."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from mcpgateway.data_plane.upstreams.watching import Watch

DEBOUNCE = 0.02  # seconds that more changes of what is followed are waited for
MAX_TEXT = 256 * 1024  # characters of all URIs of one watch: they go out in one request

_MARK = re.compile("[/#?]")


class Follower(Protocol):
    """Who follows some of the resources."""

    def updated(self, followed: str, uri: str) -> None:
        """What is followed has changed, or may have: itself, or the part of it at `uri`."""

    def settled(self) -> None:
        """The upstream has said what it tells; see `Joined.covers` and `Joined.follows`."""


class Joined:
    """Implements `upstreams.watching.Watcher`. `over` is called once, when nobody follows here any
    more or the upstream refuses, with whether it does so for good (None: it does not)."""

    def __init__(self, limit: int, over: Callable[["Joined", bool | None], None]) -> None:
        """`limit`: of URIs; one more is not followed, nor one that makes them too long together."""
        self._limit = limit
        self._text = 0
        self._over: Callable[[Joined, bool | None], None] | None = over
        self._watch: Watch | None = None
        self._by_uri: dict[str, dict[Follower, None]] = {}
        self._asked: frozenset[str] = frozenset()
        self._honoured: frozenset[str] = frozenset()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._by_uri)

    def begin(self, watch: Watch) -> None:
        """Call once, before anybody joins."""
        self._watch = watch

    def join(self, follower: Follower, uri: str) -> bool:
        """Whether there was room."""
        followers = self._by_uri.get(uri)
        if followers is None:
            full = len(self._by_uri) >= self._limit or self._text + len(uri) > MAX_TEXT
            if full or self._over is None:
                return False
            self._text += len(uri)
            followers = self._by_uri[uri] = {}
            self._plan()
        followers[follower] = None
        return True

    def leave(self, follower: Follower, uri: str) -> None:
        followers = self._by_uri.get(uri)
        if followers is None:
            return
        followers.pop(follower, None)
        if not followers:
            del self._by_uri[uri]
            self._text -= len(uri)
            self._plan()

    def followers(self, uri: str) -> list[Follower]:
        return list(self._by_uri.get(uri, ()))

    def covers(self, uri: str) -> bool:
        """Whether the upstream has said if it tells of this one."""
        return self._over is None or uri in self._asked

    def follows(self, uri: str) -> bool:
        """Whether it tells of it, as far as is known."""
        return self._over is not None and (uri not in self._asked or uri in self._honoured)

    def close(self) -> None:
        """Nobody is told any more."""
        self._by_uri.clear()
        self._end(None)

    # The watcher.

    def standing(self, asked: frozenset[str], honoured: frozenset[str], *, gap: bool) -> None:
        missed = honoured & self._honoured if gap else frozenset[str]()
        self._asked, self._honoured = asked, honoured
        for uri in missed:
            for follower in list(self._by_uri.get(uri, ())):
                follower.updated(uri, uri)
        self._settle()

    def updated(self, uri: str) -> None:
        followers = dict.fromkeys(self._by_uri.get(uri, ()), uri)
        for whole in _wholes(uri):
            for follower in self._by_uri.get(whole, ()):
                followers.setdefault(follower, whole)
        for follower, followed in followers.items():
            follower.updated(followed, uri)

    def refused(self, *, lasting: bool) -> None:
        self._end(lasting)
        self._settle()
        self._by_uri.clear()

    def _settle(self) -> None:
        followers = {each: None for of_uri in self._by_uri.values() for each in of_uri}
        for follower in followers:
            follower.settled()

    def _plan(self) -> None:
        """The first wish goes out in this turn of the loop, so that one listener's resources are
        all in it."""
        if self._timer is None and self._over is not None:
            wait = DEBOUNCE if self._asked else 0.0
            self._timer = asyncio.get_running_loop().call_later(wait, self._apply)

    def _apply(self) -> None:
        self._timer = None
        if not self._by_uri:
            self._end(None)
        elif self._watch is not None:
            self._watch.want(frozenset(self._by_uri))

    def _end(self, refused: bool | None) -> None:
        over, self._over = self._over, None
        if over is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._watch is not None:
            self._watch.close()
        over(self, refused)


def _wholes(uri: str) -> Iterator[str]:
    """What an upstream may have been asked for that tells of this one: resources that it is a part
    of, as far as its first 2,048 characters show."""
    for mark in _MARK.finditer(uri, 0, 2048):
        yield uri[: mark.start()]
        if mark[0] == "/" and mark.end() < len(uri):
            yield uri[: mark.end()]
