"""One session: who waits for it."""

from mcpgateway.common.errors import GatewayError, Unavailable
from support.sinks import LEGACY, ask, upstream
from support.upstream_sessions import Remembered


def test_who_comes_after_the_death_of_a_session_hears_why() -> None:
    session = Remembered(None, ask(upstream("legacy"), LEGACY))
    heard: list[GatewayError | None] = []
    session.when_open(heard.append)
    session.close()
    session.when_open(heard.append)
    assert [type(error) for error in heard] == [Unavailable, Unavailable]
