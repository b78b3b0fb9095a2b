"""/auth: log in, go on, log out."""

from collections.abc import Sequence

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import InvalidCall, Unauthenticated
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.shell import refusal
from mcpgateway.control_plane.api.identity import render_users as render
from mcpgateway.control_plane.api.identity.parts import Accounts
from mcpgateway.control_plane.api.identity.shared import MAX_EMAIL
from mcpgateway.control_plane.api.identity.user_input import password, place_of
from mcpgateway.control_plane.identity.accounts.login import PasswordChangeRequired
from mcpgateway.control_plane.identity.tokens import expiry_of

NO_STORE = {"cache-control": "no-store"}
_EMAIL: Schema = {"type": "string", "maxLength": MAX_EMAIL}
_VALID: Schema = {"type": "object", "description": "Who the token is of, and until when it counts."}


class Sessions:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> Sequence[Route]:
        answers = {200: Shown(render.session, title="Session")}
        login = Operation(self.login, "A token for a password", answers, (401, 403, 429))
        out = Operation(self.logout, "End the session", {200: Shown(render.done)}, (400,))
        valid = Operation(self.validate, "Whether the token counts", {200: _VALID})
        shown = {200: Shown(render.issued, title="IssuedToken")}
        refresh = Operation(self.refresh, "The session's next token", shown, (400, 429))
        return (
            at("/auth/login", POST=login),
            at("/auth/email/login", POST=login),
            at("/auth/logout", POST=out),
            at("/auth/validate", GET=valid),
            at("/auth/refresh", POST=refresh),
        )

    async def login(self, request: Request) -> Response:
        fields = Fields(await read_object(request))
        named = "username" if fields.raw("email") is UNSET else "email"
        if fields.raw(named, _EMAIL) is UNSET:
            named = "email"
        email = fields.filled(named, MAX_EMAIL, required=True)
        secret = password(fields, "password")
        fields.check()
        place = place_of(request)
        try:
            session = await self._accounts.logins.login(str(email), str(secret), place)
        except PasswordChangeRequired as error:
            response = refusal(error, request.headers.get("accept", ""))
            response.headers["x-password-change-required"] = "true"
            return response
        return json(render.session(session), headers=NO_STORE)

    async def logout(self, request: Request) -> Response:
        actor, place = actor_of(request), place_of(request)
        jti = _own_token(request)
        expires = expiry_of(request.scope.get("bearer", ""))
        await self._accounts.sessions.end(actor.who, jti, expires)
        await self._accounts.logins.left(actor.viewer.email, place)
        response = json(render.done("Logged out"), headers=NO_STORE)
        self._accounts.cookies.clear(request, response)
        return response

    async def validate(self, request: Request) -> Response:
        viewer, jti = viewer_of(request), request.scope.get("token")
        account = await self._accounts.users.one(viewer.email)
        expires = expiry_of(request.scope.get("bearer", ""))
        left = await self._accounts.sessions.remaining(viewer.email, jti) if jti else None
        body = {
            "valid": True,
            "user": render.user(account),
            "expires_at": expires,
            "session_expires_in": left,
        }
        return json(body, headers=NO_STORE)

    async def refresh(self, request: Request) -> Response:
        email, jti = viewer_of(request).email, _own_token(request)
        issued = await self._accounts.sessions.refresh(email, jti)
        response = json(render.issued(issued), headers=NO_STORE)
        if request.scope.get("by_cookie"):
            self._accounts.cookies.keep(request, response, issued)
        return response


def _own_token(request: Request) -> str:
    """The id of the JWT that the request came with. Raises InvalidCall."""
    jti: str | None = request.scope.get("token")
    if request.scope.get("noted") is not None:  # a request that describes the API
        return ""
    if not request.scope.get("bearer"):
        raise Unauthenticated("a session's token is needed: log in")
    if not jti or request.scope["bearer"].count(".") != 2:  # an API token
        raise InvalidCall("this is no login's token: API tokens are revoked at DELETE /tokens/{id}")
    return jti
