"""API tokens over REST: what they are made of, whose they are, what data planes get of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from mcpgateway.common import api_tokens
from mcpgateway.common.routing.model import ApiToken
from mcpgateway.common.usage import Done
from mcpgateway.control_plane.publish.usage import UsageInbox
from mcpgateway.control_plane.store.people.decisions import PostgresDecisions
from mcpgateway.control_plane.store.people.tokens import PostgresTokenUses
from support.control_plane import Plane, bearer, client, open_plane

ANN, BOB = "ann@example.com", "bob@example.com"
SERVER = "5" * 32
PASS_PHRASE = "a long enough pass phrase 7"


@pytest.fixture
async def ann(plane: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    for email in (ANN, BOB):
        body = {"email": email, "password": PASS_PHRASE}
        assert (await plane.http.post("/auth/email/admin/users", json=body)).is_success
    async with client(plane.app, bearer(plane.clock, ANN)) as http:
        yield http


@pytest.fixture
async def bob(plane: Plane, ann: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(plane.app, bearer(plane.clock, BOB)) as http:
        yield http


async def make(http: httpx2.AsyncClient, name: str, **members: Any) -> dict[str, Any]:
    answer = await http.post("/tokens", json={"name": name, **members})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def offered(plane: Plane) -> dict[str, ApiToken]:
    """What data planes get."""
    delta = await plane.routing.delta(0)
    return {each.id: each for each in delta.upserts if isinstance(each, ApiToken)}


async def test_a_token_is_shown_once_and_kept_as_a_hash(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    made = await make(ann, "script", tags=["ci"])
    presented = api_tokens.parse(made["access_token"])
    assert presented is not None
    assert presented.id == made["token"]["id"]
    kept = await plane.pool.fetchval("SELECT row_to_json(t)::text FROM api_tokens t")
    history = await plane.pool.fetch("SELECT body::text FROM history WHERE noun = 'api_token'")
    assert presented.secret not in kept + "".join(row[0] for row in history)
    assert "access_token" not in (await ann.get(f"/tokens/{presented.id}")).text
    token = (await offered(plane))[presented.id]
    assert presented.proves(token.sha256)
    assert token.principal == ANN


async def test_a_token_expires_as_is_said_or_as_the_settings_say(
    ann: httpx2.AsyncClient,
) -> None:
    usual = (await make(ann, "usual"))["token"]
    week = (await make(ann, "week", expires_in_days=7))["token"]
    for_ever = (await make(ann, "for ever", expires_in_days=0))["token"]

    def days(token: dict[str, Any]) -> int:
        begun, ends = map(datetime.fromisoformat, (token["created_at"], token["expires_at"]))
        return round((ends - begun) / timedelta(days=1))

    assert (days(usual), days(week), for_ever["expires_at"]) == (90, 7, None)


async def test_a_most_lifetime_refuses_what_is_longer(registry: str) -> None:
    async with open_plane(registry, api_token_most_days=30) as plane:
        for days in (0, 31):
            refused = await plane.http.post("/tokens", json={"name": "x", "expires_in_days": days})
            assert refused.status_code == 422
            assert "MCPGATEWAY_API_TOKEN_MAX_DAYS" in refused.json()["message"]
        assert (await plane.http.post("/tokens", json={"name": "x"})).status_code == 201


async def test_what_a_token_is_restricted_to_reaches_data_planes(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    scope = {
        "server_id": SERVER,
        "permissions": ["tools.execute", "servers.use"],
        "ip_restrictions": ["10.1.2.3/8", "::1"],
        "time_restrictions": {"days": ["Mon", "friday"], "hours": {"start": "9", "end": "17:30"},
                              "timezone": "Europe/Berlin"},
        "usage_limits": {"requests_per_hour": 5, "requests_per_day": None},
    }  # fmt: skip
    token = (await make(ann, "narrow", scope=scope))["token"]
    times = {
        "days": ["monday", "friday"], "start": "09:00", "end": "17:30", "timezone": "Europe/Berlin",
    }  # fmt: skip
    assert token["resource_scopes"] == scope["permissions"]
    assert token["time_restrictions"] == times
    record = (await offered(plane))[token["id"]]
    assert msgspec.json.decode(record.scope) == {
        "server": SERVER,
        "permissions": ["tools.execute", "servers.use"],
        "networks": ["10.0.0.0/8", "::1/128"],
        "times": times,
        "limits": {"requests_per_hour": 5},
    }


async def test_every_problem_of_a_scope_is_told_with_its_place(ann: httpx2.AsyncClient) -> None:
    scope = {
        "server_id": "no id",
        "permissions": ["tools.fly"],
        "ip_restrictions": ["10.0.0.0/8", "nowhere"],
        "time_restrictions": {"days": ["someday"]},
        "usage_limits": {"requests_per_minute": 1},
    }
    refused = await ann.post("/tokens", json={"name": "x", "scope": scope})
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [
        "scope.server_id",
        "scope.permissions[0]",
        "scope.ip_restrictions[1]",
        "scope.time_restrictions.days",
        "scope.usage_limits.requests_per_minute",
    ]


async def test_nobody_makes_a_token_that_can_more_than_he_can(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    refused = await ann.post(
        "/tokens", json={"name": "x", "scope": {"permissions": ["admin.system_config"]}}
    )
    assert refused.status_code == 403
    assert "admin.system_config" in refused.json()["message"]
    other = await ann.post("/tokens", json={"name": "x", "user_email": BOB})
    assert other.status_code == 403
    team = await ann.post("/tokens", json={"name": "x", "team_id": "7" * 32})
    assert team.status_code == 422
    assert "team_id" in team.json()["message"]


async def test_a_token_makes_no_token_that_can_more_than_it_can(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    own = ["tokens.create", "tokens.read", "tools.execute"]
    maker = await make(ann, "maker", scope={"permissions": own})
    server = await make(ann, "server", scope={"server_id": SERVER})
    headers = {"Authorization": f"Bearer {maker['access_token']}"}
    async with client(plane.app, headers) as http:
        same = await http.post("/tokens", json={"name": "a", "scope": {"permissions": own}})
        assert same.status_code == 201, same.text
        wider = await http.post(
            "/tokens", json={"name": "b", "scope": {"permissions": ["tools.read"]}}
        )
        everything = await http.post("/tokens", json={"name": "c"})
        assert (wider.status_code, everything.status_code) == (403, 403)
        assert (await http.delete(f"/tokens/{server['token']['id']}")).status_code == 403
    headers = {"Authorization": f"Bearer {server['access_token']}"}
    async with client(plane.app, headers) as http:
        refused = await http.post("/tokens", json={"name": "d"})
        assert refused.status_code in (401, 403)


async def test_tokens_are_listed_to_their_owners_and_to_administrators(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    for number in range(3):
        await make(ann, f"token {number}")
    his = (await make(bob, "token 0"))["token"]["id"]
    page = (await ann.get("/tokens?limit=2&offset=2")).json()
    assert (page["total"], page["limit"], page["offset"], len(page["tokens"])) == (3, 2, 2, 1)
    assert (await ann.get(f"/tokens/{his}")).status_code == 404
    assert (await ann.get("/tokens/admin/all")).status_code == 403
    assert (await plane.http.get("/tokens/admin/all")).json()["total"] == 4
    assert (await plane.http.get(f"/tokens/admin/all?user_email={BOB}")).json()["total"] == 1
    assert (await ann.post("/tokens", json={"name": "token 0"})).status_code == 409


async def test_a_revoked_token_is_gone_for_data_planes_and_stays_to_be_seen(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "script"))["token"]["id"]
    gone = await ann.request("DELETE", f"/tokens/{id}", json={"reason": "leaked"})
    assert gone.is_success, gone.text
    assert id not in await offered(plane)
    assert (await ann.get("/tokens")).json()["total"] == 0
    [shown] = (await ann.get("/tokens?include_inactive=true")).json()["tokens"]
    told = {name: shown[name] for name in ("is_revoked", "revoked_by", "revocation_reason")}
    assert told == {"is_revoked": True, "revoked_by": ANN, "revocation_reason": "leaked"}
    assert (await ann.put(f"/tokens/{id}", json={"is_active": True})).status_code == 409
    assert (await ann.delete(f"/tokens/{id}")).is_success


async def test_an_administrator_revokes_and_makes_tokens_of_others(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "script"))["token"]["id"]
    assert (await ann.delete(f"/tokens/admin/{id}")).status_code == 403
    assert (await plane.http.delete(f"/tokens/admin/{id}")).is_success
    made = await make(plane.http, "for her", user_email=ANN)
    assert made["token"]["user_email"] == ANN
    assert (await ann.get(f"/tokens/{made['token']['id']}")).is_success


async def test_a_change_names_what_it_changes_and_switches_tokens_off(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "script", scope={"server_id": SERVER}))["token"]["id"]
    changed = (await ann.put(f"/tokens/{id}", json={"description": "nightly"})).json()
    assert (changed["server_id"], changed["description"]) == (SERVER, "nightly")
    assert (await ann.put(f"/tokens/{id}", json={"is_active": False})).is_success
    assert id not in await offered(plane)
    wider = (await ann.put(f"/tokens/{id}", json={"scope": {}, "is_active": True})).json()
    assert wider["server_id"] is None
    assert id in await offered(plane)


async def test_tokens_of_a_team_are_for_its_things_and_seen_by_its_owners(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    members = [{"email": BOB}]
    team = (await ann.post("/teams", json={"name": "Blue", "members": members})).json()["id"]
    made = (await bob.post(f"/tokens/teams/{team}", json={"name": "his"})).json()["token"]
    assert made["team_id"] == team
    assert msgspec.json.decode((await offered(plane))[made["id"]].scope) == {"teams": [team]}
    assert (await ann.get(f"/tokens/teams/{team}")).json()["total"] == 1
    assert (await bob.get(f"/tokens/teams/{team}")).status_code == 403
    refused = await ann.delete(f"/teams/{team}")
    assert refused.status_code == 409
    assert "API tokens his" in refused.json()["message"]
    assert (await ann.delete(f"/tokens/{made['id']}")).is_success
    assert (await ann.delete(f"/teams/{team}")).is_success


def done(token: str, **changes: Any) -> Done:
    at = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC).timestamp()
    usual = Done(
        at=at, principal=ANN, token=token, method="tools/call", action="tools.execute", kind="tool",
        id="1" * 32, name="add", server="", source="10.0.0.1", rule="", verdict="allow", count=2,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


async def test_usage_is_kept_by_token_and_shown_with_its_last_use(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "script"))["token"]["id"]
    inbox = UsageInbox(
        PostgresDecisions(plane.pool), PostgresTokenUses(plane.pool), plane.ports.clock
    )
    reports = [
        done(id),
        done(id, source="10.0.0.2", at=done(id).at + 1),
        done(id, verdict="deny", count=1),
        done(id, method="tools/list", action="", kind="", id="", name=""),
        done("f" * 32),
        done("a login's jti"),
    ]
    inbox.hear(msgspec.msgpack.encode(reports))
    inbox.hear(b"rubbish")
    await inbox.write()
    usage = (await ann.get(f"/tokens/{id}/usage")).json()
    assert usage == {
        "period_days": 30, "total_requests": 7, "successful_requests": 6, "blocked_requests": 1,
        "success_rate": 6 / 7, "average_response_time_ms": None,
        "top_endpoints": [["tools/call", 5], ["tools/list", 2]],
    }  # fmt: skip
    token = (await ann.get(f"/tokens/{id}")).json()
    assert token["last_used"].startswith("2026-11-22T12:00:31")
    assert token["last_used_from"] == "10.0.0.2"
    assert (await bob.get(f"/tokens/{id}/usage")).status_code == 404
    logged = await plane.pool.fetch("SELECT token, verdict, count FROM decisions ORDER BY 1, 2")
    assert len(logged) == 5
    assert sum(row["count"] for row in logged) == 9


async def test_old_usage_is_forgotten(plane: Plane, ann: httpx2.AsyncClient) -> None:
    id = (await make(ann, "script"))["token"]["id"]
    uses = PostgresTokenUses(plane.pool)
    inbox = UsageInbox(PostgresDecisions(plane.pool), uses, plane.ports.clock)
    inbox.hear(msgspec.msgpack.encode([done(id)]))
    await inbox.write()
    await uses.forget(datetime(2026, 11, 22, 13, tzinfo=UTC))
    assert (await ann.get(f"/tokens/{id}/usage")).json()["total_requests"] == 0


async def test_networks_and_times_of_a_token_hold_in_this_api_too(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    here = await make(ann, "here", scope={"ip_restrictions": ["127.0.0.0/8"]})
    far = await make(ann, "far", scope={"ip_restrictions": ["192.0.2.0/24"]})
    late = await make(ann, "late", scope={"time_restrictions": {"hours": "03:00-04:00"}})
    answers = []
    for each in (here, far, late):
        headers = {"Authorization": f"Bearer {each['access_token']}"}
        async with client(plane.app, headers) as http:
            answers.append(await http.get("/tools"))
    assert [each.status_code for each in answers] == [200, 403, 403]
    assert "127.0.0.1" in answers[1].json()["message"]
