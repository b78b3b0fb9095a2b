"""Local commands as gateways: who may say what is run, and what of it is told to whom."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import msgspec
import pytest

from mcpgateway.common import keys, tickets
from mcpgateway.common.processes import StdioTicket
from mcpgateway.common.routing.model import Credential, Delta, Upstream
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.runners import NOWHERE, Runners
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from support.control_plane import Plane, upstream_with
from support.people import ANN, add, log_in

CLOCK = {"transport": "STDIO", "command": "uvx", "args": ["mcp-server-time", "--x", "--x", " "]}
MASK = "*****"


@pytest.fixture
async def ann(plane: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    """Who may register gateways of her own, and has not the whole gateway in hand."""
    await add(plane)
    plane.discoverer.at[""] = upstream_with(["now"], transport="STDIO")
    async with await log_in(plane) as http:
        yield http


@pytest.fixture
def runners(plane: Plane) -> Runners:
    ring = keys.runner_ring(plane.settings.secrets, "local", "default")
    urls = ("http://runner-0:4447",)
    return Runners(urls, ring, plane.ports.sealer, os.urandom, lambda: 1000.0)


async def registered(plane: Plane, name: str = "clock", **members: Any) -> dict[str, Any]:
    answer = await plane.http.post("/gateways", json={"name": name, **CLOCK, **members})
    assert answer.is_success, answer.text
    return dict(answer.json())


async def delta(plane: Plane, runners: Runners | None, base: int = 0) -> Delta:
    source = PostgresRoutingSource(plane.pool, Routes("local", False, False, runners=runners))
    return await source.delta(base)


def ticket_of(plane: Plane, runners: Runners, found: Delta, id: str) -> StdioTicket | None:
    """What a runner would be told of an upstream."""
    for record in found.upserts:
        if isinstance(record, Credential) and record.id == f"{id}:ticket":
            context = store_context("credential", record.id)
            lines = msgspec.json.decode(plane.ports.sealer.open(record.sealed, context))
            ((name, text),) = lines
            assert name.encode() == tickets.HEADER
            return tickets.read(runners.ring, "stdio", id, text, StdioTicket)
    return None


async def test_who_may_only_register_gateways_registers_no_command(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    for path in ("/gateways", "/gateways?dry_run=true"):
        refused = await ann.post(path, json={"name": "clock", **CLOCK})
        assert refused.status_code == 403
        assert "admin.system_config" in refused.json()["detail"]
    assert not any(target.transport == "STDIO" for target in plane.discoverer.seen)


async def test_a_gateway_of_hers_becomes_no_command(plane: Plane, ann: httpx2.AsyncClient) -> None:
    plane.discoverer.at["https://hers.example/mcp"] = upstream_with()
    hers = {"name": "hers", "url": "https://hers.example/mcp"}
    id = (await ann.post("/gateways", json=hers)).json()["id"]
    seen = len(plane.discoverer.seen)
    assert (await ann.put(f"/gateways/{id}", json=CLOCK)).status_code == 403
    assert len(plane.discoverer.seen) == seen


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"command": "sh", "args": ["-c", "id"]}, "transport"),
        ({"grpc": {"include": ["a.B"]}}, "transport"),
        ({"url": "https://hers.example/mcp"}, "url"),
        ({"url": "https://hers.example/mcp", "transport": "TUNNEL"}, "url"),
    ],
)
async def test_a_tunnel_is_not_described_as_something_else(
    plane: Plane, ann: httpx2.AsyncClient, change: dict[str, Any], field: str
) -> None:
    """Nobody's words wait in it for the day when it becomes a command."""
    plane.discoverer.at[""] = upstream_with(transport="TUNNEL")
    id = (await ann.post("/gateways", json={"name": "hers", "transport": "TUNNEL"})).json()["id"]
    refused = await ann.put(f"/gateways/{id}", json=change)
    assert refused.status_code == 422, refused.text
    assert [each["field"] for each in refused.json()["errors"]] == [field]
    now = (await ann.get(f"/gateways/{id}")).json()
    assert (now["url"], now["tunnel"]) == ("", {})


async def test_an_owner_renames_a_command_and_does_not_change_it(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await registered(plane, env={"KEY": "secret"}, owner_email=ANN))["id"]
    assert (await ann.put(f"/gateways/{id}", json={"name": "her clock"})).is_success
    changes: list[dict[str, Any]] = [
        {"command": "sh", "args": ["-c", "id"]},
        {"stdio": {"command": "uvx", "args": ["other"]}},
        {**CLOCK, "env": {"KEY": "another"}},
        {**CLOCK, "env": {"KEY": MASK}},
        {"url": "https://hers.example/mcp"},
    ]
    for change in changes:
        refused = await ann.put(f"/gateways/{id}", json=change)
        assert refused.status_code == 403, change
    process = await ann.get(f"/gateways/{id}/process")
    assert process.status_code == 403


async def test_an_owner_brings_no_older_command_back(plane: Plane, ann: httpx2.AsyncClient) -> None:
    first = await registered(plane, owner_email=ANN)
    answer = await plane.http.put(f"/gateways/{first['id']}", json={"command": "uvx", "args": []})
    assert answer.is_success, answer.text
    back = f"/gateways/{first['id']}/rollback"
    refused = await ann.post(back, json={"version": first["version"]})
    assert refused.status_code == 403, refused.text
    assert "bring a local command back" in refused.json()["detail"]
    assert (await plane.http.post(back, json={"version": first["version"]})).is_success


async def test_an_old_version_brings_its_variables_back_for_who_may_run_commands(
    plane: Plane, ann: httpx2.AsyncClient, runners: Runners
) -> None:
    """Else who owns a gateway would give its command other words, or none."""
    first = await registered(plane, env={"KEY": "value"}, owner_email=ANN)
    path = f"/gateways/{first['id']}"
    assert (await plane.http.put(path, json={**CLOCK, "env": {"KEY": "another"}})).is_success
    refused = await ann.post(f"{path}/rollback", json={"version": first["version"]})
    assert refused.status_code == 403, refused.text
    renamed = await ann.put(path, json={"name": "her clock"})
    assert renamed.is_success, renamed.text
    back = {"version": renamed.json()["version"] - 1}
    assert (await ann.post(f"{path}/rollback", json=back)).is_success

    for version, value in ((back["version"], "another"), (first["version"], "value")):
        answer = await plane.http.post(f"{path}/rollback", json={"version": version})
        assert answer.is_success, answer.text
        ticket = ticket_of(plane, runners, await delta(plane, runners), first["id"])
        assert ticket is not None
        assert ticket.environment == (("KEY", value),)


async def test_what_a_process_is_to_know_is_shown_to_nobody(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    made = await registered(plane, env={"KEY": "hidden value"})
    assert made["stdio"]["env"] == {"KEY": MASK}
    assert made["stdio"]["args"] == CLOCK["args"]
    answers = [
        await plane.http.get("/gateways"),
        await plane.http.get(f"/gateways/{made['id']}"),
        await plane.http.get("/export"),
        await plane.http.get(f"/gateways/{made['id']}/versions"),
    ]
    for answer in answers:
        assert "hidden value" not in answer.text
    sealed = await plane.pool.fetch("SELECT id, sealed FROM credentials")
    assert [row["id"] for row in sealed] == [f"{made['id']}:env"]
    assert b"hidden value" not in sealed[0]["sealed"]


async def test_data_planes_get_a_ticket_and_no_environment(
    plane: Plane, ann: httpx2.AsyncClient, runners: Runners
) -> None:
    id = (await registered(plane, env={"KEY": "value"}))["id"]
    told = await delta(plane, runners)
    (upstream,) = (record for record in told.upserts if isinstance(record, Upstream))
    assert upstream.url == f"http://runner-0:4447/stdio/{id}/mcp"
    assert (upstream.transport, upstream.credential) == ("STREAMABLEHTTP", f"{id}:ticket")
    assert upstream.loopback_allowed
    assert upstream.private_allowed
    credentials = {record.id for record in told.upserts if isinstance(record, Credential)}
    assert credentials == {f"{id}:ticket"}
    ticket = ticket_of(plane, runners, told, id)
    assert ticket is not None
    assert (ticket.process.command, list(ticket.process.args)) == ("uvx", CLOCK["args"])
    assert ticket.environment == (("KEY", "value"),)
    assert (ticket.upstream, ticket.issued) == (id, 1000.0)


@pytest.mark.parametrize(
    "change",
    [
        {"env": {"KEY": "another"}},
        {"args": ["mcp-server-time"], "env": {"KEY": MASK}},
        {},  # without `env` there is none
    ],
)
async def test_a_change_is_another_ticket(
    plane: Plane, ann: httpx2.AsyncClient, runners: Runners, change: dict[str, Any]
) -> None:
    id = (await registered(plane, env={"KEY": "value"}))["id"]
    base = (await delta(plane, runners)).revision
    changed = await plane.http.put(f"/gateways/{id}", json={**CLOCK, **change})
    assert changed.is_success, changed.text
    ticket = ticket_of(plane, runners, await delta(plane, runners, base), id)
    assert ticket is not None
    given = change.get("env", {})
    values = {name: "value" if text == MASK else text for name, text in given.items()}
    assert dict(ticket.environment) == values
    assert list(ticket.process.args) == change.get("args", CLOCK["args"])


@pytest.mark.parametrize("env", [{"KEY": MASK}, {"KEY": MASK, "OTHER": MASK, "NEW": MASK}])
async def test_values_that_stay_are_those_that_are_shown(
    plane: Plane, ann: httpx2.AsyncClient, env: dict[str, str]
) -> None:
    """Else a secret that is not shown any more would still be known to the process."""
    id = (await registered(plane, env={"KEY": "value", "OTHER": "value"}))["id"]
    refused = await plane.http.put(f"/gateways/{id}", json={**CLOCK, "env": env})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] in ("env.OTHER", "env.NEW")


async def test_what_is_not_offered_has_no_ticket(
    plane: Plane, ann: httpx2.AsyncClient, runners: Runners
) -> None:
    id = (await registered(plane))["id"]
    base = (await delta(plane, runners)).revision
    assert (await plane.http.post(f"/gateways/{id}/state?activate=false")).is_success
    told = await delta(plane, runners, base)
    assert ("credential", f"{id}:ticket") in told.deletes
    assert ticket_of(plane, runners, await delta(plane, runners), id) is None


async def test_without_a_runner_a_command_is_nowhere(plane: Plane, ann: httpx2.AsyncClient) -> None:
    await registered(plane)
    told = await delta(plane, None)
    (upstream,) = (record for record in told.upserts if isinstance(record, Upstream))
    assert upstream.url == NOWHERE
    assert not any(isinstance(record, Credential) for record in told.upserts)


async def test_an_environment_that_does_not_open_makes_no_ticket(
    plane: Plane, ann: httpx2.AsyncClient, runners: Runners
) -> None:
    id = (await registered(plane, env={"KEY": "value"}))["id"]
    other = replace(runners, store=keys.store_sealer(("another secret of the tests",)))
    told = await delta(plane, other)
    (made,) = (record for record in told.upserts if isinstance(record, Credential))
    assert (made.id, made.sealed) == (f"{id}:ticket", b"")


async def test_what_is_no_command_has_no_process(plane: Plane, ann: httpx2.AsyncClient) -> None:
    plane.discoverer.at["https://hers.example/mcp"] = upstream_with()
    hers = {"name": "hers", "url": "https://hers.example/mcp"}
    id = (await plane.http.post("/gateways", json=hers)).json()["id"]
    answer = await plane.http.get(f"/gateways/{id}/process")
    assert answer.status_code == 404
    assert "no local command" in answer.json()["detail"]


async def test_without_a_runner_nothing_is_known_of_processes(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    id = (await registered(plane))["id"]
    assert (await plane.http.get(f"/gateways/{id}/process")).status_code == 503
