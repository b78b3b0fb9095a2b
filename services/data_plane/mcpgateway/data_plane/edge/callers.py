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
    Content-Length may be that of an earlier request with the same head."""

    table: Table
    caller: Caller
    view: View
    lines: Mapping[bytes, bytes]


class _Noted(NamedTuple):
    """An admission that holds nothing of its table: an idle connection must not keep it."""

    table: weakref.ref[Table]
    caller: Caller
    view: weakref.ref[View]
    lines: Mapping[bytes, bytes]


class Callers:
    """Reads the credentials of requests.

    What was found for a head is noted with it, and holds for requests that repeat the head while
    the table is the very same and the credentials have not expired (measured: 5 us a call).
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
            table, view = noted.table(), noted.view()
            if (
                table is self._tables.current
                and view is not None
                and self._authenticator.holds(noted.caller)
            ):
                return Admission(table, noted.caller, view, noted.lines)
        lines = dict(exchange.headers)
        table, caller = self.identify(lines)
        view = admit(table, caller, server)
        noted = _Noted(weakref.ref(table), caller, weakref.ref(view), lines)
        exchange.notes[_ADMITTED] = noted
        return Admission(table, caller, view, lines)
