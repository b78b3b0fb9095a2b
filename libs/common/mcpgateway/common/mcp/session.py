"""Legacy session ids (`Mcp-Session-Id`) that hold the session themselves, sealed.

Any replica opens an id that any other made, so no session store is asked. The seal is bound to
the group, the virtual server and the principal: an id is worth nothing to anybody else, or on
another server. What changes during a session (its end) is not in the id and not kept here.
Pure: time and randomness are parameters.
"""

import msgspec

from mcpgateway.common import seal

LIFETIME = 24 * 3600  # seconds, from `initialize`; use does not prolong it
MAX_ID = 1024  # characters
ENTROPY = 12  # bytes of randomness in an id (96 bits)
_MAX_PLAIN = (MAX_ID * 3) // 4 - (1 + seal.NONCE_SIZE + 16)
_CLOCK_SKEW = 60  # seconds by which two replicas' clocks may differ


class SessionError(Exception):
    """An id that is foreign, damaged, expired, or was given to another principal."""


class Scope(msgspec.Struct, frozen=True, gc=False):
    """Where an id is good: `server` is "" for the endpoint of all tools, `principal` is subject
    and issuer, "" for anonymous."""

    cluster: str
    group: str
    server: str
    principal: str

    def context(self) -> bytes:
        return seal.context("session", self.cluster, self.group, self.server, self.principal)


class Session(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What `initialize` agreed on. `issued` is Unix seconds; `capabilities` and `info` are the
    client's, as JSON: only the id remembers what a client declared."""

    id: str
    revision: str
    issued: int
    capabilities: bytes = b"{}"
    info: bytes = b"{}"


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Session)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def seal_session(sealer: seal.Sealer, scope: Scope, session: Session, nonce: bytes) -> str:
    """At most MAX_ID characters: what does not fit is left out, client info first, then the
    capabilities' extras. `nonce` is 12 fresh random bytes."""
    for candidate in _ever_smaller(session):
        plain = _encode(candidate)
        if len(plain) <= _MAX_PLAIN:
            return seal.to_text(sealer.seal(plain, scope.context(), nonce))
    raise ValueError("a session without extras fits always")


def open_session(sealer: seal.Sealer, scope: Scope, text: str, now: float) -> Session:
    """Raises SessionError."""
    if len(text) > MAX_ID:
        raise SessionError(f"a session id has at most {MAX_ID} characters")
    try:
        plain = sealer.open(seal.from_text(text), scope.context())
        session = _decoder.decode(plain)
    except (seal.SealError, msgspec.DecodeError) as error:
        raise SessionError("not a session id of this server for this caller") from error
    if not session.issued - _CLOCK_SKEW <= now < session.issued + LIFETIME:
        raise SessionError("the session has expired")
    return session


_REVISION_LIMIT = 32


def _ever_smaller(session: Session) -> list[Session]:
    bare = msgspec.structs.replace(
        session, info=b"{}", revision=session.revision[:_REVISION_LIMIT], id=session.id[:64]
    )
    return [
        session,
        msgspec.structs.replace(session, info=b"{}"),
        msgspec.structs.replace(bare, capabilities=_names_only(session.capabilities)),
        msgspec.structs.replace(bare, capabilities=b"{}"),
    ]


def _names_only(capabilities: bytes) -> bytes:
    """The standard abilities without their extras; `experimental` is dropped."""
    members = _members.decode(capabilities)
    kept = {name: members[name] for name in ("elicitation", "roots", "sampling") if name in members}
    return msgspec.json.encode(kept)
