"""The use cases of teams: groups of people that things belong to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, Denied, Stale
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.discovered.refresh import EVERYTHING
from mcpgateway.control_plane.registry.drafts import given
from mcpgateway.control_plane.registry.people.model import ApiToken, Team, TeamRole
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.teams.team_invitations import Invited, make
from mcpgateway.control_plane.registry.teams.team_members import check_teams_of, enter, membership
from mcpgateway.control_plane.registry.teams.team_rights import managed_in_write
from mcpgateway.control_plane.registry.views import Query
from mcpgateway.control_plane.registry.wrong import wrong

_NAMED = 5  # things of a kind that a refusal names


class Seed(NamedTuple):
    """Somebody who is to be in a new team from the start."""

    email: str
    role: TeamRole = "member"


class TeamDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`max_members` None: as many as the settings say. `seeds` are for a new team."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    visibility: str | UnsetType = UNSET
    max_members: int | UnsetType | None = UNSET
    seeds: tuple[Seed, ...] = ()


class Made(NamedTuple):
    """Seeds that are users are `added`, all others `invited`."""

    change: Change
    added: Sequence[Seed] = ()
    invited: Sequence[Invited] = ()


async def create(ports: Ports, actor: Actor, draft: TeamDraft) -> Made:
    """Who makes it is its owner. Raises InvalidCall, Denied, Conflict (slug taken, limits)."""
    assert draft.name is not UNSET
    if not (ports.teams.creation or actor.viewer.admin):
        raise Denied("only administrators may make teams (ALLOW_TEAM_CREATION)")
    actor.check("teams.create", "make teams")
    by = actor.viewer.email
    async with ports.store.write(actor.who) as tx:
        await check_teams_of(ports, tx, by)
        team = Team(
            id=ids.make_id(ports.entropy(16)),
            slug=_slug(draft, ""),
            created_by=by,
            created_at=tx.at,
            updated_at=tx.at,
            **given(draft, "name", "description", "visibility", "max_members"),
        )
        await tx.teams.save([team])
        await enter(ports, tx, team, membership(team.id, by, "owner", tx, None))
        seeds = [seed for seed in draft.seeds if seed.email != by]
        users = {user.email for user in await tx.users.get([seed.email for seed in seeds])}
        added = [seed for seed in seeds if seed.email in users]
        for seed in added:
            await enter(ports, tx, team, membership(team.id, seed.email, seed.role, tx, by))
        invited = [
            make(ports, team, seed.email, seed.role, by, tx.at)
            for seed in seeds
            if seed.email not in users
        ]
        for each in invited:
            await tx.team_requests.save_invitation(each.invitation)
        return Made(Change(team.id, tx.revision), added, invited)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: TeamDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Stale."""
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, id, "change it", "teams.update")
        _check_version(team, expected)
        changes = given(draft, "name", "description", "visibility", "max_members")
        if team.personal and changes.get("visibility", team.visibility) != team.visibility:
            raise wrong("visibility", "of a personal team must be private", "personal")
        if draft.slug is not UNSET:
            changes["slug"] = _slug(draft, team.slug)
        row = _edited(tx, team, changes)
        await tx.teams.save([row])
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    """Raises NotFound, Denied, Stale, and Conflict that lists what still belongs to it."""
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, id, "delete it", "teams.delete")
        _check_version(team, expected)
        if team.personal:
            raise Denied(f"team {team.name!r} is the personal one of {team.created_by}")
        # Nobody else writes meanwhile: what is read is what there is.
        owned = await _owned(ports, tx, id)
        if owned:
            has = "; ".join(owned)
            raise Conflict(f"team {team.name!r} still has {has}: delete them or give them away")
        spent = await tx.api_tokens.of_team(id)
        await tx.api_tokens.remove([token.id for token in spent])
        await tx.members.remove([member.id for member in await tx.members.of_team(id)])
        await roles.remove_team(tx, id)
        await tx.teams.remove([id])
        return Change(id, tx.revision)


async def _owned(ports: Ports, tx: WriteTx, id: str) -> list[str]:
    """What belongs to a team, of each kind the first few by name."""
    read = ports.store.read
    query = Query(viewer=EVERYTHING, include_inactive=True, team_id=id, limit=None)
    tokens = [token.name for token in await tx.api_tokens.of_team(id) if _counts(token, tx.at)]
    found = (
        ("gateways", [row.name for row in await read.upstreams(query)]),
        ("tools", [row.name for row in await read.tools(query)]),
        ("prompts", [row.name for row in await read.prompts(query)]),
        ("resources", [row.uri for row in await read.resources(query)]),
        ("servers", [row.name for row in await read.servers(query)]),
        ("agents", [row.name for row in await read.agents(query)]),
        ("roots", [row.uri for row in await read.roots(query)]),
        ("API tokens", tokens),
    )
    return [_listed(what, names) for what, names in found if names]


def _counts(token: ApiToken, now: datetime) -> bool:
    return token.active and (token.expires_at is None or token.expires_at > now)


def _listed(what: str, names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{what} {shown}" + (f" and {more} more" if more > 0 else "")


def _slug(draft: TeamDraft, before: str) -> str:
    """That which is said, or of the name. A slug stays when the name changes."""
    said = draft.slug if draft.slug not in (UNSET, "") else draft.name
    slug = before if said is UNSET else ids.slug(said)
    if not slug:
        raise wrong("name", "must hold a letter or a digit: the slug is made of it", "slug")
    return slug


def _edited(tx: WriteTx, team: Team, changes: dict[str, Any]) -> Team:
    return msgspec.structs.replace(team, version=team.version + 1, updated_at=tx.at, **changes)


def _check_version(team: Team, expected: int | None) -> None:
    if expected is not None and team.version != expected:
        raise Stale(f"this is version {team.version} now, and If-Match names {expected}")
