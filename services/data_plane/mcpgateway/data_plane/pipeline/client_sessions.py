"""Client sessions of the legacy era.

The session itself is in its sealed id, so any replica serves it. What changes in it (its end, and
what a client asks for later) is in `parked.session_state`: read once by each replica that gets a
request of the session, before that request is served.
"""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.session import (
    ENTROPY,
    LIFETIME,
    Scope,
    Session,
    SessionError,
    open_session,
    seal_session,
)
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.pipeline.call import Caller

OPENED = 10_000  # opened ids; the least recently used goes and is opened again when it comes
_FITS = 256  # bytes of capabilities that go into an id whole, whatever else is in it


class ClientSessions:
    """Makes, opens and ends session ids. `now` is Unix seconds, `entropy` draws random bytes."""

    def __init__(
        self,
        sealer: seal.Sealer,
        group: tuple[str, str],
        states: SessionStates,
        now: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`group` is (cluster, group)."""
        self._sealer = sealer
        self._group = group
        self._states = states
        self._now = now
        self._entropy = entropy
        self._opened: OrderedDict[tuple[str, str, str], Session] = OrderedDict()

    def create(
        self, server: str, caller: Caller, revision: str, capabilities: bytes, info: bytes
    ) -> str:
        """A new id for the `Mcp-Session-Id` header. `server` is "" for all tools. Of a client that
        nobody knows no more is kept than the id holds."""
        session = Session(
            self._entropy(ENTROPY).hex(), revision, int(self._now()), capabilities, info
        )
        scope, nonce = self._scope(server, caller), self._entropy(seal.NONCE_SIZE)
        text = seal_session(self._sealer, scope, session, nonce)
        left_out = self._left_out(scope, text, session) if caller.key else b""
        self._states.created(session.id, left_out)
        return text

    def waits(self, text: str, server: str, caller: Caller, again: Callable[[], None]) -> bool:
        """Whether a request of a session has to wait until this replica knows what changed in it:
        then `again` is called once it does, or in vain has tried to find out."""
        try:
            session = self._opened_or_open(text, server, caller)
        except SessionError:
            return False  # which `open` will raise
        if self._states.known(session.id):
            return False
        self._states.learn(session.id, again)
        return True

    def open(self, text: str, server: str, caller: Caller) -> Session:
        """Raises SessionError: foreign, expired or ended."""
        session = self._opened_or_open(text, server, caller)
        if self._states.ended(session.id):
            raise SessionError("the session was ended")
        declared = self._states.state(session.id).capabilities
        if declared and declared != session.capabilities:
            session = msgspec.structs.replace(session, capabilities=declared)
            self._opened[(text, server, caller.key)] = session
        return session

    def end(self, session: Session, done: Callable[[], None]) -> None:
        """From now on its id is refused here; calls back when the other replicas were told."""
        self._states.end(session.id, done)

    def set_level(
        self, session: Session, level: str, done: Callable[[GatewayError | None], None]
    ) -> None:
        """Calls back when every replica finds it, or with why it could not be kept."""
        self._states.set_level(session.id, level, done)

    def _opened_or_open(self, text: str, server: str, caller: Caller) -> Session:
        key = (text, server, caller.key)
        session = self._opened.get(key)
        if session is not None:
            self._opened.move_to_end(key)
            if self._now() >= session.issued + LIFETIME:
                raise SessionError("the session has expired")
            return session
        session = open_session(self._sealer, self._scope(server, caller), text, self._now())
        self._opened[key] = session
        if len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        return session

    def _left_out(self, scope: Scope, text: str, session: Session) -> bytes:
        """The capabilities when the id does not hold all of them, else nothing."""
        if len(session.capabilities) <= _FITS:
            return b""
        kept = open_session(self._sealer, scope, text, self._now())
        return b"" if kept.capabilities == session.capabilities else session.capabilities

    def _scope(self, server: str, caller: Caller) -> Scope:
        cluster, group = self._group
        return Scope(cluster, group, server, caller.key)
