"""Holds a token that is restricted to networks or times to them. An ASGI application around
another, within the shell, which says who calls. Numbers of requests are counted in data planes."""

from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from mcpgateway.common.errors import Denied
from mcpgateway.common.policy.access.restrictions import Unreadable, restrictions
from mcpgateway.control_plane.registry.model import Viewer


class TokenPlace:
    def __init__(self, app: ASGIApp, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Denied. What can not be understood of a restriction refuses."""
        viewer: Viewer | None = scope.get("viewer")
        left = None if viewer is None else viewer.scope
        if left is not None and left.guarded:
            client: tuple[str, int] | None = scope.get("client")
            try:
                said = restrictions(left)
            except Unreadable as error:
                raise Denied(f"this token's restrictions can not be read: {error}") from error
            problem = said.problem(client[0] if client else "", self._clock().timestamp())
            if problem is not None:
                raise Denied(problem)
        await self._app(scope, receive, send)
