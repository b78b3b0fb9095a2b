"""/teams/.../invitations, /teams/.../join: what people and teams ask of each other. Making and
taking back a request changes nothing that data planes know, so it has no revision."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json, read_object
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.identity import render_teams as render
from mcpgateway.control_plane.api.identity.shared import id_in_path, text_in_path
from mcpgateway.control_plane.api.identity.team_input import read_member, read_message
from mcpgateway.control_plane.api.identity.teams import MEMBER, member_written
from mcpgateway.control_plane.api.nouns.noun import done
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.teams import team_invitations, team_joins

_INVITATION = Shown(render.invitation, title="TeamInvitation")
_MADE = Shown(render.made_invitation, title="TeamInvitationMade")
_JOIN = Shown(render.join_request, title="TeamJoinRequest")
_MANY: Schema = {"type": "array", "items": {"type": "object"}}
_GUARDED = (403, 404, 409)
_NO_STORE = {"cache-control": "no-store"}


class TeamRequests:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        """Before those of teams, whose ids could be any word."""
        accepting = Operation(self.accept, "Accept an invitation", {200: MEMBER}, _GUARDED)
        canceling = Operation(self.cancel, "Cancel an invitation", {200: Shown(done)}, (403, 404))
        declining = Operation(self.decline, "Decline an invitation", {200: Shown(done)}, (404,))
        approving = Operation(self.approve, "Let somebody join", {200: MEMBER}, _GUARDED)
        rejecting = Operation(self.reject, "Reject who wants to join", {200: Shown(done)}, _GUARDED)
        return (
            at("/teams/invitations/{token}/accept", POST=accepting),
            at("/teams/invitations/{id}", DELETE=canceling),
            at("/invitations/{token}/decline", POST=declining),
            at("/me/invitations", GET=Operation(self.mine, "Invitations to me", {200: _MANY})),
            at(
                "/teams/{id}/invitations",
                GET=Operation(self.of_team, "Invitations of a team", {200: _MANY}, _GUARDED),
                POST=Operation(self.invite, "Invite somebody", {201: _MADE}, _GUARDED),
            ),
            at(
                "/teams/{id}/join",
                POST=Operation(self.ask, "Ask to join a team", {201: _JOIN}, _GUARDED),
            ),
            at(
                "/teams/{id}/join-requests",
                GET=Operation(self.pending, "Who wants to join", {200: _MANY}, _GUARDED),
            ),
            at("/teams/{id}/join-requests/{request_id}", DELETE=rejecting),
            at("/teams/{id}/join-requests/{request_id}/approve", POST=approving),
        )

    async def invite(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")
        seed = read_member(await read_object(request), usual="member")
        made = await team_invitations.invite(self._ports, actor, id, seed.email, seed.role)
        base = str(request.base_url).rstrip("/")
        row = render.Dated(made.invitation, made.invitation.invited_at)
        return json(render.made_invitation(row, made.token, base), 201, _NO_STORE)

    async def of_team(self, request: Request) -> Response:
        id = id_of(request, "team")
        rows = await team_invitations.of_team(self._ports, actor_of(request), id)
        now = self._ports.clock()
        return json([render.invitation(render.Dated(row, now)) for row in rows])

    async def mine(self, request: Request) -> Response:
        rows = await team_invitations.mine(self._ports, actor_of(request))
        now = self._ports.clock()
        return json([render.invitation(render.Dated(row, now)) for row in rows])

    async def cancel(self, request: Request) -> Response:
        id = id_of(request, "invitation")
        await team_invitations.cancel(self._ports, actor_of(request), id)
        return json(done(f"Invitation {id} cancelled"))

    async def accept(self, request: Request) -> Response:
        actor, key = actor_of(request), _key(request)

        async def act(ports: Ports) -> Change:
            return await team_invitations.accept(ports, actor, key)

        async def show(change: Change) -> Written:
            return await member_written(self._ports, change)

        return await self._writes.run(request, act, show)

    async def decline(self, request: Request) -> Response:
        declined = await team_invitations.decline(self._ports, actor_of(request), _key(request))
        return json(done(f"Invitation to team {declined.team_name} declined"))

    async def ask(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")
        message = read_message(await read_object(request))
        row = await team_joins.ask(self._ports, actor, id, message)
        return json(render.join_request(row), 201)

    async def pending(self, request: Request) -> Response:
        id = id_of(request, "team")
        rows = await team_joins.pending(self._ports, actor_of(request), id)
        return json([render.join_request(row) for row in rows])

    async def approve(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "team")
        asked = id_in_path(request, "request_id", "request to join")

        async def act(ports: Ports) -> Change:
            return await team_joins.approve(ports, actor, id, asked)

        async def show(change: Change) -> Written:
            return await member_written(self._ports, change)

        return await self._writes.run(request, act, show)

    async def reject(self, request: Request) -> Response:
        id = id_of(request, "team")
        asked = id_in_path(request, "request_id", "request to join")
        await team_joins.reject(self._ports, actor_of(request), id, asked)
        return json(done(f"Request {asked} rejected"))


def _key(request: Request) -> str:
    return text_in_path(request, "token", team_invitations.TOKEN_LIMIT, "invitation")
