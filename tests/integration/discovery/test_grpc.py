"""What discovery makes of real gRPC servers: reflected in both versions, or told by hand."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
import msgspec
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from mcpgateway.common.errors import (
    InvalidCall,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.protobuf import pool
from mcpgateway.control_plane.discovery.grpc.discoverer import GrpcConnector, GrpcDiscoverer
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Target
from support.grpc_service import descriptors, grpc_service
from support.tls import Authority

LOOPBACK = AddressPolicy(loopback=True)
GIVEN = {"reflection": False}
Answer = reflection_pb2.ServerReflectionResponse


@pytest.fixture
def discoverer() -> GrpcDiscoverer:
    return GrpcDiscoverer(GrpcConnector(LOOPBACK, timeout=30))


def _names(found: Discovered) -> set[str]:
    return {tool.name for tool in found.tools}


def _definition(found: Discovered, name: str) -> Any:
    (tool,) = [tool for tool in found.tools if tool.name == name]
    return msgspec.json.decode(tool.definition)


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_each_method_of_a_reflecting_server_is_a_tool(
    discoverer: GrpcDiscoverer, version: Any
) -> None:
    async with grpc_service((version,)) as service:
        found = await discoverer.discover(Target(service.url, "GRPC"))

        assert service.asked[-1:] == [version]
    assert found.transport == "GRPC"
    assert found.problems == ()
    assert {name for name in _names(found) if name.startswith("routeguide.")} == {
        f"routeguide.RouteGuide.{method}"
        for method in ("GetFeature", "ListFeatures", "RecordRoute", "RouteChat")
    }
    assert not any(name.startswith("grpc.") for name in _names(found))
    definition = _definition(found, "routeguide.RouteGuide.GetFeature")
    assert definition["title"] == "RouteGuide.GetFeature"
    assert set(definition["inputSchema"]["properties"]) == {"latitude", "longitude"}
    chat = _definition(found, "routeguide.RouteGuide.RouteChat")
    assert "messages" in chat["inputSchema"]["properties"]
    assert "messages" in chat["outputSchema"]["properties"]


async def test_what_is_kept_of_a_reflecting_server_is_what_its_tools_need(
    discoverer: GrpcDiscoverer,
) -> None:
    async with grpc_service() as service:
        options = {"include": ["routeguide.RouteGuide.GetFeature"]}
        found = await discoverer.discover(Target(service.url, "GRPC", options=options))

    assert _names(found) == {"routeguide.RouteGuide.GetFeature"}
    assert [file.name for file in pool.read(found.document).file] == ["route_guide.proto"]


async def test_services_about_the_server_are_tools_where_they_are_named(
    discoverer: GrpcDiscoverer,
) -> None:
    async with grpc_service() as service:
        options = {"include": ["grpc.health.v1.*"], "exclude": ["*.Watch"]}
        found = await discoverer.discover(Target(service.url, "GRPC", options=options))

    assert "grpc.health.v1.Health.Check" in _names(found)
    assert "grpc.health.v1.Health.Watch" not in _names(found)


async def test_descriptors_that_are_given_bring_their_comments(discoverer: GrpcDiscoverer) -> None:
    async with grpc_service(()) as service:
        target = Target(service.url, "GRPC", options=GIVEN, document=descriptors())
        found = await discoverer.discover(target)
        again = await discoverer.discover(msgspec.structs.replace(target, document=found.document))

    definition = _definition(found, "routeguide.RouteGuide.GetFeature")
    assert definition["description"].startswith("Looks up the feature at a point.")
    assert again == found


async def test_two_looks_at_the_same_server_find_the_same(discoverer: GrpcDiscoverer) -> None:
    async with grpc_service(("v1",)) as service:
        target = Target(service.url, "GRPC")
        assert await discoverer.discover(target) == await discoverer.discover(target)


async def test_a_server_without_reflection_is_refused_with_what_to_do(
    discoverer: GrpcDiscoverer,
) -> None:
    async with grpc_service(()) as service:
        with pytest.raises(UpstreamRejected, match=r"no server reflection .*grpc\.descriptors"):
            await discoverer.discover(Target(service.url, "GRPC"))


async def test_a_server_that_does_not_serve_is_refused(discoverer: GrpcDiscoverer) -> None:
    async with grpc_service() as service:
        await service.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        with pytest.raises(UpstreamRejected, match="NOT_SERVING"):
            await discoverer.discover(Target(service.url, "GRPC"))


async def test_a_choice_that_names_nothing_says_what_there_is(discoverer: GrpcDiscoverer) -> None:
    async with grpc_service() as service:
        target = Target(service.url, "GRPC", options={"include": ["gone.*"]})
        with pytest.raises(UpstreamRejected, match=r"there is .*routeguide\.RouteGuide"):
            await discoverer.discover(target)
        given = Target(
            service.url, "GRPC", options=GIVEN | {"exclude": ["*"]}, document=descriptors()
        )
        with pytest.raises(InvalidCall, match="no method is chosen"):
            await discoverer.discover(given)


async def test_tls_believes_the_registered_authority_alone_and_shows_the_certificate(
    discoverer: GrpcDiscoverer,
) -> None:
    authority = Authority()
    client = authority.issue("gateway")
    issued = authority.issue("127.0.0.1")
    async with grpc_service(certificate=issued, clients=authority.pem) as service:
        good = Target(
            service.url,
            "GRPC",
            ca_certificate=authority.pem,
            client_cert=client.cert,
            client_key=client.key,
        )
        assert (await discoverer.discover(good)).tools

        stranger = msgspec.structs.replace(good, ca_certificate="")
        with pytest.raises(UpstreamUnreachable, match="UNAVAILABLE"):
            await discoverer.discover(stranger)


async def test_loopback_is_called_only_where_it_may_be() -> None:
    guarded = GrpcDiscoverer(GrpcConnector(AddressPolicy(), timeout=30))
    async with grpc_service() as service:
        with pytest.raises(UpstreamUnreachable, match="SSRF_ALLOW_LOCALHOST"):
            await guarded.discover(Target(service.url, "GRPC"))


async def test_a_port_where_nobody_listens_is_unreachable(discoverer: GrpcDiscoverer) -> None:
    async with grpc_service() as service:
        url = service.url
    with pytest.raises(UpstreamUnreachable, match="no connection to 127"):
        await discoverer.discover(Target(url, "GRPC"))


async def test_metadata_goes_out_with_every_question(discoverer: GrpcDiscoverer) -> None:
    heard: list[dict[str, Any]] = []
    handler = _reflecting(lambda _request: Answer(), heard)
    secret = base64.b64encode(b"\xff\x00").decode()
    async with grpc_service((), handlers=[handler]) as service:
        target = Target(
            service.url, "GRPC", headers=(("Authorization", "Bearer t"), ("x-key-bin", secret))
        )
        with pytest.raises(UpstreamRejected, match="lists no services"):
            await discoverer.discover(target)
        with pytest.raises(InvalidCall, match=r"'x-key-bin' can not go out .*base64"):
            await discoverer.discover(
                msgspec.structs.replace(target, headers=(("X-Key-Bin", "no!"),))
            )

    assert heard[0]["authorization"] == "Bearer t"
    assert heard[0]["x-key-bin"] == b"\xff\x00"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([b"\xff\xff"], "no descriptor"),
        ([FileDescriptorProto(name="aaa").SerializeToString().replace(b"aaa", b"a\xffa")], "UTF-8"),
        ([bytes(FileDescriptorProto(name="a", dependency=["a"]).SerializeToString())], "circle"),
        ([bytes(FileDescriptorProto(name="").SerializeToString())], "has the name ''"),
        ([], "tells of no service"),
    ],
)
async def test_hostile_descriptors_are_refused_with_the_reason(
    discoverer: GrpcDiscoverer, files: list[bytes], said: str
) -> None:
    async with grpc_service((), handlers=[_telling(files)]) as service:
        with pytest.raises(UpstreamRejected, match=said):
            await discoverer.discover(Target(service.url, "GRPC"))


async def test_imports_without_end_stop_at_a_limit(discoverer: GrpcDiscoverer) -> None:
    """Each file imports hundreds of others that nobody has heard of before."""

    def answer(request: Any) -> Any:
        if request.HasField("list_services"):
            return _listed("evil.S")
        name = request.file_by_filename or "0"
        imported = [f"{name}.{n}" for n in range(200)] if len(name) < 40 else []
        file = FileDescriptorProto(name=name, dependency=imported)
        return _files([file.SerializeToString()])

    async with grpc_service((), handlers=[_reflecting(answer)]) as service:
        with pytest.raises(UpstreamRejected, match="over 2000 files"):
            await discoverer.discover(Target(service.url, "GRPC"))


async def test_descriptors_without_end_stop_at_a_limit(discoverer: GrpcDiscoverer) -> None:
    def answer(request: Any) -> Any:
        if request.HasField("list_services"):
            return _listed("evil.S")
        name = request.file_by_filename or "0"
        file = FileDescriptorProto(name=name, dependency=[f"{name}.n"])
        file.options.java_package = "x" * 3_000_000
        return _files([file.SerializeToString()])

    async with grpc_service((), handlers=[_reflecting(answer)]) as service:
        with pytest.raises(UpstreamRejected, match=r"over \d+ bytes"):
            await discoverer.discover(Target(service.url, "GRPC"))


async def test_a_file_that_a_server_does_not_have_is_named_and_does_no_harm(
    discoverer: GrpcDiscoverer,
) -> None:
    file = FileDescriptorProto(name="a.proto", package="a", dependency=["gone.proto"])
    file.message_type.add(name="M")
    file.service.add(name="S").method.add(name="Do", input_type=".a.M", output_type=".a.M")

    def answer(request: Any) -> Any:
        if request.HasField("list_services"):
            return _listed("a.S")
        if request.file_by_filename:
            error = reflection_pb2.ErrorResponse(error_code=5, error_message="never heard of it")
            return Answer(original_request=request, error_response=error)
        return _files([file.SerializeToString()])

    async with grpc_service((), handlers=[_reflecting(answer)]) as service:
        found = await discoverer.discover(Target(service.url, "GRPC"))

    assert _names(found) == {"a.S.Do"}
    assert found.problems == ("reflection has no gone.proto: never heard of it",)


async def test_a_server_that_never_answers_is_given_up() -> None:
    hasty = GrpcDiscoverer(GrpcConnector(LOOPBACK, timeout=0.5))
    async with grpc_service((), handlers=[_reflecting(lambda _request: None)]) as service:
        with pytest.raises(UpstreamTimeout, match=r"not discovered in 0\.5 s"):
            await hasty.discover(Target(service.url, "GRPC"))


def _listed(*names: str) -> Any:
    services = [reflection_pb2.ServiceResponse(name=name) for name in names]
    return Answer(list_services_response=reflection_pb2.ListServiceResponse(service=services))


def _files(files: list[bytes]) -> Any:
    return Answer(
        file_descriptor_response=reflection_pb2.FileDescriptorResponse(file_descriptor_proto=files)
    )


def _telling(files: list[bytes]) -> grpc.GenericRpcHandler:
    return _reflecting(
        lambda request: _listed("evil.S") if request.HasField("list_services") else _files(files)
    )


def _reflecting(
    answer: Callable[[Any], Any], heard: list[dict[str, Any]] | None = None
) -> grpc.GenericRpcHandler:
    """A server of reflection v1 with these answers; None: it never gives one."""

    async def info(requests: Any, context: Any) -> Any:
        if heard is not None:
            heard.append(dict(context.invocation_metadata()))
        async for request in requests:
            said = answer(request)
            if said is None:
                await asyncio.Event().wait()
            yield said

    handler = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=Answer.SerializeToString,
    )
    service = "grpc.reflection.v1.ServerReflection"
    return grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": handler})
