"""The use cases of prompts: templates of our own are made, changed and deleted; of an upstream's
prompts everything that the gateway adds can be changed, and what it says be overridden."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.content.prompt_template import Argument, Unbound, bind, declared, read
from mcpgateway.common.errors import FieldProblem, InvalidCall, TemplateFailed, Unavailable
from mcpgateway.control_plane.registry import naming, switches, wording
from mcpgateway.control_plane.registry.actor import Actor, check_version, claimed, creatable, edited
from mcpgateway.control_plane.registry.drafts import ACCESS, PromptDraft, given
from mcpgateway.control_plane.registry.model import Prompt
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.views import Query
from mcpgateway.control_plane.registry.wrong import wrong


async def create(ports: Ports, actor: Actor, draft: PromptDraft) -> Change:
    """Raises InvalidCall, Denied, Conflict (name taken)."""
    assert draft.name is not UNSET
    name = draft.name if draft.custom_name is UNSET else draft.custom_name
    messages = _messages(None, draft)
    definition = wording.defined("{}", _titled(name, draft))
    definition = await _checked(ports, draft, messages, definition)
    fields = creatable(actor, "prompt", given(draft, *ACCESS))
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
    used = await _check_change(ports, actor, id, draft)
    async with ports.store.write(actor.who) as tx:
        current = await switches.current(tx.prompts, actor, "prompt", id)
        check_version(current, expected)
        changes = claimed(actor, "prompt", given(draft, *ACCESS), current)
        if current.upstream_id is None:
            changes |= _own_changes(current, draft, used)
        else:
            changes |= await _upstreams_changes(tx, ports, current, draft)
        row = edited(current, actor.who, tx.at, **changes)
        if row.name != current.name:
            await switches.refuse_taken(tx.prompts, "prompt", row.name)
            await tx.touch_holders("prompt", [id])
        await tx.prompts.save([row])
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    return await switches.set_state(ports, actor, "prompt", id, enabled, expected)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    return await switches.remove(ports, actor, "prompt", id, expected)


def problems(draft: PromptDraft) -> tuple[FieldProblem, ...]:
    """Why a new one has no messages, or too many. Templates are looked into when it is made."""
    try:
        _messages(None, draft)
    except InvalidCall as error:
        return error.errors
    return ()


async def preview(ports: Ports, draft: PromptDraft, given: bytes) -> bytes:
    """The messages (JSON) that a prompt like this would give for arguments (JSON). Raises
    InvalidCall, also for a template that can not be filled: it is the caller's; Unavailable."""
    messages = _messages(None, draft)
    definition = await _checked(ports, draft, messages, wording.defined("{}", draft))
    try:
        values = bind(declared(definition.encode()), given)
    except Unbound as error:
        raise wrong("args", str(error), "arguments") from error
    if ports.templates is None:
        raise Unavailable("templates are not rendered here")
    try:
        return await ports.templates.prompt(messages.encode(), values)
    except TemplateFailed as error:
        raise _unfillable(draft, messages, [error.message]) from error


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


async def _check_change(
    ports: Ports, actor: Actor, id: str, draft: PromptDraft
) -> Sequence[Argument]:
    """Before the write: looking into a template takes time. Answers what it declares."""
    if not (draft.template or draft.messages or "arguments" in draft.members):
        return ()
    query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
    for row in await ports.store.read.prompts(query):
        if row.upstream_id is None:
            definition = wording.defined(row.definition, draft)
            checked = await _checked(ports, draft, _messages(row.messages, draft), definition)
            return declared(checked.encode())
    return ()


async def _checked(ports: Ports, draft: PromptDraft, messages: str, definition: str) -> str:
    """The definition, which declares the names in the templates where it declares no arguments.
    Raises InvalidCall, Unavailable."""
    if ports.templates is None:
        return definition
    arguments = declared(definition.encode())
    if not arguments:
        found = await ports.templates.look(read(messages.encode()).texts)
        names = dict.fromkeys(name for each in found for name in each.names)
        arguments = tuple(Argument(name) for name in names)
        definition = _declaring(definition, names)
    problems = await ports.templates.check(messages.encode(), arguments)
    if problems:
        raise _unfillable(draft, messages, problems)
    return definition


def _declaring(definition: str, names: Iterable[str]) -> str:
    found = [{"name": name, "required": False} for name in names]
    if not found:
        return definition
    members = wording.read(definition) | {"arguments": found}
    return msgspec.json.encode(members).decode()


def _unfillable(draft: PromptDraft, messages: str, problems: Sequence[str]) -> InvalidCall:
    """Of `template 1: is ...`, `messages[0].content: is ...`."""
    plain = draft.messages is UNSET and template_of(messages)
    errors = []
    for problem in problems:
        where, _, what = problem.partition(": ")
        if where.startswith("template "):
            where, what = ("template", what) if plain else ("messages", problem)
        errors.append(FieldProblem(where, what, "template"))
    return InvalidCall("; ".join(problems), errors=errors)


def _own_changes(current: Prompt, draft: PromptDraft, used: Sequence[Argument]) -> dict[str, Any]:
    definition = wording.defined(current.definition, _titled(current.name, draft))
    if not declared(definition.encode()):
        definition = _declaring(definition, [each.name for each in used])
    return {
        **naming.own(current, draft),
        "definition": definition,
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
