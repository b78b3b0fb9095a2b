"""Applies what is wanted: the usual use cases, one after another, in one transaction.

The network comes first (`rehearse`): every new or changed upstream is discovered while nothing is
written. Then all of it is written, or nothing; with `best_effort` what fails alone is left out.
"""

import asyncio
import dataclasses
from functools import partial

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.transfer import plan
from mcpgateway.control_plane.registry.transfer.applying import Applying, gateway
from mcpgateway.control_plane.registry.transfer.batch import Batch
from mcpgateway.control_plane.registry.transfer.failures import at_item, joined
from mcpgateway.control_plane.registry.transfer.model import Item, Order, Outcome
from mcpgateway.control_plane.registry.transfer.sealed import same_secret
from mcpgateway.control_plane.registry.transfer.stores import (
    Joined,
    Reached,
    Recorder,
    Rehearsal,
    Replay,
)
from mcpgateway.control_plane.registry.transfer.told import told
from mcpgateway.control_plane.registry.views import Query

AT_ONCE = 8  # discoveries


async def run(ports: Ports, actor: Actor, order: Order) -> Outcome:
    """Raises what the use cases raise, the message and the fields naming the item, but with
    `best_effort` only what spoils all of it (Unavailable, Conflict)."""
    plan.check_distinct(order.items)
    failed: dict[str, GatewayError] = {}
    replay = await _rehearse(ports, actor, order, failed)
    async with ports.store.write(actor.who) as tx:
        batch = Batch(tx, partial(same_secret, ports.sealer))
        shared = Joined(ports.store, batch)
        inner = dataclasses.replace(ports, store=shared, discoverer=replay)
        results = await Applying(inner, actor, order, batch).all(failed)
        await batch.flush()
        revision = tx.revision if batch.changed or batch.secrets else None
        answer = Outcome(await told(batch, results), revision)
    await shared.settle()
    return answer


async def _rehearse(
    ports: Ports, actor: Actor, order: Order, failed: dict[str, GatewayError]
) -> Replay:
    """Everything up to the write, of what needs the network. Raises the first error."""
    recorder = Recorder(ports.discoverer)
    gateways = [item for item in order.items if item.kind == "Gateway" and not order.delete]
    if not gateways:
        return recorder.replay
    tried = dataclasses.replace(ports, store=Rehearsal(ports.store), discoverer=recorder)
    known = await ports.store.read.upstreams(Query(viewer=actor.viewer, include_inactive=True))
    by_name: dict[str, Upstream] = {row.name: row for row in known}
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Item) -> None:
        async with gate:
            try:
                row = by_name.get(item.key)
                if row is None or order.conflicts == "update":
                    await gateway(tried, actor, order, item, row)
                elif order.conflicts == "rename":
                    await gateway(tried, actor, order, item, None)
            except Reached:
                pass
            except GatewayError as error:
                failed[item.at] = error

    await asyncio.gather(*map(one, gateways))
    if failed and not order.best_effort:
        raise joined([at_item(failed[item.at], item) for item in gateways if item.at in failed])
    return recorder.replay
