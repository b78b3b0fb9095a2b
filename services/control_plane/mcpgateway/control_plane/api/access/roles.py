"""/rbac: roles, who has which, and what that lets people do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias, get_args

from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import NotFound
from mcpgateway.common.policy.access.permissions import NAMES, problem
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import flag, text
from mcpgateway.control_plane.registry.access import granting, role_acts
from mcpgateway.control_plane.registry.access.granting import Had, Wanted
from mcpgateway.control_plane.registry.access.held import effective
from mcpgateway.control_plane.registry.access.role_acts import RoleDraft
from mcpgateway.control_plane.registry.people.model import Role, RoleScope
from mcpgateway.control_plane.registry.ports import Change, Ports

NAME_LIMIT = 255
TEXT_LIMIT = 2000
EMAIL_LIMIT = 255
MAX_PERMISSIONS = 200
_SCOPES = get_args(RoleScope)
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_ROLES: Schema = {"type": "array", "items": {"type": "object"}}
_EMAIL: Schema = {"type": "string", "maxLength": EMAIL_LIMIT}

Json: TypeAlias = dict[str, Any]


class Known(NamedTuple):
    """A role, with all that it gives."""

    role: Role
    effective: tuple[str, ...] = ()


class RoleRoutes:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        one, refuses = {200: Shown(shown, title="Role")}, (403, 409)
        return (
            at(
                "/rbac/roles",
                GET=Operation(self.list, "List roles", {200: _ROLES}),
                POST=Operation(self.create, "Make a role", one, refuses, tagged=True),
            ),
            at(
                "/rbac/roles/{id}",
                GET=Operation(self.get, "One role", one, tagged=True),
                PUT=Operation(self.replace, "Change a role", one, refuses, tagged=True),
                DELETE=Operation(
                    self.remove, "Delete a role that nobody has", {200: Shown(done)}, refuses
                ),
            ),
        )

    async def list(self, request: Request) -> Response:
        """`?scope=`, `?active_only=false`."""
        scope = read_scope(request.query_params)
        active = flag(request.query_params, "active_only", absent=True)
        rows = await self._known()
        return json(
            [
                shown(row)
                for row in rows.values()
                if scope in ("", row.role.scope) and (row.role.active or not active)
            ]
        )

    async def get(self, request: Request) -> Response:
        row = await self._one(id_of(request, "role"))
        return json(shown(row), headers={"ETag": f'"{row.role.version}"'})

    async def create(self, request: Request) -> Response:
        actor = actor_of(request)

        async def act(ports: Ports) -> Change:
            draft = read_role(await read_object(request), new=True)
            return await role_acts.create(ports, actor, draft)

        return await self._writes.run(request, act, self._shown)

    async def replace(self, request: Request) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "role"), expected_version(request)

        async def act(ports: Ports) -> Change:
            draft = read_role(await read_object(request), new=False)
            return await role_acts.replace(ports, actor, id, draft, expected)

        return await self._writes.run(request, act, self._shown)

    async def remove(self, request: Request) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "role"), expected_version(request)

        async def act(ports: Ports) -> Change:
            return await role_acts.remove(ports, actor, id, expected)

        async def show(change: Change) -> Written:
            body = done("Role deleted successfully")
            return Written(body, Key("role", id), change.revision)

        return await self._writes.run(request, act, show)

    async def _known(self) -> dict[str, Known]:
        roles = {role.id: role for role in await self._ports.store.read.access.roles()}
        return {id: Known(role, tuple(sorted(effective(id, roles)))) for id, role in roles.items()}

    async def _one(self, id: str) -> Known:
        found = (await self._known()).get(id)
        if found is None:
            raise NotFound(f"no role {id!r}")
        return found

    async def _shown(self, change: Change) -> Written:
        row = await self._one(change.id)
        version = row.role.version
        return Written(shown(row), Key("role", row.role.id), change.revision, 200, version)


class GrantRoutes:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        one, refuses = {200: Shown(shown_grant, title="UserRole")}, (403, 404, 409)
        return (
            at(
                "/rbac/users/{email}/roles",
                GET=Operation(self.list, "The roles of a user", {200: _ROLES}, (404,)),
                POST=Operation(self.give, "Give a user a role", one, refuses),
            ),
            at(
                "/rbac/users/{email}/roles/{id}",
                DELETE=Operation(
                    self.take, "Take a role away from a user", {200: Shown(done)}, (403, 404)
                ),
            ),
            at("/rbac/my/roles", GET=Operation(self.mine, "My roles", {200: _ROLES})),
            at(
                "/rbac/my/permissions",
                GET=Operation(self.my_permissions, "My permissions", {200: _TEXTS}),
            ),
            at(
                "/rbac/permissions/user/{email}",
                GET=Operation(
                    self.permissions, "What roles let a user do", {200: _TEXTS}, (403, 404)
                ),
            ),
            at(
                "/rbac/permissions/available",
                GET=Operation(
                    self.available,
                    "All permissions",
                    {200: Shown(shown_names, title="Permissions")},
                ),
            ),
        )

    async def list(self, request: Request) -> Response:
        """`?scope=`, `?active_only=false`."""
        return await self._list(request, email_of(request))

    async def mine(self, request: Request) -> Response:
        return await self._list(request, actor_of(request).viewer.email)

    async def give(self, request: Request) -> Response:
        actor, email = actor_of(request), email_of(request)

        async def act(ports: Ports) -> Change:
            wanted = read_grant(await read_object(request))
            return await granting.give(ports, actor, email, wanted)

        async def show(change: Change) -> Written:
            for each in await granting.had(self._ports, actor, email):
                if each.grant.id == change.id:
                    return Written(shown_grant(each), Key("principal", email), change.revision)
            raise NotFound(f"{email} has this role no more")

        return await self._writes.run(request, act, show)

    async def take(self, request: Request) -> Response:
        """`?scope=` and `?scope_id=` say where, if he has it in several places."""
        actor, email, id = actor_of(request), email_of(request), id_of(request, "role")
        scope = read_scope(request.query_params)
        scope_id = text(request.query_params, "scope_id", "A team's id.", 64)

        async def act(ports: Ports) -> Change:
            return await granting.take(ports, actor, email, id, scope, scope_id)

        async def show(change: Change) -> Written:
            body = done("Role revoked successfully")
            return Written(body, Key("principal", email), change.revision)

        return await self._writes.run(request, act, show)

    async def permissions(self, request: Request) -> Response:
        return await self._permissions(request, email_of(request))

    async def my_permissions(self, request: Request) -> Response:
        return await self._permissions(request, actor_of(request).viewer.email)

    async def available(self, request: Request) -> Response:
        return json(shown_names(NAMES))

    async def _list(self, request: Request, email: str) -> Response:
        scope = read_scope(request.query_params)
        active = flag(request.query_params, "active_only", absent=True)
        rows = await granting.had(self._ports, actor_of(request), email, active=active)
        return json([shown_grant(row) for row in rows if scope in ("", row.grant.scope)])

    async def _permissions(self, request: Request, email: str) -> Response:
        """`?team_id=`: in that team as well."""
        team = text(request.query_params, "team_id", "A team's id.", 64)
        return json(await granting.permissions(self._ports, actor_of(request), email, team))


def read_role(body: Mapping[str, Any], *, new: bool) -> RoleDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(body)
    scope = fields.choice("scope", _SCOPES)
    permissions = fields.texts("permissions", MAX_PERMISSIONS, 64)
    for required in ("scope", "permissions") if new else ():
        if fields.raw(required) is UNSET:
            fields.problem(required, "is required", "missing")
    for name in () if isinstance(permissions, UnsetType) else permissions:
        wrong = problem(name)
        if wrong:
            fields.problem("permissions", wrong, "permission")
    fields.unsupported("is_system_role", "built-in roles are made by the gateway")
    inherits = fields.raw("inherits_from", {"type": "string", "description": "A role's id."})
    draft = RoleDraft(
        name=fields.filled("name", NAME_LIMIT, required=new),
        description=fields.text("description", TEXT_LIMIT),
        scope=scope,
        permissions=permissions,
        inherits_from=UNSET if inherits is UNSET else fields.text("inherits_from", 64),
        active=fields.boolean("is_active"),
    )
    fields.check()
    return draft


def read_grant(body: Mapping[str, Any]) -> Wanted:
    """Raises InvalidCall that names every problem."""
    fields = Fields(body)
    role = fields.filled("role_id", 64, required=True)
    scope = fields.choice("scope", _SCOPES)
    if fields.raw("scope") is UNSET:
        fields.problem("scope", "is required", "missing")
    scope_id = fields.text("scope_id", 64)
    expires = _moment(fields)
    fields.check()
    assert isinstance(role, str)
    assert not isinstance(scope, UnsetType)
    return Wanted(
        role_id=role,
        scope=scope,
        scope_id="" if isinstance(scope_id, UnsetType) else scope_id,
        expires_at=expires,
    )


def _moment(fields: Fields) -> datetime | None:
    said = fields.raw("expires_at", {"type": "string", "format": "date-time"})
    if said is UNSET:
        return None
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        moment = None
    if moment is None:
        fields.problem("expires_at", "must be a time like 2026-11-22T12:00:00Z", "date-time")
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_scope(params: Mapping[str, str]) -> str:
    """Raises InvalidCall."""
    note(params, "scope", {"type": "string", "enum": [*_SCOPES]})
    said = params.get("scope", "")
    if said and said not in _SCOPES:
        raise bad_query("scope", f"must be one of {', '.join(_SCOPES)}")
    return said


def email_of(request: Request) -> str:
    """Of the path."""
    note(request.path_params, "email", _EMAIL)
    return str(request.path_params["email"])[:EMAIL_LIMIT].strip().lower().replace("\0", "")


def shown(row: Known) -> Json:
    role = row.role
    return {
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "scope": role.scope,
        "permissions": list(role.permissions),
        "effective_permissions": list(row.effective),
        "inherits_from": role.inherits_from,
        "created_by": role.created_by,
        "is_system_role": role.system,
        "is_active": role.active,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }


def shown_grant(row: Had) -> Json:
    grant = row.grant
    return {
        "id": grant.id,
        "user_email": grant.email,
        "role_id": grant.role_id,
        "role_name": row.role,
        "scope": grant.scope,
        "scope_id": grant.scope_id or None,
        "granted_by": grant.granted_by,
        "granted_at": grant.granted_at,
        "expires_at": grant.expires_at,
        "is_active": row.active,
        "grant_source": grant.source,
    }


def shown_names(names: tuple[str, ...]) -> Json:
    return {
        "all_permissions": list(names),
        "permissions_by_resource": granting.by_noun(names),
        "total_count": len(names),
    }


def done(said: str) -> Json:
    return {"message": said}
