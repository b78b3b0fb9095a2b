"""An API registered by its OpenAPI document: previewed, called through the gateway in both eras,
read again when it changes, with credentials that go nowhere else."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.pet_shop import TOKEN, PetShop, pet_shop
from support.real_documents import real_document
from support.suite import Suite, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ERAS = ("legacy", "2026-07-28")


@pytest_asyncio.fixture(loop_scope="module")
async def shop() -> AsyncIterator[PetShop]:
    async with pet_shop() as open_:
        yield open_


async def registered(suite: Suite, name: str, openapi: dict[str, Any], **more: Any) -> Any:
    body = {"name": name, "transport": "OPENAPI", "openapi": openapi, **more}
    async with suite.http() as http:
        answer = await http.post("/gateways?wait=applied", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def tools_of(suite: Suite, gateway: Any) -> dict[str, Any]:
    found = await suite.tools()
    return {each["originalName"]: each for each in found if each["gatewayId"] == gateway["id"]}


async def test_an_api_is_called_in_both_eras(suite: Suite, shop: PetShop) -> None:
    gateway = await registered(suite, "shop", {"document_url": f"{shop.url}/openapi.yaml"})
    tools = await tools_of(suite, gateway)
    assert set(tools) == {"list_pets", "add_pet", "get_pet", "add_photo"}
    assert gateway["url"] == f"{shop.url}/v1"
    assert any("HEAD" in each for each in gateway["skippedTools"])
    server = await suite.bundle("shop", [each["id"] for each in tools.values()])

    for era in ERAS:
        async with suite.client(f"/servers/{server}/mcp", era) as client:
            listed = {each.name: each for each in (await client.list_tools()).tools}
            asked = {"kind": ["dog", "cat"], "X-Trace": "t"}
            pets = await client.call_tool("shop-list-pets", asked)
            pet = await client.call_tool("shop-get-pet", {"petId": 3})
            new = await client.call_tool(
                "shop-add-pet", {"name": "Tom", "friends": [{"name": "Rex"}]}
            )
            photo = base64.b64encode(b"\x89PNG\xff").decode()
            done = await client.call_tool(
                "shop-add-photo", {"petId": 3, "title": "Rex", "photo": photo}
            )
        assert listed["shop-get-pet"].annotations.read_only_hint is True  # type: ignore[union-attr]
        assert json.loads(text_of(pets)) == [{"id": 1, "name": "Rex", "friends": None}]
        assert pet.structured_content == {"id": 3, "name": "Rex"}
        assert new.structured_content == {"id": 7, "name": "Tom", "friends": [{"name": "Rex"}]}
        assert not done.is_error, done
        first, _, third, fourth = shop.asked[-4:]
        assert (first["query"], first["headers"]["x-trace"]) == ("kind=dog,cat", "t")
        assert json.loads(third["body"]) == {"name": "Tom", "friends": [{"name": "Rex"}]}
        assert fourth["headers"]["content-type"].startswith("multipart/form-data")
        assert "\x89PNG" not in fourth["path"]


async def test_what_it_would_come_to_is_told_before(suite: Suite, shop: PetShop) -> None:
    async with suite.http() as http:
        asked = {"document": shop.said, "tags": ["pets", "dogs"]}
        answer = await http.post("/v1/openapi/preview", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [each["name"] for each in told["tools"]] == ["list_pets", "add_pet", "get_pet"]
    assert told["url"] == f"{shop.url}/v1"
    assert told["problems"] == ["tag 'dogs' names no operation"]
    assert told["security"][0]["gateway"]["auth_type"] == "bearer"
    assert {(each["operationId"], each["chosen"]) for each in told["leftOut"]} == {
        ("headPet", False),
        ("addPhoto", False),
    }


async def test_credentials_go_to_the_api_and_nowhere_else(suite: Suite, shop: PetShop) -> None:
    shop.wants = TOKEN
    auth = {"auth_type": "bearer", "auth_token": TOKEN}
    openapi = {"document_url": f"{shop.url}/openapi.json"}
    async with suite.http() as http:
        body = {"name": "sure", "transport": "OPENAPI", "openapi": openapi, **auth}
        refused = await http.post("/gateways", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "url"

    gateway = await registered(suite, "sure", openapi, url=f"{shop.url}/v1", **auth)
    tools = await tools_of(suite, gateway)
    server = await suite.bundle("sure", [tools["get_pet"]["id"]])
    async with suite.client(f"/servers/{server}/mcp") as client:
        answer = await client.call_tool("sure-get-pet", {"petId": 3})
    assert answer.structured_content == {"id": 3, "name": "Rex"}
    assert TOKEN not in json.dumps(await tools_of(suite, gateway))


async def test_a_refresh_shows_what_changed_and_keeps_edits(suite: Suite, shop: PetShop) -> None:
    gateway = await registered(suite, "live", {"document_url": f"{shop.url}/openapi.json"})
    tools = await tools_of(suite, gateway)
    shop.said["paths"]["/pets"]["get"]["summary"] = "Every pet"
    del shop.said["paths"]["/pets"]["post"]
    shop.said["paths"]["/owners"] = {"get": {"operationId": "listOwners", "responses": {}}}
    async with suite.http() as http:
        edit = await http.put(f"/tools/{tools['list_pets']['id']}", json={"description": "Ours"})
        assert edit.status_code == 200, edit.text
        refresh = f"/gateways/{gateway['id']}/tools/refresh"
        trial = await http.post(f"{refresh}?dry_run=true")
        assert trial.status_code == 200, trial.text
        assert set(await tools_of(suite, gateway)) == set(tools)
        done = await http.post(f"{refresh}?wait=applied")
    told = done.json()
    assert (told["toolsAdded"], told["toolsUpdated"], told["toolsRemoved"]) == (1, 1, 1)
    after = await tools_of(suite, gateway)
    assert after["list_pets"]["description"] == "Ours"
    assert after["list_pets"]["originalDescription"] == "Every pet"
    assert {"list_owners"} == set(after) - set(tools)


async def test_an_api_that_moves_is_called_at_its_new_place(suite: Suite, shop: PetShop) -> None:
    openapi = {"document": json.dumps(shop.said), "operations": ["getPet"]}
    gateway = await registered(suite, "moved", openapi, url="http://127.0.0.1:9/v1")
    async with suite.http() as http:
        change = {"url": f"{shop.url}/v1"}
        moved = await http.put(f"/gateways/{gateway['id']}?wait=applied", json=change)
    assert moved.status_code == 200, moved.text
    assert (moved.json()["transport"], moved.json()["toolCount"]) == ("OPENAPI", 1)
    tools = await tools_of(suite, gateway)
    server = await suite.bundle("moved", [tools["get_pet"]["id"]])
    async with suite.client(f"/servers/{server}/mcp") as client:
        answer = await client.call_tool("moved-get-pet", {"petId": 3})
    assert answer.structured_content == {"id": 3, "name": "Rex"}


async def test_schemas_of_one_operation_are_made(suite: Suite, shop: PetShop) -> None:
    async with suite.http() as http:
        asked = {"url": f"{shop.url}/v1/pets/7", "request_type": "GET"}
        made = await http.post("/v1/tools/generate-schemas-from-openapi", json=asked)
        none = await http.post(
            "/v1/tools/generate-schemas-from-openapi",
            json={"url": f"{shop.url}/v1/cars", "request_type": "GET"},
        )
    assert made.status_code == 200, made.text
    assert made.json()["input_schema"]["required"] == ["petId"]
    assert made.json()["output_schema"]["type"] == "object"
    assert made.json()["spec_url"] == f"{shop.url}/openapi.json"
    assert none.status_code == 404


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("openapi: 3.0.0\npaths: {}\n", "no paths"),
        ("a: &a [*a]\n", "holds itself"),
        ("<html><body>Not found</body></html>", "must be an object"),
        ('{"openapi": "4.0"}', "OpenAPI '4.0'"),
        ('{"openapi": "3.0.0", "paths": ', "no JSON"),
    ],
)
async def test_a_document_that_can_not_be_read_is_told_why(
    suite: Suite, document: str, problem: str
) -> None:
    body = {"name": "bad", "transport": "OPENAPI", "openapi": {"document": document}}
    async with suite.http() as http, asyncio.timeout(30):
        refused = await http.post("/gateways", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"] == "openapi.document"
    assert problem in refused.text


async def test_a_request_that_is_held_back_waits_for_somebody(suite: Suite, shop: PetShop) -> None:
    openapi = {"document_url": f"{shop.url}/openapi.json", "operations": ["getPet"]}
    gateway = await registered(suite, "held", openapi, definition_policy="hold")
    tool = (await tools_of(suite, gateway))["get_pet"]
    server = await suite.bundle("held", [tool["id"]])
    shop.said["servers"] = [{"url": f"{shop.url}/v1"}]
    shop.said["paths"]["/pets/{petId}/photo"]["get"] = shop.said["paths"]["/pets/{petId}"].pop(
        "get"
    )
    shop.said["paths"]["/pets/{petId}/photo"]["parameters"] = [
        {"name": "petId", "in": "path", "schema": {"type": "integer"}}
    ]
    async with suite.http() as http:
        refreshed = await http.post(f"/gateways/{gateway['id']}/tools/refresh?wait=applied")
        assert refreshed.json()["toolsUpdated"] == 1, refreshed.text
        async with suite.client(f"/servers/{server}/mcp") as client:
            await client.call_tool("held-get-pet", {"petId": 3})
        assert shop.asked[-1]["path"] == "/v1/pets/3"
        drift = (await http.get(f"/tools/{tool['id']}/definition")).json()["drift"]
        assert "request" in [each["at"] for each in drift["changes"]]

        again = await http.post(f"/gateways/{gateway['id']}/tools/refresh?wait=applied")
        assert again.json()["toolsUpdated"] == 0
        approved = await http.post(f"/tools/{tool['id']}/definition/approve?wait=applied")
        assert approved.status_code == 200, approved.text
    async with suite.client(f"/servers/{server}/mcp") as client:
        await client.call_tool("held-get-pet", {"petId": 3})
    assert shop.asked[-1]["path"] == "/v1/pets/3/photo"


async def test_a_large_api_is_offered_whole(suite: Suite) -> None:
    document = (await real_document("kubernetes")).decode()
    openapi = {"document": document, "methods": ["GET"], "schema_bytes": 4096}
    gateway = await registered(suite, "k8s", openapi, url="https://kubernetes.example")
    assert gateway["toolCount"] > 300
    ids = [each["id"] for each in (await tools_of(suite, gateway)).values()]
    server = await suite.bundle("k8s", ids)
    listed: list[str] = []
    async with suite.client(f"/servers/{server}/mcp") as client:
        page = await client.list_tools()
        listed += [each.name for each in page.tools]
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            listed += [each.name for each in page.tools]
    assert len(set(listed)) == gateway["toolCount"]
    async with suite.http() as http:
        again = await http.post(f"/gateways/{gateway['id']}/tools/refresh")
    assert (again.json()["toolsAdded"], again.json()["toolsUpdated"]) == (0, 0)
