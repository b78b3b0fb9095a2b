"""What the routes of the authorization server have in common: the public URL, forms, refusals."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import InvalidCall, TooLarge
from mcpgateway.control_plane.api.http.exchange import json
from mcpgateway.control_plane.identity.oauth_server import parameters
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_request
from mcpgateway.control_plane.identity.oauth_server.parameters import Pairs

Handler = Callable[[Request], Awaitable[Response]]

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
# Nothing here is told by a cookie, so that pages of any site may ask (MCP clients in browsers).
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, mcp-protocol-version",
    "access-control-max-age": "86400",
}
_HOST = re.compile(r"[A-Za-z0-9.\-_]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def base_of(request: Request, public_url: str) -> str:
    """The gateway's URL as clients know it, without `/` behind. Raises InvalidCall."""
    if public_url:
        return public_url
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InvalidCall("the Host header must name a host")
    return f"{request.url.scheme}://{host}"


async def form(
    request: Request, limit: int = parameters.MAX_BODY, longest: int = parameters.MAX_VALUE
) -> Pairs:
    """What the body says. Raises OAuthError, TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise invalid_request("the body must be application/x-www-form-urlencoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"the body has more than {limit} bytes, which is the limit")
    return parameters.decode(bytes(body), limit, longest)


def for_clients(path: str, method: str, handler: Handler) -> Sequence[Route]:
    """A route that any page may ask, whose refusals are as the RFCs say."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except OAuthError as error:
            response = refusal(error)
        response.headers.update(CORS)
        return response

    async def preflight(request: Request) -> Response:
        return Response(status_code=204, headers=CORS)

    return (
        Route(path, answer, methods=[method], include_in_schema=False),
        Route(path, preflight, methods=["OPTIONS"], include_in_schema=False),
    )


def refusal(error: OAuthError) -> Response:
    headers = {"www-authenticate": 'Basic realm="MCP Gateway"'} if error.challenge else {}
    return json(error.body, error.status, {**NO_STORE, **headers})


def uncached(body: Mapping[str, object], status: int = 200) -> Response:
    return json(body, status, NO_STORE)
