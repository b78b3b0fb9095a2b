"""The use cases of resources: texts and blobs of our own are made, changed and deleted; of an
upstream's resources everything that the gateway adds can be changed, and what it says be
overridden."""

from typing import Any

from mcpgateway.common import ids
from mcpgateway.control_plane.registry import switches, wording
from mcpgateway.control_plane.registry.actor import Actor, check_version, claimed, creatable, edited
from mcpgateway.control_plane.registry.drafts import ACCESS, ResourceDraft, given
from mcpgateway.control_plane.registry.model import Resource
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.wrong import wrong

_PLAIN = (*ACCESS, "ttl_ms", "extension_metadata")
_OWN = ("uri", "template", "content")


async def create(ports: Ports, actor: Actor, draft: ResourceDraft) -> Change:
    """Raises InvalidCall, Denied, Conflict (URI taken by another of our own)."""
    definition = wording.defined("{}", draft)
    fields = {
        **creatable(actor, "resource", given(draft, *_PLAIN)),
        **given(draft, *_OWN),
    }
    async with ports.store.write(actor.who) as tx:
        row = Resource(
            id=ids.make_id(ports.entropy(16)),
            definition=definition,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **fields,
        )
        await tx.resources.save([row])
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: ResourceDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        current = await switches.current(tx.resources, actor, "resource", id)
        check_version(current, expected)
        changes = claimed(actor, "resource", given(draft, *_PLAIN), current)
        if current.upstream_id is None:
            definition = wording.defined(current.definition, draft)
            changes |= given(draft, *_OWN) | {"definition": definition}
        else:
            changes |= await _upstreams_changes(tx, current, draft)
        row = edited(current, actor.who, tx.at, **changes)
        if row.uri != current.uri:
            await tx.touch_holders("resource", [id])
        await tx.resources.save([row])
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    return await switches.set_state(ports, actor, "resource", id, enabled, expected)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    return await switches.remove(ports, actor, "resource", id, expected)


async def _upstreams_changes(
    tx: WriteTx, current: Resource, draft: ResourceDraft
) -> dict[str, Any]:
    [upstream] = await tx.upstreams.get([current.upstream_id or ""])
    for field, value in given(draft, *_OWN).items():
        if value != getattr(current, field):
            spelled = "uri_template" if field == "template" else field
            raise wrong(spelled, f"is that of gateway {upstream.name!r}", "upstream")
    return {"overrides": wording.overridden(current.definition, current.overrides, draft)}
