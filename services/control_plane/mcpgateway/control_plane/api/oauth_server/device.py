"""/device: where somebody types in the code that a device shows him (RFC 8628)."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import LimitExceeded
from mcpgateway.control_plane.api.oauth_server.browsers import (
    Browsers,
    expired,
    own_form,
    shown_problem,
)
from mcpgateway.control_plane.api.oauth_server.pages import Pages, asks
from mcpgateway.control_plane.identity.oauth_server import devices
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.identity.oauth_server.pace import Pace
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.people.oauth_server import Client, Device

PATH = "/device"
_MAX_CODE = 40  # characters
_GUESSES = 10  # a minute, of one user


class DevicePages:
    def __init__(self, server: OAuthServer, browsers: Browsers, pages: Pages) -> None:
        self._server = server
        self._browsers = browsers
        self._pages = pages
        self._pace = Pace(_GUESSES, timedelta(minutes=1), "codes were tried")

    def routes(self) -> Sequence[Route]:
        return (
            Route(PATH, self.show, methods=["GET"], include_in_schema=False),
            Route(PATH, self.decide, methods=["POST"], include_in_schema=False),
        )

    async def show(self, request: Request) -> Response:
        code = request.query_params.get("user_code", "")[:_MAX_CODE]
        visitor = await self._browsers.visitor(request)
        if not visitor.email:
            after = f"{PATH}?user_code={quote(code, safe='')}" if code else PATH
            return await self._browsers.login_page(request, after)
        if not code:
            return self._pages.ask_code()
        try:
            self._pace.note(visitor.email, self._server.clock())
        except LimitExceeded as error:
            return self._pages.message("Too many codes", error.message, error.status)
        device = await self._server.devices.waiting(code)
        if device is None:
            return self._pages.ask_code("No device shows this code, or it has expired.")
        client = await self._client(device)
        if isinstance(client, Response):
            return client
        about = {"device": device.sha256, "email": visitor.email}
        ticket = self._server.tickets.make("device", visitor.secret, about, self._server.clock())
        asked = asks(client, device.scopes, device.resource, "")
        return self._pages.device(asked, ticket, visitor.email, devices.shown(device.user_code))

    async def decide(self, request: Request) -> Response:
        try:
            given = await own_form(request)
        except OAuthError as error:
            return shown_problem(self._pages, error)
        visitor = await self._browsers.visitor(request)
        now = self._server.clock()
        about = self._server.tickets.read("device", visitor.secret, given.get("ticket", ""), now)
        if about is None or about["email"] != visitor.email:
            return expired(self._pages)
        device = await self._server.store.device(about["device"])
        if device is None or device.expires_at <= now:
            return self._pages.message("Too late", "The code has expired: begin again.", 400)
        if given.get("decision") != "allow":
            await self._server.devices.deny(device)
            return self._pages.message("Refused", "The device was not let in. Close this page.")
        if not await self._server.devices.allow(device, visitor.email):
            return self._pages.message("Too late", "This was decided upon already.", 409)
        return self._pages.message("Done", "The device is let in. You can close this page.")

    async def _client(self, device: Device) -> Client | Response:
        try:
            return await self._server.clients.find(device.client_id)
        except OAuthError as error:
            return shown_problem(self._pages, error)
