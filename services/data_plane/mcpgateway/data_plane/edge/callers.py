"""Who calls, under which table: the first question of every exchange that is answered here."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.authenticate import Authenticator
from mcpgateway.data_plane.pipeline.call import Caller


class Tables(Protocol):
    """Where the current table is."""

    @property
    def current(self) -> Table: ...


class Visit(NamedTuple):
    """`table` is pinned: the exchange sees no other."""

    table: Table
    caller: Caller


class Callers:
    """Reads the credentials of requests."""

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
