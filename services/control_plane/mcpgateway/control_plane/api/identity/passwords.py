"""/auth/email: passwords, self-registration, oneself."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.browser import claims_said
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.api.http.exchange import at, json, read_object, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields, text_problem
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.identity import render_users as render
from mcpgateway.control_plane.api.identity.parts import Accounts
from mcpgateway.control_plane.api.identity.shared import MAX_EMAIL, email, text_in_path
from mcpgateway.control_plane.api.identity.user_input import password, place_of
from mcpgateway.control_plane.identity.accounts.password_changes import MAX_TOKEN
from mcpgateway.control_plane.identity.accounts.users import MAX_NAME
from mcpgateway.control_plane.registry.people.account_ports import Account

_DONE = Shown(render.done, title="Done")
_SENT = (
    "If there is an account with this email address and a password, a mail with a link is on its "
    "way to it."
)
_VALID: Schema = {
    "type": "object",
    "properties": {
        "valid": {"type": "boolean"},
        "message": {"type": "string"},
        "expires_at": {"type": ["string", "null"], "format": "date-time"},
    },
    "required": ["valid", "message", "expires_at"],
}


class PasswordRoutes:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> Sequence[Route]:
        user = Shown(render.user, title="User")
        made = Operation(self.register, "Register oneself", {201: user}, (403, 409, 429))
        changed = Operation(self.change, "Change one's password", {200: _DONE}, (401, 403, 429))
        forgot = Operation(self.forgot, "Ask for a reset by mail", {200: _DONE}, (403, 429))
        return (
            at("/auth/email/register", POST=made),
            at("/auth/email/change-password", POST=changed),
            at("/auth/email/forgot-password", POST=forgot),
            at(
                "/auth/email/reset-password/{token}",
                GET=Operation(self.look, "Whether a reset's link counts", {200: _VALID}),
                POST=Operation(self.reset, "Set a new password by a link", {200: _DONE}, (429,)),
            ),
            at("/auth/email/me", GET=Operation(self.me, "Oneself", {200: user})),
        )

    async def register(self, request: Request) -> Response:
        fields = Fields(await read_object(request))
        address, secret = email(fields), password(fields, "password")
        name = fields.text("full_name", MAX_NAME)
        fields.check()
        said = name or None if isinstance(name, str) else None
        place = place_of(request)
        user = await self._accounts.registration.register(address, str(secret), said, place)
        return json(render.user(Account(user)), 201)

    async def change(self, request: Request) -> Response:
        """By the old one, which shows who it is: so a token is only asked for its name, and who can
        not log in before the change gives `email` instead."""
        fields = Fields(await read_object(request))
        given = fields.filled("email", MAX_EMAIL, required=False)
        old, new = password(fields, "old_password"), password(fields, "new_password")
        fields.check()
        address = given.lower() if isinstance(given, str) else _named(request)
        await self._accounts.changes.change(address, str(old), str(new), place_of(request))
        said = "Password changed. All tokens and sessions of before have ended: log in again"
        return json(render.done(said))

    async def forgot(self, request: Request) -> Response:
        fields = Fields(await read_object(request))
        address = email(fields)
        fields.check()
        await self._accounts.resets.ask(address, place_of(request))
        return json(render.done(_SENT))

    async def look(self, request: Request) -> Response:
        until = await self._accounts.resets.valid_until(_token(request))
        said = "This link counts" if until else "This link does not count, or no more"
        return json({"valid": until is not None, "message": said, "expires_at": until})

    async def reset(self, request: Request) -> Response:
        token, fields = _token(request), Fields(await read_object(request))
        new, again = password(fields, "new_password"), password(fields, "confirm_password")
        if new != again:
            fields.problem("confirm_password", "must be the same as new_password", "equal")
        fields.check()
        await self._accounts.resets.complete(token, str(new), place_of(request))
        return json(render.done("Password changed: log in with the new one"))

    async def me(self, request: Request) -> Response:
        return json(render.user(await self._accounts.users.one(viewer_of(request).email)))


def _named(request: Request) -> str:
    """Raises Unauthenticated."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    subject = claims_said(token.strip()).get("sub")
    if not isinstance(subject, str) or text_problem(subject, MAX_EMAIL):
        raise Unauthenticated("give email, or come with a login's token")
    return subject.lower()


def _token(request: Request) -> str:
    return text_in_path(request, "token", MAX_TOKEN, "reset")
