"""Who calls, joined to the roles and rules that are in force. A plain ASGI application around
another."""

from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from mcpgateway.control_plane.registry.access.callers import Policies


class Seated:
    """Stands behind authentication, before the routes."""

    def __init__(self, app: ASGIApp, policies: Policies, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._policies = policies
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "viewer" in scope:
            source = scope["client"][0] if scope.get("client") else None
            scope["viewer"] = await self._policies.seated(scope["viewer"], source, self._clock())
        await self._app(scope, receive, send)
