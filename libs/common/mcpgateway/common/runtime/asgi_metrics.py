"""Metrics of an ASGI service: its requests counted by route, and `/metrics` before everything else.

The names of requests' families are those of Prometheus' instrumentator for FastAPI, on which
dashboards of ContextForge rely.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcpgateway.common.errors import Denied, GatewayError, Unauthenticated
from mcpgateway.common.metrics.exposition import CONTENT_TYPE, render
from mcpgateway.common.metrics.instruments import OTHER, Registry
from mcpgateway.common.paths import normal
from mcpgateway.common.policy.scraping import Scraping

PATHS = ("/metrics", "/metrics/prometheus")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_NAMED = "mcpgateway.handler"  # in the scope: where the route's path is put

IsAdmin = Callable[[str | None], Awaitable[bool]]
"""Whether an Authorization header is an administrator's. Raises Unauthenticated."""


class Measured:
    """Around the whole application. Who may not read metrics by `scraping` has to be an
    administrator; without `is_admin` there is none."""

    def __init__(
        self,
        app: ASGIApp,
        registry: Registry,
        scraping: Scraping,
        is_admin: IsAdmin | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._registry = registry
        self._scraping = scraping
        self._is_admin = is_admin
        self._clock = clock
        self._in_progress = 0
        self._requests = registry.counters(
            "http_requests_total",
            "Requests that were answered, by route.",
            ("handler", "method", "status"),
        )
        self._seconds = registry.histograms(
            "http_request_duration_seconds",
            "From the request's head to the end of its answer, by route.",
            ("handler", "method"),
        )
        registry.gauge("http_requests_inprogress", "Requests under way.", lambda: self._in_progress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif normal(scope["path"]) in PATHS:
            response = await self._scraped(scope)
            await response(scope, receive, send)
        else:
            await self._measured(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        named: list[str] = []
        status = 500  # of an application that fails without an answer

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = self._clock()
        self._in_progress += 1
        try:
            await self._app({**scope, _NAMED: named}, receive, watched)
        finally:
            self._in_progress -= 1
            handler = named[0] if named else "none"
            method = scope["method"] if scope["method"] in _METHODS else OTHER
            self._requests.of(handler, method, str(status)).value += 1
            self._seconds.of(handler, method).observe(self._clock() - began)

    async def _scraped(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return _refusal(405, "method_not_allowed", "use GET", {"Allow": "GET, HEAD"})
        try:
            await self._admit(scope)
        except Unauthenticated as error:
            challenge = {"WWW-Authenticate": 'Bearer realm="mcpgateway"'}
            return _refusal(error.status, error.code, error.message, challenge)
        except GatewayError as error:
            return _refusal(error.status, error.code, error.message)
        text = await asyncio.to_thread(render, self._registry.families())
        headers = {"Content-Type": CONTENT_TYPE.decode(), "Cache-Control": "no-store"}
        return Response(text, headers=headers)

    async def _admit(self, scope: Scope) -> None:
        peer = scope["client"][0] if scope.get("client") else ""
        if self._scraping.allows(peer, scope["headers"]):
            return
        authorization = Headers(scope=scope).get("authorization")
        if self._is_admin is None or authorization is None:
            raise Unauthenticated("metrics need a token from here: Authorization: Bearer <token>")
        if not await self._is_admin(authorization):
            raise Denied("metrics are for administrators")


def naming(app: ASGIApp, routes: Iterable[BaseRoute]) -> ASGIApp:
    """Around a Starlette router: tells `Measured` which of its routes answered."""
    paths = {route.endpoint: route.path for route in routes if isinstance(route, Route)}

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            endpoint = scope.get("endpoint")
            if endpoint in paths and _NAMED in scope:
                scope[_NAMED].append(paths[endpoint])

    return named


def _refusal(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    body = {"status": status, "code": code, "message": message, "detail": message}
    return JSONResponse(body, status, headers)
