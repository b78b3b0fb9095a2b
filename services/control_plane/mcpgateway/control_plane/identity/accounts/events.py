"""Writes down what happens to logins and accounts, for those who look after them."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from mcpgateway.control_plane.registry.people import account_ports
from mcpgateway.control_plane.registry.people.account_ports import AuthEvent, Place

EventType = Literal[
    "login",
    "logout",
    "account_locked",
    "account_unlocked",
    "password_change",
    "password_reset_requested",
    "password_reset",
    "registration",
    "user_created",
    "user_updated",
    "user_deleted",
]


class AuthEvents:
    def __init__(self, events: account_ports.Events, clock: Callable[[], datetime]) -> None:
        self._events = events
        self._clock = clock

    async def note(
        self, what: EventType, email: str, place: Place, *, success: bool = True, reason: str = ""
    ) -> None:
        """`reason` says why not, or by whom; it holds no secret."""
        await self._events.note(
            AuthEvent(
                at=self._clock(),
                email=email,
                event_type=what,
                success=success,
                address=place.address,
                user_agent=place.user_agent,
                reason=reason or None,
            )
        )
