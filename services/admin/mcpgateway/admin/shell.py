"""What surrounds every page: whom to believe about the request, security headers, the switch."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcpgateway.common import edge
from mcpgateway.common.errors import TooLarge
from mcpgateway.common.policy.security_headers import SecurityHeaders

MAX_BODY = 2 * 1024 * 1024  # bytes of a form; one that picks 10,000 tools has 0.4 MB

_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "object-src 'none'"
)
_DISABLED = b"The admin pages are switched off. Set MCPGATEWAY_UI_ENABLED=true to serve them.\n"


class Shell:
    """An ASGI application around another. With `enabled` false only /health and /ready answer."""

    def __init__(
        self,
        app: ASGIApp,
        edge_secrets: Sequence[str],
        security: SecurityHeaders,
        *,
        enabled: bool,
    ) -> None:
        self._app = app
        self._edge_secrets = tuple(secret.encode() for secret in edge_secrets)
        self._security = security
        self._policy = security.policy(_POLICY)
        self._enabled = enabled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = self._inner(scope)
        said = self._security.lines(inner["scheme"], Headers(scope=inner).get("host", ""))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", self._policy)
                for name, value in said:
                    headers.setdefault(name.decode(), value.decode())
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if self._enabled or inner["path"] in ("/health", "/ready"):
            await self._app(inner, _Limited(receive), guarded)
        else:
            await _not_found(guarded)

    def _inner(self, scope: Scope) -> MutableMapping[str, Any]:
        """Forwarded headers count only from a data plane; a trailing slash makes no difference.
        `scope["by_edge"]` says whether the request came through the gateway's public address."""
        trusted = edge.trusted(scope["headers"], self._edge_secrets)
        headers = edge.stripped(scope["headers"])
        inner = {**scope, "headers": headers, "by_edge": trusted}
        inner["path"] = scope["path"].rstrip("/") or "/"
        if trusted:
            told = edge.told(scope["headers"])
            inner["scheme"] = told.scheme
            if told.client:
                inner["client"] = (told.client, 0)
            if told.host:
                headers[:] = [line for line in headers if line[0] != b"host"]
                headers.append((b"host", told.host.encode("latin-1")))
        return inner


class _Limited:
    """A receive that ends a body over the limit: TooLarge is raised where it is read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY:
            raise TooLarge(f"this form is over {MAX_BODY} bytes")
        return message


async def _not_found(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": _DISABLED})
