"""A control plane on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from support.control_plane import Plane, open_plane


@pytest.fixture
async def plane(registry: str) -> AsyncIterator[Plane]:
    async with open_plane(registry) as opened:
        yield opened
