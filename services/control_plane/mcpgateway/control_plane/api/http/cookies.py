"""Sessions in browsers: which cookies there are, and when a request may be who its cookie says.

The session's cookie holds the login's token and is not shown to scripts; the other one holds the
CSRF token that pages send back in a header. The rule itself is `common.browser`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from mcpgateway.common import browser
from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.identity.accounts.sessions import Issued
from mcpgateway.control_plane.settings.accounts import AccountSettings


@dataclass(frozen=True, slots=True)
class Cookies:
    """`secure` None: when the request came by https. `origins`: others whose pages are believed."""

    enabled: bool = True
    header: str = "X-CSRF-Token"
    cookie: str = "mcpgateway_csrf_token"
    origins: frozenset[str] = frozenset()
    secure: bool | None = None
    samesite: str = "lax"

    @staticmethod
    def of(settings: AccountSettings) -> "Cookies":
        origins = (each.strip().rstrip("/") for each in settings.csrf_origins.split(","))
        return Cookies(
            settings.csrf_enabled,
            settings.csrf_header,
            settings.csrf_cookie,
            frozenset(each for each in origins if each),
            settings.secure_cookies,
            settings.cookie_samesite.lower(),
        )

    def check(self, scope: Scope, headers: Mapping[str, str], session: str) -> None:
        """Of a request that has nothing but the cookie to say who it is. Raises Denied for one that
        may be another site's."""
        if scope["method"] in browser.SAFE:
            return
        if not browser.own_origin(headers, headers.get("host", ""), self.origins):
            raise Denied("another site's page sent this request (CSRF): its origin is not ours")
        if not self.enabled:
            return
        given = headers.get(self.header.lower(), "")
        if not given:
            raise Denied(
                f"a request that is known by its cookie needs the header {self.header} with what "
                "GET /auth/csrf-token answers (CSRF)"
            )
        if not browser.same_csrf(session, given):
            raise Denied(f"{self.header} is of another session: ask GET /auth/csrf-token again")

    def keep(self, request: Request, response: Response, issued: Issued) -> None:
        """Makes the browser's session this one, whatever it had before."""
        self._set(request, response, browser.SESSION_COOKIE, issued.token, issued.expires_in)
        self.show(request, response, issued.token, issued.session_expires_in)

    def show(self, request: Request, response: Response, session: str, seconds: int) -> None:
        """Lets pages of ours read the CSRF token."""
        token = browser.csrf_token(session)
        self._set(request, response, self.cookie, token, seconds, readable=True)

    def clear(self, request: Request, response: Response) -> None:
        for name in (browser.SESSION_COOKIE, self.cookie):
            self._set(request, response, name, "", 0, readable=name == self.cookie)

    def _set(
        self,
        request: Request,
        response: Response,
        name: str,
        value: str,
        seconds: int,
        *,
        readable: bool = False,
    ) -> None:
        secure = request.url.scheme == "https" if self.secure is None else self.secure
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=secure,
            httponly=not readable,
            samesite="strict" if self.samesite == "strict" or readable else "lax",
        )
