"""The gateway as the suite meets it: two replicas behind a balancer without affinity."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.balancer import balancer
from support.suite import Suite, running_suite

REPLICAS = 2
KINDS = ("tools", "prompts", "resources")


@asynccontextmanager
async def gateway(folder: Path, replicas: int = REPLICAS) -> AsyncIterator["Gateway"]:
    """Starts it with its data in `folder`."""
    async with (
        running_suite(folder, "--replicas", str(replicas)) as suite,
        balancer(await _addresses(suite)) as address,
    ):
        yield Gateway(suite, address.rpartition(":")[2])


class Gateway:
    """`port` is the balancer's."""

    def __init__(self, suite: Suite, port: str) -> None:
        self._suite = suite
        self._port = port

    async def offer(self, name: str, url: str) -> str:
        """Registers an upstream and a server that offers all of it to anybody under the upstream's
        own names. Returns the server's URL; the suite wants `localhost` in it."""
        upstream = await self._suite.register(name, url)
        members = {f"associated_{kind}": await self._ids(kind, upstream["id"]) for kind in KINDS}
        server = await self._suite.bundle(
            name,
            list(members.pop("associated_tools")),
            naming="original",
            anonymous_access=True,
            **members,
        )
        return f"http://localhost:{self._port}/servers/{server}/mcp"

    async def _ids(self, kind: str, upstream: str) -> list[str]:
        async with self._suite.http() as http:
            answer = await http.get(f"/{kind}", params={"limit": 0, "gateway_id": upstream})
        found: Iterable[dict[str, Any]] = answer.json()
        return [each["id"] for each in found if each["gatewayId"] == upstream]


async def _addresses(suite: Suite) -> list[str]:
    """Where each replica listens by itself."""
    async with suite.http() as http:
        answer = await http.get("/replicas")
    return [each["address"].removeprefix("http://") for each in answer.json()["replicas"]]
