"""The gateway as the suite meets it: two replicas behind a balancer without affinity."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.offering import offer
from support.balancer import balancer
from support.suite import Suite, running_suite

REPLICAS = 2


@dataclass(frozen=True, slots=True)
class Gateway:
    """`origin` is the balancer's; the suite insists on `localhost` in it."""

    suite: Suite
    origin: str

    async def offer(self, name: str, url: str) -> str:
        """Returns the URL at which the upstream is offered."""
        async with self.suite.http() as http:
            return self.origin + (await offer(http, name, url)).path


@asynccontextmanager
async def gateway(folder: Path, replicas: int = REPLICAS) -> AsyncIterator[Gateway]:
    """Starts it with its data in `folder`."""
    async with (
        running_suite(folder, "--replicas", str(replicas)) as suite,
        balancer(await _addresses(suite)) as address,
    ):
        yield Gateway(suite, f"http://localhost:{address.rpartition(':')[2]}")


async def _addresses(suite: Suite) -> list[str]:
    """Where each replica listens by itself."""
    async with suite.http() as http:
        answer = await http.get("/replicas")
    return [each["address"].removeprefix("http://") for each in answer.json()["replicas"]]
