"""Gateways that were made of a file given by hand, and local commands: exports have all that makes
the same gateway again, and applied twice they change nothing."""

import base64
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import yaml

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.grpc.discoverer import GrpcConnector, GrpcDiscoverer
from mcpgateway.control_plane.discovery.openapi.discoverer import OpenApiDiscoverer
from mcpgateway.control_plane.discovery.openapi.reader import HttpApiReader
from mcpgateway.control_plane.discovery.outbound import open_outbound
from support.control_plane import Plane, upstream_with
from support.grpc_service import descriptors, grpc_service
from support.pet_shop import document

POLICY = AddressPolicy(loopback=True)
TEXT = yaml.safe_dump(document("https://shop.example")) + "# ${HOME} ends it: ä\n\n"
GIVEN = base64.b64encode(descriptors()).decode()


@pytest.fixture
async def gateways(plane: Plane) -> AsyncIterator[list[dict[str, Any]]]:
    """An API and a gRPC service as they were registered, with real discoverers."""
    async with (
        open_outbound(POLICY) as outbound,
        aclosing(HttpApiReader(outbound, 20.0)) as reader,
        grpc_service() as service,
    ):
        plane.discoverer.real["OPENAPI"] = OpenApiDiscoverer(reader)
        plane.discoverer.real["GRPC"] = GrpcDiscoverer(GrpcConnector(POLICY, timeout=30))
        api = {
            "name": "shop",
            "transport": "OPENAPI",
            "openapi": {"document": TEXT, "tags": ["pets"]},
        }
        routes = {
            "name": "routes",
            "url": service.url,
            "transport": "GRPC",
            "grpc": {"descriptors": GIVEN, "include": ["routeguide.RouteGuide"]},
        }
        for body in (api, routes):
            made = await plane.http.post("/gateways", json=body)
            assert made.status_code == 200, made.text
        yield [api, routes]


async def _definitions(plane: Plane) -> dict[str, Any]:
    listed = (await plane.http.get("/tools")).json()
    said = ("description", "inputSchema", "outputSchema", "url", "requestType")
    return {each["name"]: {name: each[name] for name in said} for each in listed}


async def _removed(plane: Plane) -> None:
    for gateway in (await plane.http.get("/gateways")).json():
        gone = await plane.http.delete(f"/gateways/{gateway['id']}")
        assert gone.status_code == 200, gone.text
    assert await _definitions(plane) == {}


async def test_an_export_file_makes_the_same_tools_elsewhere(
    plane: Plane, gateways: list[dict[str, Any]]
) -> None:
    before = await _definitions(plane)
    assert len(before) == 7, list(before)
    file = (await plane.http.get("/export?types=gateways")).json()
    told = {each["name"]: each for each in file["entities"]["gateways"]}
    assert told["shop"]["openapi"] == {"document": TEXT, "tags": ["pets"]}
    assert set(told["routes"]["grpc"]) == {"descriptors", "include", "reflection"}
    await _removed(plane)

    taken = await plane.http.post("/import", json={"import_data": file})

    assert taken.status_code == 200, taken.text
    assert taken.json()["progress"]["created"] == 2
    assert await _definitions(plane) == before


async def test_documents_with_what_was_given_change_nothing_the_second_time(
    plane: Plane, gateways: list[dict[str, Any]]
) -> None:
    documents = (await plane.http.get("/documents?kinds=Gateway")).json()["documents"]
    await _removed(plane)
    made = await plane.http.post("/apply", json={"documents": documents})
    assert made.json()["summary"] == {"create": 2}, made.text
    looked = len(plane.discoverer.seen)

    again = await plane.http.post("/apply", json={"documents": documents})

    assert again.json()["summary"] == {"unchanged": 2}, again.text
    assert again.json()["revision"] is None
    assert len(plane.discoverer.seen) == looked


async def test_another_document_of_an_applied_gateway_changes_its_tools(
    plane: Plane, gateways: list[dict[str, Any]]
) -> None:
    documents = (await plane.http.get("/documents?kinds=Gateway")).json()["documents"]
    shop = next(each for each in documents if each["metadata"]["name"] == "shop")
    shop["spec"]["openapi"]["document"] = TEXT.replace("All pets", "All of the pets")

    changed = await plane.http.post("/apply", json={"documents": [shop]})

    assert changed.json()["summary"] == {"update": 1}, changed.text
    assert (await _definitions(plane))["shop-list-pets"]["description"] == "All of the pets"


async def test_what_is_fetched_or_reflected_stands_in_no_export(plane: Plane) -> None:
    async with grpc_service() as service:
        plane.discoverer.real["GRPC"] = GrpcDiscoverer(GrpcConnector(POLICY, timeout=30))
        body = {"name": "routes", "url": service.url, "grpc": {"include": ["routeguide.*"]}}
        made = await plane.http.post("/gateways", json=body)
        assert made.status_code == 200, made.text
    [told] = (await plane.http.get("/documents?kinds=Gateway")).json()["documents"]
    assert told["spec"]["grpc"] == {"include": ["routeguide.*"]}


COMMAND = {"command": "uvx", "args": ["mcp-server-time"], "env": {"A": "sesame", "B": "2"}}
PASSPHRASE = "a long passphrase"


async def test_a_local_command_moves_with_its_environment_sealed(plane: Plane) -> None:
    plane.discoverer.at[""] = upstream_with(["now"], transport="STDIO")
    body = {"name": "clock", "transport": "STDIO", "stdio": COMMAND}
    made = await plane.http.post("/gateways", json=body)
    assert made.status_code == 200, made.text
    file = (await plane.http.post("/export", json={"rekey_secret": PASSPHRASE})).json()
    assert "sesame" not in str(file)
    await _removed(plane)

    masked = await plane.http.post("/import", json={"import_data": file})
    assert masked.status_code == 422
    taken = await plane.http.post("/import", json={"import_data": file, "rekey_secret": PASSPHRASE})

    assert taken.json()["progress"]["created"] == 1, taken.text
    assert dict(plane.discoverer.seen[-1].environment) == COMMAND["env"]
    again = await plane.http.post("/import", json={"import_data": file, "rekey_secret": PASSPHRASE})
    assert again.json()["revision"] is None, again.text


@pytest.mark.parametrize("env", [{"A": "sesame", "B": "2"}, {"A": "*****", "B": "*****"}])
async def test_a_declared_command_is_not_started_again_for_what_is_so(
    plane: Plane, env: dict[str, str]
) -> None:
    plane.discoverer.at[""] = upstream_with(["now"], transport="STDIO")
    document: dict[str, Any] = {
        "apiVersion": "mcpgateway/v1",
        "kind": "Gateway",
        "metadata": {"name": "clock"},
        "spec": {"transport": "STDIO", "stdio": COMMAND},
    }
    await plane.http.post("/apply", json={"documents": [document]})
    looked = len(plane.discoverer.seen)
    assert looked > 0
    document["spec"]["stdio"] = COMMAND | {"env": env}
    again = await plane.http.post("/apply", json={"documents": [document]})
    assert again.json()["summary"] == {"unchanged": 1}, again.text
    assert (again.json()["revision"], len(plane.discoverer.seen)) == (None, looked)
