"""What is good once is good once, also for requests that come at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from support.control_plane import ADMIN, PASSWORD, Plane
from support.oauth import OAuthUser

AT_ONCE = 8


@pytest.fixture
async def user(plane: Plane) -> AsyncIterator[OAuthUser]:
    transport = httpx2.ASGITransport(app=plane.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        found = OAuthUser(http, ADMIN, PASSWORD)
        await found.register()
        yield found


async def statuses(ask: Callable[[], Awaitable[httpx2.Response]]) -> list[int]:
    answers = await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return sorted(answer.status_code for answer in answers)


async def test_a_code_that_comes_many_times_at_once_is_redeemed_once(user: OAuthUser) -> None:
    code = await user.code()
    assert await statuses(lambda: user.redeem(code)) == [200] + [400] * (AT_ONCE - 1)


async def test_a_refresh_token_that_comes_many_times_at_once_is_taken_once(
    user: OAuthUser,
) -> None:
    token = (await user.tokens())["refresh_token"]
    assert await statuses(lambda: user.refresh(token)) == [200] + [400] * (AT_ONCE - 1)
