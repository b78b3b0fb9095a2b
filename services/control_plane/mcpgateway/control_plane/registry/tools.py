"""The use cases of tools: REST operations of our own are made, changed and deleted; of an
upstream's tools everything that the gateway adds can be changed, and what it says be overridden."""

from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry import (
    made_tools,
    naming,
    request_overrides,
    rest,
    secrets,
    switches,
    wording,
)
from mcpgateway.control_plane.registry.actor import Actor, check_version, claimed, creatable, edited
from mcpgateway.control_plane.registry.drafts import ACCESS, RestDraft, ToolDraft, given
from mcpgateway.control_plane.registry.model import Tool, Upstream
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.wrong import wrong

_PLAIN = (
    *ACCESS,
    "jsonpath_filter",
    "validation",
    "deprecated",
    "extension_metadata",
    "plugin_chain_pre",
    "plugin_chain_post",
)
_SAID = {"method": "request_type"}  # how callers call it
_NUMBERS = ("timeout_ms", "max_concurrency")  # 0: as if unsaid
_NOTHING: tuple[object, ...] = ({}, (), None)
ANY_ARGUMENTS = {"inputSchema": {"type": "object"}}


async def create(ports: Ports, actor: Actor, draft: ToolDraft) -> Change:
    """A REST operation, or a tool that is made of others. Raises InvalidCall, Denied, Conflict
    (name taken)."""
    assert draft.name is not UNSET
    request_overrides.refuse(draft)
    if draft.recipe is not UNSET:
        return await _create_made(ports, actor, draft)
    request = rest.merged(None, draft.rest)
    name = draft.name if draft.custom_name is UNSET else draft.custom_name
    definition = _defined(msgspec.json.encode(ANY_ARGUMENTS).decode(), name, draft)
    fields: dict[str, Any] = {
        "validation": "both",
        "timeout_ms": ports.timeout_ms,
        **creatable(actor, "tool", _said(draft)),
    }
    async with ports.store.write(actor.who) as tx:
        await switches.refuse_taken(tx.tools, "tool", name)
        row = Tool(
            id=ids.make_id(ports.entropy(16)),
            name=name,
            original_name=draft.name,
            custom_name=None if name == draft.name else name,
            definition=definition,
            request=msgspec.to_builtins(request),
            auth=draft.auth.shown if draft.auth else None,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **wording.repeatability(definition),
            **fields,
        )
        await tx.tools.save([row])
        await _replace_credential(tx, ports, row.id, draft)
        return Change(row.id, tx.revision)


async def _create_made(ports: Ports, actor: Actor, draft: ToolDraft) -> Change:
    fields = creatable(actor, "tool", _said(draft))
    async with ports.store.write(actor.who) as tx:
        row = await made_tools.made(tx, ports, actor, draft, fields)
        await switches.refuse_taken(tx.tools, "tool", row.name)
        await tx.tools.save([row])
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: ToolDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        current = await switches.current(tx.tools, actor, "tool", id)
        check_version(current, expected)
        said = claimed(actor, "tool", _said(draft), current)
        row = await _changed(tx, ports, actor, draft, current, said)
        row = edited(row, actor.who, tx.at)
        if row.name != current.name:
            await switches.refuse_taken(tx.tools, "tool", row.name)
            await tx.touch_holders("tool", [id])
        await tx.tools.save([row])
        await _replace_credential(tx, ports, id, draft)
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    return await switches.set_state(ports, actor, "tool", id, enabled, expected)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    return await switches.remove(ports, actor, "tool", id, expected)


async def _changed(
    tx: WriteTx,
    ports: Ports,
    actor: Actor,
    draft: ToolDraft,
    current: Tool,
    said: dict[str, Any],
) -> Tool:
    """As it is then, not yet stamped as an edit."""
    if current.upstream_id is None:
        request_overrides.refuse(draft)
    if current.recipe is not None:
        return await made_tools.changed(tx, actor, current, draft, said)
    if draft.recipe is not UNSET:
        raise wrong("recipe", "is of tools that are made of others, and this is none", "kind")
    if current.upstream_id is None:
        changes = _own_changes(current, draft)
    else:
        changes = await _upstreams_changes(tx, ports, current, draft)
    row = msgspec.structs.replace(current, **(said | changes))
    return msgspec.structs.replace(row, **wording.repeatability(row.definition, row.overrides))


def _said(draft: ToolDraft) -> dict[str, Any]:
    numbers = {name: value or None for name, value in given(draft, *_NUMBERS).items()}
    return given(draft, *_PLAIN) | numbers


def _own_changes(current: Tool, draft: ToolDraft) -> dict[str, Any]:
    was = msgspec.convert(current.request, RestRequest)
    request = rest.merged(was, draft.rest)
    if draft.auth is UNSET and current.auth and rest.host_of(request) != rest.host_of(was):
        host = rest.host_of(was)
        raise wrong(
            "auth", f"the credential was given for {host}: give it again, or none", "origin"
        )
    changes: dict[str, Any] = {
        **naming.own(current, draft),
        "definition": _defined(current.definition, current.name, draft),
        "request": msgspec.to_builtins(request),
    }
    if draft.auth is not UNSET:
        changes["auth"] = draft.auth.shown if draft.auth else None
    return changes


async def _upstreams_changes(
    tx: WriteTx, ports: Ports, current: Tool, draft: ToolDraft
) -> dict[str, Any]:
    [upstream] = await tx.upstreams.get([current.upstream_id or ""])
    shown = _shown(current, upstream)
    over = request_overrides.overridden(current, draft)
    ours = () if current.request is None else request_overrides.MEMBERS
    problems = [
        FieldProblem(
            _SAID.get(name, name),
            f"belongs to gateway {upstream.name!r}: change it there",
            "upstream",
        )
        for name, value in given(draft.rest, *RestDraft.__struct_fields__).items()
        if name not in ours and value not in (*_NOTHING, getattr(shown, name))
    ]
    if draft.auth:
        problem = f"is that of gateway {upstream.name!r}: change it there"
        problems.append(FieldProblem("auth", problem, "upstream"))
    if problems:
        text = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
        raise InvalidCall(text, errors=problems)
    title = wording.titled(draft, wording.display_name(current.original_name))
    worded = msgspec.structs.replace(draft, members={**draft.members, **title})
    return {
        **naming.custom(current, draft, upstream.slug, ports.separator),
        "request_overrides": over,
        "overrides": wording.overridden(current.definition, current.overrides, worded),
    }


def _shown(current: Tool, upstream: Upstream) -> RestDraft:
    """The operation as answers show it, of a tool of an upstream."""
    if current.request is None:
        request = RestRequest(url=upstream.url)
    else:
        request = msgspec.convert(current.request, RestRequest)
    names = (name for name in RestDraft.__struct_fields__ if name != "method")
    said = {name: getattr(request, name) for name in names}
    return RestDraft(**said, method=request.method if current.request else upstream.transport)


def _defined(definition: str, name: str, draft: ToolDraft) -> str:
    """With a schema for its arguments, whatever was said."""
    title = wording.titled(draft, wording.display_name(name))
    worded = msgspec.structs.replace(draft, members={**draft.members, **title})
    if worded.members.get("inputSchema") == {}:
        worded = msgspec.structs.replace(worded, members=worded.members | ANY_ARGUMENTS)
    return wording.defined(definition, worded)


async def _replace_credential(tx: WriteTx, ports: Ports, id: str, draft: ToolDraft) -> None:
    if draft.auth:
        await tx.credentials.save([secrets.of_tool(ports, id, draft.auth.headers)])
    elif draft.auth is None:
        await tx.credentials.remove([id])
