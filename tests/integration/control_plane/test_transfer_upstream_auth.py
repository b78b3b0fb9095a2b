"""As whom upstreams are called, in export files and documents: taken over, and no secret shown."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.contextforge import sealed_as_contextforge
from support.control_plane import Plane, open_plane, upstream_with

PASSPHRASE = "correct horse battery staple"
TOKEN_URL = "https://as.example/token"
SECRETS = ("client-hush", "password-hush", "query-hush", "user-hush", "idp-hush", "got-hush")
GATEWAYS: dict[str, dict[str, Any]] = {
    "machine": {
        "auth_type": "oauth",
        "oauth_config": {
            "grant_type": "client_credentials",
            "client_id": "gateway",
            "client_secret": "client-hush",
            "token_url": TOKEN_URL,
            "scopes": ["mcp"],
        },
    },
    "person": {
        "auth_type": "oauth",
        "oauth_config": {
            "grant_type": "password",
            "client_id": "gateway",
            "username": "ann",
            "password": "password-hush",
            "token_url": TOKEN_URL,
        },
    },
    "traded": {
        "auth_type": "oauth",
        "oauth_config": {
            "grant_type": "id_jag",
            "client_id": "gateway",
            "client_secret": "client-hush",
            "issuer": "https://as.example",
            "idp_token_url": "https://idp.example/token",
            "idp_client_id": "gateway",
            "idp_client_secret": "idp-hush",
        },
    },
    "consented": {
        "auth_type": "oauth",
        "oauth_config": {"grant_type": "authorization_code", "issuer": "https://as.example"},
        "identity_propagation": {"enabled": True, "mode": "meta"},
    },
    "locker": {"auth_type": "vault", "auth_header_key": "X-Api-Key"},
    "queried": {
        "auth_type": "query_param",
        "auth_query_param_key": "key",
        "auth_query_param_value": "query-hush",
    },
}


@pytest.fixture
async def plane(registry: str) -> AsyncIterator[Plane]:
    async with open_plane(registry, query_auth=True) as opened:
        opened.auth_servers.put(TOKEN_URL, {"access_token": "got-hush", "token_type": "Bearer"})
        yield opened


async def register_all(plane: Plane) -> dict[str, str]:
    """Ids by name."""
    seen = upstream_with(["x"])
    for name in GATEWAYS:  # where discovery looks with the credential in the URL
        plane.discoverer.at[f"http://{name}.example/mcp?key=query-hush"] = seen
    made = [await plane.register(name, seen, **said) for name, said in GATEWAYS.items()]
    return {each["name"]: each["id"] for each in made}


async def remove_all(plane: Plane) -> None:
    for each in (await plane.http.get("/gateways?include_inactive=true")).json():
        assert (await plane.http.delete(f"/gateways/{each['id']}")).status_code == 200


async def shown(plane: Plane) -> dict[str, dict[str, Any]]:
    """What answers say of each gateway's authorization."""
    names = ("authType", "oauthConfig", "authQueryParamKey", "authHeaders", "identityPropagation")
    rows = (await plane.http.get("/gateways")).json()
    return {row["name"]: {name: row[name] for name in names} for row in rows}


async def exported(plane: Plane, **body: Any) -> dict[str, Any]:
    answer = await plane.http.post("/export", json={"types": ["gateways"], **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def documents(plane: Plane) -> list[dict[str, Any]]:
    answer = await plane.http.get("/v1/documents")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["documents"])


async def test_an_export_with_secrets_makes_the_same_gateways_elsewhere(plane: Plane) -> None:
    await register_all(plane)
    before = await shown(plane)
    assert set(before) == set(GATEWAYS)
    file = await exported(plane, rekey_secret=PASSPHRASE)
    await remove_all(plane)
    plane.auth_servers.seen.clear()
    plane.discoverer.seen.clear()

    body = {"import_data": file, "rekey_secret": PASSPHRASE}
    told = await plane.http.post("/import", json=body)

    assert told.status_code == 200, told.text
    assert await shown(plane) == before
    asked = {client.secret for _, _, client in plane.auth_servers.seen if client is not None}
    assert "client-hush" in asked
    assert any(sent.get("password") == "password-hush" for _, sent, _ in plane.auth_servers.seen)
    assert "http://queried.example/mcp?key=query-hush" in {t.url for t in plane.discoverer.seen}
    again = await plane.http.post("/import", json=body | {"conflict_strategy": "update"})
    assert again.json()["revision"] is None


async def test_documents_of_them_change_nothing_where_they_are(plane: Plane) -> None:
    await register_all(plane)
    revision = await plane.revision()
    plane.auth_servers.seen.clear()
    applied = await plane.http.post("/v1/apply", json={"documents": await documents(plane)})
    assert applied.status_code == 200, applied.text
    assert await plane.revision() == revision
    assert plane.auth_servers.seen == []


async def test_a_new_secret_in_a_document_is_taken_and_a_mask_keeps_the_old_one(
    plane: Plane,
) -> None:
    await register_all(plane)
    [document] = [each for each in await documents(plane) if each["metadata"]["name"] == "machine"]
    config = document["spec"]["oauthConfig"]
    assert config["client_secret"] == "*****"
    document["spec"]["oauthConfig"] = config | {"client_secret": "another-hush"}
    plane.auth_servers.seen.clear()
    applied = await plane.http.post("/v1/apply", json={"documents": [document]})
    assert [each["action"] for each in applied.json()["results"]] == ["update"], applied.text
    assert {client.secret for _, _, client in plane.auth_servers.seen if client} == {"another-hush"}


async def test_masked_files_and_documents_make_no_new_gateways(plane: Plane) -> None:
    await register_all(plane)
    file, told = await exported(plane), await documents(plane)
    await remove_all(plane)
    refused = await plane.http.post("/import", json={"import_data": file})
    assert refused.status_code == 422
    assert "secrets themselves" in refused.text
    refused = await plane.http.post("/v1/apply", json={"documents": told})
    assert refused.status_code == 422
    assert (await plane.http.get("/gateways")).json() == []


async def test_a_query_credential_of_contextforge_is_taken_over(plane: Plane) -> None:
    url = "http://theirs.example/mcp"
    plane.discoverer.at[f"{url}?key=query-hush"] = upstream_with(["x"])
    gateway = {
        "name": "theirs",
        "url": url,
        "auth_type": "query_param",
        "auth_query_params": {"key": sealed_as_contextforge("theirs", {"key": "query-hush"})},
        "is_active": True,
    }
    file = {"version": "2025-11-25", "entities": {"gateways": [gateway]}}
    body = {"import_data": file, "rekey_secret": "theirs"}
    told = await plane.http.post("/import", json=body)
    assert told.status_code == 200, told.text
    assert (await shown(plane))["theirs"]["authQueryParamKey"] == "key"


async def test_nothing_that_is_exported_shown_or_logged_holds_a_secret(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ids = await register_all(plane)
    stored = await plane.http.put(f"/vault/{ids['locker']}", json={"token": "user-hush"})
    assert stored.status_code == 204
    changed = {"oauth_config": GATEWAYS["person"]["oauth_config"] | {"audience": "x"}}
    assert (await plane.http.put(f"/gateways/{ids['person']}", json=changed)).status_code == 200
    said = [json.dumps([await exported(plane), await exported(plane, rekey_secret=PASSPHRASE)])]
    paths = (
        *("/v1/documents", "/gateways", "/oauth/status", "/v1/audit", "/v1/revisions"),
        *("/oauth/registered-clients", "/admin/gateways", f"/gateways/{ids['person']}"),
        f"/gateways/{ids['person']}/versions",
    )
    for path in paths:
        answer = await plane.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        said.append(answer.text)
    told = "\n".join([*said, caplog.text])
    assert [secret for secret in SECRETS if secret in told] == []
