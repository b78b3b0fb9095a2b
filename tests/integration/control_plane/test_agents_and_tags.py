"""A2A agents as far as they are kept, and tags over all nouns."""

from typing import Any

from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client, upstream_with

READ = """
    id name slug description endpointUrl agentType protocolVersion capabilities config enabled
    reachable createdAt updatedAt lastInteraction tags metrics passthroughHeaders authType
    authValue oauthConfig authUsername authPassword authToken authHeaderKey authHeaderValue
    authHeaders authQueryParamKey authQueryParamValueMasked createdBy createdFromIp createdVia
    createdUserAgent modifiedBy modifiedFromIp modifiedVia modifiedUserAgent importBatchId
    federationSource version teamId team ownerEmail visibility uaid uaidRegistry uaidProto
    uaidNativeId
    """
AGENT: dict[str, Any] = {
    "name": "Weather Agent",
    "endpoint_url": "https://agent.example/a2a",
    "agent_type": "jsonrpc",
    "protocol_version": "1.0",
    "version": "2.1.0",
    "capabilities": {"streaming": True},
    "config": {"k": 1},
    "auth_type": "bearer",
    "auth_token": "very-secret",
    "tags": ["Weather"],
}


async def made(plane: Plane, **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/a2a", json={"agent": AGENT | changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_an_agent_is_made_listed_changed_switched_and_deleted(plane: Plane) -> None:
    agent = await made(plane)
    path = f"/a2a/{agent['id']}"
    assert agent.keys() >= set(READ.split())
    assert (agent["slug"], agent["agentVersion"], agent["version"]) == ("weather-agent", "2.1.0", 1)
    assert (agent["authToken"], agent["uaid"]) == ("*****", None)

    same = await plane.http.put(path, json=agent)
    assert same.status_code == 200, same.text
    assert same.json()["agentVersion"] == "2.1.0"
    assert (await plane.http.get("/a2a?include_pagination=true")).json()["agents"] == [same.json()]
    off = await plane.http.post(f"{path}/state?activate=false")
    assert off.json()["agent"]["enabled"] is False
    assert (await plane.http.get("/a2a")).json() == []
    stale = await plane.http.delete(path, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await plane.http.delete(path)).status_code == 200
    assert await plane.pool.fetchval("SELECT count(*) FROM credentials") == 0


async def test_a_secret_goes_nowhere_else_and_names_are_given_once(plane: Plane) -> None:
    agent = await made(plane)
    moved = await plane.http.put(
        f"/a2a/{agent['id']}", json={"endpoint_url": "https://evil.example/"}
    )
    again = await plane.http.post("/a2a", json=AGENT)
    named = await plane.http.post("/a2a", json=AGENT | {"name": "x", "generate_uaid": True})
    assert [each.status_code for each in (moved, again, named)] == [422, 409, 422]
    assert [each["field"] for each in moved.json()["errors"]] == ["auth_type"]


async def test_a_server_bundles_agents_and_loses_deleted_ones(plane: Plane) -> None:
    agent = await made(plane)
    server = await plane.bundle("s", [], associated_a2a_agents=[agent["id"]])
    unknown = await plane.http.post(
        "/servers", json={"name": "t", "associatedA2aAgents": ["0" * 32]}
    )
    await plane.http.delete(f"/a2a/{agent['id']}")
    after = (await plane.http.get(f"/servers/{server['id']}")).json()
    assert server["associatedA2aAgents"] == [agent["id"]]
    assert unknown.status_code == 422
    assert after["associatedA2aAgents"] == []


async def test_tags_are_counted_over_all_that_the_caller_sees(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x", "y"]), tags=["Weather", "red"])
    await made(plane)
    await made(plane, name="hidden", visibility="private", tags=["secret", "weather"])
    async with plane.ports.store.write(ACTOR.who) as tx:
        bob = User(email="bob@b.c", password_hash="x", created_at=tx.at, updated_at=tx.at)
        await tx.users.save([bob])

    async with client(plane.app, bearer(plane.clock, "bob@b.c")) as http:
        tags = {each["name"]: each for each in (await http.get("/v1/tags")).json()}
        some = (await http.get("/tags?entity_types=agents&include_entities=true")).json()
        entities = (await http.get("/tags/WEATHER/entities")).json()
        wrong = await http.get("/tags?entity_types=planets")
        none = (await http.get("/tags/secret/entities")).json()

    assert tags.keys() == {"weather", "red"}
    stats = tags["weather"]["stats"]
    assert (stats["tools"], stats["gateways"], stats["agents"], stats["total"]) == (2, 1, 1, 4)
    assert [(each["name"], [x["name"] for x in each["entities"]]) for each in some] == [
        ("weather", ["Weather Agent"])
    ]
    assert sorted(each["type"] for each in entities) == ["agent", "gateway", "tool", "tool"]
    assert {each["description"] for each in entities if each["name"] == "a-x"} == {"does x"}
    assert wrong.status_code == 422
    assert none == []
    assert len((await plane.http.get("/admin/tags")).json()) == 3
