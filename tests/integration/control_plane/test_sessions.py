"""Sessions: each login has its own, which goes on by refreshing and ends everywhere at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from mcpgateway.common.browser import claims_said
from mcpgateway.control_plane.identity.accounts.sessions import LoginSessions
from mcpgateway.control_plane.identity.tokens import Issuer
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.model import Revocation
from mcpgateway.control_plane.store.people.logins import PostgresSessions
from support.control_plane import ACTOR, Plane, bearer, client, open_plane
from support.people import ANN, PASSWORD, add, log_in, stranger, try_login


async def token_of(plane: Plane) -> str:
    return str((await try_login(plane)).json()["access_token"])


def with_token(plane: Plane, token: str) -> Any:
    return client(plane.app, {"Authorization": f"Bearer {token}"})


async def test_a_session_outlives_its_first_token_by_being_refreshed(plane: Plane) -> None:
    await add(plane)
    first = await token_of(plane)
    plane.clock.move(19 * 60)
    fresh = await with_token(plane, first).post("/auth/refresh")
    plane.clock.move(10 * 60)
    old = await with_token(plane, first).get("/auth/validate")
    new = await with_token(plane, fresh.json()["access_token"]).get("/auth/validate")
    assert (fresh.status_code, old.status_code, new.status_code) == (200, 401, 200)
    assert new.json()["user"]["email"] == ANN


async def test_a_session_ends_at_its_longest_however_often_it_is_refreshed(registry: str) -> None:
    async with open_plane(registry, session_minutes=30) as plane:
        await add(plane)
        token = await token_of(plane)
        plane.clock.move(15 * 60)
        fresh = (await with_token(plane, token).post("/auth/refresh")).json()
        assert 14 * 60 < fresh["expires_in"] <= 15 * 60  # not the twenty minutes of a token
        plane.clock.move(15 * 60 + 1)
        http = with_token(plane, fresh["access_token"])
        assert (await http.post("/auth/refresh")).status_code == 401


async def test_who_is_idle_for_too_long_is_logged_out(registry: str) -> None:
    async with open_plane(registry, idle_minutes=5) as plane:
        await add(plane)
        token = await token_of(plane)
        plane.clock.move(5 * 60 + 1)
        assert (await with_token(plane, token).post("/auth/refresh")).status_code == 401


async def test_a_logout_makes_every_token_of_its_session_void_and_no_other(plane: Plane) -> None:
    await add(plane)
    first, elsewhere = await token_of(plane), await token_of(plane)
    second = (await with_token(plane, first).post("/auth/refresh")).json()["access_token"]
    out = await with_token(plane, second).post("/auth/logout")

    assert out.status_code == 200
    for token in (first, second):
        answer = await with_token(plane, token).get("/auth/validate")
        assert answer.status_code == 401, "a token of a session that ended"
    assert (await with_token(plane, elsewhere).get("/auth/validate")).status_code == 200
    assert await plane.pool.fetchval("SELECT count(*) FROM revocations") == 2


async def test_a_token_of_no_session_can_be_ended_and_not_refreshed(plane: Plane) -> None:
    await add(plane)
    http = client(plane.app, bearer(plane.clock, ANN, jti="by hand"))
    assert (await http.post("/auth/refresh")).status_code == 401
    assert (await http.post("/auth/logout")).status_code == 200
    async with plane.ports.store.write(ACTOR.who) as tx:
        [revoked] = await tx.revocations.get(["by hand"])
    assert isinstance(revoked, Revocation)
    assert revoked.expires_at is not None


async def test_refreshing_is_limited(registry: str) -> None:
    async with open_plane(registry, refresh_limit=3) as plane:
        await add(plane)
        http = await log_in(plane)
        statuses = [(await http.post("/auth/refresh")).status_code for _ in range(4)]
        plane.clock.move(61)
        later = (await http.post("/auth/refresh")).status_code
    assert statuses == [200, 200, 429, 429]
    assert later == 200


async def test_a_login_never_takes_over_a_session_that_was_there_before(plane: Plane) -> None:
    """Session fixation: what a caller brings along has no say in what he gets."""
    await add(plane)
    planted = await token_of(plane)
    async with stranger(plane) as http:
        http.cookies.set("mcpgateway_session", planted)
        body = {"email": ANN, "password": PASSWORD}
        answer = await http.post("/auth/login", json=body)
    fresh = answer.json()["access_token"]
    assert fresh != planted
    await with_token(plane, planted).post("/auth/logout")
    assert (await with_token(plane, fresh).get("/auth/validate")).status_code == 200


async def test_what_is_over_is_swept_away(plane: Plane) -> None:
    await add(plane)
    await (await log_in(plane)).post("/auth/logout")
    await try_login(plane, "a guess")
    plane.clock.move(100 * 86_400)
    assert plane.accounts is not None
    await plane.accounts.housekeeper.sweep()
    for table in ("auth_events", "login_sessions", "login_failures", "revocations"):
        assert await plane.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_token_that_is_issued_while_its_session_ends_is_void_too(plane: Plane) -> None:
    await add(plane)
    token = await token_of(plane)
    issued: list[str] = []

    class Meanwhile(PostgresSessions):
        @override
        async def end(self, id: str, now: datetime) -> Mapping[str, tuple[float, float]]:
            answer = await with_token(plane, token).post("/auth/refresh")
            issued.append(answer.json()["access_token"])
            return await super().end(id, now)

    issuer = Issuer(plane.settings)
    sessions = LoginSessions(
        plane.ports, Meanwhile(plane.pool), issuer, timedelta(hours=1), refreshes=60
    )
    jti = str(claims_said(token)["jti"])
    await sessions.end(Who(ANN), jti, None)
    assert (await with_token(plane, issued[0]).get("/auth/validate")).status_code == 401
