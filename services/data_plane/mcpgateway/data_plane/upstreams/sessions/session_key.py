"""Which requests share a session with a legacy upstream. Pure.

Shared sessions are one replica's; a client's own go on with other replicas, too (see
`shared_sessions`).

Rule 1: a session never serves two principals, nor, where it is shared, two sets of credentials.
Rule 2: a legacy client with a session of its own has its own session at each upstream.
Rule 3: an anonymous caller without a session gets one for the one call, since nobody can tell
strangers apart.
Rule 4: modern and stateless clients of one principal share a session if they speak the same
revision and can be asked the same.
Rule 5: a call in whose midst such a client may be asked something has its session for itself, so
that it is plain which call a question belongs to. Later calls take the session over.
"""

from hashlib import blake2b
from typing import NamedTuple

from mcpgateway.common.mcp.client_capabilities import NONE_DECLARED
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.mcp.questions import MAY_ASK
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.handshake import declared

# Headers of a call that say nothing of who calls.
_PER_CALL = frozenset({b"traceparent", b"tracestate", b"baggage", b"x-request-id"})


class SessionKey(NamedTuple):
    """Requests with equal keys may use one session, at once unless it is `exclusive`. `client` is
    the client's own session, "" where sessions are shared among a principal's clients; `declared`
    what those can be asked."""

    upstream: str
    url: str
    principal: str
    client: str
    credentials: bytes
    revision: str
    declared: bytes = NONE_DECLARED
    exclusive: bool = False

    @property
    def shared(self) -> bool:
        return self.client == ""


def session_key(request: UpstreamRequest) -> SessionKey | None:
    """The key of a request; None when its session is for this one call (rules at the top)."""
    client, upstream = request.client, request.upstream
    if not (client.session or client.principal):
        return None
    if client.session:
        return SessionKey(
            upstream.id, upstream.url, client.principal, client.session, b"", client.revision
        )
    declares = declared(request)
    return SessionKey(
        upstream.id,
        upstream.url,
        client.principal,
        client.session,
        _digest_of(request.headers),
        client.revision,
        declares,
        declares != NONE_DECLARED and request.method in MAY_ASK,
    )


def credentials_digest(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Of the headers that tell callers apart; equal for equal headers in the same order."""
    digest = blake2b(digest_size=16)
    for name, value in headers:
        if name not in _PER_CALL and not name.startswith(PARAM_PREFIX):
            digest.update(b"%d:%b=%d:%b" % (len(name), name, len(value), value))
    return digest.digest()


_NONE = credentials_digest(())


def _digest_of(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Most upstreams get none: 1 us less."""
    return credentials_digest(headers) if headers else _NONE
