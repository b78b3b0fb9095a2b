"""Looks at a registered upstream again and writes what changed there; when nothing did, no
revision is taken."""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import Conflict, UpstreamError
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.discovered import children
from mcpgateway.control_plane.registry.discovered.children import Known, Plans
from mcpgateway.control_plane.registry.discovered.ports import Discovered
from mcpgateway.control_plane.registry.model import Health, Upstream, Viewer, Who
from mcpgateway.control_plane.registry.ports import Ports, WriteTx
from mcpgateway.control_plane.registry.views import Query

EVERYTHING = Viewer("", admin=True)


class Refreshed(NamedTuple):
    """`revision` None: nothing had changed."""

    revision: int | None
    plans: Plans
    renamed: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()


async def refresh(
    ports: Ports, who: Who, upstream: Upstream, leave: Collection[str] = (), principal: str = ""
) -> Refreshed:
    """`leave` are the kinds, by their names in `Plans`, that stay as they are. `principal` is whose
    token to look with where each caller has his own. Raises
    UpstreamUnreachable, UpstreamRejected, UpstreamTimeout, which are noted in the upstream's
    health, and Conflict when the upstream was changed meanwhile. What was known of an upstream
    that does not answer stays."""
    found = await _discover(ports, upstream, principal)
    plans = children.compare(await _known(ports, upstream.id), found).without(leave)
    refreshed = Refreshed(None, plans, {}, (*found.problems, *plans.problems))
    if not plans.empty or _differs(upstream, discovered_fields(found)):
        refreshed = await _write(ports, who, upstream, found, leave)
    await report(ports, upstream.id, found, plans)
    return refreshed


async def _discover(ports: Ports, upstream: Upstream, principal: str) -> Discovered:
    try:
        return await ports.discoverer.discover(await secrets.target(ports, upstream, principal))
    except UpstreamError as error:
        await unreachable(ports, upstream.id, error.message)
        raise


async def _known(ports: Ports, id: str) -> Known:
    query = Query(viewer=EVERYTHING, upstream_id=id, include_inactive=True)
    read = ports.store.read
    return Known(await read.tools(query), await read.prompts(query), await read.resources(query))


async def _write(
    ports: Ports, who: Who, before: Upstream, found: Discovered, leave: Collection[str]
) -> Refreshed:
    async with ports.store.write(who) as tx:
        row = await unchanged(tx, before)
        await tx.documents.keep(found.document)
        facts = discovered_fields(found)
        if _differs(row, facts):
            row = msgspec.structs.replace(row, version=row.version + 1, updated_at=tx.at, **facts)
            await tx.upstreams.save([row])
        known = await children.known_of(tx, row.id)
        plans = children.compare(known, found).without(leave)
        renamed = await children.apply(tx, ports, row, known, plans, who)
        return Refreshed(tx.revision, plans, renamed, (*found.problems, *plans.problems))


async def unchanged(tx: WriteTx, before: Upstream) -> Upstream:
    """The upstream as it is inside the write. Raises Conflict when it is another version than
    the one that was looked at."""
    rows = await tx.upstreams.get([before.id])
    if not rows or rows[0].version != before.version:
        what = "changed" if rows else "deleted"
        raise Conflict(f"gateway {before.name!r} was {what} meanwhile: read it and try again")
    return rows[0]


def discovered_fields(found: Discovered) -> dict[str, Any]:
    """The columns that discovery fills. Whoever writes them keeps the document
    (`WriteTx.documents`)."""
    return {
        "transport": found.transport,
        "era": found.era,
        "protocol_version": found.protocol_version,
        "capabilities": found.capabilities.decode(errors="replace"),
        "instructions": _storable(found.instructions),
        "server_name": _storable(found.server_name),
        "server_version": _storable(found.server_version),
        "adds_result_type": found.adds_result_type,
        "document": sha256(found.document).hexdigest() if found.document else "",
    }


def _differs(row: Upstream, facts: Mapping[str, Any]) -> bool:
    return any(getattr(row, column) != value for column, value in facts.items())


def _storable(text: str) -> str:
    """PostgreSQL's text holds no NUL."""
    return text.replace("\0", "")


async def unreachable(ports: Ports, id: str, why: str) -> None:
    """That the upstream did not answer."""
    await ports.store.report_health(Health(upstream_id=id, reachable=False, last_error=why))


async def report(ports: Ports, id: str, found: Discovered, plans: Plans) -> None:
    """That the upstream answered, and what of its lists was left out."""
    now = ports.clock()
    await ports.store.report_health(
        Health(
            upstream_id=id,
            reachable=True,
            last_seen=now,
            last_refresh=now,
            problems=(*found.problems, *plans.problems),
        )
    )
