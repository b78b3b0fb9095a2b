"""The use cases of prompts: templates of our own are made, changed and deleted; of an upstream's
prompts everything that the gateway adds can be changed, and what it says be overridden."""

from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.control_plane.registry import naming, switches, wording
from mcpgateway.control_plane.registry.actor import Actor, check_version, claimed, edited
from mcpgateway.control_plane.registry.drafts import ACCESS, PromptDraft, given
from mcpgateway.control_plane.registry.model import Prompt
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.wrong import wrong


async def create(ports: Ports, actor: Actor, draft: PromptDraft) -> Change:
    """Raises InvalidCall, Denied, Conflict (name taken)."""
    assert draft.name is not UNSET
    name = draft.name if draft.custom_name is UNSET else draft.custom_name
    definition = wording.defined("{}", _titled(name, draft))
    messages = _messages(None, draft)
    fields = {"owner_email": actor.viewer.email} | claimed(actor, given(draft, *ACCESS))
    async with ports.store.write(actor.who) as tx:
        await switches.refuse_taken(tx.prompts, "prompt", name)
        row = Prompt(
            id=ids.make_id(ports.entropy(16)),
            name=name,
            original_name=draft.name,
            custom_name=None if name == draft.name else name,
            definition=definition,
            messages=messages,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **fields,
        )
        await tx.prompts.save([row])
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: PromptDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        current = await switches.current(tx.prompts, actor, "prompt", id)
        check_version(current, expected)
        changes = claimed(actor, given(draft, *ACCESS))
        if current.upstream_id is None:
            changes |= _own_changes(current, draft)
        else:
            changes |= await _upstreams_changes(tx, ports, current, draft)
        row = edited(current, actor.who, tx.at, **changes)
        if row.name != current.name:
            await switches.refuse_taken(tx.prompts, "prompt", row.name)
            await tx.touch_holders("prompt", [id])
        await tx.prompts.save([row])
        return Change(id, tx.revision)


async def set_state(ports: Ports, actor: Actor, id: str, enabled: bool) -> Change:
    return await switches.set_state(ports, actor, "prompt", id, enabled)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    return await switches.remove(ports, actor, "prompt", id, expected)


def template_of(messages: str | None) -> str:
    """The text of a prompt that is one text of the user's; else empty."""
    try:
        [only] = msgspec.json.decode(messages or "[]", type=list[_Message])
    except (msgspec.DecodeError, ValueError):
        return ""
    return only.content.text if only.role == "user" and only.content.type == "text" else ""


def messages_of(template: str) -> str:
    content = {"type": "text", "text": template}
    return msgspec.json.encode([{"role": "user", "content": content}]).decode()


class _Content(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: _Content


def _own_changes(current: Prompt, draft: PromptDraft) -> dict[str, Any]:
    return {
        **naming.own(current, draft),
        "definition": wording.defined(current.definition, _titled(current.name, draft)),
        "messages": _messages(current.messages, draft),
    }


async def _upstreams_changes(
    tx: WriteTx, ports: Ports, current: Prompt, draft: PromptDraft
) -> dict[str, Any]:
    [upstream] = await tx.upstreams.get([current.upstream_id or ""])
    for field, value in (("template", draft.template), ("messages", draft.messages)):
        if value not in (UNSET, "", "[]"):
            raise wrong(field, f"comes from gateway {upstream.name!r} with each call", "upstream")
    worded = _titled(current.original_name, draft)
    return {
        **naming.custom(current, draft, upstream.slug, ports.separator),
        "overrides": wording.overridden(current.definition, current.overrides, worded),
    }


def _messages(present: str | None, draft: PromptDraft) -> str:
    """Messages, or the template that is the only one of them: what differs from the present ones
    counts. Raises InvalidCall when both do, and not alike."""
    messages = present if draft.messages is UNSET else draft.messages
    if draft.template is UNSET or draft.template == template_of(messages):
        return _filled(messages)
    if draft.template == template_of(present):
        return _filled(messages)
    if messages not in (None, "[]", present):
        raise wrong("template", "says something else than messages: give one of them", "template")
    return messages_of(draft.template)


def _filled(messages: str | None) -> str:
    if messages in (None, "[]"):
        raise wrong("template", "is required, or messages", "missing")
    return messages


def _titled(name: str, draft: PromptDraft) -> PromptDraft:
    title = wording.titled(draft, wording.display_name(name))
    return msgspec.structs.replace(draft, members={**draft.members, **title})
