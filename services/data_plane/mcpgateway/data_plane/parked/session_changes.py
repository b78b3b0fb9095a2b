"""What can change in a client's session, and how. Pure."""

from collections.abc import Callable

import msgspec

from mcpgateway.common.errors import GatewayError, LimitExceeded

URIS = 1_000  # subscribed in one session
URI_BYTES = 64 * 1024  # of all of them
ANONYMOUS_URI_BYTES = 4 * 1024  # of all of a client's that nobody knows

Done = Callable[[GatewayError | None], None]
"""Called once, in the loop, with why it could not be written."""


class SessionState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`level`: the least severe log messages wanted, "" when never said. `capabilities`: JSON of
    what the client declared when it does not fit into the session's id, else empty."""

    ended: bool = False
    level: str = ""
    uris: tuple[str, ...] = ()
    capabilities: bytes = b""


NEW = SessionState()

Change = Callable[[SessionState], SessionState]


class Results:
    """Of changes in a row, each applied to what the one before made."""

    def __init__(self, state: SessionState) -> None:
        self.state = state
        self._told: list[tuple[Done, GatewayError | None]] = []

    def apply(self, change: Change, done: Done) -> None:
        try:
            self.state = change(self.state)
        except GatewayError as error:
            self._told.append((done, error))
        else:
            self._told.append((done, None))

    def tell(self) -> None:
        for done, error in self._told:
            done(error)


def apply_all(state: SessionState, changes: list[tuple[Change, Done]]) -> Results:
    results = Results(state)
    for change, done in changes:
        results.apply(change, done)
    return results


def end_of(state: SessionState) -> SessionState:
    """The rest matters no more."""
    return SessionState(ended=True)


def with_capabilities(capabilities: bytes, state: SessionState) -> SessionState:
    return msgspec.structs.replace(state, capabilities=capabilities)


def with_uri(uri: str, state: SessionState, room: int = URI_BYTES) -> SessionState:
    if uri in state.uris:
        return state
    size = sum(len(each.encode()) for each in (*state.uris, uri))
    if len(state.uris) >= URIS or size > room:
        raise LimitExceeded(
            f"a session may subscribe to {URIS} resources whose URIs have {room} bytes in all"
        )
    return msgspec.structs.replace(state, uris=(*state.uris, uri))


def without_uri(uri: str, state: SessionState) -> SessionState:
    return msgspec.structs.replace(state, uris=tuple(each for each in state.uris if each != uri))
