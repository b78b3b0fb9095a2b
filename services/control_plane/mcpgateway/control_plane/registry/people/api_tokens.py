"""The use cases of API tokens: what people make for their programs, and administrators for service
accounts. A token can at most what its owner can; and what is made with a token, at most what that
one can."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common import api_tokens
from mcpgateway.common.errors import Conflict, Denied, NotFound
from mcpgateway.control_plane.registry.access.standing import refuse_above
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.drafts import given
from mcpgateway.control_plane.registry.people.model import ApiToken, User, member_id
from mcpgateway.control_plane.registry.people.token_ports import TokenView
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.teams.team_rights import managed
from mcpgateway.control_plane.registry.wrong import wrong

MANAGE = "admin.user_management"  # to act on tokens of others
MAX_TOKENS = 1000  # of one person, also those that count no more
_FIELDS = ("name", "description", "tags", "active")
_SCOPE = (
    "server_id",
    "permissions",
    "ip_restrictions",
    "time_restrictions",
    "usage_limits",
)


class TokenScope(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is restricted to; nothing said restricts nothing. `time_restrictions` are
    canonical."""

    server_id: str | None = None
    permissions: tuple[str, ...] = ()
    ip_restrictions: tuple[str, ...] = ()
    time_restrictions: dict[str, Any] = {}
    usage_limits: dict[str, Any] = {}


class TokenDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_in_days` UNSET: as the settings say; 0: never. `email`: whose it is to be; None:
    one's own."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    scope: TokenScope | UnsetType = UNSET
    expires_in_days: int | UnsetType = UNSET
    team_id: str | None = None
    email: str | None = None


class Made(NamedTuple):
    """`text` is shown this once."""

    change: Change
    text: str


async def create(ports: Ports, actor: Actor, draft: TokenDraft) -> Made:
    """Raises InvalidCall, Denied, Conflict (the name is taken)."""
    assert draft.name is not UNSET
    actor.check("tokens.create", "make API tokens")
    email = draft.email or actor.viewer.email
    if email != actor.viewer.email:
        actor.check(MANAGE, "make tokens for others")
        await refuse_above(ports, actor, email)
    scope = draft.scope or TokenScope()
    _check_within(actor, draft.team_id, scope)
    async with ports.store.write(actor.who) as tx:
        owner = await _owner(tx, email)
        await _check_rights(tx, actor, owner, draft.team_id, scope)
        if len(await tx.api_tokens.of_user(email)) >= MAX_TOKENS:
            raise Conflict(f"{email} has {MAX_TOKENS} tokens, which is the limit")
        made = api_tokens.make(ports.entropy(api_tokens.ENTROPY))
        row = ApiToken(
            id=made.id,
            sha256=made.sha256,
            email=email,
            team_id=draft.team_id,
            created_at=tx.at,
            updated_at=tx.at,
            expires_at=_expiry(ports, draft.expires_in_days, tx.at),
            **given(draft, *_FIELDS),
            **given(scope, *_SCOPE),
        )
        await tx.api_tokens.save([row])
        return Made(Change(row.id, tx.revision), made.text)


async def replace(ports: Ports, actor: Actor, id: str, draft: TokenDraft) -> Change:
    """Changes what the draft names; a scope as a whole. Raises what `create` does, NotFound."""
    actor.check("tokens.update", "change API tokens")
    async with ports.store.write(actor.who) as tx:
        token = await _mine(tx, actor, id)
        if token.revoked_at is not None:
            raise Conflict(f"token {token.name!r} was revoked: make another")
        if token.email != actor.viewer.email:
            await refuse_above(ports, actor, token.email)
        scope = draft.scope or TokenScope(**{name: getattr(token, name) for name in _SCOPE})
        _check_within(actor, token.team_id, scope)
        if draft.scope is not UNSET:
            await _check_rights(tx, actor, await _owner(tx, token.email), token.team_id, scope)
        changes = given(draft, *_FIELDS) | given(scope, *_SCOPE)
        row = msgspec.structs.replace(token, version=token.version + 1, updated_at=tx.at, **changes)
        await tx.api_tokens.save([row])
        return Change(id, tx.revision)


async def revoke(
    ports: Ports, actor: Actor, id: str, reason: str | None, *, anybodys: bool = False
) -> Change:
    """It counts no more, and stays to be looked at. Raises NotFound, Denied."""
    actor.check("tokens.revoke", "revoke API tokens")
    if anybodys:
        actor.check(MANAGE, "revoke tokens of others")
    async with ports.store.write(actor.who) as tx:
        found = await tx.api_tokens.get([id])
        if not found:
            raise NotFound(f"no token {id!r}")
        if not anybodys:
            await _check_known(ports, actor, found[0])
        if found[0].revoked_at is not None:
            return Change(id, None)
        await tx.api_tokens.save([_revoked(found[0], actor.viewer.email, reason, tx.at)])
        return Change(id, tx.revision)


async def known(ports: Ports, actor: Actor, id: str) -> TokenView:
    """One's own; of a team that one manages; anybody's for who manages users. Raises NotFound."""
    actor.check("tokens.read", "see API tokens")
    found = await ports.store.read.tokens.one(id)
    if found is None:
        raise NotFound(f"no token {id!r}")
    await _check_known(ports, actor, found)
    return found


async def _check_known(ports: Ports, actor: Actor, token: ApiToken) -> None:
    if token.email == actor.viewer.email or actor.may(MANAGE):
        return
    if token.team_id is not None:
        try:
            await managed(ports, actor, token.team_id, "see its tokens")
        except (NotFound, Denied):
            pass
        else:
            return
    raise NotFound(f"no token {token.id!r}")


async def _mine(tx: WriteTx, actor: Actor, id: str) -> ApiToken:
    found = await tx.api_tokens.get([id])
    if not found or (found[0].email != actor.viewer.email and not actor.may(MANAGE)):
        raise NotFound(f"no token {id!r}")
    return found[0]


async def _owner(tx: WriteTx, email: str) -> User:
    found = await tx.users.get([email])
    if not found:
        raise wrong("user_email", f"names no user: {email}", "unknown")
    return found[0]


def _check_within(actor: Actor, team_id: str | None, scope: TokenScope) -> None:
    """What is made with a token that is restricted can do no more than that one. Raises Denied."""
    own = actor.viewer.scope
    if own.guarded or own.server:
        raise Denied(
            "the token of this request is restricted to a server, networks, times or "
            "limits, so no token is made or changed with it"
        )
    if own.teams is not None and team_id not in own.teams:
        raise Denied("the token of this request is for some teams only: name one as team_id")
    if own.permissions is None or "*" in own.permissions:
        return
    more = sorted(set(scope.permissions) - set(own.permissions))
    if more or not scope.permissions:
        which = ", ".join(more) or "all permissions"
        raise Denied(f"the token of this request does not have {which}, so none it makes can")


async def _check_rights(
    tx: WriteTx, actor: Actor, owner: User, team_id: str | None, scope: TokenScope
) -> None:
    """Raises InvalidCall, Denied."""
    if team_id is not None and not await tx.members.get([member_id(team_id, owner.email)]):
        raise wrong("team_id", f"names no team that {owner.email} is in", "unknown")
    if owner.email != actor.viewer.email:
        return
    may = actor.viewer.may_somewhere
    lacking = [each for each in scope.permissions if each != "*" and not may(each)]
    if lacking:
        raise Denied(f"you do not have {', '.join(sorted(lacking))}, so no token of yours can")


def _expiry(ports: Ports, said: int | UnsetType, now: datetime) -> datetime | None:
    """Raises InvalidCall."""
    rules = ports.tokens
    usual = min(rules.days or rules.most_days, rules.most_days or rules.days)
    days = usual if said is UNSET else said
    if rules.most_days and not 0 < days <= rules.most_days:
        most = f"must be 1 to {rules.most_days}"
        raise wrong("expires_in_days", f"{most} (MCPGATEWAY_API_TOKEN_MAX_DAYS)", "expiry")
    return now + timedelta(days=days) if days else None


def _revoked(token: ApiToken, by: str, reason: str | None, now: datetime) -> ApiToken:
    return msgspec.structs.replace(
        token,
        version=token.version + 1,
        updated_at=now,
        active=False,
        revoked_at=now,
        revoked_by=by,
        revocation_reason=reason,
    )
