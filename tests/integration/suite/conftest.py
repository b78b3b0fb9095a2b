"""One suite for the tests of a module: starting it is what costs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.suite import Suite, running_suite
from support.two_replicas import Gateway, two_replicas


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """The whole suite with two replicas, and nothing registered."""
    data: Path = tmp_path_factory.mktemp("suite") / "data"
    async with running_suite(data, "--replicas", "2") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """Two replicas behind a balancer, with an upstream of each era."""
    async with two_replicas(tmp_path_factory.mktemp("suite") / "data") as running:
        yield running
