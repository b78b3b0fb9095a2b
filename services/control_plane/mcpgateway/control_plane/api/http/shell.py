"""What surrounds every request: trust in the data plane's edge, authentication, and errors as
answers. A plain ASGI application around another."""

import logging
import re
from collections.abc import MutableMapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcpgateway.common import edge
from mcpgateway.common.browser import SESSION_COOKIE
from mcpgateway.common.errors import Bug, GatewayError, Unauthenticated
from mcpgateway.common.paths import normal
from mcpgateway.common.policy.addresses import is_loopback
from mcpgateway.common.policy.security_headers import Line, SecurityHeaders
from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.http.errors import HttpError, body_of, headers_of, status_of
from mcpgateway.control_plane.registry.model import Caller

log = logging.getLogger(__name__)

# Open to everybody. The icon is none: a browser that asks for it is not to be asked for a token.
# The pages that show the API's description ask for one themselves. Where a consent to an upstream
# begins is not among them: it finds out itself who is there, and refuses who is nobody.
OPEN = frozenset(
    {
        "/",
        "/favicon.ico",
        "/health",
        "/ready",
        "/auth/login",
        "/auth/email/login",
        "/auth/email/register",
        "/auth/email/change-password",
        "/auth/email/forgot-password",
        "/auth/email/reset-password/{token}",
        "/auth/sso/providers",
        "/oauth/callback",
        "/oauth/client-metadata.json",
        "/auth/sso/login/{id}",
        "/auth/sso/callback/{id}",
        "/authorize",
        "/authorize/login",
        "/authorize/consent",
        "/device",
        "/device_authorization",
        "/oauth/jwks",
        "/register",
        "/revoke",
        "/token",
    }
)
_PATTERNS = re.compile(
    r"/docs|/redoc|/docs/static/[^/]+|/auth/email/reset-password/[^/]+"
    r"|/auth/sso/(?:login|callback)/[^/]+"
    r"|/(?:oauth|vault)/authorize/[^/]+"
    r"|/authorize/static/[^/]+|/\.well-known/.+"
)


class Authenticates(Protocol):
    async def caller(self, authorization: str | None) -> Caller: ...


class Shell:
    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticates,
        edge_secrets: Sequence[str],
        cookies: Cookies,
        security: SecurityHeaders,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._cookies = cookies
        self._security = security
        self._edge_secrets = tuple(secret.encode() for secret in edge_secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._exchange(scope, receive, _Watched(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _exchange(self, scope: Scope, receive: Receive, send: "_Watched") -> None:
        try:
            inner = self._inner(scope)
            host = Headers(scope=inner).get("host", "")
            send.said = self._security.lines(inner["scheme"], host)
            if not self._open(inner):
                inner["viewer"], inner["token"] = await self._caller(inner)
            await self._app(inner, receive, send)
        except ClientDisconnect:
            log.info("%s %s: the client went away", scope["method"], scope["path"])
        except Exception as error:
            if send.started:
                raise
            response = refusal(_ours(error, scope), Headers(scope=scope).get("accept", ""))
            await response(scope, receive, send)

    async def _caller(self, inner: Scope) -> Caller:
        """Where nobody is the administrator (AUTH_REQUIRED=false) the edge keeps foreign web pages
        out; who comes past it must be no page at all."""
        headers = Headers(scope=inner)
        authorization = headers.get("authorization") or self._by_cookie(inner, headers)
        inner["bearer"] = _bearer(authorization)
        if authorization is None and not inner["by_edge"] and _of_a_page(headers):
            raise Unauthenticated("an Authorization header with a Bearer token is needed")
        return await self._authenticator.caller(authorization)

    def _open(self, inner: Scope) -> bool:
        path: str = inner["path"]
        return path in OPEN or bool(_PATTERNS.fullmatch(path))

    def _by_cookie(self, inner: Scope, headers: Headers) -> str | None:
        """Who comes with a session's cookie alone comes as if with its token. Raises Denied when
        the request may be another site's."""
        session = cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE, "")
        if not session:
            return None
        self._cookies.check(inner, headers, session)
        inner["by_cookie"] = True
        return f"Bearer {session}"

    def _inner(self, scope: Scope) -> MutableMapping[str, Any]:
        """The path without /v1; the client and the address that it asked as the edge saw them, if
        the edge it was."""
        path = normal(scope["path"])
        inner = {**scope, "app": self, "path": path, "raw_path": path.encode(), "root_path": ""}
        headers = scope["headers"]
        inner["headers"] = edge.stripped(headers)
        inner["by_edge"] = edge.trusted(headers, self._edge_secrets)
        if inner["by_edge"]:
            told = edge.told(headers)
            inner["scheme"] = told.scheme
            if told.client:
                inner["client"] = (told.client, 0)
            if told.host:
                others = [line for line in inner["headers"] if line[0] != b"host"]
                inner["headers"] = [*others, (b"host", told.host.encode("latin-1"))]
        return inner


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _of_a_page(headers: Headers) -> bool:
    """A page of another site says its origin; one whose name was made to resolve to this machine
    (DNS rebinding) addresses us by that name."""
    try:
        host = urlsplit("//" + headers.get("host", "")).hostname or ""
    except ValueError:
        return True
    return "origin" in headers or "sec-fetch-site" in headers or not is_loopback(host)


class _Watched:
    """A send that knows whether the answer began, and adds what is `said` of every one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.said: Sequence[Line] = ()

    async def __call__(self, message: Message) -> None:
        self.started = True
        if message["type"] == "http.response.start":
            lines = list(message.get("headers", ()))
            there = {name.lower() for name, _ in lines}
            message["headers"] = [*lines, *(line for line in self.said if line[0] not in there)]
        await self._send(message)


def _ours(error: Exception, scope: Scope) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        what = f"{scope['method']} {scope['path'][:200]}"
        if error.status_code == 405:
            allowed = headers.get("Allow", "")
            return HttpError(405, f"{what} is not allowed: use {allowed}", headers)
        return HttpError(error.status_code, f"there is no {what}", headers)
    log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
    return Bug("this should not have happened; the control plane's log tells more")


def refusal(error: GatewayError, accept: str) -> Response:
    """Problem JSON (RFC 9457) for who asks for it."""
    wanted = "application/problem+json"
    return Response(
        msgspec.json.encode(body_of(error)),
        status_of(error),
        headers_of(error),
        media_type=wanted if wanted in accept else "application/json",
    )
