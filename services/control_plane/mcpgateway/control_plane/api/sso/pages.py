"""The two pages at the end of a login by a provider."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.api.http.errors import headers_of, status_of
from mcpgateway.control_plane.identity.accounts.sessions import Issued
from mcpgateway.control_plane.registry.people.model import User

CALLBACKS = "/auth/sso/callback"

# Called with the answer that ends a login: keeps what it wants to in the browser.
Keep: TypeAlias = Callable[[Request, Response, User, Issued], None]

_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",  # its URL has the code
    "cache-control": "no-store",
}


def secure(request: Request, always: bool | None) -> bool:
    """Whether cookies are for https only; None: when the request came by it."""
    return request.url.scheme == "https" if always is None else always


class Pages:
    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
        )

    def arrived(self, after: str) -> Response:
        """Goes on by itself. Not a redirect: that would still be on behalf of the provider's site,
        and strict cookies would be left out."""
        return self._page("arrived.html", 200, after=after)

    def refused(self, error: GatewayError) -> Response:
        response = self._page("refused.html", status_of(error), message=error.message)
        response.headers.update(headers_of(error))
        return response

    def _page(self, name: str, status: int, **values: object) -> Response:
        html = self._templates.get_template(name).render(values)
        return HTMLResponse(html, status, _HEADERS)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, which shows what comes."""
    return "text/html" in request.headers.get("accept", "")
