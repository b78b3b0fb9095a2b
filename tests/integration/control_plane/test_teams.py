"""Teams over REST: who makes them, who is in them, who is asked in and who asks."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from mcpgateway.control_plane.identity import bootstrap
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.teams.personal_teams import ensure_personal, personal_id
from support.control_plane import Plane, bearer, client, upstream_with

ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"


async def add_users(plane: Plane, *emails: str, **members: Any) -> None:
    """With what everybody gets, as at a start."""
    for email in emails:
        body = {"email": email, "password": "a long enough pass phrase 7", **members}
        answer = await plane.http.post("/auth/email/admin/users", json=body)
        assert answer.status_code in (200, 201), answer.text


@pytest.fixture
async def ann(plane: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    await add_users(plane, ANN, BOB, CAT)
    async with client(plane.app, bearer(plane.clock, ANN)) as http:
        yield http


@pytest.fixture
async def bob(plane: Plane, ann: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(plane.app, bearer(plane.clock, BOB)) as http:
        yield http


async def make(http: httpx2.AsyncClient, name: str, **members: Any) -> dict[str, Any]:
    answer = await http.post("/teams", json={"name": name, **members})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def roles_in(plane: Plane, email: str, team: str) -> set[str]:
    names = {role.id: role.name for role in await plane.ports.store.read.access.roles()}
    grants = await plane.ports.store.read.access.grants(email=email)
    return {names[grant.role_id] for grant in grants if grant.scope_id == team}


async def test_who_makes_a_team_owns_it_and_has_its_role(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    team = await make(ann, "Blue Sky", description="for two", max_members=3)
    shown = {name: team[name] for name in ("slug", "is_personal", "visibility", "member_count")}
    assert shown == {
        "slug": "blue-sky", "is_personal": False, "visibility": "private", "member_count": 1,
    }  # fmt: skip
    [member] = (await ann.get(f"/teams/{team['id']}/members")).json()
    assert (member["user_email"], member["role"]) == (ANN, "owner")
    assert await roles_in(plane, ANN, team["id"]) == {"team_admin"}
    listed = (await ann.get("/teams")).json()
    assert {each["name"] for each in listed["teams"]} >= {"Blue Sky"}
    assert listed["total"] == len(listed["teams"])


async def test_everybody_gets_one_team_of_his_own_at_a_start(plane: Plane) -> None:
    async with plane.ports.store.write(bootstrap.SYSTEM) as tx:
        at = tx.at
        rows = [
            User(email="a.b@example.com", full_name="A B", created_at=at, updated_at=at),
            User(email="a-b@example.com", created_at=at, updated_at=at),
            User(email="robot@example.com", service=True, created_at=at, updated_at=at),
        ]
        await tx.users.save(rows)
    await ensure_personal(plane.ports, bootstrap.SYSTEM)
    revision = await plane.revision()
    await ensure_personal(plane.ports, bootstrap.SYSTEM)
    assert await plane.revision() == revision
    read = plane.ports.store.read.teams
    first = await read.one(personal_id("a.b@example.com"), "a.b@example.com")
    second = await read.one(personal_id("a-b@example.com"), "a-b@example.com")
    assert first is not None
    assert second is not None
    assert (first.name, first.personal, first.role) == ("A B's Team", True, "owner")
    assert first.slug != second.slug
    assert await read.one(personal_id("robot@example.com"), "") is None
    user = await plane.ports.store.read.user("a.b@example.com")
    assert user is not None
    assert user.teams == (first.id,)


async def test_a_team_is_not_there_for_strangers_unless_it_is_public(
    ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    hidden, open_one = await make(ann, "Hidden"), await make(ann, "Open", visibility="public")
    assert (await bob.get(f"/teams/{hidden['id']}")).status_code == 404
    assert (await bob.get(f"/teams/{hidden['id']}/members")).status_code == 404
    assert (await bob.get(f"/teams/{open_one['id']}")).status_code == 200
    assert (await bob.get(f"/teams/{open_one['id']}/members")).status_code == 403
    assert (await bob.put(f"/teams/{open_one['id']}", json={"name": "Mine"})).status_code == 403
    found = (await bob.get("/teams/discover")).json()
    assert [each["id"] for each in found] == [open_one["id"]]


async def test_members_come_change_and_go_with_their_roles(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Blue"))["id"]
    added = await ann.post(f"/teams/{id}/members", json={"email": BOB.upper(), "role": "member"})
    assert added.status_code == 201, added.text
    assert await roles_in(plane, BOB, id) == {"viewer"}
    twice = await ann.post(f"/teams/{id}/members", json={"email": BOB, "role": "member"})
    assert twice.status_code == 409
    refused = await bob.post(f"/teams/{id}/members", json={"email": CAT, "role": "member"})
    assert refused.status_code == 403
    raised = await ann.put(f"/teams/{id}/members/{BOB}", json={"role": "owner"})
    assert raised.json()["role"] == "owner"
    assert await roles_in(plane, BOB, id) == {"team_admin"}
    assert (await bob.delete(f"/teams/{id}/members/{ANN}")).status_code == 200
    assert await roles_in(plane, ANN, id) == set()
    assert (await ann.get(f"/teams/{id}")).status_code == 404


async def test_the_last_owner_stays_whatever_is_tried(
    ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Blue", members=[{"email": BOB}]))["id"]
    for answer in (
        await ann.delete(f"/teams/{id}/leave"),
        await ann.delete(f"/teams/{id}/members/{ANN}"),
        await ann.put(f"/teams/{id}/members/{ANN}", json={"role": "member"}),
    ):
        assert answer.status_code == 409
        assert "last owner" in answer.json()["message"]
    assert (await bob.delete(f"/teams/{id}/leave")).status_code == 200


async def test_limits_of_teams_and_members_hold(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Two", max_members=2))["id"]
    assert (
        await ann.post(f"/teams/{id}/members", json={"email": BOB, "role": "member"})
    ).is_success
    full = await ann.post(f"/teams/{id}/members", json={"email": CAT, "role": "member"})
    assert full.status_code == 409
    assert "2 members" in full.json()["message"]
    limit = plane.ports.teams.per_user
    for number in range(limit - 1):
        await make(ann, f"Team {number}")
    over = await ann.post("/teams", json={"name": "One more"})
    assert over.status_code == 409
    assert f"{limit} is the limit" in over.json()["message"]


async def test_a_team_that_has_things_is_not_deleted_and_they_are_named(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Blue"))["id"]
    await plane.register("fast", upstream_with(tools=("add",)), team_id=id, visibility="team")
    refused = await ann.delete(f"/teams/{id}")
    assert refused.status_code == 409
    assert "gateways fast" in refused.json()["message"]
    assert "tools fast-add" in refused.json()["message"]
    [upstream] = (await plane.http.get("/gateways")).json()
    assert (await plane.http.delete(f"/gateways/{upstream['id']}")).is_success
    assert (await ann.delete(f"/teams/{id}?dry_run=true")).is_success
    assert (await ann.get(f"/teams/{id}")).is_success
    assert (await ann.delete(f"/teams/{id}")).is_success
    assert (await plane.http.get(f"/teams/{id}")).status_code == 404


async def test_a_personal_team_has_one_member_and_stays(ann: httpx2.AsyncClient) -> None:
    id = personal_id(ANN)
    assert (await ann.get(f"/teams/{id}")).json()["is_personal"] is True
    assert (await ann.delete(f"/teams/{id}")).status_code == 403
    assert (await ann.delete(f"/teams/{id}/leave")).status_code == 403
    member = await ann.post(f"/teams/{id}/members", json={"email": BOB, "role": "member"})
    invitation = await ann.post(f"/teams/{id}/invitations", json={"email": BOB})
    assert {member.status_code, invitation.status_code} == {409}


async def test_an_invitation_is_shown_once_kept_as_a_hash_and_taken_once(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Blue"))["id"]
    made = (await ann.post(f"/teams/{id}/invitations", json={"email": BOB})).json()
    assert made["invitation_url"].endswith(f"/teams/invitations/{made['token']}/accept")
    [listed] = (await ann.get(f"/teams/{id}/invitations")).json()
    assert (listed["id"], listed["token"]) == (made["id"], None)
    kept = await plane.pool.fetchval("SELECT row_to_json(t)::text FROM team_invitations t")
    assert made["token"] not in kept
    [mine] = (await bob.get("/me/invitations")).json()
    assert mine["team_name"] == "Blue"
    stranger = await ann.post(f"/teams/invitations/{made['token']}/accept")
    assert stranger.status_code == 404
    accepted = await bob.post(f"/teams/invitations/{made['token']}/accept")
    assert accepted.json()["role"] == "member"
    assert (await bob.post(f"/teams/invitations/{made['token']}/accept")).status_code == 404


async def test_an_invitation_is_declined_cancelled_or_runs_out(
    plane: Plane, ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Blue"))["id"]

    async def invite() -> dict[str, Any]:
        answer = await ann.post(f"/teams/{id}/invitations", json={"email": BOB, "role": "owner"})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    declined = await invite()
    assert (await bob.post(f"/invitations/{declined['id']}/decline")).is_success
    cancelled = await invite()
    assert (await bob.delete(f"/teams/invitations/{cancelled['id']}")).status_code in (403, 404)
    assert (await ann.delete(f"/teams/invitations/{cancelled['id']}")).is_success
    late = await invite()
    plane.clock.move(8 * 86_400)
    async with client(plane.app, bearer(plane.clock, BOB)) as http:
        assert (await http.get("/me/invitations")).json() == []
        refused = await http.post(f"/teams/invitations/{late['token']}/accept")
    assert refused.status_code == 404
    assert "has expired" in refused.json()["message"]


async def test_people_ask_to_join_and_owners_answer(
    ann: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    id = (await make(ann, "Open", visibility="public"))["id"]
    hidden = (await make(ann, "Hidden"))["id"]
    assert (await bob.post(f"/teams/{hidden}/join", json={})).status_code == 404
    asked = await bob.post(f"/teams/{id}/join", json={"message": "let me in"})
    assert asked.status_code == 201
    assert asked.json()["status"] == "pending"
    assert (await bob.post(f"/teams/{id}/join", json={})).status_code == 409
    assert (await bob.get(f"/teams/{id}/join-requests")).status_code == 403
    [waiting] = (await ann.get(f"/teams/{id}/join-requests")).json()
    assert waiting["message"] == "let me in"
    place = f"/teams/{id}/join-requests/{waiting['id']}"
    assert (await ann.delete(place)).is_success
    assert (await ann.post(f"{place}/approve")).status_code == 404
    again = (await bob.post(f"/teams/{id}/join", json={})).json()["id"]
    approved = await ann.post(f"/teams/{id}/join-requests/{again}/approve")
    assert approved.json()["user_email"] == BOB
    assert (await bob.get(f"/teams/{id}/members")).is_success


async def test_seeds_that_are_users_are_members_and_others_are_invited(
    ann: httpx2.AsyncClient,
) -> None:
    members = [{"email": BOB, "role": "owner"}, {"email": "new@example.com"}]
    team = await make(ann, "Blue", members=members)
    assert team["members_added"] == [{"email": BOB, "role": "owner"}]
    [invited] = team["invitations_sent"]
    assert (invited["email"], invited["role"]) == ("new@example.com", "member")
    wrong = [{"email": "no address"}, {"email": BOB, "role": "king"}]
    refused = await ann.post("/teams", json={"name": "Red", "members": wrong})
    fields = [each["field"] for each in refused.json()["errors"]]
    assert (refused.status_code, fields) == (422, ["members[0].email", "members[1].role"])


async def test_if_match_and_names_are_held(ann: httpx2.AsyncClient) -> None:
    id = (await make(ann, "Blue"))["id"]
    assert (await ann.post("/teams", json={"name": "blue"})).status_code == 409
    etag = (await ann.get(f"/teams/{id}")).headers["etag"]
    changed = await ann.put(f"/teams/{id}", json={"name": "Bluer"}, headers={"if-match": etag})
    assert changed.json()["name"] == "Bluer"
    assert changed.json()["slug"] == "blue"
    stale = await ann.put(f"/teams/{id}", json={"name": "Red"}, headers={"if-match": etag})
    assert stale.status_code == 412
