"""A gRPC service behind the running suite: registered by its address, called in both eras, looked
at again when it comes back with other methods."""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc_reflection.v1alpha import reflection_pb2

from support.descriptor_sets import compiled_set
from support.grpc_service import GrpcService, descriptors, grpc_service
from support.suite import Suite, text_of
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
ERAS = ("legacy", "2026-07-28")
ROUTES = {"include": ["routeguide.RouteGuide"]}


@pytest_asyncio.fixture(loop_scope="module")
async def service() -> AsyncIterator[GrpcService]:
    async with grpc_service() as served:
        yield served


async def _registered(suite: Suite, name: str, url: str, **grpc: Any) -> dict[str, Any]:
    async with suite.http() as http:
        body = {"name": name, "url": url, "grpc": grpc}
        answer = await http.post("/gateways?wait=applied", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _tools(suite: Suite, gateway: dict[str, Any]) -> dict[str, Any]:
    return {
        each["originalName"]: each
        for each in await suite.tools()
        if each["gatewayId"] == gateway["id"]
    }


async def test_every_kind_of_method_is_called_in_both_eras(
    suite: Suite, service: GrpcService
) -> None:
    gateway = await _registered(suite, "routes", service.url, **ROUTES)
    tools = await _tools(suite, gateway)
    server = await suite.bundle("routes", [each["id"] for each in tools.values()])
    names = {name.rpartition(".")[2]: each["name"] for name, each in tools.items()}
    first = {"latitude": 3, "longitude": 4}

    for era in ERAS:
        async with suite.client(f"/servers/{server}/mcp", era) as client:
            listed = {each.name for each in (await client.list_tools()).tools}
            feature = await client.call_tool(names["GetFeature"], first)
            features = await client.call_tool(
                names["ListFeatures"], {"lo": first, "hi": {"latitude": 5}}
            )
            summary = await client.call_tool(names["RecordRoute"], {"messages": [first, first]})
            note = {"location": first, "message": "hi"}
            chat = await client.call_tool(names["RouteChat"], {"messages": [note, note]})
            wrong = await client.call_tool(names["GetFeature"], {"latitude": 910_000_000})
        assert listed == set(names.values())
        assert feature.structured_content == {"name": "Oldton 3", "location": first}
        found = features.structured_content["messages"]
        assert [each["location"]["latitude"] for each in found] == [3, 4, 5]
        assert summary.structured_content["point_count"] == 2
        assert chat.structured_content == {"messages": [note]}
        assert wrong.is_error
        assert "beyond 900000000" in text_of(wrong)


async def test_given_descriptors_are_called_without_reflection_and_describe_the_tools(
    suite: Suite,
) -> None:
    async with grpc_service(()) as silent:
        given = base64.b64encode(descriptors()).decode()
        gateway = await _registered(suite, "given", silent.url, descriptors=given, **ROUTES)
        tools = await _tools(suite, gateway)
        tool = tools["routeguide.RouteGuide.GetFeature"]
        server = await suite.bundle("given", [tool["id"]])
        async with suite.client(f"/servers/{server}/mcp") as client:
            (listed,) = (await client.list_tools()).tools
            said = await client.call_tool(listed.name, {"latitude": 1, "longitude": 2})

    assert str(listed.description).startswith("Looks up the feature at a point.")
    assert said.structured_content["name"] == "Oldton 1"


async def test_a_service_that_comes_back_with_other_methods_has_other_tools(suite: Suite) -> None:
    """Nobody asks for a refresh."""
    async with grpc_service((), handlers=[_reflecting("Old")]) as old:
        gateway = await _registered(suite, "changing", old.url)
        assert set(await _tools(suite, gateway)) == {"changing.S.Old"}
        port = old.port

    async with grpc_service((), handlers=[_reflecting("New")], port=port):
        await until(_has(suite, gateway, {"changing.S.New"}), "its new method is a tool", 60)


def _has(suite: Suite, gateway: dict[str, Any], names: set[str]) -> Callable[[], Any]:
    async def has() -> bool:
        return set(await _tools(suite, gateway)) == names

    return has


def _reflecting(method: str) -> grpc.GenericRpcHandler:
    """Reflection of a service with one method of this name."""
    source = f"""syntax = "proto3"; package changing; message M {{}}
        service S {{ rpc {method}(M) returns (M); }}"""
    (file,) = compiled_set({"changing.proto": source}).file
    answer = reflection_pb2.ServerReflectionResponse

    async def info(requests: AsyncIterator[Any], _context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            if request.HasField("list_services"):
                services = [reflection_pb2.ServiceResponse(name="changing.S")]
                listed = reflection_pb2.ListServiceResponse(service=services)
                yield answer(list_services_response=listed)
            else:
                files = reflection_pb2.FileDescriptorResponse(
                    file_descriptor_proto=[file.SerializeToString()]
                )
                yield answer(file_descriptor_response=files)

    handler = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=answer.SerializeToString,
    )
    name = "grpc.reflection.v1.ServerReflection"
    return grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
