"""Methods of a gRPC service that listens, called as tools by both eras' clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from mcpgateway.common.routing.model import Credential
from mcpgateway.common.runtime.tasks import end
from support.data_plane import data_plane
from support.endpoint import wire_sealed
from support.grpc_service import GrpcService, grpc_service
from support.tls import Authority
from support.wait import until

ERAS = ("legacy", "2026-07-28")
MODERN = ERAS[1]


@pytest.fixture
async def service() -> AsyncIterator[GrpcService]:
    async with grpc_service() as made:
        yield made


async def called(
    service: GrpcService,
    method: str,
    arguments: dict[str, Any],
    *records: Any,
    era: str = MODERN,
    **more: Any,
) -> Any:
    made = service.records(**more)
    async with data_plane(*made, *records) as plane, plane.client("/mcp", era) as client:
        return await client.call_tool(method, arguments)


def said(result: Any) -> str:
    return "\n".join(each.text for each in result.content)


@pytest.mark.parametrize("era", ERAS)
async def test_a_method_is_called_like_any_tool(service: GrpcService, era: str) -> None:
    result = await called(service, "GetFeature", {"latitude": 1, "longitude": 2}, era=era)
    assert not result.is_error
    expected = {"name": "Oldton 1", "location": {"latitude": 1, "longitude": 2}}
    assert result.structured_content == json.loads(said(result)) == expected


@pytest.mark.parametrize("era", ERAS)
async def test_messages_of_a_stream_are_told_as_they_come_and_are_the_result_together(
    service: GrpcService, era: str
) -> None:
    told: list[tuple[float, Any]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        told.append((progress, json.loads(message or "null")))

    arguments = {"lo": {"latitude": 1}, "hi": {"latitude": 3}}
    made = service.records()
    async with data_plane(*made) as plane, plane.client("/mcp", era) as client:
        result = await client.call_tool("ListFeatures", arguments, progress_callback=heard)
        await until(lambda: len(told) == 3, "all are told")
    found = result.structured_content["messages"]
    assert [each["name"] for each in found] == ["Oldton 1", "Oldton 2", "Oldton 3"]
    assert told == [(1, found[0]), (2, found[1]), (3, found[2])]


@pytest.mark.parametrize("era", ERAS)
async def test_a_stream_of_requests_is_an_array_of_messages(service: GrpcService, era: str) -> None:
    points = [{"latitude": 1, "longitude": 2}, {"latitude": 5}, {}]
    result = await called(service, "RecordRoute", {"messages": points}, era=era)
    expected = {"point_count": 3, "feature_count": 1, "distance": str(2**53 + 1)}
    assert result.structured_content == expected


@pytest.mark.parametrize("era", ERAS)
async def test_both_sides_may_stream(service: GrpcService, era: str) -> None:
    notes = [{"message": each} for each in ("a", "b", "c")]
    result = await called(service, "RouteChat", {"messages": notes}, era=era)
    said_before = [each["message"] for each in result.structured_content["messages"]]
    assert said_before == ["a", "a", "b"]


async def test_details_of_an_error_say_what_is_to_be_changed(service: GrpcService) -> None:
    result = await called(service, "GetFeature", {"latitude": 2_000_000_000})
    assert result.is_error
    assert said(result).splitlines() == [
        "routeguide.RouteGuide.GetFeature ended with INVALID_ARGUMENT: the point is nowhere",
        "- field 'latitude': 2000000000 is beyond 900000000 (90 degrees)",
    ]


async def test_arguments_that_are_no_message_are_answered_without_a_call(
    service: GrpcService,
) -> None:
    result = await called(service, "GetFeature", {"lat": 1})
    assert result.is_error
    assert "Point has no field 'lat'" in said(result)
    assert "latitude, longitude" in said(result)


async def test_what_came_before_a_stream_failed_is_told(service: GrpcService) -> None:
    details = [{"@type": "type.googleapis.com/probe.v1.Number", "number": 7}]
    arguments = {"code": 8, "message": "enough", "after": 2, "details": details}
    result = await called(service, "FailMidway", arguments)
    assert result.is_error
    assert "FailMidway ended with RESOURCE_EXHAUSTED: enough" in said(result)
    assert '- probe.v1.Number: {"number":"7"}' in said(result)
    assert 'it answered 2 messages: [{"number":"0"},{"number":"1"}]' in said(result)


async def test_metadata_are_those_of_the_credential_and_of_what_the_client_may_pass(
    service: GrpcService,
) -> None:
    lines = b'[["authorization","Bearer s3cret"],["token-bin","AAH/"]]'
    credential = Credential("c", wire_sealed("credential", "c", lines))
    result = await called(service, "Metadata", {}, credential, credential="c")
    heard = result.structured_content["metadata"]
    assert heard["authorization"] == "Bearer s3cret"
    assert heard["token-bin"] == "0001ff"
    assert heard["user-agent"].startswith("mcpgateway")
    assert not [key for key in heard if key.startswith("mcp-")]


async def test_the_timeout_is_the_deadline(service: GrpcService) -> None:
    result = await called(service, "Metadata", {}, timeout_ms=7_000)
    assert 5 < result.structured_content["seconds"] < 8
    result = await called(service, "Metadata", {}, tool={"timeout_ms": 3_000})
    assert 1 < result.structured_content["seconds"] < 4


@pytest.mark.parametrize("more", [{"timeout_ms": 300}, {"tool": {"timeout_ms": 300}}])
async def test_what_is_late_is_a_result_that_says_so(service: GrpcService, more: Any) -> None:
    result = await called(service, "Wait", {}, **more)
    assert result.is_error
    assert "DEADLINE_EXCEEDED" in said(result)
    assert "may have been carried out all the same" in said(result)
    await service.left.wait()


async def test_a_stream_without_end_is_read_up_to_its_limit(service: GrpcService) -> None:
    result = await called(service, "Count", {})
    assert not result.is_error
    assert len(result.structured_content["messages"]) == 1000
    assert "first 1000 messages" in said(result)
    await service.left.wait()


async def test_a_large_answer_is_whole_and_one_that_is_too_large_an_error(
    service: GrpcService,
) -> None:
    result = await called(service, "Blob", {"number": 1_000_000})
    assert len(result.structured_content["data"]) > 1_000_000
    result = await called(service, "Blob", {"number": 9_000_000})
    assert result.is_error
    assert "RESOURCE_EXHAUSTED" in said(result)
    assert "larger than max" in said(result)


async def test_a_service_that_is_away_is_named_and_found_again(service: GrpcService) -> None:
    async with grpc_service(port=0) as first:
        made = first.records()
        port = first.port
    async with data_plane(*made) as plane, plane.client("/mcp", MODERN) as client:
        result = await client.call_tool("Wait", {})
        assert result.is_error
        assert "was not called" in said(result)
        assert "connection refused" in said(result)
        async with grpc_service(port=port) as again:
            again.go_on.set()
            assert not (await client.call_tool("Wait", {})).is_error
        assert (await client.call_tool("Wait", {})).is_error
        async with grpc_service(port=port) as again:
            again.go_on.set()
            assert not (await client.call_tool("Wait", {})).is_error


async def test_addresses_that_may_not_be_called_are_not(service: GrpcService) -> None:
    result = await called(service, "GetFeature", {}, loopback_allowed=False)
    assert result.is_error
    assert "is loopback: calling it needs SSRF_ALLOW_LOCALHOST=true" in said(result)
    assert service.heard == []


async def test_tls_believes_the_authority_and_shows_the_certificate() -> None:
    authority, others = Authority(), Authority("another")
    server, client = authority.issue("127.0.0.1"), others.issue("the gateway")
    key = Credential("k", wire_sealed("credential", "k", client.key.encode()))
    shown = {"client_cert": client.cert, "client_key": "k"}
    async with grpc_service(certificate=server, clients=others.pem) as service:
        good = await called(service, "Echo", {}, key, ca_certificate=authority.pem, **shown)
        assert not good.is_error
        for more in ({}, {"ca_certificate": others.pem, **shown}):
            bad = await called(service, "Echo", {}, key, **more)
            assert bad.is_error
            assert "UNAVAILABLE" in said(bad)


async def test_a_cancelled_call_is_cancelled_at_the_service(service: GrpcService) -> None:
    async with (
        data_plane(*service.records()) as plane,
        plane.client("/mcp", MODERN) as client,
    ):
        task = asyncio.create_task(client.call_tool("Wait", {}))
        await service.begun.wait()
        await end(task)
        await service.left.wait()


async def test_a_record_that_changes_is_called_by_what_it_says_now(service: GrpcService) -> None:
    async with (
        grpc_service() as other,
        data_plane(*service.records()) as plane,
        plane.client("/mcp", MODERN) as client,
    ):
        await client.call_tool("Metadata", {})
        plane.put(*other.records())
        await client.call_tool("Metadata", {})
        plane.put(*other.records(descriptors=b"junk"))
        with pytest.raises(MCPError, match=r"'a service' can not be called: .*no packed desc"):
            await client.call_tool("Metadata", {})
    assert (len(service.heard), len(other.heard)) == (1, 1)


async def test_results_are_filtered_by_processes_that_start_after_grpc_did(
    service: GrpcService,
) -> None:
    tool = {"result_filter": ".location | .latitude + .longitude"}
    for _ in range(2):
        result = await called(service, "GetFeature", {"latitude": 1, "longitude": 2}, tool=tool)
        assert said(result) == "3"
