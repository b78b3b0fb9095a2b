"""All routes of the authorization server."""

from collections.abc import Sequence

from starlette.routing import Route

from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.oauth_server.authorize import Authorize
from mcpgateway.control_plane.api.oauth_server.browsers import Browsers, Logins
from mcpgateway.control_plane.api.oauth_server.consents import ConsentRoutes
from mcpgateway.control_plane.api.oauth_server.device import DevicePages
from mcpgateway.control_plane.api.oauth_server.pages import Pages
from mcpgateway.control_plane.api.oauth_server.protocol import Protocol
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer


def routes(server: OAuthServer, logins: Logins, cookies: Cookies) -> Sequence[Route]:
    pages = Pages()
    browsers = Browsers(server, logins, cookies, pages)
    return (
        *Protocol(server).routes(),
        *Authorize(server, browsers, pages).routes(),
        *DevicePages(server, browsers, pages).routes(),
        *ConsentRoutes(server).routes(),
        *pages.routes(),
    )
