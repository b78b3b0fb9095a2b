"""The catalog over the API: listed, registered one by one and many at once, asked for."""

from typing import Any

from mcpgateway.control_plane.registry.catalog.catalog import Catalog, Entry
from mcpgateway.control_plane.registry.discovered.ports import Reached
from support.control_plane import Plane, upstream_with

KINDS = {
    "docs": "Open",
    "deep": "Open",
    "vault": "API Key",
    "board": "OAuth2.1",
    "shop": "OAuth2.1 & API Key",
}
CATALOG = Catalog(
    tuple(
        Entry(
            id=id,
            name=id.title(),
            category="Reading" if kind == "Open" else "Doing",
            url=f"https://{id}.example/mcp",
            auth_type=kind,
            provider="Example",
            description=f"The {id} of all",
            tags=("shared", id),
            requires_api_key=kind == "API Key",
        )
        for id, kind in KINDS.items()
    ),
    ("Reading", "Doing"),
)


async def listed(plane: Plane, query: str = "") -> dict[str, Any]:
    answer = await plane.http.get(f"/v1/catalog{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ids(plane: Plane, query: str) -> list[str]:
    return [server["id"] for server in (await listed(plane, query))["servers"]]


def stands(plane: Plane, *names: str) -> None:
    for name in names:
        plane.discoverer.at[f"https://{name}.example/mcp"] = upstream_with(["x"])


async def test_servers_are_listed_filtered_and_paged(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG

    found = await listed(plane)

    assert found["total"] == 5
    assert found["categories"] == ["Reading", "Doing"]
    assert found["auth_types"] == ["API Key", "OAuth2.1", "OAuth2.1 & API Key", "Open"]
    assert found["all_tags"] == sorted(["shared", *KINDS])
    assert await ids(plane, "?category=reading") == ["deep", "docs"]
    assert await ids(plane, "?auth_type=API%20Key") == ["vault"]
    assert await ids(plane, "?search=board") == ["board"]
    assert await ids(plane, "?tags=vault,shop") == ["shop", "vault"]
    assert await ids(plane, "?limit=2&offset=1") == ["deep", "docs"]
    assert (await listed(plane, "?limit=2"))["total"] == 5
    assert (await plane.http.get("/catalog?limit=0")).status_code == 422


async def test_an_open_server_is_registered_by_its_id(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    stands(plane, "docs")

    answer = await plane.http.post("/v1/catalog/docs/register", json={"name": "Our docs"})
    again = await plane.http.post("/v1/catalog/docs/register")
    gateway = (await plane.http.get(f"/gateways/{answer.json()['server_id']}")).json()
    [shown] = (await listed(plane, "?show_registered_only=true"))["servers"]

    assert answer.json()["success"] is True
    assert (gateway["name"], gateway["url"]) == ("Our docs", "https://docs.example/mcp")
    assert [tag["id"] for tag in gateway["tags"]] == ["shared", "docs"]
    assert again.status_code == 409
    assert (shown["id"], shown["is_registered"], shown["gateway_id"]) == (
        "docs",
        True,
        gateway["id"],
    )


async def test_a_key_becomes_the_bearer_token(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    stands(plane, "vault", "board")

    without = await plane.http.post("/catalog/vault/register")
    key = await plane.http.post("/catalog/vault/register", json={"api_key": "k-1"})
    token = await plane.http.post("/admin/mcp-registry/board/register", json={"api_key": "t-1"})

    assert without.status_code == 422
    assert without.json()["errors"][0]["field"] == "api_key"
    assert key.json()["success"] is token.json()["success"] is True
    lines = [target.headers for target in plane.discoverer.seen]
    assert lines == [(("Authorization", "Bearer k-1"),), (("Authorization", "Bearer t-1"),)]


async def test_where_one_signs_in_the_answer_says_what_is_needed(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    before = await plane.revision()

    answer = await plane.http.post("/catalog/board/register")

    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["oauth_required"]) == (False, True)
    assert "access token" in answer.json()["error"]
    assert await plane.revision() == before


async def test_many_are_registered_with_a_result_for_each(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    stands(plane, "docs")
    body = {"server_ids": ["docs", "deep", "vault", "none"]}

    answer = await plane.http.post("/admin/mcp-registry/bulk-register", json=body)
    told = answer.json()
    strict = {"server_ids": ["deep", "shop"], "skip_errors": False}
    stopped = (await plane.http.post("/admin/mcp-registry/bulk-register", json=strict)).json()

    assert told["successful"] == ["docs"]
    assert [each["server_id"] for each in told["failed"]] == ["deep", "vault", "none"]
    assert "connection refused" in told["failed"][0]["error"]
    assert (told["total_attempted"], told["total_successful"]) == (4, 1)
    assert [each["server_id"] for each in stopped["failed"]] == ["deep"]
    assert stopped["total_attempted"] == 1


async def test_the_status_asks_the_server_itself(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    plane.reacher.at["https://board.example/mcp"] = Reached(401, "text/plain", b"")
    plane.reacher.at["https://shop.example/mcp"] = Reached(503, "text/plain", b"")

    async def status(id: str) -> dict[str, Any]:
        return dict((await plane.http.get(f"/admin/mcp-registry/{id}/status")).json())

    assert (await status("board"))["is_available"] is True
    assert (await status("shop"))["error"] == "https://shop.example/mcp answered 503"
    assert (await status("docs"))["is_available"] is False
    assert (await plane.http.get("/admin/mcp-registry/none/status")).status_code == 404


async def test_a_registered_server_that_is_not_reached_is_not_available(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    stands(plane, "docs")
    made = (await plane.http.post("/catalog/docs/register")).json()
    plane.discoverer.at.clear()
    await plane.http.post(f"/gateways/{made['server_id']}/tools/refresh")

    assert "docs" not in await ids(plane, "")
    assert "docs" in await ids(plane, "?show_available_only=false")


async def test_a_dry_run_registers_nothing(plane: Plane) -> None:
    plane.catalog.catalog = CATALOG
    stands(plane, "docs")
    before = await plane.revision()

    answer = await plane.http.post("/catalog/docs/register?dry_run=true")

    assert answer.status_code == 200
    assert await plane.revision() == before
