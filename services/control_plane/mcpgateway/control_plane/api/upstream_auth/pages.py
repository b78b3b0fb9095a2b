"""The pages that a user sees on the way to a consent. No script, no foreign content."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.api.http.errors import headers_of, status_of

_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Pages:
    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
        )

    def told(self, title: str, message: str, status: int = 200) -> Response:
        return self._page("told.html", status, title=title, message=message)

    def refused(self, error: GatewayError) -> Response:
        response = self.told("That did not work", error.message, status_of(error))
        response.headers.update(headers_of(error))
        return response

    def vault(self, gateway: str, url: str, user: str, csrf: str) -> Response:
        return self._page("vault.html", 200, gateway=gateway, url=url, user=user, csrf=csrf)

    def _page(self, name: str, status: int, **values: object) -> Response:
        html = self._templates.get_template(name).render(values)
        return HTMLResponse(html, status, _HEADERS)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, which shows what comes."""
    return "text/html" in request.headers.get("accept", "")
