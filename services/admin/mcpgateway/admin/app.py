"""Which path is which page, as one ASGI application."""

import logging
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mcpgateway.admin.pages import (
    catalogue,
    login,
    overview,
    passwords,
    replicas,
    servers,
    upstreams,
)
from mcpgateway.admin.shell import Shell
from mcpgateway.admin.view import Page, Site, Visit, endpoint, problem_page
from mcpgateway.common.browser import SESSION_COOKIE
from mcpgateway.common.errors import Bug, GatewayError, InvalidCall, NotFound
from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.common.runtime.asgi_metrics import naming

log = logging.getLogger(__name__)

_UI = "/admin/ui"


def make_app(
    site: Site, edge_secrets: Sequence[str], security: SecurityHeaders, *, enabled: bool
) -> ASGIApp:
    errors = _Errors(site)
    app = Starlette(
        routes=[*_pages(site), *_plain(site)],
        exception_handlers={HTTPException: errors, Exception: errors},
    )
    app.router.redirect_slashes = False
    return Shell(naming(app, app.routes), edge_secrets, security, enabled=enabled)


def _pages(site: Site) -> Sequence[Route]:
    def get(path: str, page: Page) -> Route:
        return Route(path, endpoint(site, page), methods=["GET"])

    def post(path: str, page: Page) -> Route:
        return Route(path, endpoint(site, page), methods=["POST"])

    return [
        get("/admin", overview.show),
        get(f"{_UI}/upstreams", upstreams.index),
        get(f"{_UI}/upstreams/new", upstreams.new),
        post(f"{_UI}/upstreams/new", upstreams.create),
        get(f"{_UI}/upstreams/{{id}}", upstreams.detail),
        post(f"{_UI}/upstreams/{{id}}/refresh", upstreams.refresh),
        post(f"{_UI}/upstreams/{{id}}/state", upstreams.switch),
        get(f"{_UI}/upstreams/{{id}}/delete", upstreams.confirm),
        post(f"{_UI}/upstreams/{{id}}/delete", upstreams.delete),
        get(f"{_UI}/servers", servers.index),
        get(f"{_UI}/servers/new", servers.new),
        post(f"{_UI}/servers/new", servers.create),
        get(f"{_UI}/servers/{{id}}", servers.detail),
        post(f"{_UI}/servers/{{id}}/state", servers.switch),
        get(f"{_UI}/servers/{{id}}/delete", servers.confirm),
        post(f"{_UI}/servers/{{id}}/delete", servers.delete),
        get(f"{_UI}/tools", catalogue.tools),
        get(f"{_UI}/tools/{{id}}", catalogue.tool),
        get(f"{_UI}/prompts", catalogue.prompts),
        get(f"{_UI}/prompts/{{id}}", catalogue.prompt),
        get(f"{_UI}/resources", catalogue.resources),
        get(f"{_UI}/resources/{{id}}", catalogue.resource),
        get(f"{_UI}/replicas", replicas.index),
        get(f"{_UI}/profile", passwords.profile),
        post(f"{_UI}/profile", passwords.change),
        post("/admin/logout", login.leave),
    ]


def _plain(site: Site) -> Sequence[Route]:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def ready(request: Request) -> Response:
        """Pages need the API."""
        found = await site.api.ready()
        return JSONResponse({"ready": found, "control_plane": found}, 200 if found else 503)

    async def home(request: Request) -> Response:
        return RedirectResponse("/admin", 303)

    def open_page(path: str, page: Page, method: str) -> Route:
        return Route(path, endpoint(site, page, open_to_all=True), methods=[method])

    return [
        open_page("/admin/login", login.show, "GET"),
        open_page("/admin/login", login.submit, "POST"),
        open_page("/admin/change-password-required", passwords.again, "GET"),
        open_page("/admin/change-password-required", passwords.required, "POST"),
        open_page("/admin/forgot-password", passwords.forgot, "GET"),
        open_page("/admin/forgot-password", passwords.ask, "POST"),
        open_page("/admin/reset-password/{token}", passwords.link, "GET"),
        open_page("/admin/reset-password/{token}", passwords.reset, "POST"),
        Route("/admin/static/{name:path}", site.assets.serve, methods=["GET"]),
        Route("/admin/ui", home, methods=["GET"]),
        Route("/health", health, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
    ]


class _Errors:
    """What no page caught, as a page."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, request: Request, error: Exception) -> Response:
        visit = Visit(self._site, request, request.cookies.get(SESSION_COOKIE, ""))
        return problem_page(visit, _ours(request, error))


def _ours(request: Request, error: Exception) -> GatewayError:
    what = f"{request.method} {request.url.path[:200]}"
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return NotFound(f"There is no page {request.url.path[:200]}.")
        return InvalidCall(f"{what}: {error.detail}")
    log.error("%s failed", what, exc_info=error)
    return Bug("This should not have happened; the admin service's log tells more.")
