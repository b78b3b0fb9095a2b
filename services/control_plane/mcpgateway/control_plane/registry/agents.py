"""The use cases of A2A agents: they are kept, and bundled by servers."""

from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.actor import (
    Actor,
    changeable,
    check_version,
    claimed,
    creatable,
    edited,
)
from mcpgateway.control_plane.registry.drafts import ACCESS, AgentDraft, given
from mcpgateway.control_plane.registry.model import Agent
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.wrong import wrong

_PLAIN = (
    "name",
    "description",
    "endpoint_url",
    "agent_type",
    "protocol_version",
    "agent_version",
    "capabilities",
    "config",
    "passthrough_headers",
    *ACCESS,
)


async def create(ports: Ports, actor: Actor, draft: AgentDraft) -> Change:
    """Raises InvalidCall, Denied, Conflict (name or slug taken)."""
    assert draft.name is not UNSET
    fields = creatable(actor, "agent", given(draft, *_PLAIN))
    fields |= _slugged(draft)
    async with ports.store.write(actor.who) as tx:
        row = Agent(
            id=ids.make_id(ports.entropy(16)),
            auth=draft.auth.shown if draft.auth else None,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **fields,
        )
        await tx.agents.save([row])
        await _replace_credential(tx, ports, row.id, draft)
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: AgentDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Stale."""
    async with ports.store.write(actor.who) as tx:
        current = await _current(tx, actor, id)
        check_version(current, expected)
        changes = claimed(actor, "agent", given(draft, *_PLAIN), current)
        changes |= _slugged(draft, current)
        if draft.auth is not UNSET:
            changes["auth"] = draft.auth.shown if draft.auth else None
        row = edited(current, actor.who, tx.at, **changes)
        _check_origin(current, row, draft)
        await tx.agents.save([row])
        await _replace_credential(tx, ports, id, draft)
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    async with ports.store.write(actor.who) as tx:
        current = await _current(tx, actor, id)
        check_version(current, expected)
        if current.enabled is enabled:
            return Change(id, None)
        await tx.agents.save([edited(current, actor.who, tx.at, enabled=enabled)])
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    """Servers lose it."""
    async with ports.store.write(actor.who) as tx:
        check_version(await _current(tx, actor, id, "delete"), expected)
        await tx.credentials.remove([id])
        await tx.agents.remove([id])
        return Change(id, tx.revision)


async def _current(
    tx: WriteTx, actor: Actor, id: str, act: Literal["update", "delete"] = "update"
) -> Agent:
    found = await tx.agents.get([id])
    return changeable(found[0] if found else None, actor, "agent", id, act)


def _slugged(draft: AgentDraft, current: Agent | None = None) -> dict[str, Any]:
    """A slug that is said; else that of a new name. A slug is part of addresses, so it stays as
    long as the name does."""
    said = draft.slug if draft.slug not in (UNSET, "") else draft.name
    if said is UNSET or (current and said in (current.slug, current.name)):
        return {}
    slug = ids.slug(said)
    if not slug:
        raise wrong("name", "must hold a letter or a digit: its slug names the agent", "slug")
    return {"slug": slug}


def _check_origin(before: Agent, after: Agent, draft: AgentDraft) -> None:
    """Else whoever may edit an agent could have its secret sent to a place of their own."""
    was, now = urlsplit(before.endpoint_url), urlsplit(after.endpoint_url)
    if before.auth and draft.auth is UNSET and (was.scheme, was.netloc) != (now.scheme, now.netloc):
        problem = (
            f"the credential was given for {was.scheme}://{was.netloc}: give it again, or none"
        )
        raise wrong("auth_type", problem, "origin")


async def _replace_credential(tx: WriteTx, ports: Ports, id: str, draft: AgentDraft) -> None:
    if draft.auth:
        await tx.credentials.save([secrets.of_agent(ports, id, draft.auth.headers)])
    elif draft.auth is None:
        await tx.credentials.remove([id])
