"""The use cases of servers: create, change, switch, delete."""

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.access.rights import OPEN_SERVER
from mcpgateway.control_plane.registry.actor import (
    Actor,
    changeable,
    check_version,
    claimed,
    creatable,
    edited,
    visible,
)
from mcpgateway.control_plane.registry.drafts import ServerDraft, given
from mcpgateway.control_plane.registry.model import (
    Agent,
    Entity,
    Prompt,
    Resource,
    Server,
    Tool,
    may_see,
)
from mcpgateway.control_plane.registry.ports import Change, Ports, Rows, WriteTx
from mcpgateway.control_plane.registry.views import Query, ServerView

_PLAIN = (
    "name",
    "description",
    "icon",
    "tools",
    "prompts",
    "resources",
    "agents",
    "naming",
    "discovery",
    "anonymous_access",
    "protocol_versions",
    "oauth_enabled",
    "oauth_config",
    "tags",
    "visibility",
    "team_id",
    "owner_email",
)


async def create(ports: Ports, actor: Actor, draft: ServerDraft) -> Change:
    """Raises InvalidCall that names each unknown id, Conflict when the name or id is taken, Denied
    (another's owner or team, or anonymous access)."""
    id = ids.make_id(ports.entropy(16)) if draft.id is UNSET else draft.id
    _check_opening(actor, draft, open_now=False)
    async with ports.store.write(actor.who) as tx:
        await _check_items(tx, actor, draft)
        row = Server(
            id=id,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **creatable(actor, "server", given(draft, *_PLAIN)),
        )
        if draft.id is not UNSET:
            await _refuse_taken_id(tx, id)
        await tx.servers.save([row])
        return Change(id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: ServerDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        current = await _changeable(tx, actor, id)
        check_version(current, expected)
        _check_opening(actor, draft, open_now=current.anonymous_access)
        await _check_items(tx, actor, draft)
        changes = claimed(actor, "server", given(draft, *_PLAIN), current)
        await tx.servers.save([edited(current, actor.who, tx.at, **changes)])
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    revision = None
    async with ports.store.write(actor.who) as tx:
        current = await _changeable(tx, actor, id)
        check_version(current, expected)
        if current.enabled is not enabled:
            await tx.servers.save([edited(current, actor.who, tx.at, enabled=enabled)])
            revision = tx.revision
    return Change(id, revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    async with ports.store.write(actor.who) as tx:
        check_version(await _changeable(tx, actor, id, "delete"), expected)
        await tx.servers.remove([id])
        return Change(id, tx.revision)


async def one(ports: Ports, actor: Actor, id: str) -> ServerView:
    """Raises NotFound."""
    query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
    found = await ports.store.read.servers(query)
    return visible(found[0] if found else None, actor, "server", id)


async def _changeable(
    tx: WriteTx, actor: Actor, id: str, act: Literal["update", "delete"] = "update"
) -> Server:
    found = await tx.servers.get([id])
    return changeable(found[0] if found else None, actor, "server", id, act)


def _check_opening(actor: Actor, draft: ServerDraft, *, open_now: bool) -> None:
    """Public things are every user's to bundle, but not to give to people who are none."""
    if draft.anonymous_access is True and not open_now:
        actor.check(OPEN_SERVER, "open a server to callers without a token")


async def _refuse_taken_id(tx: WriteTx, id: str) -> None:
    if await tx.servers.get([id]):
        raise Conflict(f"id {id!r} is taken by another server")


async def _check_items(tx: WriteTx, actor: Actor, draft: ServerDraft) -> None:
    """Every id must name something that the actor may see."""
    problems = [
        *await _unknown(tx.tools, actor, draft, "tools", "tool"),
        *await _unknown(tx.prompts, actor, draft, "prompts", "prompt"),
        *await _unknown(tx.resources, actor, draft, "resources", "resource"),
        *await _unknown(tx.agents, actor, draft, "agents", "agent"),
    ]
    if problems:
        text = "; ".join(f"{problem.field}: {problem.problem}" for problem in problems)
        raise InvalidCall(text, errors=problems)


async def _unknown(
    table: Rows[Tool] | Rows[Prompt] | Rows[Resource] | Rows[Agent],
    actor: Actor,
    draft: ServerDraft,
    field: str,
    what: str,
) -> Sequence[FieldProblem]:
    wanted: tuple[str, ...] = given(draft, field).get(field, ())
    if not wanted:
        return ()
    rows: Sequence[Entity] = await table.get(wanted)
    seen = {row.id for row in rows if may_see(actor.viewer, row)}
    spelled = draft.fields.get(field, field)
    return [
        FieldProblem(spelled, f"no {what} has the id {id!r}", "known id")
        for id in wanted
        if id not in seen
    ]
