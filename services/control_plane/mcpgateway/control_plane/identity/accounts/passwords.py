"""Password hashes: Argon2id, off the loop, a few at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mcpgateway.common.errors import LimitExceeded

MAX_PASSWORD = 1024  # characters
_AT_ONCE = 2  # each takes 64 MiB and a core; more wait
_WAITING = 32


class Passwords:
    """`check` takes the same time whether there is a user or not. When more than 32 wait for
    their turn, both methods raise LimitExceeded at once."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._nobody = hasher.hash("nobody's password")
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, password: str, hash: str | None) -> bool:
        """`hash` None: there is no such user, which takes as long to find out."""
        async with self._turn():
            matches = await asyncio.to_thread(self._matches, password, hash or self._nobody)
        return matches and hash is not None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= _WAITING:
            raise LimitExceeded("too many logins at once: try again in a moment")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    def _matches(self, password: str, hash: str) -> bool:
        try:
            return self._hasher.verify(hash, password)
        except (VerificationError, InvalidHashError):
            return False
