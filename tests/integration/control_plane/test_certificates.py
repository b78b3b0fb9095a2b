"""TLS of gateways over the REST API: tried before it is written, kept sealed, shown without key."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import keys
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.routing.sealing import store_context
from support.control_plane import ENCRYPTION_SECRET, Plane, upstream_with
from support.tls import Authority

OURS = Authority()
FIRST, SECOND = OURS.issue("first"), OURS.issue("second")
URL = "https://a.example/mcp"
SECURED = {
    "name": "a",
    "url": URL,
    "ca_certificate": OURS.pem,
    "client_cert": FIRST.cert,
    "client_key": FIRST.key,
}


@pytest.fixture
async def made(plane: Plane) -> dict[str, Any]:
    plane.discoverer.at[URL] = upstream_with(["x"])
    answer = await plane.http.post("/gateways", json=SECURED)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def upstream_of(plane: Plane) -> tuple[Upstream, dict[str, bytes]]:
    """As data planes get it, and its credentials, opened."""
    sealer = keys.store_sealer((ENCRYPTION_SECRET,))
    delta = await plane.routing.delta(0)
    [found] = [record for record in delta.upserts if record.kind == "upstream"]
    credentials = {
        record.id: sealer.open(record.sealed, store_context("credential", record.id))
        for record in delta.upserts
        if record.kind == "credential"
    }
    return found, credentials


async def test_certificates_are_used_to_look_and_shown_without_the_key(
    plane: Plane, made: dict[str, Any]
) -> None:
    [target] = plane.discoverer.seen
    assert (target.ca_certificate, target.client_cert) == (OURS.pem.strip(), FIRST.cert.strip())
    assert target.client_key == FIRST.key.strip()
    assert (made["caCertificate"], made["clientCert"]) == (OURS.pem.strip(), FIRST.cert.strip())
    assert made["clientKey"] == "*****"
    for path in ("/gateways", f"/gateways/{made['id']}"):
        assert "PRIVATE" not in (await plane.http.get(path)).text


async def test_the_key_travels_sealed_and_its_name_with_the_upstream(
    plane: Plane, made: dict[str, Any]
) -> None:
    record, credentials = await upstream_of(plane)
    assert record.client_key == f"{made['id']}:key"
    assert credentials == {record.client_key: FIRST.key.strip().encode()}
    assert b"PRIVATE" not in msgspec.msgpack.encode(await plane.routing.delta(0))
    history = await plane.pool.fetchval("SELECT string_agg(body::text, '') FROM history")
    assert "PRIVATE" not in history


async def test_what_an_answer_showed_may_be_sent_back_and_changes_nothing(
    plane: Plane, made: dict[str, Any]
) -> None:
    again = await plane.http.put(f"/gateways/{made['id']}", json=made | {"transport": None})
    assert again.status_code == 200
    assert len(plane.discoverer.seen) == 1
    _, credentials = await upstream_of(plane)
    assert list(credentials.values()) == [FIRST.key.strip().encode()]


async def test_another_certificate_needs_its_own_key_and_is_tried_first(
    plane: Plane, made: dict[str, Any]
) -> None:
    path = f"/gateways/{made['id']}"
    alone = await plane.http.put(path, json={"client_cert": SECOND.cert, "client_key": "*****"})
    both = await plane.http.put(path, json={"clientCert": SECOND.cert, "clientKey": SECOND.key})
    assert alone.status_code == 422
    assert alone.json()["errors"][0]["field"] == "client_key"
    assert both.status_code == 200
    assert plane.discoverer.seen[-1].client_key == SECOND.key.strip()
    record, credentials = await upstream_of(plane)
    assert record.client_cert == SECOND.cert.strip()
    assert list(credentials.values()) == [SECOND.key.strip().encode()]


async def test_certificates_are_taken_away_by_empty_texts(
    plane: Plane, made: dict[str, Any]
) -> None:
    body = {"ca_certificate": "", "client_cert": ""}
    bare = (await plane.http.put(f"/gateways/{made['id']}", json=body)).json()
    assert (bare["caCertificate"], bare["clientCert"], bare["clientKey"]) == (None, None, None)
    target = plane.discoverer.seen[-1]
    assert (target.ca_certificate, target.client_cert, target.client_key) == ("", "", "")
    record, credentials = await upstream_of(plane)
    assert (record.ca_certificate, record.client_cert, record.client_key) == ("", "", "")
    assert credentials == {}


async def test_a_client_certificate_is_used_at_the_origin_it_was_given_for_only(
    plane: Plane, made: dict[str, Any]
) -> None:
    plane.discoverer.at["https://thief.example/"] = upstream_with(["x"])
    stolen = await plane.http.put(f"/gateways/{made['id']}", json={"url": "https://thief.example/"})
    assert stolen.status_code == 422
    assert stolen.json()["errors"][0]["field"] == "client_key"
    assert len(plane.discoverer.seen) == 1


@pytest.mark.parametrize("field", ["ca_certificate", "client_cert"])
async def test_certificates_without_tls_are_refused(plane: Plane, field: str) -> None:
    plain = SECURED | {"url": "http://a.example/mcp"}
    if field == "client_cert":
        del plain["ca_certificate"]
    answer = await plane.http.post("/gateways", json=plain)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert plane.discoverer.seen == []


async def test_upkeep_and_refresh_use_them_too(plane: Plane, made: dict[str, Any]) -> None:
    answer = await plane.http.post(f"/gateways/{made['id']}/tools/refresh")
    assert answer.status_code == 200
    assert plane.discoverer.seen[-1].client_key == FIRST.key.strip()


async def test_a_switched_off_gateway_takes_its_key_from_the_data_planes(
    plane: Plane, made: dict[str, Any]
) -> None:
    for activate, held in (("false", 0), ("true", 1)):
        base = await plane.revision()
        await plane.http.post(f"/gateways/{made['id']}/state?activate={activate}")
        delta = await plane.routing.delta(base)
        assert len([each for each in delta.upserts if each.kind == "credential"]) == held
        assert len([key for key in delta.deletes if key.kind == "credential"]) == 1 - held


async def test_deleting_the_gateway_deletes_the_key(plane: Plane, made: dict[str, Any]) -> None:
    assert (await plane.http.delete(f"/gateways/{made['id']}")).status_code == 200
    assert await plane.pool.fetchval("SELECT count(*) FROM credentials") == 0
