"""Makes the pages of the authorization server: autoescaped, without scripts, never in a frame."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server import redirects
from mcpgateway.control_plane.identity.oauth_server.server import Provider
from mcpgateway.control_plane.registry.people.oauth_server import Client

STYLES = "/authorize/static/oauth.css"
_MEANINGS = {
    "mcp": "Use the tools, resources and prompts that you may use",
    "mcp:tools": "List and call the tools that you may use",
    "mcp:resources": "Read the resources that you may read",
    "mcp:prompts": "Use the prompts that you may use",
    "a2a": "Send messages to the agents that you may use",
    oauth_scopes.OFFLINE: "Stay connected until you withdraw it, also while you are away",
    oauth_scopes.ADMIN: "Do everything that you may do here, administration included",
}


class Meaning(NamedTuple):
    scope: str
    words: str
    grave: bool


class Asks(NamedTuple):
    """A client as its user is shown it. `publisher`: the host that vouches for its name, "" for
    none; `target`: who gets the answer, "" for a device that waits."""

    name: str
    publisher: str
    target: str
    resource: str
    meanings: Sequence[Meaning]


def asks(client: Client, scopes: Sequence[str], resource: str, redirect_uri: str) -> Asks:
    document = client.id.startswith("https:")
    return Asks(
        name=client.metadata.client_name or client.id,
        publisher=redirects.shown_host(client.id) if document else "",
        target=redirects.shown_host(redirect_uri) if redirect_uri else "",
        resource=resource,
        meanings=[
            Meaning(scope, _MEANINGS[scope], scope == oauth_scopes.ADMIN)
            for scope in scopes
            if not _within_another(scope, scopes)
        ],
    )


def _within_another(scope: str, scopes: Sequence[str]) -> bool:
    others = [each for each in scopes if each != scope]
    return oauth_scopes.covered([scope], others) and scope != oauth_scopes.ADMIN


class Pages:
    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader(__package__, "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._styles = resources.files(__package__).joinpath("static", "oauth.css").read_bytes()
        self._version = hashlib.sha256(self._styles).hexdigest()[:12]

    def routes(self) -> Sequence[Route]:
        return (Route(STYLES, self.styles, include_in_schema=False),)

    async def styles(self, request: Request) -> Response:
        headers = {
            "cache-control": "public, max-age=86400",
            "x-content-type-options": "nosniff",
        }
        return Response(self._styles, 200, headers, media_type="text/css")

    def login(
        self,
        ticket: str,
        providers: Sequence[Provider],
        after: str,
        *,
        email: str = "",
        problem: str = "",
        target: str = "",
    ) -> Response:
        """`after`: the path to go on at. `target`: where its answer may send the browser."""
        ways = [(way.name, f"{way.path}?next={quote(after, safe='')}") for way in providers]
        shown = {"ticket": ticket, "ways": ways, "email": email, "problem": problem}
        return self._page("login.html", shown, 401 if problem else 200, target)

    def consent(self, asked: Asks, ticket: str, email: str, switch: str, target: str) -> Response:
        """`switch`: where somebody else may log in."""
        shown = {"asked": asked, "ticket": ticket, "email": email, "switch": switch}
        return self._page("consent.html", {**shown, "action": "/authorize/consent"}, 200, target)

    def device(self, asked: Asks, ticket: str, email: str, user_code: str) -> Response:
        shown = {"asked": asked, "ticket": ticket, "email": email, "user_code": user_code}
        return self._page("device.html", {**shown, "action": "/device"})

    def ask_code(self, problem: str = "") -> Response:
        return self._page("device_code.html", {"problem": problem}, 400 if problem else 200)

    def message(self, title: str, words: str, status: int = 200) -> Response:
        return self._page("message.html", {"title": title, "words": words}, status)

    def _page(
        self, name: str, shown: Mapping[str, object], status: int = 200, target: str = ""
    ) -> Response:
        styles = f"{STYLES}?v={self._version}"
        html = self._environment.get_template(name).render(shown, styles=styles)
        return Response(html, status, _headers(target), media_type="text/html")


def _headers(target: str) -> dict[str, str]:
    """Browsers let a form's answer redirect only to where `form-action` lets them."""
    to = f" {target}" if target else ""
    return {
        "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none';"
        f" form-action 'self'{to}; frame-ancestors 'none'",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
    }
