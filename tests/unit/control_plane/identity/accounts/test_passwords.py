"""Password hashes."""

import asyncio

from argon2 import PasswordHasher

from mcpgateway.common.errors import LimitExceeded
from mcpgateway.control_plane.identity.accounts.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords(QUICK)
    hash = await passwords.hash("right")
    assert hash.startswith("$argon2id$")
    assert await passwords.check("right", hash)
    assert not await passwords.check("wrong", hash)


async def test_nobody_and_a_damaged_hash_match_nothing() -> None:
    passwords = Passwords(QUICK)
    assert not await passwords.check("nobody's password", None)
    assert not await passwords.check("right", "damaged")


async def test_a_flood_of_logins_is_refused_and_not_queued_for_ever() -> None:
    passwords = Passwords(QUICK)
    asked = [passwords.check("guess", None) for _ in range(100)]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, LimitExceeded)]
    assert answers.count(False) + len(refused) == 100
    assert len(refused) > 50
    assert not await passwords.check("again", None)
