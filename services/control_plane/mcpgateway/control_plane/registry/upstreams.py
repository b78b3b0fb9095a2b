"""The use cases of upstreams: register, change, switch, delete. Discovery, which is the network,
comes first; then one write transaction; nothing is ever half-registered."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, FieldProblem, InvalidCall
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.actor import (
    Actor,
    changeable,
    check_version,
    claimed,
    creatable,
    edited,
    visible,
)
from mcpgateway.control_plane.registry.discovered import children, refresh
from mcpgateway.control_plane.registry.discovered.children import Known, Plans
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Target
from mcpgateway.control_plane.registry.drafts import NewAuth, NewIdentity, UpstreamDraft, given
from mcpgateway.control_plane.registry.model import (
    BEYOND_MCP,
    Transport,
    Upstream,
    environment_id,
    key_id,
    may_see,
    oauth_id,
)
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.transports import fitting
from mcpgateway.control_plane.registry.upstream_auth import looking, trusting
from mcpgateway.control_plane.registry.upstream_auth import tokens as oauth_tokens
from mcpgateway.control_plane.registry.views import Query, UpstreamView

_PLAIN = (
    "name",
    "url",
    "description",
    "ca_certificate",
    "passthrough_headers",
    "timeout_ms",
    "refresh_interval_seconds",
    "definition_policy",
    "identity_propagation",
    "transport_options",
    "tags",
    "visibility",
    "team_id",
    "owner_email",
)
_DERIVED = ("slug", "auth", "client_cert")  # of what else a draft says
_ACCESS = ("visibility", "team_id", "owner_email")
_REACHED = ("auth", "transport", "document", "environment")  # another one is another upstream


async def create(ports: Ports, actor: Actor, draft: UpstreamDraft) -> Change:
    """Raises InvalidCall, Conflict (name, slug or URL taken), UpstreamUnreachable,
    UpstreamRejected, UpstreamTimeout."""
    assert draft.name is not UNSET
    url = "" if draft.url is UNSET else draft.url
    slug = slug_of(draft.name)
    fields = {
        "timeout_ms": ports.timeout_ms,
        "definition_policy": ports.definition_policy,
        **creatable(actor, "gateway", given(draft, *_PLAIN)),
    }
    await _refuse_clash(ports, actor, draft.name, slug, url)
    auth, identity = draft.auth or None, draft.identity or None
    id = ids.make_id(ports.entropy(16))
    target = Target(
        url,
        draft.transport or None,
        auth.headers if auth else (),
        draft.ca_certificate or "",
        identity.cert if identity else "",
        identity.key if identity else "",
        draft.transport_options or {},
        draft.document or b"",
        id,
        draft.environment or (),
    )
    _check_secured(target.url, target.ca_certificate, target.client_cert)
    _check_auth(target.transport, auth)
    _check_place(target, auth or identity)
    looking.check_auth(ports, None, auth, target.url)
    trusting.check_new(actor, auth, target.transport)
    seen = await looking.first(ports, target, auth, auth.secrets if auth else {})
    found = seen or looking.unseen(target)
    fields["url"] = found.url or url
    async with ports.store.write(actor.who) as tx:
        row = Upstream(
            id=id,
            slug=slug,
            auth=auth.shown if auth else None,
            client_cert=identity.cert if identity else None,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **fields,
            **refresh.discovered_fields(found),
        )
        await tx.documents.keep(found.document)
        await tx.upstreams.save([row])
        await _replace_credentials(tx, ports, id, draft)
        plans = children.compare(Known(), found)
        renamed = await children.apply(tx, ports, row, Known(), plans, actor.who)
        revision = tx.revision
    if target.transport == "TUNNEL" and seen is None:
        await refresh.unreachable(ports, id, "its tunnel has not been opened yet")
    else:
        await refresh.report(ports, id, found, plans)
    return Change(id, revision, renamed)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: UpstreamDraft, expected: int | None
) -> Change:
    """Changes what the draft names. A new URL, transport, credential or certificate is tried by a
    discovery first. Raises what `create` does, NotFound, Denied, Stale."""
    before = changeable(await one(ports, actor, id), actor, "gateway", id)
    check_version(before, expected)
    after = _merged(before, claimed(actor, "gateway", given(draft, *_PLAIN), before), draft)
    looking.check_auth(ports, before, draft.auth or None, after.url)
    trusting.check_changed(actor, before, after, draft)
    _check_fitting(before, draft)
    await _refuse_clash(ports, actor, after.name, after.slug, after.url, id)
    found = await _look_again(ports, before, after, draft)
    renamed: Mapping[str, str] = {}
    plans = Plans()
    async with ports.store.write(actor.who) as tx:
        current = await refresh.unchanged(tx, before)
        row = edited(
            current,
            actor.who,
            tx.at,
            **{name: getattr(after, name) for name in (*_PLAIN, *_DERIVED)},
            **(refresh.discovered_fields(found) if found else {}),
        )
        await tx.upstreams.save([row])
        await _replace_credentials(tx, ports, id, draft)
        if found:
            await tx.documents.keep(found.document)
            known = await children.known_of(tx, id)
            plans = children.compare(known, found)
            renamed = await children.apply(tx, ports, row, known, plans, actor.who)
        await pass_on_access(tx, current, row)
        revision = tx.revision
    if found:
        await refresh.report(ports, id, found, plans)
    return Change(id, revision, renamed)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    """Children of a disabled upstream are not offered; their own switches stay as they are."""
    async with ports.store.write(actor.who) as tx:
        current = await _current(tx, actor, id)
        check_version(current, expected)
        if current.enabled is enabled:
            return Change(id, None)
        await tx.upstreams.save([edited(current, actor.who, tx.at, enabled=enabled)])
        await tx.credentials.save(await tx.credentials.get(secrets.ids_of(id)))
        await touch_children(tx, id)
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    """With all its children; servers lose what they held of it."""
    async with ports.store.write(actor.who) as tx:
        check_version(await _current(tx, actor, id, "delete"), expected)
        known = await children.known_of(tx, id)
        await tx.tools.remove([row.id for row in known.tools])
        await tx.prompts.remove([row.id for row in known.prompts])
        await tx.resources.remove([row.id for row in known.resources])
        await tx.credentials.remove(secrets.ids_of(id))
        await tx.upstreams.remove([id])
        return Change(id, tx.revision)


def slug_of(name: str) -> str:
    """Raises InvalidCall."""
    slug = ids.slug(name)
    if not slug:
        problem = "must hold a letter or a digit: it becomes the prefix of tool names"
        raise InvalidCall(f"name {problem}", errors=[FieldProblem("name", problem, "slug")])
    return slug


async def one(ports: Ports, actor: Actor, id: str) -> UpstreamView:
    """Raises NotFound."""
    query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
    found = await ports.store.read.upstreams(query)
    return visible(found[0] if found else None, actor, "gateway", id)


async def _current(
    tx: WriteTx, actor: Actor, id: str, act: Literal["update", "delete"] = "update"
) -> Upstream:
    found = await tx.upstreams.get([id])
    return changeable(found[0] if found else None, actor, "gateway", id, act)


async def _refuse_clash(
    ports: Ports, actor: Actor, name: str, slug: str, url: str, id: str = ""
) -> None:
    """Before the network; the unique indexes decide in the end."""
    other = await ports.store.read.clash(name, slug, url, id)
    if other is None:
        return
    who = f"gateway {other.name!r}" if may_see(actor.viewer, other) else "another gateway"
    if url == other.url:
        raise Conflict(f"url {url!r} is registered already, as {who}")
    same = f"name {name!r}" if name == other.name else f"slug {slug!r}"
    raise Conflict(f"{who} has the same {same}: choose another name")


def _merged(before: Upstream, changes: dict[str, Any], draft: UpstreamDraft) -> Upstream:
    if "name" in changes:
        changes["slug"] = slug_of(changes["name"])
    if draft.auth is not UNSET:
        changes["auth"] = draft.auth.shown if draft.auth else None
    if draft.identity is not UNSET:
        changes["client_cert"] = draft.identity.cert if draft.identity else None
        _check_key(before, draft.identity)
    after = msgspec.structs.replace(before, **changes)
    _check_origin(before, after, draft)
    _check_secured(after.url, after.ca_certificate, after.client_cert)
    _check_auth(draft.transport or before.transport, draft.auth or None)
    return after


def _check_fitting(before: Upstream, draft: UpstreamDraft) -> None:
    if draft.transport is None:
        return  # it is found out
    transport = draft.transport or before.transport
    if draft.url and not fitting.has_place(transport):
        raise _wrong("url", f"has no effect with transport {transport}", "url")
    options = draft.transport_options
    if options is not UNSET and not fitting.are_of(transport, options):
        problem = f"is {transport}, and something else is described: say which it is to become"
        raise _wrong("transport", problem, "missing")
    if options is not UNSET and draft.environment is UNSET:
        names = fitting.valueless(before.transport_options, options)
        if names:
            raise _wrong(f"env.{names[0]}", "is not said as it is shown: give all values", "masked")


def _check_origin(before: Upstream, after: Upstream, draft: UpstreamDraft) -> None:
    """Else whoever may edit a gateway could have its secrets used at a server of their own."""
    was = trusting.origin(before.url)
    if trusting.origin(after.url) == was:
        return
    if draft.auth is UNSET and before.auth:
        raise _wrong("auth_type", f"the credential was given for {was}: give it again, or none")
    kept = draft.identity is UNSET or (draft.identity is not None and not draft.identity.key)
    if kept and before.client_cert:
        raise _wrong("client_key", f"was given for {was}: give it again, or no client_cert")


def _check_key(before: Upstream, identity: NewIdentity | None) -> None:
    if identity is not None and not identity.key and identity.cert != before.client_cert:
        raise _wrong("client_key", "is required with another client_cert", "missing")


def _check_secured(url: str, ca_certificate: str | None, client_cert: str | None) -> None:
    if urlsplit(url).scheme in ("https", "grpcs"):
        return
    for field, value in (("ca_certificate", ca_certificate), ("client_cert", client_cert)):
        if value:
            problem = "has no effect without TLS: use a URL of https:// or grpcs://"
            raise _wrong(field, problem, "scheme")


def _check_auth(transport: Transport | None, auth: NewAuth | None) -> None:
    if auth is None:
        return
    if transport == "STDIO":
        problem = "has no effect on a local command: give it what it has to know as env"
        raise _wrong("auth_type", problem, "stdio")
    if transport == "TUNNEL":
        problem = "has no effect on a tunnel: whoever opens it knows its server's credentials"
        raise _wrong("auth_type", problem, "tunnel")


def _check_place(target: Target, shown: NewAuth | NewIdentity | None) -> None:
    """No document decides where credentials go."""
    if target.transport == "OPENAPI" and shown is not None and not target.url:
        raise _wrong("url", "is required with credentials: they are sent there alone", "missing")


def _wrong(field: str, problem: str, rule: str = "origin") -> InvalidCall:
    return InvalidCall(f"{field} {problem}", errors=[FieldProblem(field, problem, rule)])


async def _look_again(
    ports: Ports, before: Upstream, after: Upstream, draft: UpstreamDraft
) -> Discovered | None:
    """A discovery when the draft changes where or how the upstream is reached."""
    moved = after.url != before.url
    resecured = (after.ca_certificate, after.client_cert) != (
        before.ca_certificate,
        before.client_cert,
    )
    otherwise = any(getattr(draft, name) is not UNSET for name in _REACHED)
    if not (moved or resecured or otherwise or after.transport_options != before.transport_options):
        return None
    known = await secrets.stored_target(ports, before)
    transport = None if moved and known.transport not in BEYOND_MCP else known.transport
    target = Target(
        after.url,
        transport if draft.transport is UNSET else draft.transport,
        known.headers if draft.auth is UNSET else draft.auth.headers if draft.auth else (),
        after.ca_certificate or "",
        after.client_cert or "",
        _key(known, draft),
        after.transport_options,
        known.document if draft.document is UNSET else draft.document,
        before.id,
        known.environment if draft.environment is UNSET else draft.environment or (),
    )
    auth = draft.auth
    if auth is UNSET:
        auth = NewAuth(before.auth, ()) if before.auth else None
    return await looking.first(ports, target, auth, await _oauth_secrets(ports, before, draft))


async def _oauth_secrets(ports: Ports, before: Upstream, draft: UpstreamDraft) -> dict[str, str]:
    """Those that the OAuth client of an upstream has after a change."""
    if not draft.auth and draft.auth is not UNSET:
        return {}
    if draft.auth and not draft.auth.kept:
        return draft.auth.secrets
    stored = await oauth_tokens.secrets_of(ports, before)
    if not draft.auth:
        return stored
    return {name: stored[name] for name in draft.auth.kept if name in stored} | draft.auth.secrets


def _key(known: Target, draft: UpstreamDraft) -> str:
    if draft.identity is UNSET:
        return known.client_key
    return (draft.identity.key or known.client_key) if draft.identity else ""


async def _replace_credentials(tx: WriteTx, ports: Ports, id: str, draft: UpstreamDraft) -> None:
    """Those that the draft says something of."""
    if draft.auth is not UNSET:
        await _replace_auth(tx, ports, id, draft.auth)
    if draft.environment:
        await tx.credentials.save([secrets.environment(ports, id, draft.environment)])
    elif draft.environment is not UNSET:
        await tx.credentials.remove([environment_id(id)])
    if draft.identity and draft.identity.key:
        await tx.credentials.save([secrets.private_key(ports, id, draft.identity.key)])
    elif draft.identity is None:
        await tx.credentials.remove([key_id(id)])


async def _replace_auth(tx: WriteTx, ports: Ports, id: str, auth: NewAuth | None) -> None:
    if auth is not None and auth.shown.stored:
        await tx.credentials.save([secrets.header_lines(ports, id, auth.headers)])
    else:
        await tx.credentials.remove([id])
    if auth is None or not (auth.secrets or auth.kept):
        await tx.credentials.remove([oauth_id(id)])
    elif auth.secrets:
        stored = await tx.credentials.get([oauth_id(id)]) if auth.kept else []
        before = oauth_tokens.opened_secrets(ports, stored)
        held = {name: before[name] for name in auth.kept if name in before} | auth.secrets
        await tx.credentials.save([oauth_tokens.sealed_secrets(ports, id, held)])


async def pass_on_access(tx: WriteTx, before: Upstream, after: Upstream) -> None:
    """Children are as visible as their upstream."""
    changes = {name: getattr(after, name) for name in _ACCESS}
    if all(getattr(before, name) == value for name, value in changes.items()):
        return
    known = await children.known_of(tx, after.id)
    await tx.tools.save([children.edited(row, after, changes) for row in known.tools])
    await tx.prompts.save([children.edited(row, after, changes) for row in known.prompts])
    await tx.resources.save([children.edited(row, after, changes) for row in known.resources])


async def touch_children(tx: WriteTx, id: str) -> None:
    """A new revision of each, not a new version."""
    known = await children.known_of(tx, id)
    await tx.tools.save(known.tools)
    await tx.prompts.save(known.prompts)
    await tx.resources.save(known.resources)
    await tx.touch_holders("tool", [row.id for row in known.tools])
    await tx.touch_holders("prompt", [row.id for row in known.prompts])
    await tx.touch_holders("resource", [row.id for row in known.resources])
