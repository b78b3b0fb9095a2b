"""GET /auth/csrf-token: what a page sends back to show that it is ours."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common import browser
from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.http.exchange import at, json
from mcpgateway.control_plane.api.http.operation import Operation, Shown

_SECONDS = 86_400  # that the cookie is kept; its token counts no longer than the session


class Csrf:
    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def routes(self) -> Sequence[Route]:
        shown = {200: Shown(_shown)}
        token = Operation(self.token, "What a page shows with a cookie", shown, (400,))
        return (at("/auth/csrf-token", GET=token),)

    async def token(self, request: Request) -> Response:
        session: str = request.scope.get("bearer", "")
        if not session:
            raise InvalidCall("there is no session that a token could be bound to: log in")
        body = _shown(browser.csrf_token(session), self._cookies.header)
        response = json(body, headers={"cache-control": "no-store"})
        if request.scope.get("by_cookie"):
            self._cookies.show(request, response, session, _SECONDS)
        return response


def _shown(csrf_token: str, header_name: str) -> dict[str, str]:
    return {"csrf_token": csrf_token, "header_name": header_name}
