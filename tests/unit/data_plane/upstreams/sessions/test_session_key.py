"""What makes two requests share a session, besides who calls (see the pool's properties)."""

import msgspec

from mcpgateway.data_plane.upstreams.sessions.session_key import credentials_digest, session_key
from support.sinks import LEGACY, ask, upstream


def test_a_changed_address_of_the_upstream_needs_a_new_session() -> None:
    moved = msgspec.structs.replace(upstream("legacy"), url="http://other/mcp")
    assert session_key(ask(moved, LEGACY)) != session_key(ask(upstream("legacy"), LEGACY))


def test_only_headers_that_say_who_calls_tell_sessions_apart() -> None:
    plain = ((b"x-tenant", b"1"),)
    per_call = ((b"traceparent", b"00-1"), (b"mcp-param-region", b"eu"))
    assert credentials_digest(plain + per_call) == credentials_digest(plain)
    assert credentials_digest(((b"x-tenant", b"2"),)) != credentials_digest(plain)
    assert credentials_digest(((b"a", b"bc"),)) != credentials_digest(((b"ab", b"c"),))
