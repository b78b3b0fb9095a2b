"""Password hashes: Argon2id, off the loop, a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_PASSWORD = 1024  # characters
_AT_ONCE = 2  # each takes 64 MiB and a core; more wait


class Passwords:
    """`check` takes the same time whether there is a user or not."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._nobody = hasher.hash("nobody's password")
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, password: str, hash: str | None) -> bool:
        """`hash` None: there is no such user, which takes as long to find out."""
        async with self._slots:
            matches = await asyncio.to_thread(self._matches, password, hash or self._nobody)
        return matches and hash is not None

    def _matches(self, password: str, hash: str) -> bool:
        try:
            return self._hasher.verify(hash, password)
        except (VerificationError, InvalidHashError):
            return False
