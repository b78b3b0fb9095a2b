"""/oauth/authorize/{id}, /oauth/callback and /vault/authorize/{id}: where a user's browser goes.

Who is there is found out here and not by the shell: a browser that is not logged in is sent to log
in and comes back. The links carry no authority; one that is for another user is refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mcpgateway.common import browser
from mcpgateway.common.errors import Denied, GatewayError, InvalidCall, NotFound, Unauthenticated
from mcpgateway.common.policy.access.scope import EVERYTHING as EVERYTHING_LEFT
from mcpgateway.common.routing.upstream_tokens import key_of
from mcpgateway.control_plane.api.http.exchange import at, id_of, json
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.http.shell import Authenticates
from mcpgateway.control_plane.api.upstream_auth.pages import Pages, wants_page
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.discovered.refresh import EVERYTHING
from mcpgateway.control_plane.registry.model import Upstream, Viewer, Who
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import consents, vault
from mcpgateway.control_plane.registry.upstream_auth.clients import DOCUMENT, document
from mcpgateway.control_plane.registry.upstream_auth.looking import tokens_of
from mcpgateway.control_plane.registry.upstream_auth.protected import SCOPES
from mcpgateway.control_plane.registry.upstreams import one
from mcpgateway.control_plane.registry.views import Query

_ANSWER = ("code", "state", "iss", "error", "error_description")
_TEXT: Schema = {"type": "string", "maxLength": 4096}
_HTML: Schema = {"type": "string", "contentMediaType": "text/html"}
_OBJECT: Schema = {"type": "object"}
_WELCOME = "The gateway may act for you now. You can close this page and call again."


class _There(NamedTuple):
    """`session`: the token of the browser's session, "" for who has none."""

    viewer: Viewer
    session: str


_Act = Callable[[Request, str, _There], Awaitable[Response]]


class Consents:
    def __init__(self, ports: Ports, authenticator: Authenticates) -> None:
        self._ports = ports
        self._authenticator = authenticator
        self._pages = Pages()

    def routes(self) -> Sequence[Route]:
        asking, storing = (400, 401, 403, 502, 504), (400, 401, 403)
        begin = Operation(
            self.begin, "Let the gateway act for you at an upstream", {302: None}, asking
        )
        callback = Operation(
            self.callback, "Where consent comes back", {200: _HTML}, (400, 403, 502, 504)
        )
        page = Operation(self.page, "The page to store a token on", {200: _HTML}, storing)
        kept = Operation(self.keep, "Store a token by the page", {200: _HTML}, storing)
        said = Operation(self.document, "The gateway as an OAuth client", {200: _OBJECT})
        return [
            at("/oauth/authorize/{id}", GET=begin),
            at("/oauth/callback", GET=callback),
            at("/vault/authorize/{id}", GET=page, POST=kept),
            at(DOCUMENT, GET=said),
        ]

    async def document(self, request: Request) -> Response:
        """What authorization servers read of us that know clients by such documents."""
        return json(document(base_of(request, tokens_of(self._ports).rules.public_url)))

    async def begin(self, request: Request) -> Response:
        return await self._shown(request, partial(self._begin, _scopes(request)))

    async def _begin(
        self, scopes: Sequence[str], request: Request, id: str, there: _There
    ) -> Response:
        upstream = await self._visible(id, there.viewer)
        tokens = tokens_of(self._ports)
        base = base_of(request, tokens.rules.public_url)
        asking = consents.Asking(there.viewer.email, base, scopes)
        begun = await consents.begin(self._ports, tokens, upstream, asking)
        response = RedirectResponse(begun.url, 302, {"cache-control": "no-store"})
        response.set_cookie(
            begun.name,
            begun.cookie,
            max_age=begun.seconds,
            path=consents.CALLBACK,
            secure=base.startswith("https://"),
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        """No redirect anywhere: what comes in the query says nothing of where to go."""
        for name in _ANSWER:
            note(request.query_params, name, _TEXT)
        answer = {k: v for k in _ANSWER if (v := request.query_params.get(k)) is not None}
        tokens = tokens_of(self._ports)
        try:
            done = await consents.finish(
                self._ports, tokens, answer, request.cookies, self._upstream
            )
        except GatewayError as error:
            if not wants_page(request):
                raise
            return self._pages.refused(error)
        response = self._pages.told("Done", _WELCOME)
        if not wants_page(request):
            response = json({"success": True, "gateway_id": done.upstream})
        response.delete_cookie(consents.cookie_of(answer.get("state", "")), path=consents.CALLBACK)
        return response

    async def page(self, request: Request) -> Response:
        return await self._shown(request, self._page)

    async def _page(self, request: Request, id: str, there: _There) -> Response:
        upstream = await self._visible(id, there.viewer)
        vault.header_of(upstream)
        csrf = browser.csrf_token(there.session) if there.session else ""
        return self._pages.vault(upstream.name, upstream.url, there.viewer.email, csrf)

    async def keep(self, request: Request) -> Response:
        return await self._shown(request, self._keep)

    async def _keep(self, request: Request, id: str, there: _There) -> Response:
        if not browser.own_origin(request.headers, request.headers.get("host", "")):
            raise Denied("another site's page sent this request (CSRF): its origin is not ours")
        async with request.form(max_files=0, max_fields=4, max_part_size=64 * 1024) as form:
            given, token = str(form.get("csrf", "")), str(form.get("token", ""))
        if not there.session or not browser.same_csrf(there.session, given):
            raise Denied("csrf is of another session: open the page again (CSRF)")
        upstream = await self._visible(id, there.viewer)
        await vault.store(
            self._ports, tokens_of(self._ports), upstream, there.viewer.email, token.strip()
        )
        return self._pages.told("Done", _WELCOME)

    async def _shown(self, request: Request, act: _Act) -> Response:
        """What `act` answers to who is there; problems as pages where a browser asks."""
        id = id_of(request, "gateway")
        note(request.query_params, "for", _TEXT)
        wanted = request.query_params.get("for", "")
        try:
            there = await self._there(request)
            if wanted and key_of(there.viewer.email, "").partition(".")[0] != wanted:
                raise Denied(
                    f"this link is for another user, and you are {there.viewer.email}: log in as "
                    "that user, or call the tool yourself to get a link of your own"
                )
            return await act(request, id, there)
        except Unauthenticated:
            if not wants_page(request) or request.method != "GET":
                raise
            query = request.url.query
            after = f"{request.scope['path']}{'?' if query else ''}{query}"
            return RedirectResponse(f"/admin/login?next={quote(after, safe='')}", 303)
        except GatewayError as error:
            if not wants_page(request):
                raise
            return self._pages.refused(error)

    async def _there(self, request: Request) -> _There:
        """Raises Unauthenticated, Denied."""
        authorization, session = request.headers.get("authorization"), ""
        if authorization is None:
            session = request.cookies.get(browser.SESSION_COOKIE, "")
            authorization = f"Bearer {session}" if session else None
        viewer = (await self._authenticator.caller(authorization)).viewer
        if viewer.scope != EVERYTHING_LEFT:
            raise Denied(
                "a token that leaves less than its user may do, as that of an OAuth client, says "
                "nothing of whose account an upstream is to see: log in"
            )
        return _There(viewer, session)

    async def _visible(self, id: str, viewer: Viewer) -> Upstream:
        return await one(self._ports, Actor(viewer, Who(by=viewer.email)), id)

    async def _upstream(self, id: str) -> Upstream:
        found = await self._ports.store.read.upstreams(Query(viewer=EVERYTHING, ids=(id,)))
        if not found:
            raise NotFound(f"gateway {id} is gone, or disabled")
        return found[0]


def _scopes(request: Request) -> list[str]:
    """`scope`, by spaces: more than is asked for anyway. The user is asked for them by name."""
    note(request.query_params, "scope", _TEXT)
    scopes = request.query_params.get("scope", "").split()
    if len(scopes) > SCOPES or not all(each.isascii() and each.isprintable() for each in scopes):
        raise InvalidCall(f"scope must be at most {SCOPES} ASCII words")
    return scopes


def base_of(request: Request, public_url: str) -> str:
    """The gateway's address, without `/` at the end: as set, else as the request says it."""
    return public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
