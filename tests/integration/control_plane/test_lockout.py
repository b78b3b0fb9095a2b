"""Guessing passwords: few guesses for an account, few for an address, and nothing learned."""

import asyncio
from statistics import median
from time import perf_counter

from support.control_plane import ADMIN, Plane, open_plane
from support.people import ANN, PASSWORD, add, try_login


async def test_the_fifth_failure_locks_an_account_until_the_time_is_over(plane: Plane) -> None:
    await add(plane)
    for _ in range(5):
        assert (await try_login(plane, "a guess")).status_code == 401
    refused = await try_login(plane)
    shown = (await plane.http.get(f"/auth/email/admin/users/{ANN}")).json()
    plane.clock.move(15 * 60 + 1)
    later = await try_login(plane)

    assert refused.status_code == 429
    assert 800 < int(refused.headers["retry-after"]) <= 900
    assert (shown["is_locked"], shown["failed_login_attempts"]) == (True, 5)
    assert later.status_code == 200


async def test_an_account_that_there_is_not_locks_as_one_that_there_is(plane: Plane) -> None:
    await add(plane)
    seen = []
    for email in (ANN, "nobody@example.com"):
        answers = [await try_login(plane, "a guess", email) for _ in range(7)]
        seen.append([(answer.status_code, answer.json()["message"]) for answer in answers])
    assert seen[0] == seen[1]
    assert [status for status, _ in seen[0]] == [401] * 5 + [429] * 2


async def test_guesses_sent_at_once_are_counted_as_well(plane: Plane) -> None:
    await add(plane)
    answers = await asyncio.gather(*(try_login(plane, f"guess {n}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_a_right_password_forgives_earlier_failures(plane: Plane) -> None:
    await add(plane)
    for _ in range(3):
        for _ in range(4):
            await try_login(plane, "a guess")
        assert (await try_login(plane)).status_code == 200


async def test_a_lock_is_the_whole_fleets(registry: str) -> None:
    async with open_plane(registry) as one, open_plane(registry) as other:
        for _ in range(5):
            await try_login(one, "a guess", ADMIN)
        assert (await try_login(other, "a guess", ADMIN)).status_code == 429


async def test_an_administrator_unlocks(plane: Plane) -> None:
    await add(plane)
    for _ in range(5):
        await try_login(plane, "a guess")
    unlocked = await plane.http.post(f"/auth/email/admin/users/{ANN}/unlock")
    assert (unlocked.status_code, unlocked.json()["is_locked"]) == (200, False)
    assert (await try_login(plane)).status_code == 200


async def test_an_address_that_fails_with_many_accounts_is_locked_out_and_others_are_not(
    registry: str,
) -> None:
    async with open_plane(registry, max_address_failures=10) as plane:
        await add(plane)
        for number in range(10):
            await try_login(plane, "a guess", f"user{number}@example.com", "203.0.113.7")
        same = await try_login(plane, PASSWORD, ANN, "203.0.113.7")
        other = await try_login(plane, PASSWORD, ANN, "203.0.113.8")
    assert (same.status_code, other.status_code) == (429, 200)


async def test_logging_in_oneself_between_guesses_does_not_free_an_address(registry: str) -> None:
    async with open_plane(registry, max_address_failures=6) as plane:
        await add(plane, "guesser@example.com")
        statuses = []
        for number in range(8):
            answer = await try_login(plane, "a guess", f"user{number}@example.com")
            statuses.append(answer.status_code)
            await try_login(plane, PASSWORD, "guesser@example.com")
    assert statuses == [401] * 6 + [429] * 2


async def test_failing_takes_as_long_whether_there_is_such_a_user_or_not(registry: str) -> None:
    """Medians of the two differ by less than half of what a hash takes."""
    async with open_plane(registry, max_failures=0, max_address_failures=0) as plane:
        await add(plane)
        times: dict[str, list[float]] = {ANN: [], "nobody@example.com": []}
        for _ in range(25):
            for email, taken in times.items():
                began = perf_counter()
                await try_login(plane, "a guess", email)
                taken.append(perf_counter() - began)
    known, unknown = (median(taken) for taken in times.values())
    assert abs(known - unknown) < 0.5 * max(known, unknown)


async def test_events_say_who_failed_and_never_with_what(plane: Plane) -> None:
    await add(plane)
    for _ in range(5):
        await try_login(plane, "hunter2hunter2")
    await plane.http.post(f"/auth/email/admin/users/{ANN}/unlock")
    await try_login(plane)
    answer = await plane.http.get("/auth/email/admin/events", params={"user_email": ANN})
    kinds = [(event["event_type"], event["success"]) for event in reversed(answer.json())]
    assert kinds == [
        ("user_created", True),
        *[("login", False)] * 5,
        ("account_locked", True),
        ("account_unlocked", True),
        ("login", True),
    ]
    assert "hunter2" not in answer.text
    assert answer.json()[0]["ip_address"] == "127.0.0.1"
