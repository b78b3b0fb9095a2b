"""Who calls, under which table: the first question of every exchange that is answered here."""

import weakref
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.authenticate import Authenticator
from mcpgateway.data_plane.pipeline.authorize import admit
from mcpgateway.data_plane.pipeline.call import Caller

_ADMITTED = "admitted"  # in the notes of an exchange


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


class _Noted(NamedTuple):
    """An admission that holds nothing of its table: an idle connection must not keep it."""

    credentials: tuple[bytes | None, str]  # the Authorization header and the server's id
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

    def __init__(self, tables: Tables, authenticator: Authenticator) -> None:
        self._tables = tables
        self._authenticator = authenticator

    def identify(self, lines: Mapping[bytes, bytes]) -> Visit:
        """`lines` has each header once. Raises Unavailable before the first table, and
        Unauthenticated for credentials that are none."""
        table = self._tables.current
        if not table.registry:
            raise Unavailable("this replica has no routing table yet")
        return Visit(table, self._authenticator.identify(lines.get(b"authorization"), table))

    def admit(self, exchange: Exchange, server: str) -> Admission:
        """The caller of an exchange and its view of a virtual server, which the path names ("" for
        everything that it may see). Raises as `identify`, and NotFound."""
        noted: _Noted | None = exchange.notes.get(_ADMITTED)
        if noted is not None:
            admission = self._again(noted, noted.lines)
            if admission is not None:
                return admission
        lines = dict(exchange.headers)
        credentials = (lines.get(b"authorization"), server)
        noted = exchange.kept.get(_ADMITTED)
        admission = None
        if noted is not None and noted.credentials == credentials:
            admission = self._again(noted, lines)
        if admission is None:
            table, caller = self.identify(lines)
            admission = Admission(table, caller, admit(table, caller, server), lines)
        table, caller, view, _ = admission
        noted = _Noted(credentials, weakref.ref(table), caller, weakref.ref(view), lines)
        exchange.notes[_ADMITTED] = exchange.kept[_ADMITTED] = noted
        return admission

    def _again(self, noted: _Noted, lines: Mapping[bytes, bytes]) -> Admission | None:
        """What was noted, if it still holds."""
        table, view = self._tables.current, noted.view()
        if noted.table() is not table or view is None:
            return None
        if not self._authenticator.holds(noted.caller):
            return None
        return Admission(table, noted.caller, view, lines)
