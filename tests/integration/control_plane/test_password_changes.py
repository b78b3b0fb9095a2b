"""Changing a password oneself, when one wants to and when one has to."""

import pytest

from mcpgateway.common import keys
from support.control_plane import ADMIN, Plane, open_plane
from support.people import ANN, PASSWORD, add, log_in, stranger, try_login

CHANGE = "/auth/email/change-password"
NEXT = "another long password"


async def test_a_changed_password_ends_all_sessions_and_replaces_the_old_one(plane: Plane) -> None:
    await add(plane)
    here, elsewhere = await log_in(plane), await log_in(plane)
    body = {"old_password": PASSWORD, "new_password": NEXT}
    changed = await here.post(CHANGE, json=body)

    assert changed.status_code == 200
    assert (await here.get("/auth/validate")).status_code == 401
    assert (await elsewhere.post("/auth/refresh")).status_code == 401
    assert (await try_login(plane)).status_code == 401
    assert (await (await log_in(plane, NEXT)).get("/auth/validate")).status_code == 200


async def test_the_last_passwords_do_not_come_again(registry: str) -> None:
    async with open_plane(registry, password_history=2) as plane:
        await add(plane)
        async with stranger(plane) as http:

            async def change(old: str, new: str) -> int:
                body = {"email": ANN, "old_password": old, "new_password": new}
                return (await http.post(CHANGE, json=body)).status_code

            first, second, third = PASSWORD, NEXT, "the third long password"
            assert await change(first, first) == 422
            assert await change(first, second) == 200
            assert await change(second, first) == 422
            assert await change(second, third) == 200
            assert await change(third, "the fourth long password") == 200
            assert await change("the fourth long password", first) == 200  # two were between


async def test_guessing_by_changing_locks_as_guessing_by_logging_in_does(plane: Plane) -> None:
    await add(plane)
    async with stranger(plane) as http:
        body = {"email": ANN, "old_password": "a guess", "new_password": NEXT}
        statuses = [(await http.post(CHANGE, json=body)).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert (await try_login(plane)).status_code == 429


async def test_a_well_known_password_of_the_first_administrator_opens_nothing_but_its_change(
    registry: str,
) -> None:
    async with open_plane(registry, admin_password="changeme") as plane:
        login = await try_login(plane, "changeme", ADMIN)
        async with stranger(plane) as http:
            body = {"email": ADMIN, "old_password": "changeme", "new_password": "changeme1"}
            again = await http.post(CHANGE, json=body)
            changed = await http.post(CHANGE, json=body | {"new_password": NEXT})
        later = await try_login(plane, NEXT, ADMIN)

    assert (login.status_code, login.json()["code"]) == (403, "password_change_required")
    assert "access_token" not in login.text
    assert (again.status_code, changed.status_code, later.status_code) == (422, 200, 200)


async def test_a_random_password_of_the_first_administrator_may_stay(registry: str) -> None:
    async with open_plane(registry, admin_password=keys.__name__[::-1] + "x7") as plane:
        assert (await try_login(plane, keys.__name__[::-1] + "x7", ADMIN)).status_code == 200


async def test_a_wrong_password_does_not_tell_that_a_change_is_required(registry: str) -> None:
    async with open_plane(registry, change_bootstrap=True) as plane:
        wrong = await try_login(plane, "a guess", ADMIN)
        right = await try_login(plane, plane.settings.admin_password, ADMIN)
    assert (wrong.status_code, right.status_code) == (401, 403)


@pytest.mark.parametrize(("days", "status"), [(89, 200), (91, 403)])
async def test_an_old_password_has_to_be_changed_where_the_operator_says_so(
    registry: str, days: int, status: int
) -> None:
    async with open_plane(registry, password_days=90) as plane:
        await add(plane)
        plane.clock.move(days * 86_400)
        assert (await try_login(plane)).status_code == status


async def test_where_changes_are_not_enforced_the_login_goes_on_and_says_so(
    registry: str,
) -> None:
    async with open_plane(registry, change_enforced=False, change_bootstrap=True) as plane:
        answer = await try_login(plane, plane.settings.admin_password, ADMIN)
    assert answer.status_code == 200
    assert answer.json()["user"]["password_change_required"] is True
