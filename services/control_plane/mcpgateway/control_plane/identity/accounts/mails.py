"""What users are told by mail, and who carries it. Mails go out after the answer, so that how long
an answer takes does not tell whether there was somebody to write to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TypeAlias

from mcpgateway.common.errors import GatewayError, LimitExceeded
from mcpgateway.control_plane.registry.ports import Reader

log = logging.getLogger(__name__)

WAITING = 100  # errands

Errand: TypeAlias = Callable[[], Awaitable[None]]


class Mail(NamedTuple):
    to: str
    subject: str
    text: str


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Raises Unavailable where it was not taken."""


class Errands:
    """What is done after an answer, one at a time. When 100 wait `soon` raises LimitExceeded. What
    is not done at a stop is lost: who waits for a mail asks again."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Errand] = asyncio.Queue(WAITING)

    def soon(self, errand: Errand) -> None:
        try:
            self._waiting.put_nowait(errand)
        except asyncio.QueueFull:
            raise LimitExceeded("too many mails wait to be sent: try again later") from None

    async def run(self) -> None:
        """Until it is cancelled. An errand that fails is logged."""
        while True:
            errand = await self._waiting.get()
            try:
                await errand()
            except GatewayError as error:
                log.warning("a mail was not sent: %s", error.message)


class Notices:
    """Mails that nobody asked for. `mailer` None: none is sent."""

    def __init__(self, mailer: Mailer | None, errands: Errands, read: Reader) -> None:
        self._mailer = mailer
        self._errands = errands
        self._read = read

    def locked(self, email: str) -> None:
        """To the owner of an account that was locked, if there is such a user."""
        self._soon(
            email,
            "Your account was locked",
            "Somebody gave a wrong password for your account several times, so that logins by "
            "password are refused for a while.\n\nIf that was not you, your password was not "
            "guessed; tell your administrator if it goes on.",
        )

    def password_changed(self, email: str) -> None:
        self._soon(
            email,
            "Your password was changed",
            "The password of your account was changed, and all logins of before have ended.\n\n"
            "If that was not you, tell your administrator at once.",
        )

    def _soon(self, email: str, subject: str, text: str) -> None:
        mailer = self._mailer
        if mailer is None:
            return

        async def errand() -> None:
            user = await self._read.user(email)
            if user is not None and user.active and not user.service:
                await mailer.send(Mail(email, subject, text))

        try:
            self._errands.soon(errand)
        except LimitExceeded as error:
            log.warning("%s was not told that %s: %s", email, subject.lower(), error.message)
