"""/auth/email/admin/users: what administrators do with users; and who logged in, and who failed."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.exchange import at, json, read_object, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.identity import render_users as render
from mcpgateway.control_plane.api.identity.parts import Accounts
from mcpgateway.control_plane.api.identity.shared import email_in_path, window
from mcpgateway.control_plane.api.identity.user_input import administers, edit, new_user, place_of

_USER = Shown(render.user, title="User")
_EVENTS: Schema = {"type": "array", "items": {"type": "object"}}
_GUARDED = (403, 409)


class UserRoutes:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> Sequence[Route]:
        listed, done = Shown(render.page, title="Users"), Shown(render.done, title="Done")
        change = Operation(self.update, "Change a user", {200: _USER}, (403, 404, 409))
        return (
            at(
                "/auth/email/admin/users",
                GET=Operation(self.list, "List users", {200: listed}, (403,)),
                POST=Operation(
                    self.create, "Make a user or a service account", {201: _USER}, _GUARDED
                ),
            ),
            at(
                "/auth/email/admin/users/{email}",
                GET=Operation(self.get, "One user", {200: _USER}, (403, 404)),
                PATCH=change,
                PUT=change,
                DELETE=Operation(self.delete, "Delete a user", {200: done}, (403, 404, 409)),
            ),
            at(
                "/auth/email/admin/users/{email}/unlock",
                POST=Operation(self.unlock, "Unlock a user", {200: _USER}, (403, 404)),
            ),
            at("/auth/email/events", GET=Operation(self.own, "One's own events", {200: _EVENTS})),
            at(
                "/auth/email/admin/events",
                GET=Operation(self.events, "Events of all logins", {200: _EVENTS}, (403,)),
            ),
        )

    async def list(self, request: Request) -> Response:
        administers(request)
        limit, offset = window(request.query_params)
        wanted = paging.text(request.query_params, "search", "Part of an email or name.")
        found, total = await self._accounts.users.list(wanted, limit, offset)
        return json(render.page(found, total, limit, offset))

    async def create(self, request: Request) -> Response:
        actor, fields = administers(request), Fields(await read_object(request))
        new, password = new_user(fields)
        fields.check()
        made = await self._accounts.users.create(new, password, actor, place_of(request))
        return json(render.user(made), 201)

    async def get(self, request: Request) -> Response:
        administers(request)
        email = email_in_path(request, "user")
        return json(render.user(await self._accounts.users.one(email)))

    async def update(self, request: Request) -> Response:
        actor = administers(request)
        email, fields = email_in_path(request, "user"), Fields(await read_object(request))
        changes = edit(fields)
        fields.check()
        changed = await self._accounts.users.update(email, changes, actor, place_of(request))
        return json(render.user(changed))

    async def delete(self, request: Request) -> Response:
        """`transfer_to`: the email of who gets what the user owns."""
        actor = administers(request)
        email, params = email_in_path(request, "user"), request.query_params
        heir = paging.text(params, "transfer_to", "Who gets what the user owns.") or None
        await self._accounts.users.delete(email, heir, actor, place_of(request))
        return json(render.done(f"User {email} deleted"))

    async def unlock(self, request: Request) -> Response:
        actor, email = administers(request), email_in_path(request, "user")
        unlocked = await self._accounts.users.unlock(email, actor, place_of(request))
        return json(render.user(unlocked))

    async def own(self, request: Request) -> Response:
        limit, offset = window(request.query_params)
        found = await self._accounts.events.list(viewer_of(request).email, None, limit, offset)
        return json([render.event(row) for row in found])

    async def events(self, request: Request) -> Response:
        administers(request)
        limit, offset = window(request.query_params)
        email = paging.text(request.query_params, "user_email", "Of this email only.")
        kind = paging.text(request.query_params, "event_type", "Of this type only.")
        wanted = (email.strip().lower() or None, kind or None)
        found = await self._accounts.events.list(*wanted, limit, offset)
        return json([render.event(row) for row in found])
