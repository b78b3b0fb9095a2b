"""Who sits before the browser: the session of the whole gateway in its cookie, and logging in."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mcpgateway.common import browser, seal
from mcpgateway.common.errors import Denied, LimitExceeded, Unauthenticated
from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.oauth_server.exchange import form
from mcpgateway.control_plane.api.oauth_server.pages import Pages
from mcpgateway.control_plane.identity.accounts.login import PasswordChangeRequired, Session
from mcpgateway.control_plane.identity.oauth_server import tickets
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.identity.oauth_server.parameters import single
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.people.account_ports import Place

MAX_FORM = 40 * 1024  # bytes of a form of ours, which carries a ticket
_BINDING = "mcpgateway_login"
_MAX_EMAIL = 255  # characters


class Logins(Protocol):
    async def login(self, email: str, password: str, place: Place) -> Session: ...


class Visitor:
    """`email` "": nobody has logged in. `secret` is what this browser alone has."""

    __slots__ = ("email", "secret")

    def __init__(self, email: str, secret: str) -> None:
        self.email = email
        self.secret = secret


class Browsers:
    def __init__(self, server: OAuthServer, logins: Logins, cookies: Cookies, pages: Pages) -> None:
        self._server = server
        self._logins = logins
        self._cookies = cookies
        self._pages = pages

    async def visitor(self, request: Request) -> Visitor:
        """By the session that the admin pages have too."""
        session = request.cookies.get(browser.SESSION_COOKIE, "")
        email = await self._server.whose(session) if session else None
        return Visitor(email or "", session if email else "")

    async def login_page(self, request: Request, after: str, target: str = "") -> Response:
        """`after`: a path of ours."""
        return await self._login_page(request, {"after": after, "target": target})

    async def _login_page(
        self, request: Request, about: dict[str, str], *, email: str = "", problem: str = ""
    ) -> Response:
        name, known = _binding(request)
        secret = known or seal.to_text(self._server.entropy(32))
        ticket = self._server.tickets.make("login", secret, about, self._server.clock())
        response = self._pages.login(
            ticket,
            await self._server.sign_in.providers(),
            about["after"],
            email=email,
            problem=problem,
            target=about["target"],
        )
        response.set_cookie(
            name,
            secret,
            max_age=int(tickets.LIFE.total_seconds()),
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response

    async def login(self, request: Request) -> Response:
        """POST of the login page."""
        given = await own_form(request)
        about = self._about(request, given.get("ticket", ""))
        if about is None:
            return expired(self._pages)
        email = given.get("email", "")[:_MAX_EMAIL]
        agent = request.headers.get("user-agent", "")[:512] or None
        place = Place(request.client.host if request.client else None, agent)
        try:
            session = await self._logins.login(email, given.get("password", ""), place)
        except PasswordChangeRequired:
            problem = "This password has to be changed first: log in at /admin to do that."
            return await self._login_page(request, about, email=email, problem=problem)
        except (Unauthenticated, LimitExceeded, Denied) as error:
            problem = f"{error.message[:1].upper()}{error.message[1:]}."
            return await self._login_page(request, about, email=email, problem=problem)
        response = RedirectResponse(about["after"], 303, {"cache-control": "no-store"})
        self._cookies.keep(request, response, session.issued)
        response.delete_cookie(_binding(request)[0], path="/")
        return response

    def _about(self, request: Request, ticket: str) -> dict[str, str] | None:
        _, secret = _binding(request)
        return self._server.tickets.read("login", secret, ticket, self._server.clock())


async def own_form(request: Request) -> dict[str, str]:
    """What one of our forms says. Raises OAuthError, Denied for one of another site's page."""
    if not browser.own_origin(request.headers, request.headers.get("host", "")):
        raise Denied("another site's page sent this form (CSRF): its origin is not ours")
    return dict(single(await form(request, MAX_FORM, tickets.MAX_TICKET)))


def expired(pages: Pages) -> Response:
    words = "Go back to the application that sent you here, and begin again."
    return pages.message("This form is too old, or of another browser", words, 400)


def shown_problem(pages: Pages, error: OAuthError) -> Response:
    return pages.message("This can not be done", error.description, error.status)


def _binding(request: Request) -> tuple[str, str]:
    """The name of the cookie of a browser that has not logged in yet, and its value. By https no
    neighbour in the domain can set it."""
    name = f"__Host-{_BINDING}" if request.url.scheme == "https" else _BINDING
    return name, request.cookies.get(name, "")[:200]
