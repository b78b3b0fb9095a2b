"""Client sessions of the legacy era, as one replica knows them.

The session itself is in its sealed id, so any replica serves it. Only its end is kept here, in
this process: after DELETE the id is 404 on this replica, and elsewhere until it expires (24 h).
"""

from collections import OrderedDict
from collections.abc import Callable

from mcpgateway.common import seal
from mcpgateway.common.mcp.session import (
    ENTROPY,
    LIFETIME,
    Scope,
    Session,
    SessionError,
    open_session,
    seal_session,
)
from mcpgateway.data_plane.pipeline.call import Caller

OPENED = 10_000  # opened ids; the least recently used goes and is opened again when it comes
ENDED = 100_000  # ended ids; when full the oldest is forgotten, and would be accepted again


class ClientSessions:
    """Makes, opens and ends session ids. `now` is Unix seconds, `entropy` draws random bytes."""

    def __init__(
        self,
        sealer: seal.Sealer,
        group: tuple[str, str],
        now: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`group` is (cluster, group)."""
        self._sealer = sealer
        self._group = group
        self._now = now
        self._entropy = entropy
        self._opened: OrderedDict[tuple[str, str, str], Session] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def create(
        self, server: str, caller: Caller, revision: str, capabilities: bytes, info: bytes
    ) -> str:
        """A new id for the `Mcp-Session-Id` header. `server` is "" for all tools."""
        session = Session(
            self._entropy(ENTROPY).hex(), revision, int(self._now()), capabilities, info
        )
        nonce = self._entropy(seal.NONCE_SIZE)
        return seal_session(self._sealer, self._scope(server, caller), session, nonce)

    def open(self, text: str, server: str, caller: Caller) -> Session:
        """Raises SessionError: foreign, expired or ended."""
        key = (text, server, caller.key)
        session = self._opened.get(key)
        if session is None:
            scope = self._scope(server, caller)
            session = open_session(self._sealer, scope, text, self._now())
            self._opened[key] = session
            if len(self._opened) > OPENED:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end(key)
            if self._now() >= session.issued + LIFETIME:
                raise SessionError("the session has expired")
        if session.id in self._ended:
            raise SessionError("the session was ended")
        return session

    def end(self, session: Session) -> None:
        self._ended[session.id] = None
        if len(self._ended) > ENDED:
            self._ended.popitem(last=False)

    def _scope(self, server: str, caller: Caller) -> Scope:
        cluster, group = self._group
        return Scope(cluster, group, server, caller.key)
