"""/auth/sso/providers, /login and /callback: open to everybody."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.api.http.exchange import at, json
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.sso.pages import CALLBACKS, Keep, Pages, secure, wants_page
from mcpgateway.control_plane.api.sso.provider_input import provider_of
from mcpgateway.control_plane.identity.accounts.sessions import Issued
from mcpgateway.control_plane.identity.sso.approvals import Approvals
from mcpgateway.control_plane.identity.sso.flow import Flow
from mcpgateway.control_plane.identity.sso.people import People
from mcpgateway.control_plane.identity.sso.providers import Providers
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.account_ports import Place
from mcpgateway.control_plane.registry.people.model import User

_ANSWER = ("code", "state", "iss", "error", "error_description")
_AGENT = 512  # characters

_OFFERED: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "display_name": {"type": "string"},
            "provider_type": {"type": "string"},
            "is_enabled": {"type": "boolean"},
        },
    },
}
_BEGUN: Schema = {
    "type": "object",
    "properties": {"authorization_url": {"type": "string"}, "state": {"type": "string"}},
}
_ENTERED: Schema = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"const": "bearer"},
        "expires_in": {"type": "integer"},
        "user": {"type": "object"},
    },
}


class Enters(Protocol):
    async def enter(self, user: User, place: Place) -> Issued:
        """Opens a session for somebody who has shown who he is."""


class SsoParts(NamedTuple):
    """What logins by providers are made of. `keeps`: what browsers keep of one that went well.
    `public_url` "": as the browser addressed us. `secure_cookies` None: by the request."""

    flow: Flow
    people: People
    providers: Providers
    approvals: Approvals
    logins: Enters
    keeps: Sequence[Keep] = ()
    public_url: str = ""
    secure_cookies: bool | None = None


class SsoLogin:
    def __init__(self, parts: SsoParts) -> None:
        self._parts = parts
        self._pages = Pages()

    def routes(self) -> Sequence[Route]:
        begin = Operation(
            self.begin,
            "Begin a login: a redirect for browsers, else where to go",
            {200: _BEGUN, 303: None},
            (404, 502, 504),
        )
        finish = Operation(
            self.finish, "The provider's answer", {200: _ENTERED}, (401, 403, 404, 502, 504)
        )
        return (
            at(
                "/auth/sso/providers",
                GET=Operation(self.offered, "What one may log in by", {200: _OFFERED}),
            ),
            at("/auth/sso/login/{id}", GET=begin),
            at(f"{CALLBACKS}/{{id}}", GET=finish),
        )

    async def offered(self, request: Request) -> Response:
        return json(
            [
                {
                    "id": each.provider.id,
                    "name": each.provider.name,
                    "display_name": each.provider.display_name,
                    "provider_type": "oidc" if each.provider.is_oidc else "oauth2",
                    "is_enabled": True,
                }
                for each in await self._parts.providers.enabled()
            ]
        )

    async def begin(self, request: Request) -> Response:
        id = provider_of(request)
        after = request.query_params.get("next", "")
        page = wants_page(request)
        callback = f"{self._base(request)}{CALLBACKS}/{id}"
        try:
            began = await self._parts.flow.begin(id, callback, after)
        except GatewayError as error:
            if page:
                return self._pages.refused(error)
            raise
        told = {"authorization_url": began.url, "state": began.state}
        headers = {"cache-control": "no-store"}
        response = (
            RedirectResponse(began.url, 303, headers) if page else json(told, headers=headers)
        )
        response.set_cookie(
            began.cookie,
            began.value,
            max_age=began.seconds,
            path=f"{CALLBACKS}/{id}",
            secure=secure(request, self._parts.secure_cookies),
            httponly=True,
            samesite="lax",  # the provider's site sends the browser back to us
        )
        return response

    async def finish(self, request: Request) -> Response:
        id = provider_of(request)
        answer = {name: request.query_params.get(name) for name in _ANSWER}
        place = _place(request)
        page = wants_page(request)
        try:
            given = {name: value for name, value in answer.items() if value is not None}
            arrived = await self._parts.flow.finish(id, given, request.cookies.get)
            who = Who(by="", from_ip=place.address, via="sso", user_agent=place.user_agent)
            user = await self._parts.people.admit(arrived.registered, arrived.identity, who)
            issued = await self._parts.logins.enter(user, place)
        except GatewayError as error:
            if page:
                return self._pages.refused(error)
            raise
        response = self._pages.arrived(arrived.after) if page else _entered(user, issued)
        for keep in self._parts.keeps:
            keep(request, response, user, issued)
        response.delete_cookie(arrived.cookie, path=f"{CALLBACKS}/{id}")
        return response

    def _base(self, request: Request) -> str:
        """Providers send codes only to addresses that are registered with them."""
        host = request.headers.get("host", "")
        return self._parts.public_url or f"{request.url.scheme}://{host}"


def _place(request: Request) -> Place:
    agent = request.headers.get("user-agent", "")[:_AGENT]
    return Place(request.client.host if request.client else None, agent or None)


def _entered(user: User, issued: Issued) -> Response:
    body = {
        "access_token": issued.token,
        "token_type": "bearer",
        "expires_in": issued.expires_in,
        "user": {
            "email": user.email,
            "full_name": user.full_name,
            "is_admin": user.admin,
            "auth_provider": user.auth_provider,
        },
    }
    return json(body, headers={"cache-control": "no-store"})
