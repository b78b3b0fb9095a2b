"""What administrators do with users, and what becomes of all that a user has when he goes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import Conflict, Denied, InvalidCall, NotFound
from mcpgateway.control_plane.identity.accounts.events import AuthEvents
from mcpgateway.control_plane.identity.accounts.password_changes import NewPasswords
from mcpgateway.control_plane.identity.accounts.users import NewUser, create, normal_email
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.access.standing import refuse_above, refuse_administrator
from mcpgateway.control_plane.registry.actor import Actor, edited
from mcpgateway.control_plane.registry.model import Entity, Who
from mcpgateway.control_plane.registry.people.account_ports import (
    Account,
    Accounts,
    Place,
    account_key,
)
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports, Rows, WriteTx

PERMISSION = "admin.user_management"
_NAMED = 10  # things that a refusal names


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a user; UNSET leaves it. `password_change_required` UNSET with a password
    means that it is not required any more."""

    full_name: str | msgspec.UnsetType | None = msgspec.UNSET
    admin: bool | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET
    email_verified: bool | msgspec.UnsetType = msgspec.UNSET
    password_change_required: bool | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    attributes: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Owned(NamedTuple):
    """`noun` as in paths."""

    noun: str
    id: str
    name: str


class Users:
    """`place` is where the acting one is, for the events."""

    def __init__(
        self, ports: Ports, accounts: Accounts, new: NewPasswords, events: AuthEvents
    ) -> None:
        self._ports = ports
        self._accounts = accounts
        self._new = new
        self._events = events

    async def one(self, email: str) -> Account:
        """Raises NotFound."""
        found = await self._accounts.people.one(email.strip().lower(), self._ports.clock())
        if found is None:
            raise NotFound(f"no user {email[:80]!r}")
        return found

    async def list(self, search: str, limit: int, offset: int) -> tuple[list[Account], int]:
        """By email, and how many there are."""
        return await self._accounts.people.list(search, limit, offset, self._ports.clock())

    async def create(
        self, new: NewUser, password: str | None, actor: Actor, place: Place
    ) -> Account:
        """With `service`, without a password. Raises InvalidCall, Conflict."""
        email = normal_email(new.email)
        actor.check(PERMISSION, "manage users")
        if new.admin:
            refuse_administrator(actor)
        if new.service and (password is not None or new.admin):
            raise InvalidCall(
                "a service account has no password and is no administrator: it gets API tokens "
                "and roles"
            )
        if not new.service:
            hash = await self._new.first(password or "", email, admin=new.admin, field="password")
            new = msgspec.structs.replace(new, password_hash=hash)
        async with self._ports.store.write(actor.who) as tx:
            user = await create(tx, new, self._ports, actor.viewer.email)
        await self._events.note("user_created", email, place, reason=f"by {actor.viewer.email}")
        return Account(user)

    async def update(self, email: str, edit: Edit, actor: Actor, place: Place) -> Account:
        """Deactivating ends all tokens and sessions, as a new password does. Raises NotFound,
        InvalidCall, Conflict for the last active administrator."""
        before = (await self.one(email)).user
        if edit.admin is True:
            refuse_administrator(actor)
        await refuse_above(self._ports, actor, before.email)
        hash = None
        if isinstance(edit.password, str):
            if before.service:
                raise InvalidCall("a service account has no password")
            judged = before
            if isinstance(edit.admin, bool):
                judged = msgspec.structs.replace(before, admin=edit.admin)
            hash = await self._new.next(judged, edit.password, "password")
        async with self._ports.store.write(actor.who) as tx:
            user = await self._edited(tx, before.email, edit, hash)
            await tx.users.save([user])
        if hash is not None:
            await self._new.replaced(before, tx.at)
        if user.not_before == tx.at.timestamp():
            await self._accounts.sessions.end_all(user.email, tx.at)
        changed = ", ".join(name for name in _given(edit))
        await self._events.note(
            "user_updated", user.email, place, reason=f"{changed} by {actor.viewer.email}"[:500]
        )
        return await self.one(email)

    async def unlock(self, email: str, actor: Actor, place: Place) -> Account:
        """Raises NotFound."""
        user = (await self.one(email)).user
        await refuse_above(self._ports, actor, user.email)
        await self._accounts.failures.forget(account_key(user.email))
        await self._events.note(
            "account_unlocked", user.email, place, reason=f"by {actor.viewer.email}"
        )
        return await self.one(email)

    async def delete(self, email: str, heir: str | None, actor: Actor, place: Place) -> None:
        """With `heir` that user gets what is owned, without one nothing may be. Memberships, roles,
        API tokens and a personal team go. Raises NotFound, Denied for oneself, Conflict that says
        what is owned, InvalidCall for an heir that there is not."""
        user, who = (await self.one(email)).user, actor.who
        email = user.email
        await refuse_above(self._ports, actor, user.email)
        if email == actor.viewer.email:
            raise Denied("nobody deletes himself: ask another administrator")
        heir = None if heir is None else heir.strip().lower()
        async with self._ports.store.write(actor.who) as tx:
            found = await tx.users.get([email])
            if not found:
                raise NotFound(f"no user {email!r}")
            await _keep_an_administrator(tx, found[0], None)
            await _pass_on(tx, email, heir, who)
            await _remove(tx, email)
        await self._events.note("user_deleted", email, place, reason=f"by {actor.viewer.email}")

    async def _edited(self, tx: WriteTx, email: str, edit: Edit, hash: str | None) -> User:
        found = await tx.users.get([email])
        if not found:
            raise NotFound(f"no user {email!r}")
        changes = _given(edit)
        changes.pop("password", None)
        if hash is not None:
            changes = {
                "password_change_required": False,
                **changes,
                "password_hash": hash,
                "password_changed_at": tx.at,
            }
        if hash is not None or changes.get("active") is False:
            changes["not_before"] = tx.at.timestamp()
        user = msgspec.structs.replace(
            found[0], version=found[0].version + 1, updated_at=tx.at, **changes
        )
        if user.service and user.admin:
            raise InvalidCall("a service account is no administrator: it gets roles")
        await _keep_an_administrator(tx, found[0], user)
        return user


def _given(edit: Edit) -> dict[str, Any]:
    said = msgspec.structs.asdict(edit)
    return {name: value for name, value in said.items() if value is not msgspec.UNSET}


async def _keep_an_administrator(tx: WriteTx, before: User, after: User | None) -> None:
    """Raises Conflict when the last active administrator would be none any more."""
    was = before.admin and before.active
    stays = after is not None and after.admin and after.active
    if was and not stays and not await tx.users.other_administrators(before.email):
        raise Conflict(f"{before.email} is the last active administrator: make another one first")


async def _pass_on(tx: WriteTx, email: str, heir: str | None, who: Who) -> None:
    owned = [Owned(*each) for each in await tx.users.owned(email)]
    if not owned:
        return
    if heir is None:
        raise Conflict(
            f"{email} owns {_told(owned)}: delete them, or give them to another with transfer_to"
        )
    if heir == email or not any(user.active for user in await tx.users.get([heir])):
        raise InvalidCall(f"transfer_to must be the email of another active user, got {heir!r}")
    personal = await _personal(tx, email)
    for noun, rows in _nouns(tx).items():
        ids = [each.id for each in owned if each.noun == noun]
        given = [_given_to(heir, row, personal, who, tx.at) for row in await rows.get(ids)]
        await rows.save(given)
    teams = [each.id for each in owned if each.noun == "teams"]
    for member in await tx.members.of_user(heir):
        if member.team_id in teams:
            await tx.members.save([msgspec.structs.replace(member, role="owner")])
            teams.remove(member.team_id)
    if teams:
        raise Conflict(
            f"{email} is the only owner of teams that {heir} is no member of: add {heir} to "
            f"{', '.join(teams)} first"
        )


def _given_to(heir: str, row: Entity, going: frozenset[str], who: Who, at: datetime) -> Entity:
    """What was shared with a team that is `going` is the heir's alone."""
    if row.team_id not in going:
        return edited(row, who, at, owner_email=heir)
    visibility = "private" if row.visibility == "team" else row.visibility
    return edited(row, who, at, owner_email=heir, team_id=None, visibility=visibility)


async def _personal(tx: WriteTx, email: str) -> frozenset[str]:
    """Teams of his own that go with somebody, because nobody else is in them."""
    ids = [member.team_id for member in await tx.members.of_user(email)]
    teams = [team for team in await tx.teams.get(ids) if team.personal]
    return frozenset([team.id for team in teams if len(await tx.members.of_team(team.id)) == 1])


async def _remove(tx: WriteTx, email: str) -> None:
    """What has no owner any more, then the user."""
    await tx.api_tokens.remove([token.id for token in await tx.api_tokens.of_user(email)])
    await roles.remove_user(tx, email)
    going = await _personal(tx, email)
    await tx.members.remove([member.id for member in await tx.members.of_user(email)])
    for id in going:
        await roles.remove_team(tx, id)
    await tx.teams.remove(sorted(going))
    await tx.users.remove([email])


def _nouns(tx: WriteTx) -> dict[str, Rows[Any]]:
    return {
        "gateways": tx.upstreams,
        "servers": tx.servers,
        "tools": tx.tools,
        "prompts": tx.prompts,
        "resources": tx.resources,
        "a2a": tx.agents,
        "roots": tx.roots,
    }


def _told(owned: Sequence[Owned]) -> str:
    shown = ", ".join(f"/{each.noun}/{each.id} ({each.name})" for each in owned[:_NAMED])
    more = len(owned) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
