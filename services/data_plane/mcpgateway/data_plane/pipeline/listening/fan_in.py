"""Follows resources at upstreams for all who listen at this replica: what several of them follow
at one upstream in one auth context is one watch. Those of the gateway's own are followed in the
table.

URIs are the same on both sides, as in `resources/read`. Nothing here keeps a table or a call: each
new table is held against who follows what, so that nobody hears of a resource that is not offered
to them any more.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple
from zlib import crc32

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Key, Resource, Upstream
from mcpgateway.common.routing.offers import tells_of_resources
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Headers
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.listening.joined import Joined
from mcpgateway.data_plane.pipeline.listening.register import decides
from mcpgateway.data_plane.pipeline.listening.updates import Told
from mcpgateway.data_plane.pipeline.remote import client_of
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from mcpgateway.data_plane.pipeline.upstream_auth.passed_headers import shown_lines
from mcpgateway.data_plane.upstreams.request import Client, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_key import credentials_digest
from mcpgateway.data_plane.upstreams.targets import reached_by
from mcpgateway.data_plane.upstreams.watching import Tempo, Watch, Watcher

Watching = Callable[[UpstreamRequest, Watcher, Tempo], Watch]
"""`UpstreamClients.watch`."""

GROUPS = 16  # of principals that are followed for together at a modern upstream
REMEMBERED = 10_000  # refusals that are kept; full: all are forgotten, and asked for again


class Limits(NamedTuple):
    """`watches` of a replica, `per_upstream` of them at one, `uris` of one watch: what is over is
    not followed. `ready_seconds`: how long listeners wait for what upstreams say."""

    watches: int = 10_000
    per_upstream: int = 1_000
    uris: int = 10_000
    ready_seconds: float = 1.0


class _Place(NamedTuple):
    """Where something is followed. `reached` and `context` are what must be equal to share."""

    upstream: str
    reached: tuple[object, ...]
    context: tuple[object, ...]


class _Who(NamedTuple):
    """Who listens. `stored`: the principal is one of the table's; `server` is "" for everything."""

    subject: Subject
    stored: bool
    server: str
    client: Client
    headers: Headers


class SharedUpdates:
    """Implements `updates.Updates`. `unfollowed` counts URIs that were offered, and not followed
    for lack of room."""

    def __init__(
        self,
        watch: Watching,
        credentials: Credentials,
        limits: Limits = Limits(),  # noqa: B008 - a value
        tempo: Tempo = Tempo(),  # noqa: B008 - a value
    ) -> None:
        self.unfollowed = 0
        self.limits = limits
        self._watch = watch
        self._credentials = credentials
        self._tempo = tempo
        self._joined: dict[_Place, Joined] = {}
        self._at: dict[str, int] = {}  # watches by upstream
        self._refused: dict[_Place, Upstream] = {}
        self._followings: dict[_Following, None] = {}
        self._table: Callable[[], Table | None] = lambda: None

    @property
    def watches(self) -> int:
        return len(self._joined)

    def follow(self, call: Call, uris: frozenset[str], told: Told) -> "_Following":
        if self._table() is None:
            self._table = weakref.ref(call.table)
        following = _Following(self, told)
        following.want(call, uris)
        return following

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder; after that of the upstream clients, which then hand out
        no session that is another now."""
        self._table = weakref.ref(table)
        offers = touched is None or any(key.kind == "resource" for key in touched)
        ids = None if touched is None or decides(touched) else frozenset(key.id for key in touched)
        for following in list(self._followings):
            if following.is_touched(ids, offers=offers):
                following.reconsider(table)

    def close(self) -> None:
        for following in list(self._followings):
            following.close()
        for joined in list(self._joined.values()):
            joined.close()

    # For those who follow.

    def offers(self, who: _Who, uri: str) -> bool:
        """Whether they could read it now."""
        table = self._table()
        view = None if table is None else table.view(who.subject, who.server or None)
        return view is not None and view.resource(uri) is not None

    def keep(self, following: "_Following", *, kept: bool) -> None:
        if kept:
            self._followings[following] = None
        else:
            self._followings.pop(following, None)

    def place(self, who: _Who, table: Table, upstream: Upstream, own: object) -> Joined | None:
        """The watch for resources of an upstream; `own` tells apart who can not share at all.
        None: it does not tell, or can not be asked."""
        try:
            headers = self._lines(who, table, upstream)
            place = _Place(upstream.id, reached_by(upstream), _context(who, upstream, headers, own))
            if self._refused.get(place) == upstream:
                return None
            self._refused.pop(place, None)
            reached = self._credentials.reached(table, upstream)
            asking = UpstreamRequest(reached, who.client, 0, "", {}, tuple(headers))
            return self._joined.get(place) or self._begin(place, upstream, asking)
        except GatewayError:
            return None

    def _lines(self, who: _Who, table: Table, upstream: Upstream) -> Headers:
        own = self._credentials.lines(table, upstream, who.subject.id)
        return list(shown_lines(who.headers, upstream, own, self._credentials.own.header))

    def _begin(self, place: _Place, upstream: Upstream, request: UpstreamRequest) -> Joined | None:
        full = len(self._joined) >= self.limits.watches
        if full or self._at.get(upstream.id, 0) >= self.limits.per_upstream:
            self.unfollowed += 1
            return None
        joined = Joined(self.limits.uris, partial(self._over, place, upstream))
        joined.begin(self._watch(request, joined, self._tempo))
        self._joined[place] = joined
        self._at[upstream.id] = self._at.get(upstream.id, 0) + 1
        return joined

    def _over(
        self, place: _Place, upstream: Upstream, joined: Joined, refused: bool | None
    ) -> None:
        if self._joined.get(place) is joined:
            del self._joined[place]
            self._at[place.upstream] -= 1
            if not self._at[place.upstream]:
                del self._at[place.upstream]
        if refused is False:
            self.unfollowed += len(joined)
        elif refused:
            if len(self._refused) >= REMEMBERED:
                self._refused.clear()
            self._refused[place] = upstream


class _Following:
    """What one listener follows, and where. Implements `updates.Following`, `joined.Follower`."""

    def __init__(self, shared: SharedUpdates, told: Told) -> None:
        self._shared = shared
        self._told: Told | None = told
        self._who: _Who | None = None
        self._wanted: frozenset[str] = frozenset()  # what was offered when it was asked for
        self._places: dict[str, Joined] = {}
        self._own: dict[str, int] = {}  # marks of those that are the gateway's own
        self._depends: frozenset[str] = frozenset()
        self._owed: set[str] = set()  # told once they are followed: a change may be missed
        self._then: list[Callable[[], None]] = []
        self._late: asyncio.TimerHandle | None = None

    @property
    def uris(self) -> frozenset[str]:
        followed = {uri for uri, joined in self._places.items() if joined.follows(uri)}
        return frozenset(followed | self._own.keys())

    def ready(self, then: Callable[[], None]) -> None:
        if self._late is None:
            then()
        else:
            self._then.append(then)

    def want(self, call: Call, uris: frozenset[str]) -> None:
        if self._told is None:
            return
        self._who = _who(call)
        known = frozenset(self._places)
        self._wanted = uris
        self._decide(call.table, call.view)
        self._wanted &= self._places.keys() | self._own.keys()
        self._shared.keep(self, kept=bool(self._wanted))
        if not self._places.keys() <= known:
            self._wait()

    def close(self) -> None:
        self._told = None
        self._stop_waiting()
        self._then.clear()
        self._move({})
        self._shared.keep(self, kept=False)

    def is_touched(self, ids: frozenset[str] | None, *, offers: bool) -> bool:
        """Whether a new table may have changed what is followed; None: it is wholly new."""
        if ids is None or not self._depends.isdisjoint(ids):
            return True
        return offers and self._who is not None and not self._who.server

    def reconsider(self, table: Table) -> None:
        """Under a new table. What moves elsewhere may change meanwhile, and is told."""
        who = self._who
        if who is None:
            return
        if who.stored:
            subject = who.subject.renewed(table.principals)
            if subject is None:
                self._own = {}
                self._move({})
                return
            who = self._who = who._replace(subject=subject)
        before, before_own = dict(self._places), self._own
        self._decide(table, table.view(who.subject, who.server or None))
        moved = [uri for uri, joined in self._places.items() if before.get(uri) is not joined]
        self._owed.update(uri for uri in moved if not self._places[uri].covers(uri))
        for uri in moved:
            if self._places[uri].covers(uri):
                self.updated(uri, uri)
        for uri, mark in self._own.items():
            if before_own.get(uri) != mark:
                self.updated(uri, uri)

    # The follower.

    def updated(self, followed: str, uri: str) -> None:
        """A part is named to those alone who are offered it: who shares a watch with them, or
        follows the whole, may not know of it."""
        if self._told is None or self._who is None:
            return
        known = uri == followed or self._shared.offers(self._who, uri)
        self._told(uri if known else followed)

    def settled(self) -> None:
        for uri in [uri for uri in self._owed if self._is_covered(uri)]:
            self._owed.discard(uri)
            if self._places[uri].follows(uri):
                self.updated(uri, uri)
        if self._late is not None and all(map(self._is_covered, self._places)):
            self._go_on()

    def _is_covered(self, uri: str) -> bool:
        return uri in self._places and self._places[uri].covers(uri)

    def _decide(self, table: Table, view: View | None) -> None:
        """Where each of what is wanted is followed from now on; what is not offered, nowhere."""
        who = self._who
        assert who is not None
        at: dict[str, Joined | None] = {}
        offered = _offered(view, self._wanted)
        depends = {who.server, who.subject.id}
        depends |= {each.id for each in offered.values()}
        places: dict[str, Joined] = {}
        self._own = {uri: _mark(each) for uri, each in offered.items() if not each.upstream}
        for uri, resource in offered.items():
            upstream = table.upstreams.get(resource.upstream)
            if upstream is None:
                continue
            depends |= {upstream.id, upstream.credential}
            if upstream.id not in at:
                tells = tells_of_resources(upstream)
                at[upstream.id] = self._shared.place(who, table, upstream, self) if tells else None
            joined = at[upstream.id]
            if joined is not None:
                places[uri] = joined
        self._depends = frozenset(depends - {""})
        self._move(places)

    def _move(self, places: dict[str, Joined]) -> None:
        """Joins before it leaves, so that no watch ends between."""
        before = self._places
        for uri, joined in list(places.items()):
            if before.get(uri) is not joined and not joined.join(self, uri):
                self._shared.unfollowed += 1
                del places[uri]
        self._places = places
        for uri, joined in before.items():
            if places.get(uri) is not joined:
                joined.leave(self, uri)
        self._owed &= places.keys()

    def _wait(self) -> None:
        self._stop_waiting()
        if all(map(self._is_covered, self._places)):
            self._release()
            return
        seconds = self._shared.limits.ready_seconds
        self._late = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._owed.update(uri for uri in self._places if not self._is_covered(uri))
        self._go_on()

    def _go_on(self) -> None:
        self._stop_waiting()
        self._release()

    def _release(self) -> None:
        waiting, self._then = self._then, []
        for then in waiting:
            then()

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _offered(view: View | None, uris: Iterable[str]) -> dict[str, Resource]:
    if view is None:
        return {}
    found = {uri: view.resource(uri) for uri in sorted(uris)}
    return {uri: resource for uri, resource in found.items() if resource is not None}


def _mark(own: Resource) -> int:
    """Another one for another content."""
    return hash((own.id, own.content, own.definition))


def _who(call: Call) -> _Who:
    subject = call.caller.subject
    stored = subject.stored(call.table.principals)
    client = client_of(call)
    if call.session is None:
        # Of a modern client only what it may be shown counts: it is not asked anything here.
        client = Client(client.era, client.revision, client.principal)
    return _Who(subject, stored, call.view.server_id, client, call.exchange.headers)


def _context(
    who: _Who, upstream: Upstream, headers: Iterable[tuple[bytes, bytes]], own: object
) -> tuple[object, ...]:
    """What an upstream knows of who follows. To a modern one that is the header lines; principals
    with the same ones share by groups, so that who follows very much crowds out few. At a legacy
    one it is also the session: a client's own, or the principal's; strangers have none together."""
    digest, client = credentials_digest(tuple(headers)), who.client
    if upstream.era == "modern" and upstream.transport != "SSE":
        return (digest, crc32(client.principal.encode()) % GROUPS)
    if client.session:
        return (digest, client.principal, client.session)
    return (digest, client.principal or own, "")
