"""gRPC services over the REST API: as gateways, and as ContextForge's scripts know them."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.protobuf import pool
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.control_plane.discovery.grpc.discoverer import GrpcConnector, GrpcDiscoverer
from support.control_plane import Plane, bearer
from support.grpc_service import GrpcService, descriptors, grpc_service
from support.tls import Authority

ROUTES = ["routeguide.RouteGuide"]
GIVEN = base64.b64encode(descriptors()).decode()


@pytest.fixture(autouse=True)
def _looks(plane: Plane) -> None:
    connector = GrpcConnector(AddressPolicy(loopback=True), timeout=30)
    plane.discoverer.real["GRPC"] = GrpcDiscoverer(connector)


@pytest.fixture
async def service() -> AsyncIterator[GrpcService]:
    async with grpc_service() as served:
        yield served


def _target(service: GrpcService) -> str:
    return service.url.partition("://")[2]


async def _made(plane: Plane, **members: Any) -> dict[str, Any]:
    answer = await plane.http.post("/admin/grpc", json=members)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def _routed(plane: Plane) -> tuple[Upstream, dict[str, Tool]]:
    """What data planes get of the only upstream."""
    delta = await plane.routing.delta(0)
    (upstream,) = [each for each in delta.upserts if isinstance(each, Upstream)]
    tools = [each for each in delta.upserts if isinstance(each, Tool)]
    return upstream, {tool.original_name: tool for tool in tools}


async def test_a_service_is_registered_as_any_gateway_and_its_methods_are_tools(
    plane: Plane, service: GrpcService
) -> None:
    body = {"name": "routes", "url": service.url, "grpc": {"include": ROUTES}}
    made = await plane.http.post("/gateways", json=body)

    assert made.status_code == 200, made.text
    assert (made.json()["transport"], made.json()["toolCount"]) == ("GRPC", 4)
    assert made.json()["grpc"] == {"include": ROUTES}
    names = await plane.tool_ids()
    assert "routes-routeguide-routeguide-getfeature" in names
    upstream, tools = await _routed(plane)
    assert (upstream.transport, upstream.url) == ("GRPC", service.url)
    assert set(tools) == {
        f"routeguide.RouteGuide.{method}"
        for method in ("GetFeature", "ListFeatures", "RecordRoute", "RouteChat")
    }
    built = pool.build(pool.unpack(upstream.descriptors))
    for name in tools:
        built.FindMethodByName(name)


async def test_descriptors_are_uploaded_and_can_be_chosen_from_again(
    plane: Plane, service: GrpcService
) -> None:
    grpc = {"descriptors": GIVEN, "include": ["routeguide.RouteGuide.GetFeature"]}
    made = await plane.http.post(
        "/gateways", json={"name": "routes", "url": service.url, "grpc": grpc}
    )
    assert made.status_code == 200, made.text
    assert service.asked == []
    assert made.json()["grpc"] == {"reflection": False, "include": grpc["include"]}

    wider = {"grpc": {"reflection": False, "include": ROUTES}}
    changed = await plane.http.put(f"/gateways/{made.json()['id']}", json=wider)

    assert changed.status_code == 200, changed.text
    upstream, tools = await _routed(plane)
    assert len(tools) == 4
    assert b"Looks up the feature" in tools["routeguide.RouteGuide.GetFeature"].definition
    (file,) = pool.unpack(upstream.descriptors).file
    assert not file.HasField("source_code_info")


async def test_a_dry_run_shows_the_tools_and_keeps_nothing(
    plane: Plane, service: GrpcService
) -> None:
    body = {"name": "routes", "url": service.url}
    tried = await plane.http.post("/gateways?dry_run=true", json=body)

    assert tried.status_code == 200, tried.text
    assert "routeguide.RouteGuide.GetFeature" in tried.text
    assert (await plane.http.get("/gateways")).json() == []


async def test_a_refresh_without_changes_takes_no_revision(
    plane: Plane, service: GrpcService
) -> None:
    made = await _made(plane, name="routes", target=_target(service))
    before = await plane.revision()

    answer = await plane.http.post(f"/admin/grpc/{made['id']}/reflect")

    assert answer.status_code == 200, answer.text
    assert await plane.revision() == before


async def test_the_words_of_contextforge_make_change_switch_and_delete_one(
    plane: Plane, service: GrpcService
) -> None:
    made = await _made(
        plane,
        name="routes",
        target=_target(service),
        description="Ways",
        reflection_enabled=True,
        tls_enabled=False,
        grpc_metadata={"x-key": "secret"},
        tags=["a"],
        visibility="public",
    )
    path = f"/admin/grpc/{made['id']}"
    assert (made["target"], made["tlsEnabled"]) == (_target(service), False)
    assert made["grpcMetadata"] == {"x-key": "*****"}
    assert made["methodCount"] > 4

    changed = await plane.http.put(path, json={"description": "Roads", "grpc_metadata": {}})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["description"], changed.json()["grpcMetadata"]) == ("Roads", {})
    same = await plane.http.put(path, json=changed.json() | {"tags": ["b"]})
    assert same.status_code == 200, same.text

    switched = await plane.http.post(f"{path}/state?activate=false")
    assert switched.json()["service"]["enabled"] is False
    assert (await plane.http.get("/admin/grpc")).json() == []
    listed = await plane.http.get("/admin/grpc?include_inactive=true")
    assert [each["id"] for each in listed.json()] == [made["id"]]

    gone = await plane.http.post(f"{path}/delete")
    assert gone.status_code == 200
    assert (await plane.http.get(path)).status_code == 404
    assert await plane.tool_ids() == {}


async def test_the_methods_of_a_service_are_told_with_those_that_are_no_tools(
    plane: Plane, service: GrpcService
) -> None:
    made = await _made(
        plane,
        name="routes",
        target=_target(service),
        grpc={"descriptors": GIVEN, "include": ["*.GetFeature"]},
    )

    answer = await plane.http.get(f"/admin/grpc/{made['id']}/methods")

    by_name = {each["full_name"]: each for each in answer.json()["methods"]}
    assert by_name["routeguide.RouteGuide.GetFeature"] == {
        "service": "routeguide.RouteGuide",
        "method": "GetFeature",
        "full_name": "routeguide.RouteGuide.GetFeature",
        "input_type": "routeguide.Point",
        "output_type": "routeguide.Feature",
        "client_streaming": False,
        "server_streaming": False,
        "deprecated": False,
        "tool": True,
    }
    assert by_name["routeguide.RouteGuide.RouteChat"]["tool"] is False


async def test_tls_is_tried_before_it_is_written_and_paths_of_files_are_refused(
    plane: Plane,
) -> None:
    authority = Authority()
    async with grpc_service(certificate=authority.issue("127.0.0.1")) as service:
        body = {"name": "routes", "target": _target(service), "tls_enabled": True}
        refused = await plane.http.post("/admin/grpc", json=body)
        assert refused.status_code == 502
        path = await plane.http.post("/admin/grpc", json=body | {"tls_cert_path": "/etc/ca.pem"})
        assert path.json()["errors"][0]["field"] == "tls_cert_path"
        made = await _made(plane, **body, ca_certificate=authority.pem)

    assert made["tlsEnabled"] is True
    upstream, _ = await _routed(plane)
    assert upstream.url.startswith("grpcs://")
    assert upstream.ca_certificate == authority.pem.strip()


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"target": "grpc://a:1"}, "target"),
        ({"target": "a"}, "target"),
        ({"target": None}, "target"),
        ({"reflection_enabled": False}, "reflection_enabled"),
        ({"grpc_metadata": {"host": "x"}}, "grpc_metadata"),
        ({"grpc_metadata": {"x": "*****"}}, "grpc_metadata"),
        ({"grpc_metadata": []}, "grpc_metadata"),
        ({"grpc": {"descriptors": "!"}}, "grpc.descriptors"),
    ],
)
async def test_what_can_not_be_used_is_refused_by_its_field(
    plane: Plane, members: dict[str, Any], field: str
) -> None:
    answer = await plane.http.post("/admin/grpc", json={"name": "a", "target": "a:1"} | members)

    assert answer.status_code == 422, answer.text
    assert field in {each["field"] for each in answer.json()["errors"]}


async def test_what_the_descriptors_have_is_shown_as_contextforge_shows_it(
    plane: Plane, service: GrpcService
) -> None:
    grpc = {"descriptors": GIVEN, "include": ["routeguide.RouteGuide.GetFeature"]}
    made = await _made(plane, name="routes", target=_target(service), grpc=grpc)
    assert made["methodCount"] == 1
    assert made["serviceCount"] == len(made["discoveredServices"])
    routes = made["discoveredServices"]["routeguide.RouteGuide"]
    assert (routes["name"], routes["package"], len(routes["methods"])) == (
        "RouteGuide",
        "routeguide",
        4,
    )
    assert routes["methods"][1] == {
        "name": "ListFeatures",
        "input_type": "routeguide.Rectangle",
        "output_type": "routeguide.Feature",
        "client_streaming": False,
        "server_streaming": True,
    }
    (listed,) = (await plane.http.get("/admin/grpc")).json()
    assert listed["discoveredServices"] == made["discoveredServices"]
    again = {"name": "again", "target": _target(service), "grpc": {"include": ROUTES}}
    tried = await plane.http.post("/admin/grpc?dry_run=true", json=again)
    assert tried.status_code == 200, tried.text


async def test_other_gateways_are_no_grpc_services(plane: Plane, service: GrpcService) -> None:
    await _made(plane, name="routes", target=_target(service))
    listed = await plane.http.get("/gateways")
    assert [each["transport"] for each in listed.json()] == ["GRPC"]
    gone = await plane.http.get("/admin/grpc/" + "0" * 32)
    assert gone.status_code == 404


async def test_a_server_that_went_away_keeps_its_tools_and_is_shown_unreachable(
    plane: Plane,
) -> None:
    async with grpc_service() as service:
        made = await _made(plane, name="routes", target=_target(service))

    answer = await plane.http.post(f"/admin/grpc/{made['id']}/reflect")

    assert answer.status_code == 502, answer.text
    shown = (await plane.http.get(f"/admin/grpc/{made['id']}")).json()
    assert (shown["reachable"], shown["methodCount"]) == (False, made["methodCount"])
    assert "no connection to 127.0.0.1" in shown["lastError"]


async def test_who_may_not_change_a_service_may_not_reflect_it(
    plane: Plane, service: GrpcService
) -> None:
    made = await _made(plane, name="routes", target=_target(service))
    user = {"email": "u@example.com", "password": "Str0ng-Passw0rd!", "full_name": "U"}
    created = await plane.http.post("/auth/email/admin/users", json=user)
    assert created.status_code < 300, created.text

    as_user = bearer(plane.clock, "u@example.com")
    refused = await plane.http.post(f"/admin/grpc/{made['id']}/reflect", headers=as_user)

    assert refused.status_code == 403
