"""Lets in whom a provider sends: finds or makes his user, links the two, and brings roles and teams
in line with his groups."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, Denied
from mcpgateway.control_plane.identity.accounts import users
from mcpgateway.control_plane.identity.accounts.users import NewUser
from mcpgateway.control_plane.identity.sso import groups, sync
from mcpgateway.control_plane.identity.sso.admission import Known, Way, decide
from mcpgateway.control_plane.identity.sso.approvals import Approvals
from mcpgateway.control_plane.identity.sso.groups import Place, RoleIn, Wanted
from mcpgateway.control_plane.identity.sso.sync import Given
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.model import (
    Member,
    RoleGrant,
    TeamRole,
    User,
    member_id,
)
from mcpgateway.control_plane.registry.people.sso import Identity, Link, Policy, Registered
from mcpgateway.control_plane.registry.people.sso_ports import SsoStore
from mcpgateway.control_plane.registry.ports import Ports, WriteTx

log = logging.getLogger(__name__)


class _Login(NamedTuple):
    """`first`: that the account is linked with its user by this login."""

    registered: Registered
    identity: Identity
    wanted: Wanted
    first: bool
    made_admin: bool

    @property
    def source(self) -> str:
        return self.registered.provider.id


class People:
    def __init__(self, ports: Ports, store: SsoStore, policy: Policy) -> None:
        self._ports = ports
        self._store = store
        self._policy = policy
        self._approvals = Approvals(ports, store)

    async def admit(self, registered: Registered, identity: Identity, who: Who) -> User:
        """`who` is written down; its name becomes the user's. Raises Denied, also for who has to
        wait, and Unavailable."""
        try:
            return await self._admitted(registered, identity, who)
        except Conflict:  # another login of the same person was quicker to make the user
            return await self._admitted(registered, identity, who)

    async def _admitted(self, registered: Registered, identity: Identity, who: Who) -> User:
        provider = registered.provider
        link = await self._store.link(provider.id, provider.realm, identity.subject)
        known = await self._known(registered, identity, link)
        way = decide(provider, identity, self._policy, known)
        if way == "wait":
            await self._approvals.ask(provider, identity)
            raise Denied(
                f"{identity.email} is new here and waits for an administrator "
                "(/auth/sso/pending-approvals): log in again when one has agreed"
            )
        email = known.linked.email if known.linked else identity.email
        wanted = groups.wanted(provider, identity, self._policy)
        made_admin = link.made_admin if link else False
        login = _Login(registered, identity, wanted, link is None, made_admin)
        user, made_admin = await self._written(login, way, email, who)
        await self._linked(login, link, user, made_admin)
        return user

    async def _known(self, registered: Registered, identity: Identity, link: Link | None) -> Known:
        provider, read = registered.provider, self._ports.store.read
        if link is not None:
            return Known(linked=await read.user(link.email))
        found = await read.user(identity.email) if identity.email else None
        links = await self._store.links_of(found.email) if found else []
        others = [each for each in links if (each.provider_id, each.issuer) == (
            provider.id,
            provider.realm,
        )]  # fmt: skip
        approval = await self._approvals.status(provider, identity)
        return Known(user=found, others=tuple(others), approval=approval)

    async def _written(self, login: _Login, way: Way, email: str, who: Who) -> tuple[User, bool]:
        """The user after it, and whether he is an administrator because of the provider."""
        by = msgspec.structs.replace(who, by=email)
        async with self._ports.store.write(by) as tx:
            if way == "create":
                await users.create(tx, self._new(login), self._ports, by=email)
            [held] = await tx.users.get([email])
            user, made_admin = self._edited(login, held, way)
            if user != held:
                stamped = {"version": held.version + 1, "updated_at": tx.at}
                await tx.users.save([msgspec.structs.replace(user, **stamped)])
            if login.identity.groups is not None and self._syncs(login):
                await _give_roles(tx, login, email, self._ports)
                await _give_places(tx, login, email)
            [after] = await tx.users.get([email])
        return after, made_admin

    def _new(self, login: _Login) -> NewUser:
        return NewUser(
            email=login.identity.email,
            full_name=login.identity.name or None,
            admin=login.wanted.admin,
            auth_provider=login.source,
        )

    def _syncs(self, login: _Login) -> bool:
        return login.first or login.registered.provider.sync_roles

    def _edited(self, login: _Login, held: User, way: Way) -> tuple[User, bool]:
        """Who is linked logs in by the provider from then on: a password would outlive his leaving
        there. Administrators may keep theirs, to get in when the provider does not answer."""
        changes: dict[str, object] = {"email_verified": True}
        if way == "link" and not (held.admin and self._policy.preserve_admin):
            changes |= {"auth_provider": login.source, "password_hash": None}
            changes |= {"password_change_required": False}
        if login.identity.name and (not held.full_name or held.auth_provider == login.source):
            changes["full_name"] = login.identity.name
        admin, made_admin = _admin(login, held.admin, way, self._syncs(login))
        changes["admin"] = admin
        return msgspec.structs.replace(held, **changes), made_admin

    async def _linked(self, login: _Login, link: Link | None, user: User, made_admin: bool) -> None:
        provider, now = login.registered.provider, self._ports.clock()
        await self._store.save_link(
            Link(
                provider_id=provider.id,
                issuer=provider.realm,
                subject=login.identity.subject,
                email=user.email,
                made_admin=made_admin,
                linked_at=link.linked_at if link else now,
                last_login=now,
            )
        )


def _admin(login: _Login, admin: bool, way: Way, syncs: bool) -> tuple[bool, bool]:
    """Whether he is one now, and whether because of the provider. Unknown groups take nothing."""
    if way == "create":
        return admin, admin
    if not syncs:
        return admin, login.made_admin
    if login.wanted.admin:
        return True, login.made_admin or not admin
    if login.made_admin and login.identity.groups is not None:
        return False, False
    return admin, login.made_admin


async def _give_roles(tx: WriteTx, login: _Login, email: str, ports: Ports) -> None:
    given = await _found_roles(tx, login, email)
    changes = sync.grants(await tx.grants.of_user(email), given, login.source)
    await tx.grants.remove(changes.take)
    await tx.grants.save(
        [
            RoleGrant(
                id=ids.make_id(ports.entropy(16)),
                email=email,
                role_id=each.role_id,
                scope=each.scope,
                scope_id=each.scope_id,
                granted_by=f"sso:{login.source}",
                granted_at=tx.at,
                source=login.source,
            )
            for each in sorted(changes.give)
        ]
    )


async def _found_roles(tx: WriteTx, login: _Login, email: str) -> set[Given]:
    """What the mappings name and the registry has; what it has not is told in the log."""
    wanted = login.wanted.roles
    roles = {each.name: each for each in await tx.roles.keyed([each.role for each in wanted])}
    teams = await _teams(tx, {each.team for each in wanted if each.team})
    personal = await _personal_team(tx, email) if login.registered.provider.personal_team else ""
    found = set()
    for each in wanted:
        role = roles.get(each.role)
        team = teams.get(each.team, "") if each.team else ""
        if role is None or (each.team and not team):
            _missing(login, each)
        elif team:
            found.add(Given(role.id, "team", team))
        elif role.scope != "team":
            found.add(Given(role.id, role.scope, ""))
        elif personal:
            found.add(Given(role.id, "team", personal))
        else:
            _missing(login, each)
    return found


async def _give_places(tx: WriteTx, login: _Login, email: str) -> None:
    teams = await _teams(tx, {each.team for each in login.wanted.places})
    wanted: dict[str, TeamRole] = {}
    for each in login.wanted.places:
        if each.team in teams:
            wanted[teams[each.team]] = each.role
        else:
            _missing(login, each)
    changes = sync.places(await tx.members.of_user(email), wanted, login.source)
    await tx.members.remove(changes.take)
    await tx.members.save(
        [
            Member(
                id=member_id(team, email),
                email=email,
                team_id=team,
                role=role,
                joined_at=tx.at,
                source=login.source,
            )
            for team, role in sorted(changes.give.items())
        ]
    )


async def _teams(tx: WriteTx, names: set[str]) -> Mapping[str, str]:
    """Ids by what they are called in mappings: a slug or an id. Teams of one person are nobody
    else's."""
    if not names:
        return {}
    keyed = [each for each in await tx.teams.keyed(sorted(names)) if not each.personal]
    by_id = [each for each in await tx.teams.get(sorted(names)) if not each.personal]
    return {each.slug: each.id for each in keyed} | {each.id: each.id for each in by_id}


async def _personal_team(tx: WriteTx, email: str) -> str:
    owned = [each.team_id for each in await tx.members.of_user(email) if each.role == "owner"]
    return next((each.id for each in await tx.teams.get(owned) if each.personal), "")


def _missing(login: _Login, what: RoleIn | Place) -> None:
    log.warning(
        "provider %s maps a group to %s, which names no role or team that there is, or a team's "
        "role without its team (role@team)",
        login.source,
        "@".join(filter(None, map(str, what))),
    )
