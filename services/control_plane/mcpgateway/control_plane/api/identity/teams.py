"""/teams: teams and who is in them."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import NotFound
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.identity import render_teams as render
from mcpgateway.control_plane.api.identity.shared import email_in_path, window
from mcpgateway.control_plane.api.identity.team_input import read_member, read_role, read_team
from mcpgateway.control_plane.api.nouns.noun import done
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import Member
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.teams import team_members, teams
from mcpgateway.control_plane.registry.teams.team_ports import TeamQuery
from mcpgateway.control_plane.registry.teams.team_rights import entered, seen

ONE = Shown(render.team, title="Team")
MEMBER = Shown(render.member, title="TeamMember")
_LISTED = Shown(render.teams, title="Teams")
_MEMBERS: Schema = {"description": "An array of members, or an object with it and `nextCursor`."}
_FOUND: Schema = {"type": "array", "items": {"type": "object"}}
_GUARDED = (403, 404, 409)


class Teams:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        made = Shown(render.made_team, title="TeamMade")
        return (
            at(
                "/teams",
                GET=Operation(self.list, "List teams", {200: _LISTED}),
                POST=Operation(self.create, "Make a team", {201: made}, (403, 409), tagged=True),
            ),
            at("/teams/discover", GET=Operation(self.discover, "Public teams", {200: _FOUND})),
            at(
                "/teams/{id}",
                GET=Operation(self.get, "One team", {200: ONE}, tagged=True),
                PUT=Operation(self.replace, "Change a team", {200: ONE}, _GUARDED, tagged=True),
                DELETE=Operation(self.remove, "Delete a team", {200: Shown(done)}, _GUARDED),
            ),
            at(
                "/teams/{id}/members",
                GET=Operation(self.members, "Members of a team", {200: _MEMBERS}, (403,)),
                POST=Operation(self.add, "Add a member", {201: MEMBER}, _GUARDED),
            ),
            at(
                "/teams/{id}/members/{email}",
                PUT=Operation(self.set_role, "Change a member's role", {200: MEMBER}, _GUARDED),
                DELETE=Operation(self.drop, "Remove a member", {200: Shown(done)}, _GUARDED),
            ),
            at(
                "/teams/{id}/leave",
                DELETE=Operation(self.leave, "Leave a team", {200: Shown(done)}, _GUARDED),
            ),
        )

    async def list(self, request: Request) -> Response:
        """His own; all of them for an administrator, unless `?mine=true`."""
        limit, offset = window(request.query_params)
        own, viewer = flag(request.query_params, "mine"), viewer_of(request)
        query = TeamQuery(viewer.email, viewer.admin and not own, False, offset, limit)
        return json(render.teams(*await self._ports.store.read.teams.page(query)))

    async def discover(self, request: Request) -> Response:
        limit, offset = window(request.query_params)
        query = TeamQuery(viewer_of(request).email, False, True, offset, limit)
        rows, _ = await self._ports.store.read.teams.page(query)
        return json([render.discovered(row) for row in rows])

    async def get(self, request: Request) -> Response:
        row = await seen(self._ports, actor_of(request), id_of(request, "team"))
        return json(render.team(row), headers={"ETag": f'"{row.version}"'})

    async def create(self, request: Request) -> Response:
        actor, made = actor_of(request), [teams.Made(Change("", None))]

        async def act(ports: Ports) -> Change:
            draft = read_team(await read_object(request), True, ports.teams.seeds)
            made[0] = await teams.create(ports, actor, draft)
            return made[0].change

        async def show(change: Change) -> Written:
            row = await seen(self._ports, actor, change.id)
            invited = [each.invitation for each in made[0].invited]
            body = render.made_team(row, made[0].added, invited)
            return Written(body, _key(actor), change.revision, 201, row.version)

        return await self._writes.run(request, act, show)

    async def replace(self, request: Request) -> Response:
        actor, id, expected = _asked(request)

        async def act(ports: Ports) -> Change:
            draft = read_team(await read_object(request), False)
            return await teams.replace(ports, actor, id, draft, expected)

        async def show(change: Change) -> Written:
            row = await seen(self._ports, actor, id)
            return Written(render.team(row), None, change.revision, version=row.version)

        return await self._writes.run(request, act, show)

    async def remove(self, request: Request) -> Response:
        actor, id, expected = _asked(request)

        async def act(ports: Ports) -> Change:
            return await teams.remove(ports, actor, id, expected)

        async def show(change: Change) -> Written:
            return Written(done(f"Team {id} deleted"), _key(actor), change.revision)

        return await self._writes.run(request, act, show)

    async def members(self, request: Request) -> Response:
        """All of them; those of a page with `?include_pagination=true`."""
        wrapped = flag(request.query_params, "include_pagination")
        limit, offset = window(request.query_params)
        id = id_of(request, "team")
        await entered(self._ports, actor_of(request), id, "see its members")
        rows = await self._ports.store.read.teams.members(id)
        if not wrapped:
            return json([render.member(row) for row in rows])
        shown = [render.member(row) for row in rows[offset : offset + limit]]
        more = str(offset + limit) if offset + limit < len(rows) else None
        return json({"members": shown, "nextCursor": more})

    async def add(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")

        async def act(ports: Ports) -> Change:
            seed = read_member(await read_object(request), usual=None)
            return await team_members.add(ports, actor, id, seed.email, seed.role)

        async def show(change: Change) -> Written:
            return await member_written(self._ports, change, 201)

        return await self._writes.run(request, act, show)

    async def set_role(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")
        email = email_in_path(request, "member")

        async def act(ports: Ports) -> Change:
            role = read_role(await read_object(request))
            return await team_members.set_role(ports, actor, id, email, role)

        async def show(change: Change) -> Written:
            return await member_written(self._ports, change)

        return await self._writes.run(request, act, show)

    async def drop(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")
        email = email_in_path(request, "member")

        async def act(ports: Ports) -> Change:
            return await team_members.remove(ports, actor, id, email)

        async def show(change: Change) -> Written:
            body = done(f"{email} is no member of team {id} any more")
            return Written(body, Key("principal", email), change.revision)

        return await self._writes.run(request, act, show)

    async def leave(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")

        async def act(ports: Ports) -> Change:
            return await team_members.leave(ports, actor, id)

        async def show(change: Change) -> Written:
            return Written(done(f"You left team {id}"), _key(actor), change.revision)

        return await self._writes.run(request, act, show)


async def member_written(ports: Ports, change: Change, status: int = 200) -> Written:
    """A membership that was made or changed. Raises NotFound when it is gone since."""
    row = await _member(ports, change.id)
    key = Key("principal", row.email)
    return Written(render.member(row), key, change.revision, status)


async def _member(ports: Ports, id: str) -> Member:
    team_id, _, email = id.partition(":")
    for row in await ports.store.read.teams.members(team_id):
        if row.email == email:
            return row
    raise NotFound(f"{email} is no member of the team")


def _asked(request: Request) -> tuple[Actor, str, int | None]:
    return actor_of(request), id_of(request, "team"), expected_version(request)


def _key(actor: Actor) -> Key:
    """Data planes hear of teams with the people who are in them."""
    return Key("principal", actor.viewer.email)
