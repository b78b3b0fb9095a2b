"""The store that tests of several replicas share keeps the contract of the real one."""

import pytest

from mcpgateway.data_plane.upstreams.sessions.shared_sessions import SharedSessions
from support.own_sessions import OwnSessions
from support.shared_sessions import Contract


@pytest.fixture
def store() -> SharedSessions:
    return OwnSessions()


class TestOwnSessions(Contract):
    pass
