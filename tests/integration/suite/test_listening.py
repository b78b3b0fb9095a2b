"""What changes at an upstream reaches those who listen at either replica, soon."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import mcp_types as types
import pytest
from mcp.client.client import Client
from mcp.client.subscriptions import Subscription, ToolsListChanged

from support.client_kinds import Kind, Person
from support.suite import text_of
from support.two_replicas import ERAS, Era, Gateway
from support.wait import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning"),
]
SOON = 3.0  # seconds on a machine that is busy with other tests; about 1 on one that is not
MOTTO = "memo://motto"
TOOLS_CHANGED = "notifications/tools/list_changed"
UPDATED = "notifications/resources/updated"


def tool(name: str) -> types.Tool:
    return types.Tool(name=name, description=name, input_schema={"type": "object"})


class Events:
    """Reads a subscription for as long as it is open."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def next(self) -> Any:
        return await anext(aiter(self._subscription))


async def offered(client: Client, name: str) -> bool:
    """The replica that lists may apply a change a moment after the one that tells of it."""
    return name in {each.name for each in (await client.list_tools()).tools}


@asynccontextmanager
async def two_clients(gateway: Gateway, kind: Kind) -> AsyncIterator[list[tuple[Client, Person]]]:
    people = Person(), Person()
    async with gateway.client(kind, people[0]) as one, gateway.client(kind, people[1]) as other:
        yield [(one, people[0]), (other, people[1])]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("kind", ["legacy", "sse", "ws"])
async def test_a_tool_that_is_new_upstream_is_told_and_offered(
    gateway: Gateway, kind: Kind, era: Era
) -> None:
    upstream = gateway.upstreams[era]
    async with two_clients(gateway, kind) as clients:
        before = [Counter(person.told)[TOOLS_CHANGED] for _, person in clients]
        name = f"new-{kind}"
        upstream.tools.append(tool(name))
        began = time.monotonic()
        await upstream.changed()

        def told() -> bool:
            heard = [Counter(person.told)[TOOLS_CHANGED] for _, person in clients]
            return all(now > then for now, then in zip(heard, before, strict=True))

        await until(told, "both were told", SOON)
        assert time.monotonic() - began < SOON
        for client, _ in clients:
            await until(partial(offered, client, f"{era}-{name}"), "it is listed", SOON)


@pytest.mark.parametrize("era", ERAS)
async def test_a_modern_client_listens_to_lists_and_resources(gateway: Gateway, era: Era) -> None:
    upstream = gateway.upstreams[era]
    async with (
        gateway.client("modern", Person()) as client,
        client.listen(tools_list_changed=True, resource_subscriptions=[MOTTO]) as subscription,
    ):
        assert subscription.honored.tools_list_changed
        upstream.tools.append(tool("new-modern"))
        await upstream.changed()
        events = Events(subscription)
        assert isinstance(await events.next(), ToolsListChanged)
        await until(partial(offered, client, f"{era}-new-modern"), "it is listed", SOON)


@pytest.mark.parametrize("kind", ["legacy", "sse", "ws"])
async def test_a_subscribed_resource_that_changes_is_told(gateway: Gateway, kind: Kind) -> None:
    async with two_clients(gateway, kind) as clients:
        (one, hears), (_, deaf) = clients
        note = f"memo://notes/{kind}"
        await one.subscribe_resource(note)
        for era in ERAS:  # which of the two upstreams has it is the gateway's choice
            result = await one.call_tool(f"{era}-touch", {"uri": note})
            assert text_of(result) == "touched"
        await until(lambda: UPDATED in hears.told, "the subscriber was told", 10)
        assert UPDATED not in deaf.told
