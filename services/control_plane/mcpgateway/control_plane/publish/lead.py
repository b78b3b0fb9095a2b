"""What goes on beside the API: receipts are heard, and while this control plane leads it publishes
the routing table and looks after the upstreams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from mcpgateway.common import ids
from mcpgateway.common.runtime.nats import Link, stay_connected
from mcpgateway.common.runtime.tasks import part, together
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.publish.buckets import Buckets
from mcpgateway.control_plane.publish.leader import Leadership
from mcpgateway.control_plane.publish.publisher import Publisher, Signer
from mcpgateway.control_plane.publish.receipts import Fleet
from mcpgateway.control_plane.publish.reseal import Resealer
from mcpgateway.control_plane.publish.streams import RoutingStreams
from mcpgateway.control_plane.publish.token_bucket import NatsTokens
from mcpgateway.control_plane.publish.usage import UsageInbox
from mcpgateway.control_plane.registry.ports import RoutingSource
from mcpgateway.control_plane.registry.upstream_auth.keeping import Keeper

HINTS = 1000  # waiting at most

# Given: set when the registry may have changed; ids of upstreams that data planes saw change.
Upkeep = Callable[[asyncio.Event, AsyncIterator[str]], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Routing:
    """`database` is the URL of PostgreSQL itself, not of a pooler."""

    link: Link
    database: str
    source: RoutingSource
    signer: Signer
    resealer: Resealer
    fleet: Fleet
    upkeep: Upkeep
    bucket: NatsTokens | None = None
    keeper: Keeper | None = None
    usage: UsageInbox | None = None

    async def run(self) -> None:
        """Until cancelled. Raises Pooled, PartFailed, and ValueError or OSError when credentials
        for NATS can not be read."""
        await stay_connected(self.link, self._while_connected)

    async def _while_connected(self, client: Client) -> None:
        subjects = self.signer.subjects
        await self.fleet.listen(client, subjects)
        if self.usage is not None:
            await self.usage.listen(client, subjects)
        if self.bucket is not None:
            self.bucket.use(client)
        unpublished, unwatched, uncared = asyncio.Event(), asyncio.Event(), asyncio.Event()
        streams = RoutingStreams(client, subjects)
        publisher = Publisher(
            self.source, streams, self.signer, self.resealer, unpublished, self.fleet.announce
        )

        def changed() -> None:
            unpublished.set()
            unwatched.set()
            uncared.set()

        async def lead() -> None:
            await together(
                part("publishing the routing table", publisher.lead()),
                part("making the buckets of sessions", Buckets(client, subjects).run()),
                part("the upkeep of upstreams", self.upkeep(unwatched, hints(client, subjects))),
                part("tokens for upstreams", self._keep_tokens(client, uncared)),
            )

        await Leadership(self.database, subjects, changed).run(lead)

    async def _keep_tokens(self, client: Client, changed: asyncio.Event) -> None:
        if self.keeper is not None and self.bucket is not None:
            await self.keeper.run(changed, self.bucket.wanted(client))


async def hints(client: Client, subjects: Subjects) -> AsyncIterator[str]:
    """Ids of upstreams that a data plane saw announce a change. Over HINTS waiting are dropped:
    what they name is refreshed by interval too."""
    subscription = await client.subscribe(subjects.hints, pending_msgs_limit=HINTS)
    try:
        async for message in subscription.messages:
            id = ids.as_id(message.subject.rsplit(".", 1)[-1])
            if id is not None:
                yield id
    finally:
        if not client.is_closed:
            await subscription.unsubscribe()
