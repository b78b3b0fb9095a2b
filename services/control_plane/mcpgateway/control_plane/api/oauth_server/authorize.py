"""/authorize: who asks, who is asked, what he says. Nobody is sent to an address that the client
did not register."""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.api.oauth_server.browsers import (
    Browsers,
    Visitor,
    expired,
    own_form,
    shown_problem,
)
from mcpgateway.control_plane.api.oauth_server.exchange import base_of
from mcpgateway.control_plane.api.oauth_server.pages import Pages, asks
from mcpgateway.control_plane.identity.oauth_server import authorization, parameters, redirects
from mcpgateway.control_plane.identity.oauth_server.authorization import Asked
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, Untrusted
from mcpgateway.control_plane.identity.oauth_server.parameters import Pairs
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.people.oauth_server import Client, Remembered

PATH = "/authorize"
_NOT_KEPT = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class Authorize:
    def __init__(self, server: OAuthServer, browsers: Browsers, pages: Pages) -> None:
        self._server = server
        self._browsers = browsers
        self._pages = pages

    def routes(self) -> Sequence[Route]:
        return (
            Route(PATH, self.authorize, methods=["GET"], include_in_schema=False),
            Route(f"{PATH}/login", self.login, methods=["POST"], include_in_schema=False),
            Route(f"{PATH}/consent", self.consent, methods=["POST"], include_in_schema=False),
        )

    async def authorize(self, request: Request) -> Response:
        base = base_of(request, self._server.public_url)
        try:
            pairs = parameters.decode(request.scope["query_string"], parameters.MAX_QUERY)
            client = await self._server.clients.find(authorization.client_of(pairs))
            redirect_uri = authorization.redirect_of(pairs, client)
        except Untrusted as error:
            return self._pages.message("This application can not be let in", str(error), 400)
        except OAuthError as error:
            words = f"{error.description}. Nobody was sent anywhere."
            return self._pages.message("This application can not be let in", words, 400)
        try:
            asked = authorization.read(pairs, client, redirect_uri, base)
        except OAuthError as error:
            state = authorization.state_of(pairs)
            return _away(redirect_uri, base, state, 302, **error.body)
        return await self._ask(request, base, pairs, client, asked)

    async def _ask(
        self, request: Request, base: str, pairs: Pairs, client: Client, asked: Asked
    ) -> Response:
        visitor = await self._browsers.visitor(request)
        again = f"{PATH}?{urlencode([pair for pair in pairs if pair[0] != 'prompt'])}"
        target = redirects.form_target(asked.redirect_uri)
        if not visitor.email or ("prompt", "login") in pairs:
            return await self._browsers.login_page(request, again, target)
        if ("prompt", "consent") not in pairs and await self._agreed(visitor, asked):
            return await self._granted(visitor.email, asked, base, 302)
        about = {"asked": msgspec.json.encode(asked).decode(), "email": visitor.email}
        ticket = self._server.tickets.make("consent", visitor.secret, about, self._server.clock())
        shown = asks(client, asked.scopes, asked.resource, asked.redirect_uri)
        return self._pages.consent(shown, ticket, visitor.email, f"{again}&prompt=login", target)

    async def _agreed(self, visitor: Visitor, asked: Asked) -> bool:
        """Whether he need not be asked again."""
        if not _lasts(asked):
            return False
        before = await self._server.store.consented(visitor.email, _subject(asked))
        return bool(before) and oauth_scopes.covered(asked.scopes, before)

    async def _granted(self, email: str, asked: Asked, base: str, status: int) -> Response:
        code = await self._server.granting.code(email, asked)
        return _away(asked.redirect_uri, base, asked.state, status, code=code)

    async def login(self, request: Request) -> Response:
        try:
            return await self._browsers.login(request)
        except OAuthError as error:
            return shown_problem(self._pages, error)

    async def consent(self, request: Request) -> Response:
        try:
            given = await own_form(request)
        except OAuthError as error:
            return shown_problem(self._pages, error)
        visitor = await self._browsers.visitor(request)
        now = self._server.clock()
        about = self._server.tickets.read("consent", visitor.secret, given.get("ticket", ""), now)
        if about is None or about["email"] != visitor.email:
            return expired(self._pages)
        asked = msgspec.json.decode(about["asked"], type=Asked)
        base = base_of(request, self._server.public_url)
        if given.get("decision") != "allow":
            refused = OAuthError("access_denied", "the user said no")
            return _away(asked.redirect_uri, base, asked.state, 303, **refused.body)
        if _lasts(asked):
            await self._server.store.remember(visitor.email, _subject(asked), asked.scopes, now)
        return await self._granted(visitor.email, asked, base, 303)


def _subject(asked: Asked) -> Remembered:
    return Remembered(asked.client_id, asked.redirect_uri, asked.resource)


def _lasts(asked: Asked) -> bool:
    """Whether a consent counts another time: never what may go to any program of the user's
    machine (RFC 8252 8.6), never administration."""
    return not redirects.is_local(asked.redirect_uri) and oauth_scopes.ADMIN not in asked.scopes


def _away(redirect_uri: str, base: str, state: str, status: int, **said: str) -> Response:
    url = authorization.answer(redirect_uri, base, state, **said)
    # Not RedirectResponse, which encodes again what is encoded: the URI stays as it was registered.
    return Response(status_code=status, headers={**_NOT_KEPT, "location": url})
