"""Who calls, under which table: the first question of every exchange that is answered here."""

import re
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from mcpgateway.common.errors import GatewayError, Unauthenticated, Unavailable
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.challenges import WrongRequest, challenge, challenges, outside
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.edge.protected_resources import made_for
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator
from mcpgateway.data_plane.pipeline.admitting.authorize import admit
from mcpgateway.data_plane.pipeline.call import Caller

_ADMITTED = "admitted"  # in the notes of an exchange
_CALLER = "caller"  # in the notes of one that is admitted to no endpoint
_ANYBODY = Seen()
_IN_QUERY = re.compile(r"(^|&)(access_token|token|jwt)=", re.IGNORECASE)


CheckPlace = Callable[[Subject, Exchange], None]
"""Raises Denied."""


def _anywhere(subject: Subject, exchange: Exchange) -> None:
    """Nobody is refused."""


class Tables(Protocol):
    """Where the current table is."""

    @property
    def current(self) -> Table: ...


class Visit(NamedTuple):
    """`table` is pinned: the exchange sees no other."""

    table: Table
    caller: Caller


class Admission(NamedTuple):
    """A caller at one endpoint. `lines` has each header of the exchange once, the last one sent;
    what `head_prediction` lets differ may be that of an earlier request with the same head."""

    table: Table
    caller: Caller
    view: View
    lines: Mapping[bytes, bytes]


class Admitted(NamedTuple):
    """Who was let in, and to which endpoint: "" for that of everything."""

    caller: Caller
    server: str


def admitted(notes: Mapping[str, Any]) -> Admitted | None:
    """Whose an exchange is, by its notes; None when it was answered without asking."""
    noted: _Noted | None = notes.get(_ADMITTED)
    if noted is not None:
        return Admitted(noted.caller, noted.credentials.server)
    caller: Caller | None = notes.get(_CALLER)
    return None if caller is None else Admitted(caller, "")


class _Shown(NamedTuple):
    """All of a request that an admission depends on, beside the table and the time."""

    credentials: bytes | None
    user: str  # that a believed proxy names
    host: bytes | None  # a token may be made for one URL
    server: str


class _Noted(NamedTuple):
    """An admission that holds nothing of its table: an idle connection must not keep it."""

    credentials: _Shown
    table: weakref.ref[Table]
    caller: Caller
    view: weakref.ref[View]
    lines: Mapping[bytes, bytes]


class Callers:
    """Reads the credentials of requests.

    What was found for a head is noted with it, and for the connection. It holds for requests that
    repeat the head, or at least the credentials and the server, while the table is the very same
    and the credentials have not expired (measured: 5 us a call).
    """

    def __init__(
        self,
        tables: Tables,
        authenticator: Authenticator,
        seen: Seen = _ANYBODY,
        place: CheckPlace | None = None,
    ) -> None:
        """`place` refuses who comes from where, or when, the token is not for. It is asked with
        each request of a token that is so restricted."""
        self._tables = tables
        self._authenticator = authenticator
        self._seen = seen
        self._place = place or _anywhere

    def identify(self, exchange: Exchange, lines: Mapping[bytes, bytes]) -> Visit:
        """The caller of an exchange that goes to no MCP endpoint. `lines` has each header once.
        Raises Unavailable before the first table, Unauthenticated for credentials that are none,
        and InvalidCall for those that came in a wrong way."""
        visit = self._identify(exchange, self._shown(exchange, lines, ""))
        if visit.caller.resources:
            raise Unauthenticated(f"the token counts at {visit.caller.resources[0]} alone")
        self._place(visit.caller.subject, exchange)
        exchange.notes[_CALLER] = visit.caller
        return visit

    def admit(self, exchange: Exchange, server: str) -> Admission:
        """The caller of an exchange and its view of a virtual server, which the path names ("" for
        everything that it may see). Raises as `identify`, and NotFound."""
        noted: _Noted | None = exchange.notes.get(_ADMITTED)
        if noted is not None:
            admission = self._again(noted, noted.lines)
            if admission is not None:
                if noted.caller.subject.scope.guarded:
                    self._place(noted.caller.subject, exchange)
                return admission
        lines = dict(exchange.headers)
        shown = self._shown(exchange, lines, server)
        noted = exchange.kept.get(_ADMITTED)
        admission = None
        if noted is not None and noted.credentials == shown:
            admission = self._again(noted, lines)
        if admission is None:
            admission = self._admit(exchange, shown, lines)
        table, caller, view, _ = admission
        self._place(caller.subject, exchange)
        noted = _Noted(shown, weakref.ref(table), caller, weakref.ref(view), lines)
        exchange.notes[_ADMITTED] = exchange.kept[_ADMITTED] = noted
        return admission

    def refuse(self, exchange: Exchange, error: GatewayError) -> None:
        """Answer at an MCP endpoint, and say where the right credentials are to be had."""
        if not challenges(error):
            errors.refuse_caller(exchange, error)
            return
        offered = exchange.header(self._seen.header) is not None
        line = challenge(exchange, error, self._seen.base(exchange), offered=offered)
        errors.refuse_caller(exchange, error, (line,))

    def carries(self, exchange: Exchange) -> bool:
        """Whether it comes with credentials."""
        return exchange.header(self._seen.header) is not None

    def _shown(self, exchange: Exchange, lines: Mapping[bytes, bytes], server: str) -> _Shown:
        seen = self._seen
        user = seen.user(exchange, lines) if seen.user_header else ""
        return _Shown(lines.get(seen.header), user, lines.get(b"host"), server)

    def _identify(self, exchange: Exchange, shown: _Shown) -> Visit:
        table = self._tables.current
        if not table.registry:
            raise Unavailable("this replica has no routing table yet")
        if shown.credentials is None:
            if _IN_QUERY.search(exchange.query):
                raise WrongRequest("a token is sent in the Authorization header, never in the URL")
            if shown.user:
                return Visit(table, self._authenticator.named(shown.user, table))
        return Visit(table, self._authenticator.identify(shown.credentials, table))

    def _admit(self, exchange: Exchange, shown: _Shown, lines: Mapping[bytes, bytes]) -> Admission:
        table, caller = self._identify(exchange, shown)
        if caller.resources:
            base = self._seen.base(exchange)
            if not made_for(caller.resources, base, shown.server):
                raise Unauthenticated(
                    f"the token is made for another resource: {caller.resources[0]}"
                )
        lacking = outside(caller.subject.scope)
        if lacking is not None:
            raise lacking
        return Admission(table, caller, admit(table, caller, shown.server), lines)

    def _again(self, noted: _Noted, lines: Mapping[bytes, bytes]) -> Admission | None:
        """What was noted, if it still holds."""
        table, view = self._tables.current, noted.view()
        if noted.table() is not table or view is None:
            return None
        if not self._authenticator.holds(noted.caller):
            return None
        return Admission(table, noted.caller, view, lines)
